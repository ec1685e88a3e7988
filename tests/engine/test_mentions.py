"""Rules that have nothing to find without some word in the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from domlint.document import Element
from domlint.domain import Context
from domlint.engine import Plan, Source
from domlint.examples import example_hosts, example_networks, whole_document
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Rule, Spot, rule
from domlint.rules import catalogue
from domlint.versions import Version
from domlint.vocabulary import Vocabulary

DOMAIN = "<domain type='kvm'>\n  <name>web1</name>\n  <devices>\n    {}\n  </devices>\n</domain>\n"
CORPUS = os.environ.get("DOMLINT_CORPUS")


@rule(
    "TEST001",
    "mentioning",
    outcome=Outcome.BROKEN,
    on="devices",
    mentions=("zpci", "spapr-vio"),
    bad=Example(""),
    good=Example(""),
)
def mentioning(context: Context, devices: Element) -> Problems:
    """See."""
    yield Problem(Spot(devices), "seen")


@pytest.mark.parametrize(
    ("devices", "is_seen"),
    [
        ("<disk><address><zpci/></address></disk>", True),
        ("<address type='spapr-vio'/>", True),
        ('<address type = "spapr-vio" />', True),
        ("<address\n      type='spapr-vio'\n    />", True),
        ("<address type='&#115;papr-vio'/>", True),
        ("<address type='spapr-vio2'/><zpcis/>", False),
        ("<address type='pci'/>", False),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_rule_runs_where_a_word_stands(devices: str, is_seen: bool, encoding: str) -> None:
    plan = Plan([mentioning])
    for _again in range(2):
        assert bool(plan.check(Source("a.xml", DOMAIN.format(devices).encode(encoding))).findings) is is_seen


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-7", "iso-8859-1"])
def test_a_rule_runs_for_each_file_whose_words_are_no_plain_bytes(encoding: str) -> None:
    data = f"<?xml version='1.0' encoding='{encoding}'?>\n{DOMAIN.format('<none/>')}".encode(encoding)
    assert len(Plan([mentioning]).check(Source("a.xml", data)).findings) == 1


def test_lines_that_were_seen_before_make_no_difference() -> None:
    vocabulary = Vocabulary([b"one", b"two"])
    for data, words in [
        (b"<a>\n<one/>\n</a>", {b"one"}),
        (b"<a>\n<two/>\n</a>", {b"two"}),
        (b"<a>\n<one/>\n<two/></a>", {b"one", b"two"}),
        (b"<a>\n<b/>\n</a>", set()),
        (b"<a b='/one/three'>\n</a>", {b"one"}),
    ] * 2:
        assert vocabulary.words_in(data) == words
    assert vocabulary.words_in(b"\n".join(b"<x%d/>" % number for number in range(20_000)) + b"<one/>") == {b"one"}
    assert vocabulary.words_in(b"<two/>") == {b"two"}


def _without_mentions() -> list[Rule]:
    return [one._replace(mentions=()) for one in catalogue()]


def _domains() -> Iterator[tuple[str, bytes]]:
    for one in catalogue():
        for example in (one.bad, one.good):
            yield one.code, whole_document(example).encode()
    for path in sorted(Path(CORPUS).glob("*/*/domains/*.xml")) if CORPUS else ():
        yield path.name, path.read_bytes()


def test_no_rule_finds_anything_without_what_it_mentions() -> None:
    """Held against the same rules without mentions, for the domains of all examples, and those of the corpus."""
    plan, patient = Plan(catalogue(), libvirt=Version(11, 3, 0)), Plan(_without_mentions(), libvirt=Version(11, 3, 0))
    for name, data in _domains():
        assert plan.check(Source(name, data)) == patient.check(Source(name, data)), name


def test_what_one_rule_alone_looks_at_is_met() -> None:
    """The words of all paths count, whichever rules are chosen: the engine passes over what none of them needs."""
    for one in catalogue().select(ignore=["SUP"]):
        source, libvirt = Source("a.xml", whole_document(one.bad).encode()), one.bad.libvirt
        hosts, networks = example_hosts(one.bad), example_networks(one.bad)
        plan = Plan([one], hosts, networks, Version.parse(libvirt) if libvirt else None, strict=True)
        assert one.code in {finding.code for finding in plan.check(source).findings}, one.code
