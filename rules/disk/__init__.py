"""DISK: disks, and what they are read from."""

from collections.abc import Iterator
from typing import NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.disks import Disk, Storage
from domlint.domain.values import child
from domlint.rule import Spot

ON_DISKS = "devices"
"""What the rules on all disks look at: to ask once for a domain takes less than to ask for each disk."""


def each_disk(context: Context, devices: Element) -> Iterator[Disk]:
    """The disks of the QEMU driver of which a rule could find something: those that are notable."""
    domain = context.domain
    if devices is domain.devices and domain.disks.notable and domain.runs_on_qemu:
        yield from domain.disks.notable


def each_disk_around(context: Context, part: Element) -> Iterator[Disk]:
    """The disk whose part an element is, where libvirt reads that: it is the first of its name."""
    parent = part.getparent()
    disk = None if parent is None else context.domain.disks.by_element.get(parent)
    if disk is not None and context.domain.runs_on_qemu and disk.parts.get(part.tag) is part:
        yield disk


class Layer(NamedTuple):
    """One image of a disk's chain, the disk's own first."""

    disk: Disk
    storage: Storage
    is_top: bool

    @property
    def words(self) -> str:
        """What it is called in messages."""
        return f"the {self.disk}" if self.is_top else f"an image below the {self.disk}"

    @property
    def format_at(self) -> Spot:
        """Where its format is said, or could be."""
        at = self.storage.format_at
        return Spot(self.storage.holder) if at is None else Spot(at, "type")

    def part(self, name: str) -> Element | None:
        """A part that stands in ``<source>`` or, for the disk's own image, in ``<disk>``, as encryption does."""
        inner = None if self.storage.source is None else child(self.storage.source, name)
        return self.disk.parts.get(name) if inner is None and self.is_top else inner


def each_layer(context: Context, devices: Element) -> Iterator[Layer]:
    """The images of the notable disks."""
    for disk in each_disk(context, devices):
        for number, storage in enumerate(disk.layers()):
            yield Layer(disk, storage, number == 0)


def disk_of(*parts: str, opening: str = "<disk type='file' device='disk'>", **replaced: str) -> str:
    """An example: a disk with these lines in it, and some of the usual ones replaced ("" for none)."""
    lines = {
        "driver": "  <driver name='qemu' type='qcow2'/>",
        "source": "  <source file='/var/lib/libvirt/images/web1.qcow2'/>",
        "target": "  <target dev='vda' bus='virtio'/>",
        **replaced,
    }
    return "".join(f"{line}\n" for line in (opening, *lines.values(), *parts, "</disk>") if line)
