"""Databases with tables, made once."""

from __future__ import annotations

from prepared_database import database, prepared_servers, sqlite_template

__all__ = ["database", "prepared_servers", "sqlite_template"]
