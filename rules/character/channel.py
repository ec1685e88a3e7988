"""CHR04x: channels, and the ports of virtio-serial."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import describe
from domlint.domain.values import attribute, child
from domlint.domain.virtio_serial import Conflict, port_conflicts
from domlint.findings import Outcome
from domlint.numbers import base_ten
from domlint.rule import Example, Problem, Problems, Spot, rule

_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainChrDefParseTargetXML)"
_COMMAND: Final = "libvirt 11.3.0 src/qemu/qemu_command.c"
_ALIKE: Final = "alike in 7.0.0 and 9.0.0"


def _each_target(context: Context, target: Element) -> Iterator[Element]:
    """The target of a channel that libvirt reads."""
    holder = target.getparent()
    if holder is not None and child(holder, "target") is target and context.domain.runs_on_qemu:
        yield target


@rule(
    "CHR040",
    "channel-of-xen",
    outcome=Outcome.START,
    on="devices/channel/target",
    each=_each_target,
    mentions=("xen",),
    source=f"{_COMMAND} (qemuBuildChannelsCommandLine), {_ALIKE}",
    bad=Example("<channel type='pty'>\n  <target type='xen' name='org.example.0'/> <!-- CHR040 -->\n</channel>"),
    good=Example("<channel type='pty'>\n  <target type='virtio' name='org.example.0'/>\n</channel>"),
)
def channel_of_xen(context: Context, target: Element) -> Problems:
    """A channel is one of Xen.

    libvirt defines the domain, and does not start it, without saying why.
    """
    if attribute(target, "type") == "xen":
        yield Problem(Spot(target, "type"), "QEMU has no channels of Xen", "take type='virtio'")


_LARGEST_BYTE: Final = 255


def _is_ipv4(text: str) -> bool | None:
    """Tell whether libvirt reads an IPv4 address; None for short forms, which C reads as well."""
    parts = text.split(".")
    if ":" in text or any(not part for part in parts):
        return False
    numbers = [base_ten(part) for part in parts]
    if any(number is None for number in numbers):
        return None if any(part[:2].lower() == "0x" for part in parts) else False
    if len(parts) != 4 or any(part[0] == "0" and len(part) > 1 for part in parts):
        return None
    return all(number is not None and number <= _LARGEST_BYTE for number in numbers)


@rule(
    "CHR041",
    "guestfwd-address",
    outcome=Outcome.DEFINE,
    on="devices/channel/target",
    each=_each_target,
    mentions=("guestfwd",),
    source=f"{_PARSER}, {_ALIKE}",
    bad=Example(
        "<channel type='pty'>\n  <target type='guestfwd' address='fe80::2' port='4600'/> <!-- CHR041 -->\n</channel>"
    ),
    good=Example("<channel type='pty'>\n  <target type='guestfwd' address='10.0.2.1' port='4600'/>\n</channel>"),
)
def guestfwd_address(context: Context, target: Element) -> Problems:
    """What the guest connects to for a channel is no IPv4 address and port.

    QEMU's own network forwards connections to an IPv4 address and a TCP port to the host's end. libvirt refuses to
    define the domain.
    """
    if attribute(target, "type") != "guestfwd":
        return
    address, port = attribute(target, "address"), attribute(target, "port")
    if isinstance(address, str) and _is_ipv4(address) is False:
        yield Problem(Spot(target, "address"), f"'{address}' is no IPv4 address", "write one, as 10.0.2.1")
    if isinstance(port, str) and base_ten(port) is None:
        yield Problem(Spot(target, "port"), f"'{port}' is no number of a port", "write one from 1 to 65535")


_SPICE_NAME: Final = "com.redhat.spice.0"


@rule(
    "CHR042",
    "spicevmc-name",
    outcome=Outcome.START,
    on="devices/channel/target",
    each=_each_target,
    mentions=("spicevmc",),
    source=f"{_COMMAND} (qemuBuildVirtioSerialPortDevProps), {_ALIKE}",
    bad=Example(
        "<channel type='spicevmc'>\n  <target type='virtio' name='org.example.0'/> <!-- CHR042 -->\n</channel>\n"
        "<graphics type='spice' autoport='yes'/>"
    ),
    good=Example(
        f"<channel type='spicevmc'>\n  <target type='virtio' name='{_SPICE_NAME}'/>\n</channel>\n"
        "<graphics type='spice' autoport='yes'/>"
    ),
)
def spicevmc_name(context: Context, target: Element) -> Problems:
    """The channel of SPICE's agent has a name by which no agent finds it.

    libvirt defines the domain, and does not start it.
    """
    holder, name = target.getparent(), attribute(target, "name")
    if holder is None or attribute(holder, "type") != "spicevmc" or attribute(target, "type") != "virtio":
        return
    if isinstance(name, str) and name != _SPICE_NAME:
        yield Problem(
            Spot(target, "name"),
            f"the channel of SPICE's agent is called '{_SPICE_NAME}', not '{name}'",
            f"write name='{_SPICE_NAME}', or remove the name",
        )


def _each_conflict(context: Context, address: Element) -> Iterator[Conflict]:
    if attribute(address, "type") == "virtio-serial" and context.domain.runs_on_qemu:
        for conflict in port_conflicts(context.domain.devices, context.domain.controllers):
            if conflict.address is address:
                yield conflict


def _problem(conflict: Conflict) -> Problem:
    where = f"virtio-serial controller {conflict.controller}"
    if conflict.other is not None:
        return Problem(
            Spot(conflict.address, "port"),
            f"port {conflict.port} of {where} is that of another device already",
            "give each device a port of its own, or none: libvirt finds a free one",
            ((Spot(conflict.other), f"{describe(conflict.other)} has it"),),
        )
    if not conflict.port:
        return Problem(
            Spot(conflict.address),
            f"{where} has no port left",
            "remove the <address>: libvirt takes another controller, or adds one",
        )
    return Problem(
        Spot(conflict.address, "port"),
        f"{where} has the ports 1 to {conflict.ports - 1}, not {conflict.port}",
        "take one of these, or raise ports='…' of the controller",
    )


@rule(
    "CHR045",
    "channel-port-taken",
    outcome=Outcome.DEFINE,
    on="devices/channel/address",
    each=_each_conflict,
    source=f"libvirt 11.3.0 src/conf/domain_addr.c (virDomainVirtioSerialAddrReserve), {_ALIKE}",
    bad=Example(
        "<channel type='pty'>\n  <target type='virtio' name='org.example.0'/>\n"
        "  <address type='virtio-serial' controller='0' bus='0' port='1'/>\n</channel>\n"
        "<channel type='pty'>\n  <target type='virtio' name='org.example.1'/>\n"
        "  <address type='virtio-serial' controller='0' bus='0' port='1'/> <!-- CHR045 -->\n</channel>"
    ),
    good=Example(
        "<channel type='pty'>\n  <target type='virtio' name='org.example.0'/>\n"
        "  <address type='virtio-serial' controller='0' bus='0' port='1'/>\n</channel>\n"
        "<channel type='pty'>\n  <target type='virtio' name='org.example.1'/>\n"
        "  <address type='virtio-serial' controller='0' bus='0' port='2'/>\n</channel>"
    ),
)
def channel_port_taken(context: Context, conflict: Conflict) -> Problems:
    """A channel has a port of virtio-serial that another device has, or that there is not.

    A controller has 31 ports where it does not say otherwise. libvirt refuses to define the domain.
    """
    yield _problem(conflict)


@rule(
    "CHR046",
    "console-port-taken",
    outcome=Outcome.DEFINE,
    on="devices/console/address",
    each=_each_conflict,
    source=f"libvirt 11.3.0 src/conf/domain_addr.c (virDomainVirtioSerialAddrReserve), {_ALIKE}",
    bad=Example(
        "<console type='pty'>\n  <target type='virtio'/>\n"
        "  <address type='virtio-serial' controller='0' bus='0' port='40'/> <!-- CHR046 -->\n</console>"
    ),
    good=Example(
        "<console type='pty'>\n  <target type='virtio'/>\n"
        "  <address type='virtio-serial' controller='0' bus='0' port='4'/>\n</console>"
    ),
)
def console_port_taken(context: Context, conflict: Conflict) -> Problems:
    """A console has a port of virtio-serial that another device has, or that there is not.

    libvirt refuses to define the domain.
    """
    yield _problem(conflict)
