"""The model as a migration for `playhouse.migrations`: frozen models that stay what they are when the model grows.

It needs no Kavach to run. The types are those of the DDL, on whichever database it meets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kavach_schema.model import UNSET, Column, Table, boolean, integer, json, long_text, text
from kavach_schema.render.ddl import DEFAULT_NAMING, MYSQL_COLLATIONS, Flavour, Naming, column_type

_KINDS: Final = {
    "Text": text("name", 255),
    "LongText": long_text("name"),
    "Integer": integer("name"),
    "Boolean": boolean("name", default=False),
    "Json": json("name"),
}
"""The kinds of columns by the name of their class in the migration, with an example of each."""

_FLAVOURS: Final[tuple[Flavour, ...]] = ("sqlite", "postgresql", "mysql")

_TEMPLATE: Final = '''\
"""{message}

Written by `kavach schema peewee`, and yours from now on: it needs no Kavach to run. It can be run again at any time,
and adds the tables and indexes that are missing. With `python -m playhouse.migrations DATABASE up`, or by itself:

    up(SchemaMigrator.from_database(database), database)
"""

from peewee import SQL, Field, Model, NodeList, PostgresqlDatabase, SqliteDatabase
from playhouse.migrate import SchemaMigrator

SCHEMA = {schema}

TYPES = {{
{types}
}}


def up(migrator, db):
    migrator = SchemaMigrator.from_database(db, schema=SCHEMA)
    db = migrator.database
    options = settings(db)
    with db.bind_ctx(MODELS, False, False):
        for model in MODELS:
            model._meta.table_settings = options
            model.create_table()
    for table, indexes in INDEXES.items():
        there = {{index.name for index in db.get_indexes(table, SCHEMA)}}
        for name, columns, unique in indexes:
            if name not in there:
                migrator.migrate(migrator.add_index(table, columns, unique, name=name))


def down(migrator, db):
    with db.bind_ctx(MODELS, False, False):
        for model in reversed(MODELS):
            model.drop_table()


def kind_of(db):
    if isinstance(db, SqliteDatabase):
        return "sqlite"
    return "postgresql" if isinstance(db, PostgresqlDatabase) else "mysql"


def settings(db):
    """Return what follows the columns of a table: on MySQL and MariaDB, whose exact collations differ in name."""
    if kind_of(db) != "mysql":
        return ()
    [(version,)] = db.execute_sql("SELECT VERSION()").fetchall()
    collation = "{mariadb}" if "maria" in version.lower() else "{mysql}"
    return (f"ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={{collation}}",)


class Column(Field):
    """A column with its type and its default on the database that its model is bound to."""

    def __init__(self, length=None, **options):
        super().__init__(**options)
        self.length = length

    @property
    def kind(self):
        return kind_of(self.model._meta.database)

    def ddl_datatype(self, ctx):
        return SQL(TYPES[self.kind][type(self).__name__].format(length=self.length))

    def ddl(self, ctx):
        found = super().ddl(ctx)
        return found if self.default is None else NodeList((found, SQL("DEFAULT " + self.literal(self.default))))

    def literal(self, value):
        if isinstance(value, bool):
            return str(value).upper() if self.kind == "postgresql" else str(int(value))
        return str(value) if isinstance(value, int) else f"'{{value}}'"


{classes}class Table(Model):
    class Meta:
        schema = SCHEMA


{models}MODELS = [
{names}
]

INDEXES = {{
{indexes}
}}
'''


def render_migration(tables: Iterable[Table[object]], message: str, naming: Naming = DEFAULT_NAMING) -> str:
    """Return the text of a migration that creates all tables and their indexes."""
    every = tuple(tables)
    return _TEMPLATE.format(
        message=_sentence(message),
        schema=f'"{naming.schema}"' if naming.schema else None,
        types="\n".join(map(_types, _FLAVOURS)),
        mariadb=MYSQL_COLLATIONS["mariadb"],
        mysql=MYSQL_COLLATIONS["mysql"],
        classes="".join(f"class {name}(Column):\n    pass\n\n\n" for name in _KINDS),
        models="".join(_model(table, naming) for table in every),
        names="\n".join(f"    {table.record}," for table in every),
        indexes="\n".join(_indexes(table, naming) for table in every),
    )


def _sentence(message: str) -> str:
    """Return the message as it may begin a docstring."""
    line = " ".join(message.split()).replace("\\", "").replace('"', "'").removesuffix(".")
    return f"{line[:1].upper()}{line[1:]}."


def _types(flavour: Flavour) -> str:
    """Return the types of a database, with the place of the length in the only one that has one."""
    found = ((name, column_type(column, flavour), column.length) for name, column in _KINDS.items())
    lines = (f"        \"{name}\": '{kind.replace(str(length), '{length}')}',\n" for name, kind, length in found)
    return f'    "{flavour}": {{\n{"".join(lines)}    }},'


def _model(table: Table[object], naming: Naming) -> str:
    lines = [f"class {table.record}(Table):"]
    lines += [f"    {column.name} = {_field(column, key=column.name == table.key)}" for column in table.columns]
    lines += ["", "    class Meta:", f'        table_name = "{naming.table(table.name)}"']
    return "\n".join(lines) + "\n\n\n"


def _field(column: Column, *, key: bool) -> str:
    match column.kind:
        case "integer" | "time":
            kind = "Integer"
        case "text":
            kind = "Text" if column.length else "LongText"
        case "boolean" | "json":
            kind = column.kind.capitalize()
    options = [str(column.length)] if column.length else []
    options += ["primary_key=True"] if key else []
    options += ["null=True"] if column.nullable else []
    options += [] if column.default is UNSET else [f"default={_source(column.default)}"]
    return f"{kind}({', '.join(options)})"


def _source(value: str | int | bool) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _indexes(table: Table[object], naming: Naming) -> str:
    name = naming.table(table.name)
    lines = []
    for index in table.constraints(name):
        columns = ", ".join(f'"{column}"' for column in index.columns)
        lines.append(f'        ("{index.name}", [{columns}], {index.unique}),\n')
    return f'    "{name}": [\n{"".join(lines)}    ],'
