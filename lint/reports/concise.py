"""concise: one line for each finding."""

from __future__ import annotations

from domlint.printable import printable
from domlint.reports.words import hosts_in_words
from domlint.run import Report


def render(report: Report, _columns: int | None = None) -> str:
    """Write ``file:line:column: severity[CODE] message``, with the hosts where several were asked."""
    lines = []
    for file in report.checked:
        given = report.hosts_of(file)
        for finding in file.findings:
            location = finding.location
            line = f"{location.file}:{location.line}:{location.column}: {finding.severity.value}[{finding.code}] "
            line += finding.message
            if hosts := hosts_in_words(finding.hosts, file, given):
                line += f" (on {hosts})"
            lines.append(printable(line))
    return "".join(f"{line}\n" for line in lines)
