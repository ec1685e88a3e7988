"""The devices of a domain: what they are called in messages, and which alias libvirt gives them."""

from __future__ import annotations

import re
from typing import Final

from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, c_integer, child, child_attribute
from domlint.versions import Version

USER_ALIAS_PREFIX: Final = "ua-"
"""What an alias begins with that a user may choose; libvirt drops every other one.

Source: libvirt 11.3.0 src/conf/device_conf.c (virDomainDeviceInfoParseXML) and docs/formatdomain.rst, "Devices".
"""

_ALIAS_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_NOT_ALLOWED: Final = r"[^A-Za-z0-9_-]+"

VIRTIO_MODELS: Final = frozenset({"virtio", "virtio-transitional", "virtio-non-transitional"})
"""The models by which most devices say that they are virtio."""

VIRTIO_ADDRESSES: Final = ("pci", "ccw", "virtio-mmio")
"""The types of address that a virtio device can have.

Source: libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildVirtioDevGetConfig).
"""


WITHOUT_ALIAS: Final = frozenset({"graphics"})
"""Children of ``<devices>`` whose ``<alias>`` libvirt does not read. Seen with libvirt 9.0.0."""

VIRTIO_WITHOUT_MODEL: Final = {
    "vdpa": (Version(6, 9, 0), Version(6, 9, 0)),
    "vhostuser": (Version(9, 0, 0), Version(11, 3, 0)),
}
"""The interface types that are virtio where they name no model, whatever the machine's default.

For each, the last libvirt seen that took the machine's default, or the first that knows the type, and the first seen
that takes virtio. Source: src/qemu/qemu_domain.c (qemuDomainDeviceNetDefPostParse), libvirt 9.0.0 and 11.3.0.
"""


def default_model_of_type(kind: str, libvirt: Version | None, machine_default: Maybe[str]) -> Maybe[str]:
    """The model of an interface of a type that names none; UNKNOWN where it hangs on a libvirt that is not known."""
    if kind not in VIRTIO_WITHOUT_MODEL:
        return machine_default
    without, with_virtio = VIRTIO_WITHOUT_MODEL[kind]
    if without == with_virtio or (libvirt is not None and libvirt >= with_virtio):
        return "virtio"
    return machine_default if libvirt is not None and libvirt <= without else UNKNOWN


NETWORK_MODELS_ON_CONVENTIONAL_PCI: Final = frozenset(
    {"rtl8139", "e1000", "vmxnet3", "virtio-transitional", "netfront", "lan9118", "scm91c111"}
    | {"vlance", "vmxnet", "vmxnet2", "am79c970a", "am79c973", "82540em", "82545em", "82543gc"}
)
"""Network models, in lower case, for which libvirt looks for a conventional slot.

Every model it does not know by name goes to a PCI Express slot, and so does smc91c111, which it misspells. The name
unknown counts as no model.
Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainDeviceCalculatePCIConnectFlags) and
src/conf/domain_conf.c (virDomainNetModel).
"""


def is_user_alias(alias: str) -> bool:
    """Tell whether libvirt keeps an alias."""
    return alias.startswith(USER_ALIAS_PREFIX) and _ALIAS_CHARACTERS.issuperset(alias)


def as_user_alias(text: str) -> str:
    """The nearest alias that libvirt keeps."""
    cleaned = re.sub(_NOT_ALLOWED, "-", text.removeprefix(USER_ALIAS_PREFIX)).strip("-")
    return f"{USER_ALIAS_PREFIX}{cleaned or 'net'}"


def alias_of(device: Element) -> Maybe[str]:
    """The alias as written; None where there is none or an empty one."""
    alias = child_attribute(device, "alias", "name")
    return None if alias == "" else alias


def interface_type(device: Element) -> Maybe[str]:
    """The type of an ``<interface>``; user where it names none.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainNetDefParseXML).
    """
    written = attribute(device, "type")
    return "user" if written is None else written


def network_name(device: Element) -> Maybe[str]:
    """The network that an ``<interface type='network'>`` is connected to."""
    return child_attribute(device, "source", "network")


def network_model(device: Element) -> Maybe[str]:
    """The model of an ``<interface>`` as written."""
    return child_attribute(device, "model", "type")


def is_virtio(model: Maybe[str]) -> bool:
    """Tell whether a network model is one of virtio. libvirt reads its models in either letter case.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainNetSetModelString).
    """
    return isinstance(model, str) and model.lower() in VIRTIO_MODELS


_BUS_OF_TARGETS: Final = (("hd", "ide"), ("sd", "scsi"), ("vd", "virtio"), ("xvd", "xen"), ("ubd", "uml"))
"""The bus of a disk that names none, by the beginning of its target's name.

Source: libvirt 7.0.0 src/conf/domain_conf.c (virDomainDiskDefParseXML) and 11.3.0 src/conf/domain_postparse.c
(virDomainDiskDefPostParse).
"""


def disk_bus(disk: Element) -> Maybe[str]:
    """The bus of a ``<disk>``: the one that it names, or what libvirt makes of its device and its target's name."""
    target = child(disk, "target")
    written, device, name = attribute(target, "bus"), attribute(disk, "device"), attribute(target, "dev")
    if written is not None:
        return written
    if device is UNKNOWN or not isinstance(name, str):
        return UNKNOWN
    if device == "floppy":
        return "fdc"
    name = name.removeprefix("ioemu:")
    return next((bus for beginning, bus in _BUS_OF_TARGETS if name.startswith(beginning)), UNKNOWN)


def hostdev_mode(device: Element) -> Maybe[str]:
    """The mode of a ``<hostdev>``; subsystem where it names none."""
    mode = attribute(device, "mode")
    return mode if mode is UNKNOWN else mode or "subsystem"


def is_hostdev_of(device: Element, *types: str) -> bool:
    """Tell whether a ``<hostdev>`` assigns a host device of one of these types (pci, usb, mdev …)."""
    return hostdev_mode(device) == "subsystem" and attribute(device, "type") in types


def host_address(device: Element) -> tuple[int, int, int, int] | None:
    """The host's PCI address (domain, bus, slot, function) that a hostdev or an interface of that type assigns.

    None where it assigns no PCI device, or where a part of the address is not known. Numbers are read with base 0; a
    missing domain is 0.
    """
    if not (is_hostdev_of(device, "pci") if device.tag == "hostdev" else interface_type(device) == "hostdev"):
        return None
    source = child(device, "source")
    address = child(source, "address") if source is not None else None
    if address is None or attribute(address, "type") not in (None, "pci"):
        return None
    numbers = [c_integer(attribute(address, part)) for part in ("domain", "bus", "slot", "function")]
    if all(number is None for number in numbers) or any(isinstance(number, Unknown) for number in numbers):
        return None
    domain, bus, slot, function = (number if isinstance(number, int) else 0 for number in numbers)
    return domain, bus, slot, function


def describe(device: Element) -> str:
    """A device in a few words, by what tells it from its like: its alias, its MAC address or its host address."""
    kind = device.tag
    if device.tag == "interface" and interface_type(device) == "hostdev":
        kind = "hostdev interface"
    assigned = attribute(device, "type")
    if device.tag == "hostdev" and isinstance(assigned, str) and assigned != "pci":
        kind = f"{assigned} hostdev"
    alias = alias_of(device)
    if isinstance(alias, str):
        return f"{kind} '{alias}'"
    mac = child_attribute(device, "mac", "address")
    if isinstance(mac, str):
        return f"{kind} {mac}"
    address = host_address(device)
    if address is not None:
        return f"{kind} of {pci_text(address)}"
    target = child_attribute(device, "target", "dev")
    return f"{kind} '{target}'" if isinstance(target, str) else str(kind)


def pci_text(address: tuple[int, int, int, int]) -> str:
    """A PCI address in the usual spelling, such as 0000:03:10.1."""
    domain, bus, slot, function = address
    return f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"
