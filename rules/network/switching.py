"""NET042 to NET048 and NET052: limits of bandwidth, VLANs, virtual ports and filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.interfaces import InterfacePart, each_part, port_type
from domlint.domain.values import attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule

_BRIDGE: Final = "<interface type='bridge'>\n  <source bridge='br0'/>\n{}</interface>\n"


_MOST_RATE: Final = 1 << 54


_MOST_BURST: Final = 0xFFFFFFFF >> 10


_LIMITS: Final = {"average": _MOST_RATE, "peak": _MOST_RATE, "floor": _MOST_RATE, "burst": _MOST_BURST}
"""The largest numbers, in KiB/s and KiB, that the kernel takes. Source: libvirt 11.3.0 src/conf/netdev_bandwidth_conf.c
(virNetDevBandwidthRateValidate)."""


def _each_rate(context: Context, bandwidth: Element) -> Iterator[tuple[InterfacePart, Element]]:
    for part in each_part(context, bandwidth):
        for name in ("inbound", "outbound"):
            rate = child(bandwidth, name)
            if rate is not None:
                yield part, rate


_RATE: Final = _BRIDGE.format("  <bandwidth>\n    {}\n  </bandwidth>\n")


@rule(
    "NET042",
    "bandwidth-floor",
    outcome=Outcome.DEFINE,
    on="devices/interface/bandwidth",
    each=_each_rate,
    source="libvirt 7.0.0 to 11.3.0 src/conf/netdev_bandwidth_conf.c (virNetDevBandwidthParse); seen with 11.3.0",
    bad=Example(_RATE.format("<inbound average='1000' floor='200'/> <!-- NET042 -->")),
    good=Example(_RATE.format("<inbound average='1000'/>")),
)
def bandwidth_floor(context: Context, found: tuple[InterfacePart, Element]) -> Problems:
    """An interface is promised bandwidth where nobody can keep the promise.

    A floor is for packets to the guest, on a network of libvirt that has a limit of its own. Anywhere else libvirt
    refuses the definition.
    """
    part, rate = found
    if isinstance(attribute(rate, "floor"), str) and (part.type != "network" or rate.tag == "outbound"):
        yield Problem(
            Spot(rate, "floor"),
            "a floor of the bandwidth "
            + ("from the guest" if rate.tag == "outbound" else f"of an interface of type '{part.type}'")
            + ": it is for packets to guests on networks of libvirt",
            "remove floor='…'",
        )


@rule(
    "NET043",
    "bandwidth-incomplete",
    outcome=Outcome.DEFINE,
    on="devices/interface/bandwidth",
    each=_each_rate,
    source="libvirt 7.0.0 to 11.3.0 src/conf/netdev_bandwidth_conf.c (virNetDevBandwidthParseRate); seen with 11.3.0",
    bad=Example(_RATE.format("<inbound peak='2000'/> <!-- NET043 -->")),
    good=Example(_RATE.format("<inbound average='1000' peak='2000'/>")),
    instead_of=("SCHEMA006",),
)
def bandwidth_incomplete(context: Context, found: tuple[InterfacePart, Element]) -> Problems:
    """A limit of bandwidth has no average.

    Peak and burst are about how far it may be exceeded. libvirt refuses the definition of a limit without an average,
    but for one that is a floor alone.
    """
    _part, rate = found
    more = [name for name in ("peak", "burst") if attribute(rate, name) is not None]
    if attribute(rate, "average") is None and (more or attribute(rate, "floor") is None):
        yield Problem(
            Spot(rate),
            f"<{rate.tag}> without an average" + (f", which {' and '.join(more)} need" if more else ""),
            "add average='…', in KiB per second",
        )


@rule(
    "NET052",
    "bandwidth-class",
    outcome=Outcome.DEFINE,
    on="devices/interface/bandwidth",
    each=each_part,
    source="libvirt 7.0.0 to 11.3.0 src/conf/netdev_bandwidth_conf.c (virNetDevBandwidthParse); seen with 11.3.0",
    bad=Example(
        _BRIDGE.format("  <bandwidth classID='3'> <!-- NET052 -->\n    <inbound average='1000'/>\n  </bandwidth>\n")
    ),
    good=Example(_RATE.format("<inbound average='1000'/>")),
)
def bandwidth_class(context: Context, part: InterfacePart) -> Problems:
    """A limit of bandwidth has a class.

    Classes are those of networks, which libvirt keeps count of by itself. It refuses the definition.
    """
    if attribute(part.element, "classID") is not None:
        yield Problem(Spot(part.element, "classID"), "the limit of an interface has no class", "remove classID='…'")


@rule(
    "NET044",
    "bandwidth-too-large",
    outcome=Outcome.DEFINE,
    on="devices/interface/bandwidth",
    each=_each_rate,
    asked="11.3.0",
    source="libvirt 11.3.0 src/conf/netdev_bandwidth_conf.c (virNetDevBandwidthRateValidate); seen with 11.3.0",
    bad=Example(_RATE.format("<inbound average='1000' burst='4194304'/> <!-- NET044 -->")),
    good=Example(_RATE.format("<inbound average='1000' burst='4194303'/>")),
)
def bandwidth_too_large(context: Context, found: tuple[InterfacePart, Element]) -> Problems:
    """A limit of bandwidth is larger than the kernel can hold.

    Rates are in KiB per second, a burst is in KiB. libvirt refuses the definition; older ones find out when the domain
    is started.
    """
    _part, rate = found
    for name, most in _LIMITS.items():
        text = attribute(rate, name)
        if isinstance(text, str) and text.isascii() and text.isdigit() and int(text[:30]) > most:
            yield Problem(Spot(rate, name), f"{name}='{text}' is more than {most}", f"say {most} at most")


_TAGGED: Final = "<interface type='hostdev' managed='yes'>\n  <source>\n" + (
    "    <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>\n  </source>\n{}</interface>\n"
)


@rule(
    "NET045",
    "vlan-tags",
    outcome=Outcome.DEFINE,
    on="devices/interface/vlan",
    each=each_part,
    source="libvirt 7.0.0 to 11.3.0 src/conf/netdev_vlan_conf.c (virNetDevVlanParse); seen with libvirt 11.3.0",
    bad=Example(
        _TAGGED.format("  <vlan trunk='no'> <!-- NET045 -->\n    <tag id='42'/>\n    <tag id='43'/>\n  </vlan>\n")
    ),
    good=Example(_TAGGED.format("  <vlan trunk='yes'>\n    <tag id='42'/>\n    <tag id='43'/>\n  </vlan>\n")),
    instead_of=("SCHEMA005", "SCHEMA007"),
)
def vlan_tags(context: Context, vlan: InterfacePart) -> Problems:
    """The VLAN tags of an interface do not go together.

    There is at least one. Several make a trunk, of which one at most is the native one. libvirt refuses the definition.
    """
    tags = list(vlan.element.iterchildren("tag"))
    native = [tag for tag in tags if attribute(tag, "nativeMode") is not None]
    trunk = attribute(vlan.element, "trunk")
    is_no_trunk = isinstance(trunk, str) and trunk.lower() == "no"
    if not tags:
        yield Problem(Spot(vlan.element), "<vlan> without a <tag>", "add <tag id='…'/>, or remove <vlan>")
    elif is_no_trunk and len(tags) > 1:
        yield Problem(
            Spot(vlan.element, "trunk"), f"{len(tags)} VLAN tags, which make a trunk, and trunk='no'", "say trunk='yes'"
        )
    elif is_no_trunk and native:
        yield Problem(
            Spot(vlan.element, "trunk"), "a native VLAN is one of a trunk, and this says trunk='no'", "say trunk='yes'"
        )
    if len(native) > 1:
        yield Problem(
            Spot(native[1], "nativeMode"),
            "a second native VLAN: there can be one",
            "remove nativeMode from one of them",
            ((Spot(native[0]), "the first one"),),
        )


_HELD_BY: Final = {
    "802.1Qbg": ({"managerid", "typeid", "typeidversion"}, {"profileid", "interfaceid"}),
    "802.1Qbh": ({"profileid"}, {"managerid", "typeid", "typeidversion", "instanceid", "interfaceid"}),
    "openvswitch": (set[str](), {"managerid", "typeid", "typeidversion", "instanceid"}),
    "midonet": ({"interfaceid"}, set[str]()),
}
"""What a virtual port of each type must be told, and cannot be told.

Source: libvirt 7.0.0 to 11.3.0 src/util/virnetdevvportprofile.c (virNetDevVPortProfileCheckComplete, -CheckNoExtras).
"""


_LONGEST_PROFILE: Final = 39


@rule(
    "NET046",
    "virtualport-parameters",
    outcome=Outcome.DEFINE,
    on="devices/interface/virtualport",
    each=each_part,
    source="libvirt 7.0.0 to 11.3.0 src/conf/netdev_vport_profile_conf.c (virNetDevVPortProfileParse),"
    " src/util/virnetdevvportprofile.c; seen with libvirt 11.3.0",
    bad=Example(
        _BRIDGE.format(
            "  <virtualport type='openvswitch'>\n    <parameters typeid='7'/> <!-- NET046 -->\n  </virtualport>\n"
        )
    ),
    good=Example(
        _BRIDGE.format("  <virtualport type='openvswitch'>\n    <parameters profileid='web'/>\n  </virtualport>\n")
    ),
    instead_of=("SCHEMA002", "SCHEMA004", "SCHEMA006", "SCHEMA007"),
)
def virtualport_parameters(context: Context, port: InterfacePart) -> Problems:
    """The parameters of a virtual port are not those of its type.

    802.1Qbg needs the manager's ID, and the type's with its version, 802.1Qbh and Midonet an ID of the profile or the
    interface. On a network of libvirt the network may say the rest; what does not belong to the type is wrong there as
    well. libvirt refuses the definition.
    """
    if port.type not in ("network", "bridge", "direct", "hostdev"):
        return
    kind, parameters = attribute(port.element, "type"), child(port.element, "parameters")
    given = set() if parameters is None else {str(name) for name in parameters.attrib}
    profile, spot = attribute(parameters, "profileid"), port.element if parameters is None else parameters
    if profile == "":
        given.remove("profileid")
    elif isinstance(profile, str) and len(profile.encode()) > _LONGEST_PROFILE:
        yield Problem(
            Spot(spot, "profileid"),
            f"the ID of the profile has {len(profile.encode())} bytes: it can have {_LONGEST_PROFILE}",
            "take a shorter one",
        )
    if kind is None and port.type != "network":
        yield Problem(Spot(port.element), "a <virtualport> without a type", "say type='openvswitch', or remove it")
    if not isinstance(kind, str) or kind not in _HELD_BY:
        return
    needed, foreign = _HELD_BY[kind]
    missing = sorted(needed - given)
    if missing and port.type != "network":
        yield Problem(
            Spot(spot), f"a virtual port of type '{kind}' needs {' and '.join(missing)}", "add it to <parameters>"
        )
    extra = sorted(foreign & given)
    if extra:
        yield Problem(
            Spot(spot, extra[0]), f"a virtual port of type '{kind}' has no {' and no '.join(extra)}", "remove it"
        )


def _each_with_port(context: Context, element: Element) -> Iterator[tuple[InterfacePart, str]]:
    """A part of an interface on a bridge or network, with the type of its virtual port."""
    for part in each_part(context, element):
        port = port_type(part.interface)
        if port:
            yield part, port


_ON_OVS: Final = _BRIDGE.format("  <virtualport type='openvswitch'/>\n{}")


@rule(
    "NET047",
    "filter-with-virtualport",
    outcome=Outcome.START,
    on="devices/interface/filterref",
    each=_each_with_port,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_domain.c (qemuDomainValidateActualNetDef); seen with libvirt 11.3.0",
    bad=Example(_ON_OVS.format("  <filterref filter='clean-traffic'/> <!-- NET047 -->\n")),
    good=Example(_BRIDGE.format("  <filterref filter='clean-traffic'/>\n")),
)
def filter_with_virtualport(context: Context, found: tuple[InterfacePart, str]) -> Problems:
    """Packets are to be filtered on a switch where libvirt's filters do nothing.

    They are rules of ebtables and iptables, which Open vSwitch and others pass by. libvirt defines the domain, and
    refuses to start it.
    """
    part, port = found
    if part.type == "bridge" and attribute(part.element, "filter"):
        yield Problem(
            Spot(part.element),
            f"a filter on a virtual port of type '{port}', which filters of libvirt do not reach",
            "remove <filterref>, and have the switch filter",
        )


@rule(
    "NET048",
    "isolation-with-virtualport",
    outcome=Outcome.DEFINE,
    on="devices/interface/port",
    each=_each_with_port,
    asked="6.1.0",
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_validate.c (virDomainNetDefValidatePortOptions)",
    bad=Example(_ON_OVS.format("  <port isolated='yes'/> <!-- NET048 -->\n")),
    good=Example(_BRIDGE.format("  <port isolated='yes'/>\n")),
)
def isolation_with_virtualport(context: Context, found: tuple[InterfacePart, str]) -> Problems:
    """A port of another switch than a Linux bridge is to be isolated from the other ports.

    libvirt refuses the definition.
    """
    part, port = found
    if part.type in ("bridge", "network") and attribute(part.element, "isolated") == "yes":
        yield Problem(
            Spot(part.element, "isolated"),
            f"isolation is one of Linux bridges, and the virtual port is of type '{port}'",
            "remove <port>, and have the switch isolate",
        )


@rule(
    "NET059",
    "unmanaged-tap-without-name",
    outcome=Outcome.START,
    on="devices/interface/target",
    each=each_part,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_interface.c (qemuInterfaceEthernetConnect); seen with libvirt 11.3.0",
    instead_of=("SCHEMA006",),
    bad=Example("<interface type='ethernet'>\n  <target managed='no'/> <!-- NET059 -->\n</interface>\n"),
    good=Example("<interface type='ethernet'>\n  <target dev='tap7' managed='no'/>\n</interface>\n"),
)
def unmanaged_tap_without_name(context: Context, target: InterfacePart) -> Problems:
    """The tap device is there already, and the domain does not say which one it is.

    libvirt defines the domain, and refuses to start it.
    """
    if target.type == "ethernet" and attribute(target.element, "managed") == "no" and not target.element.get("dev"):
        yield Problem(
            Spot(target.element),
            "managed='no' without the name of the device",
            "add dev='…', the name of the tap device",
        )
