"""The guest's PCI topology: its controllers, the addresses asked for, and where libvirt puts what asks for none."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.devices import interface_type, is_hostdev_of, network_model
from domlint.domain.machine import Machine, PciRoot
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, c_integer, child, child_attribute

PORT_MODELS: Final = frozenset({"pcie-root-port", "pcie-switch-downstream-port"})
"""Controllers that offer one PCI Express slot each. Source: libvirt src/conf/domain_addr.c."""

CONVENTIONAL_MODELS: Final = frozenset(
    {"pci-root", "pci-bridge", "dmi-to-pci-bridge", "pcie-to-pci-bridge", "pci-expander-bus"}
)
"""Controllers whose slots are conventional PCI. Source: libvirt src/conf/domain_addr.c."""

NETWORK_MODELS_ON_PCIE: Final = frozenset({"virtio", "virtio-non-transitional", "e1000e", "igb"})

NETWORK_MODELS_ON_CONVENTIONAL_PCI: Final = frozenset(
    {"rtl8139", "e1000", "vmxnet3", "virtio-transitional", "netfront", "spapr-vlan", "lan9118", "smc91c111"}
    | {"vlance", "vmxnet", "vmxnet2", "am79c970a", "82540em", "82545em", "82543gc"}
)
"""Network models, in lower case, for which libvirt looks for a conventional slot.

Every model it does not know by name goes to a PCI Express slot.
Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainDeviceCalculatePCIConnectFlags) and
src/conf/domain_conf.c (the names).
"""

_CONVENTIONAL_SOUND: Final = frozenset({"es1370", "ac97", "ich6"})
_PCIE_USB: Final = frozenset({"nec-xhci", "qemu-xhci"})
_PCIE_SCSI: Final = frozenset({"virtio-scsi", "virtio-non-transitional"})
_PORT_TAKING_CONTROLLERS: Final = frozenset({"pcie-to-pci-bridge", "pcie-switch-upstream-port"})


class GuestAddress(NamedTuple):
    """The PCI address in the guest that a device asks for."""

    element: Element
    domain: int
    bus: int
    slot: int
    function: int
    multifunction: bool


class Controller(NamedTuple):
    """A PCI controller that the file declares; ``index`` is the bus number that its slots have."""

    element: Element
    index: int
    model: Maybe[str]
    allows_hotplug: bool


def guest_address(device: Element) -> Maybe[GuestAddress]:
    """The address that a device asks for; None where libvirt is to choose one, UNKNOWN where a part is not known.

    An address without domain, bus and slot counts as none, whatever its function. Source: libvirt 11.3.0
    src/util/virpci.c (virPCIDeviceAddressIsEmpty).
    """
    element = child(device, "address")
    if element is None or attribute(element, "type") not in ("pci", UNKNOWN):
        return None
    values = [attribute(element, "type"), attribute(element, "multifunction")]
    numbers = [c_integer(attribute(element, part)) for part in ("domain", "bus", "slot", "function")]
    if any(isinstance(value, Unknown) for value in (*values, *numbers)):
        return UNKNOWN
    domain, bus, slot, function = (number if isinstance(number, int) else 0 for number in numbers)
    if not (domain or bus or slot):
        return None
    return GuestAddress(element, domain, bus, slot, function, values[1] == "on")


class Topology:
    """The PCI topology of a domain with a certain machine."""

    def __init__(self, devices: Element | None, machine: Machine) -> None:
        self.machine = machine
        self._devices = devices
        self.controllers = {controller.index: controller for controller in _pci_controllers(devices)}

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

    def port_of(self, device: Element) -> Controller | None:
        """The declared PCI Express port that a device gets, by its address or by libvirt's choice.

        None where it gets none of those declared (libvirt then adds one), and where that cannot be told.
        """
        address = guest_address(device)
        if isinstance(address, GuestAddress):
            controller = self.controllers.get(address.bus)
            return controller if controller is not None and controller.model in PORT_MODELS else None
        if self.root is not PciRoot.PCIE or self._devices is None or not self._is_known():
            return None
        free = self.free_ports()
        for port, taker in zip(free, self._takers_of_ports(), strict=False):
            if taker is device:
                return port
        return None

    def _is_known(self) -> bool:
        """Tell whether all that libvirt's choice hangs on is known: every address, and every controller's index."""
        assert self._devices is not None
        return not any(
            guest_address(device) is UNKNOWN
            or (device.tag == "controller" and c_integer(attribute(device, "index")) is UNKNOWN)
            for device in self._devices.iterchildren("*")
        )

    def free_ports(self) -> list[Controller]:
        """The declared ports that no device asks for, in the order in which libvirt fills them."""
        taken = set()
        if self._devices is not None:
            for device in self._devices.iterchildren("*"):
                address = guest_address(device)
                if isinstance(address, GuestAddress):
                    taken.add(address.bus)
        ports = (self.controllers[index] for index in sorted(self.controllers))
        return [port for port in ports if port.model in PORT_MODELS and port.index not in taken]

    def _takers_of_ports(self) -> Iterator[Element | None]:
        """The devices that libvirt gives a free port, in its order; None for one that it adds by itself.

        Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainAssignDevicePCISlots): PCI controllers, file
        systems, interfaces, sound, other controllers, disks, host devices.
        """
        devices = self._devices
        assert devices is not None
        homeless = [device for device in devices.iterchildren("*") if guest_address(device) is None]
        for controller in homeless:
            if controller.tag == "controller" and attribute(controller, "model") in _PORT_TAKING_CONTROLLERS:
                yield controller
        if self._lacks_conventional_slots() and any(_is_conventional(device) for device in homeless):
            yield None
        for kind in ("filesystem", "interface", "controller", "disk"):
            yield from (device for device in homeless if device.tag == kind and _is_express(device))
            if kind == "controller" and _adds_virtio_serial(devices):
                yield None
        yield from (device for device in homeless if device.tag == "interface" and interface_type(device) == "hostdev")
        yield from (device for device in homeless if device.tag == "hostdev" and is_hostdev_of(device, "pci", "mdev"))

    def _lacks_conventional_slots(self) -> bool:
        return not any(controller.model in CONVENTIONAL_MODELS for controller in self.controllers.values())


def _pci_controllers(devices: Element | None) -> list[Controller]:
    if devices is None:
        return []
    elements = [element for element in devices.iterchildren("controller") if attribute(element, "type") == "pci"]
    indexes = [c_integer(attribute(element, "index")) for element in elements]
    used = {index for index in indexes if isinstance(index, int)}
    controllers = []
    for element, index in zip(elements, indexes, strict=True):
        if isinstance(index, Unknown):
            continue
        if index is None:
            index = next(number for number in range(len(used) + 1) if number not in used)
            used.add(index)
        hotplug = child_attribute(element, "target", "hotplug")
        controllers.append(Controller(element, index, attribute(element, "model"), hotplug != "off"))
    return controllers


def _is_express(device: Element) -> bool:
    if device.tag == "filesystem":
        return child_attribute(device, "driver", "type") not in ("loop", "nbd", "ploop")
    if device.tag == "interface":
        model = network_model(device)
        conventional = isinstance(model, str) and model.lower() in NETWORK_MODELS_ON_CONVENTIONAL_PCI
        return interface_type(device) != "hostdev" and not conventional and model != "usb-net"
    if device.tag == "controller":
        kind, model = attribute(device, "type"), attribute(device, "model")
        return (
            (kind == "usb" and model in _PCIE_USB)
            or (kind == "scsi" and model in _PCIE_SCSI)
            or (kind == "virtio-serial" and model != "virtio-transitional")
        )
    return child_attribute(device, "target", "bus") == "virtio" and attribute(device, "model") != "virtio-transitional"


def _is_conventional(device: Element) -> bool:
    model = attribute(device, "model")
    if device.tag == "interface":
        model = network_model(device)
        conventional = isinstance(model, str) and model.lower() in NETWORK_MODELS_ON_CONVENTIONAL_PCI
        return interface_type(device) != "hostdev" and conventional
    if device.tag == "sound":
        return model in _CONVENTIONAL_SOUND
    if device.tag == "watchdog":
        return model == "i6300esb"
    return device.tag == "shmem" or model == "virtio-transitional"


def _adds_virtio_serial(devices: Element) -> bool:
    declared = any(
        attribute(controller, "type") == "virtio-serial" for controller in devices.iterchildren("controller")
    )
    wanted = any(
        child_attribute(device, "target", "type") == "virtio" for device in devices.iterchildren("channel", "console")
    )
    return wanted and not declared
