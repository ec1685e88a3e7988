"""concise: one line for each finding."""

from __future__ import annotations

from domlint.printable import printable
from domlint.run import Report


def render(report: Report) -> str:
    """Write ``file:line:column: severity[CODE] message``, with the hosts where several were asked."""
    lines = []
    for finding in report.findings:
        location = finding.location
        line = f"{location.file}:{location.line}:{location.column}: {finding.severity.value}[{finding.code}] "
        line += finding.message
        if len(report.host_ids) > 1:
            line += f" (hosts: {', '.join(finding.hosts)})"
        lines.append(printable(line))
    return "".join(f"{line}\n" for line in lines)
