"""Write a revision that creates the Kavach tables into the host's Alembic folder."""

from __future__ import annotations

from pathlib import Path

from kavach_core.errors import ConfigurationError, MissingDependency
from kavach_schema.render.alembic import IMPORTS, render_downgrade, render_upgrade
from kavach_schema.render.ddl import Naming
from kavach_schema.tables import TABLES

try:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError, rev_id
except ModuleNotFoundError as missing:
    raise MissingDependency("this command needs Alembic; run: pip install alembic") from missing


def write_revision(config: Path, naming: Naming, *, head: str, message: str) -> Path:
    """Write the revision after `head` with the host's own template, and return its path.

    Raises `ConfigurationError` where Alembic refuses, or a revision creates these tables already.
    """
    if not config.is_file():
        raise ConfigurationError(f"there is no {config}; name yours with --config, or make one: alembic init alembic")
    try:
        scripts = ScriptDirectory.from_config(Config(str(config)))
        _refuse_second(scripts, naming)
        made = scripts.generate_revision(
            rev_id(),
            message,
            head=head,
            imports=IMPORTS,
            upgrades=render_upgrade(TABLES, naming),
            downgrades=render_downgrade(TABLES, naming),
        )
    except CommandError as error:
        raise ConfigurationError(f"alembic: {error}") from error
    if made is None:
        raise ConfigurationError("alembic wrote no revision; check its script.py.mako")
    return Path(made.path)


def _refuse_second(scripts: ScriptDirectory, naming: Naming) -> None:
    table = f'"{naming.table(TABLES[0].name)}",'
    for revision in scripts.walk_revisions():
        text = Path(revision.path).read_text()
        if "op.create_table(" in text and table in text:
            raise ConfigurationError(
                f"revision {revision.revision} creates these tables already; for what a newer Kavach adds, run: "
                "alembic revision --autogenerate"
            )
