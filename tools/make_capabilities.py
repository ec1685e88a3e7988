"""Make rules/capabilities/table.py: clues to the rows that are findings.

    python tools/make_capabilities.py            write the table
    python tools/make_capabilities.py --check    change nothing; exit with 1 where it is not current

Reading the rows themselves takes twenty files and selectors to be understood: too long for a run that needs none.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from domlint.capability import MACHINES, Capability, Clue
from domlint.domain.machine import architectures_of
from domlint.hosts.lifecycle import table as flags
from domlint.rules.capabilities import rows
from domlint.selector import TEXT, Selector
from domlint.versions import Version

TABLE = Path(__file__).resolve().parent.parent / "rules" / "capabilities" / "table.py"

_HEAD = '''\
"""Clues to the rows of domlint.rules.capabilities that are findings. Made by tools/make_capabilities.py; do not edit.

As a module, since Python reads that faster than any other format. Each is a domlint.capability.Clue.
"""

from typing import Any

CLUES: tuple[tuple[Any, ...], ...] = (
'''

_COMMON_TEXTS = """
<devices <disk <driver <target <source <model <address <controller <interface <video <graphics <os <cpu
<features <memballoon <rng <input <channel <serial <console <backend <mac <clock <timer type name bus model
mode state virtio pci usb scsi kvm qemu file index on yes no off none vnc spice <memory <hostdev <encryption
protocol device driver source format backend enabled memory slot qcow2 raw tcp sata ide mouse tablet
keyboard q35 size
"""
_COMMON = frozenset(_COMMON_TEXTS.split())
"""What stands in most files, and tells little."""


def until(row: Capability) -> Version | None:
    """The first libvirt that no longer asks for the flags of a row: it has retired one of each alternative."""
    if row.until:
        return Version.parse(row.until)
    ends = []
    for needed in row.alternatives:
        retired = [flag.retired_from for flag in map(flags().__getitem__, needed) if flag.retired_from is not None]
        if not retired:
            return None
        ends.append(min(retired))
    return max(ends)


def architectures(row: Capability) -> tuple[str, ...]:
    """The architectures that a row can be about, by itself or by its machines; () for all."""
    by_machine = {arch for machine in row.machines for kind in MACHINES[machine] for arch in architectures_of(kind)}
    if not row.architectures:
        return tuple(sorted(by_machine))
    return tuple(arch for arch in row.architectures if not by_machine or arch in by_machine)


def texts_of(selector: Selector) -> list[str]:
    """Texts that every file has in which the selector selects something."""
    found = []
    for name, groups in selector.steps[1:]:
        found.append(f"<{name}")
        for group in groups:
            if len(group) == 1 and not group[0].negated:
                condition = group[0]
                found += [f"<{child}" for child in condition.children]
                if condition.attribute and condition.attribute != TEXT:
                    found.append(condition.attribute)
                    if condition.operator == "=" and len(condition.values) == 1:
                        found.append(condition.values[0])
    return list(dict.fromkeys(found))


def path(selector: Selector) -> str:
    """The element at the beginning of a selector, of two steps at most and none of any name: "." where that is all."""
    steps = [name for name, _conditions in selector.steps[1:3]]
    return "/".join(steps[: steps.index("*")] if "*" in steps else steps) or "."


def telltales(texts: list[str], shared: Counter[str]) -> tuple[bytes, ...]:
    """The two texts to look for: first one that few files and many selectors have, as it is looked for but once."""
    first = min(texts, key=lambda text: (text in _COMMON, -shared[text], -len(text)))
    second = max((text for text in texts if text != first and text not in _COMMON), key=len, default=None)
    return (first.encode(),) if second is None else (first.encode(), second.encode())


def clues() -> Iterator[Clue]:
    """One for each selector of each row that has an outcome."""
    reported = {name: (subject, row) for name, (subject, row) in rows().items() if row.outcome is not None}
    texts = {
        (name, number): texts_of(selector)
        for name, (_, row) in reported.items()
        for number, selector in enumerate(row.selectors)
    }
    shared = Counter(text for found in texts.values() for text in found)
    for name, (subject, row) in reported.items():
        for number, selector in enumerate(row.selectors):
            yield Clue(
                telltales(texts[name, number], shared),
                subject,
                name,
                number,
                row.alternatives,
                max(Version.parse(row.asked), Version.parse(row.libvirt or "0.0")),
                until(row),
                architectures(row),
                path(selector),
            )


def plain(value: object) -> object:
    """The value with tuples that have no names."""
    return tuple(plain(part) for part in value) if isinstance(value, tuple) else value


def text() -> str:
    """The module."""
    return _HEAD + "".join(f"    {plain(row)!r},\n" for row in clues()) + ")\n"


def main() -> int:
    """Write or check. Returns the exit status."""
    current = TABLE.exists() and TABLE.read_text() == text()
    if "--check" in sys.argv[1:]:
        return 0 if current else 1
    if not current:
        TABLE.write_text(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
