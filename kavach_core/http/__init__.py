"""The HTTP API of Kavach as an ASGI application; needs the extra `server`."""

from kavach_core.http._app import create_app
from kavach_core.http._principals import Authenticator, Principal

__all__ = ["Authenticator", "Principal", "create_app"]
