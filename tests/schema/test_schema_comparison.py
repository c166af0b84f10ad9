"""What the comparison of a database with the data model finds, and what it lets be."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from kavach_core.errors import SchemaMismatch
from kavach_schema.tables import TABLES
from kavach_sqlalchemy import check_schema, create_sqlalchemy_adapter, metadata


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def drop_index(engine: Engine, table: str, name: str) -> None:
    execute(engine, f"DROP INDEX {name}" + (f" ON {table}" if engine.dialect.name == "mysql" else ""))


def found_in(engine: Engine) -> list[tuple[str, str]]:
    return [(found.severity, found.text) for found in check_schema(engine)]


def test_an_empty_database_lacks_each_table(engine: Engine) -> None:
    found = check_schema(engine)
    assert [each.text for each in found] == [f"table {table.name} is missing" for table in TABLES]
    assert {each.severity for each in found} == {"broken"}


def test_what_we_create_is_as_we_need_it(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    assert check_schema(engine) == []


def test_what_the_metadata_creates_is_as_we_need_it(engine: Engine) -> None:
    metadata().create_all(engine)
    assert check_schema(engine) == []


def test_a_prefix_is_looked_for(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine, prefix="app_").prepare_schema()
    assert check_schema(engine, prefix="app_") == []
    assert len(check_schema(engine)) == len(TABLES)


def test_a_schema_of_postgresql_is_looked_into(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        execute(engine, "CREATE SCHEMA iam")
        create_sqlalchemy_adapter(engine, schema="iam").prepare_schema()
        assert check_schema(engine, schema="iam") == []
        assert len(check_schema(engine)) == len(TABLES)


def test_each_difference_is_named_in_the_order_of_the_model(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    execute(
        engine,
        "DROP TABLE kavach_trust_scores",
        "ALTER TABLE kavach_audit_logs DROP COLUMN code",
        "ALTER TABLE kavach_users DROP COLUMN name",
        "ALTER TABLE kavach_tenants DROP COLUMN name",
    )
    drop_index(engine, "kavach_agents", "kavach_agents_token_hash_key")
    drop_index(engine, "kavach_agents", "kavach_agents_created_at_id_idx")
    kind = "TEXT" if engine.dialect.name == "sqlite" else "VARCHAR(255)"
    collation = ' COLLATE "C"' if engine.dialect.name == "postgresql" else ""
    assert found_in(engine) == [
        ("broken", "column kavach_users.name is missing"),
        (
            "broken",
            f"column kavach_tenants.name is missing; add it as {kind}{collation} NOT NULL, with a value for each row",
        ),
        ("broken", "unique index kavach_agents_token_hash_key (token_hash) is missing"),
        ("lacking", "index kavach_agents_created_at_id_idx (created_at, id) is missing"),
        ("broken", "column kavach_audit_logs.code is missing"),
        ("broken", "table kavach_trust_scores is missing"),
    ]


@pytest.mark.parametrize("skip_migrations", [False, True])
def test_a_start_refuses_what_is_broken(engine: Engine, skip_migrations: bool) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    execute(engine, "ALTER TABLE kavach_audit_logs DROP COLUMN code")
    with pytest.raises(SchemaMismatch, match=r"column kavach_audit_logs\.code is missing; .*kavach schema upgrade"):
        create_sqlalchemy_adapter(engine, skip_migrations=skip_migrations).prepare_schema()


@pytest.mark.parametrize("skip_migrations", [False, True])
def test_a_start_lets_be_what_only_costs_time(engine: Engine, skip_migrations: bool) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    drop_index(engine, "kavach_agents", "kavach_agents_created_at_id_idx")
    assert create_sqlalchemy_adapter(engine, skip_migrations=skip_migrations).count_agents() == 0


def test_a_start_that_finds_a_broken_table_creates_none(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    execute(engine, "ALTER TABLE kavach_audit_logs DROP COLUMN code", "DROP TABLE kavach_users")
    with pytest.raises(SchemaMismatch, match="code"):
        create_sqlalchemy_adapter(engine).prepare_schema()
    assert check_schema(engine)[0].text == "table kavach_users is missing"


def test_an_index_of_another_name_or_a_longer_one_will_do(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    drop_index(engine, "kavach_agents", "kavach_agents_token_hash_key")
    drop_index(engine, "kavach_agents", "kavach_agents_created_at_id_idx")
    execute(
        engine,
        "CREATE UNIQUE INDEX host_a ON kavach_agents (token_hash)",
        "CREATE INDEX host_b ON kavach_agents (created_at, id, token_hash)",
    )
    assert found_in(engine) == []


def test_an_index_of_our_name_over_other_columns_is_told(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    drop_index(engine, "kavach_agents", "kavach_agents_token_hash_key")
    execute(engine, "CREATE INDEX kavach_agents_token_hash_key ON kavach_agents (status)")
    (found,) = check_schema(engine)
    assert (found.severity, found.statements) == ("broken", ())
    assert "is another one" in found.text


def test_an_index_over_some_rows_is_not_ours(engine: Engine) -> None:
    if engine.dialect.name != "mysql":
        create_sqlalchemy_adapter(engine).prepare_schema()
        drop_index(engine, "kavach_agents", "kavach_agents_token_hash_key")
        execute(engine, "CREATE UNIQUE INDEX host_a ON kavach_agents (token_hash) WHERE tenant_id IS NULL")
        assert [severity for severity, _ in found_in(engine)] == ["broken"]


def test_columns_of_the_host_may_be_there_if_kavach_need_not_fill_them(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    execute(
        engine,
        "ALTER TABLE kavach_agents ADD COLUMN colour VARCHAR(10)",
        "ALTER TABLE kavach_agents ADD COLUMN shape VARCHAR(10) DEFAULT 'round' NOT NULL",
    )
    assert found_in(engine) == []
    if engine.dialect.name != "sqlite":  # which adds no such column
        execute(engine, "ALTER TABLE kavach_agents ADD COLUMN size INTEGER NOT NULL")
        text = "column kavach_agents.size is not Kavach's, and needs a value; give it a default"
        assert found_in(engine) == [("broken", text)]


def test_a_foreign_key_to_users_is_a_note(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    if engine.dialect.name != "sqlite":  # which cannot add one
        execute(engine, "ALTER TABLE kavach_agents ADD FOREIGN KEY (owner_id) REFERENCES kavach_users (id)")
        execute(engine, "ALTER TABLE kavach_permissions ADD FOREIGN KEY (agent_id) REFERENCES kavach_agents (id)")
        text = (
            "column kavach_agents.owner_id references kavach_users: other values are refused where foreign keys are on"
        )
        assert found_in(engine) == [("note", text)]


def test_types_are_compared_on_servers(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    if engine.dialect.name == "postgresql":
        changed = "ALTER TABLE kavach_agents ALTER COLUMN {} TYPE {}"
    elif engine.dialect.name == "mysql":
        changed = "ALTER TABLE kavach_agents MODIFY {} {} NOT NULL"
    else:
        return
    execute(
        engine,
        changed.format("created_at", "INTEGER"),
        changed.format("name", "VARCHAR(100)"),
        changed.format("type", "VARCHAR(99)"),
    )
    by_column = {text.split()[1]: (severity, text) for severity, text in found_in(engine)}
    assert set(by_column) == {"kavach_agents.created_at", "kavach_agents.name"}
    assert {severity for severity, _ in by_column.values()} == {"lacking"}
    assert by_column["kavach_agents.name"][1].endswith("(100), which holds less than VARCHAR(255)")


def test_a_collation_that_takes_different_texts_for_equal_is_told(engine: Engine) -> None:
    create_sqlalchemy_adapter(engine).prepare_schema()
    if engine.dialect.name == "mysql":
        execute(engine, "ALTER TABLE kavach_trust_scores CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        assert [severity for severity, _ in found_in(engine)] == ["lacking", "lacking"]
        assert "kavach_trust_scores.agent_id has the collation utf8mb4_unicode_ci" in found_in(engine)[0][1]
