"""What is made from the schemas is current, and says what they say."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domlint.tables import Tables

ROOT = Path(__file__).parents[2]


def test_tables_and_gates_are_current() -> None:
    command = [sys.executable, str(ROOT / "tools" / "make_structure.py"), "--check"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")


@cache
def simplified() -> Callable[[Any], Any]:
    specification = importlib.util.spec_from_file_location("make_structure", ROOT / "tools" / "make_structure.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    function: Callable[[Any], Any] = module._simplified
    return function


CHARACTERS = ["[0-9]+", "[a-zA-Z0-9_.\\-]*", "[ -~]{0,4}", "[0-9]{2}", r"[\-\\\]x]{1,3}"]
OTHERS = ["[^a]+", r"[\s]+", r"[\w]{2}", "[à-ü]+", "a[0-9]+", "[0-9]+[a-z]", "[0-9]?"]


@pytest.mark.parametrize("pattern", OTHERS)
def test_patterns_that_allow_more_than_some_ascii_characters_stay_patterns(pattern: str) -> None:
    row = ("pattern", (pattern,), "words", -1)
    assert simplified()(row) == row


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CHARACTERS), st.text("09azAZ_.-~ \\]x\n\u0660\u00e9", max_size=5))
def test_some_characters_are_the_pattern_that_they_were(pattern: str, value: str) -> None:
    row = simplified()(("pattern", (pattern,), "words", -1))
    assert row[0] == "characters"
    assert row[2:] == ("words", -1)
    tables = Tables("domain")
    tables.simple = (row,)
    assert tables.accepts(0, value) == bool(re.fullmatch(pattern, value))


VALUES = [
    "",
    " ",
    "0",
    "1",
    "-1",
    "0x1f",
    "32",
    "yes",
    "on",
    "qemu",
    "hvf",
    "/dev/null",
    "52:54:00:00:00:01",
    "a b",
    "é",
]


@pytest.mark.parametrize("name", ["domain", "network"])
def test_what_is_made_for_many_values_tells_the_same(name: str) -> None:
    tables = Tables(name)
    for simple in range(len(tables.simple)):
        since_of = tables.since_of(simple)
        assert [since_of(value) for value in VALUES] == [tables.since(simple, value) for value in VALUES]
