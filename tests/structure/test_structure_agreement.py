"""The quick look, the tables, libxml2, xmllint and xmlschema say the same of the same documents."""

from __future__ import annotations

import random
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from documents import changed, compared, examples, needs_corpus, newest_in, of_corpus, root_of
from gate import Gate
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from domlint.placeholders import is_placeholder
from domlint.quick_look import Look, quick_look_of
from domlint.strict import violations

EXAMPLES = {name: data for name, text in examples().items() if root_of(data := text.encode()) is not None}


@cache
def gate() -> Gate:
    return Gate("domain")


def look(data: bytes) -> Look:
    return quick_look_of("domain").at(data)


def check_agreement(data: bytes) -> None:
    """What the quick look or libxml2 lets through has no mistake by the tables."""
    root = root_of(data)
    if root is None:
        return
    mistakes = compared(root)
    is_right, newest = look(data)
    if is_right:
        assert mistakes == []
        assert newest == newest_in(root)
    # libxml2 knows no placeholders, and refuses more therefore.
    if gate().passes(root):
        assert mistakes == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_all_rules(name: str) -> None:
    check_agreement(EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_by_the_schema_itself(name: str) -> None:
    root = root_of(EXAMPLES[name])
    assert root is not None
    if not any(is_placeholder(value) for one in root.iter("*") for value in (one.text or "", *one.values())):
        assert bool(compared(root)) == bool(list(violations("domain", root)))


def test_the_quick_look_settles_nearly_all_right_examples() -> None:
    right = [data for data in EXAMPLES.values() if not compared(root_of(data))]  # type: ignore[arg-type]
    unsure = [data for data in right if not look(data).is_right]
    assert len(unsure) <= len(right) // 50


def test_libxml2_settles_right_examples_in_the_order_that_libvirt_writes() -> None:
    right = [data for data in EXAMPLES.values() if not compared(root_of(data))]  # type: ignore[arg-type]
    assert sum(gate().passes(root_of(data)) for data in right) > len(right) // 10  # type: ignore[arg-type]


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="xmllint is not installed (Debian: libxml2-utils)")
def test_xmllint_and_lxml_agree(tmp_path: Path) -> None:
    expected = {}
    for number, data in enumerate(EXAMPLES.values()):
        renamed = gate().renamed(root_of(data))  # type: ignore[arg-type]
        if renamed is not None:
            path = tmp_path / f"{number}.xml"
            path.write_bytes(etree.tostring(renamed))
            expected[str(path)] = bool(gate().schema.validate(renamed))
    command = ["xmllint", "--noout", "--schema", str(gate().path), *expected]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert {path: f"{path} validates" in told for path in expected} == expected
    assert set(expected.values()) == {True, False}


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.integers(0, 2**32), st.integers(1, 4))
def test_changed_examples(name: str, seed: int, times: int) -> None:
    chance = random.Random(seed)
    root = root_of(EXAMPLES[name])
    assert root is not None
    for _ in range(times):
        changed(root, chance)
    check_agreement(etree.tostring(root.getroottree()))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(EXAMPLES)),
    st.integers(0, 10_000),
    st.sampled_from(["<", ">", "&", "'", "x", "", "\r", "</"]),
)
def test_changed_text(name: str, place: int, piece: str) -> None:
    data = EXAMPLES[name].encode() if isinstance(EXAMPLES[name], str) else EXAMPLES[name]
    place %= len(data)
    check_agreement(data[:place] + piece.encode() + data[place + 1 :])


@needs_corpus
def test_corpus() -> None:
    valid = invalid = alarms = caught = unsure = 0
    for path, is_valid in of_corpus():
        data = path.read_bytes()
        root = root_of(data)
        if root is None:
            continue
        mistakes = compared(root)
        if look(data).is_right or gate().passes(root):
            assert mistakes == [], path
        elif not mistakes:
            unsure += 1
        valid, alarms = valid + is_valid, alarms + (is_valid and bool(mistakes))
        invalid, caught = invalid + (not is_valid), caught + (not is_valid and bool(mistakes))
    assert alarms == 0
    assert caught >= 0.97 * invalid
    assert unsure <= 0.02 * valid
