"""`kavach schema`: what it prints, and what it does to a host's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from kavach_core.cli import main
from kavach_schema.render.prisma import PROVIDERS
from kavach_schema.tables import TABLES

GENERATED = Path(__file__).parents[2] / "schema" / "generated"

HOST = """datasource db {
  provider = "mysql"
  url      = env("DATABASE_URL")
}
"""


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """Return the path of a host's schema."""
    path = tmp_path / "schema.prisma"
    path.write_text(HOST)
    return path


@pytest.mark.parametrize("provider", PROVIDERS)
def test_prints_what_is_generated(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "prisma", "--provider", provider]) == 0
    assert capsys.readouterr() == ((GENERATED / f"schema.{provider}.prisma").read_text(), "")


def test_prints_with_a_prefix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "prisma", "--provider", "sqlite", "--prefix", "my_"]) == 0
    printed = capsys.readouterr().out
    assert '@@map("my_agents")' in printed
    assert '"kavach_' not in printed


def test_merges_into_a_file(schema: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "prisma", "--merge", str(schema)]) == 0
    assert capsys.readouterr().out == f"added {len(TABLES)} models to {schema}\n"
    merged = schema.read_text()
    assert merged.startswith(HOST)
    assert "limits       Json" in merged
    assert main(["schema", "prisma", "--merge", str(schema), "--provider", "mysql"]) == 0
    assert capsys.readouterr().out == f"added 0 models to {schema}; {len(TABLES)} were there already\n"
    assert schema.read_text() == merged


@pytest.mark.parametrize(
    ("arguments", "told", "status"),
    [
        ([], "--provider postgresql", 1),
        (["--provider", "oracle"], "oracle", 2),
        (["--provider", "sqlite", "--prefix", "a b"], "table prefix", 1),
        (["--provider", "postgresql", "--schema", "iam"], "?schema=", 1),
        (["--merge", "SCHEMA", "--schema", "iam"], "?schema=", 1),
        (["--merge", "SCHEMA", "--provider", "sqlite"], "'mysql', not 'sqlite'", 1),
        (["--merge", "SCHEMA/none"], "cannot read", 1),
    ],
    ids=["neither", "unknown", "prefix", "schema", "merged-schema", "other", "missing"],
)
def test_mistakes_are_told_in_one_line_and_change_nothing(
    schema: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str, status: int
) -> None:
    given = [argument.replace("SCHEMA", str(schema)) for argument in arguments]
    assert main(["schema", "prisma", *given]) == status
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith("error: ")
    assert told in error
    assert schema.read_text() == HOST
