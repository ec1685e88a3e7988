"""The disks of a domain as libvirt reads them: what each is, on which bus, where its drive is and what it is read from.

Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainDiskDefParseXML, virDomainStorageSourceParse,
virDomainDiskDefAssignAddress), src/conf/domain_postparse.c (virDomainDiskDefPostParse) and src/util/virutil.c
(virDiskNameParse), alike in 7.0.0 and 9.0.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from domlint.cached import cached_property
from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, attribute, child, decimal
from domlint.placeholders import is_placeholder

PREFIXES: Final = ("fd", "hd", "vd", "sd", "xvd", "ubd")
"""What the name of a disk begins with."""

_BUS_OF_PREFIX: Final = (("hd", "ide"), ("sd", "scsi"), ("vd", "virtio"), ("xvd", "xen"), ("ubd", "uml"))

_LARGEST_INDEX: Final = 0x7FFFFFFF

_PATH_OF: Final = {"file": "file", "block": "dev", "dir": "dir"}
"""The attribute with the path of local storage, by its type."""

DriveAddress: TypeAlias = tuple[int, int, int, int]
"""Controller, bus, target and unit."""


class DiskName(NamedTuple):
    """The name of a disk taken apart: vdb2 is number 1 and partition 2.

    ``index`` is None where the letters are missing, or too many; ``rest`` is what stands behind the letters.
    """

    prefix: str
    index: int | None  # type: ignore[assignment]  # hides tuple.index
    is_too_long: bool
    rest: str


def take_apart(name: str) -> DiskName | None:
    """Take a disk's name apart; None where it begins like none."""
    prefix = next((one for one in PREFIXES if name.startswith(one)), None)
    if prefix is None:
        return None
    behind = name[len(prefix) :]
    rest = behind.lstrip("abcdefghijklmnopqrstuvwxyz")
    letters = behind[: len(behind) - len(rest)]
    index = -1
    for letter in letters[:_MOST_LETTERS]:
        index = (index + 1) * 26 + ord(letter) - ord("a")
    is_too_long = index > _LARGEST_INDEX or len(letters) > _MOST_LETTERS
    return DiskName(prefix, None if is_too_long or index < 0 else index, is_too_long, rest)


_MOST_LETTERS: Final = 8
"""Seven letters are more than any number that libvirt takes."""

_UNITS: Final = {"scsi": 7, "ide": 4, "sata": 6, "fdc": 2}
"""How many drives a controller has when libvirt chooses their addresses by their names."""


def address_by_name(bus: str, index: int) -> DriveAddress | None:
    """The drive address that libvirt gives a disk by the number in its name; None on a bus without such."""
    units = _UNITS.get(bus)
    if units is None:
        return None
    controller, place = divmod(index, units)
    return (controller, place // 2, 0, place % 2) if bus == "ide" else (controller, 0, 0, place)


def written_address(address: Element) -> Maybe[DriveAddress]:
    """The drive address that an ``<address type='drive'>`` says; what is missing is 0."""
    numbers = [decimal(attribute(address, part)) for part in ("controller", "bus", "target", "unit")]
    controller, bus, target, unit = (0 if number is None else number for number in numbers)
    if isinstance(controller, int) and isinstance(bus, int) and isinstance(target, int) and isinstance(unit, int):
        return controller, bus, target, unit
    return UNKNOWN


class Storage(NamedTuple):
    """What a disk or an image below it is read from.

    ``holder`` is the element that says its type: ``<disk>``, ``<backingStore>`` or ``<dataStore>``. ``format`` is None
    where libvirt finds it out when the domain starts. ``source`` is None where there is nothing.
    """

    holder: Element
    source: Element | None
    type: Maybe[str]
    format: Maybe[str]
    format_at: Element | None

    @property
    def protocol(self) -> Maybe[str]:
        """The protocol of network storage."""
        return attribute(self.source, "protocol") if self.type == "network" else None

    @property
    def path(self) -> Maybe[str]:
        """The path of local storage, None for none or an empty one."""
        name = _PATH_OF.get(self.type) if isinstance(self.type, str) else None
        path = attribute(self.source, name) if name is not None else None
        return UNKNOWN if path is UNKNOWN else path or None

    @property
    def is_empty(self) -> bool | None:
        """Tell whether there is nothing to read from, as in a drive without a medium; None where it is not known."""
        if self.source is None:
            return True
        if self.type is UNKNOWN or self.path is UNKNOWN:
            return None
        return self.type in _PATH_OF and self.path is None


class Disk:
    """A ``<disk>``."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.parts: dict[object, Element] = {}
        for part in element.iterchildren("*"):
            self.parts.setdefault(part.tag, part)
        self.source = self.parts.get("source")
        self.target = self.parts.get("target")
        self.driver = self.parts.get("driver")

    def __str__(self) -> str:
        return f"disk '{self.name}'" if isinstance(self.name, str) else "disk"

    @cached_property
    def device(self) -> Maybe[str]:
        """Whether it is a disk, cdrom, floppy or lun."""
        device = attribute(self.element, "device")
        return "disk" if device is None else device

    @cached_property
    def name(self) -> Maybe[str]:
        """Its name in the guest, as vda."""
        name = attribute(self.target, "dev")
        return name.removeprefix("ioemu:") if isinstance(name, str) else name

    @cached_property
    def bus(self) -> Maybe[str]:
        """The bus that it names, or what libvirt makes of its device and its name."""
        bus, name = attribute(self.target, "bus"), self.name
        if bus is not None:
            return bus
        if self.device is UNKNOWN or not isinstance(name, str):
            return UNKNOWN
        if self.device == "floppy":
            return "fdc"
        return next((bus for prefix, bus in _BUS_OF_PREFIX if name.startswith(prefix)), "ide")

    @cached_property
    def storage(self) -> Storage:
        """What it is read from. A disk without ``<source>`` is one without a file, whatever its type."""
        kind = "file" if self.source is None else attribute(self.element, "type")
        kind = "file" if kind is None else kind
        written = attribute(self.driver, "type")
        format_ = "raw" if written == "aio" or (written is None and kind not in ("volume", UNKNOWN)) else written
        return Storage(self.element, self.source, kind, format_, self.driver if written is not None else None)

    @cached_property
    def is_read_only(self) -> bool | None:
        """Tell whether the guest cannot write to it; a CD-ROM is always so. None where it is not known."""
        if "readonly" in self.parts or self.device == "cdrom":
            return True
        return None if self.device is UNKNOWN else False

    @cached_property
    def address_type(self) -> Maybe[str]:
        """The type of the address in the file."""
        return attribute(self.parts.get("address"), "type")

    @cached_property
    def drive_address(self) -> Maybe[DriveAddress]:
        """The drive address that it has, or that libvirt gives it; None on a bus without, or with another address."""
        address, name, bus = self.parts.get("address"), self.name, self.bus
        if address is not None:
            if self.address_type in (UNKNOWN, None):
                return UNKNOWN
            return written_address(address) if self.address_type == "drive" else None
        if not isinstance(bus, str) or not isinstance(name, str):
            return UNKNOWN
        apart = take_apart(name)
        if bus not in _UNITS:
            return None
        return UNKNOWN if apart is None or apart.index is None else address_by_name(bus, apart.index)

    @cached_property
    def is_plain(self) -> bool:
        """Tell whether nothing of it but its place among the others could be wrong: as nearly all disks are."""
        name, source, address = self.name, self.source, self.parts.get("address")
        if self.target is None or not isinstance(name, str) or not (name.isascii() and name.isalpha()):
            return False
        shape = (
            tuple(self.parts),
            tuple(self.element.items()),
            tuple(self.target.keys()),
            self.bus,
            () if self.driver is None else tuple(self.driver.items()),
            () if source is None else tuple(source.keys()),
            None if address is None else address.get("type"),
        )
        return (
            name.startswith(_PLAIN_PREFIXES)
            and name.islower()
            and len(name) < _MOST_LETTERS
            and _is_plain(*shape)
            and (self.device == "cdrom" or self.storage.is_empty is False)
        )

    def layers(self) -> Iterator[Storage]:
        """Its image and those below it, as far as the file tells, with what they store elsewhere left out."""
        layer = self.storage
        holder = self.element
        yield layer
        while True:
            below = child(holder, "backingStore")
            if below is None or below.get("type") is None:
                return
            holder = below
            at = child(below, "format")
            yield Storage(below, child(below, "source"), attribute(below, "type"), attribute(at, "type"), at)


_PLAIN_PREFIXES: Final = ("vd", "sd", "hd")

_Items: TypeAlias = "tuple[tuple[str, str], ...]"

_PLAIN_PARTS: Final = frozenset(
    {"source", "target", "driver", "address", "alias", "boot", "readonly", "serial", "iotune", "acpi"}
)
_PLAIN_VALUES: Final = {
    "type": frozenset({"file", "block"}),
    "device": frozenset({"disk", "cdrom"}),
}
_PLAIN_OPTIONS: Final = {
    "name": frozenset({"qemu"}),
    "type": frozenset({"raw", "qcow2"}),
    "cache": frozenset({"none", "writeback", "writethrough", "directsync", "unsafe", "default"}),
    "discard": frozenset({"unmap", "ignore"}),
    "error_policy": frozenset({"stop", "report", "ignore", "enospace"}),
    "rerror_policy": frozenset({"stop", "report", "ignore"}),
    "detect_zeroes": frozenset({"off", "on", "unmap"}),
    "io": frozenset({"threads", "io_uring", "native"}),
}
_PLAIN_ADDRESSES: Final = {
    "virtio": frozenset({None, "pci"}),
    "scsi": frozenset({None, "drive"}),
    "sata": frozenset({None, "drive"}),
    "ide": frozenset({None, "drive"}),
    "usb": frozenset({None, "usb"}),
}
_PLAIN_TARGETS: Final = frozenset({("dev",), ("dev", "bus"), ("bus", "dev")})
_PLAIN_SOURCES: Final = frozenset({(), ("file",), ("dev",), ("file", "index"), ("dev", "index")})


@lru_cache(maxsize=4096)
def _is_plain(
    parts: tuple[object, ...],
    attributes: _Items,
    target: tuple[str, ...],
    bus: Maybe[str],
    options: _Items,
    source: tuple[str, ...],
    address: str | None,
) -> bool:
    device = next((value for name, value in attributes if name == "device"), "disk")
    addresses = _PLAIN_ADDRESSES.get(bus) if isinstance(bus, str) else None
    if addresses is None or address not in addresses or (device == "cdrom" and bus in ("virtio", "usb")):
        return False
    if "readonly" in parts and device != "cdrom" and bus in ("sata", "ide"):
        return False
    if ("io", "native") in options and not {("cache", "none"), ("cache", "directsync")}.intersection(options):
        return False
    return (
        _PLAIN_PARTS.issuperset(parts)
        and target in _PLAIN_TARGETS
        and source in _PLAIN_SOURCES
        and all(value in _PLAIN_VALUES.get(name, ()) for name, value in attributes)
        and all(value in _PLAIN_OPTIONS.get(name, ()) for name, value in options)
    )


class Disks:
    """The disks of a domain."""

    def __init__(self, devices: Element | None) -> None:
        elements = () if devices is None else devices.iterchildren("disk")
        self.all = tuple(Disk(element) for element in elements)
        self.by_element = {disk.element: disk for disk in self.all}

    @cached_property
    def twins(self) -> dict[Element, Disk]:
        """The disks with the name of an earlier one, and which that is."""
        first: dict[str, Disk] = {}
        found: dict[Element, Disk] = {}
        for disk in self.all:
            if isinstance(disk.name, str):
                other = first.setdefault(disk.name, disk)
                if other is not disk:
                    found[disk.element] = other
        return found

    @cached_property
    def at_one_address(self) -> dict[Element, Disk]:
        """The disks with the drive address of an earlier one on the same bus, and which that is."""
        first: dict[tuple[str, DriveAddress], Disk] = {}
        found: dict[Element, Disk] = {}
        for disk in self.all:
            if isinstance(disk.bus, str) and isinstance(disk.drive_address, tuple):
                other = first.setdefault((disk.bus, disk.drive_address), disk)
                if other is not disk:
                    found[disk.element] = other
        return found


def text_of(element: Element | None) -> Maybe[str]:
    """The text of an element as it stands; None where there is none."""
    text = "" if element is None else element.text or ""
    return UNKNOWN if is_placeholder(text) else text or None
