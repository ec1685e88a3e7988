"""CTRL02x: the options and I/O threads of SCSI controllers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.architectures import LOONGARCH, S390
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.controllers import VIRTIO_SCSI
from domlint.domain.iothreads import FaultyMapping, mapping_faults
from domlint.domain.machine import Machine, MachineKind
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, child_attribute, decimal
from domlint.findings import Outcome
from domlint.hosts.answer import Presence
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_CONF = "libvirt 11.3.0 src/conf"
_QEMU = "libvirt 11.3.0 src/qemu"
_ALIKE = "alike in 7.0.0 and 9.0.0"


# <driver>: what virtio SCSI controllers alone have.

_OPTIONS: Final = ("queues", "cmd_per_lun", "max_sectors", "iothread")


def default_scsi_model(machine: Machine) -> Maybe[str]:
    """The model of a SCSI controller that names none, as far as the machine tells; UNKNOWN elsewhere.

    Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainGetSCSIControllerModel), alike in 7.0.0 and 9.0.0.
    """
    if machine.arch in (*S390, *LOONGARCH):
        return "virtio-scsi"
    return "ibmvscsi" if machine.kind is MachineKind.PSERIES else UNKNOWN


def _model(context: Context, element: Element) -> Maybe[str]:
    """The model of a controller: as written, or of which it is sure to be; None for one that is not for SCSI."""
    kind, model = attribute(element, "type"), attribute(element, "model")
    if kind != "scsi":
        return UNKNOWN if kind is UNKNOWN else None
    return default_scsi_model(context.machine) if model in (None, "auto") else model


def _each_driver(context: Context, driver: Element) -> Iterator[Element]:
    """The ``<driver>`` that libvirt reads, where it has something that concerns SCSI."""
    if not context.domain.runs_on_qemu or child(_parent(driver), "driver") is not driver:
        return
    if any(name in driver.attrib for name in (*_OPTIONS, "ioeventfd")) or child(driver, "iothreads") is not None:
        yield driver


def _parent(element: Element) -> Element:
    parent = element.getparent()
    return element if parent is None else parent


def _options(driver: Element) -> Iterator[str]:
    """The attributes that set something: 0 counts as nothing."""
    for name in _OPTIONS:
        number = decimal(attribute(driver, name))
        if isinstance(number, int) and number > 0:
            yield name
    if attribute(driver, "ioeventfd") in ("on", "off"):
        yield "ioeventfd"


def _elsewhere(driver: Element, controller: str, way_out: str) -> Problems:
    for name in _options(driver):
        yield Problem(
            Spot(driver, name),
            f"'{name}' is for virtio SCSI controllers alone, and this is {controller}: libvirt refuses the definition",
            way_out.format(name=name),
        )


def _scsi(
    *lines: str, opening: str = "<controller type='scsi' index='0' model='virtio-scsi'>", **details: str
) -> Example:
    """A controller with these lines in it."""
    inside = "".join(f"  {line}\n" for line in lines)
    return Example(f"{opening}\n{inside}</controller>", **details)  # type: ignore[arg-type]


@rule(
    "CTRL020",
    "virtio-scsi-option-elsewhere",
    outcome=Outcome.DEFINE,
    on="devices/controller/driver",
    each=_each_driver,
    needs=Needs.MACHINE,
    instead_of=("SCHEMA002", "SCHEMA004"),
    source=f"{_QEMU}/qemu_validate.c (qemuValidateDomainDeviceDefControllerAttributes) and"
    f" {_CONF}/domain_postparse.c (virDomainControllerDefPostParse), {_ALIKE}",
    bad=_scsi("<driver queues='4'/> <!-- CTRL020 -->", opening="<controller type='scsi' index='0' model='lsisas1068'>"),
    good=_scsi("<driver queues='4'/>"),
)
def virtio_scsi_option_elsewhere(context: Context, driver: Element) -> Problems:
    """A controller that is no virtio SCSI controller has options of one.

    Queues, I/O threads, and limits of commands and sectors are properties of virtio SCSI. libvirt refuses the
    definition where another controller has them.
    """
    element = _parent(driver)
    model = _model(context, element)
    if isinstance(model, Unknown) or model in VIRTIO_SCSI:
        return
    kind = attribute(element, "type")
    what = f"one of the type '{kind or 'ide'}'" if model is None else f"one of the model '{model}'"
    yield from _elsewhere(driver, what, "remove {name}, or make it a SCSI controller with model='virtio-scsi'")


@rule(
    "CTRL021",
    "virtio-scsi-option-without-model",
    outcome=Outcome.DEFINE,
    on="devices/controller/driver",
    each=_each_driver,
    needs=Needs.HOST,
    source=f"{_QEMU}/qemu_domain.c (qemuDomainGetSCSIControllerModel), qemu_validate.c"
    f" (qemuValidateDomainDeviceDefControllerAttributes), {_ALIKE}",
    bad=_scsi("<driver queues='4'/> <!-- CTRL021 -->", opening="<controller type='scsi' index='0'>", host="qemu-lsi"),
    good=_scsi("<driver queues='4'/>", host="qemu-lsi"),
)
def virtio_scsi_option_without_model(context: Context, driver: Element) -> Problems:
    """A SCSI controller has options of virtio SCSI, and names no model.

    Without a model it is an LSI 53C895A wherever QEMU has one, and virtio SCSI only elsewhere: on most hosts libvirt
    refuses the definition.
    """
    if context.host is None or not context.is_judged or not isinstance(_model(context, _parent(driver)), Unknown):
        return
    element = _parent(driver)
    if attribute(element, "type") != "scsi" or attribute(element, "model") not in (None, "auto"):
        return
    if context.host.answer("lsi").presence in (Presence.PRESENT, Presence.IMPLIED):
        yield from _elsewhere(
            driver, "one of the model 'lsilogic', as it names none", "write model='virtio-scsi' into the controller"
        )


def _each_virtio_driver(context: Context, driver: Element) -> Iterator[Element]:
    for one in _each_driver(context, driver):
        if _model(context, _parent(driver)) in VIRTIO_SCSI:
            yield one


@rule(
    "CTRL022",
    "controller-iothread-undefined",
    outcome=Outcome.DEFINE,
    on="devices/controller/driver",
    each=_each_virtio_driver,
    needs=Needs.MACHINE,
    source=f"{_QEMU}/qemu_validate.c (qemuValidateCheckSCSIControllerIOThreads), {_ALIKE}",
    bad=_scsi("<driver iothread='3'/> <!-- CTRL022 -->", around="<iothreads>2</iothreads>"),
    good=_scsi("<driver iothread='2'/>", around="<iothreads>2</iothreads>"),
)
def controller_iothread_undefined(context: Context, driver: Element) -> Problems:
    """A controller names an I/O thread that the domain has not.

    The domain has as many as `<iothreads>` says, numbered from 1, or with the numbers of `<iothreadids>`. libvirt
    refuses the definition.
    """
    number, ids = decimal(attribute(driver, "iothread")), context.domain.iothread_ids
    if isinstance(number, int) and number > 0 and ids is not None and number not in ids:
        have = f"those with the numbers {', '.join(map(str, sorted(ids)[:8]))}" if ids else "none"
        yield Problem(
            Spot(driver, "iothread"),
            f"the domain has no I/O thread {number}, but {have}: libvirt refuses the definition",
            f"name one that there is, or write <iothreads>{max(number, len(ids) + 1)}</iothreads>"
            if not ids
            else f"name one that there is, or add <iothread id='{number}'/> to <iothreadids>",
        )


def _each_elsewhere(context: Context, mapping: Element) -> Iterator[tuple[Element, str]]:
    """The I/O threads of a controller that is none of virtio SCSI, and what it is instead."""
    driver = _parent(mapping)
    if not context.domain.runs_on_qemu or child(_parent(driver), "driver") is not driver:
        return
    model = _model(context, _parent(driver))
    if not isinstance(model, Unknown) and model not in VIRTIO_SCSI and child(mapping, "iothread") is not None:
        kind = attribute(_parent(driver), "type")
        yield mapping, f"the type '{kind or 'ide'}'" if model is None else f"the model '{model}'"


@rule(
    "CTRL026",
    "controller-iothreads-elsewhere",
    outcome=Outcome.DEFINE,
    on="devices/controller/driver/iothreads",
    each=_each_elsewhere,
    needs=Needs.MACHINE,
    asked="11.2.0",
    instead_of=("SCHEMA002", "SCHEMA003", "SCHEMA004"),
    source=f"{_CONF}/domain_validate.c (virDomainControllerDefValidate); NEWS.rst, 11.2.0",
    bad=_scsi(
        "<driver>",
        "  <iothreads> <!-- CTRL026 -->",
        "    <iothread id='1'/>",
        "  </iothreads>",
        "</driver>",
        opening="<controller type='virtio-serial' index='0'>",
        around="<iothreads>1</iothreads>",
    ),
    good=_scsi(
        "<driver>",
        "  <iothreads>",
        "    <iothread id='1'/>",
        "  </iothreads>",
        "</driver>",
        around="<iothreads>1</iothreads>",
    ),
)
def controller_iothreads_elsewhere(context: Context, found: tuple[Element, str]) -> Problems:
    """A controller that is no virtio SCSI controller has I/O threads for its queues.

    libvirt refuses the definition.
    """
    mapping, what = found
    yield Problem(
        Spot(mapping),
        f"I/O threads are for virtio SCSI controllers alone, and this is one of {what}: libvirt refuses the definition",
        "remove <iothreads>, or make it a SCSI controller with model='virtio-scsi'",
    )


def _each_mapping(context: Context, driver: Element) -> Iterator[FaultyMapping]:
    for one in _each_virtio_driver(context, driver):
        yield from mapping_faults(one, context.domain.iothread_ids)


@rule(
    "CTRL023",
    "controller-queues-mismatched",
    outcome=Outcome.DEFINE,
    on="devices/controller/driver",
    each=_each_mapping,
    needs=Needs.MACHINE,
    asked="11.2.0",
    source=f"{_QEMU}/qemu_validate.c (qemuDomainValidateIothreadMapping); NEWS.rst, 11.2.0",
    bad=_scsi(
        "<driver queues='2'>",
        "  <iothreads>",
        "    <iothread id='1'>",
        "      <queue id='0'/>",
        "    </iothread>",
        "    <iothread id='2'>",
        "      <queue id='2'/> <!-- CTRL023 -->",
        "      <queue id='1'/>",
        "    </iothread>",
        "  </iothreads>",
        "</driver>",
        around="<iothreads>2</iothreads>",
    ),
    good=_scsi(
        "<driver queues='2'>",
        "  <iothreads>",
        "    <iothread id='1'>",
        "      <queue id='0'/>",
        "    </iothread>",
        "    <iothread id='2'>",
        "      <queue id='1'/>",
        "    </iothread>",
        "  </iothreads>",
        "</driver>",
        around="<iothreads>2</iothreads>",
    ),
)
def controller_queues_mismatched(context: Context, mapping: FaultyMapping) -> Problems:
    """The queues of a controller are not divided among its I/O threads as they must be.

    Either no thread names queues, and QEMU divides them; or each thread does, each queue of the controller has one
    thread, and the controller says how many queues it has. libvirt refuses the definition otherwise.
    """
    yield Problem(Spot(mapping.element), f"{mapping.message}: libvirt refuses the definition", mapping.way_out)


@rule(
    "CTRL024",
    "controller-iothreads-both-ways",
    outcome=Outcome.DEFINE,
    on="devices/controller/driver",
    each=_each_virtio_driver,
    needs=Needs.MACHINE,
    asked="11.2.0",
    source=f"{_CONF}/domain_validate.c (virDomainControllerDefValidate); NEWS.rst, 11.2.0",
    bad=_scsi(
        "<driver iothread='1'> <!-- CTRL024 -->",
        "  <iothreads>",
        "    <iothread id='2'/>",
        "  </iothreads>",
        "</driver>",
        around="<iothreads>2</iothreads>",
    ),
    good=_scsi(
        "<driver>",
        "  <iothreads>",
        "    <iothread id='1'/>",
        "    <iothread id='2'/>",
        "  </iothreads>",
        "</driver>",
        around="<iothreads>2</iothreads>",
    ),
)
def controller_iothreads_both_ways(context: Context, driver: Element) -> Problems:
    """A controller has one I/O thread, and several.

    `iothread` gives it one, `<iothreads>` several. libvirt refuses a definition with both.
    """
    number, threads = decimal(attribute(driver, "iothread")), child(driver, "iothreads")
    if isinstance(number, int) and number > 0 and threads is not None and child(threads, "iothread") is not None:
        yield Problem(
            Spot(driver, "iothread"),
            f"the controller has the I/O thread {number}, and a list of threads: libvirt refuses the definition",
            "remove the attribute, and name all threads in <iothreads>",
        )


@rule(
    "CTRL025",
    "controller-iothread-on-wrong-address",
    outcome=Outcome.DEFINE,
    on="devices/controller/driver",
    each=_each_virtio_driver,
    needs=Needs.MACHINE,
    source=f"{_QEMU}/qemu_validate.c (qemuValidateCheckSCSIControllerIOThreads), {_ALIKE}",
    bad=_scsi(
        "<driver iothread='1'/> <!-- CTRL025 -->",
        "<address type='virtio-mmio'/>",
        arch="aarch64",
        machine="virt",
        around="<iothreads>1</iothreads>",
    ),
    good=_scsi("<driver iothread='1'/>", arch="aarch64", machine="virt", around="<iothreads>1</iothreads>"),
)
def controller_iothread_on_wrong_address(context: Context, driver: Element) -> Problems:
    """A controller with an I/O thread is neither on PCI nor on IBM Z's channels.

    Only virtio devices of these two have I/O threads: libvirt refuses the definition.
    """
    kind = child_attribute(_parent(driver), "address", "type")
    number, threads = decimal(attribute(driver, "iothread")), child(driver, "iothreads")
    has_threads = (isinstance(number, int) and number > 0) or threads is not None
    if has_threads and isinstance(kind, str) and kind not in ("pci", "ccw"):
        yield Problem(
            Spot(driver),
            f"a controller with an address of the type '{kind}' has no I/O threads: libvirt refuses the definition",
            "remove the address, so that libvirt chooses one, or the I/O thread",
        )
