"""The catalogue: finding rules, and selecting them by code, prefix and name."""

from __future__ import annotations

import pytest

from domlint.explain import FAMILIES
from domlint.findings import Outcome
from domlint.rule import Catalogue, Example, Rule, UnknownSelectorError, rule
from domlint.rules import catalogue


def make(code: str, name: str) -> Rule:
    return rule(code, name, outcome=Outcome.NOTE, on="devices", bad=Example(""), good=Example(""))(lambda *_: iter(()))


RULES = Catalogue([make("NET002", "two"), make("NET001", "one"), make("NET010", "ten"), make("PCI001", "slot")])


def selected(select: list[str], ignore: list[str]) -> list[str]:
    return [one.code for one in RULES.select(select, ignore)]


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ([], [], ["NET001", "NET002", "NET010", "PCI001"]),
        (["ALL"], [], ["NET001", "NET002", "NET010", "PCI001"]),
        (["NET"], [], ["NET001", "NET002", "NET010"]),
        (["net00"], [], ["NET001", "NET002"]),
        (["NET001", "slot"], [], ["NET001", "PCI001"]),
        ([], ["NET"], ["PCI001"]),
        ([], ["one", "PCI001"], ["NET002", "NET010"]),
        (["NET"], ["NET00"], ["NET010"]),
        (["NET001"], ["NET"], ["NET001"]),
        (["NET"], ["NET"], []),
        (["one"], ["NET001"], ["NET001"]),
        (["NET001"], ["one"], []),
        (["ALL"], ["NET"], ["PCI001"]),
        (["NET"], ["ALL"], ["NET001", "NET002", "NET010"]),
        ([], ["ALL"], []),
    ],
)
def test_the_longer_selector_counts_and_of_two_alike_the_ignoring(
    select: list[str], ignore: list[str], expected: list[str]
) -> None:
    assert selected(select, ignore) == expected


@pytest.mark.parametrize("selector", ["NET009", "nine", "X", ""])
def test_a_selector_that_fits_no_rule_is_an_error(selector: str) -> None:
    with pytest.raises(UnknownSelectorError):
        selected([selector], [])
    with pytest.raises(UnknownSelectorError):
        selected([], [selector])


def test_what_was_meant_is_proposed() -> None:
    with pytest.raises(UnknownSelectorError, match="did you mean mac-mismatch") as caught:
        catalogue().find("mac-mismtach")
    assert caught.value.nearest[0] == "mac-mismatch"
    with pytest.raises(UnknownSelectorError, match="TEAM03"):
        catalogue().find("TEAM039")


def test_rules_are_found_by_code_and_by_name_in_any_case() -> None:
    assert RULES.find("net010").name == RULES.find("TEN").name == "ten"


@pytest.mark.parametrize("twin", [("NET001", "other"), ("NET999", "one")])
def test_no_two_rules_share_a_code_or_a_name(twin: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="share"):
        Catalogue([make("NET001", "one"), make(*twin)])


def test_the_letters_of_a_code_name_its_file() -> None:
    pairs = {(one.code.rstrip("0123456789"), one.body.__module__.split(".")[2]) for one in catalogue()}
    letters, files = ([pair[side] for pair in sorted(pairs)] for side in (0, 1))
    assert len(set(letters)) == len(letters), "one file or folder for each family"
    assert len(set(files)) == len(files), "one family in each file or folder"
    assert set(letters) == set(FAMILIES), "domlint.explain says what a family is about"
    assert {("TEAM", "teaming"), ("HOST", "host"), ("CAPS", "capabilities")} <= pairs
