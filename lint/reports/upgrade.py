"""The report of ``domlint upgrade``: as text for people, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from click import style

from domlint.findings import Finding
from domlint.matrix import Status
from domlint.printable import printable
from domlint.reports.json import failure_objects, finding_object, host_objects
from domlint.reports.text import COLOURS, finding_block, labelled
from domlint.reports.words import counted, names_in_words
from domlint.upgrade import Fate, Upgrade, Upgraded
from domlint.version import VERSION

FORMATS: Final = ("text", "json")

_HEADS: Final = {
    Fate.BREAK: ("Would break on {new}", "red"),
    Fate.WORSE: ("Would get worse on {new}", "yellow"),
    Fate.CHANGE: ("Would change from {old} to {new}", "yellow"),
    Fate.NOTED: ("Worth knowing of {new}", "cyan"),
    Fate.MENDED: ("Mended by {new}", "green"),
    Fate.NEITHER: ("Run on neither host", ""),
    Fate.UNCHANGED: ("Unchanged", ""),
}

_MOST_NAMED: Final = 200
"""VMs that are named of those for which the same thing is said. JSON names all."""


def render_text(upgrade: Upgrade, columns: int | None = None) -> str:
    """Write what would change, the gravest first, then the VMs for which nothing does.

    What is found in the same words in several VMs is told once. ``columns`` is the width of the terminal, None where
    there is none.
    """
    parts: list[str] = []
    for fate, (head, colour) in _HEADS.items():
        vms = upgrade.of(fate)
        if not vms:
            continue
        title = head.format(old=printable(upgrade.old), new=printable(upgrade.new))
        parts.append(style(f"{title}: {counted(len(vms), 'VM')}", fg=colour or None, bold=True) + "\n")
        if fate is Fate.NEITHER:
            parts[-1] += _rows("", names_in_words([vm.file.file for vm in vms], _MOST_NAMED), columns)
        elif fate is not Fate.UNCHANGED:
            parts += _lacking(vms, upgrade, columns)
            parts += _found(vms, columns)
            parts += _gone(vms, columns)
    return "".join(f"{part}\n" for part in parts)


def summary_line(upgrade: Upgrade) -> str:
    """How many of the VMs that run on the old host would break on the new one."""
    running, breaking = upgrade.running, len(upgrade.of(Fate.BREAK))
    old, new = printable(upgrade.old), printable(upgrade.new)
    if not upgrade.vms:
        return "No VM was found."
    if not running:
        return f"No VM runs on {old}."
    if running == 1:
        return f"The one VM that runs on {old} would {'break' if breaking else 'run'} on {new}."
    if breaking:
        return f"{breaking} of {running} VMs that run on {old} would break on {new}."
    return f"All {running} VMs that run on {old} would run on {new}."


def _lacking(vms: Sequence[Upgraded], upgrade: Upgrade, columns: int | None) -> Iterator[str]:
    for host, of in ((upgrade.old, 0), (upgrade.new, 1)):
        files = [vm.file.file for vm in vms if (vm.old, vm.new)[of] is Status.NO_EMULATOR]
        if files:
            head = style(f"{printable(host)} has no emulator for {'them' if len(files) > 1 else 'it'}:", bold=True)
            yield f"{head}\n{_rows('', names_in_words(files, _MOST_NAMED), columns)}"


def _found(vms: Sequence[Upgraded], columns: int | None) -> Iterator[str]:
    groups: dict[object, list[tuple[Finding, Upgraded]]] = {}
    for vm in vms:
        for finding in (*vm.gained, *vm.differing):
            key = finding.code, finding.severity, finding.outcome, finding.message, finding.help
            groups.setdefault(key, []).append((finding, vm))
    for (first, vm), *others in groups.values():
        helps = [(first.help, "")] if first.help else []
        block = finding_block(first, dict(vm.file.lines), [(first.message, "")], helps, columns)
        also = names_in_words([_place(finding) for finding, _vm in others], _MOST_NAMED)
        yield block + (_rows("also:", also, columns) if others else "")


def _gone(vms: Sequence[Upgraded], columns: int | None) -> Iterator[str]:
    groups: dict[object, list[Finding]] = {}
    for finding in (finding for vm in vms for finding in vm.lost):
        groups.setdefault((finding.code, finding.severity), []).append(finding)
    for first, *others in groups.values():
        kind = style(f"{first.severity.value}[{first.code}]", fg=COLOURS[first.severity], bold=True)
        places = names_in_words([_place(finding) for finding in (first, *others)], _MOST_NAMED)
        yield f"{kind} {first.name} is gone\n{_rows('', places, columns)}"


def _place(finding: Finding) -> str:
    return f"{finding.location.file}:{finding.location.line}"


def _rows(label: str, text: str, columns: int | None) -> str:
    return "".join(f"{row}\n" for row in labelled(label, text, columns))


def render_json(upgrade: Upgrade, _columns: int | None = None) -> str:
    """Write one JSON object, version 1 of what docs/json.md describes, in ASCII."""
    report = upgrade.report
    old, new = host_objects(report.hosts)
    value: dict[str, Any] = {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "old": old,
        "new": new,
        "domains": [_vm_object(vm) for vm in upgrade.vms],
        "failures": failure_objects(report),
        "summary": {
            "files": report.files,
            "domains": report.domains,
            **{fate.value: len(upgrade.of(fate)) for fate in Fate},
        },
    }
    return json.dumps(value, indent=2) + "\n"


def _vm_object(vm: Upgraded) -> dict[str, Any]:
    return {
        "file": vm.file.file,
        "domain": vm.file.domain or None,
        "fate": vm.fate.value,
        "old": vm.old.value,
        "new": vm.new.value,
        "gained": [finding_object(finding) for finding in vm.gained],
        "differing": [finding_object(finding) for finding in vm.differing],
        "lost": [finding_object(finding) for finding in vm.lost],
    }
