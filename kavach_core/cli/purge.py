"""Remove what has expired from a database, and show how much that was."""

from __future__ import annotations

from kavach_core import create_kavach
from kavach_core.cli.target import place, plain_engine, provider_of
from kavach_core.cli.terminal import Terminal


def run(database: str, *, prefix: str, schema: str | None, batch: int) -> None:
    """Purge a database whose tables are there, and show how many rows of each table were removed."""
    terminal = Terminal()
    with plain_engine(database) as engine:
        from kavach_sqlalchemy import create_sqlalchemy_adapter

        storage = create_sqlalchemy_adapter(engine, prefix=prefix, schema=schema, skip_migrations=True)
        removed = create_kavach(storage=storage).purge(batch=batch)
    terminal.title(f"Expired rows removed from {place(provider_of(database), database)}")
    for table, count in removed.items():
        if count:
            terminal.line(str(count), table.replace("kavach_", prefix, 1))
    terminal.last(f"rows removed: {sum(removed.values())}")
