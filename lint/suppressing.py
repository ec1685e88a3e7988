"""Holding findings against what a file suppresses: what is told, what is not, and what suppresses nothing."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from domlint.findings import Finding
from domlint.rule import Names
from domlint.suppressions import Misunderstood, Name, Said, Suppression

FAMILY: Final = "SUP"
"""The letters of the rules about suppressions, which none can suppress."""


_MOST_NEAREST: Final = 20
"""Unknown names of a file for which those are looked up that are like them."""


class Unknown(NamedTuple):
    """A name in a suppression that is that of no rule, with some that are like it, the nearest first."""

    suppression: Suppression
    name: Name
    nearest: tuple[str, ...]


class Unused(NamedTuple):
    """Names of a suppression that suppress nothing, though their rules were asked, or that cover nothing at all."""

    suppression: Suppression
    names: tuple[Name, ...]


class Refused(NamedTuple):
    """A name in a suppression, and the rules, by code, that it means and that may not be suppressed."""

    suppression: Suppression
    name: Name
    codes: tuple[str, ...]


class Applied(NamedTuple):
    """What came of the suppressions of a file. ``suppressed`` has the nearest suppression of each finding."""

    suppressed: Mapping[Finding, Suppression]
    unused: tuple[Unused, ...]
    unknown: tuple[Unknown, ...]
    refused: tuple[Refused, ...]
    misunderstood: tuple[Misunderstood, ...]


_Entry = tuple[int, int]
"""A name in a suppression, by their numbers: values with much in them take long to look up."""


def apply(
    said: Iterable[Said],
    findings: Sequence[Finding],
    names: Names,
    not_ignorable: Collection[str],
    can_speak: Callable[[str], bool],
) -> Applied:
    """Hold the findings of a file against what it suppresses.

    ``not_ignorable`` are the codes of rules that may not be suppressed. ``can_speak`` tells of a code whether the rule
    was asked about this file, so that its silence means something.
    """
    said = list(said)
    suppressions = [one for one in said if isinstance(one, Suppression)]
    misunderstood = [one for one in said if isinstance(one, Misunderstood)]
    entries = {
        (number, place): name
        for number, suppression in enumerate(suppressions)
        for place, name in enumerate(suppression.names)
    }
    codes, unknown = _codes(
        ((suppressions[number], name) for (number, _), name in entries.items()), names, misunderstood
    )
    by_text: dict[str, list[_Entry]] = {}
    for entry, name in entries.items():
        by_text.setdefault(_normalised(name), []).append(entry)
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    covering = _Covering(suppressions)
    for text, alike in by_text.items():
        concerned = [finding for code in codes.get(text, ()) for finding in by_code.get(code, ())]
        if concerned:
            covering.cover(alike, sorted(concerned, key=lambda finding: finding.location.offset))
    suppressed: dict[Finding, Suppression] = {}
    refused: dict[_Entry, list[str]] = {}
    for finding, entry in covering.found.items():
        if finding.code in not_ignorable:
            refused.setdefault(entry, []).append(finding.code)
        else:
            suppressed[finding] = suppressions[entry[0]]
    for entry, name in entries.items():
        own = codes.get(_normalised(name), frozenset())
        if own and own <= frozenset(not_ignorable) and entry not in refused:
            refused[entry] = sorted(own)
    speaking = {text: all(map(can_speak, own)) for text, own in codes.items()}
    idle: dict[int, list[Name]] = {}
    for entry, name in entries.items():
        if entry in covering.used or entry in refused:
            continue
        if suppressions[entry[0]].spans == () or speaking.get(_normalised(name), False):
            idle.setdefault(entry[0], []).append(name)
    return Applied(
        suppressed,
        tuple(Unused(suppressions[number], tuple(found)) for number, found in idle.items()),
        tuple(unknown),
        tuple(
            Refused(suppressions[entry[0]], entries[entry], tuple(dict.fromkeys(found)))
            for entry, found in sorted(refused.items())
        ),
        tuple(misunderstood),
    )


def _normalised(name: Name) -> str:
    return name.text.upper()


def _codes(
    used: Iterable[tuple[Suppression, Name]], names: Names, misunderstood: list[Misunderstood]
) -> tuple[dict[str, frozenset[str]], list[Unknown]]:
    """The codes that each name means, and the names that mean none."""
    codes: dict[str, frozenset[str]] = {}
    nearest: dict[str, tuple[str, ...]] = {}
    unknown = []
    for suppression, name in used:
        text = _normalised(name)
        if text not in codes and text not in nearest:
            matching = names.matching(name.text)
            if matching:
                codes[text] = frozenset(matching)
            else:
                # To look for what is like a name takes long.
                nearest[text] = names.nearest(name.text) if len(nearest) < _MOST_NEAREST else ()
        if text in nearest:
            unknown.append(Unknown(suppression, name, nearest[text]))
        elif all(code.startswith(FAMILY) for code in codes[text]):
            message = f"{name.text} is about suppressions themselves, and cannot be suppressed by one"
            misunderstood.append(Misunderstood(name.location, message, "put it into ignore of the configuration"))
    own = {text: frozenset(code for code in found if not code.startswith(FAMILY)) for text, found in codes.items()}
    return {text: found for text, found in own.items() if found}, unknown


class _Covering:
    """Which suppressions cover which findings: of each finding the nearest, and all that cover one."""

    def __init__(self, suppressions: Sequence[Suppression]) -> None:
        self.found: dict[Finding, _Entry] = {}
        self.used: set[_Entry] = set()
        self._suppressions = suppressions

    def cover(self, entries: Iterable[_Entry], findings: Iterable[Finding]) -> None:
        """Take note of entries that all mean these findings, which are sorted by their place."""
        lines: dict[int, list[_Entry]] = {}
        spans: list[tuple[int, float, _Entry]] = []
        for entry in entries:
            suppression = self._suppressions[entry[0]]
            if suppression.line is not None:
                lines.setdefault(suppression.line, []).append(entry)
            elif suppression.spans is None:
                spans.append((-1, float("inf"), entry))
            else:
                spans += [(start, end, entry) for start, end in suppression.spans]
        numbers = sorted(lines)
        spans.sort(key=lambda span: (span[0], -span[1]))
        # Elements lie within each other or apart: those that a place is in form a stack.
        stack: list[_Frame] = []
        at = 0
        for finding in findings:
            location = finding.location
            while at < len(spans) and spans[at][0] <= location.offset:
                start, end, entry = spans[at]
                while stack and stack[-1].end <= start:
                    stack.pop()
                stack.append(_Frame(end, entry))
                at += 1
            while stack and stack[-1].end <= location.offset:
                stack.pop()
            if stack:
                self._take(finding, stack[-1].entry)
            for frame in reversed(stack):
                if frame.is_used:
                    break  # and so are those around it
                frame.is_used = True
                self.used.add(frame.entry)
            for number in numbers[bisect_left(numbers, location.line) :]:
                if number > location.end_line:
                    break
                self.used.update(lines[number])
                self._take(finding, lines[number][-1])

    def _take(self, finding: Finding, entry: _Entry) -> None:
        known = self.found.get(finding)
        # What comes later in the file is nearer: behind the finding, or around less.
        if known is None or known < entry:
            self.found[finding] = entry


class _Frame:
    """A span that a place is in, and whether it is known to cover a finding."""

    __slots__ = ("end", "entry", "is_used")

    def __init__(self, end: float, entry: _Entry) -> None:
        self.end = end
        self.entry = entry
        self.is_used = False
