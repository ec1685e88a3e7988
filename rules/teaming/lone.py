"""TEAM090: pairs that nobody teamed."""

from __future__ import annotations

from collections.abc import Iterator

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import alias_of, describe, interface_type, is_user_alias, is_virtio, network_model
from domlint.domain.values import child_attribute, mac_number
from domlint.findings import Outcome
from domlint.rule import Needs, Problem, Problems, Spot, rule
from domlint.rules.teaming import GOOD, NET_FAILOVER, QEMU_DOCUMENT, example_of, primary_xml, standby_xml


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
    mentions=("hostdev", "network"),
    source=f"{NET_FAILOVER}; {QEMU_DOCUMENT}",
    bad=example_of(
        standby_xml(teaming="", alias=""),
        primary_xml(teaming="", opening="<interface type='network'> <!-- TEAM090 -->"),
    ),
    good=GOOD,
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
