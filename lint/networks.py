"""libvirt networks: what a domain's interfaces are connected to, as far as rules ask."""

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lxml import etree

from domlint.document import MAXIMUM_BYTES, Element, FaultKind, hardened_parser, network_in, parse
from domlint.numbers import base_ten
from domlint.reading import read_at_most, xml_files


class NetworkError(Exception):
    """A file that was given as a network and cannot be read as one."""

    def __init__(self, source: str, message: str, line: int | None = None) -> None:
        super().__init__(f"{source}:{line}: {message}" if line else f"{source}: {message}")
        self.source = source
        self.line = line


class Network(NamedTuple):
    """A network: whether it hands out host devices, and the VLAN tags that it puts on its interfaces.

    ``vlan`` is None where the network sets none; ``portgroups`` has the tags of each port group by name, and
    ``default_portgroup`` the name of the one that counts where an interface names none.
    """

    name: str
    source: str
    is_hostdev_pool: bool
    vlan: frozenset[str] | None = None
    portgroups: Mapping[str, frozenset[str] | None] = {}
    default_portgroup: str | None = None

    def vlan_of(self, portgroup: str | None) -> frozenset[str] | None:
        """The tags an interface gets here that asks for this port group (or none). A port group's go first."""
        own = self.portgroups.get(portgroup or self.default_portgroup or "")
        return self.vlan if own is None else own


def vlan_tags(element: Element) -> frozenset[str] | None:
    """The VLAN tags that an ``<interface>``, ``<network>`` or ``<portgroup>`` asks for, as text; None where none."""
    vlan = next(element.iterchildren("vlan"), None)
    if vlan is None:
        return None
    return frozenset(_number(tag.get("id", "")) for tag in vlan.iterchildren("tag"))


def _number(text: str) -> str:
    # Source of the base: libvirt 11.3.0 src/conf/netdev_vlan_conf.c (virNetDevVlanParse).
    number = base_ten(text)
    return text.strip() if number is None else str(number)


def read_network(data: bytes, source: str) -> Network:
    """Read a ``<network>``, or the ``<networkstatus>`` of a running one. Raises NetworkError."""
    root = _network_in(data)
    if root is None:
        root = _carefully(data, source)
    name = (root.findtext("name") or "").strip()
    if not name:
        raise NetworkError(source, "the network has no <name>, so that no interface can be connected to it")
    forward = next(root.iterchildren("forward"), None)
    portgroups = {group.get("name", ""): group for group in root.iterchildren("portgroup")}
    default = next((name for name, group in portgroups.items() if group.get("default") == "yes"), None)
    return Network(
        name=name,
        source=source,
        is_hostdev_pool=forward is not None and forward.get("mode") == "hostdev",
        vlan=vlan_tags(root),
        portgroups={name: vlan_tags(group) for name, group in portgroups.items()},
        default_portgroup=default,
    )


def _network_in(data: bytes) -> Element | None:
    if b"<!DOCTYPE" in data or b"\0" in data[:4] or len(data) > MAXIMUM_BYTES:
        return None
    try:
        root = etree.fromstring(data, hardened_parser())
    except (etree.XMLSyntaxError, ValueError):
        return None
    return network_in(root) if root.getroottree().docinfo.internalDTD is None else None


def _carefully(data: bytes, source: str) -> Element:
    """The network in a file that is not plainly one. Raises NetworkError."""
    document = parse(source, data)
    serious = [fault for fault in document.faults if fault.kind in (FaultKind.NOT_WELL_FORMED, FaultKind.REFUSED)]
    if serious:
        raise NetworkError(source, serious[0].message, serious[0].location.line)
    root = None if document.root is None else network_in(document.root)
    if root is None:
        found = "" if document.root is None else f"this is a <{document.root.tag}>: "
        raise NetworkError(source, f"{found}--network takes a <network> definition")
    return root


def load_networks(paths: Iterable[str | os.PathLike[str]]) -> tuple[Network, ...]:
    """Read network files, and the networks among the ``*.xml`` of directories.

    Raises NetworkError for a file that cannot be read, and for two networks of one name.
    """
    networks: dict[str, Network] = {}
    for path in paths:
        for network in _networks_at(os.fspath(path)):
            known = networks.setdefault(network.name, network)
            if known is not network and known._replace(source=network.source) != network:
                raise NetworkError(network.source, f"network {network.name!r} is also defined by {known.source}")
    return tuple(networks.values())


def _networks_at(path: str) -> Iterable[Network]:
    if not os.path.isdir(path):
        yield read_network(_read(path), path)
        return
    for file in xml_files(path):
        data = _read(file)
        if b"<network" in data:
            try:
                yield read_network(data, file)
            except NetworkError:
                if b"<domain" not in data:
                    raise


def _read(path: str) -> bytes:
    try:
        return read_at_most(path, MAXIMUM_BYTES)
    except (OSError, ValueError) as error:
        raise NetworkError(path, getattr(error, "strerror", None) or str(error)) from error
