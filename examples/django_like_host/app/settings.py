"""As little as Django needs."""

from __future__ import annotations

import os
import secrets
from urllib.parse import unquote, urlsplit

DATABASE_URL = os.environ["DATABASE_URL"]
_parts = urlsplit(DATABASE_URL)

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _parts.path.strip("/"),
        "USER": unquote(_parts.username or ""),
        "PASSWORD": unquote(_parts.password or ""),
        "HOST": _parts.hostname or "",
        "PORT": str(_parts.port or ""),
    }
}
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_urlsafe()
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = ["app"]
MIDDLEWARE = ["app.errors.AnswerErrors"]
ROOT_URLCONF = "app.urls"
USE_TZ = True
