"""USB00x to USB03x: controllers, ports, and devices without USB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from domlint.architectures import S390
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import describe
from domlint.domain.machine import MachineKind
from domlint.domain.usb import (
    MOST_XHCI_PORTS,
    XHCI,
    Found,
    Trouble,
    adds_usb,
    default_usb_model,
    is_dropped,
    is_usual,
    usb_troubles,
)
from domlint.domain.values import Maybe, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_ADDRESSES: Final = (
    "libvirt 11.3.0 src/conf/domain_addr.c (virDomainUSBAddress…), src/qemu/qemu_domain_address.c"
    " (qemuDomainAssignUSBAddresses), alike in 7.0.0 and 9.0.0"
)
_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefControllersParse), alike in 7.0.0 and 9.0.0"
_DEFAULTS: Final = (
    "libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainControllerDefPostParse), alike in 7.0.0 and 9.0.0"
)
_COMMAND: Final = "libvirt 11.3.0 src/qemu/qemu_command.c"
_TABLET: Final = """\
<input type='tablet' bus='usb'>
  <address type='usb' bus='{bus}' port='{port}'/>{mark}
</input>
"""


def _tablet(bus: int, port: str, mark: str = "") -> str:
    return _TABLET.format(bus=bus, port=port, mark=f" <!-- {mark} -->" if mark else "")


def _each(context: Context, devices: Element) -> Iterable[Found]:
    domain = context.domain
    if devices is not domain.devices or not domain.runs_on_qemu:
        return ()
    if is_usual(devices, domain.controllers, domain.pci, context.machine):
        return ()
    return usb_troubles(devices, domain.controllers, context.machine, context.libvirt)


@rule(
    "USB001",
    "usb-controller-beside-none",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=_PARSER,
    bad=Example("""\
<controller type='usb' index='0' model='none'/>
<controller type='usb' index='1' model='qemu-xhci'/> <!-- USB001 -->"""),
    good=Example("<controller type='usb' index='0' model='none'/>"),
)
def usb_controller_beside_none(context: Context, found: Found) -> Problems:
    """The domain has a USB controller, and says that it has no USB.

    The model `none` means that the guest has no USB at all. libvirt refuses the definition where there is another
    controller, were it one more of that model.
    """
    if found.trouble is Trouble.BESIDE_NONE and found.other is not None:
        yield Problem(
            Spot(found.element),
            "model='none' says that the domain has no USB, and here is another USB controller:"
            " libvirt refuses the definition",
            "remove the controller of the model none, or this one",
            ((Spot(found.other, "model"), "no USB"),),
        )


@rule(
    "USB002",
    "usb-without-master",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=_PARSER,
    bad=Example("<controller type='usb' index='0' model='ich9-uhci1'/> <!-- USB002 -->"),
    good=Example("""\
<controller type='usb' index='0' model='ich9-ehci1'/>
<controller type='usb' index='0' model='ich9-uhci1'/>"""),
)
def usb_without_master(context: Context, found: Found) -> Problems:
    """All USB controllers are companions of another one, which is not there.

    The models ich9-uhci1 to ich9-uhci3 serve slow devices at the ports of an ich9-ehci1 with the same index; `<master>`
    makes a companion of any controller. libvirt refuses a definition without a controller of its own right.
    """
    if found.trouble is Trouble.NO_MASTER:
        yield Problem(
            Spot(found.element),
            "this USB controller is the companion of one that the domain does not have: libvirt refuses the definition",
            "add <controller type='usb' model='ich9-ehci1'/> with the same index, or take model='qemu-xhci' alone",
        )


@rule(
    "USB003",
    "usb-companion-alone",
    outcome=Outcome.START,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=f"{_COMMAND} (qemuBuildUSBControllerFindMasterAlias), alike in 7.0.0 and 9.0.0",
    bad=Example("""\
<controller type='usb' index='0' model='ich9-ehci1'/>
<controller type='usb' index='0' model='ich9-uhci1'/>
<controller type='usb' index='1' model='ich9-uhci2'/> <!-- USB003 -->"""),
    good=Example("""\
<controller type='usb' index='0' model='ich9-ehci1'/>
<controller type='usb' index='0' model='ich9-uhci1'/>
<controller type='usb' index='0' model='ich9-uhci2'/>"""),
)
def usb_companion_alone(context: Context, found: Found) -> Problems:
    """A companion has an index that no other USB controller has.

    Its master is the controller with the same index. Where there is none, libvirt defines the domain, and refuses to
    start it.
    """
    if found.trouble is Trouble.ALONE:
        yield Problem(
            Spot(found.element, "index"),
            f"this companion has the index {found.detail}, which no USB controller has that could be its master:"
            " libvirt does not start the domain",
            "give it the index of its master",
        )


@rule(
    "USB004",
    "usb-number-taken",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES} (virDomainUSBAddressSetAddController)",
    bad=Example("""\
<controller type='usb' index='0' model='qemu-xhci'/>
<controller type='usb' index='0' model='ich9-ehci1'/> <!-- USB004 -->"""),
    good=Example("""\
<controller type='usb' index='0' model='qemu-xhci'/>
<controller type='usb' index='1' model='ich9-ehci1'/>"""),
)
def usb_number_taken(context: Context, found: Found) -> Problems:
    """Two USB controllers have the same index, and neither is a companion.

    The index is the number of the bus, which addresses of devices name. Only the companions of an ich9-ehci1 share
    its. libvirt refuses the definition.
    """
    if found.trouble is Trouble.NUMBER and found.other is not None:
        yield Problem(
            Spot(found.element, "index"),
            f"there is a USB controller with the index {found.detail} already: libvirt refuses the definition",
            "remove one of them, or give this one an index of its own",
            ((Spot(found.other, "index"), "the first one of this index"),),
        )


@rule(
    "USB005",
    "usb-too-many-ports",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=_DEFAULTS,
    bad=Example("<controller type='usb' index='0' model='qemu-xhci' ports='16'/> <!-- USB005 -->"),
    good=Example("<controller type='usb' index='0' model='qemu-xhci' ports='15'/>"),
)
def usb_too_many_ports(context: Context, found: Found) -> Problems:
    """A USB 3 controller shall have more ports than it can.

    QEMU's xHCI has 15 ports at most: libvirt refuses the definition. Without `ports` there are 4, and libvirt adds hubs
    where they do not suffice.
    """
    if found.trouble is Trouble.MANY_PORTS:
        yield Problem(
            Spot(found.element, "ports"),
            f"{found.detail} ports are more than the {MOST_XHCI_PORTS} that the controller can have:"
            " libvirt refuses the definition",
            f"write ports='{MOST_XHCI_PORTS}'; more devices go to a second controller, or to hubs",
        )


@rule(
    "USB006",
    "usb-ports-of-fixed-number",
    outcome=Outcome.START,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=f"{_COMMAND} (qemuValidateDomainDeviceDefControllerUSB), alike in 7.0.0 and 9.0.0",
    bad=Example("<controller type='usb' index='0' model='ich9-ehci1' ports='8'/> <!-- USB006 -->"),
    good=Example("<controller type='usb' index='0' model='qemu-xhci' ports='8'/>"),
)
def usb_ports_of_fixed_number(context: Context, found: Found) -> Problems:
    """A USB controller is given a number of ports, and its model has its own.

    The number can be chosen for nec-xhci and qemu-xhci alone. libvirt defines the domain, and does not start it.
    """
    if found.trouble is Trouble.PORTS:
        yield Problem(
            Spot(found.element, "ports"),
            f"the number of ports of the model '{found.element.get('model')}' cannot be chosen:"
            " libvirt does not start the domain",
            "remove 'ports', or take model='qemu-xhci'",
        )


@rule(
    "USB007",
    "usb-model-of-xen",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=_DEFAULTS,
    bad=Example("<controller type='usb' index='0' model='qusb2' ports='4'/> <!-- USB007 -->"),
    good=Example("<controller type='usb' index='0' model='qemu-xhci' ports='4'/>"),
)
def usb_model_of_xen(context: Context, found: Found) -> Problems:
    """A USB controller is of a model that only Xen's guests have.

    qusb1 and qusb2 are paravirtual controllers of Xen: libvirt refuses the definition for QEMU.
    """
    if found.trouble is Trouble.XEN:
        yield Problem(
            Spot(found.element, "model"),
            f"the model '{found.element.get('model')}' is one of Xen's: libvirt refuses the definition",
            "take model='qemu-xhci'",
        )


@rule(
    "USB020",
    "usb-bus-missing",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=_ADDRESSES,
    bad=Example("<controller type='usb' index='0' model='qemu-xhci'/>\n" + _tablet(1, "1", "USB020")),
    good=Example("<controller type='usb' index='0' model='qemu-xhci'/>\n" + _tablet(0, "1")),
)
def usb_bus_missing(context: Context, found: Found) -> Problems:
    """A device asks for a USB bus that the domain does not have.

    The number of a bus is the index of its controller; companions have none of their own. libvirt refuses the
    definition: it adds no controllers for addresses.
    """
    if found.trouble is Trouble.BUS:
        yield Problem(
            _address(found.element, "bus"),
            f"there is no USB controller with the index {found.detail} for the {describe(found.element)}:"
            " libvirt refuses the definition",
            f"add <controller type='usb' index='{found.detail}' model='qemu-xhci'/>, or remove the address",
        )


def _address(device: Element, attribute_name: str) -> Spot:
    address = child(device, "address")
    if address is None:
        return Spot(device)
    return Spot(address, attribute_name if attribute_name in address.attrib else None)


@rule(
    "USB021",
    "usb-port-missing",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=_ADDRESSES,
    bad=Example("<controller type='usb' index='0' model='qemu-xhci'/>\n" + _tablet(0, "5", "USB021")),
    good=Example("<controller type='usb' index='0' model='qemu-xhci' ports='8'/>\n" + _tablet(0, "5")),
)
def usb_port_missing(context: Context, found: Found) -> Problems:
    """A device asks for a USB port that is not there.

    A controller has as many ports as its model: UHCI 2, OHCI 3, EHCI 6, xHCI 4 or what `ports` says. `1.2` is the
    second port of the hub at port 1, which must be in the file, with an address. Hubs have 8 ports. libvirt refuses
    the definition.
    """
    if found.trouble is Trouble.PORT:
        yield Problem(
            _address(found.element, "port"),
            f"the {describe(found.element)} asks for a USB port that is not there: {found.detail};"
            " libvirt refuses the definition",
            "choose a port that there is, or remove the address, so that libvirt chooses one",
        )


@rule(
    "USB022",
    "usb-port-taken",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=_ADDRESSES,
    bad=Example(
        "<controller type='usb' index='0' model='qemu-xhci'/>\n"
        + _tablet(0, "1")
        + _tablet(0, "1", "USB022").replace("tablet", "keyboard")
    ),
    good=Example(
        "<controller type='usb' index='0' model='qemu-xhci'/>\n"
        + _tablet(0, "1")
        + _tablet(0, "2").replace("tablet", "keyboard")
    ),
)
def usb_port_taken(context: Context, found: Found) -> Problems:
    """Two devices ask for the same USB port.

    libvirt refuses the definition.
    """
    if found.trouble is Trouble.TAKEN:
        other = () if found.other is None else ((_address(found.other, "port"), "the first device at this port"),)
        yield Problem(
            _address(found.element, "port"),
            f"the {describe(found.element)} asks for a USB port where another device is:"
            " libvirt refuses the definition",
            "choose another port, or remove the address, so that libvirt chooses one",
            other,
        )


@rule(
    "USB023",
    "usb-ports-exhausted",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=_ADDRESSES,
    bad=Example("""\
<controller type='usb' index='0' model='qemu-xhci' ports='1'/>
<controller type='usb' index='1' model='qemu-xhci'/>
<input type='tablet' bus='usb'>
  <address type='usb' bus='0' port='1'/>
</input>
<input type='keyboard' bus='usb'>
  <address type='usb' bus='0'/> <!-- USB023 -->
</input>"""),
    good=Example("""\
<controller type='usb' index='0' model='qemu-xhci' ports='1'/>
<controller type='usb' index='1' model='qemu-xhci'/>
<input type='tablet' bus='usb'>
  <address type='usb' bus='0' port='1'/>
</input>
<input type='keyboard' bus='usb'/>"""),
)
def usb_ports_exhausted(context: Context, found: Found) -> Problems:
    """There is no free USB port for a device.

    libvirt adds hubs where all the controllers together have fewer ports than there are devices, but not for a device
    that asks for one bus. It refuses the definition.
    """
    if found.trouble is Trouble.FULL:
        where = f" of the bus {found.detail}" if found.detail else ""
        yield Problem(
            _address(found.element, "bus"),
            f"no USB port{where} is left for the {describe(found.element)}: libvirt refuses the definition",
            "remove the address, give the controller more ports (xHCI can have 15), or add <hub type='usb'/>",
        )


@rule(
    "USB030",
    "usb-device-without-usb",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source=f"{_ADDRESSES}; src/conf/domain_validate.c (virDomainRedirdevDefValidate)",
    bad=Example("""\
<controller type='usb' index='0' model='none'/>
<input type='tablet' bus='usb'/> <!-- USB030 -->"""),
    good=Example("""\
<controller type='usb' index='0' model='qemu-xhci'/>
<input type='tablet' bus='usb'/>"""),
)
def usb_device_without_usb(context: Context, found: Found) -> Problems:
    """The domain has a USB device, and no USB.

    Guests of Arm, RISC-V, LoongArch and IBM Z have a USB controller only where the file says so; `model='none'` takes
    it from those that have one without a word. libvirt refuses the definition. On ppc64 it adds a keyboard and a mouse
    on USB to every domain with graphics, which then cannot do without.
    """
    if found.trouble is not Trouble.DISABLED:
        return
    if found.element.tag == "controller" and attribute(found.element, "type") == "usb":
        yield Problem(
            Spot(found.element, "model"),
            "libvirt adds a USB keyboard to a ppc64 domain with graphics, and this one has no USB:"
            " libvirt refuses the definition",
            "take a model that is a controller, such as qemu-xhci, or remove <graphics>",
        )
        return
    related = () if found.other is None else ((Spot(found.other, "model"), "no USB"),)
    what = "model='none' says that it has none" if found.other is not None else "no controller for it"
    yield Problem(
        Spot(found.element),
        f"the {describe(found.element)} is on USB, and the domain has no USB ({what}): libvirt refuses the definition",
        "write <controller type='usb' model='qemu-xhci'/>" + (" in place of that" if found.other is not None else ""),
        related,
    )


@rule(
    "USB031",
    "usb-device-address-of-other-kind",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each,
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainInputDefParseXML, virDomainRedirdevDefParseXML),"
    " domain_validate.c (virDomainHostdevDefValidate), alike in 7.0.0 and 9.0.0",
    bad=Example("""\
<controller type='usb' index='0' model='qemu-xhci'/>
<input type='tablet' bus='usb'>
  <address type='virtio-serial' controller='0' bus='0' port='1'/> <!-- USB031 -->
</input>"""),
    good=Example("""\
<controller type='usb' index='0' model='qemu-xhci'/>
<input type='tablet' bus='usb'>
  <address type='usb' bus='0' port='1'/>
</input>"""),
)
def usb_device_address_of_other_kind(context: Context, found: Found) -> Problems:
    """A device on USB has an address that is none of USB.

    Input devices, redirected devices and USB devices of the host are told from others by their bus. libvirt refuses the
    definition.
    """
    if found.trouble is Trouble.ADDRESS:
        yield Problem(
            _address(found.element, "type"),
            f"the {describe(found.element)} is on USB, and its address is of the type '{found.detail}':"
            " libvirt refuses the definition",
            "write an address of the type 'usb', or none",
        )


# What hangs on the host: the model of a controller that names none.


def _each_default(context: Context, devices: Element) -> Iterator[tuple[Element | None, Maybe[str]]]:
    """The USB controllers without a model, None for the one that libvirt adds, with the model that they get."""
    host, domain = context.host, context.domain
    if host is None or devices is not domain.devices or not domain.runs_on_qemu or not context.is_judged:
        return
    if context.machine.arch in _WITHOUT_DEFAULT_CONTROLLER:
        return
    usb = [one for one in domain.controllers if one.type == "usb"]
    without = [one.element for one in usb if one.model is None and not is_dropped(one, context.machine)]
    is_added = not usb and adds_usb(context.machine) is True
    if without or is_added:
        model = default_usb_model(host, context.machine)
        yield from ((element, model) for element in (*without, *((None,) if is_added else ())))


_WITHOUT_DEFAULT_CONTROLLER: Final = S390
"""Where libvirt leaves a USB controller without model out of the command line.

Source: libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildControllersByTypeCommandLine).
"""

_WITHOUT_LEGACY: Final = Version(11, 3, 0)
"""A libvirt that does without QEMU's option -usb; 9.0.0 had it still."""

_NEVER_WITH_LEGACY: Final = (
    MachineKind.Q35,
    MachineKind.ARM_VIRT,
    MachineKind.RISCV_VIRT,
    MachineKind.LOONGARCH_VIRT,
)


@rule(
    "USB008",
    "usb-without-default-model",
    outcome=Outcome.START,
    on="devices",
    each=_each_default,
    needs=Needs.HOST,
    since="libvirt 11.3.0 (seen); older ones start all machines but q35 and virt, with QEMU's own -usb",
    source=f"{_DEFAULTS}; {_COMMAND} (qemuValidateDomainDeviceDefControllerUSB, qemuBuildControllersByTypeCommandLine)",
    bad=Example("<controller type='usb' index='0'/> <!-- USB008 -->", host="qemu-without-uhci"),
    good=Example("<controller type='usb' index='0' model='qemu-xhci'/>", host="qemu-without-uhci"),
)
def usb_without_default_model(context: Context, found: tuple[Element | None, Maybe[str]]) -> Problems:
    """A USB controller names no model, and the host's QEMU has none that libvirt would take.

    Without a model it is a PIIX3 UHCI on x86, on q35 as well, and one of qemu-xhci, nec-xhci and pci-ohci elsewhere,
    whatever else QEMU has. libvirt defines the domain, and does not start it. The controller that libvirt adds where
    the file has none is one without a model, too.
    """
    element, model = found
    is_new = not context.is_older_than(_WITHOUT_LEGACY)
    never_had = context.machine.kind in _NEVER_WITH_LEGACY
    if model is None and (is_new or never_had):
        where = context.domain.devices if element is None else element
        if where is not None:
            what = (
                "libvirt adds a USB controller, and" if element is None else "this USB controller names no model, and"
            )
            yield Problem(
                Spot(where),
                f"{what} the host's QEMU has none of those that libvirt takes: libvirt does not start the domain",
                "write <controller type='usb' index='0' model='…'/> with a model that the host has, or 'none'",
            )


@rule(
    "USB009",
    "usb-ports-without-model",
    outcome=Outcome.START,
    on="devices",
    each=_each_default,
    needs=Needs.HOST,
    source=f"{_DEFAULTS}; {_COMMAND} (qemuValidateDomainDeviceDefControllerUSB)",
    bad=Example("<controller type='usb' index='0' ports='8'/> <!-- USB009 -->", host="qemu-lsi"),
    good=Example("<controller type='usb' index='0' model='qemu-xhci' ports='8'/>", host="qemu-lsi"),
)
def usb_ports_without_model(context: Context, found: tuple[Element | None, Maybe[str]]) -> Problems:
    """A USB controller is given a number of ports, and no model.

    On x86 it is a PIIX3 UHCI then, which has two: libvirt defines the domain, and does not start it. Elsewhere it may
    be xHCI, with 15 ports at most.
    """
    element, model = found
    ports = None if element is None else decimal(attribute(element, "ports"))
    if element is None or not isinstance(model, str) or not isinstance(ports, int):
        return
    if model not in XHCI:
        yield Problem(
            Spot(element, "ports"),
            f"without a model this is a controller of the model '{model}', whose number of ports cannot be chosen:"
            " libvirt does not start the domain",
            "write model='qemu-xhci'",
        )
    elif ports > MOST_XHCI_PORTS:
        yield Problem(
            Spot(element, "ports"),
            f"{ports} ports are more than the {MOST_XHCI_PORTS} that the controller can have:"
            " libvirt refuses the definition",
            f"write ports='{MOST_XHCI_PORTS}'",
            outcome=Outcome.DEFINE,
        )
