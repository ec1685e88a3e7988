"""--statistics: in place of the findings, how many there are of each rule."""

from __future__ import annotations

from collections.abc import Collection

from click import style

from domlint.findings import Finding, Severity
from domlint.reports.text import COLOURS
from domlint.reports.words import told_together
from domlint.run import Report


def render(report: Report, _columns: int | None = None) -> str:
    """Write a line for each rule that found something: the number, the code and the name, the most first.

    What is told of several hosts is one finding, as in the summary. The colour is that of a rule's gravest finding.
    Where something can be fixed, ``[*]`` marks rules of which ``--fix`` mends all findings, ``[-]`` those of which it
    mends some, or can with ``--unsafe-fixes``.
    """
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for file in report.checked:
        for first, *_others in told_together(file.findings):
            by_rule.setdefault((first.code, first.name), []).append(first)
    marks = {rule: _mark(findings) for rule, findings in by_rule.items()}
    has_marks = any(mark.strip("[ ]") for mark in marks.values())
    digits = max((len(str(len(findings))) for findings in by_rule.values()), default=0)
    letters = max((len(code) for code, _name in by_rule), default=0)
    return "".join(
        f"{len(findings):>{digits}}  {style(f'{code:<{letters}}', fg=_colour(findings), bold=True)}  "
        f"{f'{marks[code, name]} ' if has_marks else ''}{name}\n"
        for (code, name), findings in sorted(by_rule.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _colour(findings: Collection[Finding]) -> str:
    """The colour of the gravest finding."""
    severities = {finding.severity for finding in findings}
    return next(COLOURS[severity] for severity in Severity if severity in severities)


def _mark(findings: Collection[Finding]) -> str:
    """Whether findings of a rule can be fixed: all of them and safely, or some, or none."""
    remedies = [finding.remedy for finding in findings if finding.remedy is not None]
    if not remedies:
        return "[ ]"
    return "[*]" if len(remedies) == len(findings) and all(remedy.is_safe for remedy in remedies) else "[-]"
