"""CTRL00x and CTRL01x: numbers, types and models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.controllers import IDE_MODELS, TYPES_WITHOUT_MODEL, Controller
from domlint.domain.machine import Machine, PciRoot
from domlint.domain.values import UNKNOWN, Maybe, Unknown
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_CONF = "libvirt 11.3.0 src/conf"
_QEMU = "libvirt 11.3.0 src/qemu"
_ALIKE = "alike in 7.0.0 and 9.0.0"


# Numbers, types and models.


def _each_controller(context: Context, devices: Element) -> Iterable[Controller]:
    """The controllers that are no matter of PCI or USB."""
    if not context.domain.runs_on_qemu or devices is not context.domain.devices:
        return ()
    return [one for one in context.domain.controllers if one.type != "usb" and one.type is not UNKNOWN]


def _each_duplicate(context: Context, devices: Element) -> Iterator[tuple[Controller, Controller]]:
    """The controllers with a number that one of their type has before them, each with that one."""
    first: dict[tuple[Maybe[str], int], Controller] = {}
    for controller in _each_controller(context, devices):
        if isinstance(controller.number, int):
            before = first.setdefault((controller.type, controller.number), controller)
            if before is not controller:
                yield controller, before


@rule(
    "CTRL001",
    "controller-number-taken",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_duplicate,
    source=f"{_CONF}/domain_postparse.c (virDomainDefRejectDuplicateControllers), {_ALIKE}",
    bad=Example("""\
<controller type='scsi' index='0' model='virtio-scsi'/>
<controller type='scsi' index='0' model='lsilogic'/> <!-- CTRL001 -->"""),
    good=Example("""\
<controller type='scsi' index='0' model='virtio-scsi'/>
<controller type='scsi' index='1' model='virtio-scsi'/>
<controller type='virtio-serial' index='0'/>"""),
)
def controller_number_taken(context: Context, pair: tuple[Controller, Controller]) -> Problems:
    """Two controllers of a type have the same number.

    The address of a disk or channel names its controller by type and number, so libvirt refuses a domain in which that
    is not one alone. Only USB controllers may share theirs, as companions. A controller without `index` gets the lowest
    number that is free.
    """
    controller, before = pair
    yield Problem(
        Spot(controller.element, "index"),
        f"there is a {controller.type} controller with the number {controller.number} already:"
        " libvirt refuses the definition",
        "remove one of them, or give this one an index that no other has",
        ((Spot(before.element, "index"), "the first one of this number"),),
    )


def _each_stray_model(context: Context, devices: Element) -> Iterator[Controller]:
    for controller in _each_controller(context, devices):
        if controller.model is None or isinstance(controller.model, Unknown):
            continue
        is_untyped = "type" not in controller.element.attrib and controller.model not in IDE_MODELS
        if is_untyped or controller.type in TYPES_WITHOUT_MODEL:
            yield controller


@rule(
    "CTRL002",
    "controller-without-models",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_stray_model,
    instead_of=("SCHEMA004", "SCHEMA006"),
    source=f"{_CONF}/domain_conf.c (virDomainControllerModelTypeFromString), {_ALIKE}",
    bad=Example("<controller type='sata' index='0' model='ich9-ahci'/> <!-- CTRL002 -->"),
    good=Example("<controller type='sata' index='0'/>"),
)
def controller_without_models(context: Context, controller: Controller) -> Problems:
    """A controller names a model, and its type has none.

    There is one kind of controller for floppy disks, SATA, smart cards and Xen's bus each. libvirt does not pass over
    the attribute: it refuses the definition, as it does for a model that it does not know. A controller that names no
    type is one for IDE.
    """
    if "type" not in controller.element.attrib:
        yield Problem(
            Spot(controller.element, "model"),
            f"without a type this is an IDE controller, of which there is no model '{controller.model}':"
            " libvirt refuses the definition",
            "write the type of the controller",
        )
        return
    yield Problem(
        Spot(controller.element, "model"),
        f"controllers of the type '{controller.type}' have no models: libvirt refuses the definition",
        f"remove model='{controller.model}'",
    )


_NOT_OF_QEMU: Final = {"xenbus": "Xen's bus", "isa": "ISA"}
"""The types of controllers that libvirt's QEMU driver has nothing for."""


def _each_foreign(context: Context, devices: Element) -> Iterator[Controller]:
    for controller in _each_controller(context, devices):
        if controller.type in _NOT_OF_QEMU and context.machine.root in (PciRoot.PCI, PciRoot.PCIE):
            yield controller


@rule(
    "CTRL003",
    "controller-of-another-driver",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_foreign,
    needs=Needs.MACHINE,
    mentions=("xenbus", "isa"),
    source=f"{_QEMU}/qemu_domain_address.c (qemuDomainDeviceCalculatePCIConnectFlags, qemuDomainAssignDevicePCISlots);"
    " seen with libvirt 11.3.0",
    bad=Example("<controller type='xenbus' index='0' maxGrantFrames='64'/> <!-- CTRL003 -->"),
    good=Example("<controller type='virtio-serial' index='0'/>"),
)
def controller_of_another_driver(context: Context, controller: Controller) -> Problems:
    """A controller is of a type that QEMU does not have.

    `xenbus` is for domains of Xen, `isa` for those of bhyve. libvirt looks for a PCI slot for it, which no bus of a
    QEMU guest has, and refuses the definition.
    """
    yield Problem(
        Spot(controller.element, "type"),
        f"QEMU has no controller for {_NOT_OF_QEMU[str(controller.type)]}: libvirt finds no slot for it, and refuses"
        " the definition",
        "remove this controller",
    )


# SCSI: what the machine has.


def _has_esp(machine: Machine) -> bool | None:
    """Tell whether a machine has an NCR53C90.

    Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainHasBuiltinESP), alike in 7.0.0 and 9.0.0.
    """
    name, arch = machine.name, machine.arch
    if not isinstance(name, str) or not isinstance(arch, str):
        return None
    if arch in ("mips64", "mips64el"):
        return name in ("magnum", "pica61")
    return arch == "sparc" or (arch == "m68k" and name == "q800")


def _each_scsi(context: Context, devices: Element) -> Iterator[tuple[Controller, str]]:
    """The SCSI controllers of models that the QEMU driver cannot add, with the reason."""
    for controller in _each_controller(context, devices):
        if controller.type != "scsi":
            continue
        if controller.model == "buslogic":
            yield controller, "QEMU has no BusLogic controllers"
        elif controller.model == "ncr53c90":
            if _has_esp(context.machine) is False:
                yield controller, f"it is part of a machine, and the machine {context.machine} has none"
            elif isinstance(controller.number, int) and controller.number > 0:
                yield controller, "it is part of the machine, and has the number 0"


@rule(
    "CTRL011",
    "scsi-model-cannot-be-added",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_scsi,
    needs=Needs.MACHINE,
    mentions=("buslogic", "ncr53c90"),
    source=f"{_QEMU}/qemu_validate.c (qemuValidateCheckSCSIControllerModel, qemuValidateDomainDeviceDefControllerSCSI),"
    f" {_ALIKE}",
    bad=Example("<controller type='scsi' index='0' model='buslogic'/> <!-- CTRL011 -->"),
    good=Example("<controller type='scsi' index='0' model='virtio-scsi'/>"),
)
def scsi_model_cannot_be_added(context: Context, found: tuple[Controller, str]) -> Problems:
    """A SCSI controller is of a model that libvirt cannot give to this guest.

    `buslogic` is a model of VMware. `ncr53c90` is the controller of some boards for SPARC, MIPS and m68k, and no card
    that could be plugged into another machine. libvirt refuses the definition.
    """
    controller, reason = found
    yield Problem(
        Spot(controller.element, "model"),
        f"a SCSI controller cannot be of the model '{controller.model}' here: {reason}; libvirt refuses the definition",
        "take model='virtio-scsi', or 'lsilogic' for a guest without virtio drivers",
    )
