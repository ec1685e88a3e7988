"""DISK: disks, and what they are read from."""

from __future__ import annotations

from collections.abc import Iterator

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.disks import Disk

ON_DISK = "devices/disk"


def each_disk(context: Context, element: Element) -> Iterator[Disk]:
    """A disk of the QEMU driver of which a rule could find something: see Disk.is_plain."""
    if context.domain.runs_on_qemu:
        disk = context.domain.disks.by_element.get(element)
        if disk is not None and not disk.is_plain:
            yield disk


def each_disk_around(context: Context, part: Element) -> Iterator[Disk]:
    """The disk whose part an element is, where libvirt reads that: it is the first of its name."""
    parent = part.getparent()
    disk = None if parent is None else context.domain.disks.by_element.get(parent)
    if disk is not None and context.domain.runs_on_qemu and disk.parts.get(part.tag) is part:
        yield disk


def disk_of(*parts: str, opening: str = "<disk type='file' device='disk'>", **replaced: str) -> str:
    """An example: a disk with these lines in it, and some of the usual ones replaced ("" for none)."""
    lines = {
        "driver": "  <driver name='qemu' type='qcow2'/>",
        "source": "  <source file='/var/lib/libvirt/images/web1.qcow2'/>",
        "target": "  <target dev='vda' bus='virtio'/>",
        **replaced,
    }
    return "".join(f"{line}\n" for line in (opening, *lines.values(), *parts, "</disk>") if line)
