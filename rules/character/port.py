"""CHR02x and CHR03x: serial and parallel ports, and consoles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.architectures import S390, X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.character import SERIAL_ADDRESSES, SERIAL_MODELS, SerialPort, is_serial_console
from domlint.domain.machine import MachineKind
from domlint.domain.values import Unknown, attribute, child, decimal
from domlint.findings import Outcome
from domlint.numbers import base_ten
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainChrDefParseTargetXML)"
_TARGET: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainChrTargetDef)"
_DEVICE: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainChrDef)"
_ALIKE: Final = "alike in 7.0.0 and 9.0.0"


def _port(context: Context, element: Element) -> SerialPort | None:
    if not context.domain.runs_on_qemu:
        return None
    return next((one for one in context.domain.serial_ports if one.element is element), None)


def _each_special(context: Context, element: Element) -> Iterator[SerialPort]:
    """A serial port that has a model, an address, or another type than the usual."""
    target = child(element, "target")
    is_usual = target is None or (target.get("type") in (None, "isa-serial") and not len(target))
    if not is_usual or child(element, "address") is not None:
        port = _port(context, element)
        if port is not None:
            yield port


_CONSOLES: Final = frozenset({"none", "serial", "xen", "uml", "virtio", "lxc", "openvz", "sclp", "sclplm"})
_TARGETS: Final = {"serial": frozenset({"none", *SERIAL_ADDRESSES}), "console": _CONSOLES}
"""The types of targets. Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainChrSerialTarget,
virDomainChrConsoleTarget), alike in 7.0.0 and 9.0.0."""


def _each_target(context: Context, target: Element) -> Iterator[Element]:
    """The target that libvirt reads of a port or console, where it says something."""
    holder = target.getparent()
    if holder is not None and child(holder, "target") is target and target.attrib and context.domain.runs_on_qemu:
        yield target


def _wrong_target(target: Element) -> Problems:
    holder, kind = target.getparent(), attribute(target, "type")
    if holder is not None and isinstance(kind, str) and kind not in _TARGETS.get(str(holder.tag), (kind,)):
        other = next((tag for tag, kinds in _TARGETS.items() if kind in kinds), None)
        if other is not None:
            yield Problem(
                Spot(target, "type"),
                f"'{kind}' is a type of <{other}>, not of <{holder.tag}>: libvirt refuses the definition",
                f"make it a <{other}>, or remove the type",
            )


def _wrong_port(target: Element) -> Problems:
    port = attribute(target, "port")
    if isinstance(port, str) and base_ten(port.lstrip(" \t\n\v\f\r").removeprefix("-")) is None:
        yield Problem(
            Spot(target, "port"), f"'{port}' is no number of a port: libvirt refuses the definition", "remove it"
        )


@rule(
    "CHR020",
    "serial-target-type",
    outcome=Outcome.DEFINE,
    on="devices/serial/target",
    each=_each_target,
    source=f"{_PARSER}, {_ALIKE}",
    bad=Example("<serial type='pty'>\n  <target type='virtio'/> <!-- CHR020 -->\n</serial>"),
    good=Example("<console type='pty'>\n  <target type='virtio'/>\n</console>"),
)
def serial_target_type(context: Context, target: Element) -> Problems:
    """A serial port has the type of a console.

    libvirt refuses to define the domain.
    """
    yield from _wrong_target(target)


@rule(
    "CHR021",
    "serial-target-port",
    outcome=Outcome.DEFINE,
    on="devices/serial/target",
    each=_each_target,
    source=f"{_PARSER}, {_ALIKE}",
    bad=Example("<serial type='pty'>\n  <target port='COM1'/> <!-- CHR021 -->\n</serial>"),
    good=Example("<serial type='pty'>\n  <target port='0'/>\n</serial>"),
)
def serial_target_port(context: Context, target: Element) -> Problems:
    """The number of a serial port is no number.

    libvirt refuses to define the domain.
    """
    yield from _wrong_port(target)


def _wrong_address(context: Context, port: SerialPort) -> Problems:
    found, wanted = attribute(port.address, "type"), port.address_on(context.machine)
    if port.address is None or wanted is None or not isinstance(found, str) or found in ("none", wanted):
        return
    kind, has = port.type_on(context.machine), f"an address of {wanted}" if wanted else "no address"
    yield Problem(
        Spot(port.address, "type"),
        f"a serial port of the type '{kind}' has {has}, not one of {found}",
        "remove <address>" + (f", or name the type of port that is on {found}" if found in ("pci", "usb") else ""),
    )


@rule(
    "CHR023",
    "serial-model-of-other-type",
    outcome=Outcome.DEFINE,
    on="devices/serial",
    each=_each_special,
    needs=Needs.MACHINE,
    source=f"{_TARGET}, {_ALIKE}",
    bad=Example(
        "<serial type='pty'>\n  <target type='pci-serial'>\n    <model name='isa-serial'/> <!-- CHR023 -->\n"
        "  </target>\n</serial>"
    ),
    good=Example(
        "<serial type='pty'>\n  <target type='pci-serial'>\n    <model name='pci-serial'/>\n  </target>\n</serial>"
    ),
)
def serial_model_of_other_type(context: Context, port: SerialPort) -> Problems:
    """The model of a serial port is one of another type.

    Each model goes with one type; a port without a type has that of its machine. libvirt refuses to define the domain.
    """
    kind, model = port.type_on(context.machine), port.model
    wanted = SERIAL_MODELS.get(model) if isinstance(model, str) else None
    if wanted is not None and not isinstance(kind, Unknown) and kind != wanted and port.model_element is not None:
        yield Problem(
            Spot(port.model_element, "name"),
            f"the model '{model}' is one of ports of the type '{wanted}', and this is"
            + (f" '{kind}'" if kind else " one that the board has itself"),
            f"write <target type='{wanted}'>, or remove <model>",
        )


@rule(
    "CHR024",
    "serial-of-other-machine",
    outcome=Outcome.DEFINE,
    on="devices/serial",
    each=_each_special,
    needs=Needs.MACHINE,
    source=f"{_DEVICE}, {_ALIKE}",
    bad=Example("<serial type='pty'>\n  <target type='sclp-serial'/> <!-- CHR024 -->\n</serial>"),
    good=Example(
        "<serial type='pty'>\n  <target type='sclp-serial'/>\n</serial>", arch="s390x", machine="s390-ccw-virtio"
    ),
)
def serial_of_other_machine(context: Context, port: SerialPort) -> Problems:
    """A serial port is of a type or model that the machine does not have.

    sclp-serial is for s390x, spapr-vio-serial for pSeries, pl011 for boards 'virt' of Arm, 16550a for those of RISC-V
    and LoongArch. libvirt refuses to define the domain.
    """
    is_of_its_type = port.model is None or SERIAL_MODELS.get(str(port.model)) == port.type_on(context.machine)
    if is_of_its_type and port.is_possible_on(context.machine) is False and port.target is not None:
        what = port.model or port.written
        at = port.target if port.model_element is None else port.model_element
        yield Problem(
            Spot(at, "type" if port.model_element is None else "name"),
            f"the machine {context.machine} has no serial port '{what}'",
            "remove the type and the model: libvirt takes what the machine has",
        )


@rule(
    "CHR025",
    "serial-system-without-model",
    outcome=Outcome.START,
    on="devices/serial",
    each=_each_special,
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildSerialChrDeviceProps), alike in 7.0.0 and 9.0.0",
    bad=Example("<serial type='pty'>\n  <target type='system-serial'/> <!-- CHR025 -->\n</serial>"),
    good=Example(
        "<serial type='pty'>\n  <target type='system-serial'/>\n</serial>", arch="aarch64", machine="virt-8.2"
    ),
)
def serial_system_without_model(context: Context, port: SerialPort) -> Problems:
    """A serial port of the board is asked for, and libvirt does not know the board's.

    It knows those of boards 'virt'. libvirt defines the domain, and does not start it.
    """
    known = (MachineKind.ARM_VIRT, MachineKind.RISCV_VIRT, MachineKind.LOONGARCH_VIRT, MachineKind.UNKNOWN)
    if port.written != "system-serial" or port.model is not None or context.machine.kind in known:
        return
    if isinstance(context.machine.arch, str) and port.target is not None:
        yield Problem(
            Spot(port.target, "type"),
            f"libvirt does not know the serial port of the board {context.machine}",
            "remove the type: libvirt takes what the machine has",
        )


@rule(
    "CHR026",
    "serial-isa-debug-of-x86",
    outcome=Outcome.DEFINE,
    on="devices/serial",
    each=_each_special,
    needs=Needs.MACHINE,
    asked="8.1.0",
    source="libvirt 11.3.0 src/conf/domain_postparse.c (virDomainChrDefPostParse), alike in 9.0.0",
    bad=Example(
        "<serial type='pty'>\n  <target type='isa-debug'/> <!-- CHR026 -->\n</serial>",
        arch="aarch64",
        machine="virt-8.2",
    ),
    good=Example("<serial type='pty'>\n  <target type='isa-debug'/>\n</serial>"),
)
def serial_isa_debug_of_x86(context: Context, port: SerialPort) -> Problems:
    """The debug console of ISA is for x86.

    libvirt refuses to define the domain on another architecture.
    """
    arch = context.machine.arch
    if port.written == "isa-debug" and isinstance(arch, str) and arch not in X86 and port.target is not None:
        yield Problem(Spot(port.target, "type"), f"there is no ISA debug console on {arch}", "remove the type")


_MOST_ISA_PORTS: Final = 4


@rule(
    "CHR027",
    "serial-isa-ports",
    outcome=Outcome.DEFINE,
    on="devices/serial/target",
    each=_each_target,
    asked="9.0.0",
    source="libvirt 11.3.0 src/conf/domain_postparse.c (virDomainChrIsaSerialDefPostParse), alike in 9.0.0",
    bad=Example(
        "<serial type='pty'>\n  <target type='isa-serial' port='0'/>\n</serial>\n"
        "<serial type='pty'>\n  <target type='isa-serial' port='0'/> <!-- CHR027 -->\n</serial>"
    ),
    good=Example(
        "<serial type='pty'>\n  <target type='isa-serial' port='0'/>\n</serial>\n"
        "<serial type='pty'>\n  <target type='isa-serial' port='1'/>\n</serial>"
    ),
)
def serial_isa_ports(context: Context, target: Element) -> Problems:
    """There are more serial ports on ISA than it has, or two of one number.

    A PC has four, with the numbers 0 to 3; libvirt gives numbers to those that have none. It refuses to define the
    domain.
    """
    if attribute(target, "type") != "isa-serial":
        return
    ports = [
        one.target for one in context.domain.serial_ports if one.written == "isa-serial" and one.target is not None
    ]
    number = decimal(attribute(target, "port"))
    if target in ports[_MOST_ISA_PORTS : _MOST_ISA_PORTS + 1]:
        yield Problem(Spot(target), "ISA has four serial ports, and this is a fifth one", "take type='pci-serial'")
    elif isinstance(number, int) and _MOST_ISA_PORTS <= number < 1 << 31:
        yield Problem(
            Spot(target, "port"),
            f"the serial ports on ISA have the numbers 0 to 3, not {number}",
            "write one of these, or remove the number",
        )
    elif isinstance(number, int):
        first = next((one for one in ports if decimal(attribute(one, "port")) == number), target)
        if first is not target:
            yield Problem(
                Spot(target, "port"),
                f"there is a serial port {number} already",
                "give each port a number of its own, or none",
                ((Spot(first, "port"), "the first one"),),
            )


@rule(
    "CHR028",
    "parallel-unsupported",
    outcome=Outcome.DEFINE,
    on="devices/parallel",
    needs=Needs.MACHINE,
    source=f"{_DEVICE}, {_ALIKE}",
    bad=Example("<parallel type='pty'/> <!-- CHR028 -->", arch="s390x", machine="s390-ccw-virtio"),
    good=Example("<parallel type='pty'/>"),
)
def parallel_unsupported(context: Context, parallel: Element) -> Problems:
    """There are no parallel ports on s390x, and none on pSeries.

    libvirt refuses to define the domain.
    """
    machine = context.machine
    if context.domain.runs_on_qemu and (machine.arch in S390 or machine.kind is MachineKind.PSERIES):
        yield Problem(Spot(parallel), f"the machine {machine} has no parallel port", "remove <parallel>")


@rule(
    "CHR029",
    "parallel-target-port",
    outcome=Outcome.DEFINE,
    on="devices/parallel/target",
    each=_each_target,
    source=f"{_PARSER}, {_ALIKE}",
    bad=Example("<parallel type='pty'>\n  <target port='LPT1'/> <!-- CHR029 -->\n</parallel>"),
    good=Example("<parallel type='pty'>\n  <target port='0'/>\n</parallel>"),
)
def parallel_target_port(context: Context, target: Element) -> Problems:
    """The number of a parallel port is no number.

    libvirt refuses to define the domain.
    """
    yield from _wrong_port(target)


# Consoles.


def _each_further_console(context: Context, console: Element) -> Iterator[Element]:
    """A console that is not the first one."""
    devices = context.domain.devices
    if devices is not None and context.domain.runs_on_qemu and child(devices, "console") is not console:
        yield console


@rule(
    "CHR030",
    "console-serial-not-first",
    outcome=Outcome.DEFINE,
    on="devices/console",
    each=_each_further_console,
    source=f"libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefAddConsoleCompat), {_ALIKE}",
    bad=Example("<console type='pty'/>\n<console type='pty'/> <!-- CHR030 -->"),
    good=Example("<console type='pty'/>\n<console type='pty'>\n  <target type='virtio'/>\n</console>"),
)
def console_serial_not_first(context: Context, console: Element) -> Problems:
    """A console that is not the first one shall be a serial port.

    The first console without a type stands for the first serial port, others are of virtio (or sclp on s390x). libvirt
    refuses to define the domain.
    """
    if is_serial_console(console):
        yield Problem(
            Spot(console),
            "only the first <console> can be a serial port: libvirt refuses the definition",
            "add <target type='virtio'/>, or make it a <serial>",
        )


_QEMU_CONSOLES: Final = frozenset({"none", "serial", "virtio", "sclp", "sclplm"})
_SCLP: Final = frozenset({"sclp", "sclplm"})


@rule(
    "CHR031",
    "console-target-type",
    outcome=Outcome.DEFINE,
    on="devices/console/target",
    each=_each_target,
    source=f"{_PARSER}; src/qemu/qemu_validate.c (qemuValidateDomainDefConsole), {_ALIKE}",
    bad=Example("<console type='pty'>\n  <target type='xen'/> <!-- CHR031 -->\n</console>"),
    good=Example("<console type='pty'>\n  <target type='virtio'/>\n</console>"),
)
def console_target_type(context: Context, target: Element) -> Problems:
    """A console is of a type that QEMU does not have, or that is one of serial ports.

    libvirt refuses to define the domain.
    """
    kind = attribute(target, "type")
    if kind in _CONSOLES - _QEMU_CONSOLES:
        yield Problem(
            Spot(target, "type"),
            f"'{kind}' is a console of another hypervisor",
            "take 'virtio', or 'serial' for the first console",
        )
    yield from _wrong_target(target)


@rule(
    "CHR032",
    "console-sclp-of-s390",
    outcome=Outcome.DEFINE,
    on="devices/console/target",
    each=_each_target,
    needs=Needs.MACHINE,
    source=f"libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefConsole), {_ALIKE}",
    bad=Example("<console type='pty'>\n  <target type='sclp'/> <!-- CHR032 -->\n</console>"),
    good=Example("<console type='pty'>\n  <target type='sclp'/>\n</console>", arch="s390x", machine="s390-ccw-virtio"),
)
def console_sclp_of_s390(context: Context, target: Element) -> Problems:
    """Consoles by SCLP are there on s390x alone.

    libvirt refuses to define the domain on another architecture.
    """
    arch, kind = context.machine.arch, attribute(target, "type")
    if kind in _SCLP and isinstance(arch, str) and arch not in S390:
        yield Problem(Spot(target, "type"), f"there is no console '{kind}' on {arch}", "take type='virtio'")


@rule(
    "CHR033",
    "console-target-port",
    outcome=Outcome.DEFINE,
    on="devices/console/target",
    each=_each_target,
    source=f"{_PARSER}, {_ALIKE}",
    bad=Example("<console type='pty'>\n  <target port='tty0'/> <!-- CHR033 -->\n</console>"),
    good=Example("<console type='pty'>\n  <target port='0'/>\n</console>"),
)
def console_target_port(context: Context, target: Element) -> Problems:
    """The number of a console is no number.

    libvirt refuses to define the domain.
    """
    yield from _wrong_port(target)


def _each_console_address(context: Context, address: Element) -> Iterator[SerialPort]:
    """A console with an address that libvirt makes a serial port of."""
    holder = address.getparent()
    port = None if holder is None else _port(context, holder)
    if port is not None and port.address is address:
        yield port


@rule(
    "CHR034",
    "console-serial-address",
    outcome=Outcome.DEFINE,
    on="devices/console/address",
    each=_each_console_address,
    needs=Needs.MACHINE,
    source=f"{_TARGET}, {_ALIKE}",
    bad=Example("<console type='pty'>\n  <address type='usb' bus='0' port='1'/> <!-- CHR034 -->\n</console>"),
    good=Example("<console type='pty'/>"),
)
def console_serial_address(context: Context, port: SerialPort) -> Problems:
    """A console that stands for a serial port has an address of a bus that the port is not on.

    libvirt refuses to define the domain.
    """
    yield from _wrong_address(context, port)
