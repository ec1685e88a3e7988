"""What may be plugged where: the buses that PCI controllers make, and what a device asks of a bus."""

from collections.abc import Callable
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.devices import (
    NETWORK_MODELS_ON_CONVENTIONAL_PCI,
    disk_bus,
    interface_type,
    is_hostdev_of,
    network_model,
)
from domlint.domain.machine import MachineKind
from domlint.domain.values import Maybe, attribute, child_attribute

PCI: Final = "pci device"
PCIE: Final = "pcie device"
ENDPOINTS: Final = frozenset({PCI, PCIE})
"""What a device asks for that is no controller. A controller asks for a bus that takes its model."""

_BRIDGED: Final = frozenset({PCI, "pci-bridge"})
_PORT: Final = frozenset({PCIE, "pcie-switch-upstream-port", "pcie-to-pci-bridge"})


class BusKind(NamedTuple):
    """The bus of a controller: what can be plugged into it, and into which slots.

    ``is_for_all`` tells whether libvirt puts devices there by itself that are no controllers.
    """

    takes: frozenset[str]
    first_slot: int
    last_slot: int
    is_for_all: bool


BUS_KINDS: Final = {
    "pci-root": BusKind(_BRIDGED | {"pci-expander-bus"}, 1, 31, True),
    "pcie-root": BusKind(frozenset({PCIE, "pcie-root-port", "dmi-to-pci-bridge", "pcie-expander-bus"}), 1, 31, False),
    "pci-bridge": BusKind(_BRIDGED, 1, 31, True),
    "pcie-to-pci-bridge": BusKind(_BRIDGED, 1, 31, True),
    "dmi-to-pci-bridge": BusKind(_BRIDGED, 0, 31, False),
    "pci-expander-bus": BusKind(_BRIDGED, 0, 31, True),
    "pcie-expander-bus": BusKind(frozenset({"pcie-root-port", "dmi-to-pci-bridge"}), 0, 31, False),
    "pcie-root-port": BusKind(_PORT, 0, 0, True),
    "pcie-switch-downstream-port": BusKind(_PORT, 0, 0, True),
    "pcie-switch-upstream-port": BusKind(frozenset({"pcie-switch-downstream-port"}), 0, 31, False),
}
"""By the model of the controller. Source: libvirt 11.3.0 src/conf/domain_addr.c (virDomainPCIAddressBusSetModel)."""

EXPANDER_BUSES: Final = {
    "pci-expander-bus": (MachineKind.I440FX,),
    "pcie-expander-bus": (MachineKind.Q35, MachineKind.ARM_VIRT),
}
"""The machines that have expander buses. Source: libvirt 11.3.0 src/qemu/qemu_postparse.c
(qemuDomainControllerDefPostParse)."""

ROOTS: Final = frozenset({"pci-root", "pcie-root"})


def takes(kind: BusKind, wanted: str) -> bool:
    """Tell whether a bus takes what is to be plugged into it by an address that the file gives.

    A device with such an address may be on conventional PCI or on PCI Express, whichever it is, and a pci-bridge
    wherever a device may be. Source: libvirt 11.3.0 src/conf/domain_addr.c (virDomainPCIAddressFlagsCompatible).
    """
    if wanted in kind.takes:
        return True
    return (wanted in ENDPOINTS or wanted == "pci-bridge") and not ENDPOINTS.isdisjoint(kind.takes)


COMPANIONS: Final = {"ich9-ehci1": 7, "ich9-uhci1": 0, "ich9-uhci2": 1, "ich9-uhci3": 2}
"""The functions of the USB controllers that share a slot.

Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainAssignDevicePCISlots).
"""

EXPRESS_USB: Final = frozenset({"nec-xhci", "qemu-xhci"})
EXPRESS_SCSI: Final = frozenset({"virtio-scsi", "virtio-non-transitional"})
NETWORK_MODELS_WITHOUT_PCI: Final = frozenset({"usb-net", "spapr-vlan"})
FILE_SYSTEMS_WITHOUT_PCI: Final = frozenset({"loop", "nbd", "ploop", "mtp"})
_EXPRESS_VIDEO: Final = frozenset({"virtio", "bochs"})
TRANSITIONAL: Final = "virtio-transitional"


def wanted_by(device: Element) -> str | None:
    """What a device asks of a bus where the guest has PCI Express; None where that hangs on the host's QEMU.

    Where the address of a device that has no PCI names a bus, libvirt takes the device for one of conventional PCI.
    Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainDeviceCalculatePCIConnectFlags,
    qemuDomainCollectPCIAddress).
    """
    find = _WANTED.get(device.tag)
    return PCI if find is None else find(device)


def _of_virtio(model: Maybe[str]) -> str:
    return PCI if model == TRANSITIONAL else PCIE


def _of_disk(disk: Element) -> str | None:
    return _of_virtio(attribute(disk, "model")) if disk_bus(disk) == "virtio" else PCI


def _of_interface(device: Element) -> str | None:
    if interface_type(device) == "hostdev":
        return PCIE
    model = network_model(device)
    if not isinstance(model, str):
        return None
    model = model.lower()
    if model in NETWORK_MODELS_WITHOUT_PCI or model in NETWORK_MODELS_ON_CONVENTIONAL_PCI:
        return PCI
    return None if model == "unknown" else PCIE


def _of_hostdev(device: Element) -> str | None:
    if is_hostdev_of(device, "scsi_host"):
        return _of_virtio(attribute(device, "model"))
    return PCIE if is_hostdev_of(device, "pci", "mdev") else PCI


def _of_sound(device: Element) -> str | None:
    return PCIE if attribute(device, "model") == "virtio" else PCI


def _of_video(device: Element) -> str | None:
    model = child_attribute(device, "model", "type")
    if not isinstance(model, str):
        return None
    return PCIE if model in _EXPRESS_VIDEO else PCI


def _of_controller(device: Element) -> str | None:
    kind, model = attribute(device, "type"), attribute(device, "model")
    if kind == "pci":
        return model if isinstance(model, str) else None
    if kind == "virtio-serial":
        return _of_virtio(model)
    express = {"usb": EXPRESS_USB, "scsi": EXPRESS_SCSI}.get(kind) if isinstance(kind, str) else None
    if express is None:
        return PCI
    if not isinstance(model, str) or model == "auto":
        return None
    return PCIE if model in express else PCI


def _of_file_system(device: Element) -> str | None:
    if child_attribute(device, "driver", "type") in FILE_SYSTEMS_WITHOUT_PCI:
        return PCI
    return _of_virtio(attribute(device, "model"))


def _of_virtio_device(device: Element) -> str | None:
    return _of_virtio(attribute(device, "model"))


def _of_input(device: Element) -> str | None:
    return _of_virtio(attribute(device, "model")) if attribute(device, "bus") == "virtio" else PCI


def _of_memory(device: Element) -> str | None:
    return PCIE if attribute(device, "model") in ("virtio-mem", "virtio-pmem") else PCI


def _of_iommu(device: Element) -> str | None:
    return PCIE if attribute(device, "model") == "virtio" else PCI


_WANTED: Final[dict[str, Callable[[Element], str | None]]] = {
    "disk": _of_disk,
    "interface": _of_interface,
    "sound": _of_sound,
    "hostdev": _of_hostdev,
    "video": _of_video,
    "controller": _of_controller,
    "input": _of_input,
    "filesystem": _of_file_system,
    "memballoon": _of_virtio_device,
    "rng": _of_virtio_device,
    "vsock": _of_virtio_device,
    "memory": _of_memory,
    "iommu": _of_iommu,
}


_SOUND_WITHOUT_PCI: Final = frozenset({"sb16", "pcspk", "usb"})
_VIDEO_WITHOUT_PCI: Final = frozenset({"none", "ramfb"})
_CONTROLLERS_WITHOUT_PCI: Final = frozenset({"pci", "fdc", "ccid"})
_ALWAYS_ON_PCI: Final = frozenset({"rng", "shmem", "vsock", "crypto", "pstore"})


def needs_pci(device: Element) -> bool:
    """Tell whether libvirt looks for a place on PCI for a device without an address, on a machine with PCI or without.

    Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainAssignDevicePCISlots).
    """
    model = attribute(device, "model")
    match device.tag:
        case "disk":
            return disk_bus(device) == "virtio"
        case "interface":
            written = network_model(device)
            is_known = written is None or isinstance(written, str)
            return is_known and interface_type(device) != "hostdev" and written not in NETWORK_MODELS_WITHOUT_PCI
        case "filesystem":
            return child_attribute(device, "driver", "type") in (None, "path", "handle", "virtiofs")
        case "sound":
            return isinstance(model, str) and model not in _SOUND_WITHOUT_PCI
        case "controller":
            return _controller_needs_pci(device, model)
        case "hostdev":
            if is_hostdev_of(device, "mdev"):
                return model == "vfio-pci"
            return is_hostdev_of(device, "pci", "scsi_host")
        case "memballoon":
            return isinstance(model, str) and model != "none"
        case "watchdog":
            return model == "i6300esb"
        case "video":
            kind = child_attribute(device, "model", "type")
            return isinstance(kind, str) and kind not in _VIDEO_WITHOUT_PCI
        case "input":
            return attribute(device, "bus") == "virtio"
        case "serial":
            return child_attribute(device, "target", "type") == "pci-serial"
        case "memory":
            return model in ("virtio-mem", "virtio-pmem")
    return device.tag in _ALWAYS_ON_PCI


def _controller_needs_pci(device: Element, model: Maybe[str]) -> bool:
    kind = attribute(device, "type")
    if not isinstance(kind, str) or kind in _CONTROLLERS_WITHOUT_PCI:
        return False
    if kind == "ide":
        return attribute(device, "index") not in (None, "0")
    if kind == "usb":
        return isinstance(model, str) and model != "none"
    return model not in ("ncr53c90", "ibmvscsi")
