"""Which devices libvirt gives a PCI slot of its own choice, which kind of slot, and in which order.

This is about guests whose PCI begins with a pcie-root (q35, virt). Source: libvirt 9.0.0 and 11.3.0
src/qemu/qemu_domain_address.c (qemuDomainDeviceCalculatePCIConnectFlags, qemuDomainValidateDevicePCISlotsQ35,
qemuDomainAssignDevicePCISlots), src/qemu/qemu_domain.c (qemuDomainDefAddDefaultDevices) and src/conf/domain_postparse.c
(virDomainDefAddImplicitControllers) for the devices that libvirt adds by itself.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.devices import (
    NETWORK_MODELS_ON_CONVENTIONAL_PCI,
    hostdev_mode,
    interface_type,
    is_hostdev_of,
    network_model,
)
from domlint.domain.pci_buses import (
    COMPANIONS,
    EXPRESS_SCSI,
    EXPRESS_USB,
    FILE_SYSTEMS_WITHOUT_PCI,
    NETWORK_MODELS_WITHOUT_PCI,
    TRANSITIONAL,
)
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, c_integer, child, child_attribute


class Slot(Enum):
    """The kind of slot that libvirt looks for."""

    EXPRESS = "PCI Express: a port"
    CONVENTIONAL = "conventional PCI: behind a bridge"


class Guest(NamedTuple):
    """What libvirt's choice hangs on beside the devices.

    ``has`` tells whether the QEMU has a capability; ``network_model`` is the model of an interface that names none.
    """

    is_x86: bool
    has: Callable[[str], bool]
    network_model: str


_PORT_TAKING_BRIDGES: Final = frozenset({"pcie-to-pci-bridge", "pcie-switch-upstream-port"})
_CONVENTIONAL_SOUND: Final = frozenset({"es1370", "ac97", "ich6", "ich9"})
_CONVENTIONAL_VIDEO: Final = frozenset({None, "vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "parallels"})
_DISK_BUS_BY_NAME: Final = {"sd": "scsi", "vd": "virtio"}
_DISKS_PER_CONTROLLER: Final = {"scsi": 7, "sata": 6}

_LONGEST_DISK_NAME: Final = 6
"""Letters of a disk's name after sd or vd: six of them number more than 300 million disks."""

MOST_PORTS: Final = 0xFF
"""The number of ports that a guest can have: each is a PCI bus, and the number of a bus is a byte."""

_MAIN_VIDEO: Final = 0x01
_MAIN_SOUND: Final = 0x1B
_MAIN_USB: Final = (0x1D, 0x1A)
"""The slots of bus 0 where q35 has its own devices and libvirt puts the first of their kind, when they are free."""


def is_known(device: Element) -> bool:
    """Tell whether no placeholder stands where the kind of slot hangs on it."""
    if device.tag not in _SLOTS:
        return True
    children = (("model", "type"), ("target", "bus"), ("target", "type"), ("driver", "type"))
    values = (attribute(device, "type"), _model(device), *(child_attribute(device, *names) for names in children))
    return all(value is not UNKNOWN for value in values)


def port_takers(devices: Element, guest: Guest, homeless: list[Element]) -> Iterator[Element | None]:
    """The devices that get a free port, in libvirt's order; None for one that libvirt adds by itself.

    ``homeless`` are the devices that ask for no address. The bridge that libvirt adds for the first device that needs
    a conventional slot is not among them, see needs_conventional_slot.
    """

    def takers(*kinds: str) -> Iterator[Element]:
        return (device for device in homeless if device.tag in kinds and _slot_of(device, guest) is Slot.EXPRESS)

    yield from takers("filesystem")
    yield from (device for device in takers("interface") if interface_type(device) != "hostdev")
    yield from takers("sound")
    yield from takers("controller")
    yield from (None for slot in _added_controllers(devices, guest) if slot is Slot.EXPRESS)
    yield from takers("disk")
    yield from (device for device in takers("interface") if interface_type(device) == "hostdev")
    yield from takers("hostdev")


def bridges_taking_ports(homeless: list[Element]) -> list[Element]:
    """The bridges and switches in the file that get a free port, before any other device."""
    return [device for device in homeless if _is_pci_controller(device) and _model(device) in _PORT_TAKING_BRIDGES]


def needs_conventional_slot(devices: Element, guest: Guest, homeless: list[Element], used: set[int]) -> bool:
    """Tell whether some device gets a conventional slot. ``used`` are the slots of bus 0 that devices ask for."""
    settled = frozenset(_settled(devices, homeless, used) if guest.is_x86 else ())
    wanting = (device for device in homeless if device not in settled)
    return any(_slot_of(device, guest) is Slot.CONVENTIONAL for device in wanting) or any(
        slot is Slot.CONVENTIONAL for slot in _added_controllers(devices, guest)
    )


def _slot_of(device: Element, guest: Guest) -> Slot | None:
    """The kind of slot that a device gets; None where it is no PCI device, or a bridge."""
    find = _SLOTS.get(str(device.tag))
    return None if find is None else find(device, guest)


def _settled(devices: Element, homeless: list[Element], used: set[int]) -> list[Element]:
    """The conventional devices that libvirt puts right onto bus 0 of q35, as the chipset has them there."""
    found = []
    without_address = frozenset(homeless)
    videos = sorted(
        devices.iterchildren("video"), key=lambda video: child_attribute(video, "model", "primary") != "yes"
    )
    if _MAIN_VIDEO not in used:
        found += [video for video in videos[:1] if video in without_address]
    if _MAIN_SOUND not in used:
        found += [device for device in homeless if device.tag == "sound" and _model(device) == "ich9"][:1]
    usb = [one for one in devices.iterchildren("controller") if attribute(one, "type") == "usb"]
    free = [slot for slot in _MAIN_USB if slot not in used]
    first = [one for one in usb if one in without_address and _model(one) == "ich9-uhci1"][: len(free)]
    placed = [one for one in usb if _model(one) in COMPANIONS and (one in first or one not in without_address)]
    places = {attribute(one, "index") for one in placed}
    companions = [one for one in usb if _model(one) in COMPANIONS and attribute(one, "index") in places]
    sata = [one for one in devices.iterchildren("controller") if attribute(one, "type") == "sata"]
    return found + companions + [one for one in sata if c_integer(attribute(one, "index")) in (None, 0)]


def _of_controller(device: Element, guest: Guest) -> Slot | None:
    kind = attribute(device, "type")
    return _CONTROLLERS[kind](_model(device), guest) if isinstance(kind, str) and kind in _CONTROLLERS else None


def _of_usb_controller(model: Maybe[str], guest: Guest) -> Slot | None:
    if model == "none":
        return None
    is_express = model in EXPRESS_USB or (model is None and not guest.is_x86 and guest.has("qemu-xhci"))
    return Slot.EXPRESS if is_express else Slot.CONVENTIONAL


def _of_scsi_controller(model: Maybe[str], guest: Guest) -> Slot | None:
    if model == "ncr53c90":
        return None
    is_express = model in EXPRESS_SCSI or (model in (None, "auto") and not guest.has("lsi"))
    return Slot.EXPRESS if is_express else Slot.CONVENTIONAL


def _of_virtio(model: Maybe[str], guest: Guest) -> Slot | None:
    return Slot.CONVENTIONAL if model == TRANSITIONAL else Slot.EXPRESS


def _of_conventional(model: Maybe[str], guest: Guest) -> Slot | None:
    return Slot.CONVENTIONAL


_CONTROLLERS: Final = {
    "usb": _of_usb_controller,
    "scsi": _of_scsi_controller,
    "virtio-serial": _of_virtio,
    "sata": _of_conventional,
}


def _of_file_system(device: Element, guest: Guest) -> Slot | None:
    if child_attribute(device, "driver", "type") in FILE_SYSTEMS_WITHOUT_PCI:
        return None
    return _of_virtio(_model(device), guest)


def _of_interface(device: Element, guest: Guest) -> Slot | None:
    if interface_type(device) == "hostdev":
        return Slot.EXPRESS
    model = network_model(device)
    if not model or (isinstance(model, str) and model.lower() == "unknown"):
        model = _default_network_model(device, guest)
    if not isinstance(model, str) or model.lower() in NETWORK_MODELS_WITHOUT_PCI:
        return None
    return Slot.CONVENTIONAL if model.lower() in NETWORK_MODELS_ON_CONVENTIONAL_PCI else Slot.EXPRESS


def _default_network_model(device: Element, guest: Guest) -> Maybe[str]:
    """The model of an interface that names none; a transient one on a network has that of an assigned device."""
    if interface_type(device) == "vdpa":
        return "virtio"
    if interface_type(device) == "network" and child_attribute(device, "teaming", "type") == "transient":
        return "an assigned device"
    return guest.network_model


def _of_sound(device: Element, guest: Guest) -> Slot | None:
    if _model(device) == "virtio":
        return Slot.EXPRESS
    return Slot.CONVENTIONAL if _model(device) in _CONVENTIONAL_SOUND else None


def _of_disk(device: Element, guest: Guest) -> Slot | None:
    return _of_virtio(_model(device), guest) if _disk_bus(device) == "virtio" else None


def _of_hostdev(device: Element, guest: Guest) -> Slot | None:
    if hostdev_mode(device) != "subsystem":
        return None
    if is_hostdev_of(device, "pci") or (is_hostdev_of(device, "mdev") and _model(device) == "vfio-pci"):
        return Slot.EXPRESS
    return _of_virtio(_model(device), guest) if is_hostdev_of(device, "scsi_host") else None


def _of_video(device: Element, guest: Guest) -> Slot | None:
    model = child_attribute(device, "model", "type")
    if model is None and not guest.is_x86:
        return Slot.EXPRESS
    return Slot.CONVENTIONAL if model in _CONVENTIONAL_VIDEO else None


def _of_serial(device: Element, guest: Guest) -> Slot | None:
    return Slot.CONVENTIONAL if child_attribute(device, "target", "type") == "pci-serial" else None


def _of_watchdog(device: Element, guest: Guest) -> Slot | None:
    return Slot.CONVENTIONAL if _model(device) == "i6300esb" else None


def _of_shared_memory(device: Element, guest: Guest) -> Slot | None:
    return Slot.CONVENTIONAL


def _of_transitional(device: Element, guest: Guest) -> Slot | None:
    return Slot.CONVENTIONAL if _model(device) == TRANSITIONAL else None


_SLOTS: Final[dict[str, Callable[[Element, Guest], Slot | None]]] = {
    "controller": _of_controller,
    "filesystem": _of_file_system,
    "interface": _of_interface,
    "sound": _of_sound,
    "disk": _of_disk,
    "hostdev": _of_hostdev,
    "video": _of_video,
    "serial": _of_serial,
    "watchdog": _of_watchdog,
    "shmem": _of_shared_memory,
    "memballoon": _of_transitional,
    "rng": _of_transitional,
    "input": _of_transitional,
    "vsock": _of_transitional,
}
"""By the name of a device's element. Those of the last lines get their ports after every host device."""


def _added_controllers(devices: Element, guest: Guest) -> Iterator[Slot | None]:
    """The slots of the controllers that libvirt adds because the file has none for a device."""
    declared = {
        (attribute(controller, "type"), index)
        for controller, index in _indexed(list(devices.iterchildren("controller")))
    }
    if guest.is_x86 and ("usb", 0) not in declared:
        xhci = guest.has("qemu-xhci") or guest.has("nec-usb-xhci")
        yield Slot.EXPRESS if xhci else None
    wanted = {("scsi", index) for index in range(_drive_controllers(devices, "scsi"))}
    wanted |= {("sata", index) for index in range(1, _drive_controllers(devices, "sata"))}
    wanted |= {("virtio-serial", index) for index in _virtio_serial_controllers(devices)}
    for kind, _ in wanted - declared:
        yield _CONTROLLERS[kind](None, guest)


def _indexed(controllers: list[Element]) -> Iterator[tuple[Element, int | None]]:
    """Controllers with their index: as written, else the lowest that is not used for their type."""
    used: dict[Maybe[str], set[Maybe[int]]] = {}
    for controller in controllers:
        used.setdefault(attribute(controller, "type"), set()).add(c_integer(attribute(controller, "index")))
    lowest: dict[Maybe[str], int] = {}
    for controller in controllers:
        kind, index = attribute(controller, "type"), c_integer(attribute(controller, "index"))
        if index is None:
            index = lowest.get(kind, 0)
            while index in used[kind]:
                index += 1
            lowest[kind] = index + 1
        yield controller, index if isinstance(index, int) else None


def _drive_controllers(devices: Element, bus: str) -> int:
    """The number of controllers that the drives on a bus need: one more than the highest index.

    More than there can be ports is not counted: they leave none for any other device, however many they are.
    """
    highest = -1
    for disk in devices.iterchildren("disk"):
        if _disk_bus(disk) == bus:
            address = child(disk, "address")
            if address is None:
                highest = max(highest, _disk_number(disk) // _DISKS_PER_CONTROLLER[bus])
            else:
                highest = max(highest, _number(attribute(address, "controller")))
    if bus == "scsi":
        for hostdev in devices.iterchildren("hostdev"):
            if is_hostdev_of(hostdev, "scsi"):
                highest = max(highest, _number(child_attribute(hostdev, "address", "controller")))
    return min(highest, MOST_PORTS) + 1


def _virtio_serial_controllers(devices: Element) -> set[int]:
    return {
        _number(child_attribute(device, "address", "controller"))
        for device in devices.iterchildren("channel", "console")
        if child_attribute(device, "target", "type") == "virtio"
    }


def _disk_bus(disk: Element) -> Maybe[str]:
    bus, name = child_attribute(disk, "target", "bus"), child_attribute(disk, "target", "dev")
    return _DISK_BUS_BY_NAME.get(name[:2]) if bus is None and isinstance(name, str) else bus


def _disk_number(disk: Element) -> int:
    """The number that libvirt reads from a disk's name: sda is 0, sdz 25, sdaa 26."""
    name = child_attribute(disk, "target", "dev")
    if isinstance(name, Unknown) or name is None:
        return 0
    number = 0
    letters = name.removeprefix("xv")[2 if not name.startswith("xv") else 1 :].rstrip("0123456789")
    for letter in letters[:_LONGEST_DISK_NAME]:
        number = number * 26 + ord(letter) - ord("a") + 1
    return max(number - 1, 0)


def _number(value: Maybe[str]) -> int:
    number = c_integer(value)
    return number if isinstance(number, int) else 0


def _model(device: Element) -> Maybe[str]:
    return attribute(device, "model")


def _is_pci_controller(device: Element) -> bool:
    return device.tag == "controller" and attribute(device, "type") == "pci"
