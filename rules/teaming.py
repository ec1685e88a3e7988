"""TEAM: failover pairs of a virtio NIC and an assigned one (``<teaming>``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from domlint.architectures import PPC64, S390, X86
from domlint.changes import AddElement, Fix, RemoveAttribute, RemoveElement, SetAttribute
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import (
    NETWORK_MODELS_ON_CONVENTIONAL_PCI,
    alias_of,
    as_user_alias,
    default_model_of_type,
    describe,
    host_address,
    hostdev_mode,
    interface_type,
    is_hostdev_of,
    is_user_alias,
    is_virtio,
    network_model,
    network_name,
    pci_text,
)
from domlint.domain.failover import (
    Failover,
    Match,
    Pair,
    Partner,
    Role,
    Teaming,
    duplicate_aliases,
    is_generated_alias,
    is_other_assigned_device,
)
from domlint.domain.failover_fixes import (
    allow_hotplug,
    give_alias,
    make_macs_equal,
    make_persistent,
    move_isolation,
    move_to_persistent,
    name_partner,
    remove_address,
    rename_alias,
)
from domlint.domain.machine import MachineKind, PciRoot
from domlint.domain.pci import GuestAddress, guest_address
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, child_attribute, decimal, mac_number
from domlint.findings import Outcome, Severity
from domlint.hosts.answer import Presence
from domlint.networks import Network, vlan_tags
from domlint.rule import Example, Fixable, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

TEAMING = "devices/*/teaming"

FAILOVER_FLAG = "virtio-net.failover"

TEAMING_SINCE = Version(6, 1, 0)
"""The libvirt that began to read ``<teaming>`` in interfaces (NEWS of libvirt 6.1.0)."""

HOSTDEV_TEAMING_SINCE = Version(7, 1, 0)
"""The libvirt that began to read ``<teaming>`` in plain hostdevs (NEWS of libvirt 7.1.0)."""

BLOCKERS_ASKED_SINCE = Version(8, 6, 0)
"""The libvirt that leaves some blockers of migration to QEMU's own report (commit of July 2022)."""

_QEMU_DOCUMENT = "QEMU docs/system/virtio-net-failover.rst"
_NET_FAILOVER = "Linux Documentation/networking/net_failover.rst"
_VALIDATE = "libvirt 11.3.0 src/qemu/qemu_validate.c"
_PARSER = "libvirt 11.3.0 src/conf/domain_conf.c"
_SEEN = "seen with QEMU 7.2 and a Linux 6.1 guest"


# The teamed devices that rules look at. A domain of another driver than QEMU has none, and so has a libvirt that does
# not read the element: TEAM027 and TEAM003 say so.


def is_ignored(context: Context, teaming: Teaming) -> bool:
    """Tell whether the libvirt that shall read the file is too old to see this ``<teaming>``."""
    if context.libvirt is None:
        return False
    return context.libvirt < (HOSTDEV_TEAMING_SINCE if teaming.is_hostdev else TEAMING_SINCE)


def _each_written(context: Context, element: Element) -> Iterator[Teaming]:
    """The teaming that libvirt reads, of whatever driver and role: the first of its device."""
    teaming = context.failover.by_element.get(element)
    if teaming is not None and not is_ignored(context, teaming):
        yield teaming


def _each_persistent(context: Context, element: Element) -> Iterator[Teaming]:
    for teaming in _each_written(context, element):
        if teaming.role is Role.PERSISTENT and context.domain.runs_on_qemu:
            yield teaming


def _each_transient(context: Context, element: Element) -> Iterator[Teaming]:
    for teaming in _each_written(context, element):
        if teaming.role is Role.TRANSIENT and context.domain.runs_on_qemu:
            yield teaming


def _each_assigned(context: Context, element: Element) -> Iterator[Teaming]:
    """The transient devices that have one of the forms of an assigned device."""
    return (teaming for teaming in _each_transient(context, element) if teaming.can_be_assigned)


def _each_match(context: Context, element: Element) -> Iterator[Match]:
    for teaming in _each_assigned(context, element):
        yield context.failover.matches[teaming]


def _each_pair(context: Context, element: Element) -> Iterator[Pair]:
    for match in _each_match(context, element):
        if match.partner is Partner.PERSISTENT and match.persistent is not None:
            yield Pair(match.persistent, match.transient)


def _each_interface_pair(context: Context, element: Element) -> Iterator[Pair]:
    return (pair for pair in _each_pair(context, element) if not pair.transient.is_hostdev)


def _once(context: Context, element: Element) -> Iterator[Failover]:
    """All the failover of the domain, once: at its first teaming."""
    failover = context.failover
    first = next((one for one in failover.teamings if not is_ignored(context, one)), None)
    if first is not None and first.element is element and context.domain.runs_on_qemu:
        yield failover


# Parts of the examples: a pair as it should be, with room for what a rule is about.

_MAC = "52:54:00:6b:3c:58"
_POOL = "<network><name>sriov</name><forward mode='hostdev' managed='yes'><pf dev='eth3'/></forward></network>"
_BRIDGED = "<network><name>sriov</name><forward mode='bridge'/><bridge name='br0'/></network>"
_BY_ADDRESS = """\
  <source>
    <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>
  </source>"""
_TRANSIENT = "  <teaming type='transient' persistent='ua-uplink'/>"
_SECOND_MAC = "  <mac address='52:54:00:6b:3c:59'/>"
_SECOND_ALIAS = "  <alias name='ua-second'/>"
_SECOND_TRANSIENT = "  <teaming type='transient' persistent='ua-second'/>"
_PORT = """\
<controller type='pci' index='0' model='pcie-root'/>
<controller type='pci' index='1' model='pcie-root-port'/>
"""
_ON_THE_PORT = "  <address type='pci' bus='0x01' slot='0x00'/>"


def _standby(
    *more: str,
    opening: str = "<interface type='bridge'>",
    mac: str = f"  <mac address='{_MAC}'/>",
    source: str = "  <source bridge='br0'/>",
    model: str = "  <model type='virtio'/>",
    teaming: str = "  <teaming type='persistent'/>",
    alias: str = "  <alias name='ua-uplink'/>",
) -> str:
    return _lines(opening, mac, source, model, teaming, alias, *more, "</interface>")


def _primary(
    *more: str,
    opening: str = "<interface type='network'>",
    mac: str = f"  <mac address='{_MAC}'/>",
    source: str = "  <source network='sriov'/>",
    model: str = "  <model type='virtio'/>",
    teaming: str = _TRANSIENT,
) -> str:
    return _lines(opening, mac, source, model, teaming, *more, f"</{opening[1:].split(maxsplit=1)[0]}>")


def _by_address(*more: str, opening: str = "<interface type='hostdev' managed='yes'>") -> str:
    return _primary(*more, opening=opening, source=_BY_ADDRESS, model="")


def _hostdev(
    *more: str, opening: str = "<hostdev mode='subsystem' type='pci' managed='yes'>", teaming: str = _TRANSIENT
) -> str:
    return _primary(*more, opening=opening, mac="", source=_BY_ADDRESS, model="", teaming=teaming)


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines if line)


_GOOD = Example(_standby() + _primary(), networks=(_POOL,))
_GOOD_BY_ADDRESS = Example(_standby() + _by_address(), networks=(_POOL,))


def _bad(*devices: str, **details: Any) -> Example:
    return Example("".join(devices), networks=(_POOL,))._replace(**details)


# Can this host do it at all?


def _each_that_needs_it(context: Context, element: Element) -> Iterator[tuple[Spot, tuple[tuple[Spot, str], ...]]]:
    """Once, where the failover of the domain needs the capability first, and where else. libvirt drops an empty one."""
    needing = (one for one in context.failover.teamings if not is_ignored(context, one) and not _is_empty(one))
    first = next(needing, None)
    if first is not None and first.element is element and context.domain.runs_on_qemu:
        yield Spot(element), tuple((Spot(one.element), "needs the capability, too") for one in needing)


def _is_empty(teaming: Teaming) -> bool:
    written = (teaming.written_type, teaming.partner_name)
    return not any(value is UNKNOWN or value for value in written)


@rule(
    "TEAM001",
    "failover-capability-missing",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=_each_that_needs_it,
    needs=Needs.HOST,
    since="libvirt 6.1.0",
    source=f"{_VALIDATE}, 6.1.0 to 8.6.0; QEMU 4.2 hw/net/virtio-net.c",
    bad=_bad(
        _standby(teaming="  <teaming type='persistent'/> <!-- TEAM001 -->"),
        _primary(),
        host="qemu-4.1",
        machine="q35",
        libvirt="7.0.0",
    ),
    good=_GOOD._replace(host="qemu-8.2"),
)
def failover_capability_missing(context: Context, spots: tuple[Spot, tuple[tuple[Spot, str], ...]]) -> Problems:
    """The host's QEMU has no failover for virtio NICs.

    QEMU has the property `failover` of virtio-net since 4.2. libvirt calls the capability `virtio-net.failover`; from
    6.1.0 on it refuses the definition of a domain with `<teaming>` where QEMU lacks it. That the name is not in a
    capability file does not mean that it is missing: libvirt stopped listing it (8.7.0 to 9.0.0) when every QEMU it
    supports had it. domlint tells the two apart by QEMU's version, by libvirt's, and by the other names in the file.
    """
    if context.host is not None:
        answer = context.host.answer(FAILOVER_FLAG)
        if answer.presence is Presence.ABSENT:
            spot, others = spots
            yield Problem(
                spot,
                f"libvirt refuses the definition, as the host has no failover for virtio NICs ({FAILOVER_FLAG}): "
                f"{answer.reason}",
                "run the domain on a host with QEMU 4.2 or newer and libvirt 6.1.0 or newer, or remove <teaming>",
                others,
            )


@rule(
    "TEAM002",
    "failover-capability-unknown",
    outcome=Outcome.NOTE,
    on=TEAMING,
    each=_each_that_needs_it,
    needs=Needs.HOST,
    source=f"{_VALIDATE}; {_QEMU_DOCUMENT}",
    bad=_bad(
        _standby(teaming="  <teaming type='persistent'/> <!-- TEAM002 -->"),
        _primary(),
        host="qemu-4.2-snapshot",
        machine="q35",
    ),
    good=_GOOD._replace(host="qemu-8.2"),
)
def failover_capability_unknown(context: Context, spots: tuple[Spot, tuple[tuple[Spot, str], ...]]) -> Problems:
    """The capability file does not tell whether the host's QEMU has failover for virtio NICs.

    This happens with files of development snapshots, and with files that neither name the libvirt that wrote them nor
    list anything by which its age could be told.
    """
    if context.host is not None:
        answer = context.host.answer(FAILOVER_FLAG)
        if answer.presence is Presence.UNKNOWN:
            spot, others = spots
            yield Problem(
                spot,
                f"it is not known whether the host has failover for virtio NICs ({FAILOVER_FLAG}): {answer.reason}",
                "take the capability file from the host itself (/var/cache/libvirt/qemu/capabilities/)",
                others,
            )


def _ignores_all(context: Context) -> bool:
    return context.libvirt is not None and context.libvirt < TEAMING_SINCE


def _each_ignored(context: Context, element: Element) -> Iterator[Teaming]:
    """Each hostdev whose teaming is ignored; where libvirt ignores every teaming, the first device stands for all."""
    failover = context.failover
    teaming = failover.by_element.get(element)
    if teaming is None or not is_ignored(context, teaming) or not context.domain.runs_on_qemu:
        return
    if not _ignores_all(context) or teaming is failover.teamings[0]:
        yield teaming


@rule(
    "TEAM003",
    "teaming-ignored-by-libvirt",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    each=_each_ignored,
    since="libvirt 6.1.0 reads it in interfaces, 7.1.0 in hostdevs",
    instead_of=("SCHEMA010",),
    source="libvirt NEWS.rst, 6.1.0 and 7.1.0",
    bad=_bad(_standby(), _hostdev(teaming=f"{_TRANSIENT} <!-- TEAM003 -->"), libvirt="7.0.0"),
    good=_bad(_standby(), _hostdev(), libvirt="7.1.0"),
)
def teaming_ignored(context: Context, teaming: Teaming) -> Problems:
    """The host's libvirt is too old to know `<teaming>` here, and silently ignores it.

    libvirt reads the element in interfaces since 6.1.0 and in plain hostdevs since 7.1.0. Before that the domain is
    defined and starts, as two NICs that have nothing to do with each other; live migration is refused.
    """
    ignored = context.failover.teamings if _ignores_all(context) else (teaming,)
    needed = HOSTDEV_TEAMING_SINCE if any(one.is_hostdev for one in ignored) else TEAMING_SINCE
    yield Problem(
        Spot(teaming.element),
        f"libvirt {context.libvirt} ignores <teaming> in this {describe(teaming.device)}: there is no failover",
        f"use libvirt {needed} or newer"
        + (", or an <interface type='hostdev'> instead of the <hostdev>" if teaming.is_hostdev else ""),
        tuple((Spot(one.element), "ignored, too") for one in ignored if one is not teaming),
    )


# What libvirt's parser and validation make of one <teaming>.


@rule(
    "TEAM010",
    "teaming-type-invalid",
    outcome=Outcome.DEFINE,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_written,
    instead_of=("SCHEMA005",),
    source=f"{_PARSER} (virDomainNetTeamingInfoParseXML)",
    bad=_bad(_standby(teaming="  <teaming type='standby'/> <!-- TEAM010 -->"), _primary()),
    good=_GOOD,
)
def teaming_type_invalid(context: Context, teaming: Teaming) -> Problems:
    """The type of a `<teaming>` is neither persistent nor transient, or is missing beside a partner's name.

    libvirt refuses to define the domain. The value none is refused, too.
    """
    written = teaming.written_type
    if isinstance(written, str) and written not in ("", "persistent", "transient"):
        yield Problem(
            Spot(teaming.element, "type"),
            f"the teaming type is '{written}', which libvirt refuses",
            f"write {_meant_type(context.failover, teaming)}",
            fix=_with_nearest_type(context.failover, teaming, written),
        )
    elif not written and written is not UNKNOWN and teaming.partner_name and isinstance(teaming.partner_name, str):
        yield Problem(
            Spot(teaming.element),
            f"this teaming names the partner '{teaming.partner_name}' but has no type, which libvirt refuses",
            "write type='transient' here (the device that names its partner is the transient one)",
            fix=_with_type(context.failover, teaming, "transient"),
        )


def _with_nearest_type(failover: Failover, teaming: Teaming, written: str) -> Fix | None:
    from difflib import get_close_matches

    found = get_close_matches(written.strip().lower(), ("persistent", "transient"), n=2, cutoff=0.7)
    return _with_type(failover, teaming, found[0]) if len(found) == 1 else None


def _with_type(failover: Failover, teaming: Teaming, type_: str) -> Fix | None:
    """Write a type, where a device of this form can have it."""
    fits = teaming.can_be_assigned if type_ == "transient" else not failover.is_assigned(teaming)
    return Fix(f"write type='{type_}'", (SetAttribute(teaming.element, "type", type_),)) if fits else None


def _meant_type(failover: Failover, teaming: Teaming) -> str:
    if teaming.partner_name or teaming.partner_name is UNKNOWN:
        return "type='transient' (the device that names its partner is the transient one)"
    return _meant_element(failover, teaming)


@rule(
    "TEAM011",
    "teaming-empty",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    each=_each_written,
    since="libvirt 7.0.0 still refuses the empty string as type; 9.0.0 drops it",
    instead_of=("SCHEMA005", "SCHEMA006"),
    source=f"{_PARSER} (virDomainNetTeamingInfoParseXML); seen with libvirt 7.0.0 and 9.0.0",
    bad=_bad(_standby(teaming="  <teaming/> <!-- TEAM011 -->"), _primary()),
    good=_GOOD,
)
def teaming_empty(context: Context, teaming: Teaming) -> Problems:
    """A `<teaming>` says neither its type nor a partner.

    libvirt drops the element without a word (9.0.0 at the latest; an empty string as type is refused by 7.0.0): the
    device has no part in any failover.
    """
    if _is_empty(teaming) and context.domain.runs_on_qemu:
        yield Problem(
            Spot(teaming.element),
            "this teaming is empty: libvirt silently drops it, and the device has no part in a failover",
            f"write {_meant_element(context.failover, teaming)}, or remove the element",
        )


def _meant_element(failover: Failover, teaming: Teaming) -> str:
    """The teaming that a device of this kind can have."""
    if not failover.is_assigned(teaming):
        return "<teaming type='persistent'/>"
    meant = failover.meant_by(teaming)
    alias = meant.alias if meant is not None else None
    return f"<teaming type='transient' persistent='{alias if isinstance(alias, str) else 'ALIAS'}'/>"


@rule(
    "TEAM012",
    "transient-without-partner-name",
    outcome=Outcome.DEFINE,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_written,
    instead_of=("SCHEMA006",),
    source=f"{_PARSER} (virDomainNetTeamingInfoParseXML)",
    bad=_bad(_standby(), _primary(teaming="  <teaming type='transient'/> <!-- TEAM012 -->")),
    good=_GOOD,
)
def transient_without_partner_name(context: Context, teaming: Teaming) -> Problems:
    """A transient device does not name its persistent partner.

    libvirt refuses to define the domain.
    """
    if teaming.role is Role.TRANSIENT and not teaming.partner_name and teaming.partner_name is not UNKNOWN:
        yield Problem(
            Spot(teaming.element),
            "this transient device names no persistent partner, which libvirt refuses",
            _name_the_partner(context.failover, teaming),
            _meant_related(context.failover, teaming),
            fix=_fix_of_partner(context.failover, teaming),
        )


def _fix_of_partner(failover: Failover, transient: Teaming) -> Fix | None:
    return name_partner(failover, transient, _alias_for(failover, failover.meant_by(transient), transient))


def _name_the_partner(failover: Failover, transient: Teaming) -> str:
    meant = failover.meant_by(transient)
    if meant is None:
        return _make_a_partner(failover, transient)
    if isinstance(meant.alias, str) and is_user_alias(meant.alias):
        return f"write persistent='{meant.alias}', the alias of {describe(meant.device)}"
    alias = _alias_for(failover, meant, transient)
    return f"give {describe(meant.device)} <alias name='{alias}'/> and write persistent='{alias}' here"


def _make_a_partner(failover: Failover, transient: Teaming) -> str:
    standby = failover.unteamed_standby(transient)
    if standby is None:
        return "write persistent='ALIAS' with the alias of a virtio interface that has <teaming type='persistent'/>"
    alias = alias_of(standby)
    if isinstance(alias, str) and is_user_alias(alias):
        return f"write persistent='{alias}' here, and add <teaming type='persistent'/> to {describe(standby)}"
    alias = _alias_for(failover, None, transient)
    return (
        f"add <teaming type='persistent'/> and <alias name='{alias}'/> to {describe(standby)}, "
        f"and write persistent='{alias}' here"
    )


def _alias_for(failover: Failover, persistent: Teaming | None, transient: Teaming | None) -> str:
    """The alias that a persistent device should get: what a transient one asks for, else the nearest to its own."""
    wanted = None if transient is None else transient.partner_name
    if isinstance(wanted, str) and is_user_alias(wanted) and wanted not in failover.aliases:
        return wanted
    own = None if persistent is None else persistent.alias
    return failover.free_alias(as_user_alias(own) if isinstance(own, str) else "ua-standby")


def _meant_related(failover: Failover, transient: Teaming) -> tuple[tuple[Spot, str], ...]:
    meant = failover.meant_by(transient)
    return () if meant is None else ((Spot(meant.element), "this persistent device is probably meant"),)


@rule(
    "TEAM013",
    "persistent-with-partner-name",
    outcome=Outcome.DEFINE,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_written,
    instead_of=("SCHEMA004",),
    source=f"{_PARSER} (virDomainNetTeamingInfoParseXML)",
    bad=_bad(
        _standby(teaming="  <teaming type='persistent' persistent='ua-uplink'/> <!-- TEAM013 -->"),
        _primary(),
    ),
    good=_GOOD,
)
def persistent_with_partner_name(context: Context, teaming: Teaming) -> Problems:
    """A persistent device names a partner.

    Only the transient device does that; libvirt refuses to define the domain.
    """
    if teaming.role is Role.PERSISTENT and isinstance(teaming.partner_name, str) and teaming.partner_name:
        yield Problem(
            Spot(teaming.element, "persistent"),
            f"this persistent device names '{teaming.partner_name}' as its partner, which libvirt refuses",
            "write type='transient' here: only the assigned device names its partner"
            if context.failover.is_assigned(teaming)
            else "remove the attribute persistent: the transient device names this one, not the other way round",
            fix=None
            if context.failover.is_assigned(teaming)
            else Fix("remove the attribute persistent", (RemoveAttribute(teaming.element, "persistent"),)),
        )


# Which devices can have which role.


@rule(
    "TEAM020",
    "hostdev-teaming-not-transient",
    outcome=Outcome.DEFINE,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_persistent,
    source=f"{_VALIDATE}, 7.1.0 on",
    bad=_bad(_standby(), _hostdev(teaming="  <teaming type='persistent'/> <!-- TEAM020 -->")),
    good=_bad(_standby(), _hostdev()),
)
def hostdev_teaming_not_transient(context: Context, teaming: Teaming) -> Problems:
    """A plain hostdev is teamed as the persistent device.

    The persistent device is the virtio NIC that stays while the VM migrates. libvirt refuses to define the domain.
    """
    if teaming.is_hostdev:
        yield Problem(
            Spot(teaming.element, "type"),
            "a <hostdev> can only be the transient half of a pair; libvirt refuses a persistent one",
            f"write {_meant_element(context.failover, teaming)}, with the alias of the virtio interface",
            fix=_as_transient(context.failover, teaming),
        )


def _as_transient(failover: Failover, teaming: Teaming) -> Fix | None:
    named = _fix_of_partner(failover, teaming)
    if named is None:
        return None
    changes = (SetAttribute(teaming.element, "type", "transient"), *named.changes)
    return Fix(f"write type='transient', and {named.words}", changes)


@rule(
    "TEAM021",
    "hostdev-teaming-not-pci",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=_each_written,
    instead_of=("SCHEMA004",),
    source=f"{_VALIDATE}, 7.1.0 on",
    bad=_bad(
        _standby(),
        _lines(
            "<hostdev mode='subsystem' type='usb'>",
            "  <source><vendor id='0x0bda'/><product id='0x8153'/></source>",
            "  <teaming type='transient' persistent='ua-uplink'/> <!-- TEAM021 -->",
            "</hostdev>",
        ),
    ),
    good=_bad(_standby(), _hostdev()),
)
def hostdev_teaming_not_pci(context: Context, teaming: Teaming) -> Problems:
    """A hostdev that is no PCI device is teamed.

    Only a PCI network device that is assigned with VFIO can be the transient half of a pair. libvirt refuses to define
    the domain.
    """
    if not teaming.is_hostdev or is_hostdev_of(teaming.device, "pci"):
        return
    mode, kind = hostdev_mode(teaming.device), attribute(teaming.device, "type")
    if mode is not UNKNOWN and kind is not UNKNOWN:
        yield Problem(
            Spot(teaming.element),
            f"<teaming> in a hostdev with mode='{mode}' and type='{kind or ''}': libvirt allows it for "
            "mode='subsystem' type='pci' only",
            "remove <teaming>, or assign the PCI network device itself",
        )


@rule(
    "TEAM022",
    "transient-not-assigned",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=_each_transient,
    source=f"{_VALIDATE}",
    bad=_bad(
        _standby(),
        _primary(
            opening="<interface type='bridge'>",
            source="  <source bridge='br1'/>",
            teaming=f"{_TRANSIENT} <!-- TEAM022 -->",
        ),
    ),
    good=_GOOD,
)
def transient_not_assigned(context: Context, transient: Teaming) -> Problems:
    """The transient half of a pair is no assigned device.

    It must be `<interface type='hostdev'>`, `<interface type='network'>` with a network that hands out host devices, or
    a plain `<hostdev>`. libvirt refuses to define the domain.
    """
    written = interface_type(transient.device)
    if transient.device.tag == "interface" and isinstance(written, str) and written not in ("hostdev", "network"):
        yield Problem(
            Spot(transient.element),
            f"the transient half of a pair is an interface of type '{written}', which is no assigned device: "
            "libvirt refuses it",
            "make it <interface type='hostdev'> with the VF's PCI address, or connect it to a network with "
            "<forward mode='hostdev'>; if this is the virtio half, write <teaming type='persistent'/>",
        )


@rule(
    "TEAM023",
    "transient-network-not-hostdev",
    outcome=Outcome.START,
    on=TEAMING,
    each=_each_transient,
    needs=Needs.NETWORKS,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (the actual network is known only at start)",
    bad=_bad(_standby(), _primary(teaming=f"{_TRANSIENT} <!-- TEAM023 -->"), networks=(_BRIDGED,)),
    good=_GOOD,
)
def transient_network_not_hostdev(context: Context, transient: Teaming) -> Problems:
    """The network of the transient device hands out no host devices.

    The domain is defined, and refused when it starts: only then does libvirt ask the network what the interface really
    is. Without the network's definition (`--network`) this cannot be checked, and a note says so.
    """
    network = context.failover.network_of(transient.device)
    name = network_name(transient.device)
    spot = Spot(child(transient.device, "source"), "network") if isinstance(name, str) else None  # type: ignore[arg-type]
    if spot is None:
        return
    if isinstance(network, Network) and not network.is_hostdev_pool:
        yield Problem(
            Spot(transient.element),
            f"the network '{name}' hands out no host devices: libvirt refuses to start the domain",
            f"connect the interface to a network with <forward mode='hostdev'>, or change '{name}' to one",
            ((spot, f"'{name}' as defined in {network.source} has no <forward mode='hostdev'>"),),
        )
    elif network is UNKNOWN:
        yield Problem(
            spot,
            f"not checked: whether the network '{name}' hands out host devices",
            f"give its definition: --network FILE (virsh net-dumpxml {name} > FILE)",
            outcome=Outcome.NOTE,
        )


@rule(
    "TEAM024",
    "persistent-not-virtio",
    outcome=Outcome.DEFINE,
    fixable=Fixable.UNSAFE,
    on=TEAMING,
    each=_each_persistent,
    needs=Needs.HOST | Needs.NETWORKS,
    source=f"{_VALIDATE}; src/qemu/qemu_domain.c (qemuDomainDefaultNetModel)",
    bad=_bad(_standby(model="  <model type='e1000e'/> <!-- TEAM024 -->"), _primary()),
    good=_GOOD,
)
def persistent_not_virtio(context: Context, persistent: Teaming) -> Problems:
    """The persistent half of a pair is no virtio NIC.

    Its model must be virtio, virtio-transitional or virtio-non-transitional; where there is no `<model>`, the machine's
    default counts, which is not virtio on x86. libvirt refuses to define the domain.
    """
    written = network_model(persistent.device)
    if context.failover.is_assigned(persistent) or (not written and interface_type(persistent.device) is UNKNOWN):
        return
    kind = interface_type(persistent.device)
    model: Maybe[str] = written
    if not written and written is not UNKNOWN:
        default = context.default_network_model
        model = default_model_of_type(kind, context.libvirt, default) if isinstance(kind, str) else UNKNOWN
    if isinstance(model, str) and not is_virtio(model):
        element = child(persistent.device, "model")
        spot = Spot(persistent.element) if element is None else Spot(element, "type")
        which = f"is '{model}'" if written else f"is not given, and the machine's default is '{model}'"
        yield Problem(
            spot,
            f"the model of this persistent interface {which}: libvirt refuses a pair whose standby is not virtio",
            "write <model type='virtio'/>",
            fix=Fix(
                "write <model type='virtio'/>; the guest needs a driver for it",
                (
                    AddElement(persistent.device, "<model type='virtio'/>")
                    if element is None
                    else SetAttribute(element, "type", "virtio"),
                ),
                is_safe=False,
            ),
        )


@rule(
    "TEAM025",
    "persistent-on-assigned-device",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    each=_each_persistent,
    needs=Needs.NETWORKS,
    source=f"{_VALIDATE}; src/qemu/qemu_command.c; {_SEEN}",
    bad=_bad(
        _standby(
            opening="<interface type='hostdev' managed='yes'>",
            source=_BY_ADDRESS,
            teaming="  <teaming type='persistent'/> <!-- TEAM025 -->",
        ),
        _primary(),
    ),
    good=_GOOD,
)
def persistent_on_assigned_device(context: Context, persistent: Teaming) -> Problems:
    """The persistent half of a pair is itself an assigned device.

    libvirt starts it as a plain vfio-pci device without `failover=on`: nothing pairs, and the VM cannot migrate. Where
    its model is not virtio either, libvirt refuses to define the domain.
    """
    if persistent.is_hostdev or not context.failover.is_assigned(persistent):
        return
    model = network_model(persistent.device)
    refused = model is not UNKNOWN and not is_virtio(model)
    yield Problem(
        Spot(persistent.element),
        f"the persistent half of a pair is {_form_in_words(persistent)}, an assigned device: "
        + ("libvirt refuses it" if refused else "QEMU gets no failover=on for it and nothing pairs"),
        "make the persistent half a virtio interface on the same network as the VF (type='bridge', 'network' or "
        "'direct'), and this one the transient half",
        outcome=Outcome.DEFINE if refused else None,
    )


def _form_in_words(teaming: Teaming) -> str:
    if teaming.is_network_interface:
        return f"an interface on the hostdev network '{network_name(teaming.device)}'"
    return f"an <interface type='{interface_type(teaming.device)}'>"


@rule(
    "TEAM026",
    "transient-driver-not-vfio",
    outcome=Outcome.START,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_transient,
    instead_of=("NET055",),
    source="libvirt 11.3.0 src/hypervisor/virhostdev.c; src/qemu/qemu_hostdev.c",
    bad=_bad(_standby(), _by_address("  <driver name='kvm'/> <!-- TEAM026 -->")),
    good=_bad(_standby(), _by_address("  <driver name='vfio'/>")),
)
def transient_driver_not_vfio(context: Context, transient: Teaming) -> Problems:
    """The assigned device asks for another driver than VFIO.

    QEMU assigns devices with vfio-pci alone; libvirt refuses to start a domain that asks for kvm or xen. An interface
    on a network cannot choose: with a virtio model, libvirt allows it the drivers qemu and vhost only and refuses to
    define any other, vfio too.
    """
    name = child_attribute(transient.device, "driver", "name")
    if name not in ("kvm", "xen", "vfio"):
        return
    if transient.is_network_interface:
        if is_virtio(network_model(transient.device)):
            yield Problem(
                Spot(_existing(transient.device, "driver"), "name"),
                f"an interface with a virtio model cannot have the driver '{name}': libvirt refuses the definition",
                "remove <driver name=…>: the network says how its devices are assigned",
                outcome=Outcome.DEFINE,
                fix=_without_driver(_existing(transient.device, "driver")),
            )
    elif name != "vfio":
        yield Problem(
            Spot(_existing(transient.device, "driver"), "name"),
            f"the driver '{name}' cannot assign a device to QEMU: libvirt refuses to start the domain",
            "write <driver name='vfio'/>, or remove the element",
            fix=Fix("write name='vfio'", (SetAttribute(_existing(transient.device, "driver"), "name", "vfio"),)),
        )


def _without_driver(driver: Element) -> Fix:
    if len(driver) == 0 and list(map(str, driver.keys())) == ["name"]:
        return Fix("remove this <driver>", (RemoveElement(driver),))
    return Fix("remove the attribute name", (RemoveAttribute(driver, "name"),))


def _existing(element: Element, name: str) -> Element:
    found = child(element, name)
    assert found is not None
    return found


@rule(
    "TEAM027",
    "teaming-needs-qemu",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    source="libvirt 11.3.0: only src/qemu reads the teaming of a device",
    bad=_bad(
        _standby(teaming="  <teaming type='persistent'/> <!-- TEAM027 -->"), _primary(), type="xen", machine="xenfv"
    ),
    good=_GOOD,
)
def teaming_needs_qemu(context: Context, element: Element) -> Problems:
    """The domain is not run by QEMU.

    Only libvirt's QEMU driver (domain types kvm, qemu and hvf) does something with `<teaming>`; every other one accepts
    the element and ignores it.
    """
    teamings = context.failover.teamings
    if teamings and teamings[0].element is element and not context.domain.runs_on_qemu:
        yield Problem(
            Spot(element),
            f"the domain's type is '{context.domain.type}': only QEMU has failover pairs, <teaming> has no effect",
            "remove <teaming>, or run the domain with type='kvm'",
            tuple((Spot(one.element), "has no effect, too") for one in teamings[1:]),
        )


# Which two devices make a pair.


@rule(
    "TEAM030",
    "persistent-without-alias",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_match,
    source="libvirt 11.3.0 src/qemu/qemu_alias.c (qemuAssignDeviceNetAlias); docs/formatdomain.rst",
    bad=_bad(
        _standby(alias="", teaming="  <teaming type='persistent'/> <!-- TEAM030 -->"),
        _primary(teaming="  <teaming type='transient' persistent='net0'/>"),
    ),
    good=_GOOD,
)
def persistent_without_alias(context: Context, match: Match) -> Problems:
    """The persistent device that a transient one seems to mean has no alias of its own.

    libvirt then makes up one (net0, net1 …) anew at each start, by counting the interfaces. The name in the transient
    device may fit by accident, until an interface is added before it: then the transient device is an ordinary NIC and
    is not unplugged when the VM migrates.
    """
    if match.partner is Partner.WITHOUT_ALIAS and match.persistent is not None:
        name = match.transient.partner_name
        alias = _alias_for(context.failover, None, match.transient)
        both = "" if alias == name else f" and persistent='{alias}' in the transient device"
        yield Problem(
            Spot(match.persistent.element),
            f"this persistent device has no alias, but {describe(match.transient.device)} looks for '{name}': "
            "libvirt numbers such devices anew at each start",
            f"add <alias name='{alias}'/> to this device{both}",
            ((Spot(match.transient.element, "persistent"), "the device that seems to mean it"),),
            fix=give_alias(context.failover, match.persistent, match.transient, alias),
        )


@rule(
    "TEAM031",
    "alias-not-user-defined",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_persistent,
    since="libvirt 3.9.0 keeps aliases that begin with ua-",
    source="libvirt 11.3.0 src/conf/device_conf.c (virDomainDeviceInfoParseXML); docs/formatdomain.rst",
    bad=_bad(
        _standby(alias="  <alias name='uplink'/> <!-- TEAM031 -->"),
        _primary(teaming="  <teaming type='transient' persistent='uplink'/>"),
    ),
    good=_GOOD,
)
def alias_not_user_defined(context: Context, persistent: Teaming) -> Problems:
    """The alias of a persistent device is none that a user may choose.

    libvirt keeps an alias that begins with `ua-` and has only letters, digits, `_` and `-`. Any other it silently drops
    and makes up one of its own: no transient device finds its partner by it.
    """
    alias, failover = persistent.alias, context.failover
    if not isinstance(alias, str) or is_user_alias(alias) or failover.is_assigned(persistent):
        return
    meaning_it = failover.transients_meaning(persistent)
    if is_generated_alias(alias) and not meaning_it:
        return
    fitting = _alias_for(failover, persistent, meaning_it[0] if meaning_it else None)
    others = [one for one in meaning_it if one.partner_name != fitting]
    yield Problem(
        Spot(_existing(persistent.device, "alias"), "name"),
        f"libvirt silently drops the alias '{alias}': it keeps those of ua- and letters, digits, _ and - only",
        f"write <alias name='{fitting}'/> here"
        + (f" and persistent='{fitting}' in the transient device that means it" if others else ""),
        tuple((Spot(one.element, "persistent"), "the device that means it") for one in meaning_it),
        fix=rename_alias(failover, persistent, fitting),
    )


@rule(
    "TEAM032",
    "alias-duplicate",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=_once,
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefValidateAliases)",
    bad=_bad(
        _standby(),
        _primary(),
        _standby(teaming="", mac=_SECOND_MAC, alias="  <alias name='ua-uplink'/> <!-- TEAM032 -->"),
    ),
    good=_bad(
        _standby(),
        _primary(),
        _standby(teaming="", mac=_SECOND_MAC, alias=_SECOND_ALIAS),
    ),
)
def alias_duplicate(context: Context, failover: Failover) -> Problems:
    """Two devices have the same alias.

    libvirt refuses to define the domain. It does not compare the alias of the first serial port with others; there it
    is QEMU that refuses to start. (A serial port and the console that libvirt derives from it share theirs in the XML
    of a running domain; that is no mistake.)
    """
    first_serial = child(context.domain.devices, "serial") if context.domain.devices is not None else None
    for alias, (first, *others) in duplicate_aliases(failover.aliases):
        for device in others:
            at_start = first_serial is not None and first_serial in (first, device)
            yield Problem(
                Spot(_existing(device, "alias"), "name"),
                f"the alias '{alias}' is already that of another device: "
                + ("QEMU refuses to start" if at_start else "libvirt refuses the definition"),
                f"give this {device.tag} an alias of its own, such as '{failover.free_alias(alias)}', or none",
                ((Spot(_existing(first, "alias"), "name"), "the first device with this alias"),),
                outcome=Outcome.START if at_start else None,
            )


@rule(
    "TEAM033",
    "partner-not-found",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_match,
    source=f"libvirt 11.3.0 src/qemu/qemu_command.c, src/qemu/qemu_migration.c; {_SEEN}",
    bad=_bad(
        _standby(),
        _primary(teaming="  <teaming type='transient' persistent='ua-uplnik'/> <!-- TEAM033 -->"),
    ),
    good=_GOOD,
)
def partner_not_found(context: Context, match: Match) -> Problems:
    """A transient device names a partner that no device is.

    libvirt does not check the name. The assigned device shows up in the guest as an ordinary NIC; libvirt lets a live
    migration pass because there is a `<teaming>`, but QEMU does not unplug a device whose partner does not exist: this
    is not safe.
    """
    if match.partner is Partner.NOT_FOUND:
        yield Problem(
            Spot(match.transient.element, "persistent"),
            f"no device has the alias '{match.transient.partner_name}': the assigned device stays an ordinary NIC, "
            "and is not unplugged when the VM migrates",
            _name_the_partner(context.failover, match.transient),
            _meant_related(context.failover, match.transient),
            fix=_fix_of_partner(context.failover, match.transient),
        )


@rule(
    "TEAM034",
    "partner-is-self",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_match,
    source=f"libvirt 11.3.0 src/qemu/qemu_command.c; {_SEEN}",
    bad=_bad(
        _standby(),
        _primary(
            "  <alias name='ua-fast'/>", teaming="  <teaming type='transient' persistent='ua-fast'/> <!-- TEAM034 -->"
        ),
    ),
    good=_GOOD,
)
def partner_is_self(context: Context, match: Match) -> Problems:
    """A transient device names itself as its partner.

    As with a name that no device has, the assigned device is an ordinary NIC and is not unplugged for migration.
    """
    if match.partner is Partner.ITSELF:
        yield Problem(
            Spot(match.transient.element, "persistent"),
            f"'{match.transient.partner_name}' is the alias of this device itself: nothing pairs, and it is not "
            "unplugged when the VM migrates",
            _name_the_partner(context.failover, match.transient),
            _meant_related(context.failover, match.transient),
            fix=_fix_of_partner(context.failover, match.transient),
        )


@rule(
    "TEAM035",
    "partner-not-persistent",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_match,
    source=f"libvirt 11.3.0 src/qemu/qemu_command.c; {_SEEN}",
    bad=_bad(_standby(teaming=""), _primary(teaming=f"{_TRANSIENT} <!-- TEAM035 -->")),
    good=_GOOD,
)
def partner_not_persistent(context: Context, match: Match) -> Problems:
    """A transient device names a device that has no `<teaming type='persistent'/>`.

    libvirt starts that device without `failover=on`: nothing pairs, and the assigned device is not unplugged for
    migration.
    """
    if match.partner is Partner.NOT_PERSISTENT and match.device is not None:
        failover = context.failover
        fit = match.device.tag == "interface" and match.device not in failover.by_device
        fit = fit and is_virtio(network_model(match.device)) and failover.meant_by(match.transient) is None
        remedy = (
            f"add <teaming type='persistent'/> to {describe(match.device)}"
            if fit
            else _name_the_partner(failover, match.transient)
        )
        yield Problem(
            Spot(match.transient.element, "persistent"),
            f"the partner {describe(match.device)} is not persistent: nothing pairs, and the assigned device is not "
            "unplugged when the VM migrates",
            remedy,
            ((Spot(match.device), "the device with this alias"),),
            fix=make_persistent(match.device) if fit else _fix_of_partner(failover, match.transient),
        )


@rule(
    "TEAM036",
    "persistent-shared",
    outcome=Outcome.START,
    on=TEAMING,
    each=_each_persistent,
    source="QEMU 7.2 hw/net/virtio-net.c (failover_find_primary_device_id); seen with QEMU 7.2",
    bad=_bad(_standby(), _primary(), _primary(teaming=f"{_TRANSIENT} <!-- TEAM036 -->")),
    good=_bad(
        _standby(),
        _primary(),
        _standby(mac=_SECOND_MAC, alias=_SECOND_ALIAS),
        _primary(mac=_SECOND_MAC, teaming=_SECOND_TRANSIENT),
    ),
)
def persistent_shared(context: Context, persistent: Teaming) -> Problems:
    """Two transient devices name the same persistent one.

    QEMU attaches one primary device to a standby, and refuses to start with a second.
    """
    sharing = [
        one
        for one in context.failover.transients_of(persistent)
        if one.can_be_assigned and not is_ignored(context, one)
    ]
    first, *extra = sharing or [persistent]
    for transient in extra:
        yield Problem(
            Spot(transient.element, "persistent"),
            f"'{transient.partner_name}' is already the partner of {describe(first.device)}: QEMU refuses to start",
            _partner_of_its_own(context.failover, transient),
            ((Spot(first.element), "the first transient device"), (Spot(persistent.element), "the persistent device")),
        )


def _partner_of_its_own(failover: Failover, transient: Teaming) -> str:
    meant = failover.meant_by(transient)
    if meant is not None and isinstance(meant.alias, str) and is_user_alias(meant.alias):
        return f"write persistent='{meant.alias}', the alias of {describe(meant.device)}"
    alias = failover.free_alias(str(transient.partner_name))
    return (
        f"give this device a persistent interface of its own with <alias name='{alias}'/>, and write "
        f"persistent='{alias}' here"
    )


@rule(
    "TEAM037",
    "persistent-unpaired",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    each=_each_persistent,
    source=f"{_QEMU_DOCUMENT}; {_SEEN}",
    bad=_bad(_standby(teaming="  <teaming type='persistent'/> <!-- TEAM037 -->")),
    good=_GOOD,
)
def persistent_unpaired(context: Context, persistent: Teaming) -> Problems:
    """No transient device names this persistent one.

    The guest runs on the virtio NIC alone, with the overhead of a failover that never has a fast path.
    """
    if persistent in context.failover.unpaired():
        written = persistent.alias
        kept = isinstance(written, str) and is_user_alias(written)
        alias = written if kept else _alias_for(context.failover, persistent, None)
        yield Problem(
            Spot(persistent.element),
            f"no transient device names {describe(persistent.device)}: the guest runs on this virtio NIC alone",
            f"add <teaming type='transient' persistent='{alias}'/> to the assigned device"
            + ("" if kept else f" and <alias name='{alias}'/> here")
            + ", or remove <teaming>",
        )


@rule(
    "TEAM038",
    "source-duplicate",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=_once,
    since="libvirt 9.0.0 refuses the definition; 7.0.0 accepts it and fails at start",
    source="libvirt 9.0.0 src/conf/domain_validate.c; src/hypervisor/virhostdev.c",
    bad=_bad(
        _standby(),
        _by_address(),
        _lines(
            "<hostdev mode='subsystem' type='pci' managed='yes'>",
            "  <source>",
            "    <address type='pci' domain='0' bus='3' slot='16' function='1'/> <!-- TEAM038 -->",
            "  </source>",
            _SECOND_TRANSIENT,
            "</hostdev>",
        ),
        _standby(mac=_SECOND_MAC, alias=_SECOND_ALIAS),
    ),
    good=_bad(
        _standby(),
        _by_address(),
        _lines(
            "<hostdev mode='subsystem' type='pci' managed='yes'>",
            "  <source>",
            "    <address type='pci' domain='0' bus='3' slot='16' function='2'/>",
            "  </source>",
            _SECOND_TRANSIENT,
            "</hostdev>",
        ),
        _standby(mac=_SECOND_MAC, alias=_SECOND_ALIAS),
    ),
)
def source_duplicate(context: Context, failover: Failover) -> Problems:
    """Two devices assign the same host PCI device.

    libvirt 9.0.0 and newer refuse to define the domain; 7.0.0 defines it, and the device is busy when it starts.
    Numbers are compared as libvirt reads them: 0x10 and 16 are the same slot, a missing domain is 0.
    """
    seen: dict[tuple[int, int, int, int], Element] = {}
    at_start = context.libvirt is not None and context.libvirt < Version(7, 1, 0)
    for device in context.domain.devices.iterchildren("interface", "hostdev"):  # type: ignore[union-attr]
        address = host_address(device)
        if address is None:
            continue
        first = seen.setdefault(address, device)
        if first is not device:
            yield Problem(
                Spot(_source_address(device)),
                f"the host device {pci_text(address)} is already assigned by {describe(first)}: libvirt "
                + ("refuses to start the domain" if at_start else "refuses the definition"),
                "name another VF of the host, or use a network with <forward mode='hostdev'>, which picks a free one",
                ((Spot(_source_address(first)), "the first device that assigns it"),),
                outcome=Outcome.START if at_start else None,
            )


def _source_address(device: Element) -> Element:
    return _existing(_existing(device, "source"), "address")


# The MAC addresses, by which the guest pairs.


def _mac_spot(teaming: Teaming) -> Spot:
    element = child(teaming.device, "mac")
    return Spot(teaming.device) if element is None else Spot(element, "address")


@rule(
    "TEAM040",
    "mac-mismatch",
    outcome=Outcome.BROKEN,
    fixable=Fixable.UNSAFE,
    on=TEAMING,
    each=_each_interface_pair,
    source=f"{_NET_FAILOVER}; {_SEEN}",
    bad=_bad(_standby(), _primary(mac="  <mac address='52:54:00:6b:3c:99'/> <!-- TEAM040 -->")),
    good=_GOOD,
)
def mac_mismatch(context: Context, pair: Pair) -> Problems:
    """The two halves of a pair have different MAC addresses, or not both have one.

    The guest pairs by MAC address: it sees two unrelated NICs. libvirt makes up a random address where there is none.
    Addresses are compared as numbers: letter case and leading zeros make no difference.
    """
    if not pair.has_two_macs or pair.persistent.is_hostdev or context.failover.crossed_with(pair) is not None:
        return
    persistent, transient = pair.persistent, pair.transient
    text = persistent.mac_text if persistent.mac is not None else transient.mac_text
    if persistent.mac is None and transient.mac is None:
        message = "neither half of this pair has a MAC address, and libvirt makes up a different one for each"
        remedy = "write the same <mac address='…'/> in both"
    elif persistent.mac is None or transient.mac is None:
        message = f"only one half of this pair has a MAC address ({text}): libvirt makes up another for the other"
        remedy = f"write <mac address='{text}'/> in both"
    else:
        message = f"the MAC address {transient.mac_text} is not that of the persistent half, {text}"
        remedy = f"write <mac address='{text}'/> here"
    yield Problem(
        _mac_spot(transient),
        f"{message}: the guest sees two unrelated NICs",
        remedy,
        ((_mac_spot(persistent), "the persistent half"),),
        fix=make_macs_equal(pair),
    )


@rule(
    "TEAM041",
    "mac-crossed",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    each=_each_interface_pair,
    source=f"{_NET_FAILOVER}; {_QEMU_DOCUMENT}",
    bad=_bad(
        _standby(),
        _primary(mac=_SECOND_MAC),
        _standby(mac=_SECOND_MAC, alias=_SECOND_ALIAS),
        _primary(mac=f"  <mac address='{_MAC}'/> <!-- TEAM041 -->", teaming=_SECOND_TRANSIENT),
    ),
    good=_bad(
        _standby(),
        _primary(),
        _standby(mac=_SECOND_MAC, alias=_SECOND_ALIAS),
        _primary(mac=_SECOND_MAC, teaming=_SECOND_TRANSIENT),
    ),
)
def mac_crossed(context: Context, pair: Pair) -> Problems:
    """The MAC addresses of two pairs are crossed.

    QEMU pairs by alias and the guest by MAC address: here they pair the four devices differently, so that unplugging
    for migration takes the fast path of the wrong NIC.
    """
    other = context.failover.crossed_with(pair)
    if other is not None and context.failover.is_before(other, pair):
        yield Problem(
            _mac_spot(pair.transient),
            f"the MAC addresses of two pairs are crossed: QEMU pairs this device with '{pair.transient.partner_name}', "
            f"the guest with '{other.transient.partner_name}'",
            f"write persistent='{other.transient.partner_name}' here and "
            f"persistent='{pair.transient.partner_name}' in the other transient device, or swap their MAC addresses",
            ((_mac_spot(other.transient), "the other transient device"),),
        )


@rule(
    "TEAM042",
    "mac-not-checkable",
    outcome=Outcome.NOTE,
    on=TEAMING,
    each=_each_transient,
    since="libvirt 7.1.0",
    source='libvirt docs/formatdomain.rst, "Teaming a virtio/hostdev NIC pair"',
    bad=_bad(_standby(), _hostdev(teaming=f"{_TRANSIENT} <!-- TEAM042 -->")),
    good=_GOOD,
)
def mac_not_checkable(context: Context, transient: Teaming) -> Problems:
    """The transient half is a plain hostdev, whose MAC address is not in the XML.

    Whoever starts the VM must set the VF's MAC address on the host to that of the persistent interface before each
    start and migration; an `<interface type='hostdev'>` has libvirt do it.
    """
    if transient.is_hostdev and is_hostdev_of(transient.device, "pci"):
        partner = context.failover.matches[transient].persistent
        mac = partner.mac_text if partner is not None and partner.mac is not None else "that of the persistent half"
        yield Problem(
            Spot(transient.element),
            "the MAC address of this assigned device is set outside of the XML: whether the guest pairs cannot be told",
            f"set the VF's address to {mac} before the VM starts, or use <interface type='hostdev'> with <mac>",
        )


@rule(
    "TEAM043",
    "mac-used-outside-pair",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=TEAMING,
    each=_each_pair,
    source=_NET_FAILOVER,
    bad=_bad(
        _standby(),
        _primary(),
        _standby(teaming="", alias="", mac=f"  <mac address='{_MAC}'/> <!-- TEAM043 -->"),
    ),
    good=_bad(_standby(), _primary(), _standby(teaming="", alias="", mac=_SECOND_MAC)),
)
def mac_used_outside_pair(context: Context, pair: Pair) -> Problems:
    """A third interface has the MAC address of a pair.

    The guest looks for the partner of its failover device by MAC address, and may take the wrong one.
    """
    mac = pair.mac
    if mac is None or not context.failover.is_first_with_its_mac(pair):
        return
    for device in context.failover.interfaces_with_mac(mac):
        if device in (pair.persistent.device, pair.transient.device):
            continue
        if _is_reported_elsewhere(context.failover, pair, device):
            continue
        element = _existing(device, "mac")
        yield Problem(
            Spot(element, "address"),
            f"{pair.persistent.mac_text} is the MAC address of a failover pair: the guest may pair this NIC instead",
            "give this interface a MAC address of its own",
            ((_mac_spot(pair.persistent), "the pair's persistent half"),),
        )


def _is_reported_elsewhere(failover: Failover, pair: Pair, device: Element) -> bool:
    """Tell whether another finding, or none, is due where a device has the MAC address of a pair.

    Of a persistent device that is shared, and of another pair with the same address, one finding is enough.
    """
    teaming = failover.by_device.get(device)
    if teaming is None:
        return False
    match = failover.matches.get(teaming)
    if teaming.role in (Role.UNKNOWN, Role.DEFECTIVE) or (match is not None and match.partner is Partner.NOT_KNOWN):
        return True
    other = failover.pair_of(teaming)
    if other is None:
        return False
    return other.persistent is pair.persistent or other.mac is None or teaming is other.transient


# Where the assigned device is plugged in.


def _guest_address(teaming: Teaming) -> GuestAddress | None:
    address = guest_address(teaming.device)
    return address if isinstance(address, GuestAddress) else None


def _place_spot(transient: Teaming) -> Spot:
    address = _guest_address(transient)
    return Spot(transient.element) if address is None else Spot(address.element)


_NEVER_APPEARS = "QEMU refuses it when the guest asks for it, and the VF never appears in the guest"


@rule(
    "TEAM050",
    "transient-not-pcie",
    outcome=Outcome.BROKEN,
    fixable=Fixable.UNSAFE,
    on=TEAMING,
    each=_each_assigned,
    needs=Needs.HOST,
    source=f'QEMU 7.2 hw/core/qdev.c and hw/vfio/pci.c ("must be on PCIExpress bus"); {_SEEN}',
    bad=_bad(_standby(), _primary(teaming=f"{_TRANSIENT} <!-- TEAM050 -->"), machine="pc-i440fx-8.2"),
    good=_GOOD,
)
def transient_not_pcie(context: Context, transient: Teaming) -> Problems:
    """The assigned device is plugged into conventional PCI.

    The domain is defined and starts. When the guest's virtio driver asks for the assigned device, QEMU refuses to plug
    it into anything but PCI Express and says so in its log: the VF never appears, and the guest runs on the virtio NIC
    alone. Machines with conventional PCI are those of the i440fx family (pc), which is also QEMU's default on x86; on
    q35 and on virt the slots behind a pcie-to-pci-bridge, dmi-to-pci-bridge or pci-bridge are conventional.
    """
    if context.machine.arch in (*S390, *PPC64):
        return
    address = _guest_address(transient)
    if context.pci.root is PciRoot.PCI:
        yield Problem(
            Spot(transient.element),
            f"the assigned device lands on conventional PCI, the only kind that {_machine_in_words(context)} has: "
            f"{_NEVER_APPEARS}",
            _express_machine(context),
            fix=_to_express_machine(context),
        )
    elif address is not None and context.pci.root is not PciRoot.NONE and context.pci.is_conventional(address):
        controller = context.pci.controllers[address.bus]
        yield Problem(
            Spot(address.element),
            f"bus {address.bus} is the conventional PCI of a {controller.model}: {_NEVER_APPEARS}",
            _move_to_a_port(context),
            ((Spot(controller.element), f"the controller of bus {address.bus}"),),
            fix=remove_address(address.element),
        )


def _machine_in_words(context: Context) -> str:
    written = context.domain.machine_name
    if written is None:
        return f"the host's default machine ({context.machine.name})"
    return f"machine '{written}'"


_NUMBERED = r"pc-i440fx-(\d+\.\d+)"


def _express_machine(context: Context) -> str:
    better = _machine_with_express(context)
    if better is None:
        return f"remove <teaming>: no machine of {context.machine.arch} has PCI Express"
    return f"use a machine with PCI Express: machine='{better}' (this changes the guest's hardware)"


def _machine_with_express(context: Context) -> str | None:
    """The machine that is nearest to the domain's own; None where the architecture has none."""
    arch, name = context.machine.arch, context.domain.machine_name
    match = re.fullmatch(_NUMBERED, name) if isinstance(name, str) else None
    if arch in ("aarch64", "armv7l"):
        return "virt"
    if arch not in X86:
        return None
    if match is None or Version.parse(match.group(1)) < Version(2, 4, 0):
        return "q35"
    return f"pc-q35-{match.group(1)}"


def _to_express_machine(context: Context) -> Fix | None:
    better, element = _machine_with_express(context), context.domain.os_type
    if better is None or element is None or context.domain.machine_name is UNKNOWN:
        return None
    words = f"write machine='{better}'; the guest sees other hardware"
    return Fix(words, (SetAttribute(element, "machine", better),), is_safe=False)


def _move_to_a_port(context: Context) -> str:
    ports = context.pci.free_ports()
    if ports:
        return f"remove this <address>, or write bus='0x{ports[0].index:02x}' slot='0x00', a free {ports[0].model}"
    return "remove this <address>: libvirt then gives the device a pcie-root-port of its own"


@rule(
    "TEAM051",
    "architecture-without-pcie",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    each=_each_assigned,
    needs=Needs.HOST,
    source=f"{_QEMU_DOCUMENT}; QEMU 7.2 hw/vfio/pci.c",
    bad=_bad(
        _standby(), _primary(teaming=f"{_TRANSIENT} <!-- TEAM051 -->"), arch="s390x", machine="s390-ccw-virtio-8.2"
    ),
    good=_GOOD,
)
def architecture_without_pcie(context: Context, transient: Teaming) -> Problems:
    """The architecture has no PCI Express to plug the assigned device into.

    On s390x, and on the pseries machines of ppc64, QEMU starts the domain and refuses the assigned device as soon as
    the guest asks for it.
    """
    arch, machine = context.machine.arch, context.machine.name
    pseries = context.machine.kind is MachineKind.PSERIES
    if context.machine.is_s390 or pseries:
        which = f"{arch} ({machine})" if pseries else arch
        yield Problem(
            Spot(transient.element),
            f"{which} has no PCI Express, which failover needs: {_NEVER_APPEARS}",
            "remove <teaming>: there is no failover pair on this architecture",
        )


@rule(
    "TEAM052",
    "machine-without-pci",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=_each_assigned,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/conf/domain_addr.c (virDomainPCIAddressValidate); src/qemu/qemu_domain.c",
    bad=_bad(
        "<controller type='usb' model='none'/>\n<memballoon model='none'/>\n",
        _standby("  <address type='virtio-mmio'/>"),
        _primary(teaming=f"{_TRANSIENT} <!-- TEAM052 -->"),
        machine="microvm",
    ),
    good=_GOOD,
)
def machine_without_pci(context: Context, transient: Teaming) -> Problems:
    """The machine has no PCI at all.

    libvirt refuses to define a domain that assigns a PCI device to microvm, isapc and other machines without PCI.
    """
    if context.pci.root is PciRoot.NONE:
        yield Problem(
            Spot(transient.element),
            f"{_machine_in_words(context)} has no PCI: libvirt refuses to assign a device to it",
            "use a machine with PCI Express, such as q35 on x86_64 or virt on aarch64",
        )


@rule(
    "TEAM053",
    "transient-on-root-complex",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_assigned,
    needs=Needs.HOST,
    source=f"QEMU 7.2 hw/core/qdev.c (hotplug of a bus); {_SEEN}",
    bad=_bad(
        _standby(),
        _primary("  <address type='pci' domain='0x0000' bus='0x00' slot='0x08' function='0x0'/> <!-- TEAM053 -->"),
    ),
    good=_bad(_PORT, _standby(), _primary(_ON_THE_PORT)),
)
def transient_on_root_complex(context: Context, transient: Teaming) -> Problems:
    """The assigned device is plugged right into the root complex.

    Nothing can be hotplugged into bus 0 of q35 and virt, and the assigned device of a failover pair is hotplugged when
    the guest asks for it: it never appears.
    """
    address = _guest_address(transient)
    if address is not None and address.bus == 0 and context.pci.root is PciRoot.PCIE:
        yield Problem(
            Spot(address.element),
            f"bus 0 is the root complex, which allows no hotplug: {_NEVER_APPEARS}",
            _move_to_a_port(context),
            fix=remove_address(address.element),
        )


@rule(
    "TEAM054",
    "port-without-hotplug",
    outcome=Outcome.START,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_assigned,
    needs=Needs.HOST,
    since="libvirt 6.3.0 reads the attribute hotplug",
    source="QEMU 7.2 hw/pci/pcie_port.c; libvirt 11.3.0 src/qemu/qemu_domain_address.c",
    bad=_bad(
        "<controller type='pci' index='0' model='pcie-root'/>\n",
        _lines(
            "<controller type='pci' index='1' model='pcie-root-port'>",
            "  <target hotplug='off'/>",
            "</controller>",
        ),
        _standby(),
        _primary(f"{_ON_THE_PORT} <!-- TEAM054 -->"),
    ),
    good=_bad(_PORT, _standby(), _primary(_ON_THE_PORT)),
)
def port_without_hotplug(context: Context, transient: Teaming) -> Problems:
    """The port of the assigned device does not allow hotplug.

    QEMU refuses to start. libvirt does not avoid ports with `<target hotplug='off'/>` when it chooses a place for a
    device that has no `<address>`: it fills the declared ports in order, file systems and interfaces first, then
    controllers, disks and assigned devices.
    """
    port = context.pci.port_of(transient.device) if context.pci.has_port_without_hotplug else None
    if port is not None and not port.allows_hotplug:
        chosen = "" if _guest_address(transient) else ", which libvirt chooses for it,"
        other = next((one for one in context.pci.free_ports() if one.allows_hotplug), None)
        move = f"bus='0x{other.index:02x}'" if other else "the bus of a pcie-root-port that allows it"
        yield Problem(
            _place_spot(transient),
            f"the port of this assigned device{chosen} (bus {port.index}) forbids hotplug: QEMU refuses to start",
            f"remove hotplug='off' from the controller, or write <address type='pci' {move} slot='0x00'/> here",
            ((Spot(port.element), f"the port with index {port.index}"),),
            fix=None if chosen and other is not None else allow_hotplug(port.element),
        )


@rule(
    "TEAM055",
    "transient-multifunction",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_assigned,
    source=f'QEMU 7.2 hw/vfio/pci.c and hw/pci/pci.c ("must be in its own PCI slot"); {_SEEN}',
    bad=_bad(
        _standby(),
        _primary("  <address type='pci' bus='0x02' slot='0x00' function='0x1'/> <!-- TEAM055 -->"),
    ),
    good=_bad(_standby(), _primary("  <address type='pci' bus='0x02' slot='0x00' function='0x0'/>")),
)
def transient_multifunction(context: Context, transient: Teaming) -> Problems:
    """The assigned device shares its slot in the guest: another function than 0, or multifunction.

    QEMU demands that the primary device of a pair has a slot of its own. It starts, and refuses the device when the
    guest asks for it.
    """
    address = _guest_address(transient)
    if address is None or (address.function == 0 and not address.multifunction) or _shares_slot(context, transient):
        return
    what = f"function {address.function} of a slot" if address.function else "a multifunction slot"
    yield Problem(
        Spot(address.element, "function" if address.function else "multifunction"),
        f"the assigned device is {what}, but needs a slot of its own: {_NEVER_APPEARS}",
        "write function='0x0' without multifunction='on', in a slot of its own; or remove the <address>",
        fix=remove_address(address.element),
    )


def _shares_slot(context: Context, transient: Teaming) -> bool:
    pair = context.failover.pair_of(transient)
    return pair is not None and _same_slot(pair) is not None


def _same_slot(pair: Pair) -> tuple[GuestAddress, GuestAddress] | None:
    one, other = _guest_address(pair.persistent), _guest_address(pair.transient)
    if one is None or other is None or one[1:4] != other[1:4]:
        return None
    return one, other


@rule(
    "TEAM056",
    "pair-shares-slot",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_pair,
    source=f"QEMU 7.2 hw/vfio/pci.c; libvirt 11.3.0 src/conf/domain_addr.c; {_SEEN}",
    bad=_bad(
        _standby("  <address type='pci' bus='0x02' slot='0x00' function='0x0' multifunction='on'/>"),
        _primary("  <address type='pci' bus='0x02' slot='0x00' function='0x1'/> <!-- TEAM056 -->"),
    ),
    good=_bad(
        _standby("  <address type='pci' bus='0x02' slot='0x00' function='0x0'/>"),
        _primary("  <address type='pci' bus='0x03' slot='0x00' function='0x0'/>"),
    ),
)
def pair_shares_slot(context: Context, pair: Pair) -> Problems:
    """Both halves of a pair are in the same slot of the guest.

    QEMU refuses the assigned device when the guest asks for it, since it has no slot of its own. Where the function is
    the same, too, libvirt refuses to define the domain.
    """
    addresses = _same_slot(pair)
    if addresses is None:
        return
    persistent, transient = addresses
    refused = persistent.function == transient.function
    yield Problem(
        Spot(transient.element),
        "both halves of this pair are at the same PCI address: libvirt refuses the definition"
        if refused
        else f"both halves of this pair are in the same PCI slot: {_NEVER_APPEARS}",
        "give the assigned device a slot of its own, or remove its <address>",
        ((Spot(persistent.element), "the address of the persistent half"),),
        outcome=Outcome.DEFINE if refused else None,
        fix=remove_address(transient.element),
    )


@rule(
    "TEAM057",
    "transient-network-model",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_transient,
    needs=Needs.HOST | Needs.NETWORKS,
    source="libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainDeviceCalculatePCIConnectFlags); seen with 9.0.0",
    bad=_bad(_standby(), _primary(model="  <model type='rtl8139'/> <!-- TEAM057 -->")),
    good=_GOOD,
)
def transient_network_model(context: Context, transient: Teaming) -> Problems:
    """The model of a transient interface on a network makes libvirt choose a conventional PCI slot.

    When it assigns guest addresses, libvirt looks at the model alone: for rtl8139, e1000, vmxnet3, virtio-transitional
    and other old models it takes a slot behind a pcie-to-pci-bridge, where QEMU refuses the assigned device later. With
    virtio, virtio-non-transitional, e1000e and igb the device gets a pcie-root-port. Without a `<model>` it depends on
    the network: if libvirt knows that it hands out host devices, the place is right, else the machine's default model
    counts.
    """
    model = network_model(transient.device)
    if not transient.is_network_interface or context.pci.root is not PciRoot.PCIE:
        return
    if guest_address(transient.device) is not None:
        return
    element = child(transient.device, "model")
    spot = Spot(transient.element) if element is None else Spot(element, "type")
    if isinstance(model, str) and model.lower() in NETWORK_MODELS_ON_CONVENTIONAL_PCI:
        yield Problem(
            spot,
            f"libvirt puts a '{model}' behind a conventional PCI bridge: {_NEVER_APPEARS}",
            "write <model type='virtio'/> (the guest sees the VF itself, whatever the model)",
            fix=Fix(
                "write <model type='virtio'/>", (SetAttribute(_existing(transient.device, "model"), "type", "virtio"),)
            ),
        )
    elif model is None and context.failover.network_of(transient.device) is UNKNOWN:
        default = context.default_network_model
        if isinstance(default, str) and default.lower() in NETWORK_MODELS_ON_CONVENTIONAL_PCI:
            yield Problem(
                spot,
                f"without a <model>, libvirt may take the machine's default '{default}' and put the device behind a "
                "conventional PCI bridge: the VF would then never appear in the guest",
                "write <model type='virtio'/>, or give the network's definition with --network",
                severity=Severity.WARNING,
            )


@rule(
    "TEAM058",
    "transient-ramfb",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_transient,
    source='QEMU 7.2 hw/vfio/pci.c; libvirt docs/formatdomain.rst, "Host device assignment"',
    bad=_bad(
        _standby(),
        _hostdev(opening="<hostdev mode='subsystem' type='pci' managed='yes' ramfb='on'> <!-- TEAM058 -->"),
    ),
    good=_bad(_standby(), _hostdev()),
)
def transient_ramfb(context: Context, transient: Teaming) -> Problems:
    """The transient hostdev asks for a boot framebuffer.

    A device with ramfb cannot be hotplugged, and the assigned device of a pair is hotplugged when the guest asks for
    it: it never appears.
    """
    if transient.is_hostdev and attribute(transient.device, "ramfb") == "on":
        yield Problem(
            Spot(transient.device, "ramfb"),
            f"a device with ramfb='on' cannot be hotplugged: {_NEVER_APPEARS}",
            "remove ramfb='on' (a NIC has no display)",
            fix=Fix("remove ramfb='on'", (RemoveAttribute(transient.device, "ramfb"),)),
        )


# What else is set on the two halves.


@rule(
    "TEAM060",
    "bandwidth-on-transient",
    outcome=Outcome.START,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_transient,
    source="libvirt 11.3.0 src/conf/netdev_bandwidth_conf.c (virNetDevSupportsBandwidth), src/qemu/qemu_hostdev.c",
    bad=_bad(
        _standby(),
        _primary("  <bandwidth> <!-- TEAM060 -->", "    <outbound average='128000'/>", "  </bandwidth>"),
    ),
    good=_bad(_standby("  <bandwidth>", "    <outbound average='128000'/>", "  </bandwidth>"), _primary()),
)
def bandwidth_on_transient(context: Context, transient: Teaming) -> Problems:
    """The transient interface limits its bandwidth.

    libvirt can limit only devices that pass through the host's network; it refuses to start the domain.
    """
    bandwidth = child(transient.device, "bandwidth")
    if bandwidth is not None and not transient.is_hostdev:
        yield Problem(
            Spot(bandwidth),
            "<bandwidth> has no meaning for an assigned device: libvirt refuses to start the domain",
            "move it to the persistent interface, and limit the VF on the host (ip link set … vf … max_tx_rate)",
            fix=move_to_persistent(context.failover, transient, bandwidth),
        )


@rule(
    "TEAM061",
    "vlan-mismatch",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=TEAMING,
    each=_each_interface_pair,
    needs=Needs.NETWORKS,
    source='libvirt docs/formatdomain.rst, "Setting VLAN tag"',
    bad=_bad(_standby(), _primary("  <vlan> <!-- TEAM061 -->", "    <tag id='42'/>", "  </vlan>")),
    good=_bad(
        _standby("  <vlan>", "    <tag id='42'/>", "  </vlan>"),
        _primary("  <vlan>", "    <tag id='42'/>", "  </vlan>"),
    ),
)
def vlan_mismatch(context: Context, pair: Pair) -> Problems:
    """The two halves of a pair have different VLAN tags.

    After a failover the guest is in another network. A tag counts where the interface itself, its port group or its
    network sets it. A VLAN on a plain Linux bridge is refused at start by libvirt before 11.0.0: set it on the bridge
    port of the host then.
    """
    own, other = (_vlan_of(context.failover, teaming) for teaming in pair)
    if isinstance(own, Unknown) or isinstance(other, Unknown) or (own or frozenset()) == (other or frozenset()):
        return
    spots = [_vlan_spot(teaming) for teaming in (pair.transient, pair.persistent)]
    yield Problem(
        spots[0],
        f"the assigned device is in {_vlan_in_words(other)}, the persistent interface in {_vlan_in_words(own)}: "
        "after a failover the guest is in another network",
        "give both halves the same <vlan>",
        ((spots[1], "the persistent half"),),
    )


def _vlan_of(failover: Failover, teaming: Teaming) -> frozenset[str] | Unknown | None:
    own = vlan_tags(teaming.device)
    if own is not None:
        return UNKNOWN if any(not tag.isdigit() for tag in own) else own
    network = failover.network_of(teaming.device)
    if isinstance(network, Network):
        portgroup = child_attribute(teaming.device, "source", "portgroup")
        return UNKNOWN if isinstance(portgroup, Unknown) else network.vlan_of(portgroup)
    return network


def _vlan_spot(teaming: Teaming) -> Spot:
    vlan = child(teaming.device, "vlan")
    return Spot(teaming.element if vlan is None else vlan)


def _vlan_in_words(tags: frozenset[str] | None) -> str:
    if not tags:
        return "no VLAN"
    return f"VLAN {', '.join(sorted(tags, key=int))}"


@rule(
    "TEAM062",
    "port-isolated-on-transient",
    outcome=Outcome.DEFINE,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=_each_transient,
    since="libvirt 6.1.0",
    instead_of=("NET024",),
    source=f"{_VALIDATE}; src/conf/domain_validate.c",
    bad=_bad(_standby(), _by_address("  <port isolated='yes'/> <!-- TEAM062 -->")),
    good=_bad(_standby("  <port isolated='yes'/>"), _by_address()),
)
def port_isolated_on_transient(context: Context, transient: Teaming) -> Problems:
    """The assigned interface asks to be isolated from other ports of a bridge.

    It is on no bridge; libvirt refuses to define the domain.
    """
    if transient.is_hostdev_interface and child_attribute(transient.device, "port", "isolated") == "yes":
        yield Problem(
            Spot(_existing(transient.device, "port"), "isolated"),
            "an assigned interface is on no bridge to be isolated on: libvirt refuses the definition",
            "remove <port isolated='yes'/> here; it belongs on the persistent interface",
            fix=move_isolation(context.failover, transient, _existing(transient.device, "port")),
        )


@rule(
    "TEAM063",
    "pair-on-different-segments",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=TEAMING,
    each=_each_persistent,
    source=f"{_NET_FAILOVER}; {_QEMU_DOCUMENT}",
    bad=_bad(
        _standby(
            opening="<interface type='user'>", source="", teaming="  <teaming type='persistent'/> <!-- TEAM063 -->"
        ),
        _primary(),
    ),
    good=_GOOD,
)
def pair_on_different_segments(context: Context, persistent: Teaming) -> Problems:
    """The persistent interface is behind QEMU's user-mode network.

    With type user (slirp or passt), or with passt behind vhost-user, it has an address of its own behind NAT, while the
    VF is in the physical network: the guest loses its connections when it fails over. Both halves must be in one
    subnet.
    """
    written = interface_type(persistent.device)
    passt = written == "vhostuser" and child_attribute(persistent.device, "backend", "type") == "passt"
    if persistent.device.tag == "interface" and (written == "user" or passt):
        yield Problem(
            Spot(persistent.element),
            f"the persistent interface is of type '{written}'{' with passt' if passt else ''}, behind NAT, and the VF "
            "in the physical network: connections break when the guest fails over",
            "connect it to the bridge or network that the VF's port is in (type='bridge', 'network' or 'direct')",
        )


@rule(
    "TEAM064",
    "persistent-link-down",
    outcome=Outcome.NOTE,
    on=TEAMING,
    each=_each_persistent,
    source=_NET_FAILOVER,
    bad=_bad(_standby("  <link state='down'/> <!-- TEAM064 -->"), _primary()),
    good=_GOOD,
)
def persistent_link_down(context: Context, persistent: Teaming) -> Problems:
    """The link of the persistent interface is down.

    The kernel's document proposes this, so that traffic takes the VF only. Whoever migrates the VM must set the link up
    before (`virsh domif-setlink`) and down again after, else the guest has no network meanwhile.
    """
    if child_attribute(persistent.device, "link", "state") == "down":
        yield Problem(
            Spot(_existing(persistent.device, "link"), "state"),
            "the link of the persistent interface is down: while the VM migrates, it has no network",
            "have your management raise it for migration (virsh domif-setlink), or remove <link state='down'/>",
        )


# Booting.


@rule(
    "TEAM070",
    "boot-from-transient",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    severity=Severity.WARNING,
    on=TEAMING,
    each=_each_transient,
    source=_QEMU_DOCUMENT,
    bad=_bad(_standby(), _primary("  <boot order='1'/> <!-- TEAM070 -->")),
    good=_bad(_standby("  <boot order='1'/>"), _primary()),
)
def boot_from_transient(context: Context, transient: Teaming) -> Problems:
    """The VM shall boot from the assigned device.

    The device is not there before the guest's virtio driver asks for it, and so not for the firmware.
    """
    boot = child(transient.device, "boot")
    order = child_attribute(transient.device, "boot", "order")
    if boot is not None and isinstance(order, str):
        yield Problem(
            Spot(boot, "order"),
            "the assigned device is not there when the firmware looks for something to boot",
            f"move <boot order='{order}'/> to the persistent interface",
            fix=move_to_persistent(context.failover, transient, boot, is_safe=_boots_only(context, boot)),
        )


def _boots_only(context: Context, boot: Element) -> bool:
    """Tell whether nothing else is there to boot from: what the VM boots from today is not put behind the network."""
    devices = context.domain.devices
    others = () if devices is None else (child(device, "boot") for device in devices.iterchildren("*"))
    return all(other is None or other is boot for other in others)


@rule(
    "TEAM071",
    "boot-order-duplicate",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=_once,
    instead_of=("BOOT002",),
    source=f"{_PARSER} (virDomainDeviceBootParseXML); src/conf/domain_postparse.c (virDomainDefCollectBootOrder)",
    bad=_bad(
        _standby("  <boot order='1'/>"),
        _primary(),
        _standby(
            "  <boot order='1'/> <!-- TEAM071 -->",
            mac=_SECOND_MAC,
            teaming="",
            alias="",
        ),
    ),
    good=_bad(
        _standby("  <boot order='1'/>"),
        _primary(),
        _standby("  <boot order='2'/>", mac=_SECOND_MAC, teaming="", alias=""),
    ),
)
def boot_order_duplicate(context: Context, failover: Failover) -> Problems:
    """Two devices have the same boot order.

    libvirt refuses to define the domain.
    """
    seen: dict[int, Element] = {}
    for device in context.domain.devices.iterchildren("*"):  # type: ignore[union-attr]
        boot = child(device, "boot")
        order = decimal(attribute(boot, "order"))
        if boot is None or not isinstance(order, int):
            continue
        first = seen.setdefault(order, boot)
        if first is not boot:
            yield Problem(
                Spot(boot, "order"),
                f"the boot order {order} is already that of another device: libvirt refuses the definition",
                f"write a number that no other device has, such as {_free_number(context.domain.devices)}",
                ((Spot(first, "order"), "the first device with this order"),),
            )


def _free_number(devices: Element | None) -> int:
    boots = [] if devices is None else [child(device, "boot") for device in devices.iterchildren("*")]
    orders = [decimal(attribute(boot, "order")) for boot in boots]
    return max((order for order in orders if isinstance(order, int)), default=0) + 1


# Live migration, which is what failover is for.


@rule(
    "TEAM080",
    "hostdev-blocks-migration",
    outcome=Outcome.MIGRATE,
    on=TEAMING,
    each=_once,
    needs=Needs.HOST | Needs.NETWORKS,
    source="libvirt 11.3.0 src/qemu/qemu_migration.c (qemuMigrationSrcIsAllowedHostdev)",
    bad=_bad(
        _standby(),
        _primary(),
        _lines(
            "<hostdev mode='subsystem' type='pci' managed='yes'> <!-- TEAM080 -->",
            "  <source><address type='pci' domain='0x0000' bus='0x65' slot='0x00' function='0x0'/></source>",
            "</hostdev>",
        ),
    ),
    good=_bad(
        _standby(),
        _primary(),
        _lines(
            "<hostdev mode='subsystem' type='usb'>",
            "  <source><vendor id='0x0403'/><product id='0x6001'/></source>",
            "</hostdev>",
        ),
    ),
)
def hostdev_blocks_migration(context: Context, failover: Failover) -> Problems:
    """Another assigned device keeps the VM from migrating.

    Failover is there for live migration, and libvirt refuses to migrate a VM with an assigned PCI, mediated or SCSI
    device that is not teamed. USB devices are fine. libvirt since 8.6.0 leaves SCSI devices and those of mode
    capabilities to QEMU, where QEMU reports what blocks a migration.
    """
    if not failover.is_wanted or context.domain.devices is None:
        return
    for device in context.domain.devices.iterchildren("interface", "hostdev"):
        if is_other_assigned_device(device, failover) and not _left_to_qemu(context, device):
            yield Problem(
                Spot(device),
                f"{describe(device)} is assigned and not teamed: libvirt refuses to migrate the VM, "
                "which the failover pair is there for",
                "make it the transient half of a pair of its own, or do without it",
                ((Spot(failover.teamings[0].element), "failover is wanted here"),),
            )


def _left_to_qemu(context: Context, device: Element) -> bool:
    if device.tag == "interface" or is_hostdev_of(device, "pci", "mdev") or context.host is None:
        return False
    reports = context.host.answer("migration.blocked-reasons").presence in (Presence.PRESENT, Presence.IMPLIED)
    return reports and (context.libvirt is None or context.libvirt >= BLOCKERS_ASKED_SINCE)


@rule(
    "TEAM081",
    "device-blocks-migration",
    outcome=Outcome.MIGRATE,
    on=TEAMING,
    each=_once,
    source="libvirt 11.3.0 src/qemu/qemu_migration.c (qemuMigrationSrcIsAllowed)",
    bad=_bad(
        _standby(),
        _primary(),
        _lines(
            "<shmem name='telemetry'> <!-- TEAM081 -->",
            "  <model type='ivshmem-plain'/>",
            "  <size unit='M'>4</size>",
            "</shmem>",
        ),
    ),
    good=_bad(
        _standby(),
        _primary(),
        _lines(
            "<shmem name='telemetry' role='master'>",
            "  <model type='ivshmem-plain'/>",
            "  <size unit='M'>4</size>",
            "</shmem>",
        ),
    ),
)
def device_blocks_migration(context: Context, failover: Failover) -> Problems:
    """Something else in the domain keeps the VM from migrating.

    Failover is there for live migration, and libvirt refuses to migrate a VM with shared memory in another role than
    master, with a disk whose changes are thrown away (`<transient/>`), or with the CPU feature invtsc required and no
    frequency set for the TSC.
    """
    if not failover.is_wanted or context.domain.devices is None:
        return
    for spot, what, remedy in _migration_blockers(context):
        yield Problem(
            spot,
            f"{what}: libvirt refuses to migrate the VM, which the failover pair is there for",
            remedy,
            ((Spot(failover.teamings[0].element), "failover is wanted here"),),
        )


def _migration_blockers(context: Context) -> Iterable[tuple[Spot, str, str]]:
    devices = context.domain.devices
    assert devices is not None
    for shmem in devices.iterchildren("shmem"):
        role = attribute(shmem, "role")
        if role not in ("master", UNKNOWN):
            yield Spot(shmem, "role"), f"shared memory with the role {role or 'peer'}", "write role='master'"
    for disk in devices.iterchildren("disk"):
        transient = child(disk, "transient")
        if transient is not None:
            yield Spot(transient), "a disk whose changes are thrown away", "remove <transient/>, or do without the disk"
    feature = _required_invtsc(context.domain.element)
    if feature is not None and not _has_tsc_frequency(context.domain.element):
        yield (
            Spot(feature, "name"),
            "the CPU feature invtsc is required and the TSC has no set frequency",
            "add <timer name='tsc' frequency='HZ'/> to <clock>, or do not require invtsc",
        )


def _required_invtsc(domain: Element) -> Element | None:
    cpu = child(domain, "cpu")
    for feature in () if cpu is None else cpu.iterchildren("feature"):
        if attribute(feature, "name") == "invtsc" and attribute(feature, "policy") in (None, "require", "force"):
            return feature
    return None


def _has_tsc_frequency(domain: Element) -> bool:
    clock = child(domain, "clock")
    timers = () if clock is None else clock.iterchildren("timer")
    return any(attribute(timer, "name") == "tsc" and attribute(timer, "frequency") is not None for timer in timers)


@rule(
    "TEAM082",
    "transient-fixed-address",
    outcome=Outcome.NOTE,
    on=TEAMING,
    each=_each_transient,
    source='libvirt docs/formatdomain.rst, "PCI Passthrough" and "Teaming a virtio/hostdev NIC pair"',
    bad=_bad(
        _standby(),
        _by_address().replace("function='0x1'/>", "function='0x1'/> <!-- TEAM082 -->"),
    ),
    good=_GOOD,
)
def transient_fixed_address(context: Context, transient: Teaming) -> Problems:
    """The transient device names a host device by its address.

    The address must exist and be free on every host the VM migrates to, or be rewritten on the way. A network with
    `<forward mode='hostdev'>` picks a free VF by itself.
    """
    address = host_address(transient.device)
    if address is not None:
        yield Problem(
            Spot(_source_address(transient.device)),
            f"the host device {pci_text(address)} must exist, and be free, on every host that the VM migrates to",
            "use <interface type='network'> with a network of <forward mode='hostdev'>, which picks a free VF",
        )


@rule(
    "TEAM083",
    "transient-unmanaged",
    outcome=Outcome.NOTE,
    on=TEAMING,
    each=_each_transient,
    source='libvirt docs/formatdomain.rst, "Host device assignment" (managed)',
    bad=_bad(_standby(), _by_address(opening="<interface type='hostdev'> <!-- TEAM083 -->")),
    good=_GOOD_BY_ADDRESS,
)
def transient_unmanaged(context: Context, transient: Teaming) -> Problems:
    """libvirt does not bind the assigned device to VFIO itself.

    Without `managed='yes'` whoever starts the VM binds the host device to vfio-pci before, on the host it migrates to
    as well.
    """
    managed = attribute(transient.device, "managed")
    if managed in (None, "", "no") and (transient.is_hostdev_interface or is_hostdev_of(transient.device, "pci")):
        yield Problem(
            Spot(transient.device, "managed"),
            "this assigned device is not managed: it must be bound to vfio-pci before the VM starts, on every host",
            "write managed='yes' to have libvirt do it",
        )


# Pairs that nobody teamed.


def _each_lone_assigned(context: Context, element: Element) -> Iterator[Element]:
    if interface_type(element) not in ("hostdev", "network") or not context.domain.runs_on_qemu:
        return
    failover = context.failover
    if element not in failover.by_device and (
        interface_type(element) == "hostdev" or failover.is_on_hostdev_network(element)
    ):
        yield element


@rule(
    "TEAM090",
    "failover-pair-without-teaming",
    outcome=Outcome.NOTE,
    on="devices/interface",
    each=_each_lone_assigned,
    needs=Needs.NETWORKS,
    source=f"{_NET_FAILOVER}; {_QEMU_DOCUMENT}",
    bad=_bad(
        _standby(teaming="", alias=""), _primary(teaming="", opening="<interface type='network'> <!-- TEAM090 -->")
    ),
    good=_GOOD,
)
def pair_without_teaming(context: Context, device: Element) -> Problems:
    """A virtio interface and an assigned one have the same MAC address, and neither is teamed.

    That looks like a failover pair whose `<teaming>` was forgotten: QEMU does not hide the assigned device, and refuses
    to migrate the VM.
    """
    mac = mac_number(child_attribute(device, "mac", "address"))
    if not isinstance(mac, int):
        return
    for other in context.failover.interfaces_with_mac(mac):
        assigned = interface_type(other) == "hostdev" or context.failover.is_on_hostdev_network(other)
        teamed = other in context.failover.by_device
        model = network_model(other)
        standby = is_virtio(context.default_network_model if model is None else model)
        if other is device or assigned or teamed or not standby:
            continue
        alias = alias_of(other)
        kept = isinstance(alias, str) and is_user_alias(alias)
        name = alias if kept else context.failover.free_alias("ua-standby")
        yield Problem(
            Spot(device),
            f"this assigned interface and {describe(other)} have the same MAC address, like a failover pair, "
            "but neither has <teaming>",
            f"for failover, add <teaming type='transient' persistent='{name}'/> here, and to the virtio interface "
            f"<teaming type='persistent'/> and <alias name='{name}'/>",
            ((Spot(other), "the virtio interface"),),
        )
