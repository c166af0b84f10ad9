"""`kavach schema`: the tables in the language of the host's own tool, and a live database against them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from kavach_core.cli.target import Database, plain_engine
from kavach_core.errors import BackendUnavailable, ConfigurationError

if TYPE_CHECKING:
    from kavach_core.storage.sql.comparison import Difference
    from kavach_schema.render.ddl import Flavour, Naming

app = App(name="schema", help="Print the tables in the language of your own tool; check and upgrade a database.")

_Prefix = Annotated[str, Parameter(name=["--prefix"])]
_Schema = Annotated[str | None, Parameter(name=["--schema"])]


@app.command
def prisma(
    *,
    provider: Annotated[Literal["sqlite", "postgresql", "mysql"] | None, Parameter(name=["--provider"])] = None,
    merge: Annotated[Path | None, Parameter(name=["--merge"])] = None,
    prefix: _Prefix = "kavach_",
    schema: _Schema = None,
) -> None:
    """Print a schema.prisma with all Kavach models, or add them to yours.

    Parameters
    ----------
    provider
        The database of the datasource; MariaDB is "mysql". A schema that is merged into names its own.
    merge
        The path of your schema.prisma. Models that it lacks are added to its end; all else stays as it is.
    prefix
        What the names of the tables begin with.
    schema
        Refused, with advice: Prisma takes the schema of PostgreSQL from the URL of the datasource.
    """
    from kavach_schema.render.ddl import Naming
    from kavach_schema.render.prisma import render_prisma
    from kavach_schema.tables import TABLES

    try:
        naming = Naming(prefix, schema)
        if merge is not None:
            _merge(merge, provider, naming)
        elif provider is not None:
            sys.stdout.write(render_prisma(TABLES, provider, naming))
        else:
            raise ConfigurationError("say for which database, such as --provider postgresql, or what to --merge into")
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _merge(path: Path, provider: str | None, naming: Naming) -> None:
    """Add the missing models to the file at `path`, and say what was done."""
    from kavach_schema.render.prisma import merge_models
    from kavach_schema.tables import TABLES

    try:
        before = path.read_bytes().decode()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    merged = merge_models(before, TABLES, naming, expected=provider)
    if merged.added:
        try:
            path.write_bytes(merged.text.encode())
        except OSError as error:
            raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error
    there = f"; {len(merged.kept)} were there already" if merged.kept else ""
    print(f"added {len(merged.added)} models to {path}{there}")


@app.command
def sql(
    *,
    provider: Annotated[Literal["sqlite", "postgresql", "mysql", "mariadb"], Parameter(name=["--provider"])],
    prefix: _Prefix = "kavach_",
    schema: _Schema = None,
) -> None:
    """Print the statements that create all tables and indexes, for psql, Flyway, Liquibase and their like.

    Parameters
    ----------
    provider
        The database; MySQL and MariaDB need different collations.
    prefix
        What the names of the tables begin with.
    schema
        The schema of PostgreSQL that the tables live in; it must exist.
    """
    from kavach_schema.render.ddl import create_table, script
    from kavach_schema.tables import TABLES

    if schema and provider != "postgresql":
        raise ConfigurationError(f"{provider} has no schemas; leave out --schema, and use --prefix")
    naming = _naming(prefix, schema)
    sys.stdout.write(script([create_table(table, provider, naming) for table in TABLES]))


@app.command
def alembic(
    *,
    config: Annotated[Path, Parameter(name=["--config", "-c"])] = Path("alembic.ini"),
    head: str = "head",
    message: Annotated[str, Parameter(name=["--message", "-m"])] = "create kavach tables",
    prefix: _Prefix = "kavach_",
    schema: _Schema = None,
) -> None:
    """Write a revision that creates all tables into your Alembic folder.

    The revision is yours from then on: it needs no Kavach to run. Put `kavach_sqlalchemy.metadata()` into the
    `target_metadata` of your env.py, so that `alembic check` and autogenerate know the tables too.

    Parameters
    ----------
    config
        Your alembic.ini.
    head
        The revision that it comes after, where there are several heads.
    message
        What the revision is called.
    prefix
        What the names of the tables begin with.
    schema
        The schema of PostgreSQL that the tables live in; it must exist.
    """
    from kavach_core.cli.alembic_revision import write_revision

    print(f"wrote {write_revision(config, _naming(prefix, schema), head=head, message=message)}")


@app.command
def peewee(
    *,
    directory: Annotated[Path, Parameter(name=["--directory", "-d"])] = Path("migrations"),
    message: Annotated[str, Parameter(name=["--message", "-m"])] = "create kavach tables",
    prefix: _Prefix = "kavach_",
    schema: _Schema = None,
) -> None:
    """Write a migration that creates all tables into your folder of Peewee migrations.

    The migration is yours from then on: it needs no Kavach to run. `python -m playhouse.migrations DATABASE up` runs
    it, or you call its `up(migrator, database)`.

    Parameters
    ----------
    directory
        The folder of your migrations; it is made if it is missing.
    message
        What the migration is called.
    prefix
        What the names of the tables begin with.
    schema
        The schema of PostgreSQL that the tables live in; it must exist.
    """
    from kavach_core.cli.peewee_migration import write_migration

    print(f"wrote {write_migration(directory, _naming(prefix, schema), message=message)}")


@app.command
def check(database: Database, *, prefix: _Prefix = "kavach_", schema: _Schema = None) -> int:
    """Compare a live database with the tables that Kavach needs, column by column; change nothing.

    Each line is one difference. With what is "broken" Kavach does not start; what is "lacking" costs time or exactness;
    a "note" is good to know. Exit status 0 means that nothing is broken or lacking, 1 that something is.

    Parameters
    ----------
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    prefix
        What the names of the tables begin with.
    schema
        The schema of PostgreSQL that the tables live in.
    """
    with plain_engine(database) as engine:
        from kavach_sqlalchemy import check_schema

        found = check_schema(engine, prefix=prefix, schema=schema)
    return _tell(found)


@app.command
def upgrade(
    database: Database,
    *,
    dry_run: Annotated[bool, Parameter(name=["--dry-run"], negative=())] = False,
    prefix: _Prefix = "kavach_",
    schema: _Schema = None,
) -> int:
    """Add the tables, columns and indexes that a database lacks; drop, rename and rewrite nothing.

    Each statement is shown before it is sent. It can be run again at any time, also after it was killed. Exit status 1
    means that something is left which you must change yourself.

    Parameters
    ----------
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    dry_run
        Print the statements, as a script, and send none.
    prefix
        What the names of the tables begin with.
    schema
        The schema of PostgreSQL that the tables live in.
    """
    with plain_engine(database, existing=dry_run) as engine:
        from kavach_sqlalchemy import check_schema, upgrade_schema

        if dry_run:
            for difference in check_schema(engine, prefix=prefix, schema=schema):
                for statement in difference.statements:
                    _show(statement)
            return 0
        sent = upgrade_schema(engine, prefix=prefix, schema=schema, before_each=_show)
        print(f"sent {len(sent)} statements" if sent else "nothing was missing", flush=True)
        return _tell(check_schema(engine, prefix=prefix, schema=schema))


@app.command
def audit_triggers(
    database: Database,
    *,
    remove: Annotated[bool, Parameter(name=["--remove"], negative=())] = False,
    dry_run: Annotated[bool, Parameter(name=["--dry-run"], negative=())] = False,
    prefix: _Prefix = "kavach_",
    schema: _Schema = None,
) -> None:
    """Make triggers with which the database refuses to change or delete audit rows and their seals.

    Rows that `kavach audit cleanup` deletes may go: they are sealed first. It can be run again at any time. The owner
    of the tables can remove the triggers, so connect the application as another user.

    Parameters
    ----------
    database
        The path of an SQLite file, or a URL such as postgresql://user@host/name.
    remove
        Remove the triggers.
    dry_run
        Print the statements, as a script, and send none.
    prefix
        What the names of the tables begin with.
    schema
        The schema of PostgreSQL that the tables live in.
    """
    with plain_engine(database) as engine:
        from sqlalchemy.exc import DBAPIError

        from kavach_schema.render.ddl import FLAVOURS, MYSQL_COLLATIONS
        from kavach_schema.render.triggers import create_audit_triggers, drop_audit_triggers

        # MySQL and MariaDB have the same triggers.
        flavours: dict[str, Flavour] = {name: name for name in FLAVOURS}
        flavour = flavours[engine.dialect.name]
        make = drop_audit_triggers if remove else create_audit_triggers
        statements = make(flavour, _naming(prefix, schema))
        if dry_run:
            sys.stdout.write(trigger_script(statements, delimited=flavour in MYSQL_COLLATIONS))
            return
        try:
            with engine.begin() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)
        except DBAPIError as error:
            raise BackendUnavailable(
                f"the database refused a trigger ({type(error.orig).__name__}); check the tables and the user's rights",
                retryable=False,
            ) from error
        print(f"audit rows are {'no longer ' if remove else ''}protected by triggers")


def trigger_script(statements: Sequence[str], *, delimited: bool) -> str:
    """Return statements as a script; the client of MySQL must be told where one ends that holds a semicolon."""
    if not delimited:
        return ";\n".join(statements) + ";\n"
    return "DELIMITER $$\n" + "".join(f"{statement}$$\n" for statement in statements) + "DELIMITER ;\n"


def _show(statement: str) -> None:
    print(f"{statement};", flush=True)


def _tell(found: Sequence[Difference]) -> int:
    """Print differences and their number, and return the exit status."""
    for difference in found:
        print(f"{difference.severity:<8} {difference.text}")
    counts = Counter(difference.severity for difference in found)
    if not counts["broken"] + counts["lacking"]:
        print("the tables are as Kavach needs them")
        return 0
    addable = sum(bool(difference.statements) for difference in found)
    advice = f"; kavach schema upgrade adds {addable} of them" if addable else ""
    print(f"{counts['broken']} broken, {counts['lacking']} lacking{advice}")
    return 1


def _naming(prefix: str, schema: str | None) -> Naming:
    from kavach_schema.render.ddl import Naming

    try:
        return Naming(prefix, schema)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
