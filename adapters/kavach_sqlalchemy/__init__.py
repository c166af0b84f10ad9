"""Kavach's storage on SQLAlchemy 2: engines, connections and sessions, sync and asyncio."""

from kavach_schema.render.metadata import metadata
from kavach_sqlalchemy._adapter import create_sqlalchemy_adapter, open_async_storage, open_storage
from kavach_sqlalchemy._schema import check_schema, upgrade_schema
from kavach_sqlalchemy._urls import create_async_engine, create_engine

__all__ = [
    "check_schema",
    "create_async_engine",
    "create_engine",
    "create_sqlalchemy_adapter",
    "metadata",
    "open_async_storage",
    "open_storage",
    "upgrade_schema",
]
