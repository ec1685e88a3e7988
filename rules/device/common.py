"""DEV001 and DEV070: what concerns devices that most domains have: the addresses of small devices, the balloon.

Every run imports this module; the others wait for their devices.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.panic import NO_PANIC_MODEL, default_panic_model
from domlint.domain.values import Unknown, attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_VIRTIO: Final = frozenset({"virtio", "virtio-transitional", "virtio-non-transitional"})
_VIRTIO_PLACES: Final = ("pci", "ccw", "virtio-mmio")


class _Place(NamedTuple):
    """The types of address that devices may have: those of an element, of some models ("" where it names none)."""

    element: str
    models: frozenset[str]
    types: tuple[str, ...]
    outcome: Outcome
    asked: Version | None = None


_PLACES: Final = (
    _Place("rng", _VIRTIO, _VIRTIO_PLACES, Outcome.START),
    _Place("memballoon", _VIRTIO, _VIRTIO_PLACES, Outcome.START),
    _Place("vsock", _VIRTIO | {""}, _VIRTIO_PLACES, Outcome.START),
    _Place("crypto", _VIRTIO, _VIRTIO_PLACES, Outcome.START, Version(9, 1, 0)),
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
    return place.asked is not None and context.libvirt is not None and context.libvirt < place.asked


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


@rule(
    "DEV070",
    "memballoon-of-xen",
    outcome=Outcome.DEFINE,
    on="devices/memballoon",
    each=lambda context, balloon: (balloon,) if balloon.get("model") == "xen" and context.domain.runs_on_qemu else (),
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
