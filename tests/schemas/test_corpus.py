"""The schemas against real files: domains with libvirt's own verdict on their structure, capability files of hosts.

DOMLINT_CORPUS names a folder; domains/ with a verdicts.jsonl beside it, mutants with a truth.jsonl and the files of
hosts are looked for anywhere below. Those of hosts beside this file and in examples/ are read without it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from xsd import SCHEMAS, mistakes

CORPUS = os.environ.get("DOMLINT_CORPUS")
HOST_ROOTS = {"qemuCaps", "domainCapabilities", "capabilities"}

needs_corpus = pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")


def root_of(path: Path) -> etree._Element | None:
    try:
        return etree.parse(str(path)).getroot()
    except etree.XMLSyntaxError:
        return None


def judged_domains() -> Iterator[tuple[Path, bool]]:
    """Each domain of the corpus, and whether libvirt's schema takes it; the same text once."""
    seen = set()
    for verdicts in sorted(Path(CORPUS or "").rglob("verdicts.jsonl")):
        valid = {}
        for line in verdicts.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            valid[row["domain"]] = not row.get("schema_invalid")
        for name in sorted(valid):
            path = verdicts.parent / "domains" / name
            digest = hashlib.sha256(path.read_bytes()).digest()
            if digest not in seen:
                seen.add(digest)
                yield path, valid[name]


@needs_corpus
def test_domains_are_judged_as_libvirt_judges_them() -> None:
    alarms, missed, invalid = [], [], 0
    for path, valid in judged_domains():
        root = root_of(path)
        if root is None:
            continue
        found = next(mistakes(root), None)
        invalid += not valid
        if valid and found:
            alarms.append(f"{path}:{found[0]}: {found[1]}")
        if not valid and not found:
            missed.append(str(path))
    assert alarms == []
    assert len(missed) <= 0.03 * invalid, missed


@needs_corpus
def test_mutants_are_judged_as_libvirt_judges_them() -> None:
    rows = []
    for truth in sorted(Path(CORPUS or "").rglob("truth.jsonl")):
        rows += [(truth.parent, json.loads(line)) for line in truth.read_text(encoding="utf-8").splitlines()]
    assert rows
    wrong = {True: 0, False: 0}
    for folder, row in rows:
        root = root_of(folder / row["file"])
        assert root is not None
        wrong[row["valid"]] += row["valid"] == any(mistakes(root))
    invalid = sum(not row["valid"] for _, row in rows)
    assert wrong[False] <= 0.02 * invalid
    assert wrong[True] <= (len(rows) - invalid) / 60


@needs_corpus
def test_files_of_hosts_in_the_corpus_are_valid() -> None:
    check_hosts(Path(CORPUS or ""), at_least=50)


@pytest.mark.parametrize(
    ("folder", "at_least"), [(SCHEMAS.parent / "examples", 3), (SCHEMAS.parent / "tests" / "realcaps", 8)]
)
def test_files_of_real_hosts_are_valid(folder: Path, at_least: int) -> None:
    check_hosts(folder, at_least)


def check_hosts(folder: Path, at_least: int) -> None:
    count, wrong = 0, []
    for path in sorted(folder.rglob("*.xml")):
        if path.parent.name in ("domains", "mutants"):
            continue
        root = root_of(path)
        if root is not None and root.tag in HOST_ROOTS:
            count += 1
            wrong += [f"{path}:{line}: {reason}" for line, reason in mistakes(root)]
    assert wrong == []
    assert count >= at_least
