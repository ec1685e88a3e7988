"""TEAM: failover pairs of a virtio NIC and an assigned one (``<teaming>``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.failover import Failover, Match, Pair, Partner, Role, Teaming
from domlint.domain.values import child
from domlint.rule import Example
from domlint.versions import Version

TEAMING = "devices/*/teaming"

TEAMING_SINCE = Version(6, 1, 0)
"""The libvirt that began to read ``<teaming>`` in interfaces (NEWS of libvirt 6.1.0)."""

HOSTDEV_TEAMING_SINCE = Version(7, 1, 0)
"""The libvirt that began to read ``<teaming>`` in plain hostdevs (NEWS of libvirt 7.1.0)."""

QEMU_DOCUMENT = "QEMU docs/system/virtio-net-failover.rst"
NET_FAILOVER = "Linux Documentation/networking/net_failover.rst"
VALIDATE = "libvirt 11.3.0 src/qemu/qemu_validate.c"
PARSER = "libvirt 11.3.0 src/conf/domain_conf.c"
SEEN = "seen with QEMU 7.2 and a Linux 6.1 guest"


# The teamed devices that rules look at. A domain of another driver than QEMU has none, and so has a libvirt that does
# not read the element: TEAM027 and TEAM003 say so.


def is_ignored(context: Context, teaming: Teaming) -> bool:
    """Tell whether the libvirt that shall read the file is too old to see this ``<teaming>``."""
    if context.libvirt is None:
        return False
    return context.libvirt < (HOSTDEV_TEAMING_SINCE if teaming.is_hostdev else TEAMING_SINCE)


def each_written(context: Context, element: Element) -> Iterator[Teaming]:
    """The teaming that libvirt reads, of whatever driver and role: the first of its device."""
    teaming = context.failover.by_element.get(element)
    if teaming is not None and not is_ignored(context, teaming):
        yield teaming


def each_persistent(context: Context, element: Element) -> Iterator[Teaming]:
    """The teaming, where it is that of a persistent device."""
    for teaming in each_written(context, element):
        if teaming.role is Role.PERSISTENT and context.domain.runs_on_qemu:
            yield teaming


def each_transient(context: Context, element: Element) -> Iterator[Teaming]:
    """The teaming, where it is that of a transient device."""
    for teaming in each_written(context, element):
        if teaming.role is Role.TRANSIENT and context.domain.runs_on_qemu:
            yield teaming


def each_assigned(context: Context, element: Element) -> Iterator[Teaming]:
    """The transient devices that have one of the forms of an assigned device."""
    return (teaming for teaming in each_transient(context, element) if teaming.can_be_assigned)


def each_match(context: Context, element: Element) -> Iterator[Match]:
    """What a transient device finds by the name of its partner."""
    for teaming in each_assigned(context, element):
        yield context.failover.matches[teaming]


def each_pair(context: Context, element: Element) -> Iterator[Pair]:
    """The pair that a transient device makes with its partner."""
    for match in each_match(context, element):
        if match.partner is Partner.PERSISTENT and match.persistent is not None:
            yield Pair(match.persistent, match.transient)


def each_interface_pair(context: Context, element: Element) -> Iterator[Pair]:
    """The same, where both are interfaces, so that both have a MAC address in the file."""
    return (pair for pair in each_pair(context, element) if not pair.transient.is_hostdev)


def each_failover(context: Context, element: Element) -> Iterator[Failover]:
    """All the failover of the domain, once: at its first teaming."""
    failover = context.failover
    first = next((one for one in failover.teamings if not is_ignored(context, one)), None)
    if first is not None and first.element is element and context.domain.runs_on_qemu:
        yield failover


# Parts of the examples: a pair as it should be, with room for what a rule is about.

MAC = "52:54:00:6b:3c:58"
POOL = "<network><name>sriov</name><forward mode='hostdev' managed='yes'><pf dev='eth3'/></forward></network>"
BY_ADDRESS = """\
  <source>
    <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>
  </source>"""
TRANSIENT = "  <teaming type='transient' persistent='ua-uplink'/>"
SECOND_MAC = "  <mac address='52:54:00:6b:3c:59'/>"


def standby_xml(
    *more: str,
    opening: str = "<interface type='bridge'>",
    mac: str = f"  <mac address='{MAC}'/>",
    source: str = "  <source bridge='br0'/>",
    model: str = "  <model type='virtio'/>",
    teaming: str = "  <teaming type='persistent'/>",
    alias: str = "  <alias name='ua-uplink'/>",
) -> str:
    """A persistent interface for an example, with some of its lines replaced ("" for none), and more of them."""
    return lines_of(opening, mac, source, model, teaming, alias, *more, "</interface>")


def primary_xml(
    *more: str,
    opening: str = "<interface type='network'>",
    mac: str = f"  <mac address='{MAC}'/>",
    source: str = "  <source network='sriov'/>",
    model: str = "  <model type='virtio'/>",
    teaming: str = TRANSIENT,
) -> str:
    """A transient interface for an example, from a network of assigned devices."""
    return lines_of(opening, mac, source, model, teaming, *more, f"</{opening[1:].split(maxsplit=1)[0]}>")


def by_address_xml(*more: str, opening: str = "<interface type='hostdev' managed='yes'>") -> str:
    """The same, by the address of the device on the host."""
    return primary_xml(*more, opening=opening, source=BY_ADDRESS, model="")


def hostdev_xml(
    *more: str, opening: str = "<hostdev mode='subsystem' type='pci' managed='yes'>", teaming: str = TRANSIENT
) -> str:
    """The same, as a plain ``<hostdev>``."""
    return primary_xml(*more, opening=opening, mac="", source=BY_ADDRESS, model="", teaming=teaming)


def lines_of(*lines: str) -> str:
    """The lines that are not empty, each with its end."""
    return "".join(f"{line}\n" for line in lines if line)


GOOD = Example(standby_xml() + primary_xml(), networks=(POOL,))


def example_of(*devices: str, **details: Any) -> Example:
    """An example with these devices, and with the network that transient interfaces name."""
    return Example("".join(devices), networks=(POOL,))._replace(**details)


def existing(element: Element, name: str) -> Element:
    """The first child of that name, which is known to be there."""
    found = child(element, name)
    assert found is not None
    return found
