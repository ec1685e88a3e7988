"""The disks of a domain as libvirt reads them: what each is, on which bus, where its drive is and what it is read from.

Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainDiskDefParseXML, virDomainStorageSourceParse,
virDomainDiskDefAssignAddress), src/conf/domain_postparse.c (virDomainDiskDefPostParse) and src/util/virutil.c
(virDiskNameParse), alike in 7.0.0 and 9.0.0.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias, cast

from domlint.cached import cached_property
from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, attribute, child, decimal
from domlint.placeholders import is_placeholder

PREFIXES: Final = ("fd", "hd", "vd", "sd", "xvd", "ubd")
"""What the name of a disk begins with."""

_BUS_OF_PREFIX: Final = (("hd", "ide"), ("sd", "scsi"), ("vd", "virtio"), ("xvd", "xen"), ("ubd", "uml"))

_LARGEST_INDEX: Final = 0x7FFFFFFF

_TWO_TO_32: Final = 1 << 32

PATH_OF: Final = {"file": "file", "block": "dev", "dir": "dir"}
"""The attribute with the path of local storage, by its type."""

DriveAddress: TypeAlias = tuple[int, int, int, int]
"""Controller, bus, target and unit."""


class DiskName(NamedTuple):
    """The name of a disk taken apart: vdb2 is number 1 and partition 2.

    ``number`` is None where the letters are missing, or too many; ``rest`` is what stands behind the letters.
    ``is_negative`` tells whether too many of them make a negative number where 32 bits overflow unnoticed.
    """

    prefix: str
    number: int | None
    is_too_long: bool
    rest: str
    is_negative: bool = False


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
    if is_too_long:
        for letter in letters[_MOST_LETTERS:]:
            index = ((index + 1) * 26 + ord(letter) - ord("a")) % _TWO_TO_32
        return DiskName(prefix, None, is_too_long, rest, index % _TWO_TO_32 > _LARGEST_INDEX)
    return DiskName(prefix, None if index < 0 else index, is_too_long, rest)


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
        name = PATH_OF.get(self.type) if isinstance(self.type, str) else None
        path = attribute(self.source, name) if name is not None else None
        return UNKNOWN if path is UNKNOWN else path or None

    @property
    def is_empty(self) -> bool | None:
        """Tell whether there is nothing to read from, as in a drive without a medium; None where it is not known."""
        if self.source is None:
            return True
        if self.type is UNKNOWN or self.path is UNKNOWN:
            return None
        return self.type in PATH_OF and self.path is None


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
        return UNKNOWN if apart is None or apart.number is None else address_by_name(bus, apart.number)

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


# Nearly all disks are plain: nothing of them but their place among the others could be wrong. One look at a disk tells,
# which costs a tenth of what it costs to read it.

_PLAIN_PARTS: Final = frozenset({"serial", "iotune", "acpi", "readonly"})
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
_PLACES: Final = ("controller", "bus", "target", "unit")
_PLAIN_PLACES: Final = {
    "scsi": ("01234567", "0", "0", "0123456"),
    "sata": ("01234567", "0", "0", "012345"),
    "ide": ("0", "01", "0", "01"),
}
"""The digits that each part of a drive address can be on a bus."""
_PLAIN_SOURCES: Final = {"file": frozenset({("file",), ("file", "index")}), "block": frozenset({("dev",)})}
_PLAIN_PREFIXES: Final = {"vd": "virtio", "sd": "scsi", "hd": "ide"}

_Items: TypeAlias = "tuple[tuple[str, str], ...]"
_Pairs: TypeAlias = "list[tuple[str, str]]"


class _Look(NamedTuple):
    """What one look at a disk tells: whether it is plain, its name and bus as written, and the place of its drive.

    The place is what the address says, as text, and else what the name begins with: disks with different names that
    begin alike are at different places.
    """

    is_plain: bool
    name: str | None
    bus: str | None
    place: tuple[str, ...] = ()


def _look_at(element: Element) -> _Look:
    name = bus = address = None
    options: list[tuple[str, str]] = []
    source: tuple[str, ...] | None = None
    others: tuple[object, ...] = ()
    place: tuple[str, ...] = ()
    is_plain = True
    for part in element:
        tag = part.tag
        if tag == "target":
            is_plain = is_plain and name is None
            name, bus = part.get("dev"), part.get("bus")
            if len(part.attrib) != (1 if bus is None else 2) or name is None:
                is_plain = False
        elif tag == "driver":
            if options or len(part):
                is_plain = False
            options += cast("_Pairs", part.items())
        elif tag == "source":
            if source is not None or len(part):
                is_plain = False
            source = tuple(cast("list[str]", part.keys()))
            if source and part.get(source[0]) == "":
                is_plain = False
        elif tag == "address":
            is_plain = is_plain and address is None
            address = part.get("type", "")
            if address == "drive":
                place = tuple([part.get(name, "0") for name in _PLACES])
                is_plain = is_plain and len(part.attrib) <= len(_PLACES) + 1
        elif tag == "backingStore":
            is_plain = is_plain and not part.attrib
        elif tag != "alias" and tag != "boot" and isinstance(tag, str):
            others = (*others, tag)
    if not is_plain or name is None or not (name.isascii() and name.isalpha() and name.islower()):
        return _Look(False, name, bus)
    prefix = name[:2]
    bus = bus or _PLAIN_PREFIXES.get(prefix)
    is_plain = (
        prefix in _PLAIN_PREFIXES
        and len(name) < _MOST_LETTERS
        and (bus != "ide" or (len(name) == 3 and name[2] <= "d") or address is not None)
        and _is_plain(tuple(cast("_Pairs", element.items())), bus, tuple(options), source, address, place, others)
    )
    return _Look(is_plain, name, bus, place or (prefix,))


@lru_cache(maxsize=4096)
def _is_plain(
    attributes: _Items,
    bus: str | None,
    options: _Items,
    source: tuple[str, ...] | None,
    address: str | None,
    place: tuple[str, ...],
    others: tuple[object, ...],
) -> bool:
    values, chosen = dict(attributes), dict(options)
    device, kind = values.get("device", "disk"), values.get("type", "file")
    if bus not in _PLAIN_ADDRESSES or address not in _PLAIN_ADDRESSES[bus]:
        return False
    if (device == "cdrom" and bus in ("virtio", "usb")) or (source is None and device != "cdrom"):
        return False
    if "readonly" in others and device != "cdrom" and bus in ("sata", "ide"):
        return False
    if chosen.get("io") == "native" and chosen.get("cache") not in ("none", "directsync"):
        return False
    return (
        _PLAIN_PARTS.issuperset(others)
        and all(len(one) == 1 and one in digits for one, digits in zip(place, _PLAIN_PLACES.get(bus, ()), strict=False))
        and (source is None or source in _PLAIN_SOURCES.get(kind, ()))
        and all(value in _PLAIN_VALUES.get(name, ()) for name, value in attributes)
        and all(value in _PLAIN_OPTIONS.get(name, ()) for name, value in options if name != "iothread")
        and ("iothread" not in chosen or bus == "virtio")
    )


class Disks:
    """The disks of a domain."""

    def __init__(self, devices: Element | None) -> None:
        elements = [] if devices is None else list(devices.iterchildren("disk"))
        self._looks = [(element, _look_at(element)) for element in elements]

    @cached_property
    def notable(self) -> tuple[Disk, ...]:
        """Those that are not plain."""
        notable = [element for element, look in self._looks if not look.is_plain]
        return tuple(self.by_element[element] for element in notable) if notable else ()

    @cached_property
    def all(self) -> tuple[Disk, ...]:
        """All of them."""
        return tuple(Disk(element) for element, _look in self._looks)

    @cached_property
    def by_element(self) -> dict[Element, Disk]:
        """All of them, by their elements."""
        return {disk.element: disk for disk in self.all}

    def on_bus(self, bus: str) -> list[Disk]:
        """The disks on a bus, named or implied."""
        found = [element for element, look in self._looks if look.bus == bus or not look.is_plain]
        return [disk for disk in map(self.by_element.__getitem__, found) if disk.bus == bus] if found else []

    @cached_property
    def twins(self) -> tuple[tuple[Disk, Disk], ...]:
        """The disks with the name of an earlier one, each with that."""
        names = [look.name for _element, look in self._looks]
        if len(set(names)) == len(names) and not any(name and name.startswith("ioemu:") for name in names):
            return ()
        first: dict[str, Disk] = {}
        named = [(disk, first.setdefault(disk.name, disk)) for disk in self.all if isinstance(disk.name, str)]
        return tuple((disk, other) for disk, other in named if other is not disk)

    @cached_property
    def at_one_address(self) -> tuple[tuple[Disk, Disk], ...]:
        """The disks with the drive address of an earlier one on the same bus, each with that."""
        drives = [look for _element, look in self._looks if look.bus in _UNITS or not look.is_plain]
        if len(drives) < 2:
            return ()
        if all(look.is_plain for look in drives):
            places = [(look.bus, look.place, look.name if len(look.place) == 1 else "") for look in drives]
            kinds = {(look.bus, look.place if len(look.place) == 1 else ()) for look in drives}
            if len(set(places)) == len(places) and len(kinds) == len({look.bus for look in drives}):
                return ()
        first: dict[tuple[str, DriveAddress], Disk] = {}
        found = []
        for disk in self.all:
            if isinstance(disk.bus, str) and isinstance(disk.drive_address, tuple):
                other = first.setdefault((disk.bus, disk.drive_address), disk)
                if other is not disk:
                    found.append((disk, other))
        return tuple(found)


def text_of(element: Element | None) -> Maybe[str]:
    """The text of an element as it stands; None where there is none."""
    text = "" if element is None else element.text or ""
    return UNKNOWN if is_placeholder(text) else text or None
