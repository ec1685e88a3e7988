"""PCI1xx: where devices ask to be on PCI, and what is there already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import describe
from domlint.domain.pci_buses import BUS_KINDS, ENDPOINTS, takes
from domlint.domain.pci_layout import MOST_ROOTS, Conflict, Layout, Misfit
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_ADDRESSES: Final = "libvirt 11.3.0 src/conf/domain_addr.c"
_CHIPSETS: Final = "libvirt 11.3.0 src/qemu/qemu_domain_address.c"


def named(device: Element) -> str:
    """A device in a few words; a controller by its type, model and index."""
    if device.tag != "controller":
        return describe(device)
    parts = [device.get("model") or device.get("type") or "", "controller"]
    if device.get("type") not in ("pci", device.get("model"), None) and device.get("model"):
        parts.insert(0, str(device.get("type")))
    index = device.get("index")
    return " ".join(part for part in parts if part) + (f" {index}" if index else "")


def _each_conflict(context: Context, devices: Element) -> Iterator[Conflict]:
    if devices is context.domain.devices and context.domain.runs_on_qemu:
        yield from Layout(context.domain.pci, context.machine).conflicts()


def _at(conflict: Conflict, attribute: str | None = None) -> Spot:
    if conflict.address is None:
        return Spot(conflict.device)
    has_it = attribute is not None and conflict.address.get(attribute) is not None
    return Spot(conflict.address, attribute if has_it else None)


def _disk(name: str, address: str, mark: str = "") -> str:
    end = f" <!-- {mark} -->" if mark else ""
    return (
        f"<disk type='file' device='disk'>\n  <source file='/srv/{name}.img'/>\n  <target dev='{name}' bus='virtio'/>\n"
        f"  <address type='pci' {address}/>{end}\n</disk>\n"
    )


def _balloon(address: str, mark: str = "") -> str:
    end = f" <!-- {mark} -->" if mark else ""
    return f"<memballoon model='virtio'>\n  <address type='pci' {address}/>{end}\n</memballoon>\n"


_ROOT: Final = "<controller type='pci' index='0' model='pcie-root'/>\n"
_PORT: Final = "<controller type='pci' index='1' model='pcie-root-port'/>\n"


@rule(
    "PCI101",
    "pci-domain-not-there",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES} (virDomainPCIAddressValidate)",
    bad=Example(_balloon("domain='0x0001' bus='0x00' slot='0x05' function='0x0'", "PCI101")),
    good=Example(_balloon("domain='0x0000' bus='0x00' slot='0x05' function='0x0'")),
)
def pci_domain_not_there(context: Context, conflict: Conflict) -> Problems:
    """A device asks for a PCI domain other than 0, the only one that a guest has.

    libvirt refuses the definition. A PCI domain is not the virtual machine: it is the first part of an address. Host
    devices may be in others, with their address in <source>.
    """
    if conflict.misfit is Misfit.OTHER_DOMAIN:
        yield Problem(
            _at(conflict, "domain"),
            f"the {named(conflict.device)} is to be in the PCI domain {conflict.fact}, and the guest has only the"
            " PCI domain 0: libvirt refuses the definition",
            "write domain='0x0000'; the host's address of an assigned device belongs into <source>",
        )


_NO_PCI_BAD: Final = "<controller type='usb' index='0' model='none'/>\n<memballoon model='none'/>\n"


@rule(
    "PCI102",
    "device-without-pci",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES} (virDomainPCIAddressValidate, virDomainPCIAddressGetNextAddr); src/qemu/qemu_postparse.c"
    " (qemuDomainDefAddDefaultDevices)",
    bad=Example(_NO_PCI_BAD + _disk("vda", "bus='0x00' slot='0x05'", "PCI102"), machine="microvm", host="qemu-8.2"),
    good=Example(_NO_PCI_BAD, machine="microvm", host="qemu-8.2"),
)
def machine_without_pci(context: Context, conflict: Conflict) -> Problems:
    """The machine has no PCI, and a device needs it.

    libvirt refuses the definition. It adds some devices by itself, which need PCI as well: a memory balloon to every
    x86 domain, a USB controller to those of all machines but isapc. They are turned off with model='none'.
    """
    if conflict.misfit is not Misfit.NO_PCI:
        return
    way_out = "take another machine, such as q35"
    if conflict.fact:
        message = f"libvirt adds {conflict.fact}, which needs PCI"
        way_out = f"turn it off: {conflict.note}"
    else:
        message = f"the {named(conflict.device)} needs PCI"
        way_out += ", or remove the device" if conflict.address is None else ", or remove the address"
    yield Problem(
        _at(conflict), f"{message}, and the machine {context.machine} has none: libvirt refuses the definition", way_out
    )


def _what_fits(conflict: Conflict) -> str:
    """The models of controllers that take a device, as words."""
    device = conflict.device
    wanted = device.get("model") if device.tag == "controller" and device.get("type") == "pci" else None
    fitting = [model for model, kind in BUS_KINDS.items() if takes(kind, wanted or next(iter(ENDPOINTS)))]
    return " or ".join(fitting) if wanted else "pcie-root-port or pci-bridge"


@rule(
    "PCI103",
    "wrong-pci-controller",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES} (virDomainPCIAddressFlagsCompatible, virDomainPCIAddressBusSetModel)",
    bad=Example(
        f"{_ROOT}{_PORT}<controller type='pci' index='2' model='pcie-root-port'>\n"
        "  <address type='pci' bus='0x01' slot='0x00'/> <!-- PCI103 -->\n</controller>\n"
    ),
    good=Example(
        f"{_ROOT}{_PORT}<controller type='pci' index='2' model='pcie-root-port'>\n"
        "  <address type='pci' bus='0x00' slot='0x05'/>\n</controller>\n"
    ),
)
def wrong_pci_controller(context: Context, conflict: Conflict) -> Problems:
    """A device is to be plugged into a controller that does not take it.

    The bus of an address is the index of a PCI controller. Devices fit into the roots, bridges and ports; switches and
    PCI Express expander buses take nothing but their own ports, and controllers have their order: a root port belongs
    on pcie-root or pcie-expander-bus, a downstream port on an upstream port, an expander bus on the root. libvirt
    refuses the definition.
    """
    if conflict.misfit is Misfit.WRONG_BUS and conflict.place is not None:
        yield Problem(
            _at(conflict, "bus"),
            f"the {named(conflict.device)} is to be on bus {conflict.place.bus}, a {conflict.fact}, which does not"
            " take it: libvirt refuses the definition",
            f"give the index of a {_what_fits(conflict)} as bus, or leave the address out and let libvirt choose one",
        )


@rule(
    "PCI104",
    "pci-slot-not-there",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES} (virDomainPCIAddressValidate, virDomainPCIAddressBusSetModel)",
    bad=Example(_ROOT + _PORT + _balloon("bus='0x01' slot='0x01'", "PCI104")),
    good=Example(_ROOT + _PORT + _balloon("bus='0x01' slot='0x00'")),
)
def pci_slot_not_there(context: Context, conflict: Conflict) -> Problems:
    """A device asks for a slot that its bus does not have.

    A PCI Express port has one slot, 0. On the roots, on pci-bridge and on pcie-to-pci-bridge slot 0 is the controller's
    own. libvirt refuses the definition.
    """
    if conflict.misfit is Misfit.SLOT and conflict.place is not None and conflict.kind is not None:
        first, last = conflict.kind.first_slot, conflict.kind.last_slot
        slots = "slot 0x00 alone" if first == last else f"the slots 0x{first:02x} to 0x{last:02x}"
        yield Problem(
            _at(conflict, "slot"),
            f"the {named(conflict.device)} is to be in slot 0x{conflict.place.slot:02x} of bus {conflict.place.bus}, a"
            f" {conflict.fact}, which has {slots}: libvirt refuses the definition",
            "write slot='0x00'" if first == last else "take another slot",
        )


@rule(
    "PCI105",
    "pci-address-taken",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES} (virDomainPCIAddressReserveAddrInternal)",
    bad=Example(
        _disk("vda", "bus='0x00' slot='0x05' function='0x0'")
        + _balloon("bus='0x00' slot='0x05' function='0x0'", "PCI105")
    ),
    good=Example(
        _disk("vda", "bus='0x00' slot='0x05' function='0x0'") + _balloon("bus='0x00' slot='0x06' function='0x0'")
    ),
)
def pci_address_taken(context: Context, conflict: Conflict) -> Problems:
    """Two devices ask for the same PCI address.

    libvirt refuses the definition. Up to eight devices can share a slot, each at a function of its own.
    """
    if conflict.misfit is Misfit.TAKEN:
        other = conflict.other
        if conflict.address is None:
            yield from _companion_taken(conflict)
            return
        yield Problem(
            _at(conflict),
            f"the {named(conflict.device)} asks for the PCI address {conflict.place}, where "
            + ("another device" if other is None else f"the {named(other)}")
            + " is already: libvirt refuses the definition",
            "give one of them another slot, or leave its address out and let libvirt choose one",
            () if other is None else ((Spot(other), "is there already"),),
        )


def _companion_taken(conflict: Conflict) -> Problems:
    other = conflict.other
    there = "another device" if other is None else f"the {named(other)}"
    yield Problem(
        Spot(conflict.device),
        f"the {named(conflict.device)} gets function {conflict.fact} of the slot that the controllers of its index"
        f" share, where {there} is already: libvirt refuses the definition",
        "give it an index that no other controller of the same model has",
        () if other is None else ((Spot(other), "is there already"),),
    )


@rule(
    "PCI106",
    "pci-address-of-the-chipset",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_CHIPSETS} (qemuDomainValidateDevicePCISlotsPIIX3, qemuDomainValidateDevicePCISlotsQ35)",
    bad=Example(_balloon("bus='0x00' slot='0x01' function='0x0'", "PCI106"), machine="pc"),
    good=Example(_balloon("bus='0x00' slot='0x05' function='0x0'"), machine="pc"),
)
def pci_address_of_the_chipset(context: Context, conflict: Conflict) -> Problems:
    """A device asks for a PCI address where the machine has a device of its own.

    i440fx machines have their ISA bridge at 01.0, IDE at 01.1, USB at 01.2 and power management at 01.3; q35 has its
    ISA bridge at 1f.0, SATA at 1f.2 and the SMBus at 1f.3. libvirt refuses the definition.
    """
    if conflict.misfit is Misfit.TAKEN_BY_CHIPSET:
        yield Problem(
            _at(conflict, "slot"),
            f"the {named(conflict.device)} asks for the PCI address {conflict.place}, where the machine"
            f" {context.machine} has {conflict.fact}: libvirt refuses the definition",
            "take another slot, or leave the address out and let libvirt choose one",
        )


@rule(
    "PCI107",
    "chipset-controller-elsewhere",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_CHIPSETS} (qemuDomainValidateDevicePCISlotsPIIX3, qemuDomainValidateDevicePCISlotsQ35)",
    bad=Example(
        "<controller type='sata' index='0'>\n  <address type='pci' bus='0x00' slot='0x05'/> <!-- PCI107 -->\n"
        "</controller>\n"
    ),
    good=Example(
        "<controller type='sata' index='0'>\n  <address type='pci' bus='0x00' slot='0x1f' function='0x2'/>\n"
        "</controller>\n"
    ),
)
def chipset_controller_elsewhere(context: Context, conflict: Conflict) -> Problems:
    """A controller that is part of the machine is to be somewhere else.

    The first IDE controller and the first PIIX3 USB controller of i440fx machines, and the first SATA controller of q35
    cannot move. libvirt refuses the definition.
    """
    if conflict.misfit is Misfit.FIXED and conflict.own is not None:
        bus, slot, function = conflict.own
        yield Problem(
            _at(conflict, "slot"),
            f"the {named(conflict.device)} is part of the machine {context.machine}, at {conflict.own}, and cannot be"
            f" at {conflict.place}: libvirt refuses the definition",
            f"write bus='0x{bus:02x}' slot='0x{slot:02x}' function='0x{function:x}', or leave the address out",
        )


@rule(
    "PCI108",
    "piix3-controller-on-pcie",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_CHIPSETS} (qemuDomainCollectPCIAddress)",
    bad=Example(
        "<controller type='usb' index='0' model='piix3-uhci'>\n"
        "  <address type='pci' bus='0x00' slot='0x01' function='0x2'/> <!-- PCI108 -->\n</controller>\n"
    ),
    good=Example(
        "<controller type='usb' index='0' model='qemu-xhci'>\n"
        "  <address type='pci' bus='0x00' slot='0x01' function='0x0'/>\n</controller>\n"
    ),
)
def piix3_controller_on_pcie(context: Context, conflict: Conflict) -> Problems:
    """A USB or IDE controller has the address of the i440fx chipset, and the machine is another with PCI Express.

    libvirt takes the controller for part of an i440fx machine, and refuses the definition. This is often left from a
    domain that had another machine.
    """
    if conflict.misfit is Misfit.PIIX3:
        yield Problem(
            _at(conflict),
            f"the {named(conflict.device)} at {conflict.place} would be part of an i440fx machine, and the machine is"
            f" {context.machine}: libvirt refuses the definition",
            "leave the address out; for USB, take model='qemu-xhci'",
        )


@rule(
    "PCI109",
    "integrated-device-elsewhere",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    asked="8.3.0",
    since="libvirt 8.3.0 for virtio-iommu, 9.1.0 for pvpanic",
    source=f"{_ADDRESSES} (virDomainPCIAddressFlagsCompatible), alike in 9.0.0",
    bad=Example(
        f"{_ROOT}{_PORT}<iommu model='virtio'>\n  <address type='pci' bus='0x01' slot='0x00'/> <!-- PCI109 -->\n"
        "</iommu>\n",
        around="<features><acpi/></features>",
    ),
    good=Example(
        f"{_ROOT}{_PORT}<iommu model='virtio'>\n  <address type='pci' bus='0x00' slot='0x05'/>\n</iommu>\n",
        around="<features><acpi/></features>",
    ),
)
def integrated_device_elsewhere(context: Context, conflict: Conflict) -> Problems:
    """A device that must be on the root bus is to be on another.

    A virtio-iommu and a pvpanic device on PCI are found by the guest on bus 0 only. libvirt refuses the definition.
    """
    if conflict.misfit is Misfit.NOT_ON_ROOT and conflict.place is not None:
        yield Problem(
            _at(conflict, "bus"),
            f"{conflict.fact} must be on bus 0, and is to be on bus {conflict.place.bus}: libvirt refuses the"
            " definition",
            "write bus='0x00' and a free slot, or leave the address out and let libvirt choose one",
        )


@rule(
    "PCI110",
    "no-place-for-pci-controller",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES} (virDomainPCIAddressSetGrow)",
    bad=Example(
        f"{_ROOT}<controller type='pci' index='1' model='pcie-switch-downstream-port'/> <!-- PCI110 -->\n",
    ),
    good=Example(
        f"{_ROOT}{_PORT}<controller type='pci' index='2' model='pcie-switch-upstream-port'/>\n"
        "<controller type='pci' index='3' model='pcie-switch-downstream-port'/>\n"
    ),
)
def no_place_for_pci_controller(context: Context, conflict: Conflict) -> Problems:
    """There is no place for a PCI controller, and libvirt adds none for it.

    libvirt adds root ports and bridges for devices, but no controller that others of them need: a downstream port needs
    an upstream port, a pci-bridge a bus of conventional PCI, root ports and expander buses the root of the machine,
    which has 31 slots. A bus that an address names, and that the file does not have, asks for all the buses before
    it. libvirt refuses the definition.
    """
    if conflict.misfit is not Misfit.NO_PLACE:
        return
    if conflict.address is None:
        fitting = " or ".join(model for model, kind in BUS_KINDS.items() if conflict.fact in kind.takes)
        message = f"there is no free slot that takes the {named(conflict.device)}"
        way_out = f"add a {fitting} with a free slot, or remove this one"
    elif conflict.place is not None:
        message = f"there is no bus {conflict.place.bus} for the {named(conflict.device)}, and libvirt cannot add it"
        way_out = "give the index of a controller that is there as bus, or leave the address out"
    yield Problem(_at(conflict, "bus"), f"{message}: libvirt refuses the definition", way_out)


@rule(
    "PCI111",
    "pci-bridge-before-its-bus",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_CHIPSETS} (qemuDomainAssignPCIAddresses)",
    bad=Example(
        f"{_ROOT}<controller type='pci' index='1' model='pci-bridge'/> <!-- PCI111 -->\n"
        "<controller type='pci' index='2' model='dmi-to-pci-bridge'/>\n"
    ),
    good=Example(
        f"{_ROOT}<controller type='pci' index='1' model='dmi-to-pci-bridge'/>\n"
        "<controller type='pci' index='2' model='pci-bridge'/>\n"
    ),
)
def pci_bridge_before_its_bus(context: Context, conflict: Conflict) -> Problems:
    """A pci-bridge has a lower index than the controller that it is plugged into.

    libvirt refuses the definition: the index of a pci-bridge must be larger than the bus in its address. Where it has
    no address, libvirt puts it onto the first bus that takes a pci-bridge.
    """
    if conflict.misfit is Misfit.BRIDGE_BEFORE_BUS and conflict.place is not None:
        yield Problem(
            _at(conflict, "bus") if conflict.address is not None else Spot(conflict.device, "index"),
            f"the pci-bridge {conflict.fact} is on bus {conflict.place.bus}, and its index must be larger than that:"
            " libvirt refuses the definition",
            f"give it an index above {conflict.place.bus} that no other PCI controller has, and change the bus in the"
            " addresses of what is plugged into it",
        )


@rule(
    "PCI112",
    "no-bus-number-left",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_CHIPSETS} (qemuDomainAddressFindNewBusNr, qemuDomainAssignPCIAddresses)",
    bad=Example(
        "<controller type='pci' index='1' model='pci-expander-bus'>\n  <target busNr='2'/>\n</controller>\n"
        "<controller type='pci' index='2' model='pci-expander-bus'/> <!-- PCI112 -->\n",
        machine="pc",
    ),
    good=Example(
        "<controller type='pci' index='1' model='pci-expander-bus'>\n  <target busNr='200'/>\n</controller>\n"
        "<controller type='pci' index='2' model='pci-expander-bus'/>\n",
        machine="pc",
    ),
)
def no_bus_number_left(context: Context, conflict: Conflict) -> Problems:
    """An expander bus names no bus number, and libvirt finds none for it.

    libvirt takes the number two below the lowest that an expander bus has. Where that is 2 or less, none is left, and
    libvirt refuses the definition.
    """
    if conflict.misfit is Misfit.NO_BUS_NUMBER:
        yield Problem(
            _at(conflict),
            f"no bus number is left for the {named(conflict.device)}, as the lowest of the others is"
            f" {conflict.fact}: libvirt refuses the definition",
            "give it one: <target busNr='…'/>, with room for the buses behind each expander bus",
        )


@rule(
    "PCI113",
    "too-many-host-bridges",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_CHIPSETS} (qemuDomainAddressFindNewTargetIndex); src/conf/domain_validate.c"
    " (virDomainControllerDefValidate)",
    bad=Example(
        "<controller type='pci' index='40' model='pci-root'/> <!-- PCI113 -->\n", machine="pseries", arch="ppc64"
    ),
    good=Example("<controller type='pci' index='4' model='pci-root'/>\n", machine="pseries", arch="ppc64"),
)
def too_many_host_bridges(context: Context, conflict: Conflict) -> Problems:
    """A pseries machine would get more host bridges than it can have.

    It has 31 at most. libvirt adds one for each bus below the highest index, and below the highest bus that an address
    names. libvirt refuses the definition.
    """
    if conflict.misfit is Misfit.TOO_MANY_ROOTS:
        yield Problem(
            _at(conflict, "bus") if conflict.address is not None else Spot(conflict.device, "index"),
            f"a pseries machine has {MOST_ROOTS} host bridges at most, and with the {named(conflict.device)} it would"
            f" be {conflict.fact}: libvirt refuses the definition",
            f"take an index, and a bus, below {MOST_ROOTS}",
        )


def _full(last: str) -> str:
    controllers = (
        f"<controller type='sata' index='{slot}'><address type='pci' slot='{slot:#x}'/></controller>\n"
        for slot in range(2, 31)
    )
    return "".join(controllers) + _balloon("bus='0x00' slot='0x1f'") + last


@rule(
    "PCI114",
    "no-pci-slot-left",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_conflict,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES} (virDomainPCIAddressGetNextAddr, virDomainPCIAddressSetGrow); {_CHIPSETS}"
    " (qemuDomainAssignPCIAddresses)",
    bad=Example(_full("<vsock model='virtio'/> <!-- PCI114 -->\n"), machine="pc"),
    good=Example(_full(""), machine="pc"),
)
def no_pci_slot_left(context: Context, conflict: Conflict) -> Problems:
    """A device has no address, and all slots are taken.

    libvirt would add a pci-bridge, which needs a slot itself: while there is one left, libvirt keeps it for that. Where
    addresses in the file take all of them, libvirt refuses the definition.
    """
    if conflict.misfit is Misfit.FULL:
        yield Problem(
            Spot(conflict.device),
            f"there is no PCI slot left for the {named(conflict.device)}, nor for a bridge with more: libvirt"
            " refuses the definition",
            "remove the address of another device on bus 0, so that libvirt can put a pci-bridge there",
        )
