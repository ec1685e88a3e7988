"""INPUT: keyboards, mice and tablets."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from domlint.architectures import X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.inputs import input_bus
from domlint.domain.machine import Machine, PciRoot
from domlint.domain.values import attribute, child, child_attribute
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_CONF: Final = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainInputDefValidate)"
_QEMU: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefInput)"
_ON: Final = "devices/input"


class _Odd(Enum):
    """What is not as usual of an input device, so that a rule has a look at it."""

    BUS = "its type is not for this bus"
    MODEL = "it names a model"
    PS2 = "it is on PS/2"
    SOURCE = "its source is missing"
    PASSTHROUGH = "it is one of the host"


class _Input(NamedTuple):
    """An input device that a rule has a look at. ``bus`` is the one that it has, whether it names it or not."""

    odd: _Odd
    element: Element
    type: str
    bus: str
    reason: str = ""


_PS2_TYPES: Final = ("mouse", "keyboard")


def _wrong_bus(kind: str, bus: str) -> str:
    """Why a device of this type cannot be on a bus; "" where it can."""
    if bus == "xen":
        return "is for guests of Xen"
    if kind == "passthrough" and bus != "virtio":
        return "takes no device of the host: only virtio does"
    if kind == "evdev" and bus != "none":
        return "is named, though the events of the host's device go to the guest's keyboard and mouse"
    if bus == "ps2" and kind not in _PS2_TYPES:
        return "has keyboards and mice alone"
    return ""


_TYPES: Final = frozenset({"mouse", "keyboard", "tablet", "passthrough", "evdev"})
"""What there is of input devices. Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainInput)."""

_PLAIN_BUSES: Final = ("usb", "virtio")
_PLAIN_TYPES: Final = ("mouse", "keyboard", "tablet")
"""What most devices are, with which nothing is wrong."""


def _each(context: Context, element: Element) -> Iterator[_Input]:
    if element.get("bus") in _PLAIN_BUSES and element.get("type") in _PLAIN_TYPES and "model" not in element.attrib:
        return
    kind, bus = attribute(element, "type"), input_bus(element, context.machine.arch)
    if kind not in _TYPES or not isinstance(bus, str) or not context.domain.runs_on_qemu:
        return
    reason = _wrong_bus(kind, bus)
    if reason:
        yield _Input(_Odd.BUS, element, kind, bus, reason)
    elif bus == "ps2" and (_has_ps2(context.machine) is False or "ps2" in context.domain.features):
        yield _Input(_Odd.PS2, element, kind, bus)
    if kind == "passthrough" and bus == "virtio":
        yield _Input(_Odd.PASSTHROUGH, element, kind, bus)
    if isinstance(attribute(element, "model"), str):
        yield _Input(_Odd.MODEL, element, kind, bus)
    if kind in ("passthrough", "evdev") and child(element, "source") is None:
        yield _Input(_Odd.SOURCE, element, kind, bus)


@rule(
    "INPUT001",
    "input-not-on-this-bus",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    instead_of=("SCHEMA005",),
    source=f"{_CONF}; 7.0.0 and 9.0.0 src/conf/domain_conf.c (virDomainInputDefParseXML)",
    bad=Example("<input type='tablet' bus='ps2'/> <!-- INPUT001 -->"),
    good=Example("<input type='tablet' bus='usb'/>\n<input type='keyboard' bus='ps2'/>"),
)
def input_not_on_this_bus(context: Context, found: _Input) -> Problems:
    """An input device is on a bus that has no devices of its type.

    PS/2 has a keyboard and a mouse; tablets are on USB or virtio. An input device of the host is passed on by virtio,
    and one whose events QEMU reads (evdev) is on no bus. libvirt refuses the definition.
    """
    if found.odd is _Odd.BUS:
        help_ = {"passthrough": "write bus='virtio'", "evdev": "remove 'bus'"}.get(
            found.type, "write bus='usb' or bus='virtio'"
        )
        yield Problem(
            Spot(found.element, "bus" if "bus" in found.element.attrib else None),
            f"the bus '{found.bus}' {found.reason}: libvirt refuses the definition of this {found.type}",
            help_,
        )


@rule(
    "INPUT002",
    "input-model-without-virtio",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    asked="9.0.0",
    source=f"{_CONF}, alike in 9.0.0, not in 7.0.0",
    bad=Example("<input type='keyboard' bus='usb' model='virtio'/> <!-- INPUT002 -->"),
    good=Example("<input type='keyboard' bus='virtio' model='virtio'/>"),
)
def input_model_without_virtio(context: Context, found: _Input) -> Problems:
    """An input device has a model of virtio, and is on another bus.

    The models are those of virtio devices: libvirt refuses the definition. A device without `bus` is on PS/2, USB or
    virtio, as the machine and its own type have it.
    """
    if found.odd is _Odd.MODEL and found.bus != "virtio":
        yield Problem(
            Spot(found.element, "model"),
            f"the model '{found.element.get('model')}' is one of virtio, and this {found.type} is on '{found.bus}':"
            " libvirt refuses the definition",
            "write bus='virtio', or remove 'model'",
        )


_TRANSITIONAL: Final = ("virtio-transitional", "virtio-non-transitional")


def _transitional(found: _Input) -> Problems:
    model = attribute(found.element, "model")
    if found.odd is _Odd.MODEL and found.bus == "virtio" and model in _TRANSITIONAL:
        yield Problem(
            Spot(found.element, "model"),
            f"there is no input device of the model '{model}': libvirt refuses the definition",
            "write model='virtio', or remove 'model'",
        )


@rule(
    "INPUT003",
    "input-transitional",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    source=f"{_QEMU}, alike in 7.0.0 and 9.0.0",
    bad=Example("<input type='keyboard' bus='virtio' model='virtio-transitional'/> <!-- INPUT003 -->"),
    good=Example("<input type='keyboard' bus='virtio' model='virtio'/>"),
)
def input_transitional(context: Context, found: _Input) -> Problems:
    """A keyboard, mouse or tablet of virtio is to be transitional, or expressly not.

    Input devices came with version 1.0 of virtio: there is no older kind. libvirt refuses the definition.
    """
    if found.type in ("mouse", "tablet", "keyboard"):
        yield from _transitional(found)


@rule(
    "INPUT004",
    "passthrough-transitional",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    asked="9.0.0",
    source=f"{_QEMU}, alike in 9.0.0, not in 7.0.0",
    bad=Example("""\
<input type='passthrough' bus='virtio' model='virtio-non-transitional'> <!-- INPUT004 -->
  <source evdev='/dev/input/event3'/>
</input>"""),
    good=Example("""\
<input type='passthrough' bus='virtio'>
  <source evdev='/dev/input/event3'/>
</input>"""),
)
def passthrough_transitional(context: Context, found: _Input) -> Problems:
    """An input device of the host is to be a transitional virtio device, or expressly not.

    There is one kind: libvirt refuses the definition.
    """
    if found.type == "passthrough":
        yield from _transitional(found)


@rule(
    "INPUT005",
    "passthrough-on-channels",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    source=f"{_QEMU}, alike in 7.0.0 and 9.0.0",
    bad=Example(
        """\
<input type='passthrough' bus='virtio'> <!-- INPUT005 -->
  <source evdev='/dev/input/event3'/>
</input>""",
        arch="s390x",
        machine="s390-ccw-virtio",
    ),
    good=Example("<input type='keyboard' bus='virtio'/>", arch="s390x", machine="s390-ccw-virtio"),
)
def passthrough_on_channels(context: Context, found: _Input) -> Problems:
    """An input device of the host shall be passed on to a guest of IBM Z, by its channels.

    QEMU has no such device for channels, where libvirt puts all virtio devices of these guests: it refuses the
    definition.
    """
    address = child_attribute(found.element, "address", "type")
    is_on_channels = address == "ccw" or (address is None and context.machine.is_s390)
    if found.odd is _Odd.PASSTHROUGH and is_on_channels:
        yield Problem(
            Spot(found.element),
            "there is no such device on channels: libvirt refuses the definition",
            "remove it, or give it an address of the type 'pci'",
        )


_PC_PREFIXES: Final = ("pc-0.", "pc-1.", "pc-i440fx-", "pc-q35-", "rhel", "xenfv-")
_PCS: Final = ("pc", "q35", "xenfv", "isapc")


def _has_ps2(machine: Machine) -> bool | None:
    """Tell whether a machine has PS/2; None where that is not known.

    Source: libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsSupportsI8042).
    """
    name, arch = machine.name, machine.arch
    if not isinstance(arch, str):
        return None
    if arch not in X86:
        return False
    if not isinstance(name, str) or machine.root is PciRoot.UNKNOWN:
        return None
    return name in _PCS or name.startswith(_PC_PREFIXES)


@rule(
    "INPUT010",
    "ps2-not-on-machine",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    asked="10.7.0",
    since="older ones ask QEMU on other architectures than x86",
    source=f"{_QEMU}, qemu_capabilities.c (virQEMUCapsSupportsI8042); NEWS.rst, 10.7.0",
    bad=Example("<input type='keyboard' bus='ps2'/> <!-- INPUT010 -->", arch="aarch64", machine="virt"),
    good=Example("<input type='keyboard' bus='virtio'/>", arch="aarch64", machine="virt"),
)
def ps2_not_on_machine(context: Context, found: _Input) -> Problems:
    """An input device is on PS/2, and the machine has none.

    PCs have PS/2: pc, q35 and isapc. microvm has not, and no machine of another architecture. On x86 a keyboard or
    mouse that names no bus is on PS/2. libvirt refuses the definition.
    """
    if found.odd is _Odd.PS2 and _has_ps2(context.machine) is False:
        yield Problem(
            Spot(found.element, "bus" if "bus" in found.element.attrib else None),
            f"the {found.type} is on PS/2, which the machine {context.machine} does not have:"
            " libvirt refuses the definition",
            "write bus='virtio' or bus='usb'",
        )


@rule(
    "INPUT011",
    "ps2-turned-off",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    asked="10.7.0",
    source=f"{_CONF}; NEWS.rst, 10.7.0",
    bad=Example(
        "<input type='keyboard' bus='ps2'/> <!-- INPUT011 -->", around="<features>\n  <ps2 state='off'/>\n</features>"
    ),
    good=Example("<input type='keyboard' bus='usb'/>", around="<features>\n  <ps2 state='off'/>\n</features>"),
)
def ps2_turned_off(context: Context, found: _Input) -> Problems:
    """An input device is on PS/2, which the domain turns off.

    libvirt refuses the definition.
    """
    ps2 = context.domain.features.get("ps2")
    if found.odd is _Odd.PS2 and ps2 is not None and attribute(ps2, "state") == "off":
        yield Problem(
            Spot(found.element, "bus" if "bus" in found.element.attrib else None),
            f"the {found.type} is on PS/2, which <features> turns off: libvirt refuses the definition",
            "write bus='usb' or bus='virtio', or remove <ps2 state='off'/>",
            ((Spot(ps2, "state"), "turned off here"),),
        )


@rule(
    "INPUT020",
    "evdev-without-source",
    outcome=Outcome.START,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    asked="7.4.0",
    instead_of=("SCHEMA007",),
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildInputEvdevProps); NEWS.rst, 7.4.0",
    bad=Example("<input type='evdev'/> <!-- INPUT020 -->"),
    good=Example("<input type='evdev'>\n  <source dev='/dev/input/event3' grab='all'/>\n</input>"),
)
def evdev_without_source(context: Context, found: _Input) -> Problems:
    """QEMU shall read the events of a device of the host, and nothing says which.

    libvirt defines the domain, and does not start it.
    """
    if found.odd is _Odd.SOURCE and found.type == "evdev":
        yield Problem(
            Spot(found.element),
            "nothing says which device of the host is read: libvirt does not start the domain",
            "add <source dev='/dev/input/by-id/…'/>",
        )


@rule(
    "INPUT021",
    "passthrough-without-source",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    needs=Needs.MACHINE,
    until="7.4.0",
    instead_of=("SCHEMA007",),
    since="7.4.0 and newer leave it to QEMU, which does not start",
    source="libvirt 7.0.0 src/conf/domain_conf.c (virDomainInputDefParseXML)",
    bad=Example("<input type='passthrough' bus='virtio'/> <!-- INPUT021 -->", libvirt="7.0.0"),
    good=Example(
        "<input type='passthrough' bus='virtio'>\n  <source evdev='/dev/input/event3'/>\n</input>", libvirt="7.0.0"
    ),
)
def passthrough_without_source(context: Context, found: _Input) -> Problems:
    """A device of the host shall be passed on, and nothing says which.

    libvirt refuses the definition.
    """
    if found.odd is _Odd.SOURCE and found.type == "passthrough":
        yield Problem(
            Spot(found.element),
            "nothing says which device of the host is passed on: libvirt refuses the definition",
            "add <source evdev='/dev/input/by-id/…'/>",
        )


def _each_evdev(context: Context, source: Element) -> Iterator[Element]:
    """The input device of the guest's own that a source is in."""
    holder = source.getparent()
    if context.domain.runs_on_qemu and holder is not None and attribute(holder, "type") in _PLAIN_TYPES:
        yield holder


@rule(
    "INPUT022",
    "source-of-emulated-input",
    outcome=Outcome.DEFINE,
    on="devices/input/source",
    each=_each_evdev,
    until="7.4.0",
    instead_of=("SCHEMA004",),
    since="7.4.0 and newer drop it without a word",
    source="libvirt 7.0.0 src/conf/domain_validate.c (virDomainInputDefValidate)",
    bad=Example(
        "<input type='keyboard' bus='usb'>\n  <source evdev='/dev/input/event3'/> <!-- INPUT022 -->\n</input>",
        libvirt="7.0.0",
    ),
    good=Example(
        "<input type='passthrough' bus='virtio'>\n  <source evdev='/dev/input/event3'/>\n</input>", libvirt="7.0.0"
    ),
)
def source_of_emulated_input(context: Context, holder: Element) -> Problems:
    """An emulated keyboard, mouse or tablet names a device of the host.

    Only an input device that is passed on from the host has one. libvirt refuses the definition.
    """
    source = child(holder, "source")
    if source is not None and source.get("evdev"):
        yield Problem(
            Spot(source, "evdev"),
            f"an emulated {holder.get('type')} has no device of the host: libvirt refuses the definition",
            "remove <source>, or write type='passthrough' bus='virtio'",
        )
