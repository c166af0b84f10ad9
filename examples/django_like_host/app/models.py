"""The application's own table."""

from __future__ import annotations

from uuid import uuid4

from django.db import models


def new_id() -> str:
    """Return an id, for a project or an agent."""
    return str(uuid4())


class Project(models.Model):
    """What a team works on."""

    id = models.CharField(max_length=36, primary_key=True, default=new_id)
    name = models.CharField(max_length=100, unique=True)
    owner = models.CharField(max_length=100)
    agent_id = models.CharField(max_length=36, default=new_id)
    summary = models.TextField(default="")

    class Meta:
        """What the table is called."""

        db_table = "projects"
