"""DEV001 to DEV003 and DEV070: what concerns devices that most domains have: addresses, buses, the balloon.

Every run imports this module; the others wait for their devices.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.architectures import ARM, RISCV
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import VIRTIO_ADDRESSES, VIRTIO_MODELS, disk_bus, interface_type, is_virtio, network_model
from domlint.domain.machine import MachineKind
from domlint.domain.panic import NO_PANIC_MODEL, default_panic_model
from domlint.domain.values import Unknown, attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version


class _Place(NamedTuple):
    """The types of address that devices may have: those of an element, of some models ("" where it names none)."""

    element: str
    models: frozenset[str]
    types: tuple[str, ...]
    outcome: Outcome
    asked: Version | None = None


_PLACES: Final = (
    _Place("rng", VIRTIO_MODELS, VIRTIO_ADDRESSES, Outcome.START),
    _Place("memballoon", VIRTIO_MODELS, VIRTIO_ADDRESSES, Outcome.START),
    _Place("vsock", VIRTIO_MODELS | {""}, VIRTIO_ADDRESSES, Outcome.START),
    _Place("crypto", VIRTIO_MODELS, VIRTIO_ADDRESSES, Outcome.START, Version(9, 1, 0)),
    _Place("watchdog", frozenset({"i6300esb"}), ("pci",), Outcome.DEFINE),
    _Place("watchdog", frozenset({"ib700", "diag288", "itco"}), (), Outcome.DEFINE),
    _Place("panic", frozenset({"isa"}), ("isa",), Outcome.DEFINE),
    _Place("panic", frozenset({"hyperv", "pseries", "s390"}), (), Outcome.DEFINE),
    _Place("panic", frozenset({"pvpanic"}), ("pci",), Outcome.DEFINE),
    _Place("shmem", frozenset({""}), ("pci",), Outcome.START),
    _Place("iommu", frozenset({"intel", "smmuv3"}), (), Outcome.DEFINE, Version(8, 3, 0)),
    _Place("iommu", frozenset({"virtio"}), ("pci",), Outcome.DEFINE),
    _Place("pstore", frozenset({""}), ("pci",), Outcome.DEFINE, Version(10, 6, 0)),
)
"""What libvirt checks of addresses.

Source: libvirt 7.0.0, 9.0.0 and 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainWatchdogDef, -DefPanic,
-DeviceDefIOMMU, -DeviceDefPstore), src/conf/domain_validate.c (virDomainIOMMUDefValidate),
src/qemu/qemu_command.c (qemuBuildVirtioDevGetConfig, qemuBuildShmemCommandLine).
"""

_ELEMENTS: Final = tuple(dict.fromkeys(place.element for place in _PLACES))
_TOLD_ELSEWHERE: Final = (None, "", "virtio-s390")
"""No type, or one that no libvirt takes: the schema tells of these."""


class _Misplaced(NamedTuple):
    device: Element
    address: Element
    type: str
    place: _Place


def _each_misplaced(context: Context, devices: Element) -> Iterator[_Misplaced]:
    for device in devices.iterchildren(*_ELEMENTS):
        address = child(device, "address")
        if address is None:
            continue
        kind, model = attribute(address, "type"), _model_of(context, device)
        if isinstance(kind, Unknown) or model is None or kind in _TOLD_ELSEWHERE:
            continue
        for place in _PLACES:
            if place.element == device.tag and model in place.models and kind not in place.types:
                if context.domain.runs_on_qemu and not _is_older(context, place):
                    yield _Misplaced(device, address, kind or "", place)
                break


def _model_of(context: Context, device: Element) -> str | None:
    """The model of a device; "" for none, None where it is not known."""
    model = attribute(device, "model")
    if isinstance(model, Unknown):
        return None
    return default_panic_model(context.machine) if device.tag == "panic" and model in NO_PANIC_MODEL else model or ""


def _is_older(context: Context, place: _Place) -> bool:
    return place.asked is not None and context.is_older_than(place.asked)


@rule(
    "DEV001",
    "device-address-type",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_misplaced,
    needs=Needs.MACHINE,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c, src/qemu/qemu_command.c; seen with libvirt 11.3.0",
    bad=Example("""\
<watchdog model='i6300esb'>
  <address type='usb' bus='0' port='1'/> <!-- DEV001 -->
</watchdog>
"""),
    good=Example("""\
<watchdog model='i6300esb'>
  <address type='pci' domain='0x0000' bus='0x10' slot='0x02' function='0x0'/>
</watchdog>
"""),
)
def device_address_type(context: Context, misplaced: _Misplaced) -> Problems:
    """A small device has an address of a kind that it cannot have.

    Panic devices of the firmware, the watchdogs that are part of a board, and IOMMUs have no address at all; a PCI
    watchdog has one on PCI, a virtio device one on PCI, on CCW or in memory (MMIO). libvirt refuses the definition, or
    refuses to start the domain.
    """
    device, address, kind, place = misplaced
    name = device.get("model")
    what = f"<{device.tag} model='{name}'>" if name else f"<{device.tag}>"
    if place.types:
        only, way = f"can only have one of type {' or '.join(place.types)}", "remove <address>, libvirt finds one"
    else:
        only, way = "has none: it is part of the machine", "remove <address>"
    yield Problem(
        Spot(address, "type"),
        f"{what} has an address of type '{kind}', but {only}",
        way,
        outcome=Outcome.DEFINE if kind == "unassigned" else place.outcome,
    )


def _each_without_bus(context: Context, devices: Element) -> Iterator[Element]:
    """The virtio devices of a machine that has no bus for them, and that name no address.

    ``devices`` itself stands for the balloon that libvirt gives a machine of RISC-V.
    """
    machine = context.machine
    if machine.kind is not MachineKind.OTHER or machine.arch not in (*ARM, *RISCV) or not context.domain.runs_on_qemu:
        return
    if not isinstance(machine.name, str) or machine.name == "versatilepb":
        return
    # Libvirt starts a NIC of Arm's boards in an old way that asks for no address; a vexpress has no place for a vsock.
    tags = [tag for tag in _BUS_SEEKING if tag != "interface" or machine.arch in RISCV]
    if not context.is_older_than((9, 1, 0)):
        tags.append("crypto")
    if machine.name.startswith("vexpress-"):
        tags = ["vsock"]
    elif machine.arch in RISCV and child(devices, "memballoon") is None:
        yield devices
    for device in devices.iterchildren(*tags):
        if _is_virtio(device) and child(device, "address") is None:
            yield device


_BUS_SEEKING: Final = ("rng", "memballoon", "vsock", "interface", "disk", "controller", "input")


def _is_virtio(device: Element) -> bool:
    model = attribute(device, "model")
    match device.tag:
        case "interface":
            return interface_type(device) != "hostdev" and is_virtio(network_model(device))
        case "disk":
            return disk_bus(device) == "virtio"
        case "input":
            return attribute(device, "bus") == "virtio"
        case "controller":
            kind = attribute(device, "type")
            return kind == "virtio-serial" or (kind == "scsi" and (model == "virtio-scsi" or model in VIRTIO_MODELS))
        case "vsock":
            return model is None or model in VIRTIO_MODELS
    return model in VIRTIO_MODELS


@rule(
    "DEV002",
    "virtio-without-bus",
    outcome=Outcome.START,
    on="devices",
    each=_each_without_bus,
    needs=Needs.MACHINE,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainAssignVirtioMMIOAddresses),"
    " src/qemu/qemu_domain.c (qemuDomainSupportsPCI), src/qemu/qemu_command.c (qemuBuildVirtioDevGetConfig)",
    bad=Example(
        "<memballoon model='virtio'/> <!-- DEV002 -->",
        arch="aarch64",
        machine="raspi3b",
        host="aarch64-8.2",
    ),
    good=Example(
        "<memballoon model='virtio'/>",
        arch="aarch64",
        machine="virt",
        host="aarch64-8.2",
    ),
)
def virtio_without_bus(context: Context, device: Element) -> Problems:
    """A virtio device on a board that has no bus for it.

    Of the boards of Arm and RISC-V, virt has PCI, vexpress has virtio on MMIO, and versatilepb PCI. On any other,
    libvirt finds no address for the device: it defines the domain, and refuses to start it. To a domain of RISC-V
    without a memory balloon it gives a virtio one.
    """
    if device.tag == "devices":
        yield Problem(
            Spot(device),
            f"libvirt adds a virtio memory balloon, and the machine {context.machine} has no bus for it",
            "add <memballoon model='none'/>, or take the machine virt",
        )
    else:
        yield Problem(
            Spot(device),
            f"the machine {context.machine} has no bus for the virtio device <{device.tag}>",
            "say <memballoon model='none'/>" if device.tag == "memballoon" else "take the machine virt, or remove it",
        )


_WITH_MODES: Final = frozenset({"virtio-transitional", "virtio-non-transitional"})
_HANDED_TO_QEMU: Final = Version(7, 1, 0)
"""Or some release until 9.0.0: libvirt 7.0.0 refuses the mode itself."""


def _each_with_mode_on_ccw(context: Context, devices: Element) -> Iterator[tuple[Element, str]]:
    """The virtio devices of a mainframe that choose between the modes of PCI, with their model."""
    if context.machine.kind is not MachineKind.S390_CCW or not context.domain.runs_on_qemu:
        return
    for device in devices.iterchildren("rng", "memballoon", "vsock", "disk", "controller", "interface", "filesystem"):
        model = network_model(device) if device.tag == "interface" else attribute(device, "model")
        address = attribute(child(device, "address"), "type")
        has_mode = isinstance(model, str) and model.lower() in _WITH_MODES and address in (None, "ccw")
        if has_mode and isinstance(model, str) and not _is_passed_over(context, model):
            yield device, model


def _is_passed_over(context: Context, model: str) -> bool:
    """Tell whether libvirt asks for a device without the legacy mode's suffix, as it does of a QEMU without modes."""
    libvirt, host = context.libvirt, context.host
    if host is None or not host.lists_flags or model.lower() != "virtio-transitional":
        return False
    return (libvirt is None or libvirt >= _HANDED_TO_QEMU) and "virtio-pci-non-transitional" not in host.flags


@rule(
    "DEV003",
    "virtio-mode-on-ccw",
    outcome=Outcome.START,
    on="devices",
    each=_each_with_mode_on_ccw,
    needs=Needs.HOST,
    since="7.0.0 refuses it, and newer ones hand it to QEMU, which refuses it",
    source="libvirt 7.0.0 src/qemu/qemu_command.c (qemuBuildVirtioDevStr), 9.0.0 and 11.3.0 "
    "(qemuBuildVirtioDevGetConfigDev); seen with libvirt 7.0.0, and with 9.0.0 and QEMU 7.2",
    bad=Example(
        "<memballoon model='virtio-transitional'/> <!-- DEV003 -->",
        arch="s390x",
        machine="s390-ccw-virtio",
        libvirt="7.0.0",
    ),
    good=Example("<memballoon model='virtio'/>", arch="s390x", machine="s390-ccw-virtio", libvirt="7.0.0"),
)
def virtio_mode_on_ccw(context: Context, found: tuple[Element, str]) -> Problems:
    """A virtio device on CCW is to be with or without the legacy mode of PCI.

    Only virtio devices on PCI have such modes. libvirt defines the domain, and it does not start: libvirt 7.0.0
    refuses it, newer ones leave that to QEMU, which has no such device.
    """
    device, model = found
    yield Problem(
        Spot(device),
        f"the model '{model}' is for virtio on PCI, and this <{device.tag}> is on CCW",
        "say model='virtio'",
    )


@rule(
    "DEV070",
    "memballoon-of-xen",
    outcome=Outcome.DEFINE,
    on="devices/memballoon",
    each=lambda context, balloon: (balloon,) if balloon.get("model") == "xen" and context.domain.runs_on_qemu else (),
    mentions=("xen",),
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefMemballoon)",
    bad=Example("<memballoon model='xen'/> <!-- DEV070 -->"),
    good=Example("<memballoon model='virtio'/>"),
)
def memballoon_of_xen(context: Context, balloon: Element) -> Problems:
    """The memory balloon is the one of Xen.

    QEMU has the virtio one alone; libvirt refuses the definition.
    """
    yield Problem(
        Spot(balloon, "model"),
        "the memory balloon 'xen' is one of Xen's guests",
        "say model='virtio', or model='none' for no balloon",
    )
