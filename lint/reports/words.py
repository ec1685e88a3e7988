"""Words and widths that several reports share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from domlint.printable import printable

if TYPE_CHECKING:
    from domlint.engine import FileReport
    from domlint.findings import Finding

WIDTH = 100
"""The columns that text is wrapped to, where the terminal is not narrower."""

_MOST_NAMES = 10
_FEW_NAMES = 5


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def names_in_words(names: Sequence[str], most: int = _MOST_NAMES) -> str:
    """Names in a row; of very many the first ones, and how many more."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def hosts_in_words(hosts: Iterable[str], file: FileReport, given: Sequence[str]) -> str:
    """Hosts, as some of those that a domain was held against: "3 of 12 hosts: a, b, c".

    "" where that needs no word: with one host, and for what holds whatever the host.
    """
    if len(given) < 2:
        return ""
    fitting, concerned = set(file.hosts), set(hosts)
    against = [host for host in given if not fitting or host in fitting]
    found = [host for host in against if host in concerned]
    if not found or (not fitting and len(found) == len(given)):
        return ""
    if len(against) == 1:
        return f"the only host it fits: {found[0]}"
    of_all = "hosts" if len(against) == len(given) else "hosts it fits"
    if len(found) == len(against):
        return f"both {of_all}" if len(against) == 2 else f"all {len(against)} {of_all}"
    of = f"{len(found)} of {'' if len(against) == len(given) else 'the '}{len(against)} {of_all}"
    others = [host for host in against if host not in concerned]
    if len(found) > _FEW_NAMES and 2 * len(others) <= len(found):
        return f"{of}: all but {names_in_words(others)}"
    return f"{of}: {names_in_words(found)}"


def told_together(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """The findings of a file, those together that are one mistake, told of several hosts in the words of each.

    They differ in message, help and remedy alone, and no host has two of them.
    """
    for _key, group in groupby(findings, lambda finding: finding._replace(message="", help="", hosts=(), remedy=None)):
        alike = list(group)
        hosts = [host for finding in alike for host in finding.hosts]
        if all(finding.hosts for finding in alike) and len(set(hosts)) == len(hosts):
            yield alike
        else:
            yield from ([finding] for finding in alike)


def columns_of(text: str) -> int:
    """The columns that printable text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text)


def wrapped(text: str, room: int) -> list[str]:
    """Text made printable, in rows of at most so many characters; a longer word is cut. At least one row."""
    # The standard library's textwrap compiles patterns for a millisecond before it wraps its first line.
    rows = [""]
    for word in printable(text).split(" "):
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if len(joined) <= room:
            rows[-1] = joined
        else:
            rows += [word[start : start + room] for start in range(0, len(word), room)]
    return [row for row in rows if row] or [""]
