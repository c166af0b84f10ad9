"""`kavach token`: made once, listed without the text, revoked."""

from __future__ import annotations

from pathlib import Path

import pytest

from kavach_core import create_kavach
from kavach_core.cli import main


def test_a_token_is_made_listed_and_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = str(tmp_path / "kavach.db")
    create = ["token", "create", "--name", "ci", "--scope", "audit:read", "--scope", "authorize"]
    assert main([*create, "--database", database, "--tenant", "t1", "--expires", "90d"]) == 0
    token = capsys.readouterr().out.strip()
    monkeypatch.setenv("KAVACH_DATABASE", database)
    assert main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    assert token[:11] in listed
    assert token not in listed
    with create_kavach(database={"provider": "sqlite", "url": database}) as kavach:
        (found,) = kavach.service_token.list()
        assert (found.scopes, found.tenant_id) == (["authorize", "audit:read"], "t1")
        assert found.expires_at is not None
        assert (found.expires_at - found.created_at).total_seconds() == pytest.approx(90 * 24 * 3600, abs=5)
        assert kavach.service_token.find(token) is not None
        assert main(["token", "revoke", found.id]) == 0
        assert kavach.service_token.find(token) is None
    assert main(["token", "revoke", found.id]) == 1
    assert "no service token has this id" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--name", "ci", "--scope", "everything"], "scopes: name at least one of admin"),
        (["--name", "", "--scope", "admin"], "name must not be empty"),
        (["--name", "ci", "--scope", "admin", "--expires", "soon"], "soon"),
        (["--name", "ci"], "--scope"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "create", "--database", str(tmp_path / "kavach.db"), *options]) in (1, 2)
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
