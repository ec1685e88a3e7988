"""The last line or two, which say what came of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from domlint.findings import Finding, Severity
from domlint.printable import printable
from domlint.reports.words import counted, names_in_words, told_together
from domlint.run import Report
from domlint.verdicts import is_vm

_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.NOTE: "notes"}


def summary_lines(report: Report, told_once: bool = True) -> list[str]:
    """The findings, the files and the hosts counted, in words; and, with several hosts, the VMs that do not pass.

    ``told_once`` counts a finding that is told of hosts in different words as one.
    """
    verdict = _verdict(report) if len(report.host_ids) > 1 else ""
    return [
        line for line in (_counted(report, told_once), verdict, _mendable(report, told_once), _gone(report)) if line
    ]


def _gone(report: Report) -> str:
    """How many of the findings of a baseline are gone, and what to do."""
    compared = report.compared
    if compared is None or not compared.gone:
        return ""
    files = printable(names_in_words(compared.paths))
    are = "old finding is" if compared.gone == 1 else "old findings are"
    return f"{compared.gone} {are} gone: domlint baseline, with the same options, brings {files} up to date."


def _mendable(report: Report, told_once: bool) -> str:
    """How many of the findings domlint can mend itself."""
    told = list(_told(report, told_once))
    safe = sum(one.remedy_for(False) is not None for one in told)
    unsafe = sum(one.remedy is not None for one in told) - safe
    if safe and unsafe:
        return f"{safe} can be fixed with --fix, {unsafe} more with --unsafe-fixes."
    if safe:
        return f"{safe} can be fixed with --fix."
    return f"{unsafe} can be fixed with --fix --unsafe-fixes." if unsafe else ""


def _told(report: Report, told_once: bool) -> Iterator[Finding]:
    """The findings, with ``told_once`` the first of those that are told together."""
    for file in report.checked:
        yield from (first for first, *_others in told_together(file.findings)) if told_once else file.findings


def _counted(report: Report, told_once: bool) -> str:
    checked = f"{counted(report.domains, 'domain')} in {counted(report.files, 'file')} checked"
    if report.hosts:
        checked += f" against {counted(len(report.host_ids), 'host')}"
    if report.suppressed:
        checked += f", {counted(len(report.suppressed), 'finding')} suppressed"
    if report.compared is not None:
        checked += f", {counted(report.compared.old, 'old finding')}"
    found = Counter(one.severity for one in _told(report, told_once))
    parts = [counted(found[severity], severity.value, _PLURALS[severity]) for severity in Severity if found[severity]]
    new = "" if report.compared is None else "new "
    if not parts:
        return f"No {new}findings ({checked})."
    if new:
        parts = [part.replace(" ", f" {new}", 1) for part in parts]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Found {listed} ({checked})."


def _verdict(report: Report) -> str:
    vms = [file for file in report.checked if is_vm(file)]
    failing = sum(not report.passes(file) for file in vms)
    require = report.require
    where = "every host" if require == "any" else "at least one host"
    if len(vms) > 1 and failing:
        return f"{failing} of {len(vms)} VMs {'fails' if failing == 1 else 'fail'} on {where}."
    if require == "all" or not vms:
        return ""
    if len(vms) > 1:
        return f"No VM fails on {where}."
    return f"The VM fails on {where}." if failing else f"The VM does not fail on {where}."
