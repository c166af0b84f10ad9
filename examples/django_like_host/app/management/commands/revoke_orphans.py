"""Revoke agents that no project knows: what a process leaves that was killed between two transactions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ...agents import kavach
from ...models import Project

PAGE = 100


class Command(BaseCommand):
    """`python -m django revoke_orphans`, for a timer."""

    help = "Revoke agents that no project knows."

    def add_arguments(self, parser: CommandParser) -> None:
        """Leave requests alone that are being answered now."""
        parser.add_argument("--minutes", type=int, default=10, help="how old an agent must be (10)")

    def handle(self, *_: Any, minutes: int, **__: Any) -> None:
        """Revoke them, and tell how many there were."""
        before = datetime.now(UTC) - timedelta(minutes=minutes)
        revoked = 0
        for page in count():
            agents = kavach().agent.list(limit=PAGE, offset=page * PAGE)
            if not agents:
                break
            ids = [agent.id for agent in agents]
            known = set(Project.objects.filter(agent_id__in=ids).values_list("agent_id", flat=True))
            for agent in agents:
                if agent.status == "active" and agent.created_at <= before and agent.id not in known:
                    kavach().agent.revoke(agent.id)
                    revoked += 1
        self.stdout.write(f"revoked {revoked}")
