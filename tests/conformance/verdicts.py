"""What libvirt says of domains and capability files, read from a folder, and how far domlint agrees.

Two layouts are known. A corpus has a folder for each version of libvirt with ``verdicts.jsonl``, ``domains/`` and
``caps/``: a JSON object a line, with "domain", "caps", "arch" and "verdict" ("ok", "parse": refused when it is defined,
"start"). And the ``tests`` folder of a libvirt source tree has domains in ``qemuxmlconfdata`` (``qemuxml2argvdata`` in
older ones), beside each the command line or the error that libvirt makes of it with a capability file: NAME.xml with
NAME.ARCH-VERSION.args or .err, and ``qemucapabilitiesdata/caps_VERSION_ARCH.xml``.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from domlint.engine import Plan, Source
from domlint.findings import Outcome
from domlint.hosts import load_host
from domlint.rules import catalogue
from domlint.versions import Version


class Pair(NamedTuple):
    """A domain and a capability file, and whether libvirt refuses to define or to start it there."""

    domain: Path
    caps: Path
    arch: str
    is_refused: bool


class Corpus(NamedTuple):
    """The verdicts of one version of libvirt."""

    name: str
    libvirt: Version
    pairs: tuple[Pair, ...]


class Figures(NamedTuple):
    """How far domlint agrees; shares are between 0 and 1.

    ``false_alarms``: of the pairs that libvirt accepts, those predicted refused. ``caught``: of the domains refused
    with every capability file, the mean share of pairs predicted so. ``dependent``: of the domains whose verdict hangs
    on the file, the mean share predicted right (1 where there is none). ``overall``: of all domains.
    """

    false_alarms: float
    caught: float
    dependent: float
    overall: float


class Disagreement(NamedTuple):
    """A pair that domlint is wrong about, and the codes by which it refuses it."""

    pair: Pair
    codes: tuple[str, ...]


def corpora(folder: Path) -> Iterator[Corpus]:
    """All that a folder holds, in either layout."""
    for verdicts in sorted(folder.glob("*/*/verdicts.jsonl")):
        version = verdicts.parent.name
        folders = (verdicts.parent / "caps", folder / "libvirt" / version / "caps")
        caps = next(path for path in folders if path.is_dir())
        rows = map(json.loads, verdicts.read_text().splitlines())
        pairs = (
            Pair(verdicts.parent / "domains" / row["domain"], caps / row["caps"], row["arch"], row["verdict"] != "ok")
            for row in rows
        )
        yield Corpus(f"{verdicts.parent.parent.name} {version}", Version.parse(version), tuple(pairs))
    if (folder / "qemucapabilitiesdata").is_dir():
        version = _version_of_tree(folder.parent)
        yield Corpus(f"tests of {version}", version, tuple(_pairs_of_tree(folder)))


def _version_of_tree(tree: Path) -> Version:
    found = re.search(r"version: '([\d.]+)'", (tree / "meson.build").read_text())
    if found is None:
        raise ValueError(f"{tree}/meson.build names no version")
    return Version.parse(found[1])


_VERDICT = re.compile(
    r"(?P<name>.+)\.(?P<arch>[a-z0-9_]+)-(?P<version>latest|[\d.]+)(?P<variant>\+\w+)?\.(?P<kind>args|err)"
)


def _pairs_of_tree(tests: Path) -> Iterator[Pair]:
    caps: dict[tuple[str, str], dict[tuple[int, ...], Path]] = defaultdict(dict)
    for path in tests.glob("qemucapabilitiesdata/caps_*.xml"):
        named = re.fullmatch(r"caps_([\d.]+)[._]([a-z0-9_]+)(\+\w+)?\.xml", path.name)
        if named is not None:
            caps[named[2], named[3] or ""][tuple(map(int, named[1].split(".")))] = path
    for folder in ("qemuxmlconfdata", "qemuxml2argvdata"):
        for path in sorted(tests.glob(f"{folder}/*")):
            named = _VERDICT.fullmatch(path.name)
            domain = path.parent / f"{named['name']}.xml" if named is not None else path
            if named is None or not domain.is_file():
                continue
            known = caps.get((named["arch"], named["variant"] or ""), {})
            version = named["version"]
            wanted = max(known, default=()) if version == "latest" else tuple(map(int, version.split(".")))
            if wanted in known:
                yield Pair(domain, known[wanted], named["arch"], named["kind"] == "err")


def judge(corpus: Corpus) -> tuple[Figures, list[Disagreement]]:
    """Hold domlint against a corpus."""
    by_caps: dict[Path, list[Pair]] = defaultdict(list)
    for pair in corpus.pairs:
        by_caps[pair.caps].append(pair)
    right: dict[tuple[Path, str], list[tuple[bool, bool]]] = defaultdict(list)
    wrong: list[Disagreement] = []
    for caps, pairs in sorted(by_caps.items()):
        plan = Plan(catalogue(), [load_host(caps)], libvirt=corpus.libvirt)
        found: dict[Path, tuple[str, ...]] = {}
        for pair in pairs:
            if pair.domain not in found:
                found[pair.domain] = _refusing(plan, pair.domain)
            is_right = bool(found[pair.domain]) == pair.is_refused
            right[pair.domain, pair.arch].append((pair.is_refused, is_right))
            if not is_right:
                wrong.append(Disagreement(pair, found[pair.domain]))
    shares = {domain: sum(is_right for _, is_right in each) / len(each) for domain, each in right.items()}
    kinds = {domain: {is_refused for is_refused, _ in each} for domain, each in right.items()}
    accepted = sum(not pair.is_refused for pair in corpus.pairs)
    alarms = sum(not one.pair.is_refused for one in wrong)
    figures = Figures(
        alarms / max(accepted, 1),
        _mean(shares[domain] for domain, kind in kinds.items() if kind == {True}),
        _mean(shares[domain] for domain, kind in kinds.items() if len(kind) == 2),
        _mean(shares.values()),
    )
    return figures, wrong


def _refusing(plan: Plan, domain: Path) -> tuple[str, ...]:
    report = plan.check(Source(str(domain), domain.read_bytes()))
    assert report.crashes == ()
    refusals = (finding for finding in report.findings if finding.outcome in (Outcome.DEFINE, Outcome.START))
    return tuple(dict.fromkeys(finding.code for finding in refusals))


def _mean(shares: Iterable[float]) -> float:
    listed = list(shares)
    return sum(listed) / len(listed) if listed else 1.0
