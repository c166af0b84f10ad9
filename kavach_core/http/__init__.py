"""The HTTP API of Kavach as an ASGI application; needs the extra `server`."""

from kavach_core.http._app import create_app
from kavach_core.http._identity import Identify, header_users, users
from kavach_core.http._jwt import jwt_users
from kavach_core.http._principals import Authenticator, Principal

__all__ = ["Authenticator", "Identify", "Principal", "create_app", "header_users", "jwt_users", "users"]
