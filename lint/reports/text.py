"""text: for people. Each finding with the line it is about, what happens there, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from click import style

from domlint.engine import FileReport
from domlint.findings import Finding, Location, Severity
from domlint.printable import printable
from domlint.reports.words import WIDTH, columns_of, hosts_in_words, told_together, wrapped
from domlint.run import Report

_LONGEST_EXCERPT = 140

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(report: Report, columns: int | None = None) -> str:
    """Write the report with colours; who prints it strips them where they are not wanted.

    ``columns`` is the width of the terminal, None where there is none.
    """
    blocks = []
    for file in report.checked:
        given = report.hosts_of(file)
        lines = dict(file.lines)
        for findings in told_together(file.findings):
            messages = _by_hosts([(one.message, one) for one in findings], file, given)
            helps = _by_hosts([(one.help, one) for one in findings if one.help], file, given)
            if len(helps) == 1 and all(one.help for one in findings):
                helps = [(helps[0][0], "")]
            blocks.append(finding_block(findings[0], lines, messages, helps, columns))
    return "".join(f"{block}\n" for block in blocks)


_MOST_WORDINGS = 2
"""How often a finding is told whose words differ from host to host."""


def _by_hosts(told: Iterable[tuple[str, Finding]], file: FileReport, given: Sequence[str]) -> list[tuple[str, str]]:
    """Each text once, with the hosts it is told of; of many the first ones, and where there are others."""
    grouped: dict[str, list[Finding]] = {}
    for text, finding in told:
        grouped.setdefault(text, []).append(finding)

    def where(findings: Iterable[Finding]) -> str:
        hosts = tuple(host for finding in findings for host in finding.hosts)
        return hosts_in_words(hosts, file, given)

    shown = [(text, where(findings)) for text, findings in list(grouped.items())[:_MOST_WORDINGS]]
    if others := [finding for findings in list(grouped.values())[_MOST_WORDINGS:] for finding in findings]:
        shown.append((f"in other words on {where(others)}", ""))
    return shown


def finding_block(
    finding: Finding,
    lines: Mapping[int, str],
    messages: Iterable[tuple[str, str]],
    helps: Iterable[tuple[str, str]],
    columns: int | None = None,
) -> str:
    """A finding with its messages and ways out, each with the hosts it is of, "" where that needs no word.

    ``lines`` has the text of the file's lines that findings point at.
    """
    location, colour = finding.location, COLOURS[finding.severity]
    place = style(f"{printable(location.file)}:{location.line}:{location.column}:", bold=True)
    kind = style(f"{finding.severity.value}[{finding.code}]", fg=colour, bold=True)
    rows = [f"{place} {kind} {finding.name}"]
    for message, hosts in messages:
        rows += labelled("", message, columns)
        rows += labelled("on", hosts, columns) if hosts else []
    text = lines.get(location.line)
    if text is not None:
        rows += _excerpt(location, text, colour, columns)
    for related in finding.related:
        rows += labelled("see:", f"line {related.location.line}: {related.message}", columns)
    for help_, hosts in helps:
        rows += labelled("help:", f"{help_} (on {hosts})" if hosts else help_, columns)
    return "\n".join(rows) + "\n"


def labelled(label: str, text: str, columns: int | None = None) -> list[str]:
    """The rows of a text behind its label, one below the other."""
    indent = " " * (len(label) + 3 if label else 2)
    first, *others = wrapped(text, room_for(indent, columns))
    return [f"  {style(label, bold=True)} {first}" if label else f"  {first}", *(f"{indent}{row}" for row in others)]


def room_for(indent: str, columns: int | None) -> int:
    """The characters that a row has behind its indentation."""
    return max(min(WIDTH, columns or WIDTH), _NARROWEST) - len(indent)


_NARROWEST = 40


def _excerpt(location: Location, text: str, colour: str, columns: int | None) -> list[str]:
    number = str(location.line)
    longest = min(_LONGEST_EXCERPT, max(columns or _LONGEST_EXCERPT, _NARROWEST) - len(number) - len("   | "))
    start = location.column - 1
    end = location.end_column - 1 if location.end_line == location.line else len(text)
    end = max(end, start + 1)
    cut = 0
    if len(text) > longest:
        cut = max(0, min(start - 20, len(text) - longest))
    shown, before = text[cut : cut + longest], text[cut:start]
    marked = text[start : min(end, cut + longest)]
    bar = style(f"{' ' * len(number)} |", dim=True)
    return [
        f"  {bar}",
        f"  {style(f'{number} |', dim=True)} {_flat(shown)}",
        f"  {bar} {' ' * columns_of(_flat(before))}"
        f"{style('^' * max(columns_of(_flat(marked)), 1), fg=colour, bold=True)}",
    ]


def _flat(text: str) -> str:
    return printable(text.replace("\t", "    "))
