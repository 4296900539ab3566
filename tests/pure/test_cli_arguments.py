"""What the pairs of the command line mean."""

import json
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from routilux.cli.arguments import payloads, value, workers


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("96", 96),
        ("0.5", 0.5),
        ("true", True),
        ("null", None),
        ('{"a": [1]}', {"a": [1]}),
        ('"96"', "96"),
        ("src/main.py", "src/main.py"),
        ("", ""),
        ("[1", "[1"),
        ("NaN", "NaN"),
        ("a=b", "a=b"),
    ],
)
def test_a_value_is_json_if_it_parses_and_else_the_text(text: str, meant: Any) -> None:
    found = value(text)
    assert found == meant
    assert type(found) is type(meant)


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_can_be_given_as_json(text: str) -> None:
    assert value(json.dumps(text)) == text


@given(st.text())
def test_no_text_is_refused_as_a_value(text: str) -> None:
    value(text)


def test_a_payload_may_contain_equals_signs() -> None:
    assert payloads(["query=a=1", "n=2"]) == {"query": "a=1", "n": 2}


@pytest.mark.parametrize("pair", ["n", "=2", ""])
def test_a_pair_without_name_or_equals_sign_is_a_usage_error(pair: str) -> None:
    with pytest.raises(typer.BadParameter, match="SLOT=VALUE"):
        payloads([pair])


def test_a_slot_given_twice_is_a_usage_error() -> None:
    with pytest.raises(typer.BadParameter, match="'n' is given twice"):
        payloads(["n=1", "n=2"])


def test_workers_are_numbers_per_routine() -> None:
    assert workers(["a=1", "b-c=12"]) == {"a": 1, "b-c": 12}


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5", "²", ""])
def test_a_number_of_workers_below_one_is_a_usage_error(number: str) -> None:
    with pytest.raises(typer.BadParameter, match="whole number"):
        workers([f"a={number}"])
