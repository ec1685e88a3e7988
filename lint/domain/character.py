"""Character devices: ports, consoles, channels, and what else is connected to the host as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domlint.architectures import S390, X86
from domlint.cached import cached_property
from domlint.domain.machine import MachineKind
from domlint.domain.values import UNKNOWN, Unknown, attribute, child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domlint.document import Element
    from domlint.domain.machine import Machine
    from domlint.domain.values import Maybe

_HOLDERS: Final = ("serial", "parallel", "console", "channel", "smartcard", "redirdev", "rng")
_SERIAL: Final = (None, "serial", "none")
"""The types of consoles that libvirt takes for a serial port."""


class Chardev:
    """The host's end of a device: its type, and where it leads.

    ``element`` holds the source: the device itself, or the backend of a random number generator.
    ``is_aliased`` tells whether libvirt puts a serial port in the place of this console.
    """

    def __init__(self, device: Element, element: Element, is_aliased: bool) -> None:
        self.device = device
        self.element = element
        self.is_aliased = is_aliased
        kind = attribute(element, "type")
        self.type: Maybe[str] = "pty" if kind is None else kind

    @cached_property
    def sources(self) -> tuple[Element, ...]:
        """The ``<source>`` elements; libvirt reads the first one, of UDP two."""
        return tuple(self.element.iterchildren("source"))

    @cached_property
    def source(self) -> Element | None:
        """The source that libvirt reads first."""
        return self.sources[0] if self.sources else None

    @cached_property
    def target(self) -> Maybe[str]:
        """The type of its target, as written."""
        return attribute(child(self.device, "target"), "type")

    @property
    def is_virtio_channel(self) -> bool:
        """Tell whether it is a port of virtio-serial that is no console."""
        return self.device.tag == "channel" and self.target == "virtio"

    @cached_property
    def is_listening(self) -> bool | None:
        """Tell whether QEMU waits for others to connect; None where it is not known.

        libvirt makes a socket for a channel without a path, on which QEMU listens.
        """
        mode = attribute(self.source, "mode")
        if self.type == "unix" and (self.source is None or self.source.get("path") is None):
            return True
        return None if mode is UNKNOWN else mode == "bind"

    @cached_property
    def reconnect(self) -> Element | None:
        """What says whether QEMU connects again, where libvirt reads it."""
        return child(self.source, "reconnect") if self.source is not None and self.type in ("tcp", "unix") else None


PLAIN: Final = frozenset({"pty", "null", "stdio", "vc"})
"""Types of the host's end that lead nowhere in particular, so that they say nothing of where."""


def read_chardevs(devices: Element | None) -> tuple[Chardev, ...]:
    """The devices that are connected to the host this way, and say where."""
    return () if devices is None else tuple(_chardevs(devices))


def _chardevs(devices: Element) -> Iterator[Chardev]:
    for device in devices.iterchildren(*_HOLDERS):
        tag = device.tag
        if tag == "rng":
            backend = child(device, "backend")
            if backend is not None and backend.get("model") == "egd":
                yield Chardev(device, backend, False)
        elif _is_passed_over(device):
            continue
        elif device.get("type", "pty") not in PLAIN or sum(1 for _ in device.iterchildren("source")) > 1:
            yield Chardev(device, device, tag == "console" and _is_aliased(device, devices))


LONGEST_SOCKET_PATH: Final = 107
"""Bytes of the path of a socket on Linux, whose end needs one more. Source: unix(7)."""

_OF_USUAL_SOURCES: Final = frozenset({"mode", "path"})


def _is_passed_over(device: Element) -> bool:
    if device.tag == "smartcard":
        return device.get("mode") != "passthrough"
    return device.tag == "channel" and _is_usual_channel(device)


def _is_usual_channel(channel: Element) -> bool:
    """Tell whether it is a channel for an agent in the guest: a socket that QEMU listens on, at a path that can be.

    Or at one that libvirt chooses.
    """
    target = child(channel, "target")
    if channel.get("type") != "unix" or target is None or target.get("type") != "virtio":
        return False
    sources = tuple(channel.iterchildren("source"))
    if not sources:
        return True
    source, path = sources[0], sources[0].get("path")
    is_plain = len(sources) == 1 and not len(source) and _OF_USUAL_SOURCES.issuperset(source.keys())
    is_short = path is not None and len(path.encode()) <= LONGEST_SOCKET_PATH
    return is_plain and is_short and source.get("mode") == "bind"


def _is_aliased(console: Element, devices: Element) -> bool:
    """Tell whether a serial port stands for a console, so that libvirt drops what is said of that."""
    is_first = child(devices, "console") is console
    return is_first and child(devices, "serial") is not None and is_serial_console(console)


SERIAL_ADDRESSES: Final = {
    "isa-serial": "isa",
    "isa-debug": "isa",
    "usb-serial": "usb",
    "pci-serial": "pci",
    "spapr-vio-serial": "spapr-vio",
    "system-serial": "",
    "sclp-serial": "",
}
"""The types of serial ports, and that of the address that one may have: "" for none.

Source: libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainChrTargetDef), alike in 7.0.0 and 9.0.0.
"""

SERIAL_MODELS: Final = {
    "isa-serial": "isa-serial",
    "usb-serial": "usb-serial",
    "pci-serial": "pci-serial",
    "spapr-vty": "spapr-vio-serial",
    "pl011": "system-serial",
    "16550a": "system-serial",
    "sclpconsole": "sclp-serial",
    "sclplmconsole": "sclp-serial",
    "isa-debugcon": "isa-debug",
}
"""The models of serial ports, with their type.

Source: libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateChrSerialTargetModelToTargetType), alike in 7.0.0 and
9.0.0 but for isa-debugcon.
"""

_SYSTEM: Final = frozenset({MachineKind.ARM_VIRT, MachineKind.RISCV_VIRT, MachineKind.LOONGARCH_VIRT})


class SerialPort:
    """A ``<serial>``, or a ``<console>`` that libvirt makes one of."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.target = child(element, "target") if element.tag == "serial" else None
        self.written: Maybe[str] = attribute(self.target, "type")
        self.model_element = None if self.target is None else child(self.target, "model")
        self.model: Maybe[str] = attribute(self.model_element, "name")
        self.address = child(element, "address")

    def type_on(self, machine: Machine) -> Maybe[str]:
        """The type that it has on a machine: None where libvirt leaves it to the board.

        Source: libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainChrDefPostParse), alike in 7.0.0 and 9.0.0 but for
        LoongArch.
        """
        if self.written not in (None, "none", "isa-serial"):
            return self.written
        arch, kind = machine.arch, machine.kind
        if not isinstance(arch, str):
            return UNKNOWN
        if arch in X86:
            return "isa-serial"
        if arch in S390:
            return "sclp-serial"
        if kind is MachineKind.UNKNOWN:
            return UNKNOWN
        if kind is MachineKind.PSERIES:
            return "spapr-vio-serial"
        return "system-serial" if kind in _SYSTEM else None

    def address_on(self, machine: Machine) -> str | None:
        """The type of address that it may have on a machine, "" for none; None where that is not known, and on pSeries.

        There libvirt gives the port an address of its own, whatever the file says.
        """
        type_ = self.type_on(machine)
        found = SERIAL_ADDRESSES.get(type_) if isinstance(type_, str) else None
        return None if found == "spapr-vio" else found

    def is_possible_on(self, machine: Machine) -> bool | None:
        """Tell whether a machine may have a port of its type and model; None where that is not known.

        Source: libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainChrDef), alike in 7.0.0 and 9.0.0.
        """
        arch, kind, type_ = machine.arch, machine.kind, self.type_on(machine)
        if not isinstance(arch, str) or isinstance(type_, Unknown) or isinstance(self.model, Unknown):
            return None
        if type_ == "sclp-serial":
            return arch in S390
        if type_ not in ("spapr-vio-serial", "system-serial"):
            return True
        if kind is MachineKind.UNKNOWN:
            return None
        if type_ == "spapr-vio-serial":
            return kind is MachineKind.PSERIES
        if self.model == "pl011":
            return kind is MachineKind.ARM_VIRT
        if self.model == "16550a":
            return kind in (MachineKind.RISCV_VIRT, MachineKind.LOONGARCH_VIRT)
        return True


def read_serial_ports(devices: Element | None) -> tuple[SerialPort, ...]:
    """The serial ports; where there are none, the first console may be one.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefAddConsoleCompat), alike in 7.0.0 and 9.0.0.
    """
    if devices is None:
        return ()
    found = tuple(map(SerialPort, devices.iterchildren("serial")))
    if not found:
        console = child(devices, "console")
        if console is not None and attribute(child(console, "target"), "type") in _SERIAL:
            return (SerialPort(console),)
    return found


def is_serial_console(console: Element) -> bool:
    """Tell whether libvirt takes a console for a serial port."""
    return attribute(child(console, "target"), "type") in _SERIAL
