"""The application's own: its database and its table."""

from __future__ import annotations

import os
from uuid import uuid4

from peewee import CharField, Model, SqliteDatabase, TextField

database = SqliteDatabase(os.environ["DATABASE"], pragmas={"journal_mode": "wal", "foreign_keys": 1}, timeout=30)


def new_id() -> str:
    """Return an id, for a project or an agent."""
    return str(uuid4())


class Project(Model):
    """What a team works on."""

    id = CharField(primary_key=True, default=new_id)
    name = CharField(unique=True)
    owner = CharField()
    agent_id = CharField()
    summary = TextField(default="")

    class Meta:
        """Where the table is."""

        database = database
        table_name = "projects"
