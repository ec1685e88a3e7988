"""The guest's PCI topology: its controllers, the addresses asked for, and where libvirt puts what asks for none."""

from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.cached import cached_property
from domlint.document import Element
from domlint.domain.machine import Machine, PciRoot
from domlint.domain.pci_buses import BUS_KINDS, PCI, PCIE
from domlint.domain.pci_reading import PciController, PciReading, place_of
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, c_integer, child

if TYPE_CHECKING:
    from domlint.domain import placement
    from domlint.hosts import Host

PORT_MODELS: Final = frozenset(
    model for model, kind in BUS_KINDS.items() if PCIE in kind.takes and kind.first_slot == kind.last_slot
)
"""Controllers that offer one PCI Express slot each."""

CONVENTIONAL_MODELS: Final = frozenset(model for model, kind in BUS_KINDS.items() if PCI in kind.takes)
"""Controllers whose slots are conventional PCI."""


class GuestAddress(NamedTuple):
    """The PCI address in the guest that a device asks for."""

    element: Element
    bus: int
    slot: int
    function: int
    multifunction: bool


def guest_address(device: Element) -> Maybe[GuestAddress]:
    """The address that a device asks for; None where libvirt is to choose one, UNKNOWN where a part is not known.

    One that libvirt refuses is unknown, too: so is every PCI domain of the guest but 0.
    Source: libvirt 11.3.0 src/conf/domain_addr.c (virDomainPCIAddressValidate).
    """
    element = child(device, "address")
    if element is None or attribute(element, "type") not in ("pci", UNKNOWN):
        return None
    multifunction = attribute(element, "multifunction")
    if UNKNOWN in (attribute(element, "type"), multifunction):
        return UNKNOWN
    found = place_of(element)
    if found is None or isinstance(found, Unknown):
        return found
    domain, place = found
    return UNKNOWN if domain else GuestAddress(element, *place, multifunction == "on")


class Topology:
    """The PCI topology of a domain with a certain machine."""

    def __init__(self, reading: PciReading, machine: Machine, host: "Host | None" = None) -> None:
        self.machine = machine
        self._devices = reading.devices
        self._asked_for = [asked.place for asked in reading.asked]
        self._host = host
        self.controllers = {one.index: one for one in reading.controllers if isinstance(one.index, int)}

    @property
    def root(self) -> PciRoot:
        """The root bus: what the file declares for index 0, else what the machine has."""
        declared = self.controllers.get(0)
        if declared is not None and declared.model == "pcie-root":
            return PciRoot.PCIE
        if declared is not None and declared.model == "pci-root":
            return PciRoot.PCI
        return self.machine.root

    def is_conventional(self, address: GuestAddress) -> bool:
        """Tell whether an address lies on conventional PCI."""
        if self.root is PciRoot.PCI:
            return True
        controller = self.controllers.get(address.bus)
        return controller is not None and controller.model in CONVENTIONAL_MODELS

    @cached_property
    def has_port_without_hotplug(self) -> bool:
        """Tell whether some declared port forbids hotplug."""
        return any(not one.allows_hotplug and one.model in PORT_MODELS for one in self.controllers.values())

    def port_of(self, device: Element) -> PciController | None:
        """The declared PCI Express port that a device gets, by its address or by libvirt's choice.

        None where it gets none of those declared (libvirt then adds one), and where that cannot be told.
        """
        address = guest_address(device)
        if isinstance(address, GuestAddress):
            controller = self.controllers.get(address.bus)
            return controller if controller is not None and controller.model in PORT_MODELS else None
        if self.root is not PciRoot.PCIE or self._devices is None or not self._is_known:
            return None
        return next((port for port, taker in self._chosen if taker is device), None)

    @cached_property
    def _is_known(self) -> bool:
        """Tell whether all that libvirt's choice hangs on is known: addresses, controllers' indexes, models."""
        from domlint.domain import placement

        assert self._devices is not None
        return not any(
            guest_address(device) is UNKNOWN
            or not placement.is_known(device)
            or (device.tag == "controller" and c_integer(attribute(device, "index")) is UNKNOWN)
            for device in self._devices.iterchildren("*")
        )

    def free_ports(self) -> list[PciController]:
        """The declared ports that no device asks for, in the order in which libvirt fills them."""
        used = {address.bus for address in self._asked_for}
        ports = (self.controllers[index] for index in sorted(self.controllers))
        return [port for port in ports if port.model in PORT_MODELS and port.index not in used]

    @cached_property
    def _chosen(self) -> list[tuple[PciController | None, Element | None]]:
        """The ports that libvirt fills by itself, with the device it puts there.

        None for a port that is not declared: libvirt adds one for each index that the file leaves out. None for a
        device that libvirt adds. PCI controllers come first, in the order of their indexes; among them the bridge that
        libvirt adds for the first device that needs conventional PCI where the file has none.
        """
        from domlint.domain import placement

        devices = self._devices
        assert devices is not None
        guest = self._guest()
        homeless = [device for device in devices.iterchildren("*") if _is_homeless(device)]
        takers: list[Element | None] = list(placement.bridges_taking_ports(self._by_index(homeless)))
        used = {address.slot for address in self._asked_for if address.bus == 0}
        if self._lacks_conventional_slots() and placement.needs_conventional_slot(devices, guest, homeless, used):
            takers.append(None)
        takers += placement.port_takers(devices, guest, homeless)
        return list(zip(self._slots(), takers, strict=False))

    def _slots(self) -> list[PciController | None]:
        """The free ports in libvirt's order; None for one that it adds between those declared."""
        from domlint.domain import placement

        used = {address.bus for address in self._asked_for}
        indexes = range(1, min(max(self.controllers, default=0), placement.MOST_PORTS) + 1)
        slots = ((index, self.controllers.get(index)) for index in indexes)
        return [
            controller
            for index, controller in slots
            if index not in used and (controller is None or controller.model in PORT_MODELS)
        ]

    def _guest(self) -> "placement.Guest":
        """What libvirt's choice hangs on beside the devices. Of an unknown QEMU, it is taken to have what most have."""
        from domlint.domain import placement
        from domlint.hosts.answer import Presence

        machine, host = self.machine, self._host

        def has(flag: str) -> bool:
            return host is None or host.answer(flag).presence is not Presence.ABSENT

        available = (model for model in ("rtl8139", "e1000") if has(model))
        return placement.Guest(
            is_x86=machine.is_x86 is not False,
            has=has,
            network_model=machine.network_model or next(available, "virtio"),
        )

    def _by_index(self, devices: list[Element]) -> list[Element]:
        """The PCI controllers among some devices, in the order of their indexes."""
        ordered = (self.controllers[index].element for index in sorted(self.controllers))
        return [element for element in ordered if element in devices]

    def _lacks_conventional_slots(self) -> bool:
        return not any(controller.model in CONVENTIONAL_MODELS for controller in self.controllers.values())


def _is_homeless(device: Element) -> bool:
    """Tell whether libvirt is to choose an address for a device, should it be one with PCI."""
    address = child(device, "address")
    return address is None or (attribute(address, "type") == "pci" and guest_address(device) is None)
