"""The model as schema.prisma, and how it is added to a host's own."""

from __future__ import annotations

import re

import pytest

from kavach_schema.model import Table, boolean, integer, json, key, long_text, text, time
from kavach_schema.render.ddl import Naming
from kavach_schema.render.prisma import PROVIDERS, Provider, field_name, merge_models, render_models, render_prisma
from kavach_schema.tables import TABLES

THINGS: Table[object] = Table(
    "kavach_things",
    "KavachThing",
    "A thing.",
    (
        key(),
        text("owner_id", 64),
        text("slug", null=True),
        long_text("note"),
        integer("count", default=3),
        boolean("done", default=False),
        json("limits", null=True),
        text("state", 32, default='a "b"'),
        time("created_at"),
    ),
    uniques=(("slug",), ("owner_id", "count")),
    indexes=(("created_at", "id"),),
)

HOST = """generator client {
  provider = "prisma-client-py"
}

// datasource old { provider = "sqlserver" }
datasource db {
  provider = "postgresql" // or "mysql"
  url      = env("DATABASE_URL")
}

model Order {
  id   String @id
  note String @default("model KavachUser {")
}
"""


def lines(rendered: str) -> list[str]:
    """Return the lines without the alignment."""
    return [re.sub(r"(?<=\S) +", " ", line.strip()) for line in rendered.splitlines() if line.strip()]


def test_a_model_on_postgresql() -> None:
    assert lines(render_models([THINGS], "postgresql")) == [
        "/// A thing.",
        "model KavachThing {",
        "id String @id @db.VarChar(255)",
        'ownerId String @map("owner_id") @db.VarChar(64)',
        'slug String? @unique(map: "kavach_things_slug_key") @db.VarChar(255)',
        "note String @db.Text",
        "count BigInt @default(3)",
        "done Boolean @default(false)",
        "limits Json?",
        'state String @default("a \\"b\\"") @db.VarChar(32)',
        'createdAt BigInt @map("created_at")',
        '@@unique([ownerId, count], map: "kavach_things_owner_id_count_key")',
        '@@index([createdAt, id], map: "kavach_things_created_at_id_idx")',
        '@@map("kavach_things")',
        "}",
    ]


@pytest.mark.parametrize(
    ("provider", "note", "limits", "slug"),
    [
        ("sqlite", "note String", "limits String?", 'slug String? @unique(map: "kavach_things_slug_key")'),
        (
            "mysql",
            "note String @db.LongText",
            "limits Json?",
            'slug String? @unique(map: "kavach_things_slug_key") @db.VarChar(255)',
        ),
    ],
)
def test_types_of_other_providers(provider: Provider, note: str, limits: str, slug: str) -> None:
    rendered = lines(render_models([THINGS], provider))
    assert {note, limits, slug} <= set(rendered)


def test_every_table_and_column_is_there() -> None:
    for provider in PROVIDERS:
        rendered = render_prisma(TABLES, provider)
        assert f'provider = "{provider}"' in rendered
        for table in TABLES:
            body = rendered.partition(f"model {table.model} {{\n")[2].partition("\n}")[0]
            assert f'@@map("{table.name}")' in body
            assert re.findall(r"^  (\w+) ", body, re.MULTILINE) == [field_name(name) for name in table.by_name]
            for index in table.constraints():
                assert f'map: "{index.name}"' in body


def test_a_prefix_names_tables_and_indexes() -> None:
    rendered = render_models([THINGS], "mysql", Naming("my_"))
    assert '@@map("my_things")' in rendered
    assert 'map: "my_things_slug_key"' in rendered
    assert "model KavachThing {" in rendered


def test_a_schema_of_postgresql_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\?schema="):
        render_models([THINGS], "postgresql", Naming(schema="app"))


def test_merging_adds_all_at_the_end_and_keeps_the_rest() -> None:
    merged = merge_models(HOST, TABLES)
    assert merged.text == HOST + "\n" + render_models(TABLES, "postgresql")
    assert merged.added == tuple(table.model for table in TABLES)
    assert merged.kept == ()


def test_merging_again_changes_nothing() -> None:
    once = merge_models(HOST, TABLES).text
    again = merge_models(once, TABLES)
    assert (again.text, again.added) == (once, ())
    assert len(again.kept) == len(TABLES)


def test_a_model_of_the_hosts_for_our_table_is_kept() -> None:
    named = 'model KavachThing {\n  id String @id\n\n  @@map("kavach_other")\n}\n'
    mapped = 'model Thing {\n  id String @id\n\n  @@map("kavach_things")\n}\n'
    introspected = "model kavach_things {\n  id String @id\n}\n"
    for own in (named, mapped, introspected):
        merged = merge_models(HOST + own, [THINGS])
        assert (merged.text, merged.added, merged.kept) == (HOST + own, (), ("KavachThing",))
    for no_model in ("// model KavachThing {\n", "enum KavachThing {\n  a\n}\n"):
        assert merge_models(HOST + no_model, [THINGS]).added == ("KavachThing",)


def test_line_ends_are_the_hosts() -> None:
    windows = HOST.replace("\n", "\r\n")
    merged = merge_models(windows, [THINGS])
    assert merged.text.startswith(windows)
    assert "\n" not in merged.text.replace("\r\n", "")
    without_end = merge_models(HOST.rstrip("\n"), [THINGS])
    assert without_end.text == merge_models(HOST, [THINGS]).text


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ("", "no datasource"),
        (HOST.replace('"postgresql" //', '"mongodb" //'), "'mongodb'"),
    ],
    ids=["none", "mongodb"],
)
def test_schemas_that_cannot_be_merged_into(schema: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        merge_models(schema, TABLES)


def test_another_provider_than_expected_is_refused() -> None:
    assert merge_models(HOST.replace("postgresql", "postgres"), TABLES, expected="postgresql").added
    with pytest.raises(ValueError, match="'postgresql', not 'mysql'"):
        merge_models(HOST, TABLES, expected="mysql")
