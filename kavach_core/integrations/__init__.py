"""Authorization of an application's own routes by agents' tokens: `asgi`, `fastapi` and `flask`, a module for each."""
