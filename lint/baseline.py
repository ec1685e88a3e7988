"""Baselines: the findings of some day, so that only later ones are told.

A finding is known again by its fingerprint (see domlint.fingerprints): edits elsewhere in the file, other hosts and
other versions do not make it a new one. Findings that are alike are counted by their places; where there are more than
there were, the last ones in the file are the new ones.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import groupby
from typing import Any, Final, NamedTuple

from domlint.engine import FileReport
from domlint.findings import Finding
from domlint.fingerprints import VERSION as FINGERPRINTS
from domlint.fingerprints import fingerprints
from domlint.printable import printable
from domlint.reading import read_at_most

DEFAULT_NAME: Final = "domlint-baseline.json"
"""The file that a baseline is written to where nothing else is said."""

_VERSION: Final = 1
_LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a baseline: that of a hundred thousand files with ten findings each."""


class Kind(Enum):
    """What is wrong with a baseline."""

    MISSING = "missing"
    OUTDATED = "outdated"
    FOREIGN = "foreign"
    UNREADABLE = "unreadable"


class BaselineError(Exception):
    """A file is no baseline that can be used. ``help`` says what to do, "" where there is nothing to add."""

    def __init__(self, file: str, message: str, help_: str = "", kind: Kind = Kind.FOREIGN) -> None:
        super().__init__(file, message, help_, kind)
        self.file = file
        self.message = message
        self.help = help_
        self.kind = kind

    def __str__(self) -> str:
        return f"{self.file}: {self.message}" + (f"\nhelp: {self.help}" if self.help else "")


class Entry(NamedTuple):
    """Findings of one file that are alike: the rule, the path of the element without positions, and in how many places.

    Code and fingerprint tell them from others; the rest is for people who read the file.
    """

    code: str
    element: str
    fingerprint: str
    name: str
    places: int


class Baseline(NamedTuple):
    """Findings of some day. ``files`` has them by the path of their file from the folder that the baseline is in."""

    path: str
    files: Mapping[str, tuple[Entry, ...]]

    def name_of(self, file: str) -> str:
        """What the baseline calls a file."""
        return os.path.relpath(os.path.abspath(file), os.path.dirname(os.path.abspath(self.path)))

    def path_of(self, name: str) -> str:
        """The path of a file that it calls so."""
        return os.path.join(os.path.dirname(os.path.abspath(self.path)), name)

    @property
    def total(self) -> int:
        """The number of findings."""
        return sum(entry.places for entries in self.files.values() for entry in entries)


class Compared(NamedTuple):
    """What came of holding a run against baselines: how many findings are old, how many of those there were are gone.

    ``paths`` are the baselines.
    """

    paths: tuple[str, ...]
    old: int
    gone: int


def baseline_of(path: str, reports: Iterable[FileReport]) -> Baseline:
    """A baseline, to be written to a path, of what was found."""
    empty = Baseline(path, {})
    found = {empty.name_of(report.file): tuple(sorted(_entries(report))) for report in reports if report.findings}
    return Baseline(path, dict(sorted(found.items())))


def updated(old: Baseline, new: Baseline, linted: Iterable[str]) -> Baseline:
    """The new baseline, and in it what the old one knows of files that were not linted, and are still there."""
    names = {new.name_of(file) for file in linted}
    kept = {
        name: entries for name, entries in old.files.items() if name not in names and os.path.lexists(old.path_of(name))
    }
    return Baseline(new.path, dict(sorted({**kept, **new.files}.items())))


def _entries(report: FileReport) -> Iterator[Entry]:
    places = _places(report)
    for digest, group in groupby(sorted(places, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
        findings = [finding for _digest, finding in group]
        first = findings[0]
        element = re.sub(r"\[\d+\]", "", first.location.xpath)
        yield Entry(first.code, element, digest, first.name, len({_place(finding) for finding in findings}))


def _places(report: FileReport) -> list[tuple[str, Finding]]:
    """Each finding with its fingerprint, less the number that tells alike ones apart."""
    numbered = fingerprints(report.findings, dict(report.lines))
    return [
        (fingerprint.rpartition(":")[0], finding)
        for fingerprint, finding in zip(numbered, report.findings, strict=True)
    ]


def _place(finding: Finding) -> tuple[int, int]:
    # The same mistake may be told several times at one place, in other words for other hosts.
    return finding.location.line, finding.location.column


def text_of(baseline: Baseline) -> bytes:
    """A baseline as it is written: JSON, sorted, with a line for each entry, so that changes can be read and merged."""
    files = []
    for name, entries in baseline.files.items():
        lines = ",\n".join(f"      {json.dumps(_as_object(entry))}" for entry in entries)
        files.append(f"    {json.dumps(name)}: [\n{lines}\n    ]")
    inner = "{\n" + ",\n".join(files) + "\n  }" if files else "{}"
    head = f'  "version": {_VERSION},\n  "fingerprints": {json.dumps(FINGERPRINTS)}'
    return f'{{\n{head},\n  "files": {inner}\n}}\n'.encode()


def _as_object(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "name": entry.name,
        "element": entry.element,
        "count": entry.places,
        "fingerprint": entry.fingerprint,
    }


def read_baseline(path: str) -> Baseline:
    """Read a baseline. Raises BaselineError."""
    try:
        data = read_at_most(path, _LARGEST)
    except FileNotFoundError:
        raise BaselineError(path, "no such file", "domlint baseline writes one", Kind.MISSING) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BaselineError(path, f"cannot be read: {reason}", kind=Kind.UNREADABLE) from None
    if len(data) > _LARGEST:
        raise BaselineError(path, f"larger than {_LARGEST // 1024 // 1024} MiB, so not a baseline")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise BaselineError(path, "this is no baseline: it is not well-formed JSON") from None
    if not isinstance(value, dict) or not isinstance(value.get("files"), dict) or "fingerprints" not in value:
        raise BaselineError(path, "this is no baseline: domlint baseline has not written it")
    if value.get("version") != _VERSION or value["fingerprints"] != FINGERPRINTS:
        message = "this baseline is of another version of domlint"
        raise BaselineError(path, message, "domlint baseline writes it anew", Kind.OUTDATED)
    return Baseline(path, {name: tuple(_read_entries(path, name, found)) for name, found in value["files"].items()})


def _read_entries(path: str, name: str, found: object) -> Iterator[Entry]:
    for one in found if isinstance(found, list) else [None]:
        if isinstance(one, dict):
            texts = [one.get(key) for key in ("code", "element", "fingerprint", "name")]
            count = one.get("count")
            if all(isinstance(text, str) for text in texts) and type(count) is int and count > 0:
                code, element, fingerprint, rule = map(str, texts)
                yield Entry(code, element, fingerprint, rule, count)
                continue
        message = f"this baseline is damaged, where it speaks of {printable(name)}"
        raise BaselineError(path, message, "domlint baseline writes it anew", Kind.OUTDATED)


def compare(
    reports: Sequence[FileReport],
    baseline_of_file: Callable[[str], Baseline | None],
    is_asked: Callable[[FileReport, str], bool],
) -> tuple[list[FileReport], Compared]:
    """The reports with the findings that their baselines do not know, and what came of it.

    ``is_asked`` tells whether a rule (its code) was asked about a file: where it was not, nothing of it is gone. Nor is
    what was found in files that are not among the reports, but still there.
    """
    compared = []
    old = gone = 0
    seen: dict[str, tuple[Baseline, set[str]]] = {}
    for report in reports:
        baseline = baseline_of_file(report.file)
        if baseline is None:
            compared.append(report)
            continue
        name = baseline.name_of(report.file)
        seen.setdefault(baseline.path, (baseline, set()))[1].add(name)
        entries = baseline.files.get(name, ())
        told, left = _without(report, entries)
        new = set(told)
        known = tuple(finding for finding in report.findings if finding not in new)
        old += len(known)
        gone += sum(count for code, count in left.items() if is_asked(report, code))
        compared.append(report._replace(findings=told, old=known))
    for baseline, names in seen.values():
        for name, entries in baseline.files.items():
            if name not in names and not os.path.lexists(baseline.path_of(name)):
                gone += sum(entry.places for entry in entries)
    return compared, Compared(tuple(seen), old, gone)


def _without(report: FileReport, entries: Iterable[Entry]) -> tuple[tuple[Finding, ...], dict[str, int]]:
    """The findings that are not among the entries, and for each rule how many of those there were are gone."""
    counts: dict[tuple[str, str], int] = {}
    for entry in entries:
        key = entry.code, entry.fingerprint
        counts[key] = counts.get(key, 0) + entry.places
    ranks: dict[tuple[str, str], dict[tuple[int, int], int]] = {}
    told = []
    for digest, finding in _places(report):
        own = ranks.setdefault((finding.code, digest), {})
        rank = own.setdefault(_place(finding), len(own) + 1)
        if rank > counts.get((finding.code, digest), 0):
            told.append(finding)
    gone: dict[str, int] = {}
    for key, count in counts.items():
        left = count - len(ranks.get(key, ()))
        if left > 0:
            gone[key[0]] = gone.get(key[0], 0) + left
    return tuple(told), gone


def read_if_there(path: str) -> Baseline | None:
    """The baseline at a path that is to be written, None where there is none yet.

    One of another version counts as empty. Raises BaselineError where something else is there.
    """
    try:
        return read_baseline(path)
    except BaselineError as error:
        if error.kind is Kind.MISSING:
            return None
        if error.kind is Kind.OUTDATED:
            return Baseline(path, {})
        if error.kind is Kind.FOREIGN:
            raise BaselineError(
                path, f"{error.message}; it is not overwritten", "remove it, or give another file with -o"
            ) from None
        raise


def differences(old: Baseline, new: Baseline) -> tuple[int, int]:
    """How many findings the new baseline has that the old one has not, and how many the other way round."""
    before, after = _counts(old), _counts(new)
    return sum((after - before).values()), sum((before - after).values())


def _counts(baseline: Baseline) -> Counter[tuple[str, str, str]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for name, entries in baseline.files.items():
        for entry in entries:
            counts[name, entry.code, entry.fingerprint] += entry.places
    return counts
