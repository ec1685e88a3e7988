"""TEAM060 to TEAM083: what else is set on the two halves, booting, and live migration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import describe, host_address, interface_type, is_hostdev_of, pci_text
from domlint.domain.failover import Failover, Pair, Teaming, is_other_assigned_device
from domlint.domain.failover_fixes import move_isolation, move_to_persistent
from domlint.domain.values import UNKNOWN, Unknown, attribute, child, child_attribute, decimal
from domlint.findings import Outcome, Severity
from domlint.hosts.answer import Presence
from domlint.networks import Network, vlan_tags
from domlint.rule import Example, Fixable, Needs, Problem, Problems, Spot, rule
from domlint.rules.teaming import (
    GOOD,
    NET_FAILOVER,
    PARSER,
    POOL,
    QEMU_DOCUMENT,
    SECOND_MAC,
    TEAMING,
    VALIDATE,
    by_address_xml,
    each_failover,
    each_interface_pair,
    each_persistent,
    each_transient,
    example_of,
    existing,
    lines_of,
    primary_xml,
    standby_xml,
)
from domlint.rules.teaming.pairs import source_address
from domlint.versions import Version

# What else is set on the two halves.


_GOOD_BY_ADDRESS: Final = Example(standby_xml() + by_address_xml(), networks=(POOL,))


@rule(
    "TEAM060",
    "bandwidth-on-transient",
    outcome=Outcome.START,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_transient,
    source="libvirt 11.3.0 src/conf/netdev_bandwidth_conf.c (virNetDevSupportsBandwidth), src/qemu/qemu_hostdev.c",
    bad=example_of(
        standby_xml(),
        primary_xml("  <bandwidth> <!-- TEAM060 -->", "    <outbound average='128000'/>", "  </bandwidth>"),
    ),
    good=example_of(standby_xml("  <bandwidth>", "    <outbound average='128000'/>", "  </bandwidth>"), primary_xml()),
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
    each=each_interface_pair,
    needs=Needs.NETWORKS,
    source='libvirt docs/formatdomain.rst, "Setting VLAN tag"',
    bad=example_of(standby_xml(), primary_xml("  <vlan> <!-- TEAM061 -->", "    <tag id='42'/>", "  </vlan>")),
    good=example_of(
        standby_xml("  <vlan>", "    <tag id='42'/>", "  </vlan>"),
        primary_xml("  <vlan>", "    <tag id='42'/>", "  </vlan>"),
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
    each=each_transient,
    since="libvirt 6.1.0",
    instead_of=("NET024",),
    source=f"{VALIDATE}; src/conf/domain_validate.c",
    bad=example_of(standby_xml(), by_address_xml("  <port isolated='yes'/> <!-- TEAM062 -->")),
    good=example_of(standby_xml("  <port isolated='yes'/>"), by_address_xml()),
)
def port_isolated_on_transient(context: Context, transient: Teaming) -> Problems:
    """The assigned interface asks to be isolated from other ports of a bridge.

    It is on no bridge; libvirt refuses to define the domain.
    """
    if transient.is_hostdev_interface and child_attribute(transient.device, "port", "isolated") == "yes":
        yield Problem(
            Spot(existing(transient.device, "port"), "isolated"),
            "an assigned interface is on no bridge to be isolated on: libvirt refuses the definition",
            "remove <port isolated='yes'/> here; it belongs on the persistent interface",
            fix=move_isolation(context.failover, transient, existing(transient.device, "port")),
        )


@rule(
    "TEAM063",
    "pair-on-different-segments",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=TEAMING,
    each=each_persistent,
    source=f"{NET_FAILOVER}; {QEMU_DOCUMENT}",
    bad=example_of(
        standby_xml(
            opening="<interface type='user'>", source="", teaming="  <teaming type='persistent'/> <!-- TEAM063 -->"
        ),
        primary_xml(),
    ),
    good=GOOD,
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
    each=each_persistent,
    source=NET_FAILOVER,
    bad=example_of(standby_xml("  <link state='down'/> <!-- TEAM064 -->"), primary_xml()),
    good=GOOD,
)
def persistent_link_down(context: Context, persistent: Teaming) -> Problems:
    """The link of the persistent interface is down.

    The kernel's document proposes this, so that traffic takes the VF only. Whoever migrates the VM must set the link up
    before (`virsh domif-setlink`) and down again after, else the guest has no network meanwhile.
    """
    if child_attribute(persistent.device, "link", "state") == "down":
        yield Problem(
            Spot(existing(persistent.device, "link"), "state"),
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
    each=each_transient,
    source=QEMU_DOCUMENT,
    bad=example_of(standby_xml(), primary_xml("  <boot order='1'/> <!-- TEAM070 -->")),
    good=example_of(standby_xml("  <boot order='1'/>"), primary_xml()),
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
    each=each_failover,
    instead_of=("BOOT002",),
    source=f"{PARSER} (virDomainDeviceBootParseXML); src/conf/domain_postparse.c (virDomainDefCollectBootOrder)",
    bad=example_of(
        standby_xml("  <boot order='1'/>"),
        primary_xml(),
        standby_xml(
            "  <boot order='1'/> <!-- TEAM071 -->",
            mac=SECOND_MAC,
            teaming="",
            alias="",
        ),
    ),
    good=example_of(
        standby_xml("  <boot order='1'/>"),
        primary_xml(),
        standby_xml("  <boot order='2'/>", mac=SECOND_MAC, teaming="", alias=""),
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


_BLOCKERS_ASKED_SINCE: Final = Version(8, 6, 0)
"""The libvirt that leaves some blockers of migration to QEMU's own report (commit of July 2022)."""


# Live migration, which is what failover is for.


@rule(
    "TEAM080",
    "hostdev-blocks-migration",
    outcome=Outcome.MIGRATE,
    on=TEAMING,
    each=each_failover,
    needs=Needs.HOST | Needs.NETWORKS,
    source="libvirt 11.3.0 src/qemu/qemu_migration.c (qemuMigrationSrcIsAllowedHostdev)",
    bad=example_of(
        standby_xml(),
        primary_xml(),
        lines_of(
            "<hostdev mode='subsystem' type='pci' managed='yes'> <!-- TEAM080 -->",
            "  <source><address type='pci' domain='0x0000' bus='0x65' slot='0x00' function='0x0'/></source>",
            "</hostdev>",
        ),
    ),
    good=example_of(
        standby_xml(),
        primary_xml(),
        lines_of(
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
    return reports and not context.is_older_than(_BLOCKERS_ASKED_SINCE)


@rule(
    "TEAM081",
    "device-blocks-migration",
    outcome=Outcome.MIGRATE,
    on=TEAMING,
    each=each_failover,
    source="libvirt 11.3.0 src/qemu/qemu_migration.c (qemuMigrationSrcIsAllowed)",
    bad=example_of(
        standby_xml(),
        primary_xml(),
        lines_of(
            "<shmem name='telemetry'> <!-- TEAM081 -->",
            "  <model type='ivshmem-plain'/>",
            "  <size unit='M'>4</size>",
            "</shmem>",
        ),
    ),
    good=example_of(
        standby_xml(),
        primary_xml(),
        lines_of(
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
    each=each_transient,
    source='libvirt docs/formatdomain.rst, "PCI Passthrough" and "Teaming a virtio/hostdev NIC pair"',
    bad=example_of(
        standby_xml(),
        by_address_xml().replace("function='0x1'/>", "function='0x1'/> <!-- TEAM082 -->"),
    ),
    good=GOOD,
)
def transient_fixed_address(context: Context, transient: Teaming) -> Problems:
    """The transient device names a host device by its address.

    The address must exist and be free on every host the VM migrates to, or be rewritten on the way. A network with
    `<forward mode='hostdev'>` picks a free VF by itself.
    """
    address = host_address(transient.device)
    if address is not None:
        yield Problem(
            Spot(source_address(transient.device)),
            f"the host device {pci_text(address)} must exist, and be free, on every host that the VM migrates to",
            "use <interface type='network'> with a network of <forward mode='hostdev'>, which picks a free VF",
        )


@rule(
    "TEAM083",
    "transient-unmanaged",
    outcome=Outcome.NOTE,
    on=TEAMING,
    each=each_transient,
    source='libvirt docs/formatdomain.rst, "Host device assignment" (managed)',
    bad=example_of(standby_xml(), by_address_xml(opening="<interface type='hostdev'> <!-- TEAM083 -->")),
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
