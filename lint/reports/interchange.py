"""What the formats for other programs share: one text for a finding, and text that strict readers take."""

from __future__ import annotations

from typing import Any

from domlint.engine import FileReport
from domlint.findings import Finding
from domlint.printable import printable
from domlint.reports.words import hosts_in_words
from domlint.run import Report


def in_full(finding: Finding, file: FileReport, report: Report) -> str:
    """The message, the way out, and the hosts where several were asked: a line for each, without control characters."""
    lines = [finding.message]
    if finding.help:
        lines.append(f"help: {finding.help}")
    if hosts := hosts_in_words(finding.hosts, file, report.hosts_of(file)):
        lines.append(f"on {hosts}")
    return "\n".join(map(printable, lines))


def in_lines(text: str) -> str:
    """The text with its lines, but without any other control character."""
    return "\n".join(map(printable, text.split("\n")))


def files_of_interest(report: Report) -> list[FileReport]:
    """The files that were checked, without those that are nothing of libvirt's."""
    return [
        file
        for file in report.checked
        if file.is_domain or file.findings or file.suppressed or file.old or file.crashes
    ]


def well_formed(value: Any) -> Any:
    """JSON's values with halves of surrogate pairs, which names of files may have, as visible escapes.

    Python writes and reads such halves; other readers take a whole report with one of them for broken.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {well_formed(key): well_formed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [well_formed(one) for one in value]
    return value
