"""The model as the body of an Alembic revision: explicit operations that stay what they are when the model grows.

The types are SQLAlchemy's own, so that a revision needs no Kavach to run. They are those of `metadata()`, for which
autogenerate finds no difference afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kavach_schema.model import UNSET, Column, Table
from kavach_schema.render.ddl import DEFAULT_NAMING, MYSQL_COLLATIONS, Naming

IMPORTS: Final = "from sqlalchemy.dialects import mysql, postgresql"

_HEAD: Final = f"""\
mariadb = getattr(op.get_context().dialect, "is_mariadb", False)
options = {{
    "mysql_engine": "InnoDB",
    "mysql_default_charset": "utf8mb4",
    "mysql_collate": "{MYSQL_COLLATIONS["mariadb"]}" if mariadb else "{MYSQL_COLLATIONS["mysql"]}",
}}
integer = sa.BigInteger()
boolean = sa.Boolean().with_variant(sa.Integer(), "sqlite")
json = sa.Text().with_variant(postgresql.JSONB(), "postgresql").with_variant(mysql.JSON(), "mysql", "mariadb")
long_text = (
    sa.Text()
    .with_variant(sa.Text(collation="C"), "postgresql")
    .with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
)

def text(length):
    exact = sa.String(length, collation="C")
    return sa.String(length).with_variant(exact, "postgresql").with_variant(sa.Text(), "sqlite")
"""


def render_upgrade(tables: Iterable[Table[object]], naming: Naming = DEFAULT_NAMING) -> str:
    """Return the statements that create all tables; indented for the body of upgrade() in a template."""
    blocks = [_HEAD, *(_create(table, naming) for table in tables)]
    return _indented("\n".join(blocks))


def render_downgrade(tables: Iterable[Table[object]], naming: Naming = DEFAULT_NAMING) -> str:
    """Return the statements that drop all tables, and their rows with them."""
    names = [naming.table(table.name) for table in tables]
    return _indented("".join(f'op.drop_table("{name}"{_schema(naming)})\n' for name in reversed(names)))


def _create(table: Table[object], naming: Naming) -> str:
    name = naming.table(table.name)
    lines = [f'op.create_table(\n    "{name}",']
    lines += [f"    {_column(column)}," for column in table.columns]
    lines += [f'    sa.PrimaryKeyConstraint("{table.key}"),', f"    **options{_schema(naming)},", ")"]
    for index in table.constraints(name):
        columns = ", ".join(f'"{column}"' for column in index.columns)
        unique = "True" if index.unique else "False"
        lines.append(f'op.create_index("{index.name}", "{name}", [{columns}], unique={unique}{_schema(naming)})')
    return "\n".join(lines) + "\n"


def _column(column: Column) -> str:
    match column.kind:
        case "integer" | "time":
            kind = "integer"
        case "text":
            kind = "long_text" if column.length is None else f"text({column.length})"
        case "boolean" | "json":
            kind = column.kind
    default = "" if column.default is UNSET else f", server_default={_default(column.default)}"
    return f'sa.Column("{column.name}", {kind}, nullable={column.nullable}{default})'


def _default(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return f"sa.{str(value).lower()}()"
    return f'sa.text("{value}")' if isinstance(value, int) else f'"{value}"'


def _schema(naming: Naming) -> str:
    return f', schema="{naming.schema}"' if naming.schema else ""


def _indented(text: str) -> str:
    """Indent all lines but the first, which the template indents."""
    first, *rest = text.rstrip("\n").splitlines()
    return "\n".join([first, *(f"    {line}" if line else "" for line in rest)])
