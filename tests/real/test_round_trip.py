"""The domains of the round trip, held against what such a libvirt once said of its host."""

from __future__ import annotations

from pathlib import Path

import pytest

from domlint import check
from domlint.findings import Outcome

DOMAINS = sorted(Path(__file__).with_name("round_trip").glob("*.xml"))
HOST = f"host={Path(__file__).parent.parent / 'realcaps'}"


def test_there_are_good_and_refused_ones() -> None:
    names = [file.name.split("-")[0] for file in DOMAINS]
    assert names.count("good") >= 3
    assert names.count("refused") >= 3


@pytest.mark.parametrize("file", DOMAINS, ids=lambda file: file.stem)
def test_the_name_says_what_becomes_of_it(file: Path) -> None:
    refusals = [finding for finding in check(file, hosts=[HOST]) if finding.outcome in (Outcome.DEFINE, Outcome.START)]
    assert bool(refusals) == file.name.startswith("refused-"), refusals
