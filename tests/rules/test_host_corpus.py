"""What the HOST rules say of every domain and capability file of the corpus, held against libvirt's own verdicts.

verdicts.jsonl beside domains/ and caps/ of each version of libvirt has a JSON object for each pair of a domain and a
capability file: "verdict" is "ok", "parse" (refused when it is defined) or "start", "error" libvirt's message.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from domlint.engine import Plan, Source
from domlint.findings import Finding, Outcome
from domlint.hosts import load_host
from domlint.hosts.machine_types import came_in, dropped_in
from domlint.rules import catalogue
from domlint.versions import Version

CORPUS = Path(os.environ.get("DOMLINT_CORPUS", "/nonexistent"))
SETS = [
    folder
    for root in ("libvirt", "wild")
    for folder in sorted((CORPUS / root).glob("*"))
    if (folder / "verdicts.jsonl").is_file()
]
CAPS = sorted((CORPUS / "libvirt").glob("*/caps/*.xml"))
RULES = [rule for rule in catalogue() if rule.code.startswith("HOST")]

needs_corpus = pytest.mark.skipif(not SETS, reason="DOMLINT_CORPUS does not name the corpus")

PREDICTED = (
    "does not support machine type",
    "does not support virt type",
    "does not support arch",
    "Maximum CPUs greater than specified",
    "does not support ACPI",
    "is not supported by hypervisor",
    "could not get preferred machine",
    "toggling deprecated features",
)
"""Parts of libvirt's messages: each refusal of that kind is to be predicted, with its outcome."""

ANOTHER_EMULATOR = "does not support arch 'i686'"
"""Of this refusal the file given tells nothing: libvirt took another binary, qemu-system-i386, which that host had
without any capabilities. A libvirt 9.0 with both binaries, or with that of x86_64 alone, takes the domain."""


class Pair(NamedTuple):
    domain: Path
    caps: str
    verdict: str
    error: str
    findings: tuple[Finding, ...]

    @property
    def refusals(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.outcome in (Outcome.DEFINE, Outcome.START)]


def pairs(folder: Path) -> Iterator[Pair]:
    by_caps = defaultdict(list)
    for line in (folder / "verdicts.jsonl").read_text().splitlines():
        row = json.loads(line)
        by_caps[row["caps"]].append(row)
    for caps, rows in sorted(by_caps.items()):
        host = load_host(CORPUS / "libvirt" / folder.name / "caps" / caps)
        plan = Plan(RULES, [host], libvirt=Version.parse(folder.name))
        for row in rows:
            path = folder / "domains" / row["domain"]
            report = plan.check(Source(path.name, path.read_bytes()))
            assert report.crashes == ()
            yield Pair(path, caps, row["verdict"], row.get("error", ""), report.findings)


@needs_corpus
@pytest.mark.parametrize("folder", SETS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_refusals_are_predicted_without_a_false_alarm(folder: Path) -> None:
    false, missed, predicted = [], [], 0
    for pair in pairs(folder):
        shown = f"{pair.domain.name} with {pair.caps}"
        if pair.verdict == "ok":
            false += [f"{shown}: {finding.code} {finding.message}" for finding in pair.refusals]
        elif any(words in pair.error for words in PREDICTED) and ANOTHER_EMULATOR not in pair.error:
            outcome = Outcome.DEFINE if pair.verdict == "parse" else Outcome.START
            if outcome in {finding.outcome for finding in pair.refusals}:
                predicted += 1
            else:
                missed.append(f"{shown}: {pair.error}")
    assert false == []
    assert missed == []
    assert predicted > 0


@needs_corpus
@pytest.mark.parametrize("path", CAPS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_no_host_has_a_machine_that_came_later_or_was_dropped_before(path: Path) -> None:
    host = load_host(path)
    assert host.qemu_version is not None
    release = host.qemu_version[:2]
    for machine in host.machines:
        came, dropped = came_in(machine.name), dropped_in(machine.name)
        # A file made from a development version tells the version of the last release.
        assert came is None or came[:2] <= release or host.qemu_version.micro >= 50, machine.name
        assert dropped is None or dropped > release, machine.name
