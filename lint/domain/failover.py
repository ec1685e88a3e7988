"""Failover pairs: which devices are teamed, in which role, and which two make a pair.

QEMU pairs a transient (primary) device with a persistent (standby) one by the alias that the transient names; the guest
pairs the two by their MAC address. Source: QEMU docs/system/virtio-net-failover.rst; libvirt docs/formatdomain.rst,
"Teaming a virtio/hostdev NIC pair"; Linux Documentation/networking/net_failover.rst.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.devices import (
    alias_of,
    as_user_alias,
    hostdev_mode,
    interface_type,
    is_hostdev_of,
    is_user_alias,
    is_virtio,
    network_model,
    network_name,
)
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, child_attribute, mac_number
from domlint.networks import Network

_GENERATED_NETWORK_ALIAS: Final = r"net(\d{1,6})"


class Role(Enum):
    """The half of a pair that a device is. DEFECTIVE: libvirt reads no role from its ``<teaming>``."""

    PERSISTENT = "persistent"
    TRANSIENT = "transient"
    DEFECTIVE = "defective"
    UNKNOWN = "unknown"


class Partner(Enum):
    """What becomes of the partner that a transient device names."""

    PERSISTENT = "a persistent device"
    NOT_NAMED = "none is named"
    NOT_KNOWN = "the name, or an alias, is filled in later"
    ITSELF = "itself"
    NOT_PERSISTENT = "a device that is not persistent"
    MISREAD = "a device whose own teaming is defective"
    ALIAS_DROPPED = "a persistent device whose alias libvirt drops"
    WITHOUT_ALIAS = "a persistent device that has no alias of its own"
    NOT_FOUND = "no device"


class Teaming(NamedTuple):
    """A ``<teaming>`` that libvirt reads, with the device it is in."""

    element: Element
    device: Element
    role: Role

    @property
    def partner_name(self) -> Maybe[str]:
        """The alias in its ``persistent`` attribute."""
        return attribute(self.element, "persistent")

    @property
    def alias(self) -> Maybe[str]:
        """The alias of the device."""
        return alias_of(self.device)

    @property
    def mac(self) -> Maybe[int]:
        """The MAC address of the device, as a number."""
        return mac_number(child_attribute(self.device, "mac", "address"))

    @property
    def mac_text(self) -> str:
        """The MAC address as written."""
        mac = child_attribute(self.device, "mac", "address")
        return mac if isinstance(mac, str) else "none"

    @property
    def is_hostdev(self) -> bool:
        """Tell whether the device is a plain ``<hostdev>``."""
        return self.device.tag == "hostdev"

    @property
    def is_hostdev_interface(self) -> bool:
        """Tell whether the device is an ``<interface type='hostdev'>``."""
        return self.device.tag == "interface" and interface_type(self.device) == "hostdev"

    @property
    def is_network_interface(self) -> bool:
        """Tell whether the device is an ``<interface type='network'>``."""
        return self.device.tag == "interface" and interface_type(self.device) == "network"

    @property
    def can_be_assigned(self) -> bool:
        """Tell whether the device is of one of the forms that a transient device may have."""
        return self.is_hostdev_interface or self.is_network_interface or is_hostdev_of(self.device, "pci")


class Match(NamedTuple):
    """What a transient device's partner is; ``device`` is the one that was meant, where there is one."""

    transient: Teaming
    partner: Partner
    device: Element | None = None
    persistent: Teaming | None = None


class Pair(NamedTuple):
    """A persistent device and the transient one that names it."""

    persistent: Teaming
    transient: Teaming


class Failover:
    """All that concerns failover in one domain."""

    def __init__(self, devices: Element | None, networks: Mapping[str, Network]) -> None:
        self._devices = devices
        self._networks = networks
        self.teamings = tuple(_teamings(devices))
        self.by_element = {teaming.element: teaming for teaming in self.teamings}
        self.by_device = {teaming.device: teaming for teaming in self.teamings}
        self.transients = tuple(teaming for teaming in self.teamings if teaming.role is Role.TRANSIENT)
        self.persistents = tuple(teaming for teaming in self.teamings if teaming.role is Role.PERSISTENT)
        self.aliases = _aliases(devices if self.teamings else None)
        self.matches = {match.transient: match for match in self._matches()}
        self.pairs = tuple(
            Pair(match.persistent, match.transient)
            for match in self.matches.values()
            if match.partner is Partner.PERSISTENT and match.persistent is not None
        )

    @property
    def is_wanted(self) -> bool:
        """Tell whether some device has a role in a failover pair."""
        return bool(self.transients or self.persistents)

    def network_of(self, device: Element) -> Maybe[Network]:
        """The network of an ``<interface type='network'>``; UNKNOWN where it is not among those given."""
        if device.tag != "interface" or interface_type(device) != "network":
            return None
        name = network_name(device)
        return self._networks.get(name, UNKNOWN) if isinstance(name, str) else UNKNOWN

    def is_on_hostdev_network(self, device: Element) -> bool:
        """Tell whether an interface's network is known, and known to hand out host devices."""
        network = self.network_of(device)
        return isinstance(network, Network) and network.is_hostdev_pool

    def pair_of(self, teaming: Teaming) -> Pair | None:
        """The pair that a teamed device belongs to; of a persistent one that is shared, the first."""
        return next((pair for pair in self.pairs if teaming in pair), None)

    def transients_of(self, persistent: Teaming) -> list[Teaming]:
        """The transient devices that name a persistent one, in document order."""
        return [pair.transient for pair in self.pairs if pair.persistent is persistent]

    def interfaces(self) -> list[Element]:
        """All interfaces of the domain."""
        return [] if self._devices is None else list(self._devices.iterchildren("interface"))

    def is_assigned(self, teaming: Teaming) -> bool:
        """Tell whether a teamed device is, for all that is known, an assigned one."""
        return teaming.is_hostdev or teaming.is_hostdev_interface or self.is_on_hostdev_network(teaming.device)

    def _may_be_assigned(self, teaming: Teaming) -> bool:
        return self.is_assigned(teaming) or interface_type(teaming.device) is UNKNOWN

    def unteamed_standby(self, transient: Teaming) -> Element | None:
        """The virtio interface with a transient device's MAC address that has no teaming."""
        for device in self.interfaces():
            mac = mac_number(child_attribute(device, "mac", "address"))
            if isinstance(mac, int) and mac == transient.mac and device not in self.by_device:
                return device if is_virtio(network_model(device)) else None
        return None

    def free_alias(self, wanted: str) -> str:
        """An alias that no device has: the one wanted, or the same with a number."""
        alias, number = wanted, 2
        while alias in self.aliases:
            alias, number = f"{wanted}-{number}", number + 1
        return alias

    def _teamable(self) -> list[Element]:
        return [] if self._devices is None else list(self._devices.iterchildren("interface", "hostdev"))

    def unpaired(self) -> list[Teaming]:
        """The persistent devices that no transient one names, or seems to mean.

        A transient device whose own partner is missing, misspelt or unknown accounts for one persistent device each,
        and so does an assigned device that is not teamed as transient: it is reported there, and not a second time from
        the other side.
        """
        claimed = {pair.persistent.element for pair in self.pairs}
        claimed |= {match.persistent.element for match in self.matches.values() if match.persistent is not None}
        left = [
            persistent
            for persistent in self.persistents
            if persistent.element not in claimed and not self._may_be_assigned(persistent)
        ]
        seeking = [match.transient for match in self.matches.values() if match.persistent is None]
        if any(match.partner is Partner.NOT_KNOWN for match in self.matches.values()):
            return []
        if any(teaming.role is Role.UNKNOWN or teaming.alias is UNKNOWN for teaming in self.teamings):
            return []
        seeking += [teaming for teaming in self.teamings if teaming.role is Role.DEFECTIVE]
        seeking += [teaming for teaming in self.persistents if self._may_be_assigned(teaming)]
        for transient in seeking:
            meant = self.meant_by(transient, left)
            if meant is not None:
                left.remove(meant)
        return left

    def meant_by(self, transient: Teaming, candidates: Iterable[Teaming] | None = None) -> Teaming | None:
        """The persistent device that a transient one without a partner probably means: by name, by MAC, or as the only.

        ``candidates`` are those to choose from (default: those that no other transient device names).
        """
        if candidates is None:
            claimed = {pair.persistent.element for pair in self.pairs}
            candidates = [
                one for one in self.persistents if one.element not in claimed and one.device is not transient.device
            ]
        candidates = list(candidates)
        by_name = [one for one in candidates if one.alias is not None and one.alias == transient.partner_name]
        same_mac = [one for one in candidates if isinstance(one.mac, int) and one.mac == transient.mac]
        return next(iter(by_name or same_mac or candidates), None)

    def _matches(self) -> Iterable[Match]:
        for transient in self.transients:
            yield self._match(transient)

    def _match(self, transient: Teaming) -> Match:
        name = transient.partner_name
        if isinstance(name, Unknown):
            return Match(transient, Partner.NOT_KNOWN)
        if not name:
            return Match(transient, Partner.NOT_NAMED)
        named = self.aliases.get(name, [])
        others = [device for device in named if device is not transient.device]
        if named and not others:
            return Match(transient, Partner.ITSELF, transient.device)
        teamed = [self.by_device[device] for device in others if device in self.by_device]
        for teaming in teamed:
            if teaming.role is Role.PERSISTENT:
                return Match(transient, Partner.PERSISTENT, teaming.device, teaming)
        if any(teaming.role is Role.UNKNOWN for teaming in teamed):
            return Match(transient, Partner.NOT_KNOWN)
        if any(teaming.role is Role.DEFECTIVE for teaming in teamed):
            return Match(transient, Partner.MISREAD, others[0])
        if any(teaming.role is Role.TRANSIENT and not teaming.can_be_assigned for teaming in teamed):
            return Match(transient, Partner.MISREAD, others[0])
        if others and not any(isinstance(one.alias, Unknown) for one in self.persistents):
            return Match(transient, Partner.NOT_PERSISTENT, others[0])
        if any(isinstance(alias_of(device), Unknown) for device in self._teamable()):
            return Match(transient, Partner.NOT_KNOWN)
        nameless = self._nameless_meant(transient, name)
        if nameless is not None:
            return Match(transient, Partner.WITHOUT_ALIAS, nameless.device, nameless)
        dropped = self._dropped_meant(transient, name)
        if dropped is not None:
            return Match(transient, Partner.ALIAS_DROPPED, dropped.device, dropped)
        return Match(transient, Partner.NOT_FOUND)

    def _dropped_meant(self, transient: Teaming, name: str) -> Teaming | None:
        """The persistent device that would have this name, had libvirt not dropped its alias."""
        for one in self.persistents:
            alias = one.alias
            if not isinstance(alias, str) or is_user_alias(alias):
                continue
            if as_user_alias(alias) == as_user_alias(name) or (isinstance(one.mac, int) and one.mac == transient.mac):
                return one
        return None

    def _nameless_meant(self, transient: Teaming, name: str) -> Teaming | None:
        nameless = [persistent for persistent in self.persistents if persistent.alias is None]
        same_mac = [one for one in nameless if isinstance(one.mac, int) and one.mac == transient.mac]
        if same_mac:
            return same_mac[0]
        generated = re.fullmatch(_GENERATED_NETWORK_ALIAS, name)
        if generated is None or not nameless:
            return None
        number = int(generated.group(1))
        interfaces = self.interfaces()
        counted = interfaces[number] if number < len(interfaces) else None
        return next((one for one in nameless if one.device is counted), nameless[0])


def _teamings(devices: Element | None) -> Iterable[Teaming]:
    for device in () if devices is None else devices.iterchildren("interface", "hostdev"):
        element = child(device, "teaming")
        if element is not None:
            yield Teaming(element, device, _role(element))


def _role(element: Element) -> Role:
    written = attribute(element, "type")
    if isinstance(written, Unknown):
        return Role.UNKNOWN
    if written == "persistent":
        return Role.PERSISTENT
    return Role.TRANSIENT if written == "transient" else Role.DEFECTIVE


def _aliases(devices: Element | None) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for device in () if devices is None else devices.iterchildren("*"):
        alias = alias_of(device)
        if isinstance(alias, str):
            found.setdefault(alias, []).append(device)
    return found


def is_generated_alias(alias: str) -> bool:
    """Tell whether libvirt makes up such an alias for an interface, as in the XML of a running domain."""
    return re.fullmatch(_GENERATED_NETWORK_ALIAS, alias) is not None


def duplicate_aliases(aliases: Mapping[str, list[Element]]) -> Iterable[tuple[str, list[Element]]]:
    """The aliases of a user's choosing that more than one device has.

    A serial device and the console that libvirt derives from it share theirs in live XML; that is none.
    """
    for alias, devices in aliases.items():
        if len(devices) > 1 and is_user_alias(alias) and {device.tag for device in devices} != {"console", "serial"}:
            yield alias, devices


def is_other_assigned_device(device: Element, failover: Failover) -> bool:
    """Tell whether a device is a host device that migration cannot carry, and that has no part in a failover."""
    if device in failover.by_device:
        return False
    if device.tag == "interface":
        return interface_type(device) == "hostdev" or failover.is_on_hostdev_network(device)
    return hostdev_mode(device) == "capabilities" or is_hostdev_of(device, "pci", "mdev", "scsi", "scsi_host")
