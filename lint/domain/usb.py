"""USB of the guest: its controllers, hubs and ports, and which device sits where.

Source, where nothing else is said: libvirt 11.3.0 src/conf/domain_addr.c (virDomainUSBAddress…) and
src/qemu/qemu_domain_address.c (qemuDomainAssignUSBAddresses), alike in 7.0.0 and 9.0.0.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.architectures import ARM, LOONGARCH, PPC64, RISCV, S390, X86
from domlint.document import Element
from domlint.domain.controllers import Controller, numbered_usb
from domlint.domain.devices import disk_bus, hostdev_mode, interface_type, network_model
from domlint.domain.inputs import input_bus
from domlint.domain.machine import Machine, MachineKind
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, child_attribute, decimal
from domlint.hosts.answer import Presence
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.domain.pci_reading import PciReading
    from domlint.hosts import Host

XHCI: Final = frozenset({"nec-xhci", "qemu-xhci"})
"""The models with a number of ports of the user's choosing."""

MOST_XHCI_PORTS: Final = 15
"""Source: libvirt 11.3.0 src/qemu/qemu_postparse.c (QEMU_USB_XHCI_MAXPORTS), alike in 7.0.0 and 9.0.0."""

_PORTS: Final = {
    "piix3-uhci": 2,
    "piix4-uhci": 2,
    "vt82c686b-uhci": 2,
    "ehci": 6,
    "ich9-ehci1": 6,
    "ich9-uhci1": 0,
    "ich9-uhci2": 0,
    "ich9-uhci3": 0,
    "pci-ohci": 3,
    "nec-xhci": 4,
    "qemu-xhci": 4,
    "none": 0,
}
"""The ports of each model, as libvirt counts them: those of companions are ports of their master."""

_MOST_OF_DEFAULT: Final = 4
"""The ports of the best model that a controller without one may get: xHCI."""

_MOST_OF_ADDED: Final = 6
"""The ports of the best controller that libvirt adds to q35: xHCI with 4, else EHCI with 6."""

HUB_PORTS: Final = 8
_DEEPEST: Final = 4

_ADDING: Final = (*X86, *PPC64, "ppc", "ppcemb", "alpha", "sh4", "sh4eb", "sparc64")
_NOT_ADDING: Final = (*ARM, *S390, *RISCV, "sparc", *LOONGARCH)
"""Architectures whose guests libvirt gives a USB controller without being told, and those where it does not.

Source: libvirt 7.0.0 and 9.0.0 src/qemu/qemu_domain.c, 11.3.0 src/qemu/qemu_postparse.c
(qemuDomainDefAddDefaultDevices).
"""

_EXTENDED: Final = Version(10, 3, 0)
"""The libvirt since which NICs, sound cards, serial ports, file systems and card readers count as USB devices.

Source: libvirt 11.3.0 NEWS.rst (10.3.0) and src/conf/domain_conf.c (virDomainDeviceIsUSB).
"""


class Trouble(Enum):
    """What libvirt refuses of a domain's USB."""

    BESIDE_NONE = "a controller beside the model none"
    NO_MASTER = "companions, and no controller that is none"
    ALONE = "a companion without a master of its number"
    NUMBER = "the number of another controller"
    MANY_PORTS = "more ports than xHCI has"
    PORTS = "a number of ports on a model that has its own"
    XEN = "a model of Xen's"
    DISABLED = "a USB device without USB"
    BUS = "no such bus"
    PORT = "no such port"
    TAKEN = "a port that is taken"
    FULL = "no port is free"
    ADDRESS = "an address of another kind"


class Found(NamedTuple):
    """A trouble with the element to point at; ``other`` is the one it is at odds with, ``detail`` completes words."""

    trouble: Trouble
    element: Element
    other: Element | None = None
    detail: str = ""


def usb_troubles(
    devices: Element, controllers: Iterable[Controller], machine: Machine, libvirt: Version | None
) -> Iterator[Found]:
    """What libvirt refuses of the USB of a domain on this machine."""
    numbered = numbered_usb(controllers)
    of_controllers = [*_troubles_of_models(numbered), *_troubles_of_masters(numbered)] if numbered else []
    yield from of_controllers
    if any(isinstance(one.model, Unknown) for one in numbered) or any(
        one.trouble in (Trouble.BESIDE_NONE, Trouble.NO_MASTER) for one in of_controllers
    ):
        return
    used = usb_devices(devices, machine, libvirt)
    yield from _troubles_of_addresses(used)
    if has_usb(numbered, machine) is not False:
        if len(numbered) > 1 or any(one.bus is not None or one.is_hub for one in used) or _is_short(numbered, used):
            yield from _Ports(numbered, machine).troubles(used)
    elif used:
        yield Found(Trouble.DISABLED, used[0].element, next((one.element for one in numbered), None))
    elif _gets_keyboard(devices, numbered, machine):
        yield Found(Trouble.DISABLED, numbered[0].element)


def is_usual(devices: Element, controllers: Iterable[Controller], reading: "PciReading", machine: Machine) -> bool:
    """Tell whether nothing can be wrong: there is one controller, with ports for all, and nobody names one of them."""
    usb = [one for one in controllers if one.type == "usb"]
    ports = _usual_ports(usb, machine)
    if not ports or not reading.is_known or any(other.type == "usb" for other in reading.others):
        return False
    used = sum(one.type == "ccid" for one in controllers)
    for device in devices.iterchildren(*_KINDS_WITHOUT_CONTROLLERS):
        if device.tag == "hub" or (device.tag in _WITH_PORTS_ALONE and child(device, "address") is not None):
            return False
        used += 1
    return used < ports


def _usual_ports(usb: "Sequence[Controller]", machine: Machine) -> int:
    """The number of ports of the one controller that a domain mostly has, or more; 0 where it has others."""
    if not usb:
        return 0 if adds_usb(machine) is False else _FEWEST_PORTS
    controller, ports = usb[0], usb[0].element.get("ports")
    if len(usb) > 1 or controller.number not in (0, None) or controller.is_companion:
        return 0
    if controller.model not in XHCI:
        is_plain = controller.model == "piix3-uhci" or (controller.model is None and machine.is_s390 is False)
        return _FEWEST_PORTS if is_plain and ports is None else 0
    written = MOST_XHCI_PORTS if ports is None else decimal(ports)
    return written if isinstance(written, int) and written <= MOST_XHCI_PORTS else 0


_FEWEST_PORTS: Final = 3
"""More than the two ports that each controller has."""


def _is_short(numbered: list[Controller], used: "Sequence[UsbDevice]") -> bool:
    """Tell whether a controller may have fewer ports than there are devices, being told how many."""
    for one in numbered:
        ports = decimal(attribute(one.element, "ports"))
        if ports is not None and not (isinstance(ports, int) and ports > len(used)):
            return True
    return False


def _troubles_of_models(numbered: list[Controller]) -> Iterator[Found]:
    none = next((one for one in numbered if one.model == "none"), None)
    for controller in numbered:
        if none is not None and controller is not none:
            yield Found(Trouble.BESIDE_NONE, controller.element, none.element)
        elif controller.model in ("qusb1", "qusb2"):
            yield Found(Trouble.XEN, controller.element)
        elif "ports" in controller.element.attrib:
            ports = decimal(attribute(controller.element, "ports"))
            if not isinstance(ports, int):
                continue
            if controller.model in XHCI and ports > MOST_XHCI_PORTS:
                yield Found(Trouble.MANY_PORTS, controller.element, detail=str(ports))
            elif controller.model in _PORTS and controller.model not in XHCI and controller.model != "none":
                yield Found(Trouble.PORTS, controller.element)


def _troubles_of_masters(numbered: list[Controller]) -> Iterator[Found]:
    companions = [one for one in numbered if one.is_companion and one.model != "none"]
    if not companions or any(isinstance(one.model, Unknown) for one in numbered):
        return
    masters = {one.number for one in numbered if not one.is_companion and one.model != "none"}
    if not masters:
        yield Found(Trouble.NO_MASTER, companions[0].element)
        return
    if UNKNOWN in masters:
        return
    for companion in companions:
        if isinstance(companion.number, int) and companion.number not in masters:
            yield Found(Trouble.ALONE, companion.element, detail=str(companion.number))


_WITH_PORTS_ALONE: Final = frozenset({"input", "redirdev", "hostdev"})
"""Tags of the devices on USB whose addresses libvirt compares with their bus. An input has to name it."""


def _troubles_of_addresses(used: "Iterable[UsbDevice]") -> Iterator[Found]:
    for device in (one.element for one in used):
        if device.tag in _WITH_PORTS_ALONE and (device.tag != "input" or "bus" in device.attrib):
            kind = child_attribute(device, "address", "type")
            if isinstance(kind, str) and kind not in ("usb", "none"):
                yield Found(Trouble.ADDRESS, device, detail=kind)


def default_usb_model(host: "Host", machine: Machine) -> Maybe[str]:
    """The model of a USB controller that names none on this host; None where libvirt finds none.

    UNKNOWN where it hangs on what is not known, as on ppc64, where a domain that is new gets another one.
    Source: libvirt 7.0.0, 9.0.0 (which know nothing of pci-ohci here) and 11.3.0 (qemuDomainControllerDefPostParse).
    """
    if not isinstance(machine.arch, str) or machine.is_ppc64:
        return UNKNOWN
    for model, flag, architectures in _DEFAULT_MODELS:
        if not architectures or machine.arch in architectures:
            presence = host.answer(flag).presence
            if presence is not Presence.ABSENT:
                return UNKNOWN if presence is Presence.UNKNOWN else model
    return None if machine.is_x86 or host.answer("pci-ohci").presence is Presence.ABSENT else UNKNOWN


_DEFAULT_MODELS: Final = (
    ("qemu-xhci", "qemu-xhci", ("aarch64", *LOONGARCH)),
    ("nec-xhci", "nec-usb-xhci", ("aarch64",)),
    ("piix3-uhci", "piix3-usb-uhci", ()),
)
"""Models in the order in which libvirt looks for them, the capability of each, and architectures, none for all."""


def has_usb(numbered: list[Controller], machine: Machine) -> bool | None:
    """Tell whether the guest has USB; None where that is not known."""
    real = [one for one in numbered if one.model != "none" and not is_dropped(one, machine)]
    if real:
        return True
    if any(one.number == 0 for one in numbered):
        return False
    return adds_usb(machine)


def is_dropped(controller: Controller, machine: Machine) -> bool:
    """Tell whether libvirt makes no controller of one without model, as it does on IBM Z."""
    return controller.model is None and machine.is_s390 is True and child(controller.element, "address") is None


def adds_usb(machine: Machine) -> bool | None:
    """Tell whether libvirt adds the USB controller 0 where there is none; None where that is not known."""
    name, arch = machine.name, machine.arch
    if not isinstance(name, str) or not isinstance(arch, str):
        return None
    if arch in X86:
        # On q35 it does where QEMU has a controller for it.
        return False if name == "isapc" else None if machine.kind is MachineKind.Q35 else True
    if name == "versatilepb" or name.startswith("realview"):
        return None
    return True if arch in _ADDING else False if arch in _NOT_ADDING else None


def _gets_keyboard(devices: Element, numbered: list[Controller], machine: Machine) -> bool:
    """Tell whether libvirt adds a USB keyboard, as it does on ppc64 where there is graphics, but no USB."""
    return bool(numbered) and machine.is_ppc64 is True and child(devices, "graphics") is not None


# Which devices are on USB.


class UsbDevice(NamedTuple):
    """A device on USB, and the port that it asks for.

    ``bus`` is None where it asks for none, UNKNOWN where that is not known; ``path`` are the ports on the way from the
    controller, empty where it asks for none.
    """

    element: Element
    is_hub: bool
    bus: Maybe[int]
    path: tuple[int, ...]


def usb_devices(devices: Element, machine: Machine, libvirt: Version | None) -> list[UsbDevice]:
    """The devices that are surely on USB, in the order in which libvirt gives them ports."""
    is_extended = libvirt is None or libvirt >= _EXTENDED
    found = []
    for device in devices.iterchildren(*_KINDS):
        place, is_usb, came_late = _KINDS[str(device.tag)]
        if is_usb(device, machine) and (is_extended or not came_late):
            found.append((place, device))
    found.sort(key=_first)
    return [_at_port(device) for _place, device in found]


def _first(found: tuple[int, Element]) -> int:
    return found[0]


def _at_port(device: Element) -> UsbDevice:
    if device.tag == "smartcard":
        # It stands for the reader that libvirt adds, which asks for no port: its own address is one on that reader.
        return UsbDevice(device, False, None, ())
    address = child(device, "address")
    is_hub, kind = device.tag == "hub", attribute(address, "type")
    if isinstance(kind, Unknown):
        return UsbDevice(device, is_hub, UNKNOWN, ())
    if kind != "usb":
        return UsbDevice(device, is_hub, None, ())
    bus, port = decimal(attribute(address, "bus")), attribute(address, "port")
    path = () if port is None else _path(port)
    if path is None or isinstance(bus, Unknown):
        return UsbDevice(device, is_hub, UNKNOWN, ())
    return UsbDevice(device, is_hub, bus or 0, path)


def _path(port: Maybe[str]) -> tuple[int, ...] | None:
    """The ports of a path without the zeros at its end; empty where it begins with one, None for what is no path."""
    if not isinstance(port, str):
        return None
    numbers = [decimal(part) for part in port.split(".")]
    known = [number for number in numbers if isinstance(number, int)]
    if len(known) < len(numbers) or len(known) > _DEEPEST:
        return None
    while known and known[-1] == 0:
        known.pop()
    return tuple(known) if known and known[0] else ()


def _is_usb_input(device: Element, machine: Machine) -> bool:
    return input_bus(device, machine.arch) == "usb"


def _is_usb_hostdev(device: Element, machine: Machine) -> bool:
    return attribute(device, "type") == "usb" and hostdev_mode(device) == "subsystem"


def _is_usb_redirection(device: Element, machine: Machine) -> bool:
    return attribute(device, "bus") in (None, "usb")


def _is_usb_disk(device: Element, machine: Machine) -> bool:
    return disk_bus(device) == "usb"


def _is_usb_nic(device: Element, machine: Machine) -> bool:
    return network_model(device) == "usb-net" and interface_type(device) != "hostdev"


_KINDS: Final[dict[str, tuple[int, Callable[[Element, Machine], bool], bool]]] = {
    "disk": (0, _is_usb_disk, False),
    "interface": (1, _is_usb_nic, True),
    "sound": (2, lambda device, machine: attribute(device, "model") == "usb", True),
    "hostdev": (3, _is_usb_hostdev, False),
    "controller": (4, lambda device, machine: attribute(device, "type") == "ccid", True),
    "smartcard": (5, lambda device, machine: _needs_reader(device), True),
    "serial": (6, lambda device, machine: child_attribute(device, "target", "type") == "usb-serial", True),
    "input": (7, _is_usb_input, False),
    "filesystem": (8, lambda device, machine: child_attribute(device, "driver", "type") == "mtp", True),
    "hub": (9, lambda device, machine: attribute(device, "type") == "usb", False),
    "redirdev": (10, _is_usb_redirection, False),
}
"""By tag: the place in the order in which libvirt gives ports, whether a device is on USB, whether it counts since
_EXTENDED only."""


_KINDS_WITHOUT_CONTROLLERS: Final = tuple(tag for tag in _KINDS if tag != "controller")


def _needs_reader(smartcard: Element) -> bool:
    """Tell whether libvirt adds a card reader, which is a USB device, for a smart card."""
    devices = smartcard.getparent()
    if devices is None or child(devices, "smartcard") is not smartcard:
        return False
    readers = devices.iterchildren("controller")
    return not any(attribute(one, "type") in ("ccid", UNKNOWN) for one in readers)


# Ports.


class _Hub:
    """A controller or hub: its ports (the most that it may have, where that is not ``is_exact``), and what is there."""

    __slots__ = ("hubs", "is_exact", "ports", "taken")

    def __init__(self, ports: int, is_exact: bool) -> None:
        self.ports = ports
        self.is_exact = is_exact
        self.taken: dict[int, Element | None] = {}
        self.hubs: dict[int, _Hub] = {}

    @property
    def free(self) -> int | None:
        """The lowest port that is free."""
        return next((port for port in range(1, self.ports + 1) if port not in self.taken), None)


class _Ports:
    """The ports of a guest while its devices get theirs."""

    def __init__(self, numbered: list[Controller], machine: Machine) -> None:
        self._buses: dict[int, _Hub] = {}
        self._owners: dict[int, Element] = {}
        self._doubled: list[tuple[Controller, Element]] = []
        self._is_known = True
        for controller in numbered:
            self._add(controller, machine)
        if not any(one.number == 0 for one in numbered) and adds_usb(machine) is not False:
            self._add_default(machine)

    def _add(self, controller: Controller, machine: Machine) -> None:
        ports, is_exact = _ports_of(controller, machine)
        if not isinstance(controller.number, int) or isinstance(ports, Unknown):
            self._is_known = False
        elif ports > 0 and controller.number in self._buses:
            self._doubled.append((controller, self._owners[controller.number]))
        elif ports > 0:
            self._buses[controller.number] = _Hub(ports, is_exact)
            self._owners[controller.number] = controller.element

    def _add_default(self, machine: Machine) -> None:
        is_pc = machine.is_x86 and isinstance(machine.name, str) and machine.kind is not MachineKind.Q35
        self._buses[0] = _Hub(2, True) if is_pc else _Hub(_MOST_OF_ADDED, False)

    def troubles(self, used: list[UsbDevice]) -> Iterator[Found]:
        """What libvirt refuses of the ports that these devices ask for, and of controllers with the same number."""
        for controller, owner in self._doubled:
            yield Found(Trouble.NUMBER, controller.element, owner, str(controller.number))
        if not self._is_known:
            return
        found = False
        for device in sorted(used, key=lambda one: not one.is_hub):
            if isinstance(device.bus, int) and device.path:
                for trouble in self._reserve(device):
                    found = True
                    yield trouble
            elif isinstance(device.bus, int) and device.bus not in self._buses:
                found = True
                yield Found(Trouble.BUS, device.element, detail=str(device.bus))
        if not found and not self._doubled and all(not isinstance(one.bus, Unknown) for one in used):
            yield from self._assign(used)

    def _reserve(self, device: UsbDevice) -> Iterator[Found]:
        hub = self._buses.get(device.bus) if isinstance(device.bus, int) else None
        if hub is None:
            yield Found(Trouble.BUS, device.element, detail=str(device.bus))
            return
        *way, port = device.path
        name = f"the controller of the bus {device.bus}"
        for step in way:
            below = hub.hubs.get(step)
            if below is None:
                reason = f"there is no hub at the port {step} of {name}"
                yield Found(Trouble.PORT, device.element, detail=reason)
                return
            hub, name = below, f"the hub at its port {step}"
        if not 0 < port <= hub.ports:
            yield Found(Trouble.PORT, device.element, detail=f"{name} has {_count(hub.ports, hub.is_exact)}")
            return
        other = hub.hubs.get(port) if device.is_hub else hub.taken.get(port)
        if other is not None:
            yield Found(Trouble.TAKEN, device.element, hub.taken.get(port))
            return
        hub.taken[port] = device.element
        if device.is_hub:
            hub.hubs[port] = _Hub(HUB_PORTS, True)

    def _assign(self, used: list[UsbDevice]) -> Iterator[Found]:
        """Whether a device remains without a port: told only where all that libvirt does is known."""
        if not all(hub.is_exact for hub in self._buses.values()):
            return
        ports = sum(hub.ports for hub in self._buses.values()) + HUB_PORTS * sum(one.is_hub for one in used)
        more = -(-(len(used) - ports + 1) // (HUB_PORTS - 1)) if len(used) > ports else 0
        waiting = [one for one in used if not one.path]
        if not waiting:
            return
        hubs = [one for one in waiting if one.is_hub] + [None] * more
        for device in (*hubs, *(one for one in waiting if not one.is_hub)):
            hub = self._free(None if device is None else device.bus)
            if hub is None:
                failing = device or waiting[0]
                yield Found(Trouble.FULL, failing.element, detail="" if failing.bus is None else str(failing.bus))
                return
            port = hub.free
            if port is not None:
                hub.taken[port] = None if device is None else device.element
                if device is None or device.is_hub:
                    hub.hubs[port] = _Hub(HUB_PORTS, True)

    def _free(self, bus: Maybe[int]) -> _Hub | None:
        buses = [self._buses[number] for number in sorted(self._buses) if bus is None or number == bus]
        return next((free for hub in buses if (free := _with_free_port(hub, 1)) is not None), None)


def _with_free_port(hub: _Hub, depth: int) -> _Hub | None:
    if hub.free is not None:
        return hub
    if depth == _DEEPEST:
        return None
    below = (_with_free_port(hub.hubs[port], depth + 1) for port in sorted(hub.hubs))
    return next((found for found in below if found is not None), None)


def _count(ports: int, is_exact: bool) -> str:
    return f"{'' if is_exact else 'at most '}{ports} port{'' if ports == 1 else 's'}"


def _ports_of(controller: Controller, machine: Machine) -> tuple[int | Unknown, bool]:
    """The number of ports of a controller, and whether that is exact rather than the most that it may have."""
    written = decimal(attribute(controller.element, "ports"))
    if isinstance(controller.model, Unknown) or isinstance(written, Unknown):
        return UNKNOWN, False
    if controller.model is None:
        if machine.is_x86:
            return 2, True
        if is_dropped(controller, machine):
            return 0, True
        return max(_MOST_OF_DEFAULT, written or 0), False
    if controller.model in XHCI and written is not None:
        return written, written <= MOST_XHCI_PORTS
    known = _PORTS.get(controller.model)
    return (UNKNOWN, False) if known is None else (known, True)
