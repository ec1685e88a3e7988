"""PCI02x: what PCI controllers can be told, and which numbers they take."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import MachineKind
from domlint.domain.pci_buses import ROOTS
from domlint.domain.pci_reading import PciController
from domlint.domain.values import attribute, c_integer, child, decimal
from domlint.findings import Outcome
from domlint.placeholders import is_placeholder
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.rules.pci.controllers import each_pci_controller
from domlint.versions import Version

_VALIDATE: Final = (
    "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI), alike in 7.0.0 and 9.0.0"
)
_RANGES: Final = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainControllerDefValidate), alike in 7.0.0"
_ROOT: Final = "<controller type='pci' index='0' model='pcie-root'/>\n"


class Option(NamedTuple):
    """An attribute of ``<target>``: the controllers that take it, its lowest and highest value, its libvirt."""

    models: frozenset[str]
    least: int | None = None
    most: int = 255
    since: Version | None = None


_PORTS: Final = frozenset({"pcie-root-port", "pcie-switch-downstream-port"})
_EXPANDERS: Final = frozenset({"pci-expander-bus", "pcie-expander-bus"})

OPTIONS: Final = {
    "chassisNr": Option(frozenset({"pci-bridge"}), 1),
    "chassis": Option(_PORTS, 0),
    "port": Option(_PORTS, 0),
    "busNr": Option(_EXPANDERS, 1, 254),
    "index": Option(frozenset({"pci-root"}), 0, 30),
    "hotplug": Option(_PORTS | {"pci-root"}, since=Version(6, 3, 0)),
    "memReserve": Option(frozenset({"pcie-root-port", "pci-bridge"}), since=Version(10, 3, 0)),
}
"""Source: libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI),
src/conf/domain_validate.c (virDomainControllerDefValidate); NEWS of 6.3.0 and 10.3.0."""


def _each_with_target(context: Context, devices: Element) -> Iterator[tuple[PciController, Element]]:
    for controller in context.selected(each_pci_controller, devices):
        if len(controller.element):
            target = child(controller.element, "target")
            if target is not None and not _is_usual(controller, target):
                yield controller, target


def _is_usual(controller: PciController, target: Element) -> bool:
    """Tell whether it is a port with a chassis and a number that it can have, and nothing else, as most are."""
    return controller.model in _PORTS and not len(target) and _are_numbers_of_port(*target.items())


@lru_cache(maxsize=1024)
def _are_numbers_of_port(*attributes: tuple[str, str]) -> bool:
    return all(
        name in ("chassis", "port") and isinstance(number := c_integer(value), int) and number <= _PORT_NUMBERS
        for name, value in attributes
    )


_PORT_NUMBERS: Final = 255


def _bridge(inner: str, model: str = "pci-bridge") -> Example:
    return Example(f"<controller type='pci' index='1' model='{model}'>\n  {inner}\n</controller>\n", machine="pc")


@rule(
    "PCI020",
    "option-of-another-pci-controller",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_with_target,
    source=_VALIDATE,
    bad=_bridge("<target chassis='2'/> <!-- PCI020 -->"),
    good=_bridge("<target chassisNr='2'/>"),
)
def option_of_another_pci_controller(context: Context, found: tuple[PciController, Element]) -> Problems:
    """A PCI controller is given an option that only others have.

    'chassisNr' is of pci-bridge, 'chassis' and 'port' are of PCI Express ports, 'busNr' is of expander buses, 'index'
    of the roots of pseries machines, 'hotplug' of ports and pci-root, 'memReserve' of root ports and pci-bridge.
    libvirt refuses the definition.
    """
    controller, target = found
    model = controller.model
    for name in map(str, target.keys()):
        option = OPTIONS.get(name)
        if option is None or model in option.models or not isinstance(model, str):
            continue
        if option.since is not None and context.is_older_than(option.since):
            continue
        words = " and ".join(sorted(option.models))
        yield Problem(
            Spot(target, name),
            f"'{name}' is an option of {words}, not of {model}: libvirt refuses the definition",
            "use chassisNr" if name == "chassis" and model == "pci-bridge" else f"remove {name}='{target.get(name)}'",
        )


@rule(
    "PCI021",
    "pci-controller-number-out-of-range",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_with_target,
    source=_RANGES,
    instead_of=("SCHEMA005",),
    bad=_bridge("<target chassisNr='0'/> <!-- PCI021 -->"),
    good=_bridge("<target chassisNr='1'/>"),
)
def pci_controller_number_out_of_range(context: Context, found: tuple[PciController, Element]) -> Problems:
    """A number of a PCI controller is none that it can have.

    'chassisNr' is from 1 to 255, 'chassis' and 'port' from 0 to 255, 'busNr' from 1 to 254, the target's 'index' from 0
    to 30. libvirt refuses the definition.
    """
    controller, target = found
    for name in map(str, target.keys()):
        option = OPTIONS.get(name)
        if option is None or option.least is None or controller.model not in option.models:
            continue
        number = c_integer(attribute(target, name))
        if isinstance(number, int) and not option.least <= number <= option.most:
            yield Problem(
                Spot(target, name),
                f"'{name}' of a PCI controller is a number from {option.least} to {option.most}, and this one is"
                f" {number}: libvirt refuses the definition",
                f"take a number from {option.least} to {option.most}, or leave '{name}' out: libvirt chooses one",
            )


@rule(
    "PCI022",
    "target-index-zero",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_with_target,
    source=_RANGES,
    bad=Example(
        "<controller type='pci' index='1' model='pci-root'>\n  <target index='0'/> <!-- PCI022 -->\n</controller>\n",
        machine="pseries",
        arch="ppc64",
    ),
    good=Example(
        "<controller type='pci' index='1' model='pci-root'>\n  <target index='1'/>\n</controller>\n",
        machine="pseries",
        arch="ppc64",
    ),
)
def target_index_zero(context: Context, found: tuple[PciController, Element]) -> Problems:
    """The target's index of a host bridge is 0 and its own is not, or the other way round.

    The pci-root with index 0 is the host bridge that a pseries machine always has, its target's index is 0; no other
    can have that. libvirt refuses the definition.
    """
    controller, target = found
    number = c_integer(attribute(target, "index"))
    if controller.model != "pci-root" or not isinstance(number, int) or not isinstance(controller.index, int):
        return
    if number <= OPTIONS["index"].most and bool(number) != bool(controller.index):
        yield Problem(
            Spot(target, "index"),
            f"the pci-root {controller.index} has the target index {number}, and only that with index 0 can and"
            " must have 0: libvirt refuses the definition",
            "remove the target's index: libvirt chooses one",
        )


def numa_cells(context: Context) -> int:
    """The number of NUMA nodes of the guest."""
    cpu = child(context.domain.element, "cpu")
    numa = None if cpu is None else child(cpu, "numa")
    return 0 if numa is None else sum(1 for _ in numa.iterchildren("cell"))


@rule(
    "PCI023",
    "pci-controller-of-no-numa-node",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_with_target,
    source="libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainControllerDefPostParse), src/qemu/qemu_validate.c"
    " (qemuValidateDomainDeviceDefControllerPCI), alike in 7.0.0",
    bad=_bridge("<target busNr='200'><node>3</node></target> <!-- PCI023 -->", "pci-expander-bus"),
    good=_bridge("<target busNr='200'/>", "pci-expander-bus"),
)
def pci_controller_of_no_numa_node(context: Context, found: tuple[PciController, Element]) -> Problems:
    """A PCI controller is of a NUMA node that the guest does not have, or cannot be of one.

    <node> is the number of a cell in <numa>, counted from 0. Only expander buses, and the host bridges that are added
    to a pseries machine, can be of a node. libvirt refuses the definition.
    """
    controller, target = found
    node = child(target, "node")
    text = "" if node is None else (node.text or "").strip()
    number = None if is_placeholder(text) else decimal(text)
    if node is None or not isinstance(number, int) or not isinstance(controller.model, str):
        return
    cells = numa_cells(context)
    if controller.index == 0:
        why, way_out = "the PCI controller with index 0 is of no NUMA node", "remove <node>"
    elif controller.model not in _EXPANDERS and controller.model != "pci-root":
        why, way_out = f"a {controller.model} is of no NUMA node", "remove <node>, or put it on an expander bus"
    elif number >= cells:
        has = f"{cells} NUMA nodes" if cells else "no NUMA nodes"
        why = f"the {controller.model} {controller.index} is of the NUMA node {number}, and the guest has {has}"
        way_out = f"take a node from 0 to {cells - 1}" if cells else "remove <node>, or add <numa> to <cpu>"
    else:
        return
    yield Problem(Spot(node), f"{why}: libvirt refuses the definition", way_out)


MODEL_NAMES: Final = {
    "pci-root": ("spapr-pci-host-bridge",),
    "pcie-root": (),
    "pci-bridge": ("pci-bridge",),
    "dmi-to-pci-bridge": ("i82801b11-bridge",),
    "pcie-to-pci-bridge": ("pcie-pci-bridge",),
    "pcie-root-port": ("pcie-root-port", "ioh3420"),
    "pcie-switch-upstream-port": ("x3130-upstream",),
    "pcie-switch-downstream-port": ("xio3130-downstream",),
    "pci-expander-bus": ("pxb",),
    "pcie-expander-bus": ("pxb-pcie",),
}
"""QEMU's devices for each model of controller. Source: as above."""


@rule(
    "PCI024",
    "model-name-of-another-pci-controller",
    outcome=Outcome.DEFINE,
    on="devices/controller/model",
    source=_VALIDATE,
    bad=Example(
        f"{_ROOT}<controller type='pci' index='1' model='pcie-root-port'>\n"
        "  <model name='pci-bridge'/> <!-- PCI024 -->\n</controller>\n"
    ),
    good=Example(
        f"{_ROOT}<controller type='pci' index='1' model='pcie-root-port'>\n"
        "  <model name='pcie-root-port'/>\n</controller>\n"
    ),
)
def model_name_of_another_pci_controller(context: Context, element: Element) -> Problems:
    """A PCI controller names a device of QEMU that is another kind of controller.

    libvirt refuses the definition.
    """
    controller = element.getparent()
    if controller is None or controller.get("type") != "pci" or not context.domain.runs_on_qemu:
        return
    model, name = attribute(controller, "model"), attribute(element, "name")
    if not isinstance(model, str) or not isinstance(name, str) or model not in MODEL_NAMES:
        return
    names = MODEL_NAMES[model]
    if name not in names and any(name in others for others in MODEL_NAMES.values()):
        yield Problem(
            Spot(element, "name"),
            f"QEMU's device '{name}' is no {model}: libvirt refuses the definition",
            f"write name='{names[0]}', or remove <model>: libvirt chooses it" if names else "remove <model>",
        )


_OF_PSERIES: Final = (
    "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI), alike in 7.0.0"
)


def _each_root(context: Context, devices: Element) -> Iterator[tuple[PciController, MachineKind]]:
    for controller in context.selected(each_pci_controller, devices):
        if controller.model in ROOTS and len(controller.element):
            kind = context.machine.kind
            if kind is not MachineKind.UNKNOWN:
                yield controller, kind


@rule(
    "PCI025",
    "option-of-pseries-root",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_root,
    needs=Needs.MACHINE,
    source=_OF_PSERIES,
    bad=Example(
        "<controller type='pci' index='0' model='pci-root'>\n  <target index='0'/> <!-- PCI025 -->\n</controller>\n",
        machine="pc",
    ),
    good=Example(
        "<controller type='pci' index='0' model='pci-root'>\n  <target index='0'/>\n</controller>\n",
        machine="pseries",
        arch="ppc64",
    ),
)
def option_of_pseries_root(context: Context, found: tuple[PciController, MachineKind]) -> Problems:
    """The root of another machine has what only host bridges of pseries machines have.

    These are the target's index, and the model name spapr-pci-host-bridge. libvirt refuses the definition.
    """
    controller, kind = found
    if controller.model != "pci-root" or kind is MachineKind.PSERIES:
        return
    target, model = child(controller.element, "target"), child(controller.element, "model")
    spots = []
    if target is not None and isinstance(attribute(target, "index"), str):
        spots.append(Spot(target, "index"))
    if model is not None and attribute(model, "name") in MODEL_NAMES["pci-root"]:
        spots.append(Spot(model, "name"))
    for spot in spots:
        yield Problem(
            spot,
            f"only host bridges of pseries machines have that, and the machine is {context.machine}: libvirt refuses"
            " the definition",
            "remove it",
        )


_WITH_HOLE: Final = {MachineKind.I440FX: "pci-root", MachineKind.Q35: "pcie-root"}


@rule(
    "PCI026",
    "pci-hole-on-wrong-machine",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_root,
    needs=Needs.MACHINE,
    source=_VALIDATE,
    bad=Example(
        "<controller type='pci' index='0' model='pci-root'>\n"
        "  <pcihole64 unit='KiB'>1048576</pcihole64> <!-- PCI026 -->\n</controller>\n",
        machine="pseries",
        arch="ppc64",
    ),
    good=Example(
        "<controller type='pci' index='0' model='pci-root'>\n"
        "  <pcihole64 unit='KiB'>1048576</pcihole64>\n</controller>\n",
        machine="pc",
    ),
)
def pci_hole_on_wrong_machine(context: Context, found: tuple[PciController, MachineKind]) -> Problems:
    """The 64-bit PCI hole is given a size on a machine whose hole has none to give.

    i440fx and q35 take a size. libvirt refuses the definition on all others.
    """
    controller, kind = found
    hole = child(controller.element, "pcihole64")
    if hole is not None and _WITH_HOLE.get(kind) != controller.model and kind not in _WITH_HOLE:
        yield Problem(
            Spot(hole),
            f"the machine {context.machine} takes no size of the 64-bit PCI hole: libvirt refuses the definition",
            "remove <pcihole64>",
        )
