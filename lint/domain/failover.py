"""Failover pairs: which devices are teamed, in which role, and which two make a pair.

QEMU pairs a transient (primary) device with a persistent (standby) one by the alias that the transient names; the guest
pairs the two by their MAC address. Source: QEMU docs/system/virtio-net-failover.rst; libvirt docs/formatdomain.rst,
"Teaming a virtio/hostdev NIC pair"; Linux Documentation/networking/net_failover.rst.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final, NamedTuple

from domlint.cached import cached_property
from domlint.document import Element
from domlint.domain.devices import (
    WITHOUT_ALIAS,
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
    """A device with ``<teaming>``, and the first such element in it.

    Where a device has several, libvirt reads the first type and the first partner's name that any of them has.
    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainNetTeamingInfoParseXML, by XPath); seen with 9.0.0.
    """

    element: Element
    device: Element
    role: Role
    written_type: Maybe[str]
    """The type as written."""
    partner_name: Maybe[str]
    """The alias in the ``persistent`` attribute."""
    alias: Maybe[str]
    """The alias of the device."""
    mac: Maybe[int]
    """The MAC address of the device, as a number."""

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

    @property
    def has_two_macs(self) -> bool:
        """Tell whether the halves are known not to have one MAC address."""
        one, other = self.persistent.mac, self.transient.mac
        return one is not UNKNOWN and other is not UNKNOWN and (one != other or one is None)

    @property
    def mac(self) -> int | None:
        """The MAC address of the pair; None where it has none, or its halves are known to differ.

        That of a plain hostdev is not in the file.
        """
        if not isinstance(self.persistent.mac, int) or (not self.transient.is_hostdev and self.has_two_macs):
            return None
        return self.persistent.mac


class _Candidates:
    """Persistent devices to choose from, in document order. A choice takes the same time however many there are."""

    def __init__(self, teamings: Iterable[Teaming]) -> None:
        self._all: OrderedDict[Element, Teaming] = OrderedDict()
        self._by_alias: dict[Maybe[str], OrderedDict[Element, Teaming]] = {}
        self._by_mac: dict[Maybe[int], OrderedDict[Element, Teaming]] = {}
        for teaming in teamings:
            self._all[teaming.element] = teaming
            if teaming.alias is not None:
                self._by_alias.setdefault(teaming.alias, OrderedDict())[teaming.element] = teaming
            if isinstance(teaming.mac, int):
                self._by_mac.setdefault(teaming.mac, OrderedDict())[teaming.element] = teaming

    def __iter__(self) -> Iterator[Teaming]:
        return iter(self._all.values())

    def meant_by(self, transient: Teaming, or_itself: bool) -> Teaming | None:
        """The one that a device probably means: by name, by MAC address, or else the first."""
        for group in (self._by_alias.get(transient.partner_name), self._by_mac.get(transient.mac), self._all):
            for one in group.values() if group else ():
                if or_itself or one.device is not transient.device:
                    return one
        return None

    def remove(self, teaming: Teaming) -> None:
        for group in (self._all, self._by_alias.get(teaming.alias), self._by_mac.get(teaming.mac)):
            if group is not None:
                group.pop(teaming.element, None)


class Failover:
    """All that concerns failover in one domain.

    What rules ask for each device takes the same time however many there are.
    """

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
        return next(iter(self._pairs_of.get(teaming, ())), None)

    def transients_of(self, persistent: Teaming) -> list[Teaming]:
        """The transient devices that name a persistent one, in document order."""
        return [pair.transient for pair in self._pairs_of.get(persistent, ()) if pair.persistent == persistent]

    @cached_property
    def _pairs_of(self) -> dict[Teaming, list[Pair]]:
        found: dict[Teaming, list[Pair]] = {}
        for pair in self.pairs:
            found.setdefault(pair.persistent, []).append(pair)
            found.setdefault(pair.transient, []).append(pair)
        return found

    def transients_meaning(self, persistent: Teaming) -> list[Teaming]:
        """The transient devices that name a persistent one, or seem to mean it, in document order."""
        return self._meaning.get(persistent, [])

    @cached_property
    def _meaning(self) -> dict[Teaming, list[Teaming]]:
        found: dict[Teaming, list[Teaming]] = {}
        for match in self.matches.values():
            if match.persistent is not None:
                found.setdefault(match.persistent, []).append(match.transient)
        return found

    def crossed_with(self, pair: Pair) -> Pair | None:
        """The pair whose MAC addresses belong to this one, and this one's to it."""
        one, other = pair.persistent.mac, pair.transient.mac
        if not isinstance(one, int) or not isinstance(other, int) or one == other:
            return None
        return self._pairs_by_macs.get((other, one))

    @cached_property
    def _pairs_by_macs(self) -> dict[tuple[Maybe[int], Maybe[int]], Pair]:
        found: dict[tuple[Maybe[int], Maybe[int]], Pair] = {}
        for pair in self.pairs:
            found.setdefault((pair.persistent.mac, pair.transient.mac), pair)
        return found

    def is_before(self, one: Pair, other: Pair) -> bool:
        """Tell whether a pair's transient device comes before the other's."""
        return self._pair_numbers[one] < self._pair_numbers[other]

    def is_first_with_its_mac(self, pair: Pair) -> bool:
        """Tell whether no pair before this one has the same MAC address."""
        return pair.mac is not None and self._first_pairs[pair.mac] == pair

    @cached_property
    def _pair_numbers(self) -> dict[Pair, int]:
        return {pair: number for number, pair in enumerate(self.pairs)}

    @cached_property
    def _first_pairs(self) -> dict[int, Pair]:
        return {pair.mac: pair for pair in reversed(self.pairs) if pair.mac is not None}

    @cached_property
    def _interfaces(self) -> list[Element]:
        return [] if self._devices is None else list(self._devices.iterchildren("interface"))

    def interfaces_with_mac(self, mac: int) -> list[Element]:
        """The interfaces that have a MAC address, in document order."""
        return self._interfaces_by_mac.get(mac, [])

    @cached_property
    def _interfaces_by_mac(self) -> dict[int, list[Element]]:
        found: dict[int, list[Element]] = {}
        for device in self._interfaces:
            mac = mac_number(child_attribute(device, "mac", "address"))
            if isinstance(mac, int):
                found.setdefault(mac, []).append(device)
        return found

    def is_assigned(self, teaming: Teaming) -> bool:
        """Tell whether a teamed device is, for all that is known, an assigned one."""
        return teaming.is_hostdev or teaming.is_hostdev_interface or self.is_on_hostdev_network(teaming.device)

    def _may_be_assigned(self, teaming: Teaming) -> bool:
        return self.is_assigned(teaming) or interface_type(teaming.device) is UNKNOWN

    def unteamed_standby(self, transient: Teaming) -> Element | None:
        """The virtio interface with a transient device's MAC address that has no teaming."""
        device = None if not isinstance(transient.mac, int) else self._unteamed_by_mac.get(transient.mac)
        return device if device is not None and is_virtio(network_model(device)) else None

    @cached_property
    def _unteamed_by_mac(self) -> dict[int, Element]:
        """By MAC address, the first interface without teaming that has it."""
        found: dict[int, Element] = {}
        for mac, devices in self._interfaces_by_mac.items():
            first = next((device for device in devices if device not in self.by_device), None)
            if first is not None:
                found[mac] = first
        return found

    def free_alias(self, wanted: str) -> str:
        """An alias that no device has: the one wanted, or the same with a number."""
        if wanted not in self._free_aliases:
            alias, number = wanted, 2
            while alias in self.aliases:
                alias, number = f"{wanted}-{number}", number + 1
            self._free_aliases[wanted] = alias
        return self._free_aliases[wanted]

    @cached_property
    def _free_aliases(self) -> dict[str, str]:
        return {}

    def unpaired(self) -> frozenset[Teaming]:
        """The persistent devices that no transient one names, or seems to mean.

        A transient device whose own partner is missing, misspelt or unknown accounts for one persistent device each,
        and so does an assigned device that is not teamed as transient: it is reported there, and not a second time from
        the other side.
        """
        return self._unpaired

    @cached_property
    def _unpaired(self) -> frozenset[Teaming]:
        matches = self.matches.values()
        if any(match.partner is Partner.NOT_KNOWN for match in matches):
            return frozenset()
        if any(teaming.role is Role.UNKNOWN or teaming.alias is UNKNOWN for teaming in self.teamings):
            return frozenset()
        claimed = {match.persistent.element for match in matches if match.persistent is not None}
        left = _Candidates(
            persistent
            for persistent in self.persistents
            if persistent.element not in claimed and not self._may_be_assigned(persistent)
        )
        seeking = [match.transient for match in matches if match.persistent is None]
        seeking += [teaming for teaming in self.teamings if teaming.role is Role.DEFECTIVE]
        seeking += [teaming for teaming in self.persistents if self._may_be_assigned(teaming)]
        for transient in seeking:
            meant = left.meant_by(transient, or_itself=True)
            if meant is not None:
                left.remove(meant)
        return frozenset(left)

    def meant_by(self, transient: Teaming) -> Teaming | None:
        """The persistent device that a transient one without a partner probably means: by name, by MAC, or as the only.

        It is one that no other transient device names.
        """
        return self._unnamed.meant_by(transient, or_itself=False)

    @cached_property
    def _unnamed(self) -> _Candidates:
        claimed = {pair.persistent.element for pair in self.pairs}
        return _Candidates(one for one in self.persistents if one.element not in claimed)

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
        if len(named) == 1 and named[0] is transient.device:
            return Match(transient, Partner.ITSELF, transient.device)
        other = next((device for device in named if device is not transient.device), None)
        roles = self._roles_by_alias.get(name, {})
        persistent = roles.get(Role.PERSISTENT)
        if persistent is not None:
            return Match(transient, Partner.PERSISTENT, persistent.device, persistent)
        if Role.UNKNOWN in roles:
            return Match(transient, Partner.NOT_KNOWN)
        if Role.DEFECTIVE in roles or any(one is not transient for one in self._misread_by_alias.get(name, ())):
            return Match(transient, Partner.MISREAD, other)
        if other is not None and not self._has_unknown_persistent:
            return Match(transient, Partner.NOT_PERSISTENT, other)
        if self._has_unknown_alias:
            return Match(transient, Partner.NOT_KNOWN)
        nameless = self._nameless_meant(transient, name)
        if nameless is not None:
            return Match(transient, Partner.WITHOUT_ALIAS, nameless.device, nameless)
        dropped = self._dropped_meant(transient, name)
        if dropped is not None:
            return Match(transient, Partner.ALIAS_DROPPED, dropped.device, dropped)
        return Match(transient, Partner.NOT_FOUND)

    @cached_property
    def _roles_by_alias(self) -> dict[str, dict[Role, Teaming]]:
        """By alias, the roles of the devices that have it, each with the first of them."""
        found: dict[str, dict[Role, Teaming]] = {}
        for alias, teaming in self._teamed_with_alias():
            found.setdefault(alias, {}).setdefault(teaming.role, teaming)
        return found

    @cached_property
    def _misread_by_alias(self) -> dict[str, list[Teaming]]:
        """By alias, the first two transient devices that cannot be assigned ones: one may be the device that asks."""
        found: dict[str, list[Teaming]] = {}
        for alias, teaming in self._teamed_with_alias():
            if teaming.role is Role.TRANSIENT and not teaming.can_be_assigned and len(found.get(alias, ())) < 2:
                found.setdefault(alias, []).append(teaming)
        return found

    def _teamed_with_alias(self) -> Iterator[tuple[str, Teaming]]:
        for alias, devices in self.aliases.items():
            for device in devices:
                if device in self.by_device:
                    yield alias, self.by_device[device]

    @cached_property
    def _has_unknown_persistent(self) -> bool:
        return any(isinstance(one.alias, Unknown) for one in self.persistents)

    @cached_property
    def _has_unknown_alias(self) -> bool:
        devices = () if self._devices is None else self._devices.iterchildren("interface", "hostdev")
        return any(isinstance(alias_of(device), Unknown) for device in devices)

    def _dropped_meant(self, transient: Teaming, name: str) -> Teaming | None:
        """The persistent device that would have this name, had libvirt not dropped its alias."""
        fitting = [self._dropped.get(as_user_alias(name)), self._dropped.get(transient.mac)]
        return min((one for one in fitting if one is not None), default=(0, None), key=lambda one: one[0])[1]

    @cached_property
    def _dropped(self) -> dict[Maybe[str | int], tuple[int, Teaming]]:
        """The persistent devices whose alias libvirt drops, with their number: by what it could be, and by MAC."""
        found: dict[Maybe[str | int], tuple[int, Teaming]] = {}
        for number, one in enumerate(self.persistents):
            alias = one.alias
            if isinstance(alias, str) and not is_user_alias(alias):
                found.setdefault(as_user_alias(alias), (number, one))
                if isinstance(one.mac, int):
                    found.setdefault(one.mac, (number, one))
        return found

    def _nameless_meant(self, transient: Teaming, name: str) -> Teaming | None:
        same_mac = self._nameless_by_mac.get(transient.mac)
        if same_mac is not None:
            return same_mac
        generated = re.fullmatch(_GENERATED_NETWORK_ALIAS, name)
        if generated is None or not self._nameless:
            return None
        number = int(generated.group(1))
        counted = self._interfaces[number] if number < len(self._interfaces) else None
        return self._nameless.get(counted) or next(iter(self._nameless.values()))

    @cached_property
    def _nameless(self) -> dict[Element | None, Teaming]:
        """The persistent devices without an alias, by device."""
        return {one.device: one for one in self.persistents if one.alias is None}

    @cached_property
    def _nameless_by_mac(self) -> dict[Maybe[int], Teaming]:
        found: dict[Maybe[int], Teaming] = {}
        for one in self._nameless.values():
            if isinstance(one.mac, int):
                found.setdefault(one.mac, one)
        return found


def _teamings(devices: Element | None) -> Iterable[Teaming]:
    for device in () if devices is None else devices.iterchildren("interface", "hostdev"):
        element = child(device, "teaming")
        if element is not None:
            written = _first(device, "type")
            mac = mac_number(child_attribute(device, "mac", "address"))
            yield Teaming(element, device, _role(written), written, _first(device, "persistent"), alias_of(device), mac)


def _first(device: Element, name: str) -> Maybe[str]:
    values = (attribute(element, name) for element in device.iterchildren("teaming"))
    return next((value for value in values if value is not None), None)


def _role(written: Maybe[str]) -> Role:
    if isinstance(written, Unknown):
        return Role.UNKNOWN
    if written == "persistent":
        return Role.PERSISTENT
    return Role.TRANSIENT if written == "transient" else Role.DEFECTIVE


def _aliases(devices: Element | None) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for device in () if devices is None else devices.iterchildren("*"):
        alias = alias_of(device) if device.tag not in WITHOUT_ALIAS else None
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
