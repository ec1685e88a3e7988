"""--no-show-source: text for people, without the lines of the files that it is about."""

from __future__ import annotations

from domlint.engine import FileReport
from domlint.reports import text
from domlint.run import Report


def render(report: Report, columns: int | None = None) -> str:
    """Write what the format text writes, with no excerpts."""
    return text.render(report._replace(checked=tuple(map(_without_lines, report.checked))), columns)


def _without_lines(file: FileReport) -> FileReport:
    return file._replace(lines=())
