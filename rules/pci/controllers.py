"""PCI00x: the indexes and models of the guest's PCI controllers, and the machine they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.architectures import ARM, RISCV
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import MachineKind, PciRoot
from domlint.domain.pci_buses import EXPANDER_BUSES, ROOTS
from domlint.domain.pci_reading import LARGEST_INDEX, PciController
from domlint.domain.values import child
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_VALIDATE: Final = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainControllerDefValidate), alike in 7.0.0"
_POSTPARSE: Final = "libvirt 11.3.0 src/qemu/qemu_postparse.c"

_ROOT: Final = "<controller type='pci' index='0' model='pcie-root'/>\n"


def each_pci_controller(context: Context, devices: Element) -> Iterator[PciController]:
    """The PCI controllers of a domain for QEMU."""
    if devices is context.domain.devices and context.domain.runs_on_qemu:
        yield from context.domain.pci.controllers


def _each_index_twice(context: Context, devices: Element) -> Iterator[tuple[PciController, PciController]]:
    if devices is context.domain.devices and context.domain.pci.are_controllers_known:
        return
    seen: dict[int, PciController] = {}
    for controller in context.selected(each_pci_controller, devices):
        if isinstance(controller.index, int):
            other = seen.setdefault(controller.index, controller)
            if other is not controller:
                yield controller, other


@rule(
    "PCI001",
    "pci-controller-index-twice",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_index_twice,
    source="libvirt 11.3.0 src/conf/domain_postparse.c (virDomainDefRejectDuplicateControllers), alike in 7.0.0",
    bad=Example(
        f"{_ROOT}<controller type='pci' index='1' model='pcie-root-port'/>\n"
        "<controller type='pci' index='1' model='pcie-root-port'/> <!-- PCI001 -->\n"
    ),
    good=Example(
        f"{_ROOT}<controller type='pci' index='1' model='pcie-root-port'/>\n"
        "<controller type='pci' index='2' model='pcie-root-port'/>\n"
    ),
)
def pci_controller_index_twice(context: Context, pair: tuple[PciController, PciController]) -> Problems:
    """Two PCI controllers have the same index.

    The index is the number of the bus that devices are plugged into. libvirt refuses the definition.
    """
    controller, other = pair
    used = {one.index for one in context.domain.pci.controllers}
    free = next((index for index in range(1, LARGEST_INDEX + 1) if index not in used), None)
    yield Problem(
        Spot(controller.element, "index"),
        f"another PCI controller has the index {controller.index} already: libvirt refuses the definition",
        "give each its own index" + (f", such as index='{free}'" if free is not None else ""),
        ((Spot(other.element, "index"), "has the same index"),),
    )


def _each_outsider(context: Context, devices: Element) -> Iterator[PciController]:
    """The controllers with an index that is too high, and the roots with something in them."""
    for controller in context.selected(each_pci_controller, devices):
        index = controller.index
        if (isinstance(index, int) and index > LARGEST_INDEX) or (
            controller.model in ROOTS and len(controller.element)
        ):
            yield controller


def _each_misplaced_root(context: Context, devices: Element) -> Iterator[tuple[PciController, str]]:
    """Each controller that stands at index 0 instead of the machine's root, and that root; "" where it is not known."""
    root = context.machine.root.value if context.machine.root.value in ROOTS else ""
    for controller in context.selected(each_pci_controller, devices):
        fits = controller.model == root if root else controller.model in ROOTS
        if controller.index == 0 and isinstance(controller.model, str) and not fits:
            yield controller, root
            return


@rule(
    "PCI002",
    "wrong-pci-root",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_misplaced_root,
    needs=Needs.MACHINE,
    source=f"{_POSTPARSE} (qemuDomainDefAddDefaultDevices); 7.0.0 src/qemu/qemu_domain.c",
    bad=Example("<controller type='pci' index='0' model='pci-root'/> <!-- PCI002 -->\n", machine="q35"),
    good=Example("<controller type='pci' index='0' model='pcie-root'/>\n", machine="q35"),
)
def wrong_pci_root(context: Context, found: tuple[PciController, str]) -> Problems:
    """The PCI controller with index 0 is not the root that the machine has.

    q35 and the virt machines begin with a pcie-root; i440fx, pseries and s390x with a pci-root. libvirt refuses the
    definition.
    """
    controller, root = found
    if not root:
        yield Problem(
            Spot(controller.element, "index" if controller.element.get("index") is not None else None),
            f"the index 0 is that of the root, and a {controller.model} cannot have it: libvirt refuses the definition",
            "give it another index",
        )
        return
    given = controller.element.get("index") is not None
    yield Problem(
        Spot(controller.element, "model" if given else None),
        f"the PCI controller 0 of the machine {context.machine} is a {root}, not a {controller.model}: libvirt refuses"
        " the definition",
        f"write model='{root}', or remove the controller: libvirt adds it"
        if controller.model in ROOTS
        else f"give the {controller.model} another index; libvirt adds the {root} by itself",
    )


@rule(
    "PCI003",
    "pci-controller-index-too-high",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_outsider,
    source=_VALIDATE,
    bad=Example(f"{_ROOT}<controller type='pci' index='256' model='pcie-root-port'/> <!-- PCI003 -->\n"),
    good=Example(f"{_ROOT}<controller type='pci' index='1' model='pcie-root-port'/>\n"),
)
def pci_controller_index_too_high(context: Context, controller: PciController) -> Problems:
    """The index of a PCI controller is above 255.

    It is the number of a bus, which is a byte. libvirt refuses the definition.
    """
    if isinstance(controller.index, int) and controller.index > LARGEST_INDEX:
        yield Problem(
            Spot(controller.element, "index"),
            f"PCI controllers have an index of {LARGEST_INDEX} at most, and this one has {controller.index}: libvirt"
            " refuses the definition",
            "take a lower index that is free, and change the bus in the addresses of what is plugged into it",
        )


@rule(
    "PCI004",
    "pci-root-with-address",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_outsider,
    source=_VALIDATE,
    bad=Example(
        "<controller type='pci' index='0' model='pcie-root'>\n"
        "  <address type='pci' bus='0x00' slot='0x05'/> <!-- PCI004 -->\n</controller>\n"
    ),
    good=Example(_ROOT),
)
def pci_root_with_address(context: Context, controller: PciController) -> Problems:
    """A root has an address.

    pci-root and pcie-root are where PCI begins: they are plugged into nothing. libvirt refuses the definition.
    """
    address = child(controller.element, "address") if controller.model in ROOTS else None
    if address is not None:
        yield Problem(
            Spot(address),
            f"a {controller.model} is plugged into nothing and has no address: libvirt refuses the definition",
            "remove the <address>",
        )


def _each_with_machine(context: Context, devices: Element) -> Iterator[tuple[PciController, MachineKind]]:
    """The PCI controllers whose model hangs on the machine, where it is known which that is."""
    controllers = context.selected(each_pci_controller, devices)
    if len(controllers) < 2 and not any(one.model == "pcie-expander-bus" or one.index for one in controllers):
        return
    hanging = [
        one
        for one in controllers
        if one.model in _HANGING_ON_THE_MACHINE and (one.index or one.model in EXPANDER_BUSES)
    ]
    kind = context.machine.kind if hanging else MachineKind.UNKNOWN
    if kind is not MachineKind.UNKNOWN:
        for controller in hanging:
            yield controller, kind


_HANGING_ON_THE_MACHINE: Final = ROOTS | set(EXPANDER_BUSES)

_WORDS: Final = {"pci-expander-bus": "i440fx machines", "pcie-expander-bus": "q35 and Arm's virt machines"}


@rule(
    "PCI005",
    "expander-bus-on-wrong-machine",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_with_machine,
    needs=Needs.MACHINE,
    source=f"{_POSTPARSE} (qemuDomainControllerDefPostParse); 7.0.0 src/qemu/qemu_domain.c",
    bad=Example(f"{_ROOT}<controller type='pci' index='1' model='pci-expander-bus'/> <!-- PCI005 -->\n", machine="q35"),
    good=Example(f"{_ROOT}<controller type='pci' index='1' model='pcie-expander-bus'/>\n", machine="q35"),
)
def expander_bus_on_wrong_machine(context: Context, found: tuple[PciController, MachineKind]) -> Problems:
    """An expander bus is on a machine that has no such thing.

    i440fx has pci-expander-bus, q35 and Arm's virt machine have pcie-expander-bus. libvirt refuses the definition.
    """
    controller, kind = found
    if not isinstance(controller.model, str) or controller.model not in EXPANDER_BUSES:
        return
    if kind not in EXPANDER_BUSES[controller.model]:
        other = next((model for model, machines in EXPANDER_BUSES.items() if kind in machines), None)
        yield Problem(
            Spot(controller.element, "model"),
            f"only {_WORDS[controller.model]} have a {controller.model}, and the machine is {context.machine}:"
            " libvirt refuses the definition",
            f"write model='{other}'" if other else "remove the controller",
        )


_WITHOUT_ADDRESSES: Final = (*ARM, *RISCV)
"""Architectures of which libvirt gives the PCI controllers of a machine without PCI neither address nor model name.

Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainSupportsPCI), src/qemu/qemu_domain_address.c
(qemuDomainAssignPCIAddresses).
"""


def _each_without_pci(context: Context, devices: Element) -> Iterator[PciController]:
    controllers = context.selected(each_pci_controller, devices)
    if controllers and context.machine.root is PciRoot.NONE and context.machine.arch in _WITHOUT_ADDRESSES:
        yield from (one for one in controllers if one.model not in ROOTS and isinstance(one.model, str))


@rule(
    "PCI007",
    "pci-controller-on-machine-without-pci",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_without_pci,
    needs=Needs.MACHINE,
    instead_of=("CAPS020",),
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI), alike in 7.0.0",
    bad=Example(
        "<controller type='pci' index='1' model='pci-bridge'/> <!-- PCI007 -->\n",
        arch="aarch64",
        machine="raspi3b",
        host="aarch64-8.2",
    ),
    good=Example(_ROOT, arch="aarch64", machine="virt", host="aarch64-8.2"),
)
def pci_controller_on_machine_without_pci(context: Context, controller: PciController) -> Problems:
    """A board of Arm or RISC-V without PCI is given a PCI controller.

    Of these, libvirt knows PCI only of the virt machines and of versatilepb. It refuses the definition.
    """
    if child(controller.element, "model") is None:
        yield Problem(
            Spot(controller.element, "model"),
            f"the machine {context.machine} has no PCI, and cannot have a {controller.model}: libvirt refuses the"
            " definition",
            "remove the controller, or take the machine virt",
        )


@rule(
    "PCI006",
    "second-pci-root",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_with_machine,
    needs=Needs.MACHINE,
    source=f"{_POSTPARSE} (qemuDomainControllerDefPostParse); 7.0.0 src/qemu/qemu_domain.c",
    bad=Example(f"{_ROOT}<controller type='pci' index='1' model='pcie-root'/> <!-- PCI006 -->\n"),
    good=Example(f"{_ROOT}<controller type='pci' index='1' model='pcie-root-port'/>\n"),
)
def second_pci_root(context: Context, found: tuple[PciController, MachineKind]) -> Problems:
    """A root has an index other than 0.

    Only pseries machines have several roots, all of them pci-root. libvirt refuses the definition.
    """
    controller, kind = found
    index = controller.index
    if controller.model not in ROOTS or not isinstance(index, int) or not index:
        return
    if kind is not MachineKind.PSERIES or controller.model == PciRoot.PCIE.value:
        yield Problem(
            Spot(controller.element, "index" if controller.element.get("index") is not None else None),
            f"a {controller.model} has the index 0, and this one has {index}: libvirt refuses the definition",
            "remove the controller, or take a model that is plugged into the root, such as "
            + ("pcie-root-port" if controller.model == PciRoot.PCIE.value else "pci-bridge"),
        )
