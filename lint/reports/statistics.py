"""--statistics: in place of the findings, how many there are of each rule."""

from __future__ import annotations

from collections import Counter
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
    told = [first for file in report.checked for first, *_others in told_together(file.findings)]
    found = Counter((finding.code, finding.name) for finding in told)
    gravest = {
        finding.code: COLOURS[severity]
        for severity in reversed(Severity)
        for finding in told
        if finding.severity is severity
    }
    by_code: dict[str, list[Finding]] = {}
    for finding in told:
        by_code.setdefault(finding.code, []).append(finding)
    marks = {code: _mark(findings) for code, findings in by_code.items()}
    has_marks = any(mark.strip("[ ]") for mark in marks.values())
    by_count = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    digits = max((len(str(count)) for _kind, count in by_count), default=0)
    letters = max((len(code) for (code, _name), _count in by_count), default=0)
    return "".join(
        f"{count:>{digits}}  {style(f'{code:<{letters}}', fg=gravest[code], bold=True)}  "
        f"{f'{marks[code]} ' if has_marks else ''}{name}\n"
        for (code, name), count in by_count
    )


def _mark(findings: Collection[Finding]) -> str:
    """Whether findings of a rule can be fixed: all of them and safely, or some, or none."""
    remedies = [finding.remedy for finding in findings if finding.remedy is not None]
    if not remedies:
        return "[ ]"
    return "[*]" if len(remedies) == len(findings) and all(remedy.is_safe for remedy in remedies) else "[-]"
