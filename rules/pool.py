"""POOL: networks that hand out host devices, as the transient half of a failover pair needs one.

All seen with libvirt 9.0.0 (virsh net-define), whose checks 7.0.0 and 11.3.0 have as well.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import pci_text
from domlint.domain.values import UNKNOWN, attribute, c_integer, child, child_attribute
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule

_PARSER: Final = "src/conf/network_conf.c (virNetworkForwardDefParseXML)"
_VALIDATION: Final = "src/network/bridge_driver.c (networkValidate)"


def _network(inside: str) -> Example:
    return Example("", document=f"<network>\n  <name>vf-pool</name>\n{inside}\n</network>\n")


_POOL = """\
  <forward mode='hostdev' managed='yes'>
    <pf dev='ens1f0'/>
  </forward>"""
_GOOD = _network(_POOL)


def _each_forward(_context: Context, root: Element) -> Iterator[Element]:
    """The ``<forward>`` of a network, whatever its mode."""
    forward = child(root, "forward") if root.tag == "network" else None
    if forward is not None:
        yield forward


def _each_pool(context: Context, root: Element) -> Iterator[Element]:
    """The ``<forward>`` of a network that hands out host devices."""
    return (forward for forward in _each_forward(context, root) if attribute(forward, "mode") == "hostdev")


@rule(
    "POOL001",
    "pool-without-devices",
    outcome=Outcome.START,
    on=".",
    each=_each_pool,
    mentions=("forward",),
    source="libvirt 11.3.0 src/network/bridge_driver.c (networkAllocatePort)",
    bad=_network("  <forward mode='hostdev' managed='yes'/> <!-- POOL001 -->"),
    good=_GOOD,
)
def pool_without_devices(_context: Context, forward: Element) -> Problems:
    """A network of host devices names none.

    libvirt defines it, and even starts it, but has nothing to give: a domain with an interface on it does not start.
    """
    if not any(True for _ in forward.iterchildren("pf", "address", "interface")) and attribute(forward, "dev") is None:
        yield Problem(
            Spot(forward),
            "this pool has no devices: no domain that is connected to it starts",
            "name the physical function whose virtual functions it hands out (<pf dev='…'/>), or each virtual function"
            " by its address (<address type='pci' …/>)",
        )


@rule(
    "POOL002",
    "pool-of-names",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_pool,
    mentions=("forward",),
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATION}",
    bad=_network(
        "  <forward mode='hostdev' managed='yes'>\n    <interface dev='ens1f0v0'/> <!-- POOL002 -->\n  </forward>"
    ),
    good=_GOOD,
)
def pool_of_names(_context: Context, forward: Element) -> Problems:
    """A network of host devices names a network interface of the host instead of a PCI device.

    A virtual function loses its interface when it is given to a guest, so libvirt wants PCI addresses, or the interface
    of the physical function, and refuses to define the network.
    """
    help_ = "write <pf dev='…'/> with the physical function, or <address type='pci' …/> for each virtual function"
    named = next(forward.iterchildren("interface"), None)
    if named is not None:
        yield Problem(Spot(named), "a pool of host devices takes no <interface>: libvirt refuses the network", help_)
    elif attribute(forward, "dev") is not None:
        yield Problem(
            Spot(forward, "dev"),
            "a pool of host devices takes no interface by name: libvirt refuses the network",
            help_,
        )


@rule(
    "POOL003",
    "pool-with-two-physical-functions",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_pool,
    instead_of=("SCHEMA008",),
    mentions=("forward",),
    source=f"libvirt 7.0.0 to 11.3.0 {_PARSER}",
    bad=_network(
        "  <forward mode='hostdev' managed='yes'>\n    <pf dev='ens1f0'/>\n"
        "    <pf dev='ens1f1'/> <!-- POOL003 -->\n  </forward>"
    ),
    good=_GOOD,
)
def pool_with_two_physical_functions(_context: Context, forward: Element) -> Problems:
    """A network of host devices names more than one physical function.

    libvirt takes one only, and refuses to define the network. Beside <address> elements it looks at no <pf> at all.
    """
    if child(forward, "address") is None:
        for second in list(forward.iterchildren("pf"))[1:]:
            yield Problem(
                Spot(second),
                "a pool has one physical function: libvirt refuses the network with a second",
                "make a network of its own for it, or list virtual functions of both by address",
            )


@rule(
    "POOL004",
    "pool-physical-function-unused",
    outcome=Outcome.BROKEN,
    on=".",
    each=_each_pool,
    mentions=("forward",),
    source=f"libvirt 7.0.0 to 11.3.0 {_PARSER}",
    bad=_network(
        "  <forward mode='hostdev' managed='yes'>\n    <pf dev='ens1f0'/> <!-- POOL004 -->\n"
        "    <address type='pci' domain='0' bus='0x3b' slot='0x02' function='0x0'/>\n  </forward>"
    ),
    good=_GOOD,
)
def pool_physical_function_unused(_context: Context, forward: Element) -> Problems:
    """A network of host devices names a physical function beside virtual functions by address.

    libvirt takes the addresses, and drops the physical function without a word: the network hands out those listed
    only.
    """
    unused = child(forward, "pf")
    if unused is not None and child(forward, "address") is not None:
        yield Problem(
            Spot(unused),
            "libvirt ignores <pf> beside <address>: the pool has the devices that are listed, and no others",
            "keep the one or the other",
        )


@rule(
    "POOL005",
    "pool-device-twice",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_pool,
    mentions=("forward",),
    source=f"libvirt 7.0.0 to 11.3.0 {_PARSER}",
    bad=_network(
        "  <forward mode='hostdev' managed='yes'>\n"
        "    <address type='pci' domain='0' bus='0x3b' slot='0x02' function='0x0'/>\n"
        "    <address type='pci' domain='0' bus='59' slot='2' function='0'/> <!-- POOL005 -->\n  </forward>"
    ),
    good=_network(
        "  <forward mode='hostdev' managed='yes'>\n"
        "    <address type='pci' domain='0' bus='0x3b' slot='0x02' function='0x0'/>\n"
        "    <address type='pci' domain='0' bus='0x3b' slot='0x02' function='0x1'/>\n  </forward>"
    ),
)
def pool_device_twice(_context: Context, forward: Element) -> Problems:
    """A network of host devices lists a PCI device twice.

    libvirt refuses to define the network. It compares numbers, however they are written.
    """
    first: dict[tuple[int, ...], Element] = {}
    for element in forward.iterchildren("address"):
        parts = [c_integer(attribute(element, part)) for part in ("domain", "bus", "slot", "function")]
        if UNKNOWN in parts or attribute(element, "type") != "pci":
            continue
        domain, bus, slot, function = (part if isinstance(part, int) else 0 for part in parts)
        address = domain, bus, slot, function
        if first.setdefault(address, element) is not element:
            yield Problem(
                Spot(element),
                f"{pci_text(address)} is in this pool already: libvirt refuses the network",
                "remove one of the two, or name the device that was meant",
                related=((Spot(first[address]), "the first one"),),
            )


@rule(
    "POOL006",
    "pool-of-another-mode",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_forward,
    mentions=("forward",),
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATION}",
    bad=_network(
        "  <forward mode='passthrough'>\n"
        "    <address type='pci' domain='0' bus='0x3b' slot='0x02' function='0x0'/> <!-- POOL006 -->\n  </forward>"
    ),
    good=_GOOD,
)
def pool_of_another_mode(_context: Context, forward: Element) -> Problems:
    """A network that is no pool of host devices lists a PCI device.

    Only <forward mode='hostdev'> gives host devices to guests. libvirt refuses to define the network. Beside an
    <interface> it looks at no <address>.
    """
    mode = attribute(forward, "mode")
    listed = child(forward, "address")
    if listed is None or mode in ("hostdev", UNKNOWN) or child(forward, "interface") is not None:
        return
    yield Problem(
        Spot(listed),
        f"a network with <forward mode='{mode or 'nat'}'> hands out no PCI devices: libvirt refuses it",
        "write mode='hostdev', which a transient interface needs, or remove the address",
    )


class _NotForPools(NamedTuple):
    """What a network of host devices must not have: an element of the network, with one of some attributes or children.

    Without ``attributes`` and ``children``, the element itself is too much.
    """

    element: str
    attributes: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


_NOT_FOR_POOLS: Final = (
    _NotForPools("mac"),
    _NotForPools("ip"),
    _NotForPools("domain"),
    _NotForPools("dns", children=("txt", "host", "srv")),
    _NotForPools("bridge", attributes=("zone", "macTableManager", "stp")),
    _NotForPools("bandwidth", children=("inbound", "outbound")),
    _NotForPools("mtu", attributes=("size",)),
)
"""Source: libvirt 11.3.0 src/conf/network_conf.c (virNetworkDefParseXML) and src/network/bridge_driver.c
(networkValidate); an empty <dns>, <bandwidth> or <bridge> is taken, seen with 9.0.0."""


def _unfit_parts(network: Element) -> Iterator[tuple[Spot, str]]:
    """What a network has that a pool of host devices must not, each with its name."""
    for unfit in _NOT_FOR_POOLS:
        for element in network.iterchildren(unfit.element):
            if not unfit.attributes and not unfit.children:
                yield Spot(element), f"<{unfit.element}>"
            for name in unfit.attributes:
                if element.get(name) is not None:
                    yield Spot(element, name), f"<{unfit.element} {name}>"
            for part in element.iterchildren(*unfit.children) if unfit.children else ():
                yield Spot(part), f"<{part.tag}> in <{unfit.element}>"
    for bridge in network.iterchildren("bridge"):
        if bridge.get("name"):
            yield Spot(bridge, "name"), "<bridge name>"
        delay = c_integer(attribute(bridge, "delay"))
        if isinstance(delay, int) and delay:
            yield Spot(bridge, "delay"), "<bridge delay>"
    for group in network.iterchildren("portgroup"):
        for bandwidth in group.iterchildren("bandwidth"):
            if child(bandwidth, "inbound") is not None or child(bandwidth, "outbound") is not None:
                yield Spot(bandwidth), "<bandwidth> in <portgroup>"


@rule(
    "POOL007",
    "pool-as-bridge",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_pool,
    mentions=("forward",),
    source=f"libvirt 7.0.0 to 11.3.0 src/conf/network_conf.c (virNetworkDefParseXML), {_VALIDATION}",
    bad=_network(f"{_POOL}\n  <bridge name='virbr7'/> <!-- POOL007 -->"),
    good=_network(f"{_POOL}\n  <vlan>\n    <tag id='42'/>\n  </vlan>"),
)
def pool_as_bridge(_context: Context, forward: Element) -> Problems:
    """A network of host devices is configured like a bridge of libvirt's own.

    Guests get the devices themselves, and libvirt sees nothing of their traffic: it can give the network no bridge, no
    addresses, names, bandwidth or MTU, and refuses to define it.
    """
    network = forward.getparent()
    for spot, name in () if network is None else _unfit_parts(network):
        yield Problem(spot, f"a pool of host devices has no {name}: libvirt refuses the network", "remove it")


@rule(
    "POOL008",
    "pool-driver",
    outcome=Outcome.START,
    on=".",
    each=_each_pool,
    mentions=("forward",),
    source="libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainPrepareHostdevPCI)",
    bad=_network(
        "  <forward mode='hostdev' managed='yes'>\n    <driver name='kvm'/> <!-- POOL008 -->\n"
        "    <pf dev='ens1f0'/>\n  </forward>"
    ),
    good=_network(
        "  <forward mode='hostdev' managed='yes'>\n    <driver name='vfio'/>\n    <pf dev='ens1f0'/>\n  </forward>"
    ),
)
def pool_driver(_context: Context, forward: Element) -> Problems:
    """A network of host devices asks for a driver other than VFIO.

    QEMU has assigned host devices through VFIO alone for years, and libvirt refuses to start a domain that gets one of
    this pool with another driver.
    """
    driver = child_attribute(forward, "driver", "name")
    element = child(forward, "driver")
    if element is not None and driver in ("kvm", "xen"):
        yield Problem(
            Spot(element, "name"),
            f"the driver '{driver}' assigns no devices to QEMU's guests: domains on this network do not start",
            "write name='vfio', or remove <driver>",
        )


@rule(
    "POOL009",
    "pool-not-managed",
    outcome=Outcome.NOTE,
    on=".",
    each=_each_pool,
    mentions=("forward",),
    source=f"libvirt 11.3.0 {_PARSER}, docs/formatnetwork.rst",
    bad=_network("  <forward mode='hostdev'> <!-- POOL009 -->\n    <pf dev='ens1f0'/>\n  </forward>"),
    good=_GOOD,
)
def pool_not_managed(_context: Context, forward: Element) -> Problems:
    """libvirt does not take the devices of a pool from the host's driver.

    Without managed='yes', each virtual function has to be bound to vfio-pci before the domain starts, and again when a
    migration brings it to another host: a failover pair's transient half comes back by itself only if somebody has.
    """
    managed = attribute(forward, "managed")
    if managed is not UNKNOWN and (managed is None or managed.lower() != "yes"):
        yield Problem(
            Spot(forward, None if managed is None else "managed"),
            "without managed='yes', a device of this pool that is not bound to vfio-pci keeps a domain from starting",
            "write managed='yes', unless the host binds them to vfio-pci at boot",
        )
