"""TEAM001 to TEAM027: what a ``<teaming>`` says, who reads it, and which devices can have which role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.changes import AddElement, Fix, RemoveAttribute, RemoveElement, SetAttribute
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import (
    default_model_of_type,
    describe,
    hostdev_mode,
    interface_type,
    is_hostdev_of,
    is_virtio,
    network_model,
    network_name,
)
from domlint.domain.failover import Failover, Role, Teaming
from domlint.domain.values import UNKNOWN, Maybe, attribute, child, child_attribute
from domlint.findings import Outcome
from domlint.hosts.answer import Presence
from domlint.networks import Network
from domlint.rule import Fixable, Needs, Problem, Problems, Spot, rule
from domlint.rules.teaming import (
    BY_ADDRESS,
    GOOD,
    HOSTDEV_TEAMING_SINCE,
    PARSER,
    QEMU_DOCUMENT,
    SEEN,
    TEAMING,
    TEAMING_SINCE,
    TRANSIENT,
    VALIDATE,
    by_address_xml,
    each_persistent,
    each_transient,
    each_written,
    example_of,
    existing,
    hostdev_xml,
    is_ignored,
    lines_of,
    primary_xml,
    standby_xml,
)
from domlint.rules.teaming.pairs import fix_of_partner, meant_related, name_the_partner

_FLAG: Final = "virtio-net.failover"
_BRIDGED: Final = "<network><name>sriov</name><forward mode='bridge'/><bridge name='br0'/></network>"


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
    source=f"{VALIDATE}, 6.1.0 to 8.6.0; QEMU 4.2 hw/net/virtio-net.c",
    bad=example_of(
        standby_xml(teaming="  <teaming type='persistent'/> <!-- TEAM001 -->"),
        primary_xml(),
        host="qemu-4.1",
        machine="q35",
        libvirt="7.0.0",
    ),
    good=GOOD._replace(host="qemu-8.2"),
)
def failover_capability_missing(context: Context, spots: tuple[Spot, tuple[tuple[Spot, str], ...]]) -> Problems:
    """The host's QEMU has no failover for virtio NICs.

    QEMU has the property `failover` of virtio-net since 4.2. libvirt calls the capability `virtio-net.failover`; from
    6.1.0 on it refuses the definition of a domain with `<teaming>` where QEMU lacks it. That the name is not in a
    capability file does not mean that it is missing: libvirt stopped listing it (8.7.0 to 9.0.0) when every QEMU it
    supports had it. domlint tells the two apart by QEMU's version, by libvirt's, and by the other names in the file.
    """
    if context.host is not None:
        answer = context.host.answer(_FLAG)
        if answer.presence is Presence.ABSENT:
            spot, others = spots
            yield Problem(
                spot,
                f"libvirt refuses the definition, as the host has no failover for virtio NICs ({_FLAG}): "
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
    source=f"{VALIDATE}; {QEMU_DOCUMENT}",
    bad=example_of(
        standby_xml(teaming="  <teaming type='persistent'/> <!-- TEAM002 -->"),
        primary_xml(),
        host="qemu-4.2-snapshot",
        machine="q35",
    ),
    good=GOOD._replace(host="qemu-8.2"),
)
def failover_capability_unknown(context: Context, spots: tuple[Spot, tuple[tuple[Spot, str], ...]]) -> Problems:
    """The capability file does not tell whether the host's QEMU has failover for virtio NICs.

    This happens with files of development snapshots, and with files that neither name the libvirt that wrote them nor
    list anything by which its age could be told.
    """
    if context.host is not None:
        answer = context.host.answer(_FLAG)
        if answer.presence is Presence.UNKNOWN:
            spot, others = spots
            yield Problem(
                spot,
                f"it is not known whether the host has failover for virtio NICs ({_FLAG}): {answer.reason}",
                "take the capability file from the host itself (/var/cache/libvirt/qemu/capabilities/)",
                others,
            )


def _ignores_all(context: Context) -> bool:
    return context.is_older_than(TEAMING_SINCE)


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
    bad=example_of(standby_xml(), hostdev_xml(teaming=f"{TRANSIENT} <!-- TEAM003 -->"), libvirt="7.0.0"),
    good=example_of(standby_xml(), hostdev_xml(), libvirt="7.1.0"),
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
    each=each_written,
    instead_of=("SCHEMA005",),
    source=f"{PARSER} (virDomainNetTeamingInfoParseXML)",
    bad=example_of(standby_xml(teaming="  <teaming type='standby'/> <!-- TEAM010 -->"), primary_xml()),
    good=GOOD,
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
    each=each_written,
    since="libvirt 7.0.0 still refuses the empty string as type; 9.0.0 drops it",
    instead_of=("SCHEMA005", "SCHEMA006"),
    source=f"{PARSER} (virDomainNetTeamingInfoParseXML); seen with libvirt 7.0.0 and 9.0.0",
    bad=example_of(standby_xml(teaming="  <teaming/> <!-- TEAM011 -->"), primary_xml()),
    good=GOOD,
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
    each=each_written,
    instead_of=("SCHEMA006",),
    source=f"{PARSER} (virDomainNetTeamingInfoParseXML)",
    bad=example_of(standby_xml(), primary_xml(teaming="  <teaming type='transient'/> <!-- TEAM012 -->")),
    good=GOOD,
)
def transient_without_partner_name(context: Context, teaming: Teaming) -> Problems:
    """A transient device does not name its persistent partner.

    libvirt refuses to define the domain.
    """
    if teaming.role is Role.TRANSIENT and not teaming.partner_name and teaming.partner_name is not UNKNOWN:
        yield Problem(
            Spot(teaming.element),
            "this transient device names no persistent partner, which libvirt refuses",
            name_the_partner(context.failover, teaming),
            meant_related(context.failover, teaming),
            fix=fix_of_partner(context.failover, teaming),
        )


@rule(
    "TEAM014",
    "teaming-in-pieces",
    outcome=Outcome.NOTE,
    on=TEAMING,
    each=each_written,
    source=f"{PARSER} (virDomainNetTeamingInfoParseXML, by XPath); seen with libvirt 9.0.0",
    bad=example_of(
        standby_xml(),
        primary_xml(
            teaming="  <teaming type='transient'/> <!-- TEAM014 -->\n"
            "  <teaming persistent='ua-uplink'/> <!-- TEAM014 -->"
        ),
    ),
    good=GOOD,
)
def teaming_in_pieces(context: Context, teaming: Teaming) -> Problems:
    """A device has several `<teaming>`, and a later one says what the first leaves out.

    libvirt looks for the type and for the partner's name each by itself, in whichever of the elements has it first: it
    reads them as one. Nobody who looks at the first alone sees that.
    """
    written, first = teaming.element.attrib, Spot(teaming.element)
    for later in teaming.element.itersiblings("teaming") if context.domain.runs_on_qemu else ():
        added = [name for name in ("type", "persistent") if name not in written and name in later.attrib]
        if added and teaming.role in (Role.TRANSIENT, Role.PERSISTENT):
            message = f"libvirt reads two <teaming> as one: {' and '.join(added)} of the second counts"
            merge = "write one <teaming> with both attributes"
            yield Problem(first, message, merge, ((Spot(later), "the second one"),), instead_of=("SCHEMA006",))
            yield Problem(Spot(later), message, merge, ((first, "the first one"),), instead_of=("SCHEMA008",))
            return


@rule(
    "TEAM013",
    "persistent-with-partner-name",
    outcome=Outcome.DEFINE,
    fixable=Fixable.SAFE,
    on=TEAMING,
    each=each_written,
    instead_of=("SCHEMA004",),
    source=f"{PARSER} (virDomainNetTeamingInfoParseXML)",
    bad=example_of(
        standby_xml(teaming="  <teaming type='persistent' persistent='ua-uplink'/> <!-- TEAM013 -->"),
        primary_xml(),
    ),
    good=GOOD,
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
    each=each_persistent,
    source=f"{VALIDATE}, 7.1.0 on",
    bad=example_of(standby_xml(), hostdev_xml(teaming="  <teaming type='persistent'/> <!-- TEAM020 -->")),
    good=example_of(standby_xml(), hostdev_xml()),
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
    named = fix_of_partner(failover, teaming)
    if named is None:
        return None
    changes = (SetAttribute(teaming.element, "type", "transient"), *named.changes)
    return Fix(f"write type='transient', and {named.words}", changes)


@rule(
    "TEAM021",
    "hostdev-teaming-not-pci",
    outcome=Outcome.DEFINE,
    on=TEAMING,
    each=each_written,
    instead_of=("SCHEMA004",),
    source=f"{VALIDATE}, 7.1.0 on",
    bad=example_of(
        standby_xml(),
        lines_of(
            "<hostdev mode='subsystem' type='usb'>",
            "  <source><vendor id='0x0bda'/><product id='0x8153'/></source>",
            "  <teaming type='transient' persistent='ua-uplink'/> <!-- TEAM021 -->",
            "</hostdev>",
        ),
    ),
    good=example_of(standby_xml(), hostdev_xml()),
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
    each=each_transient,
    source=f"{VALIDATE}",
    bad=example_of(
        standby_xml(),
        primary_xml(
            opening="<interface type='bridge'>",
            source="  <source bridge='br1'/>",
            teaming=f"{TRANSIENT} <!-- TEAM022 -->",
        ),
    ),
    good=GOOD,
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
    each=each_transient,
    needs=Needs.NETWORKS,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (the actual network is known only at start)",
    bad=example_of(standby_xml(), primary_xml(teaming=f"{TRANSIENT} <!-- TEAM023 -->"), networks=(_BRIDGED,)),
    good=GOOD,
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
    each=each_persistent,
    needs=Needs.HOST | Needs.NETWORKS,
    source=f"{VALIDATE}; src/qemu/qemu_domain.c (qemuDomainDefaultNetModel)",
    bad=example_of(standby_xml(model="  <model type='e1000e'/> <!-- TEAM024 -->"), primary_xml()),
    good=GOOD,
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
    each=each_persistent,
    needs=Needs.NETWORKS,
    source=f"{VALIDATE}; src/qemu/qemu_command.c; {SEEN}",
    bad=example_of(
        standby_xml(
            opening="<interface type='hostdev' managed='yes'>",
            source=BY_ADDRESS,
            teaming="  <teaming type='persistent'/> <!-- TEAM025 -->",
        ),
        primary_xml(),
    ),
    good=GOOD,
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
    each=each_transient,
    instead_of=("NET055",),
    source="libvirt 11.3.0 src/hypervisor/virhostdev.c; src/qemu/qemu_hostdev.c",
    bad=example_of(standby_xml(), by_address_xml("  <driver name='kvm'/> <!-- TEAM026 -->")),
    good=example_of(standby_xml(), by_address_xml("  <driver name='vfio'/>")),
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
                Spot(existing(transient.device, "driver"), "name"),
                f"an interface with a virtio model cannot have the driver '{name}': libvirt refuses the definition",
                "remove <driver name=…>: the network says how its devices are assigned",
                outcome=Outcome.DEFINE,
                fix=_without_driver(existing(transient.device, "driver")),
            )
    elif name != "vfio":
        yield Problem(
            Spot(existing(transient.device, "driver"), "name"),
            f"the driver '{name}' cannot assign a device to QEMU: libvirt refuses to start the domain",
            "write <driver name='vfio'/>, or remove the element",
            fix=Fix("write name='vfio'", (SetAttribute(existing(transient.device, "driver"), "name", "vfio"),)),
        )


def _without_driver(driver: Element) -> Fix:
    if len(driver) == 0 and list(map(str, driver.keys())) == ["name"]:
        return Fix("remove this <driver>", (RemoveElement(driver),))
    return Fix("remove the attribute name", (RemoveAttribute(driver, "name"),))


@rule(
    "TEAM027",
    "teaming-needs-qemu",
    outcome=Outcome.BROKEN,
    on=TEAMING,
    source="libvirt 11.3.0: only src/qemu reads the teaming of a device",
    bad=example_of(
        standby_xml(teaming="  <teaming type='persistent'/> <!-- TEAM027 -->"),
        primary_xml(),
        type="xen",
        machine="xenfv",
    ),
    good=GOOD,
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
