"""Host devices given to a guest: which device of the host each is."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from domlint.document import Element
from domlint.domain.devices import host_address, hostdev_mode, is_hostdev_of
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, c_integer, child, child_attribute

Identity: TypeAlias = tuple[object, ...]
"""What tells a device of the host from others."""


def usb_place(source: Element) -> tuple[int, int] | None:
    """Bus and device of the host as written; None where there is no address, or it is not known."""
    address = child(source, "address")
    bus, device = (c_integer(attribute(address, part)) for part in ("bus", "device"))
    return (bus, device) if isinstance(bus, int) and isinstance(device, int) else None


def usb_identity(source: Element) -> tuple[int, int] | None:
    """Vendor and product as written; None where they are missing, or not known."""
    vendor, product = (c_integer(child_attribute(source, part, "id")) for part in ("vendor", "product"))
    return (vendor, product) if isinstance(vendor, int) and isinstance(product, int) else None


def identity(device: Element) -> Identity | None:
    """What libvirt compares to see that two elements assign the same device; None where that is not known.

    An interface of the type hostdev counts as the PCI device that it is; for USB devices see _UsbDevices.
    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainHostdevMatch), alike in 9.0.0.
    """
    if device.tag == "interface" or is_hostdev_of(device, "pci"):
        address = host_address(device)
        return None if address is None else ("pci", *address)
    source = child(device, "source")
    if source is None or hostdev_mode(device) != "subsystem":
        return None
    kind = attribute(device, "type")
    if kind == "mdev":
        return _known("mdev", _uuid(child_attribute(source, "address", "uuid")))
    if kind == "scsi_host":
        return _known("scsi_host", attribute(source, "protocol"), attribute(source, "wwpn"))
    return _of_scsi(source) if kind == "scsi" else None


def _of_scsi(source: Element) -> Identity | None:
    protocol = attribute(source, "protocol")
    if protocol == "iscsi":
        host = child(source, "host")
        return _known("iscsi", attribute(source, "name"), attribute(host, "name"), attribute(host, "port") or "")
    if protocol not in (None, "adapter"):
        return None
    address = child(source, "address")
    numbers = [c_integer(attribute(address, part)) for part in ("bus", "target", "unit")]
    return _known("scsi", child_attribute(source, "adapter", "name"), *numbers)


def _known(*parts: Maybe[str | int]) -> Identity | None:
    return None if any(part is None or isinstance(part, Unknown) for part in parts) else parts


def _uuid(text: Maybe[str]) -> Maybe[str]:
    """A UUID as libvirt formats it: signs between the digits and their case make no difference."""
    if not isinstance(text, str):
        return text
    digits = "".join(text.split()).replace("-", "").lower()
    return digits if len(digits) == 32 else UNKNOWN


def duplicates(devices: Element) -> Iterator[tuple[Element, Element]]:
    """The elements that assign a device which one before them assigns already, each with that one."""
    first: dict[Identity, Element] = {}
    usb = _UsbDevices({}, {})
    assigning = [
        device
        for device in devices.iterchildren("hostdev", "interface")
        if device.tag == "hostdev" or device.get("type") == "hostdev"
    ]
    for device in assigning if len(assigning) > 1 else ():
        if is_hostdev_of(device, "usb"):
            source = _usb_source(device)
            before = None if source is None else usb.before(source)
        else:
            found = identity(device)
            before = None if found is None else first.setdefault(found, device)
        if before is not None and before is not device:
            yield device, before


class _UsbSource(NamedTuple):
    """A USB device of the host: its place, and its vendor and product, with zeros for what is missing."""

    element: Element
    place: tuple[int, int]
    ids: tuple[int, int]


def _usb_source(device: Element) -> _UsbSource | None:
    """None where something that is written is not known."""
    source = child(device, "source")
    if source is None:
        return None
    place, ids = usb_place(source), usb_identity(source)
    has_ids = any(child(source, part) is not None for part in ("vendor", "product"))
    if (place is None and child(source, "address") is not None) or (ids is None and has_ids):
        return None
    return _UsbSource(device, place or (0, 0), ids or (0, 0))


class _UsbDevices(NamedTuple):
    """The USB devices so far: those with a place by that, the others by vendor and product.

    libvirt takes a device for one before it by what that one has. Source: libvirt 11.3.0 src/conf/domain_conf.c
    (virDomainHostdevMatchSubsysUSB), alike in 9.0.0.
    """

    by_place: dict[tuple[int, int], Element]
    by_ids: dict[tuple[int, int], Element]

    def before(self, source: _UsbSource) -> Element | None:
        """The device before this one that is the same; this one is taken note of."""
        found = self.by_place.get(source.place, self.by_ids.get(source.ids))
        bus, device = source.place
        if bus and device:
            self.by_place.setdefault(source.place, source.element)
        else:
            self.by_ids.setdefault(source.ids, source.element)
        return found
