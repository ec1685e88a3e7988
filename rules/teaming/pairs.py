"""TEAM030 to TEAM043: which two devices make a pair, by alias and by MAC address."""

from __future__ import annotations

from typing import Final

from domlint.changes import Fix
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import (
    alias_of,
    as_user_alias,
    describe,
    host_address,
    is_hostdev_of,
    is_user_alias,
    is_virtio,
    network_model,
    pci_text,
)
from domlint.domain.failover import Failover, Match, Pair, Partner, Role, Teaming, duplicate_aliases, is_generated_alias
from domlint.domain.failover_fixes import give_alias, make_macs_equal, make_persistent, name_partner, rename_alias
from domlint.domain.values import child
from domlint.findings import Outcome, Severity
from domlint.rule import Fixable, Problem, Problems, Spot, rule
from domlint.rules.teaming import (
    GOOD,
    MAC,
    NET_FAILOVER,
    QEMU_DOCUMENT,
    SECOND_MAC,
    SEEN,
    TEAMING,
    TRANSIENT,
    by_address_xml,
    each_failover,
    each_interface_pair,
    each_match,
    each_pair,
    each_persistent,
    each_transient,
    example_of,
    existing,
    hostdev_xml,
    is_ignored,
    lines_of,
    primary_xml,
    standby_xml,
)
from domlint.versions import Version

# Which two devices make a pair.


def fix_of_partner(failover: Failover, transient: Teaming) -> Fix | None:
    """The fix that has a transient device name the partner that is probably meant."""
    return name_partner(failover, transient, alias_for(failover, failover.meant_by(transient), transient))


def name_the_partner(failover: Failover, transient: Teaming) -> str:
    """The way out for people, where a transient device names no partner, or one that does not fit."""
    meant = failover.meant_by(transient)
    if meant is None:
        return _make_a_partner(failover, transient)
    if isinstance(meant.alias, str) and is_user_alias(meant.alias):
        return f"write persistent='{meant.alias}', the alias of {describe(meant.device)}"
    alias = alias_for(failover, meant, transient)
    return f"give {describe(meant.device)} <alias name='{alias}'/> and write persistent='{alias}' here"


def _make_a_partner(failover: Failover, transient: Teaming) -> str:
    standby = failover.unteamed_standby(transient)
    if standby is None:
        return "write persistent='ALIAS' with the alias of a virtio interface that has <teaming type='persistent'/>"
    alias = alias_of(standby)
    if isinstance(alias, str) and is_user_alias(alias):
        return f"write persistent='{alias}' here, and add <teaming type='persistent'/> to {describe(standby)}"
    alias = alias_for(failover, None, transient)
    return (
        f"add <teaming type='persistent'/> and <alias name='{alias}'/> to {describe(standby)}, "
        f"and write persistent='{alias}' here"
    )


def alias_for(failover: Failover, persistent: Teaming | None, transient: Teaming | None) -> str:
    """The alias that a persistent device should get: what a transient one asks for, else the nearest to its own."""
    wanted = None if transient is None else transient.partner_name
    if isinstance(wanted, str) and is_user_alias(wanted) and wanted not in failover.aliases:
        return wanted
    own = None if persistent is None else persistent.alias
    return failover.free_alias(as_user_alias(own) if isinstance(own, str) else "ua-standby")


def meant_related(failover: Failover, transient: Teaming) -> tuple[tuple[Spot, str], ...]:
    """The device that is probably meant, as a place that belongs to the finding."""
    meant = failover.meant_by(transient)
    return () if meant is None else ((Spot(meant.element), "this persistent device is probably meant"),)


_SECOND_ALIAS: Final = "  <alias name='ua-second'/>"
_SECOND_TRANSIENT: Final = "  <teaming type='transient' persistent='ua-second'/>"


@rule(
    "TEAM030",
    "persistent-without-alias",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_match,
    source="libvirt 11.3.0 src/qemu/qemu_alias.c (qemuAssignDeviceNetAlias); docs/formatdomain.rst",
    bad=example_of(
        standby_xml(alias="", teaming="  <teaming type='persistent'/> <!-- TEAM030 -->"),
        primary_xml(teaming="  <teaming type='transient' persistent='net0'/>"),
    ),
    good=GOOD,
)
def persistent_without_alias(context: Context, match: Match) -> Problems:
    """The persistent device that a transient one seems to mean has no alias of its own.

    libvirt then makes up one (net0, net1 …) anew at each start, by counting the interfaces. The name in the transient
    device may fit by accident, until an interface is added before it: then the transient device is an ordinary NIC and
    is not unplugged when the VM migrates.
    """
    if match.partner is Partner.WITHOUT_ALIAS and match.persistent is not None:
        name = match.transient.partner_name
        alias = alias_for(context.failover, None, match.transient)
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
    each=each_persistent,
    since="libvirt 3.9.0 keeps aliases that begin with ua-",
    source="libvirt 11.3.0 src/conf/device_conf.c (virDomainDeviceInfoParseXML); docs/formatdomain.rst",
    bad=example_of(
        standby_xml(alias="  <alias name='uplink'/> <!-- TEAM031 -->"),
        primary_xml(teaming="  <teaming type='transient' persistent='uplink'/>"),
    ),
    good=GOOD,
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
    fitting = alias_for(failover, persistent, meaning_it[0] if meaning_it else None)
    others = [one for one in meaning_it if one.partner_name != fitting]
    yield Problem(
        Spot(existing(persistent.device, "alias"), "name"),
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
    each=each_failover,
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefValidateAliases)",
    bad=example_of(
        standby_xml(),
        primary_xml(),
        standby_xml(teaming="", mac=SECOND_MAC, alias="  <alias name='ua-uplink'/> <!-- TEAM032 -->"),
    ),
    good=example_of(
        standby_xml(),
        primary_xml(),
        standby_xml(teaming="", mac=SECOND_MAC, alias=_SECOND_ALIAS),
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
                Spot(existing(device, "alias"), "name"),
                f"the alias '{alias}' is already that of another device: "
                + ("QEMU refuses to start" if at_start else "libvirt refuses the definition"),
                f"give this {device.tag} an alias of its own, such as '{failover.free_alias(alias)}', or none",
                ((Spot(existing(first, "alias"), "name"), "the first device with this alias"),),
                outcome=Outcome.START if at_start else None,
            )


@rule(
    "TEAM033",
    "partner-not-found",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_match,
    source=f"libvirt 11.3.0 src/qemu/qemu_command.c, src/qemu/qemu_migration.c; {SEEN}",
    bad=example_of(
        standby_xml(),
        primary_xml(teaming="  <teaming type='transient' persistent='ua-uplnik'/> <!-- TEAM033 -->"),
    ),
    good=GOOD,
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
            name_the_partner(context.failover, match.transient),
            meant_related(context.failover, match.transient),
            fix=fix_of_partner(context.failover, match.transient),
        )


@rule(
    "TEAM034",
    "partner-is-self",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_match,
    source=f"libvirt 11.3.0 src/qemu/qemu_command.c; {SEEN}",
    bad=example_of(
        standby_xml(),
        primary_xml(
            "  <alias name='ua-fast'/>", teaming="  <teaming type='transient' persistent='ua-fast'/> <!-- TEAM034 -->"
        ),
    ),
    good=GOOD,
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
            name_the_partner(context.failover, match.transient),
            meant_related(context.failover, match.transient),
            fix=fix_of_partner(context.failover, match.transient),
        )


@rule(
    "TEAM035",
    "partner-not-persistent",
    outcome=Outcome.BROKEN,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_match,
    source=f"libvirt 11.3.0 src/qemu/qemu_command.c; {SEEN}",
    bad=example_of(standby_xml(teaming=""), primary_xml(teaming=f"{TRANSIENT} <!-- TEAM035 -->")),
    good=GOOD,
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
            else name_the_partner(failover, match.transient)
        )
        yield Problem(
            Spot(match.transient.element, "persistent"),
            f"the partner {describe(match.device)} is not persistent: nothing pairs, and the assigned device is not "
            "unplugged when the VM migrates",
            remedy,
            ((Spot(match.device), "the device with this alias"),),
            fix=make_persistent(match.device) if fit else fix_of_partner(failover, match.transient),
        )


@rule(
    "TEAM036",
    "persistent-shared",
    outcome=Outcome.START,
    on=TEAMING,
    each=each_persistent,
    source="QEMU 7.2 hw/net/virtio-net.c (failover_find_primary_device_id); seen with QEMU 7.2",
    bad=example_of(standby_xml(), primary_xml(), primary_xml(teaming=f"{TRANSIENT} <!-- TEAM036 -->")),
    good=example_of(
        standby_xml(),
        primary_xml(),
        standby_xml(mac=SECOND_MAC, alias=_SECOND_ALIAS),
        primary_xml(mac=SECOND_MAC, teaming=_SECOND_TRANSIENT),
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
    each=each_persistent,
    source=f"{QEMU_DOCUMENT}; {SEEN}",
    bad=example_of(standby_xml(teaming="  <teaming type='persistent'/> <!-- TEAM037 -->")),
    good=GOOD,
)
def persistent_unpaired(context: Context, persistent: Teaming) -> Problems:
    """No transient device names this persistent one.

    The guest runs on the virtio NIC alone, with the overhead of a failover that never has a fast path.
    """
    if persistent in context.failover.unpaired():
        written = persistent.alias
        kept = isinstance(written, str) and is_user_alias(written)
        alias = written if kept else alias_for(context.failover, persistent, None)
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
    each=each_failover,
    since="libvirt 9.0.0 refuses the definition; 7.0.0 accepts it and fails at start",
    source="libvirt 9.0.0 src/conf/domain_validate.c; src/hypervisor/virhostdev.c",
    bad=example_of(
        standby_xml(),
        by_address_xml(),
        lines_of(
            "<hostdev mode='subsystem' type='pci' managed='yes'>",
            "  <source>",
            "    <address type='pci' domain='0' bus='3' slot='16' function='1'/> <!-- TEAM038 -->",
            "  </source>",
            _SECOND_TRANSIENT,
            "</hostdev>",
        ),
        standby_xml(mac=SECOND_MAC, alias=_SECOND_ALIAS),
    ),
    good=example_of(
        standby_xml(),
        by_address_xml(),
        lines_of(
            "<hostdev mode='subsystem' type='pci' managed='yes'>",
            "  <source>",
            "    <address type='pci' domain='0' bus='3' slot='16' function='2'/>",
            "  </source>",
            _SECOND_TRANSIENT,
            "</hostdev>",
        ),
        standby_xml(mac=SECOND_MAC, alias=_SECOND_ALIAS),
    ),
)
def source_duplicate(context: Context, failover: Failover) -> Problems:
    """Two devices assign the same host PCI device.

    libvirt 9.0.0 and newer refuse to define the domain; 7.0.0 defines it, and the device is busy when it starts.
    Numbers are compared as libvirt reads them: 0x10 and 16 are the same slot, a missing domain is 0.
    """
    seen: dict[tuple[int, int, int, int], Element] = {}
    at_start = context.is_older_than(Version(7, 1, 0))
    for device in context.domain.devices.iterchildren("interface", "hostdev"):  # type: ignore[union-attr]
        address = host_address(device)
        if address is None:
            continue
        first = seen.setdefault(address, device)
        if first is not device:
            yield Problem(
                Spot(source_address(device)),
                f"the host device {pci_text(address)} is already assigned by {describe(first)}: libvirt "
                + ("refuses to start the domain" if at_start else "refuses the definition"),
                "name another VF of the host, or use a network with <forward mode='hostdev'>, which picks a free one",
                ((Spot(source_address(first)), "the first device that assigns it"),),
                outcome=Outcome.START if at_start else None,
            )


def source_address(device: Element) -> Element:
    """The address on the host of an assigned device that has one."""
    return existing(existing(device, "source"), "address")


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
    each=each_interface_pair,
    source=f"{NET_FAILOVER}; {SEEN}",
    bad=example_of(standby_xml(), primary_xml(mac="  <mac address='52:54:00:6b:3c:99'/> <!-- TEAM040 -->")),
    good=GOOD,
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
    each=each_interface_pair,
    source=f"{NET_FAILOVER}; {QEMU_DOCUMENT}",
    bad=example_of(
        standby_xml(),
        primary_xml(mac=SECOND_MAC),
        standby_xml(mac=SECOND_MAC, alias=_SECOND_ALIAS),
        primary_xml(mac=f"  <mac address='{MAC}'/> <!-- TEAM041 -->", teaming=_SECOND_TRANSIENT),
    ),
    good=example_of(
        standby_xml(),
        primary_xml(),
        standby_xml(mac=SECOND_MAC, alias=_SECOND_ALIAS),
        primary_xml(mac=SECOND_MAC, teaming=_SECOND_TRANSIENT),
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
    each=each_transient,
    since="libvirt 7.1.0",
    source='libvirt docs/formatdomain.rst, "Teaming a virtio/hostdev NIC pair"',
    bad=example_of(standby_xml(), hostdev_xml(teaming=f"{TRANSIENT} <!-- TEAM042 -->")),
    good=GOOD,
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
    each=each_pair,
    source=NET_FAILOVER,
    bad=example_of(
        standby_xml(),
        primary_xml(),
        standby_xml(teaming="", alias="", mac=f"  <mac address='{MAC}'/> <!-- TEAM043 -->"),
    ),
    good=example_of(standby_xml(), primary_xml(), standby_xml(teaming="", alias="", mac=SECOND_MAC)),
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
        element = existing(device, "mac")
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
