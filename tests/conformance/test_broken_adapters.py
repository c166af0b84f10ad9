"""The suite can fail: each adapter that is broken on purpose is caught by the clause that is about it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("sqlalchemy")

from hypothesis import Phase, settings

from conformance.broken import CAUGHT_BY, WithoutSavepoints, Working, harness_of
from kavach_core.testing import StorageSuite
from kavach_core.testing.clauses.sequences import VARIABLE

CASES = [pytest.param(broken, clause, id=broken.__name__) for broken, clause in CAUGHT_BY.items()]


def cases_of(clause: Any) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each case of a clause, as its `parametrize` marks say."""
    choices: list[list[dict[str, Any]]] = []
    for mark in getattr(clause, "pytestmark", []):
        if mark.name == "parametrize":
            names, rows = mark.args
            one = isinstance(names, str)
            choices.append([_named([names] if one else names, row, one=one) for row in rows])
    for chosen in itertools.product(*choices):
        yield {name: value for part in chosen for name, value in part.items()}


def _named(names: Sequence[str], row: Any, *, one: bool) -> dict[str, Any]:
    if hasattr(row, "marks"):  # made by pytest.param
        row = row.values
    elif one:
        row = [row]
    return dict(zip(names, row, strict=True))


def first_failure(backend: type[Working], clause: str) -> BaseException | None:
    """Run the cases of a clause until one fails, and return how; None if all pass."""

    class Suite(StorageSuite):
        harness = harness_of(backend)

    Suite.setup_class()
    try:
        for arguments in cases_of(getattr(Suite, clause)):
            with suppress(pytest.skip.Exception):
                try:
                    getattr(Suite(), clause)(**arguments)
                except (Exception, pytest.fail.Exception) as error:
                    return error
        return None
    finally:
        Suite.teardown_class()


@pytest.fixture(autouse=True)
def _unshrunk() -> Iterator[None]:
    """Let Hypothesis stop at the first failure that it finds: here only that there is one matters."""
    settings.register_profile("unshrunk", phases=[Phase.generate])
    before = settings.get_current_profile_name()
    settings.load_profile("unshrunk")
    yield
    settings.load_profile(before)


@pytest.mark.parametrize(("broken", "clause"), CASES)
def test_a_broken_adapter_is_caught(broken: type[Working], clause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # As many as it takes: which fault the usual sequences find changes with every method of the contract.
    monkeypatch.setenv(VARIABLE, "1000")
    assert first_failure(broken, clause) is not None, f"{broken.__doc__} {clause} does not notice"


@pytest.mark.parametrize("clause", sorted(set(CAUGHT_BY.values())))
def test_the_same_adapter_unbroken_passes(clause: str) -> None:
    assert first_failure(Working, clause) is None


@pytest.mark.parametrize(
    "clause",
    [
        "test_without_savepoints_nesting_is_refused",
        "test_what_belongs_to_a_row_goes_with_it",
        "test_changes_of_every_kind_are_one",
        "test_changes_of_every_kind_are_the_hosts",
        "test_a_conflict_leaves_the_transaction_usable",
        "test_any_sequence_of_methods_is_as_in_memory",
    ],
)
def test_a_storage_without_savepoints_may_say_so(clause: str) -> None:
    assert first_failure(WithoutSavepoints, clause) is None


def test_there_are_enough() -> None:
    assert len(CAUGHT_BY) >= 20
