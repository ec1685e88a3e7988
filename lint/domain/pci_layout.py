"""Where the devices of a guest come to be on PCI, as libvirt lays them out, and what does not fit there.

A model of what libvirt does when it defines a domain: it takes the places that the file gives, adds the buses that
they need, sees to the fixed devices of the chipset, and finds a place for each PCI controller without one. Devices that
are no controllers always find one: libvirt adds buses for them.

Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainAssignPCIAddresses and what it calls),
src/conf/domain_addr.c (virDomainPCIAddressSet…); 9.0.0 and 7.0.0 do the same, but for what is said below.
"""

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.architectures import X86
from domlint.document import Element
from domlint.domain.devices import disk_bus, network_model
from domlint.domain.machine import MachineKind, PciRoot
from domlint.domain.pci_buses import (
    BUS_KINDS,
    COMPANIONS,
    ENDPOINTS,
    EXPANDER_BUSES,
    PCI,
    PCIE,
    ROOTS,
    BusKind,
    needs_pci,
    takes,
    wanted_by,
)
from domlint.domain.pci_reading import LARGEST_INDEX, Asked, PciController, PciReading, Place
from domlint.domain.values import Maybe, Unknown, attribute, c_integer, child, child_attribute, decimal

if TYPE_CHECKING:
    from domlint.domain.machine import Machine


class Misfit(Enum):
    """Why a device cannot be where it asks to be, or nowhere at all."""

    OTHER_DOMAIN = auto()
    NO_PCI = auto()
    WRONG_BUS = auto()
    SLOT = auto()
    TAKEN = auto()
    TAKEN_BY_CHIPSET = auto()
    FIXED = auto()
    PIIX3 = auto()
    NOT_ON_ROOT = auto()
    NO_PLACE = auto()
    BRIDGE_BEFORE_BUS = auto()
    NO_BUS_NUMBER = auto()
    TOO_MANY_ROOTS = auto()
    FULL = auto()


class Conflict(NamedTuple):
    """A device that does not fit.

    ``place`` is where it asks to be, or is put. ``other`` is the device that is there already. ``fact`` is the model of
    the bus, the fixed device of the chipset, or what else there is to tell; ``note`` says more, ``own`` where a device
    of the chipset must be. ``kind`` is the bus, where it is known.
    """

    misfit: Misfit
    device: Element
    address: Element | None
    place: Place | None = None
    other: Element | None = None
    fact: str = ""
    kind: BusKind | None = None
    own: Place | None = None
    note: str = ""


FIXED_PLACES: Final = {
    MachineKind.I440FX: {
        Place(0, 1, 0): "the ISA bridge",
        Place(0, 1, 1): "the IDE controller",
        Place(0, 1, 2): "the USB controller",
        Place(0, 1, 3): "the power management bridge",
    },
    MachineKind.Q35: {
        Place(0, 31, 0): "the ISA bridge",
        Place(0, 31, 2): "the SATA controller",
        Place(0, 31, 3): "the SMBus controller",
    },
}
"""Where the machine has devices of its own.

Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainValidateDevicePCISlotsPIIX3, -Q35).
"""

_OWN_CONTROLLERS: Final = {
    (MachineKind.I440FX, "ide"): Place(0, 1, 1),
    (MachineKind.I440FX, "usb"): Place(0, 1, 2),
    (MachineKind.Q35, "sata"): Place(0, 31, 2),
}
_PIIX3_USB: Final = ("piix3-uhci", None)

_INTEGRATED: Final = {("iommu", "virtio"): "a virtio-iommu", ("panic", "pvpanic"): "a pvpanic device"}
"""What must be on bus 0. Source: as above (VIR_PCI_CONNECT_INTEGRATED)."""

_LARGEST_BUS_NUMBER: Final = 256

MOST_ROOTS: Final = 31
"""Host bridges of a pseries machine. Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c
(qemuDomainAddressFindNewTargetIndex), src/conf/domain_validate.c (virDomainControllerDefValidate)."""

_USB_OF_Q35: Final = (0x1D, 0x1A)

_WHERE_HOMELESS_NEED_PCI: Final = X86
"""Architectures of which a machine without PCI takes no device that would need a place of libvirt's choice.

On the machines of Arm and RISC-V without PCI libvirt chooses none.
Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainSupportsPCI).
"""


class _Bus:
    """A bus while devices are put onto it: the functions in use by slot, and the slots that ports share."""

    __slots__ = ("kind", "model", "shared", "used")

    def __init__(self, model: str) -> None:
        self.model = model
        self.kind = BUS_KINDS[model]
        self.used: dict[int, dict[int, Element | None]] = {}
        self.shared: set[int] = set()

    def put(self, device: Element | None, slot: int, function: int, shares: bool) -> None:
        functions = self.used.setdefault(slot, {})
        if shares and not functions:
            self.shared.add(slot)
        functions[function] = device

    def free(self, shares: bool) -> tuple[int, int] | None:
        """The first slot and function where libvirt puts a device; ports share a slot among eight."""
        for slot in range(self.kind.first_slot, self.kind.last_slot + 1):
            functions = self.used.get(slot)
            if not functions:
                return slot, 0
            if shares and slot in self.shared and len(functions) < 8:
                return slot, next(function for function in range(8) if function not in functions)
        return None


class Layout:
    """The layout of a domain on a machine. ``conflicts`` finds what does not fit; the rest is as it was then."""

    def __init__(self, reading: PciReading, machine: "Machine") -> None:
        self.reading = reading
        self.machine = machine
        self.machine_kind = machine.kind
        self._buses: list[_Bus] = []
        self._declared: dict[int, PciController] = {}
        self._is_known = reading.is_known

    def conflicts(self) -> Iterator[Conflict]:
        """What libvirt refuses, one for each device."""
        reading = self.reading
        if not self._is_worth_looking() or self._is_usual():
            return
        for asked in reading.asked:
            if asked.domain:
                yield Conflict(Misfit.OTHER_DOMAIN, asked.device, asked.address, asked.place, fact=str(asked.domain))
        if not reading.are_controllers_known or not self._set_up():
            yield from self._doubles()
            return
        if not self._buses:
            yield from self._without_pci()
            return
        yield from self._take_asked()
        if self._is_known:
            yield from self._place_controllers()

    def _is_worth_looking(self) -> bool:
        reading = self.reading
        if reading.asked or reading.controllers or self.machine.root is PciRoot.NONE:
            return True
        return self._has_companions()

    def _has_companions(self) -> bool:
        """Tell whether USB controllers share a slot, each with a function of its own."""
        devices = self.reading.devices
        controllers = () if devices is None else devices.iterchildren("controller")
        return any(one.get("model") in COMPANIONS for one in controllers)

    def _is_usual(self) -> bool:
        """Tell whether it is plain that all fits: a root and ports, on which each device has a place of its own.

        Ports that ask for none share what is left of the root's slots, eight to each.
        """
        root = self.machine.root
        if root not in (PciRoot.PCI, PciRoot.PCIE) or self.machine_kind is MachineKind.PSERIES:
            return False
        indexes: set[int] = set()
        for _element, index, model in self.reading.controllers:
            if not isinstance(index, int) or index > LARGEST_INDEX or (index and root is PciRoot.PCI):
                return False
            if model != ("pcie-root-port" if index else root.value):
                return False
            indexes.add(index)
        last, asked, on_root = max(indexes, default=0), self.reading.asked, 0
        places: set[Place] = set()
        for device, _address, place, domain in asked:
            if domain or not _is_free_to_go(device, place):
                return False
            if place.bus:
                if place.bus > last or place.slot:
                    return False
            elif 1 < place.slot < _LAST_SLOT:
                on_root += 1
            else:
                return False
            places.add(place)
        is_room_left = last <= _PORTS_OF_A_SLOT * (_LAST_SLOT - 1 - on_root)
        is_told_apart = len(places) == len(asked) and len(indexes) == len(self.reading.controllers)
        return is_room_left and is_told_apart and not self._has_companions()

    def _set_up(self) -> bool:
        """Make the buses that the file and the machine have; tell whether all of them are known."""
        self._declared = {one.index: one for one in self.reading.controllers if isinstance(one.index, int)}
        models = {index: one.model for index, one in self._declared.items() if isinstance(one.model, str)}
        own, root = self.machine.root, models.get(0)
        if own in (PciRoot.PCI, PciRoot.PCIE):
            if root not in (None, own.value):
                return False  # told by another rule
            models[0] = own.value
        elif root is None and own is PciRoot.UNKNOWN:
            return False
        if any(model not in BUS_KINDS for model in models.values()) or max(models, default=0) > LARGEST_INDEX:
            return False
        if models:
            models.setdefault(0, "pci-root")
            filling = self._filling("pcie-root" in models.values())
            self._buses = [_Bus(models.get(index, filling)) for index in range(max(models) + 1)]
        return True

    def _filling(self, has_pcie_root: bool) -> str:
        """The model of a bus that the file leaves out between others."""
        if self.machine_kind is MachineKind.PSERIES:
            return "pci-root"
        return "pcie-root-port" if has_pcie_root else "pci-bridge"

    def _doubles(self) -> Iterator[Conflict]:
        """What is refused on any buses: two devices in one place."""
        seen: dict[Place, Element] = {}
        for asked in self.reading.asked:
            other = seen.setdefault(asked.place, asked.device)
            if other is not asked.device and not asked.domain:
                yield Conflict(Misfit.TAKEN, asked.device, asked.address, asked.place, other)

    def _without_pci(self) -> Iterator[Conflict]:
        for asked in self.reading.asked:
            if not self._is_piix3(asked):
                yield Conflict(Misfit.NO_PCI, asked.device, asked.address, asked.place)
        devices = self.reading.devices
        if devices is None or self.machine.arch not in _WHERE_HOMELESS_NEED_PCI:
            return
        for device in devices.iterchildren("*"):
            if needs_pci(device) and child(device, "address") is None and child(device, "teaming") is None:
                yield Conflict(Misfit.NO_PCI, device, None)
        if not self._is_x86:
            return
        if child(devices, "memballoon") is None:
            way_out = "<memballoon model='none'/>"
            yield Conflict(Misfit.NO_PCI, devices, None, fact="a memory balloon", note=way_out)
        usb = [one for one in devices.iterchildren("controller") if attribute(one, "type") == "usb"]
        if self.machine.name != "isapc" and not usb:
            way_out = "<controller type='usb' model='none'/>"
            yield Conflict(Misfit.NO_PCI, devices, None, fact="a USB controller", note=way_out)

    def _is_piix3(self, asked: Asked) -> bool:
        """Tell whether a device is one that libvirt takes for part of the i440fx chipset, wherever it is."""
        device = asked.device
        if device.tag != "controller" or asked.place not in (Place(0, 1, 1), Place(0, 1, 2)) or _index(device) != 0:
            return False
        kind, model = _type_of(device), attribute(device, "model")
        if asked.place.function == 1:
            return kind == "ide"
        return kind == "usb" and (model == "piix3-uhci" or (model is None and self._is_x86))

    @property
    def _is_x86(self) -> bool:
        return self.machine.arch in X86

    # The places that the file gives

    def _take_asked(self) -> Iterator[Conflict]:
        last = len(self._buses) - 1
        grows = any(asked.place.bus > last for asked in self.reading.asked)
        for asked in self.reading.in_order() if grows else self.reading.asked:
            if not asked.domain:
                conflict = self._take(asked)
                if conflict is not None:
                    yield conflict

    def _take(self, asked: Asked) -> Conflict | None:
        device, address, place, _ = asked
        if self._is_piix3(asked):
            if PCI not in self._buses[0].kind.takes:
                return Conflict(Misfit.PIIX3, device, address, place)
            if self.machine_kind is not MachineKind.I440FX:
                return None
        is_pci_controller = device.tag == "controller" and device.get("type") == "pci"
        wanted = str(device.get("model")) if is_pci_controller else PCIE
        if wanted in ROOTS or self._is_told_elsewhere(wanted):
            return None
        fixed = self._fixed(asked)
        if fixed is not None:
            return fixed
        if place.bus >= len(self._buses):
            added = self._grow(place.bus, self._wanted_by(device))
            if added is None:
                self._is_known = False  # where this one goes hangs on the host
                return None
            if not added:
                return Conflict(Misfit.NO_PLACE, device, address, place, fact=wanted)
            place = place._replace(bus=place.bus + added - 1)
        bus = self._buses[place.bus]
        integrated = place.bus and _INTEGRATED.get((device.tag, device.get("model", "")))
        if integrated:
            return Conflict(Misfit.NOT_ON_ROOT, device, address, place, fact=integrated)
        if not takes(bus.kind, wanted):
            return Conflict(Misfit.WRONG_BUS, device, address, place, fact=bus.model, kind=bus.kind)
        if not bus.kind.first_slot <= place.slot <= bus.kind.last_slot:
            return Conflict(Misfit.SLOT, device, address, place, fact=bus.model, kind=bus.kind)
        functions = bus.used.get(place.slot)
        if functions is not None and place.function in functions:
            return Conflict(Misfit.TAKEN, device, address, place, functions[place.function])
        bus.put(device, place.slot, place.function, wanted == "pcie-root-port")
        return None

    def _wanted_by(self, device: Element) -> str | None:
        model = self.machine.network_model
        if device.tag == "interface" and model == "virtio" and network_model(device) is None:
            return PCIE
        is_usb = device.tag == "controller" and device.get("type") == "usb"
        if is_usb and self._is_x86 and attribute(device, "model") is None:
            return PCI
        return wanted_by(device)

    def _is_told_elsewhere(self, model: str) -> bool:
        """Tell whether a controller cannot be on this machine at all."""
        return model in EXPANDER_BUSES and self.machine_kind not in EXPANDER_BUSES[model]

    def _fixed(self, asked: Asked) -> Conflict | None:
        """What is wrong with a device where the chipset has one of its own."""
        device, address, place, _ = asked
        if device.tag == "controller":
            own = self._own_place(device)
            if own is not None:
                if own != place:
                    return Conflict(Misfit.FIXED, device, address, place, own=own)
                return None
        there = FIXED_PLACES.get(self.machine_kind, {}).get(place)
        if there is None or not self._has_chipset_device(place):
            return None
        return Conflict(Misfit.TAKEN_BY_CHIPSET, device, address, place, fact=there)

    def _own_place(self, controller: Element) -> Place | None:
        """Where a controller must be that the chipset has."""
        kind = _type_of(controller)
        own = _OWN_CONTROLLERS.get((self.machine_kind, kind)) if isinstance(kind, str) else None
        if own is None or _index(controller) != 0:
            return None
        return None if kind == "usb" and attribute(controller, "model") not in _PIIX3_USB else own

    def _has_chipset_device(self, place: Place) -> bool:
        """Tell whether a device of the chipset is really there: not all have it where nothing uses it."""
        devices = self.reading.devices
        assert devices is not None
        if place == Place(0, 1, 1):
            return any(disk_bus(disk) == "ide" for disk in devices.iterchildren("disk")) or any(
                _type_of(one) == "ide" and _index(one) == 0 for one in devices.iterchildren("controller")
            )
        if place == Place(0, 1, 2):
            usb = [one for one in devices.iterchildren("controller") if attribute(one, "type") == "usb"]
            if any(attribute(one, "index") is None for one in usb[1:]):
                return False
            first = [one for one in usb if _index(one) == 0]
            return not first or any(attribute(one, "model") in _PIIX3_USB for one in first)
        return True

    def _grow(self, bus: int, wanted: str | None) -> int | None:
        """Add the buses up to one that the file does not have.

        0 where libvirt cannot; 2 where the device comes to be on the bus after the one that it asked for, else 1. None
        where it hangs on the host which buses come.
        """
        count, models = len(self._buses), []
        if wanted is not None and wanted not in ENDPOINTS and wanted != "pcie-switch-upstream-port":
            return 0
        if self.machine_kind is MachineKind.PSERIES:
            model = "pci-root"
        elif not any(one.model == "pcie-root" for one in self._buses):
            model = "pci-bridge"
        elif wanted is None:
            return None
        elif wanted == PCI:
            model = "pci-bridge"
            if not any("pci-bridge" in one.kind.takes for one in self._buses):
                models = ["pcie-root-port", "pcie-to-pci-bridge"]
        else:
            model = "pcie-root-port"
        shift = 1 if models and bus == count else 0
        models += [model] * (bus + shift + 1 - count - len(models))
        self._buses += [_Bus(one) for one in models]
        if models[0] != models[-1]:
            kind = self._buses[count].kind
            self._buses[count].kind = kind._replace(takes=frozenset({"pcie-to-pci-bridge"}))
        return shift + 1

    # The controllers that ask for no place

    def _place_controllers(self) -> Iterator[Conflict]:
        self._place_chipset()
        placed: dict[int, int] = {}
        addressed = {asked.device for asked in self.reading.asked if asked.device.tag == "controller"}
        index = 0
        while index + 1 < len(self._buses):
            index += 1
            declared, model = self._declared.get(index), self._buses[index].model
            if model in ROOTS or (declared is not None and declared.element in addressed):
                continue
            if self._is_told_elsewhere(model):
                continue
            if declared is not None and self.reading.has_address(declared.element):
                continue
            bus = self._place(model, None if declared is None else declared.element)
            if bus is not None:
                placed[index] = bus
            elif declared is not None:
                yield Conflict(Misfit.NO_PLACE, declared.element, None, fact=model)
                return
            else:
                yield from self._too_many(model)
                return
        yield from self._bridges_before_their_bus(placed)
        yield from self._without_bus_number()
        yield from self._too_many_roots()
        yield from self._companions()
        yield from self._on_full_buses()

    def _place(self, model: str, device: Element | None) -> int | None:
        shares = model == "pcie-root-port"
        for number, bus in enumerate(self._buses):
            if model in bus.kind.takes:
                free = bus.free(shares)
                if free is not None:
                    bus.put(device, *free, shares)
                    return number
        if model != "pcie-switch-upstream-port":
            return None
        self._buses.append(_Bus("pcie-root-port"))
        self._buses[-1].put(device, 0, 0, False)
        return len(self._buses) - 1

    def _place_chipset(self) -> None:
        root = self._buses[0]
        for place in FIXED_PLACES.get(self.machine_kind, {}):
            root.put(None, place.slot, place.function, False)
        devices = self.reading.devices
        if self.machine_kind is not MachineKind.Q35 or devices is None:
            return
        for one in self._declared.values():
            if one.model == "dmi-to-pci-bridge" and 30 not in root.used and not self.reading.has_address(one.element):
                root.put(one.element, 30, 0, False)

    def _too_many(self, model: str) -> Iterator[Conflict]:
        """Tell of the device on the highest bus, for which libvirt adds more controllers than there is room for."""
        highest = max(self.reading.asked, key=lambda asked: asked.place.bus, default=None)
        if highest is not None:
            yield Conflict(Misfit.NO_PLACE, highest.device, highest.address, highest.place, fact=model)

    def _bridges_before_their_bus(self, placed: dict[int, int]) -> Iterator[Conflict]:
        for index, one in self._declared.items():
            if one.model == "pci-bridge":
                asked = next((asked for asked in self.reading.asked if asked.device is one.element), None)
                bus = placed.get(index) if asked is None else asked.place.bus
                if bus is not None and index <= bus:
                    address = None if asked is None else asked.address
                    yield Conflict(Misfit.BRIDGE_BEFORE_BUS, one.element, address, Place(bus, 0, 0), fact=str(index))

    def _without_bus_number(self) -> Iterator[Conflict]:
        """The expander buses for which no bus number is left below those of the others."""
        expanders = [one for _, one in sorted(self._declared.items()) if str(one.model).endswith("expander-bus")]
        lowest = _LARGEST_BUS_NUMBER
        missing = []
        for one in expanders:
            number = child_attribute(one.element, "target", "busNr")
            value = c_integer(number)
            if isinstance(value, Unknown):
                return
            if value is None:
                missing.append(one)
            else:
                lowest = min(lowest, value)
        for one in missing:
            if lowest <= 2:
                yield Conflict(Misfit.NO_BUS_NUMBER, one.element, None, fact=str(lowest))
            lowest -= 2

    def _too_many_roots(self) -> Iterator[Conflict]:
        roots = sum(bus.model == "pci-root" for bus in self._buses)
        if self.machine_kind is MachineKind.PSERIES and roots > MOST_ROOTS:
            last = self._declared.get(max(self._declared))
            highest = max(self.reading.asked, key=lambda asked: asked.place.bus, default=None)
            if highest is not None and highest.place.bus + 1 == len(self._buses):
                yield Conflict(Misfit.TOO_MANY_ROOTS, highest.device, highest.address, highest.place, fact=str(roots))
            elif last is not None:
                yield Conflict(Misfit.TOO_MANY_ROOTS, last.element, None, fact=str(roots))

    def _companions(self) -> Iterator[Conflict]:
        """The USB controllers of ICH9 without a place: those of one index share a slot, each has its function."""
        devices = self.reading.devices
        all_usb = () if devices is None else devices.iterchildren("controller")
        companions = [one for one in all_usb if attribute(one, "model") in COMPANIONS and one.get("type") == "usb"]
        companions.sort(key=lambda one: attribute(one, "model") != "ich9-ehci1")  # libvirt has each master first
        if not companions or any(one.get("index") is None for one in companions):
            return
        asked = {one.device: one.place for one in self.reading.asked}
        if self.machine_kind is MachineKind.Q35:
            asked |= self._at_home_on_q35(one for one in companions if not self.reading.has_address(one))
        taken: dict[int, dict[int, Element]] = {}
        for one in companions:
            index, model = _index(one), attribute(one, "model")
            if one in asked or self.reading.has_address(one) or not isinstance(model, str):
                continue
            first = next((asked[other] for other in companions if other in asked and _index(other) == index), None)
            function = COMPANIONS[model]
            there: Element | None = taken.setdefault(index, {}).setdefault(function, one)
            if there is one and first is not None and first.bus < len(self._buses):
                there = self._buses[first.bus].used.get(first.slot, {}).get(function, one)
            if there is not one:
                place = None if first is None else first._replace(function=function)
                yield Conflict(Misfit.TAKEN, one, None, place, there, fact=str(function))

    def _at_home_on_q35(self, companions: Iterable[Element]) -> dict[Element, Place]:
        """The first controllers of their kind, which libvirt puts where the chipset has them while nothing is there."""
        free = [slot for slot in _USB_OF_Q35 if slot not in self._buses[0].used]
        first = [one for one in companions if attribute(one, "model") == "ich9-uhci1"]
        return {one: Place(0, slot, 0) for one, slot in zip(first, free, strict=False)}

    def _on_full_buses(self) -> Iterator[Conflict]:
        """A device without a place where all slots are taken, and a bridge with more finds none, either."""
        devices = self.reading.devices
        if devices is None or self._buses[0].model != "pci-root" or self.machine_kind is MachineKind.PSERIES:
            return
        if any(bus.free(False) is not None for bus in self._buses if "pci-bridge" in bus.kind.takes):
            return
        for device in devices.iterchildren("*"):
            is_companion = attribute(device, "model") in COMPANIONS
            if needs_pci(device) and not self.reading.has_address(device) and not is_companion:
                yield Conflict(Misfit.FULL, device, None)


def _type_of(controller: Element) -> Maybe[str]:
    """The type of a controller: ide where it names none."""
    kind = attribute(controller, "type")
    return "ide" if kind is None else kind


_LAST_SLOT: Final = 31
_PORTS_OF_A_SLOT: Final = 8


def _is_free_to_go(device: Element, place: Place) -> bool:
    """Tell whether a device may be on the root and on any port alike, wherever the chipset has nothing of its own."""
    if device.tag != "controller":
        return device.tag not in ("iommu", "panic")
    kind = device.get("type")
    if kind == "pci":
        return place.bus == 0 and device.get("model") == "pcie-root-port"
    return place.bus > 0 and kind in ("usb", "scsi", "virtio-serial")


def _index(controller: Element) -> int:
    """The index of a controller: as written, else the one that libvirt gives it; -1 where it is not known."""
    written = decimal(attribute(controller, "index"))
    if written is not None:
        return written if isinstance(written, int) else -1
    kind, devices = controller.get("type"), controller.getparent()
    assert devices is not None
    others = [one for one in devices.iterchildren("controller") if one.get("type") == kind and one is not controller]
    return -1 if any(one.get("index") in (None, "0") for one in others) else 0
