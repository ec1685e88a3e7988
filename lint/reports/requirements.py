"""What domains need, as tables for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from click import style

from domlint.printable import printable
from domlint.reports.words import WIDTH, wrapped
from domlint.requirements import DomainRequirements, Oldest, Requirement, Unreadable
from domlint.version import VERSION
from domlint.versions import Version

_GAP: Final = 2
_MOST_LINES: Final = 3


def as_text(domains: Sequence[DomainRequirements]) -> str:
    """A table for each domain, and what it needs altogether."""
    return "\n".join(_domain(domain) for domain in domains)


def as_json(domains: Sequence[DomainRequirements], failures: Sequence[Unreadable]) -> str:
    """Version 1 of the format that docs/requires.md describes, in ASCII."""
    return json.dumps(_object(domains, failures), indent=2) + "\n"


def oldest_in_words(oldest: Oldest | None) -> str:
    """From which version on something is there; "-" where none matters."""
    if oldest is None:
        return "-"
    if not oldest.exists:
        return "none known"
    parts = [_span(oldest)]
    if oldest.gone is not None:
        parts.append(f"before {_short(oldest.gone)}")
    if oldest.depends:
        parts.append("depends on host")
    return ", ".join(part for part in parts if part) or "not known"


def _span(oldest: Oldest) -> str:
    at_least, known = oldest.at_least, oldest.known
    if known is None:
        return "" if at_least is None else f"{_short(at_least)} at least"
    if at_least is None:
        return f"{_short(known)} or older"
    return _short(known) if at_least == known else f"{_short(at_least)} to {_short(known)}"


def _short(version: Version) -> str:
    """A version as releases are called: without a last zero."""
    return f"{version.major}.{version.minor}" if version.micro == 0 else str(version)


def _domain(domain: DomainRequirements) -> str:
    name = printable(domain.name) or "a domain without a name"
    lines = [f"{style(f'{printable(domain.file)}: {name}', bold=True)} ({', '.join(domain.architectures)})"]
    if not domain.on_qemu:
        return "\n".join([*lines, "  is no domain of QEMU: what it needs is not known", ""])
    if domain.requirements:
        lines += ["", *_table(domain)]
    lines += ["", *(f"  {line}" for arch in domain.architectures for line in _total(domain, arch))]
    return "\n".join(lines) + "\n"


def _total(domain: DomainRequirements, arch: str) -> list[str]:
    lacking = domain.nowhere(arch)
    if lacking:
        named = ", ".join(one.capability.words for one in lacking)
        return _bold(f"runs on no known QEMU for {arch}, for want of {named}")
    qemu, libvirt = domain.qemu(arch), domain.libvirt
    if qemu.at_least is not None and qemu.gone is not None and qemu.gone <= qemu.at_least:
        both = f"needs QEMU {_short(qemu.at_least)}, or newer, and one before {_short(qemu.gone)}"
        return _bold(f"runs on no QEMU for {arch}: {both}")
    parts = [f"QEMU {_short(qemu.at_least)}"] if qemu.at_least is not None else []
    parts += [f"libvirt {_short(libvirt.at_least)}"] if libvirt.at_least is not None else []
    needs = [f"needs {' and '.join(parts)}, or newer" if parts else "needs no newer QEMU or libvirt than all have"]
    if qemu.gone is not None:
        needs.append(f"a QEMU before {_short(qemu.gone)}")
    elif qemu.known is not None and qemu.known != qemu.at_least:
        needs.append(f"QEMU {_short(qemu.known)} has all of it")
    if qemu.depends:
        needs.append("some of it depends on the host")
    return _bold(f"{'; '.join(needs)} ({arch})")


def _bold(text: str) -> list[str]:
    return [style(line, bold=True) for line in wrapped(text, WIDTH - 2)]


def _table(domain: DomainRequirements) -> list[str]:
    head = ("line", "needs", "capability", "QEMU", "libvirt")
    rows = [
        (
            _places(one),
            one.capability.words,
            one.capability.flags or "-",
            _qemu_in_words(one),
            _libvirt_in_words(one.libvirt),
        )
        for one in domain.requirements
    ]
    widths = _widths([head, *rows])
    lines = [style(_row(head, widths)[0], bold=True)]
    for row in rows:
        lines += _row(row, widths)
    return lines


def _places(requirement: Requirement) -> str:
    lines = [str(line) for line in dict.fromkeys(place.line for place in requirement.places)]
    return ", ".join(lines) if len(lines) <= _MOST_LINES else f"{', '.join(lines[:_MOST_LINES])} …"


def _qemu_in_words(requirement: Requirement) -> str:
    alike: dict[str, list[str]] = {}
    for arch, oldest in requirement.qemu.items():
        alike.setdefault(oldest_in_words(oldest), []).append(arch)
    if len(alike) == 1:
        return next(iter(alike))
    return "; ".join(f"{words} ({', '.join(architectures)})" for words, architectures in alike.items())


def _libvirt_in_words(oldest: Oldest | None) -> str:
    """From which libvirt on; "-" where the oldest whose table was read has it: none that is in use lacks it."""
    is_old = oldest is not None and oldest.at_least is None and oldest.known is not None
    return "-" if is_old else oldest_in_words(oldest)


def _widths(rows: list[tuple[str, ...]]) -> list[int]:
    """Columns as wide as their longest cell, but no wider than there is room for; the words get what is left."""
    widths = [min(most, max(len(row[column]) for row in rows)) for column, most in enumerate((14, WIDTH, 26, 16, 16))]
    room = WIDTH - 2 - 4 * _GAP - sum(widths) + widths[1]
    widths[1] = min(widths[1], room)
    return widths


def _row(cells: tuple[str, ...], widths: list[int]) -> list[str]:
    columns = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, columns))
    lines = []
    for number in range(height):
        parts = [
            (column[number] if number < len(column) else "").ljust(width)
            for column, width in zip(columns, widths, strict=True)
        ]
        lines.append(f"  {(' ' * _GAP).join(parts)}".rstrip())
    return lines


def _object(domains: Sequence[DomainRequirements], failures: Sequence[Unreadable]) -> dict[str, Any]:
    return {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "domains": [
            {
                "file": domain.file,
                "name": domain.name,
                "machine": domain.machine,
                "architectures": list(domain.architectures),
                "is_of_qemu": domain.on_qemu,
                "requirements": [_requirement(one) for one in domain.requirements],
                "total": {
                    arch: {"qemu": _oldest(domain.qemu(arch)), "libvirt": _oldest(domain.libvirt)}
                    for arch in domain.architectures
                },
            }
            for domain in domains
        ],
        "failures": [{"file": one.file, "line": one.line, "message": one.message} for one in failures],
    }


def _requirement(requirement: Requirement) -> dict[str, Any]:
    row = requirement.capability
    return {
        "name": row.name,
        "subject": requirement.subject,
        "needs": row.words,
        "flags": [list(needed) for needed in row.alternatives],
        "places": [
            {"file": place.file, "line": place.line, "column": place.column, "xpath": place.xpath}
            for place in requirement.places
        ],
        "qemu": {arch: _oldest(oldest) for arch, oldest in requirement.qemu.items()},
        "libvirt": _oldest(requirement.libvirt),
        "source": row.source,
    }


def _oldest(oldest: Oldest | None) -> dict[str, Any] | None:
    if oldest is None:
        return None
    versions = {"at_least": oldest.at_least, "known": oldest.known, "gone": oldest.gone}
    return {
        **{key: None if version is None else str(version) for key, version in versions.items()},
        "exists": oldest.exists,
        "depends": oldest.depends,
        "words": oldest_in_words(oldest),
    }


def reference() -> str:
    """All rows, in Markdown."""
    from itertools import groupby

    from domlint.rules.capabilities import rows

    lines = [
        "# What needs what",
        "",
        "Made from the rows in `rules/capabilities/` by `python tools/update_documents.py`; do not edit.",
        "",
        "The elements that `domlint requires` knows to need something, the capability by libvirt's name, the libvirt",
        "that reads the element first where that matters, and whether `domlint check` reports a host without the",
        "capability.",
    ]
    for subject, listed in groupby(rows().values(), lambda found: found[0]):
        lines += ["", f"## {subject}", ""]
        lines += ["| what | needed by | capability | libvirt | reported |", "|---|---|---|---|---|"]
        for _subject, row in listed:
            needed_by = "<br>".join(f"`{selector}`" for selector in row.on)
            flags = f"`{row.flags}`".replace("|", "\\|") if row.flags else ""
            qemu = f"QEMU {row.qemu}" if row.qemu else ""
            lines.append(
                f'| <a id="{row.name}"></a>{row.words} | {needed_by} | {flags or qemu} | {row.libvirt} '
                f"| {row.outcome.value if row.outcome else ''} |"
            )
    return "\n".join(lines) + "\n"
