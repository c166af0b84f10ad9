"""Request ids and structured logs: one line of JSON for each request, and no secret in any."""

from __future__ import annotations

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

HEADER: Final = "X-Request-Id"

logger = logging.getLogger("kavach.http")

_STATE: Final = "kavach_request_id"
_GIVEN: Final = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)

_FIELDS: Final = ("request_id", "method", "route", "status", "duration_ms", "client", "caller")

_current: ContextVar[str] = ContextVar(_STATE)


def request_id(request: HTTPConnection) -> str:
    """Return the id of a request."""
    found: str = request.scope["state"][_STATE]
    return found


def log_request(request: HTTPConnection, *, method: str, route: str, status: int, **fields: object) -> None:
    """Log that a request was answered: by its route, for its path may hold what is nobody's business."""
    said = {"request_id": request_id(request), "method": method, "route": route, "status": status, **fields}
    logger.info("%s %s %d", method, route, status, extra=said)


def log_failure(request: HTTPConnection, what: str, error: Exception) -> None:
    """Log where an error happened, and not what its message says: that of a driver may quote values."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed with %s\n%s", what, type(error).__name__, frames, extra={"request_id": request_id(request)})


class RequestIds:
    """Give each request an id, the one that its header names where that is a plain one, and say it in the response."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http" or _STATE in scope.get("state", {}):
            await self._app(scope, receive, send)
            return
        given = HTTPConnection(scope).headers.get(HEADER, "")
        name = given if _GIVEN.fullmatch(given) else str(uuid7())
        scope.setdefault("state", {})[_STATE] = name

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        token = _current.set(name)
        try:
            await self._app(scope, receive, send_named)
        finally:
            _current.reset(token)


def _name_request(record: logging.LogRecord) -> bool:
    """Say in a record which request it was made for."""
    name = _current.get(None)
    if name is not None:
        record.request_id = name
    return True


# The engine knows no requests: what it logs while one is answered gets the id here, whatever handler takes it.
logging.getLogger("kavach").addFilter(_name_request)


class JsonFormatter(logging.Formatter):
    """Write each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        said |= {name: vars(record)[name] for name in _FIELDS if name in vars(record)}
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = record.exc_info[0].__name__
        return json.dumps(said, ensure_ascii=False)
