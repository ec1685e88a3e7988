"""text: for people. Each finding with the line it is about, what happens there, and the way out."""

from __future__ import annotations

from click import style

from domlint.findings import Finding, Location, Severity
from domlint.printable import printable
from domlint.run import Report

WIDTH = 100
"""The columns that messages are wrapped to."""

_LONGEST_EXCERPT = 140

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(report: Report) -> str:
    """Write the report with colours; who prints it strips them where they are not wanted."""
    many_hosts = len(report.host_ids) > 1
    return "".join(f"{_finding(finding, report, many_hosts)}\n" for finding in report.findings)


def _finding(finding: Finding, report: Report, many_hosts: bool) -> str:
    location, colour = finding.location, COLOURS[finding.severity]
    place = style(f"{printable(location.file)}:{location.line}:{location.column}:", bold=True)
    kind = style(f"{finding.severity.value}[{finding.code}]", fg=colour, bold=True)
    lines = [f"{place} {kind} {finding.name}"]
    lines += _wrapped("", finding.message)
    text = report.lines.get((location.file, location.line))
    if text is not None:
        lines += _excerpt(location, text, colour)
    for related in finding.related:
        lines += _wrapped("see:", f"line {related.location.line}: {related.message}")
    if finding.help:
        lines += _wrapped("help:", finding.help)
    if many_hosts:
        lines += _wrapped("hosts:", _hosts_in_words(finding.hosts, len(report.host_ids)))
    return "\n".join(lines) + "\n"


def _wrapped(label: str, text: str) -> list[str]:
    # The standard library's textwrap compiles patterns for a millisecond before it wraps its first line.
    indent = " " * (len(label) + 3 if label else 2)
    room = WIDTH - len(indent)
    rows = [""]
    for word in printable(text).split(" "):
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if len(joined) <= room:
            rows[-1] = joined
        else:
            rows += [word[start : start + room] for start in range(0, len(word), room)]
    first, *others = [row for row in rows if row] or [""]
    return [f"  {style(label, bold=True)} {first}" if label else f"  {first}", *(f"{indent}{row}" for row in others)]


def _hosts_in_words(hosts: tuple[str, ...], total: int) -> str:
    if len(hosts) == total:
        return f"all {total}"
    return f"{len(hosts)} of {total}: {', '.join(hosts)}"


def _excerpt(location: Location, text: str, colour: str) -> list[str]:
    start = location.column - 1
    end = location.end_column - 1 if location.end_line == location.line else len(text)
    end = max(end, start + 1)
    cut = 0
    if len(text) > _LONGEST_EXCERPT:
        cut = max(0, min(start - 20, len(text) - _LONGEST_EXCERPT))
    shown, before = text[cut : cut + _LONGEST_EXCERPT], text[cut:start]
    marked = text[start : min(end, cut + _LONGEST_EXCERPT)]
    number = str(location.line)
    bar = style(f"{' ' * len(number)} |", dim=True)
    return [
        f"  {bar}",
        f"  {style(f'{number} |', dim=True)} {_flat(shown)}",
        f"  {bar} {' ' * _width(before)}{style('^' * max(_width(marked), 1), fg=colour, bold=True)}",
    ]


def _flat(text: str) -> str:
    return printable(text.replace("\t", "    "))


def _width(text: str) -> int:
    flat = _flat(text)
    if flat.isascii():
        return len(flat)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in flat)
