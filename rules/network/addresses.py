"""NET049 to NET058: ports, addresses and routes, and what hangs on the NIC's own address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import interface_type, is_virtio, network_model
from domlint.domain.interfaces import InterfacePart, each_part
from domlint.domain.machine import MachineKind
from domlint.domain.values import Maybe, Unknown, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_VALIDATE: Final = "src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefNetwork)"


_BRIDGE: Final = "<interface type='bridge'>\n  <source bridge='br0'/>\n{}</interface>\n"


def _each_range(context: Context, element: Element) -> Iterator[Element]:
    forward = element.getparent()
    interface = None if forward is None else forward.getparent()
    if interface is None or not context.domain.runs_on_qemu:
        return
    backend = child(interface, "backend")
    if interface_type(interface) in ("user", "vhostuser") and attribute(backend, "type") == "passt":
        yield element


@rule(
    "NET049",
    "port-range-without-start",
    outcome=Outcome.DEFINE,
    on="devices/interface/portForward/range",
    each=_each_range,
    asked="9.0.0",
    source="libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainNetDefValidate); seen with both",
    bad=Example(
        "<interface type='user'>\n  <backend type='passt'/>\n  <portForward proto='tcp'>\n"
        "    <range to='22'/> <!-- NET049 -->\n  </portForward>\n</interface>\n"
    ),
    good=Example(
        "<interface type='user'>\n  <backend type='passt'/>\n  <portForward proto='tcp'>\n"
        "    <range start='2022' to='22'/>\n  </portForward>\n</interface>\n"
    ),
    instead_of=("SCHEMA006",),
)
def port_range_without_start(context: Context, element: Element) -> Problems:
    """A range of ports does not say where it begins.

    libvirt refuses the definition.
    """
    others = [name for name in ("end", "to", "exclude") if attribute(element, name) is not None]
    if others and attribute(element, "start") is None:
        yield Problem(
            Spot(element),
            f"a range of ports with {' and '.join(others)}, and no start",
            "add start='…', the first port",
        )


_USER: Final = "<interface type='user'>\n{}</interface>\n"


_PREFIXES: Final = {4: (4, 27), 6: (64, 64)}


def _each_first_address(context: Context, address: Element) -> Iterator[tuple[InterfacePart, tuple[Element, ...]]]:
    """All addresses of a user interface, once: at the first."""
    for part in each_part(context, address):
        passt = part.type == "vhostuser" and part.is_passt
        if part.type == "user" or passt:
            yield part, tuple(part.interface.iterchildren("ip"))


@rule(
    "NET050",
    "user-network-address",
    outcome=Outcome.DEFINE,
    on="devices/interface/ip",
    each=_each_first_address,
    since="a prefix of IPv6 other than 64: libvirt 9.0.0 or earlier",
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}; seen with libvirt 11.3.0",
    bad=Example(_USER.format("  <ip address='192.0.2.7' prefix='28'/> <!-- NET050 -->\n")),
    good=Example(_USER.format("  <ip address='192.0.2.7' prefix='24'/>\n")),
)
def user_network_address(context: Context, found: tuple[InterfacePart, tuple[Element, ...]]) -> Problems:
    """The addresses of a user network are none that QEMU can give.

    There is one of IPv4, with a prefix of 4 to 27, and one of IPv6, with a prefix of 64, and no peer. libvirt refuses
    the definition.
    """
    _part, addresses = found
    seen: dict[int, Element] = {}
    for element in addresses:
        if attribute(element, "peer") is not None:
            yield Problem(Spot(element, "peer"), "a guest's address on a user network has no peer", "remove peer='…'")
        family = _family(element)
        if family is None:
            continue
        if family in seen:
            yield Problem(
                Spot(element),
                f"a second address of IPv{family}: a user network has one",
                "remove one of the two",
                ((Spot(seen[family]), "the first one"),),
            )
        seen.setdefault(family, element)
        prefix, (least, most) = decimal(attribute(element, "prefix")), _PREFIXES[family]
        if family == 6 and context.libvirt is not None and context.libvirt <= (7, 0, 0):
            least, most = 1, 120
        if isinstance(prefix, int) and prefix > 0 and not least <= prefix <= most:
            yield Problem(
                Spot(element, "prefix"),
                f"a prefix of {prefix} for IPv{family}: it must be {least}" + ("" if least == most else f" to {most}"),
                f"say prefix='{24 if family == 4 else 64}'",
            )


def _family(element: Element) -> int | None:
    """The family of an address: as named, else as it looks; None where that is not known."""
    named, address = attribute(element, "family"), attribute(element, "address")
    if named in ("ipv4", "ipv6"):
        return 4 if named == "ipv4" else 6
    if not isinstance(address, str) or isinstance(named, Unknown):
        return None
    return 6 if ":" in address else 4


_PLACES_OF_MODELS: Final = {"spapr-vlan": "spapr-vio", "usb-net": "usb"}


def _place(context: Context, interface: Element) -> str | None:
    """The type of address that a NIC has in the end; None where that is not known."""
    written = attribute(child(interface, "address"), "type")
    if written is not None:
        return written if isinstance(written, str) and written else None
    model, machine = network_model(interface), context.machine
    if isinstance(model, Unknown) or interface_type(interface) == "hostdev":
        return None
    if model in _PLACES_OF_MODELS:
        return _PLACES_OF_MODELS[model]
    if machine.kind is MachineKind.S390_CCW and (model is None or is_virtio(model)):
        return "ccw"
    if isinstance(machine.name, str) and machine.name.startswith("vexpress-") and is_virtio(model):
        return "virtio-mmio"
    return None


_MMIO_NIC: Final = """\
<interface type='user'>
  <model type='virtio'/>
{}  <address type='virtio-mmio'/>
</interface>
"""


@rule(
    "NET051",
    "rom-without-pci",
    outcome=Outcome.DEFINE,
    on="devices/interface/rom",
    each=each_part,
    needs=Needs.MACHINE,
    asked="9.0.0",
    source="libvirt 9.0.0 and 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceInfo); seen with both",
    bad=Example(
        _MMIO_NIC.format("  <rom file='/srv/ipxe.rom'/> <!-- NET051 -->\n"), arch="aarch64", machine="virt", type="qemu"
    ),
    good=Example(_MMIO_NIC.format(""), arch="aarch64", machine="virt", type="qemu"),
)
def rom_without_pci(context: Context, rom: InterfacePart) -> Problems:
    """Something is said of the option ROM of a NIC that is not on PCI.

    Only PCI devices have one. libvirt refuses the definition.
    """
    place = _place(context, rom.interface)
    if place in (None, "pci", "unassigned") or not any(attribute(rom.element, name) for name in _OF_ROM):
        return
    yield Problem(
        Spot(rom.element),
        f"<rom> is for PCI devices, and this NIC has an address of type '{place}'",
        "remove <rom>",
        outcome=Outcome.START if place == "usb" else Outcome.DEFINE,
    )


_OF_ROM: Final = ("bar", "file", "enabled")


@rule(
    "NET053",
    "acpi-index-without-pci",
    outcome=Outcome.DEFINE,
    on="devices/interface/acpi",
    each=each_part,
    needs=Needs.MACHINE,
    asked="7.3.0",
    source="libvirt 9.0.0 and 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceInfo); seen with libvirt 11.3.0",
    bad=Example(_MMIO_NIC.format("  <acpi index='3'/> <!-- NET053 -->\n"), arch="aarch64", machine="virt", type="qemu"),
    good=Example(_MMIO_NIC.format(""), arch="aarch64", machine="virt", type="qemu"),
)
def acpi_index_without_pci(context: Context, acpi: InterfacePart) -> Problems:
    """A NIC that is not on PCI has an index of ACPI.

    The index is one of PCI slots. libvirt refuses the definition.
    """
    place, index = _place(context, acpi.interface), decimal(attribute(acpi.element, "index"))
    if isinstance(index, int) and index > 0 and place not in (None, "pci", "usb"):
        yield Problem(
            Spot(acpi.element),
            f"an index of ACPI is for PCI devices, and this NIC has an address of type '{place}'",
            "remove <acpi>",
        )


@rule(
    "NET054",
    "rom-disabled-and-set",
    outcome=Outcome.DEFINE,
    on="devices/interface/rom",
    each=each_part,
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_conf.c (virDomainDeviceInfoParseXML); seen with libvirt 11.3.0",
    bad=Example(_BRIDGE.format("  <rom enabled='no' file='/srv/ipxe.rom'/> <!-- NET054 -->\n")),
    good=Example(_BRIDGE.format("  <rom file='/srv/ipxe.rom'/>\n")),
)
def rom_disabled_and_set(context: Context, rom: InterfacePart) -> Problems:
    """The option ROM of a NIC is switched off, and set.

    libvirt refuses the definition.
    """
    given = [name for name in ("bar", "file") if attribute(rom.element, name) is not None]
    if given and attribute(rom.element, "enabled") == "no":
        yield Problem(
            Spot(rom.element, "enabled"),
            f"enabled='no' together with {' and '.join(given)}",
            f"remove enabled='no', or {' and '.join(given)}",
        )


_BITS: Final = {4: 32, 6: 128}


def _each_host_address(context: Context, address: Element) -> Iterator[Element]:
    source = address.getparent()
    interface = None if source is None else source.getparent()
    if interface is not None and interface.get("type") == "ethernet" and context.domain.runs_on_qemu:
        yield address


def _each_address(context: Context, address: Element) -> Iterator[Element]:
    if context.domain.runs_on_qemu:
        yield address


def _wrong_address(element: Element, with_prefix: bool) -> Problems:
    """What is wrong with the family of an address and its prefix."""
    family, address = attribute(element, "family"), attribute(element, "address")
    if family in ("ipv4", "ipv6") and isinstance(address, str) and address:
        looks = 6 if ":" in address else 4
        if looks != (4 if family == "ipv4" else 6):
            yield Problem(Spot(element, "address"), f"the address is not one of {family}", f"say family='ipv{looks}'")
            return
    known, prefix = _family(element), decimal(attribute(element, "prefix"))
    if with_prefix and known is not None and isinstance(prefix, int) and prefix > _BITS[known]:
        yield Problem(
            Spot(element, "prefix"),
            f"an address of IPv{known} has no prefix of {prefix}",
            f"say {_BITS[known]} at most",
        )


@rule(
    "NET056",
    "address-of-other-family",
    outcome=Outcome.DEFINE,
    on="devices/interface/ip",
    each=_each_address,
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_conf.c (virDomainNetIPParseXML); seen with libvirt 11.3.0",
    bad=Example(_USER.format("  <ip family='ipv6' address='192.0.2.7'/> <!-- NET056 -->\n")),
    good=Example(_USER.format("  <ip family='ipv4' address='192.0.2.7'/>\n")),
)
def address_of_other_family(context: Context, address: Element) -> Problems:
    """An address is not one of the family that is named beside it.

    libvirt refuses the definition.
    """
    yield from _wrong_address(address, with_prefix=False)


_HOST_END: Final = "<interface type='ethernet'>\n  <source>\n    {}\n  </source>\n</interface>\n"


@rule(
    "NET057",
    "host-address-wrong",
    outcome=Outcome.DEFINE,
    on="devices/interface/source/ip",
    each=_each_host_address,
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_conf.c (virDomainNetIPParseXML); seen with libvirt 11.3.0",
    bad=Example(_HOST_END.format("<ip family='ipv4' address='192.0.2.1' prefix='33'/> <!-- NET057 -->")),
    good=Example(_HOST_END.format("<ip family='ipv4' address='192.0.2.1' prefix='24'/>")),
)
def host_address_wrong(context: Context, address: Element) -> Problems:
    """An address of the host's end does not go with its family, or has no such prefix.

    libvirt refuses the definition.
    """
    yield from _wrong_address(address, with_prefix=True)


@rule(
    "NET058",
    "host-route-wrong",
    outcome=Outcome.DEFINE,
    on="devices/interface/source/route",
    each=_each_host_address,
    source="libvirt 7.0.0 to 11.3.0 src/conf/networkcommon_conf.c (virNetDevIPRouteCreate); seen with libvirt 11.3.0",
    bad=Example(_HOST_END.format("<route address='192.0.2.1' prefix='24' gateway='198.51.100.1'/> <!-- NET058 -->")),
    good=Example(_HOST_END.format("<route address='192.0.2.0' prefix='24' gateway='198.51.100.1'/>")),
)
def host_route_wrong(context: Context, route: Element) -> Problems:
    """A route at the host's end leads to no network.

    Its address is the first of a network, of the family that is named (IPv4 without one), and so is the gateway's
    family; there is a prefix or a netmask, not both. libvirt refuses the definition.
    """
    family, netmask = attribute(route, "family"), attribute(route, "netmask")
    address, gateway = attribute(route, "address"), attribute(route, "gateway")
    values = family, netmask, address, gateway, attribute(route, "prefix")
    if any(isinstance(value, Unknown) for value in values) or family not in (None, "ipv4", "ipv6"):
        return
    wanted = 6 if family == "ipv6" else 4
    for name, value in (("address", address), ("gateway", gateway)):
        if isinstance(value, str) and value and (6 if ":" in value else 4) != wanted:
            yield Problem(
                Spot(route, name),
                f"'{value}' is not one of IPv{wanted}, which the route is",
                f"say family='ipv{10 - wanted}', with an address and a gateway of it",
            )
            return
    if netmask is not None and (wanted == 6 or attribute(route, "prefix") is not None):
        yield Problem(
            Spot(route, "netmask"),
            "a netmask " + ("of IPv6" if wanted == 6 else "beside a prefix"),
            "remove netmask='…', and say prefix='…'",
        )
        return
    yield from _no_network(route, wanted, address, netmask)


def _no_network(route: Element, family: int, address: Maybe[str], netmask: Maybe[str]) -> Problems:
    from ipaddress import ip_interface

    prefix = decimal(attribute(route, "prefix"))
    if isinstance(prefix, int) and prefix > _BITS[family]:
        yield Problem(
            Spot(route, "prefix"), f"a route of IPv{family} has no prefix of {prefix}", f"say {_BITS[family]} at most"
        )
        return
    size = netmask if netmask is not None else prefix if isinstance(prefix, int) else None if prefix else 0
    if not isinstance(address, str) or size is None:
        return
    try:
        given = ip_interface(f"{address}/{size}")
    except ValueError:
        return
    if given.ip != given.network.network_address:
        yield Problem(
            Spot(route, "address"),
            f"{address} is no network's address: with /{given.network.prefixlen},"
            f" that is {given.network.network_address}",
            f"say address='{given.network.network_address}'",
        )
