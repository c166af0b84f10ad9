"""The table of routes as an OpenAPI 3.1 document, with the schemas of the models that check bodies and queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter

from kavach_core.http._errors import ErrorBody
from kavach_core.http._routing import Route

_REF: Final = "#/components/schemas/{model}"

Schema: TypeAlias = dict[str, Any]


@cache
def describe(table: tuple[Route, ...], place: str) -> bytes:
    """Return the document of a table that is mounted at a place."""
    kinds = {
        (route.name, part): kind
        for route in table
        for part, kind in (("body", route.body), ("answer", route.answer))
        if kind is not None
    }
    kinds["error", "answer"] = ErrorBody
    schemas, shared = TypeAdapter.json_schemas(
        [(key, "validation", TypeAdapter(kind)) for key, kind in kinds.items()], ref_template=_REF
    )
    found = {key: schema for (key, _), schema in schemas.items()}
    paths: dict[str, Schema] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, found)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Kavach", "version": version("kavach-core")},
        "servers": [{"url": place or "/"}],
        "paths": paths,
        "components": {
            "schemas": shared.get("$defs", {}),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _operation(route: Route, schemas: dict[tuple[str, str], Schema]) -> Schema:
    operation: Schema = {
        "operationId": "_".join(re.findall(r"[a-z]+", route.name.lower())),
        "summary": route.summary,
        "tags": [route.path.split("/")[1].partition(".")[0]],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            str(route.status): _success(route, schemas),
            "default": {"description": "An error", "content": _json(schemas["error", "answer"])},
        },
    }
    if route.body is not None:
        needed = any(field.is_required() for field in route.body.model_fields.values())
        operation["requestBody"] = {"required": needed, "content": _json(schemas[route.name, "body"])}
    if route.callers:
        operation["security"] = [{"bearer": [] if route.scope is None else [route.scope]}]
        operation["x-callers"] = sorted(route.callers)
    return operation


def _success(route: Route, schemas: dict[tuple[str, str], Schema]) -> Schema:
    answer: Schema = {"description": route.summary}
    if route.answer is not None:
        answer["content"] = _json(schemas[route.name, "answer"])
    elif route.media:
        answer["content"] = {kind: {"schema": {}} for kind in route.media}
    return answer


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _path_parameters(route: Route) -> Iterator[Schema]:
    for name in re.findall(r"{(\w+)}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(route: Route) -> Iterator[Schema]:
    if route.query is None:
        return
    schema = route.query.model_json_schema()
    needed = schema.get("required", ())
    for name, kind in schema["properties"].items():
        # What is left out is None; no text of a query says so.
        said, *_ = kind.get("anyOf", [kind])
        yield {"name": name, "in": "query", "required": name in needed, "schema": said}
