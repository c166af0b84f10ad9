"""Bodies and queries of requests as checked values: what is no strict JSON is refused before anything reads it.

Two readers of one text must not find two meanings in it: duplicate keys, NaN, numbers that no other program can hold
and text that is no Unicode are refused (RFC 8259, sections 4, 6 and 8).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from kavach_core.http._errors import Refused
from kavach_schema.model import UNSET

Model = TypeVar("Model", bound=BaseModel)

DEFAULT_MAX_BODY: Final = 1024 * 1024
"""Bytes of a body where the operator does not say."""

MAX_HEADERS: Final = 16 * 1024
"""Bytes of all headers of a request."""

MAX_DEPTH: Final = 64
"""Levels of arrays and objects; no column holds more than 31."""

_LONGEST_INTEGER: Final = 19
"""Digits of the greatest integer that a column can hold, which is 2**63 - 1."""

_SHOWN: Final = 20
"""Problems of one request that are listed."""


def check_headers(request: Request) -> None:
    """Raise `Refused` with 431 for headers that are too large: a server may pass on more than it would wait for."""
    if sum(len(name) + len(value) for name, value in request.headers.raw) > MAX_HEADERS:
        raise Refused(431, "HEADERS_TOO_LARGE", f"the headers are larger than {MAX_HEADERS} bytes")


async def read_json(request: Request, max_body: int) -> object:
    """Return the JSON value of a body, UNSET for an empty one; raises `Refused` with 400, 413 or 415."""
    body = await _read_bytes(request, max_body)
    if not body:
        return UNSET
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "send the body as application/json")
    return parse_json(body)


async def _read_bytes(request: Request, max_body: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > max_body:
        raise _too_large(max_body)
    found = bytearray()
    try:
        async for chunk in request.stream():
            found += chunk
            if len(found) > max_body:
                raise _too_large(max_body)
    except ClientDisconnect as error:
        raise _malformed("the body ended early") from error
    return bytes(found)


def parse_json(body: bytes) -> object:
    """Return the value of a JSON text; raises `Refused` with 400 for what is not strict JSON, or too deep."""
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except UnicodeDecodeError as error:
        raise _malformed("the body is not UTF-8") from error
    except RecursionError as error:
        raise _malformed(f"the body is nested deeper than {MAX_DEPTH} levels") from error
    except json.JSONDecodeError as error:
        # Its message does not quote the text, but its repr does.
        raise _malformed(f"the body is not JSON: {error.msg} at character {error.pos}") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    if b"\\u" in body:
        _check_unicode(value)
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _malformed("an object of the body has a key twice")
    return found


def _constant(text: str) -> NoReturn:
    raise _malformed(f"{text} is not JSON")


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _LONGEST_INTEGER:
        raise _malformed("an integer of the body is too large")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _malformed("a number of the body is too large")
    return value


def _check_depth(value: object) -> None:
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        level = [inner for each in level for inner in _containers(each.values() if isinstance(each, dict) else each)]
        if not level:
            return
    raise _malformed(f"the body is nested deeper than {MAX_DEPTH} levels")


def _containers(values: Iterable[object]) -> list[list[object] | dict[str, object]]:
    return [value for value in values if isinstance(value, list | dict)]


def _check_unicode(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _malformed("the body has half of a surrogate pair") from error


def validate(model: type[Model], value: object, where: str) -> Model:
    """Return a value as a model; raises `Refused` with 422 that names each field and quotes no value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise Refused(
            422,
            "INVALID_INPUT",
            f"the {where} is not what this route takes; see details",
            details=[
                {
                    "field": ".".join(map(str, problem["loc"])),
                    "message": problem["msg"][:1].lower() + problem["msg"][1:],
                }
                for problem in problems[:_SHOWN]
            ],
        ) from None


def read_query(request: Request, model: type[Model]) -> Model:
    """Return the query of a request as a model; raises `Refused` with 400 for a name that is given twice, or 422."""
    pairs = request.query_params.multi_items()
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Refused(400, "BAD_REQUEST", "a parameter of the query is given twice")
    return validate(model, given, "query")


def _malformed(message: str) -> Refused:
    return Refused(400, "BAD_REQUEST", message)


def _too_large(max_body: int) -> Refused:
    return Refused(
        413, "PAYLOAD_TOO_LARGE", f"the body is larger than {max_body} bytes", headers={"Connection": "close"}
    )
