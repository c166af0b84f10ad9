"""The HTTP API of Kavach as an ASGI application; needs the extra `server`."""

from kavach_core.errors import MissingDependency

try:
    from kavach_core.http._app import create_app
    from kavach_core.http._identity import Identify, header_users, users
    from kavach_core.http._jwt import jwt_users
    from kavach_core.http._principals import Authenticator, Principal
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "starlette":
        raise
    raise MissingDependency("the HTTP API needs Starlette; run: pip install 'kavach-core[server]'") from error
__all__ = ["Authenticator", "Identify", "Principal", "create_app", "header_users", "jwt_users", "users"]
