"""ADDR00x: which kinds of address the devices can have."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.character import SerialPort
from domlint.domain.controllers import VIRTIO_SCSI
from domlint.domain.devices import VIRTIO_ADDRESSES, disk_bus, hostdev_mode, interface_type, is_virtio, network_model
from domlint.domain.machine import MachineKind
from domlint.domain.pci_reading import OtherAddress, ignores_address
from domlint.domain.values import UNKNOWN, Maybe, attribute, child, child_attribute
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.rules.pci.places import named
from domlint.versions import Version

_VALIDATE: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefAddress), alike in 9.0.0"


_USUAL: Final = {
    "disk": "drive",
    "channel": "virtio-serial",
    "console": "virtio-serial",
    "input": "usb",
    "redirdev": "usb",
    "hub": "usb",
    "smartcard": "ccid",
    "memory": "dimm",
}
"""What devices have mostly, besides PCI; rules of their own look at them."""


_ALWAYS_ON_VIO: Final = frozenset({"nvram", "serial", "tpm"})
"""Devices of pseries to which libvirt gives an address on spapr-vio, whatever the file says."""

_WITHOUT_CCW: Final = frozenset({"serial", "watchdog", "panic", "shmem", "iommu", "pstore", "redirdev", "smartcard"})
_TOLD_BY_OTHERS: Final = _WITHOUT_CCW | {"memory", "rng", "memballoon", "vsock", "crypto"}
"""Devices of which other rules say which addresses they can have."""


_PARTS_OF_CHIPSETS: Final = frozenset({"ide", "sata", "usb"})
"""Controllers of which the first has a place of its own on some machines, whatever the file says."""


def _is_told_by_kind(device: Element, kind: str) -> bool:
    """Tell whether other rules say that a device can have no address of a kind, or that libvirt does not look at it."""
    match device.tag:
        case "disk":
            return disk_bus(device) not in ("virtio", "sd") or (kind == "unassigned" and disk_bus(device) == "virtio")
        case "input":
            on_usb = attribute(device, "bus") in ("usb", UNKNOWN, None) and attribute(device, "type") != "evdev"
            return on_usb or attribute(device, "type") == "passthrough"
        case "video":
            return child_attribute(device, "model", "type") == "ramfb"
        case "controller":
            is_part = attribute(device, "type") in _PARTS_OF_CHIPSETS and attribute(device, "index") in (None, "0")
            return is_part and attribute(device, "model") in (None, "piix3-uhci")
        case "memory":
            return attribute(device, "model") != "virtio-mem" or kind == "unassigned"
        case "hostdev":
            bound = bound_of(device)
            return attribute(device, "type") == "usb" or (bound is not None and kind not in bound.kinds)
    return device.tag in (_WITHOUT_CCW if kind == "ccw" else _TOLD_BY_OTHERS)


def _is_unusual(other: OtherAddress) -> bool:
    return _USUAL.get(other.device.tag) != other.type or (
        other.device.tag == "input" and other.device.get("bus") == "virtio"
    )


def each_unusual_address(context: Context, devices: Element) -> Iterator[OtherAddress]:
    """The addresses that are none on PCI, without what devices have mostly; also those that libvirt passes over."""
    if devices is not context.domain.devices or not context.domain.runs_on_qemu:
        return
    for other in context.domain.pci.others:
        if _is_unusual(other):
            yield other


def each_other_address(context: Context, devices: Element) -> Iterator[OtherAddress]:
    """The addresses that are none on PCI, without what devices have mostly."""
    for other in context.selected(each_unusual_address, devices):
        if not ignores_address(other.device):
            yield other


@rule(
    "ADDR001",
    "ccw-address-on-wrong-machine",
    outcome=Outcome.DEFINE,
    on="devices",
    each=each_other_address,
    needs=Needs.MACHINE,
    asked="9.0.0",
    source=_VALIDATE,
    bad=Example(
        "<memballoon model='virtio'>\n  <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/> <!-- ADDR001 -->\n"
        "</memballoon>\n"
    ),
    good=Example(
        "<memballoon model='virtio'>\n  <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/>\n</memballoon>\n",
        arch="s390x",
        machine="s390-ccw-virtio",
    ),
)
def ccw_address_on_wrong_machine(context: Context, other: OtherAddress) -> Problems:
    """A device has a CCW address, and the machine is none of s390x.

    CCW is the channel I/O of mainframes; only the machines s390-ccw-virtio have it. libvirt refuses the definition.
    """
    if other.type != "ccw" or _is_told_by_kind(other.device, "ccw"):
        return
    kind = context.machine.kind
    if kind is MachineKind.PSERIES and other.device.tag in _ALWAYS_ON_VIO:
        return
    if kind not in (MachineKind.S390_CCW, MachineKind.UNKNOWN):
        yield Problem(
            Spot(other.address, "type"),
            f"the {named(other.device)} has a CCW address, and the machine {context.machine} has no CCW: libvirt"
            " refuses the definition",
            "remove the <address>: libvirt chooses one",
        )


@rule(
    "ADDR002",
    "unassigned-address-of-emulated-device",
    outcome=Outcome.DEFINE,
    on="devices",
    each=each_other_address,
    needs=Needs.MACHINE,
    asked="9.0.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDeviceInfoValidate), alike in 9.0.0",
    bad=Example(
        "<controller type='usb' index='0' model='qemu-xhci'>\n  <address type='unassigned'/> <!-- ADDR002 -->\n"
        "</controller>\n"
    ),
    good=Example(
        "<hostdev mode='subsystem' type='pci' managed='yes'>\n  <source>\n"
        "    <address domain='0x0000' bus='0x06' slot='0x12' function='0x5'/>\n  </source>\n"
        "  <address type='unassigned'/>\n</hostdev>\n"
    ),
)
def unassigned_address_of_emulated_device(context: Context, other: OtherAddress) -> Problems:
    """A device that is no host device has an address of the type 'unassigned'.

    That takes a host device from the host and does not give it to the guest, which makes no sense for an emulated one.
    libvirt refuses the definition.
    """
    if other.type != "unassigned" or other.device.tag == "hostdev" or _is_told_by_kind(other.device, other.type):
        return
    if other.device.tag not in _ALWAYS_ON_VIO or context.machine.kind not in (MachineKind.PSERIES, MachineKind.UNKNOWN):
        yield Problem(
            Spot(other.address, "type"),
            f"only a hostdev can be left unassigned, not the {named(other.device)}: libvirt refuses the definition",
            "remove the <address>: libvirt chooses one",
        )


class _Bound(NamedTuple):
    """What kinds of address a device can have, in words for the device, and what happens with another."""

    kinds: tuple[str, ...]
    words: str
    outcome: Outcome


_HOSTDEVS: Final = {
    "pci": _Bound(("pci", "unassigned"), "an assigned PCI device", Outcome.DEFINE),
    "scsi": _Bound(("drive",), "an assigned SCSI device", Outcome.DEFINE),
    "scsi_host": _Bound(("pci", "ccw"), "an assigned SCSI host", Outcome.DEFINE),
}
_MEDIATED: Final = {
    "vfio-pci": _Bound(("pci",), "a mediated device of the model vfio-pci", Outcome.DEFINE),
    "vfio-ccw": _Bound(("ccw",), "a mediated device of the model vfio-ccw", Outcome.DEFINE),
}
_ASSIGNED_INTERFACE: Final = _Bound(("pci",), "an assigned network device", Outcome.DEFINE)
_SMARTCARD: Final = _Bound(("ccid",), "a smart card reader", Outcome.DEFINE)
_CONSOLE: Final = _Bound(("virtio-serial", "ccw"), "a virtio console", Outcome.START)


def bound_of(device: Element) -> _Bound | None:
    """Which kinds of address a device can have; None where libvirt takes any, or that is not known."""
    if device.tag == "hostdev":
        return _of_hostdev(device)
    if device.tag == "smartcard":
        return _SMARTCARD
    if device.tag == "console":
        return _CONSOLE if child_attribute(device, "target", "type") == "virtio" else None
    if device.tag == "interface" and interface_type(device) == "hostdev":
        return _ASSIGNED_INTERFACE
    words = _virtio_words(device)
    return None if words is None else _Bound(VIRTIO_ADDRESSES, words, Outcome.START)


def _of_hostdev(device: Element) -> _Bound | None:
    kind = attribute(device, "type")
    if hostdev_mode(device) != "subsystem" or not isinstance(kind, str):
        return None
    model: Maybe[str] = attribute(device, "model")
    return _MEDIATED.get(model) if kind == "mdev" and isinstance(model, str) else _HOSTDEVS.get(kind)


def _virtio_words(device: Element) -> str | None:
    model, kind = attribute(device, "model"), attribute(device, "type")
    match device.tag:
        case "interface" if is_virtio(network_model(device)) and kind is not UNKNOWN:
            return "a virtio interface"
        case "sound" if model == "virtio":
            return "a virtio sound card"
        case "video" if child_attribute(device, "model", "type") == "virtio":
            return "a virtio video card"
        case "input" if attribute(device, "bus") == "virtio":
            return "a virtio input device"
        case "controller" if kind == "virtio-serial" or (kind == "scsi" and model in VIRTIO_SCSI):
            return f"a {kind if kind == 'virtio-serial' else 'virtio-scsi'} controller"
    return None


def _each_unbound(context: Context, devices: Element) -> Iterator[tuple[Element, Element, str, _Bound]]:
    """Each device with a kind of address that it cannot have."""
    for other in context.selected(each_other_address, devices):
        bound = bound_of(other.device)
        is_told = other.device.tag not in ("hostdev", "smartcard") and other.type in ("ccw", "unassigned")
        if bound is not None and not is_told and other.type not in (*bound.kinds, *_UNTOLD):
            yield other.device, other.address, other.type, bound
    for asked in context.domain.pci.asked:
        if asked.device.tag in ("hostdev", "smartcard", "console"):
            bound = bound_of(asked.device)
            if bound is not None and "pci" not in bound.kinds:
                yield asked.device, asked.address, "pci", bound


_UNTOLD: Final = ("virtio-s390", "none")
"""No types of an address that libvirt takes."""


@rule(
    "ADDR003",
    "address-of-wrong-kind",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_unbound,
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainHostdevDefValidate), src/conf/domain_postparse.c"
    " (virDomainHostdevDefPostParse), src/qemu/qemu_domain_address.c (qemuDomainAssignDevicePCISlots),"
    " src/qemu/qemu_command.c (qemuBuildVirtioDevGetConfig), alike in 7.0.0 and 9.0.0",
    bad=Example(
        "<controller type='virtio-serial' index='0'>\n  <address type='usb' bus='0' port='1'/> <!-- ADDR003 -->\n"
        "</controller>\n"
    ),
    good=Example(
        "<controller type='virtio-serial' index='0'>\n  <address type='pci' bus='0x00' slot='0x05'/>\n</controller>\n"
    ),
)
def address_of_wrong_kind(context: Context, found: tuple[Element, Element, str, _Bound]) -> Problems:
    """A device has an address of a kind that it cannot have.

    A virtio device is on PCI, on CCW or on MMIO; an assigned PCI device is on PCI or 'unassigned', a SCSI device has an
    address of the kind 'drive', and mediated devices have what their model says; a smart card reader is on CCID, a
    virtio console on virtio-serial. libvirt refuses the definition, or refuses to start the domain.
    """
    device, address, kind, bound = found
    outcome = bound.outcome
    if kind == "virtio-serial" and not _has_serial_controller(device):
        outcome = Outcome.DEFINE  # which libvirt misses first
    kinds = " or ".join(f"'{one}'" for one in bound.kinds)
    what = "the definition" if outcome is Outcome.DEFINE else "to start the domain"
    yield Problem(
        Spot(address, "type"),
        f"{bound.words} has an address of the type {kinds}, not '{kind}': libvirt refuses {what}",
        "remove the <address>: libvirt chooses one",
        outcome=outcome,
    )


def _has_serial_controller(device: Element) -> bool:
    devices = device.getparent()
    controllers = () if devices is None else devices.iterchildren("controller", "channel")
    return any(one.get("type") == "virtio-serial" or one.tag == "channel" for one in controllers)


_WITHOUT_ADDRESS_SINCE: Final = Version(11, 3, 0)


class _WrongPort(NamedTuple):
    """A serial port of a type with an address of a kind, and the kind that fits; "" where it has no address."""

    address: Element
    kind: str
    type: str
    fitting: str


def _each_serial(context: Context, address: Element) -> Iterator[_WrongPort]:
    """The address of a serial port, where its type cannot have one such."""
    serial, kind = address.getparent(), attribute(address, "type")
    if serial is None or child(serial, "address") is not address or not context.domain.runs_on_qemu:
        return
    if serial.getparent() is not context.domain.devices or not isinstance(kind, str) or kind in _UNTOLD:
        return
    is_older = context.is_older_than(_WITHOUT_ADDRESS_SINCE)
    port = SerialPort(serial)
    type_, fitting = port.type_on(context.machine), port.address_on(context.machine)
    if isinstance(type_, str) and fitting not in (None, kind) and (fitting or not is_older):
        yield _WrongPort(address, kind, type_, fitting)


@rule(
    "ADDR004",
    "serial-address-of-wrong-kind",
    outcome=Outcome.DEFINE,
    on="devices/serial/address",
    each=_each_serial,
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainChrTargetDef), alike in 7.0.0 and 9.0.0",
    bad=Example(
        "<serial type='pty'>\n  <target type='isa-serial' port='0'/>\n"
        "  <address type='pci' bus='0x00' slot='0x05'/> <!-- ADDR004 -->\n</serial>\n"
    ),
    good=Example(
        "<serial type='pty'>\n  <target type='isa-serial' port='0'/>\n"
        "  <address type='isa' iobase='0x3f8' irq='0x4'/>\n</serial>\n"
    ),
)
def serial_address_of_wrong_kind(context: Context, port: _WrongPort) -> Problems:
    """A serial port has an address of a kind that is not that of its target.

    An isa-serial port is on ISA, a pci-serial port on PCI, a usb-serial port on USB. The serial ports of s390x, and
    those of the virt machines, are part of the machine, and have no address. libvirt refuses the definition.
    """
    yield Problem(
        Spot(port.address, "type"),
        (
            f"a {port.type} port has an address of the type '{port.fitting}', not '{port.kind}'"
            if port.fitting
            else f"a {port.type} port has no address"
        )
        + ": libvirt refuses the definition",
        "remove the <address>" + (": libvirt chooses one" if port.fitting else ""),
    )
