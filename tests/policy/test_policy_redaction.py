"""Which arguments are taken for secrets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kavach_core.policy.redaction import REDACTED, SECRET_NAMES, by_names

KEYS = [
    *SECRET_NAMES,
    "PASSWORD",
    "Password",
    "dbPassword",
    "password_confirmation",
    "X-API-Key",
    "apiKeyV2",
    "apikey",
    "APIKEY",
    "api key",
    "access_token",
    "accessToken",
    "authtoken",
    "Proxy-Authorization",
    "AWS_SECRET_ACCESS_KEY",
    "client.secret",
    "TOKEN2",
]
OTHERS = ["path", "max_tokens", "maxTokens", "tokenizer", "secretary", "passport", "", "key", "api", "author", "\u00fc"]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_says_a_secret_is_redacted_at_any_depth(key: str) -> None:
    value: Any = {"a": 1, "list": [{key: "s3cret", "b": None}], key: {"deep": ["s3cret"]}}
    expected = {"a": 1, "list": [{key: REDACTED, "b": None}], key: REDACTED}
    assert by_names(SECRET_NAMES)(value) == expected
    assert value[key] == {"deep": ["s3cret"]}


@pytest.mark.parametrize("key", OTHERS)
def test_other_keys_are_kept(key: str) -> None:
    assert by_names(SECRET_NAMES)({key: "x"}) == {key: "x"}


def test_names_of_the_hosts_own_replace_the_usual_ones() -> None:
    assert by_names(["ssn"])({"SSN": 1, "password": 2}) == {"SSN": REDACTED, "password": 2}
    assert by_names([])({"password": 2, "": 3}) == {"password": 2, "": 3}


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(KEYS), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text() | st.sampled_from(KEYS), JSON))
def test_redacting_again_changes_nothing(arguments: Any) -> None:
    once = by_names(SECRET_NAMES)(arguments)
    assert by_names(SECRET_NAMES)(once) == once
    assert once.keys() == arguments.keys()
