"""Kavach's storage on Peewee 4: databases of every kind, sync and asyncio."""

from kavach_peewee._adapter import create_peewee_adapter
from kavach_schema.render.peewee_models import Models, models

__all__ = ["Models", "create_peewee_adapter", "models"]
