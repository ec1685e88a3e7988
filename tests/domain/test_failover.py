"""Failover pairs as facts: who is whose partner, and who is left."""

from __future__ import annotations

import pytest
from lxml import etree

from domlint.domain.failover import (
    Failover,
    Partner,
    Role,
    duplicate_aliases,
    is_generated_alias,
    is_other_assigned_device,
)
from domlint.domain.values import UNKNOWN


def failover(*devices: str) -> Failover:
    return Failover(etree.fromstring(f"<devices>{''.join(devices)}</devices>"), {})


def standby(alias: str | None = "ua-a", mac: str = "52:54:00:00:00:0a", teaming: str = "type='persistent'") -> str:
    name = "" if alias is None else f"<alias name='{alias}'/>"
    return f"<interface type='bridge'><mac address='{mac}'/><teaming {teaming}/>{name}</interface>"


def primary(partner: str | None = "ua-a", mac: str = "52:54:00:00:00:0a", kind: str = "hostdev", more: str = "") -> str:
    name = "" if partner is None else f"persistent='{partner}'"
    return f"<interface type='{kind}'><mac address='{mac}'/><teaming type='transient' {name}/>{more}</interface>"


@pytest.mark.parametrize(
    "partner, devices",
    [
        (Partner.PERSISTENT, [standby(), primary()]),
        (Partner.NOT_NAMED, [standby(), primary(None)]),
        (Partner.NOT_NAMED, [standby(), primary("")]),
        (Partner.NOT_KNOWN, [standby(), primary("{{ partner }}")]),
        (Partner.NOT_KNOWN, [standby("{{ alias }}"), primary()]),
        (Partner.NOT_KNOWN, [standby(teaming="type='{{ type }}'"), primary()]),
        (Partner.NOT_KNOWN, ["<interface><alias name='%s'/></interface>", primary()]),
        (Partner.ITSELF, [standby(), primary("ua-b", more="<alias name='ua-b'/>")]),
        (Partner.NOT_PERSISTENT, ["<disk><alias name='ua-a'/></disk>", primary()]),
        (Partner.NOT_PERSISTENT, [primary("ua-b", more="<alias name='ua-a'/>"), primary()]),
        (Partner.MISREAD, [standby(teaming="type='standby'"), primary()]),
        (Partner.MISREAD, [primary("ua-b", kind="bridge", more="<alias name='ua-a'/>"), primary()]),
        (Partner.WITHOUT_ALIAS, [standby(None), primary()]),
        (Partner.WITHOUT_ALIAS, [standby(None, mac="52:54:00:00:00:0b"), primary("net0")]),
        (Partner.WITHOUT_ALIAS, [standby(None, mac="52:54:00:00:00:0b"), primary("net9")]),
        (Partner.ALIAS_DROPPED, [standby("a"), primary(mac="52:54:00:00:00:0b")]),
        (Partner.ALIAS_DROPPED, [standby("net0"), primary()]),
        (Partner.NOT_FOUND, [standby(None, mac="52:54:00:00:00:0b"), primary("ua-b")]),
        (Partner.NOT_FOUND, [standby("net0", mac="52:54:00:00:00:0b"), primary()]),
        (Partner.NOT_FOUND, [standby(), primary("ua-b")]),
        (Partner.NOT_FOUND, [primary()]),
    ],
)
def test_partner(partner: Partner, devices: list[str]) -> None:
    found = failover(*devices)
    assert found.matches[found.transients[-1]].partner is partner


@pytest.mark.parametrize("devices", [[standby(None), primary()], [standby("net0"), primary()]])
def test_what_seems_to_be_meant_makes_no_pair(devices: list[str]) -> None:
    found = failover(*devices)
    assert found.matches[found.transients[0]].persistent is found.persistents[0]
    assert found.pairs == ()
    assert found.pair_of(found.transients[0]) is None
    assert found.transients_of(found.persistents[0]) == []


def test_a_duplicate_alias_means_the_persistent_one() -> None:
    found = failover("<disk><alias name='ua-a'/></disk>", primary(), standby())
    assert [pair.persistent.device.get("type") for pair in found.pairs] == ["bridge"]


def test_a_generated_alias_means_the_interface_of_that_number() -> None:
    found = failover(
        standby(None, mac="52:54:00:00:00:0c"), standby(None, mac="52:54:00:00:00:0d"), primary("net1"), primary("net8")
    )
    meant = [match.persistent for match in found.matches.values()]
    assert meant == [found.persistents[1], found.persistents[0]]


@pytest.mark.parametrize(
    "left, devices",
    [
        ([], [standby(), primary()]),
        ([0], [standby()]),
        ([1], [standby(), standby("ua-b"), primary()]),
        ([], [standby(), primary("ua-z")]),
        ([1], [standby(), standby("ua-b", mac="52:54:00:00:00:0b"), primary("ua-z")]),
        ([0], [standby(), standby("ua-b", mac="52:54:00:00:00:0b"), primary("ua-z", mac="52:54:00:00:00:0b")]),
        ([], [standby(), primary("{{ partner }}")]),
        ([], [standby("{{ alias }}")]),
        ([], [standby(), standby(teaming="type='{{ type }}'")]),
        ([], [standby(), "<interface type='hostdev'><teaming type='primary' persistent='ua-a'/></interface>"]),
        ([], [standby(), "<interface type='hostdev'><teaming type='persistent'/></interface>"]),
        ([], [standby(), "<hostdev type='pci'><teaming type='persistent'/></hostdev>"]),
        ([], [standby(), "<interface type='{{ type }}'><teaming type='persistent'/></interface>"]),
        ([], ["<hostdev type='pci'><teaming type='persistent'/></hostdev>"]),
    ],
)
def test_persistent_devices_that_are_left_over(left: list[int], devices: list[str]) -> None:
    found = failover(*devices)
    assert found.unpaired() == {found.persistents[number] for number in left}


def test_the_one_that_is_meant() -> None:
    found = failover(standby(), standby("ua-b", mac="52:54:00:00:00:0b"), primary("ua-z", mac="52:54:0:0:0:B"))
    assert found.meant_by(found.transients[0]) is found.persistents[1]
    found = failover(standby(), standby("ua-b"), primary(), primary("ua-z"))
    assert found.meant_by(found.transients[1]) is found.persistents[1]


def test_a_virtio_interface_that_nobody_teamed() -> None:
    virtio = "<interface type='bridge'><mac address='52:54:00:00:00:0A'/><model type='virtio'/></interface>"
    found = failover(virtio, primary())
    assert found.unteamed_standby(found.transients[0]) is found.interfaces_with_mac(0x52540000000A)[0]
    found = failover(virtio.replace("0A", "0B"), primary())
    assert found.unteamed_standby(found.transients[0]) is None
    found = failover(virtio.replace("virtio", "e1000e"), primary())
    assert found.unteamed_standby(found.transients[0]) is None


def test_free_aliases() -> None:
    found = failover(standby(), standby("ua-a-2"))
    assert found.free_alias("ua-a") == "ua-a-3"
    assert found.free_alias("ua-b") == "ua-b"


def test_only_interfaces_and_hostdevs_are_teamed_and_by_their_first_teaming() -> None:
    found = failover(
        "<disk><teaming type='persistent'/></disk>",
        "<interface><teaming type='transient'/><teaming type='persistent'/></interface>",
        "<interface><x:teaming xmlns:x='urn:x' type='persistent'/></interface>",
    )
    assert [teaming.role for teaming in found.teamings] == [Role.TRANSIENT]
    assert found.is_wanted
    assert not failover("<interface><teaming/></interface>").is_wanted
    assert not Failover(None, {}).is_wanted
    assert Failover(None, {}).interfaces_with_mac(1) == []
    assert Failover(None, {}).unpaired() == set()


def test_duplicate_aliases() -> None:
    elements = etree.fromstring("<devices><disk/><disk/><serial/><console/><serial/></devices>")
    disk, other, serial, console, second = elements
    assert list(duplicate_aliases({"ua-a": [disk, other]})) == [("ua-a", [disk, other])]
    assert list(duplicate_aliases({"net0": [disk, other]})) == []
    assert list(duplicate_aliases({"ua-a": [disk]})) == []
    assert list(duplicate_aliases({"ua-a": [serial, console]})) == []
    assert list(duplicate_aliases({"ua-a": [serial, second]})) == [("ua-a", [serial, second])]
    assert list(duplicate_aliases({"ua-a": [console, disk]})) == [("ua-a", [console, disk])]


@pytest.mark.parametrize(
    "text, blocks",
    [
        ("<hostdev type='pci'/>", True),
        ("<hostdev mode='subsystem' type='mdev'/>", True),
        ("<hostdev type='scsi'/>", True),
        ("<hostdev type='scsi_host'/>", True),
        ("<hostdev mode='capabilities' type='storage'/>", True),
        ("<hostdev type='usb'/>", False),
        ("<hostdev type='{{ type }}'/>", False),
        ("<hostdev mode='{{ mode }}' type='pci'/>", False),
        ("<interface type='hostdev'/>", True),
        ("<interface type='network'><source network='any'/></interface>", False),
        ("<interface type='bridge'/>", False),
        ("<hostdev type='pci'><teaming type='transient'/></hostdev>", False),
    ],
)
def test_devices_that_keep_a_vm_where_it_is(text: str, blocks: bool) -> None:
    found = failover(text)
    assert is_other_assigned_device(found._devices[0], found) is blocks


def test_generated_aliases() -> None:
    assert is_generated_alias("net0")
    assert is_generated_alias("net12")
    assert not is_generated_alias("ua-net0")
    assert not is_generated_alias("net")
    assert not is_generated_alias("hostdev0")


def test_an_unknown_network_is_unknown_and_another_device_has_none() -> None:
    found = failover(
        "<interface type='network'><source network='a'/></interface>", standby(), "<hostdev type='network'/>"
    )
    network, bridge, hostdev = found._devices
    assert found.network_of(network) is UNKNOWN
    assert found.network_of(bridge) is None
    assert found.network_of(hostdev) is None
