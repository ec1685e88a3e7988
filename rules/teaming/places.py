"""TEAM050 to TEAM058: where the assigned device is plugged in."""

from __future__ import annotations

import re
from typing import Final

from domlint.architectures import PPC64, S390, X86
from domlint.changes import Fix, RemoveAttribute, SetAttribute
from domlint.domain import Context
from domlint.domain.devices import NETWORK_MODELS_ON_CONVENTIONAL_PCI, network_model
from domlint.domain.failover import Pair, Teaming
from domlint.domain.failover_fixes import allow_hotplug, remove_address
from domlint.domain.machine import MachineKind, PciRoot
from domlint.domain.pci import GuestAddress, guest_address
from domlint.domain.values import UNKNOWN, attribute, child
from domlint.findings import Outcome, Severity
from domlint.rule import Fixable, Needs, Problem, Problems, Spot, rule
from domlint.rules.teaming import (
    GOOD,
    QEMU_DOCUMENT,
    SEEN,
    TEAMING,
    TRANSIENT,
    each_assigned,
    each_pair,
    each_transient,
    example_of,
    existing,
    hostdev_xml,
    lines_of,
    primary_xml,
    standby_xml,
)
from domlint.versions import Version


def _guest_address(teaming: Teaming) -> GuestAddress | None:
    address = guest_address(teaming.device)
    return address if isinstance(address, GuestAddress) else None


def _place_spot(transient: Teaming) -> Spot:
    address = _guest_address(transient)
    return Spot(transient.element) if address is None else Spot(address.element)


_NEVER_APPEARS = "QEMU refuses it when the guest asks for it, and the VF never appears in the guest"


_ON_THE_PORT: Final = "  <address type='pci' bus='0x01' slot='0x00'/>"
_PORT: Final = """\
<controller type='pci' index='0' model='pcie-root'/>
<controller type='pci' index='1' model='pcie-root-port'/>
"""


@rule(
    "TEAM050",
    "transient-not-pcie",
    outcome=Outcome.BROKEN,
    fixable=Fixable.UNSAFE,
    on=TEAMING,
    each=each_assigned,
    needs=Needs.HOST,
    source=f'QEMU 7.2 hw/core/qdev.c and hw/vfio/pci.c ("must be on PCIExpress bus"); {SEEN}',
    bad=example_of(standby_xml(), primary_xml(teaming=f"{TRANSIENT} <!-- TEAM050 -->"), machine="pc-i440fx-8.2"),
    good=GOOD,
)
def transient_not_pcie(context: Context, transient: Teaming) -> Problems:
    """The assigned device is plugged into conventional PCI.

    The domain is defined and starts. When the guest's virtio driver asks for the assigned device, QEMU refuses to plug
    it into anything but PCI Express and says so in its log: the VF never appears, and the guest runs on the virtio NIC
    alone. Machines with conventional PCI are those of the i440fx family (pc), which is also QEMU's default on x86; on
    q35 and on virt the slots behind a pcie-to-pci-bridge, dmi-to-pci-bridge or pci-bridge are conventional.
    """
    if context.machine.arch in (*S390, *PPC64):
        return
    address = _guest_address(transient)
    if context.pci.root is PciRoot.PCI:
        yield Problem(
            Spot(transient.element),
            f"the assigned device lands on conventional PCI, the only kind that {_machine_in_words(context)} has: "
            f"{_NEVER_APPEARS}",
            _express_machine(context),
            fix=_to_express_machine(context),
        )
    elif address is not None and context.pci.root is not PciRoot.NONE and context.pci.is_conventional(address):
        controller = context.pci.controllers[address.bus]
        yield Problem(
            Spot(address.element),
            f"bus {address.bus} is the conventional PCI of a {controller.model}: {_NEVER_APPEARS}",
            _move_to_a_port(context),
            ((Spot(controller.element), f"the controller of bus {address.bus}"),),
            fix=remove_address(address.element),
        )


def _machine_in_words(context: Context) -> str:
    written, name = context.domain.machine_name, context.machine.name
    if isinstance(written, str):
        return f"machine '{written}'"
    return f"the host's default machine ({name})" if isinstance(name, str) else "the machine"


_NUMBERED = r"pc-i440fx-(\d+\.\d+)"


def _express_machine(context: Context) -> str:
    better = _machine_with_express(context)
    if better is None and not isinstance(context.machine.arch, str):
        return "use a machine with PCI Express"
    if better is None:
        return f"remove <teaming>: no machine of {context.machine.arch} has PCI Express"
    return f"use a machine with PCI Express: machine='{better}' (this changes the guest's hardware)"


def _machine_with_express(context: Context) -> str | None:
    """The machine that is nearest to the domain's own; None where the architecture has none."""
    arch, name = context.machine.arch, context.domain.machine_name
    match = re.fullmatch(_NUMBERED, name) if isinstance(name, str) else None
    if arch in ("aarch64", "armv7l"):
        return "virt"
    if arch not in X86:
        return None
    if match is None or Version.parse(match.group(1)) < Version(2, 4, 0):
        return "q35"
    return f"pc-q35-{match.group(1)}"


def _to_express_machine(context: Context) -> Fix | None:
    better, element = _machine_with_express(context), context.domain.os_type
    if better is None or element is None or context.domain.machine_name is UNKNOWN:
        return None
    words = f"write machine='{better}'; the guest sees other hardware"
    return Fix(words, (SetAttribute(element, "machine", better),), is_safe=False)


def _move_to_a_port(context: Context) -> str:
    ports = context.pci.free_ports()
    if ports:
        return f"remove this <address>, or write bus='0x{ports[0].index:02x}' slot='0x00', a free {ports[0].model}"
    return "remove this <address>: libvirt then gives the device a pcie-root-port of its own"


@rule(
    "TEAM051",
    "architecture-without-pcie",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    each=each_assigned,
    needs=Needs.HOST,
    source=f"{QEMU_DOCUMENT}; QEMU 7.2 hw/vfio/pci.c",
    bad=example_of(
        standby_xml(), primary_xml(teaming=f"{TRANSIENT} <!-- TEAM051 -->"), arch="s390x", machine="s390-ccw-virtio-8.2"
    ),
    good=GOOD,
)
def architecture_without_pcie(context: Context, transient: Teaming) -> Problems:
    """The architecture has no PCI Express to plug the assigned device into.

    On s390x, and on the pseries machines of ppc64, QEMU starts the domain and refuses the assigned device as soon as
    the guest asks for it.
    """
    arch, machine = context.machine.arch, context.machine.name
    pseries = context.machine.kind is MachineKind.PSERIES
    if context.machine.is_s390 or pseries:
        which = f"{arch} ({machine})" if pseries else arch
        yield Problem(
            Spot(transient.element),
            f"{which} has no PCI Express, which failover needs: {_NEVER_APPEARS}",
            "remove <teaming>: there is no failover pair on this architecture",
        )


@rule(
    "TEAM052",
    "machine-without-pci",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=each_assigned,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/conf/domain_addr.c (virDomainPCIAddressValidate); src/qemu/qemu_domain.c",
    bad=example_of(
        "<controller type='usb' model='none'/>\n<memballoon model='none'/>\n",
        standby_xml("  <address type='virtio-mmio'/>"),
        primary_xml(teaming=f"{TRANSIENT} <!-- TEAM052 -->"),
        machine="microvm",
    ),
    good=GOOD,
)
def machine_without_pci(context: Context, transient: Teaming) -> Problems:
    """The machine has no PCI at all.

    libvirt refuses to define a domain that assigns a PCI device to microvm, isapc and other machines without PCI.
    """
    if context.pci.root is PciRoot.NONE:
        yield Problem(
            Spot(transient.element),
            f"{_machine_in_words(context)} has no PCI: libvirt refuses to assign a device to it",
            "use a machine with PCI Express, such as q35 on x86_64 or virt on aarch64",
        )


@rule(
    "TEAM053",
    "transient-on-root-complex",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_assigned,
    needs=Needs.HOST,
    source=f"QEMU 7.2 hw/core/qdev.c (hotplug of a bus); {SEEN}",
    bad=example_of(
        standby_xml(),
        primary_xml("  <address type='pci' domain='0x0000' bus='0x00' slot='0x08' function='0x0'/> <!-- TEAM053 -->"),
    ),
    good=example_of(_PORT, standby_xml(), primary_xml(_ON_THE_PORT)),
)
def transient_on_root_complex(context: Context, transient: Teaming) -> Problems:
    """The assigned device is plugged right into the root complex.

    Nothing can be hotplugged into bus 0 of q35 and virt, and the assigned device of a failover pair is hotplugged when
    the guest asks for it: it never appears.
    """
    address = _guest_address(transient)
    if address is not None and address.bus == 0 and context.pci.root is PciRoot.PCIE:
        yield Problem(
            Spot(address.element),
            f"bus 0 is the root complex, which allows no hotplug: {_NEVER_APPEARS}",
            _move_to_a_port(context),
            fix=remove_address(address.element),
        )


@rule(
    "TEAM054",
    "port-without-hotplug",
    outcome=Outcome.START,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_assigned,
    needs=Needs.HOST,
    since="libvirt 6.3.0 reads the attribute hotplug",
    source="QEMU 7.2 hw/pci/pcie_port.c; libvirt 11.3.0 src/qemu/qemu_domain_address.c",
    bad=example_of(
        "<controller type='pci' index='0' model='pcie-root'/>\n",
        lines_of(
            "<controller type='pci' index='1' model='pcie-root-port'>",
            "  <target hotplug='off'/>",
            "</controller>",
        ),
        standby_xml(),
        primary_xml(f"{_ON_THE_PORT} <!-- TEAM054 -->"),
    ),
    good=example_of(_PORT, standby_xml(), primary_xml(_ON_THE_PORT)),
)
def port_without_hotplug(context: Context, transient: Teaming) -> Problems:
    """The port of the assigned device does not allow hotplug.

    QEMU refuses to start. libvirt does not avoid ports with `<target hotplug='off'/>` when it chooses a place for a
    device that has no `<address>`: it fills the declared ports in order, file systems and interfaces first, then
    controllers, disks and assigned devices.
    """
    port = context.pci.port_of(transient.device) if context.pci.has_port_without_hotplug else None
    if port is not None and not port.allows_hotplug:
        chosen = "" if _guest_address(transient) else ", which libvirt chooses for it,"
        other = next((one for one in context.pci.free_ports() if one.allows_hotplug), None)
        move = f"bus='0x{other.index:02x}'" if other else "the bus of a pcie-root-port that allows it"
        yield Problem(
            _place_spot(transient),
            f"the port of this assigned device{chosen} (bus {port.index}) forbids hotplug: QEMU refuses to start",
            f"remove hotplug='off' from the controller, or write <address type='pci' {move} slot='0x00'/> here",
            ((Spot(port.element), f"the port with index {port.index}"),),
            fix=None if chosen and other is not None else allow_hotplug(port.element),
        )


@rule(
    "TEAM055",
    "transient-multifunction",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_assigned,
    source=f'QEMU 7.2 hw/vfio/pci.c and hw/pci/pci.c ("must be in its own PCI slot"); {SEEN}',
    bad=example_of(
        standby_xml(),
        primary_xml("  <address type='pci' bus='0x02' slot='0x00' function='0x1'/> <!-- TEAM055 -->"),
    ),
    good=example_of(standby_xml(), primary_xml("  <address type='pci' bus='0x02' slot='0x00' function='0x0'/>")),
)
def transient_multifunction(context: Context, transient: Teaming) -> Problems:
    """The assigned device shares its slot in the guest: another function than 0, or multifunction.

    QEMU demands that the primary device of a pair has a slot of its own. It starts, and refuses the device when the
    guest asks for it.
    """
    address = _guest_address(transient)
    if address is None or (address.function == 0 and not address.multifunction) or _shares_slot(context, transient):
        return
    what = f"function {address.function} of a slot" if address.function else "a multifunction slot"
    yield Problem(
        Spot(address.element, "function" if address.function else "multifunction"),
        f"the assigned device is {what}, but needs a slot of its own: {_NEVER_APPEARS}",
        "write function='0x0' without multifunction='on', in a slot of its own; or remove the <address>",
        fix=remove_address(address.element),
    )


def _shares_slot(context: Context, transient: Teaming) -> bool:
    pair = context.failover.pair_of(transient)
    return pair is not None and _same_slot(pair) is not None


def _same_slot(pair: Pair) -> tuple[GuestAddress, GuestAddress] | None:
    one, other = _guest_address(pair.persistent), _guest_address(pair.transient)
    if one is None or other is None or (one.bus, one.slot) != (other.bus, other.slot):
        return None
    return one, other


@rule(
    "TEAM056",
    "pair-shares-slot",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_pair,
    source=f"QEMU 7.2 hw/vfio/pci.c; libvirt 11.3.0 src/conf/domain_addr.c; {SEEN}",
    bad=example_of(
        standby_xml("  <address type='pci' bus='0x02' slot='0x00' function='0x0' multifunction='on'/>"),
        primary_xml("  <address type='pci' bus='0x02' slot='0x00' function='0x1'/> <!-- TEAM056 -->"),
    ),
    good=example_of(
        standby_xml("  <address type='pci' bus='0x02' slot='0x00' function='0x0'/>"),
        primary_xml("  <address type='pci' bus='0x03' slot='0x00' function='0x0'/>"),
    ),
)
def pair_shares_slot(context: Context, pair: Pair) -> Problems:
    """Both halves of a pair are in the same slot of the guest.

    QEMU refuses the assigned device when the guest asks for it, since it has no slot of its own. Where the function is
    the same, too, libvirt refuses to define the domain.
    """
    addresses = _same_slot(pair)
    if addresses is None:
        return
    persistent, transient = addresses
    refused = persistent.function == transient.function
    yield Problem(
        Spot(transient.element),
        "both halves of this pair are at the same PCI address: libvirt refuses the definition"
        if refused
        else f"both halves of this pair are in the same PCI slot: {_NEVER_APPEARS}",
        "give the assigned device a slot of its own, or remove its <address>",
        ((Spot(persistent.element), "the address of the persistent half"),),
        outcome=Outcome.DEFINE if refused else None,
        fix=remove_address(transient.element),
    )


@rule(
    "TEAM057",
    "transient-network-model",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_transient,
    needs=Needs.HOST | Needs.NETWORKS,
    source="libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainDeviceCalculatePCIConnectFlags); seen with 9.0.0",
    bad=example_of(standby_xml(), primary_xml(model="  <model type='rtl8139'/> <!-- TEAM057 -->")),
    good=GOOD,
)
def transient_network_model(context: Context, transient: Teaming) -> Problems:
    """The model of a transient interface on a network makes libvirt choose a conventional PCI slot.

    When it assigns guest addresses, libvirt looks at the model alone: for rtl8139, e1000, vmxnet3, virtio-transitional
    and other old models it takes a slot behind a pcie-to-pci-bridge, where QEMU refuses the assigned device later. With
    virtio, virtio-non-transitional, e1000e and igb the device gets a pcie-root-port. Without a `<model>` it depends on
    the network: if libvirt knows that it hands out host devices, the place is right, else the machine's default model
    counts.
    """
    model = network_model(transient.device)
    if not transient.is_network_interface or context.pci.root is not PciRoot.PCIE:
        return
    if guest_address(transient.device) is not None:
        return
    element = child(transient.device, "model")
    spot = Spot(transient.element) if element is None else Spot(element, "type")
    if isinstance(model, str) and model.lower() in NETWORK_MODELS_ON_CONVENTIONAL_PCI:
        yield Problem(
            spot,
            f"libvirt puts a '{model}' behind a conventional PCI bridge: {_NEVER_APPEARS}",
            "write <model type='virtio'/> (the guest sees the VF itself, whatever the model)",
            fix=Fix(
                "write <model type='virtio'/>", (SetAttribute(existing(transient.device, "model"), "type", "virtio"),)
            ),
        )
    elif model is None and context.failover.network_of(transient.device) is UNKNOWN:
        default = context.default_network_model
        if isinstance(default, str) and default.lower() in NETWORK_MODELS_ON_CONVENTIONAL_PCI:
            yield Problem(
                spot,
                f"without a <model>, libvirt may take the machine's default '{default}' and put the device behind a "
                "conventional PCI bridge: the VF would then never appear in the guest",
                "write <model type='virtio'/>, or give the network's definition with --network",
                severity=Severity.WARNING,
            )


@rule(
    "TEAM058",
    "transient-ramfb",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_transient,
    source='QEMU 7.2 hw/vfio/pci.c; libvirt docs/formatdomain.rst, "Host device assignment"',
    bad=example_of(
        standby_xml(),
        hostdev_xml(opening="<hostdev mode='subsystem' type='pci' managed='yes' ramfb='on'> <!-- TEAM058 -->"),
    ),
    good=example_of(standby_xml(), hostdev_xml()),
)
def transient_ramfb(context: Context, transient: Teaming) -> Problems:
    """The transient hostdev asks for a boot framebuffer.

    A device with ramfb cannot be hotplugged, and the assigned device of a pair is hotplugged when the guest asks for
    it: it never appears.
    """
    if transient.is_hostdev and attribute(transient.device, "ramfb") == "on":
        yield Problem(
            Spot(transient.device, "ramfb"),
            f"a device with ramfb='on' cannot be hotplugged: {_NEVER_APPEARS}",
            "remove ramfb='on' (a NIC has no display)",
            fix=Fix("remove ramfb='on'", (RemoveAttribute(transient.device, "ramfb"),)),
        )
