"""NET02x and NET03x: parts that only interfaces of some types have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.interfaces import TAP_TYPES, InterfacePart, each_part, each_repeated_part, port_type
from domlint.domain.values import attribute, child, child_attribute, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Rule, Spot, rule

_BRIDGED: Final = ("network", "bridge")
_OF_OTHERS: Final = ("null", "vds")
_VALIDATE: Final = "src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefNetwork)"
_AT_START: Final = "src/qemu/qemu_domain.c (qemuDomainValidateActualNetDef)"
_CONF: Final = "src/conf/domain_validate.c (virDomainNetDefValidate)"
_ACTUAL: Final = "src/conf/domain_validate.c (virDomainActualNetDefValidate)"


class _Part(NamedTuple):
    """A part of interfaces: where it stands, what it is called, and which types of interface have it.

    ``is_meant`` tells whether the element asks for anything; ``has`` tells more than ``types``, None where that cannot
    be known. ``only`` is what to read after "only interfaces of".
    """

    number: int
    name: str
    on: str
    words: str
    types: tuple[str, ...]
    only: str
    way: str
    outcome: Outcome
    source: str
    explained: str
    bad: str
    good: str
    is_meant: Callable[[InterfacePart], bool] = lambda part: True
    has: Callable[[Context, InterfacePart], bool | None] = lambda context, part: False
    attribute: str | None = None
    asked: str = ""
    since: str = ""
    needs: Needs = Needs.NOTHING
    is_repeated: bool = False
    instead_of: tuple[str, ...] = ()


def _may_be_passt(context: Context, part: InterfacePart) -> bool | None:
    """Tell whether a user interface has passt at its other end, also where libvirt chooses it for want of SLIRP.

    Source: libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDeviceNetDefPostParse), since 10.6.0 by its NEWS.
    """
    if part.type not in ("user", "vhostuser") or part.is_passt is not False:
        return None if part.type == "user" and part.is_passt is None else part.type == "user" and bool(part.is_passt)
    if part.type == "vhostuser" or context.is_older_than((10, 6, 0)):
        return False
    return False if context.host is not None and "netdev.user" in context.host.flags else None


def _has_guest_address(context: Context, part: InterfacePart) -> bool | None:
    if part.type == "vhostuser":
        return part.is_passt
    # Until 9.0.0 at least, libvirt passes over the addresses of vDPA interfaces.
    return part.type == "vdpa" and context.is_older_than((11, 3, 0))


def _has_guest_route(context: Context, part: InterfacePart) -> bool | None:
    return part.type == "vdpa" and context.is_older_than((11, 3, 0))


def _has_vlan(context: Context, part: InterfacePart) -> bool | None:
    """Tell whether the host can tag the packets; of a network, only the network tells."""
    if part.type == "direct":
        mode = child_attribute(part.interface, "source", "mode")
        return None if mode is not None and not isinstance(mode, str) else mode == "passthrough"
    if part.type == "bridge":
        port = port_type(part.interface)
        if port in (None, "openvswitch"):
            return None if port is None else True
        tags_bridges = not context.is_older_than((11, 0, 0))
        return tags_bridges and child(part.interface, "virtualport") is None
    return part.type == "network"


def _has_queues(context: Context, part: InterfacePart) -> bool | None:
    return part.type == "vdpa" and not context.is_older_than((9, 0, 0))


def _has_passt(context: Context, part: InterfacePart) -> bool | None:
    return part.type == "vhostuser" and not context.is_older_than((11, 1, 0))


def _asks_for(name: str, value: str) -> Callable[[InterfacePart], bool]:
    return lambda part: attribute(part.element, name) == value


def _names(name: str) -> Callable[[InterfacePart], bool]:
    return lambda part: bool(attribute(part.element, name))


def _has_several_queues(part: InterfacePart) -> bool:
    queues = decimal(attribute(part.element, "queues"))
    return isinstance(queues, int) and queues > 1 and part.has_written_virtio


def _has_frames(part: InterfacePart) -> bool:
    received = child(part.element, "rx")
    frames = None if received is None else child(received, "frames")
    return bool(attribute(frames, "max"))


def _has_rate(part: InterfacePart) -> bool:
    return child(part.element, "inbound") is not None or child(part.element, "outbound") is not None


def _has_size(part: InterfacePart) -> bool:
    size = decimal(attribute(part.element, "size"))
    return isinstance(size, int) and size > 0


_PASST: Final = "<interface type='user'>\n  <backend type='passt'/>\n{}</interface>\n"
_USER: Final = "<interface type='user'>\n{}</interface>\n"
_BRIDGE: Final = "<interface type='bridge'>\n  <source bridge='br0'/>\n{}</interface>\n"
_DIRECT: Final = "<interface type='direct'>\n  <source dev='eth0' mode='{}'/>\n{}</interface>\n"
_ETHERNET: Final = "<interface type='ethernet'>\n{}</interface>\n"
_COALESCE: Final = "  <coalesce>{}\n    <rx>\n      <frames max='32'/>\n    </rx>\n  </coalesce>\n"
_FORWARD: Final = "  <portForward proto='tcp'>{}\n    <range start='2022' to='22'/>\n  </portForward>\n"
_HOSTDEV: Final = """\
<interface type='hostdev' managed='yes'>
  <source>
    <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>
  </source>
{}</interface>
"""

_PARTS: Final = (
    _Part(
        20,
        "mtu-of-other-interface",
        "devices/interface/mtu",
        "an MTU",
        (*TAP_TYPES, "vhostuser"),
        "types network, bridge, ethernet and vhostuser, and user interfaces with passt, have one",
        "remove <mtu>, and set it in the guest",
        Outcome.DEFINE,
        f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}; seen with libvirt 11.3.0",
        "libvirt can set the MTU of a tap device, and tell a virtio NIC of it. Of the other types it refuses the"
        " definition.",
        _DIRECT.format("bridge", "  <mtu size='9000'/> <!-- NET020 -->\n"),
        _BRIDGE.format("  <mtu size='9000'/>\n"),
        is_meant=_has_size,
        has=_may_be_passt,
        needs=Needs.HOST,
    ),
    _Part(
        21,
        "coalesce-of-other-interface",
        "devices/interface/coalesce",
        "settings for merging interrupts",
        _BRIDGED,
        "types network and bridge have them",
        "remove <coalesce>",
        Outcome.DEFINE,
        f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}; seen with libvirt 11.3.0",
        "They are those of the tap device on a bridge. libvirt refuses the definition.",
        _ETHERNET.format(
            "  <coalesce> <!-- NET021 -->\n    <rx>\n      <frames max='32'/>\n    </rx>\n  </coalesce>\n"
        ),
        _BRIDGE.format(_COALESCE.format("")),
        is_meant=_has_frames,
    ),
    _Part(
        22,
        "unmanaged-tap-of-other-interface",
        "devices/interface/target",
        "a tap device that libvirt does not make (managed='no')",
        ("ethernet",),
        "type ethernet have one",
        "remove managed='no', or say type='ethernet'",
        Outcome.DEFINE,
        f"libvirt 7.0.0 to 11.3.0 {_CONF}; seen with libvirt 11.3.0",
        "For every other type libvirt makes the device itself. It refuses the definition.",
        _BRIDGE.format("  <target dev='tap7' managed='no'/> <!-- NET022 -->\n"),
        _ETHERNET.format("  <target dev='tap7' managed='no'/>\n"),
        is_meant=_asks_for("managed", "no"),
        attribute="managed",
    ),
    _Part(
        23,
        "vlan-of-other-interface",
        "devices/interface/vlan",
        "VLAN tags",
        ("hostdev",),
        "type hostdev, of type direct in mode passthrough, and on an Open vSwitch bridge have them, on every bridge"
        " since libvirt 11.0.0",
        "remove <vlan>, and tag the packets on the host or in the guest",
        Outcome.START,
        f"libvirt 7.0.0 to 11.3.0 {_ACTUAL}, NEWS.rst, 11.0.0; seen with libvirt 7.0.0 and 11.3.0",
        "libvirt tells the device or the switch which tags there are, where it can. Otherwise it defines the domain,"
        " and refuses to start it.",
        _DIRECT.format("bridge", "  <vlan> <!-- NET023 -->\n    <tag id='42'/>\n  </vlan>\n"),
        _DIRECT.format("passthrough", "  <vlan>\n    <tag id='42'/>\n  </vlan>\n"),
        is_meant=lambda part: child(part.element, "tag") is not None,
        has=_has_vlan,
        since="bridges without Open vSwitch: libvirt 11.0.0",
    ),
    _Part(
        24,
        "isolation-of-other-interface",
        "devices/interface/port",
        "isolation from the other ports of a bridge",
        _BRIDGED,
        "types network and bridge have it",
        "remove <port isolated='yes'/>",
        Outcome.DEFINE,
        "libvirt 7.0.0 to 11.3.0 src/conf/domain_validate.c (virDomainNetDefValidatePortOptions)",
        "It is one of Linux bridges. libvirt refuses the definition.",
        _ETHERNET.format("  <port isolated='yes'/> <!-- NET024 -->\n"),
        _BRIDGE.format("  <port isolated='yes'/>\n"),
        is_meant=_asks_for("isolated", "yes"),
        asked="6.1.0",
    ),
    _Part(
        25,
        "script-of-other-interface",
        "devices/interface/script",
        "a script that sets the interface up",
        # Of a network, only the network tells: an assigned device of a pool has its script ignored.
        ("ethernet", "hostdev", "network"),
        "type ethernet have one",
        "remove <script>, or say type='ethernet'",
        Outcome.START,
        "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_command.c (qemuBuildHostNetProps); seen with libvirt 11.3.0",
        "For every other type libvirt sets the device up itself. It defines the domain, and refuses to start it.",
        _BRIDGE.format("  <script path='/etc/qemu-ifup'/> <!-- NET025 -->\n"),
        _ETHERNET.format("  <script path='/etc/qemu-ifup'/>\n"),
        is_meant=_names("path"),
    ),
    _Part(
        26,
        "tap-path-of-other-interface",
        "devices/interface/backend",
        "a path of its own to the tap device",
        TAP_TYPES,
        f"types {', '.join(TAP_TYPES)} have one",
        "remove tap='…'",
        Outcome.START,
        f"libvirt 7.0.0 to 11.3.0 {_AT_START}; seen with libvirt 11.3.0",
        "The others have no tap device. libvirt defines the domain, and refuses to start it.",
        _USER.format("  <backend tap='/dev/net/tun'/> <!-- NET026 -->\n"),
        _BRIDGE.format("  <backend tap='/dev/net/tun'/>\n"),
        is_meant=lambda part: attribute(part.element, "tap") is not None,
        attribute="tap",
    ),
    _Part(
        27,
        "passt-of-other-interface",
        "devices/interface/backend",
        "passt as its backend",
        ("user",),
        "type user have it, and since libvirt 11.1.0 those of type vhostuser",
        "say type='user', or remove the backend",
        Outcome.DEFINE,
        f"libvirt 9.0.0 and 11.3.0 {_CONF}, NEWS.rst, 11.1.0; seen with both",
        "passt takes the place of a network of the host. libvirt refuses the definition.",
        _ETHERNET.format("  <backend type='passt'/> <!-- NET027 -->\n"),
        _PASST.format(""),
        is_meant=_asks_for("type", "passt"),
        has=_has_passt,
        attribute="type",
        asked="9.0.0",
    ),
    _Part(
        28,
        "port-forward-without-passt",
        "devices/interface/portForward",
        "ports that are handed on to the guest",
        (),
        "type user and vhostuser, with passt as their backend, have them",
        "add <backend type='passt'/> to a user interface, or remove <portForward>",
        Outcome.DEFINE,
        f"libvirt 11.3.0 {_CONF}; seen with libvirt 11.3.0",
        "It is passt that hands them on. libvirt refuses the definition.",
        _BRIDGE.format(
            "  <portForward proto='tcp'> <!-- NET028 -->\n    <range start='2022' to='22'/>\n  </portForward>\n"
        ),
        _PASST.format(_FORWARD.format("")),
        has=lambda context, part: part.is_passt if part.type == "vhostuser" else _may_be_passt(context, part),
        asked="11.3.0",
        needs=Needs.HOST,
        is_repeated=True,
    ),
    _Part(
        29,
        "virtualport-of-other-interface",
        "devices/interface/virtualport",
        "a virtual port",
        ("network", "bridge", "direct", "hostdev"),
        "types network, bridge, direct and hostdev have one",
        "remove <virtualport>",
        Outcome.DEFINE,
        "libvirt 7.0.0 to 11.3.0 src/conf/domain_conf.c (virDomainNetDefParseXML); seen with libvirt 11.3.0",
        "It is one of Open vSwitch, or of a switch that speaks 802.1Qbg or 802.1Qbh. libvirt refuses the definition.",
        _ETHERNET.format("  <virtualport type='openvswitch'/> <!-- NET029 -->\n"),
        _BRIDGE.format("  <virtualport type='openvswitch'/>\n"),
        instead_of=("SCHEMA004",),
    ),
    _Part(
        30,
        "host-address-of-other-interface",
        "devices/interface/source/ip",
        "an address of the host's end",
        ("ethernet",),
        "type ethernet have one",
        "remove <ip> from <source>: the bridge or network has addresses of its own",
        Outcome.DEFINE,
        f"libvirt 7.0.0 to 11.3.0 {_CONF}; seen with libvirt 11.3.0",
        "For the other types the host's addresses are those of a bridge or a network. libvirt refuses the definition.",
        "<interface type='bridge'>\n  <source bridge='br0'>\n"
        "    <ip address='192.0.2.1' prefix='24'/> <!-- NET030 -->\n  </source>\n</interface>\n",
        _ETHERNET.format("  <source>\n    <ip address='192.0.2.1' prefix='24'/>\n  </source>\n"),
        is_repeated=True,
        instead_of=("SCHEMA004",),
    ),
    _Part(
        31,
        "host-route-of-other-interface",
        "devices/interface/source/route",
        "a route at the host's end",
        ("ethernet",),
        "type ethernet have one",
        "remove <route> from <source>",
        Outcome.DEFINE,
        f"libvirt 7.0.0 to 11.3.0 {_CONF}; seen with libvirt 11.3.0",
        "For the other types the host's routes are those of a bridge or a network. libvirt refuses the definition.",
        "<interface type='bridge'>\n  <source bridge='br0'>\n"
        "    <route address='192.0.2.0' prefix='24' gateway='198.51.100.1'/> <!-- NET031 -->\n"
        "  </source>\n</interface>\n",
        "<interface type='ethernet'>\n  <source>\n"
        "    <route address='192.0.2.0' prefix='24' gateway='198.51.100.1'/>\n  </source>\n</interface>\n",
        is_repeated=True,
        instead_of=("SCHEMA004",),
    ),
    _Part(
        32,
        "guest-address-of-other-interface",
        "devices/interface/ip",
        "an address of the guest's end",
        ("user",),
        "type user have one, and vhost-user interfaces with passt",
        "remove <ip>, and configure the address in the guest, or in the network's DHCP",
        Outcome.DEFINE,
        f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}; seen with libvirt 7.0.0 and 11.3.0",
        "libvirt cannot set an address in a guest of QEMU: it is for containers. It refuses the definition.",
        _BRIDGE.format("  <ip address='192.0.2.7' prefix='24'/> <!-- NET032 -->\n"),
        _USER.format("  <ip address='192.0.2.7' prefix='24'/>\n"),
        has=_has_guest_address,
        is_repeated=True,
    ),
    _Part(
        33,
        "guest-route",
        "devices/interface/route",
        "a route in the guest",
        (),
        "containers have one",
        "remove <route>, and configure the route in the guest",
        Outcome.DEFINE,
        f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}; seen with libvirt 7.0.0 and 11.3.0",
        "libvirt cannot set a route in a guest of QEMU: it is for containers. It refuses the definition.",
        _USER.format("  <route address='192.0.2.0' prefix='24' gateway='198.51.100.1'/> <!-- NET033 -->\n"),
        _USER.format(""),
        has=_has_guest_route,
        is_repeated=True,
    ),
    _Part(
        34,
        "bandwidth-of-hostdev",
        "devices/interface/bandwidth",
        "a limit of its bandwidth",
        (
            *TAP_TYPES,
            "direct",
            "user",
            "vhostuser",
            "vdpa",
            "internal",
            "mcast",
            "client",
            "server",
            "udp",
            *_OF_OTHERS,
        ),
        "the host's end have one",
        "remove <bandwidth>: an assigned device is out of the host's hands",
        Outcome.START,
        f"libvirt 7.0.0 to 11.3.0 {_ACTUAL}; seen with libvirt 11.3.0",
        "The guest has the device to itself. libvirt defines the domain, and refuses to start it.",
        _HOSTDEV.format("  <bandwidth> <!-- NET034 -->\n    <inbound average='1000'/>\n  </bandwidth>\n"),
        _BRIDGE.format("  <bandwidth>\n    <inbound average='1000'/>\n  </bandwidth>\n"),
        is_meant=_has_rate,
    ),
    _Part(
        35,
        "queues-of-other-interface",
        "devices/interface/driver",
        "several queues",
        (*TAP_TYPES, "direct", "vhostuser"),
        f"types {', '.join((*TAP_TYPES, 'direct', 'vhostuser'))} have them, and since libvirt 9.0.0 or earlier vdpa",
        "remove queues='…'",
        Outcome.START,
        f"libvirt 7.0.0 to 11.3.0 {_AT_START}; seen with libvirt 7.0.0 and 11.3.0",
        "A process or a socket at the other end serves one queue. libvirt defines the domain, and refuses to start it.",
        _USER.format("  <model type='virtio'/>\n  <driver queues='4'/> <!-- NET035 -->\n"),
        _BRIDGE.format("  <model type='virtio'/>\n  <driver queues='4'/>\n"),
        is_meant=_has_several_queues,
        has=_has_queues,
        attribute="queues",
    ),
)


def _rule_of(row: _Part) -> Rule:
    """The rule that a row stands for."""

    def body(context: Context, part: InterfacePart) -> Problems:
        kind = part.type
        if kind in row.types or not row.is_meant(part) or row.has(context, part) is not False:
            return
        yield Problem(
            Spot(part.element, row.attribute),
            f"an interface of type '{kind}' with {row.words}: only interfaces of {row.only}",
            row.way,
        )

    body.__doc__ = f"""An interface has {row.words}, and its type has none of that.

    {row.explained}
    """
    each = each_repeated_part if row.is_repeated else each_part
    if row.on.startswith("devices/interface/source/"):
        each = _each_in_source
    return rule(
        f"NET{row.number:03}",
        row.name,
        outcome=row.outcome,
        on=row.on,
        each=each,
        needs=row.needs,
        asked=row.asked,
        since=row.since,
        instead_of=row.instead_of,
        source=row.source,
        bad=Example(row.bad),
        good=Example(row.good),
    )(body)


def _each_in_source(context: Context, element: Element) -> Iterator[InterfacePart]:
    """What stands in the <source> of an interface."""
    source = element.getparent()
    for part in () if source is None else each_part(context, source):
        yield part._replace(element=element)


RULES: Final = tuple(map(_rule_of, _PARTS))
