"""Devices: their aliases, their host addresses, and what they are called."""

from __future__ import annotations

import pytest
from lxml import etree

from domlint.domain.devices import (
    alias_of,
    as_user_alias,
    describe,
    host_address,
    hostdev_mode,
    is_hostdev_of,
    is_user_alias,
    is_virtio,
    pci_text,
)
from domlint.domain.values import UNKNOWN

ADDRESS = "<source><address domain='0x0001' bus='0x3b' slot='10' function='02'/></source>"


@pytest.mark.parametrize("alias", ["ua-", "ua-a", "ua-A_9-", "ua-9aa0d0ce-4cf1-4d4e-8e2b-5cf0a0ab2d2d"])
def test_libvirt_keeps_aliases_of_users(alias: str) -> None:
    assert is_user_alias(alias)


@pytest.mark.parametrize("alias", ["net0", "UA-a", "ua_a", "xua-a", "ua-a b", "ua-é", "ua-a.0", "", "ua-a\n"])
def test_libvirt_drops_every_other(alias: str) -> None:
    assert not is_user_alias(alias)
    assert is_user_alias(as_user_alias(alias))


def test_the_nearest_alias_keeps_what_it_can() -> None:
    assert as_user_alias("uplink") == "ua-uplink"
    assert as_user_alias("ua-up.link 0") == "ua-up-link-0"
    assert as_user_alias("...") == "ua-net"


@pytest.mark.parametrize("model", ["virtio", "virtio-transitional", "virtio-non-transitional", "VIRTIO"])
def test_virtio_models(model: str) -> None:
    assert is_virtio(model)


@pytest.mark.parametrize("model", ["e1000", "virtio-net", "", None, UNKNOWN])
def test_other_models(model) -> None:
    assert not is_virtio(model)


@pytest.mark.parametrize(
    "text, address",
    [
        (f"<interface type='hostdev'>{ADDRESS}</interface>", (1, 0x3B, 10, 2)),
        (f"<hostdev mode='subsystem' type='pci'>{ADDRESS}</hostdev>", (1, 0x3B, 10, 2)),
        (f"<hostdev type='pci'>{ADDRESS}</hostdev>", (1, 0x3B, 10, 2)),
        ("<hostdev type='pci'><source><address type='pci' bus='3'/></source></hostdev>", (0, 3, 0, 0)),
        ("<hostdev type='pci'><source><address/></source></hostdev>", None),
        ("<hostdev type='pci'><source/></hostdev>", None),
        ("<hostdev type='pci'/>", None),
        ("<hostdev type='pci'><source><address bus='{{ bus }}' slot='1'/></source></hostdev>", None),
        ("<hostdev type='pci'><source><address bus='0g'/></source></hostdev>", None),
        ("<hostdev type='pci'><source><address type='drive' bus='1'/></source></hostdev>", None),
        ("<hostdev type='usb'><source><address bus='1' device='2'/></source></hostdev>", None),
        ("<hostdev type='scsi'><source><address bus='0' target='0' unit='1'/></source></hostdev>", None),
        (f"<hostdev mode='capabilities' type='pci'>{ADDRESS}</hostdev>", None),
        (f"<interface type='network'>{ADDRESS}</interface>", None),
        (f"<interface type='{{{{ type }}}}'>{ADDRESS}</interface>", None),
    ],
)
def test_host_address(text: str, address: tuple[int, int, int, int] | None) -> None:
    assert host_address(etree.fromstring(text)) == address


def test_a_hostdev_is_of_a_subsystem_unless_it_says_otherwise() -> None:
    assert hostdev_mode(etree.fromstring("<hostdev/>")) == "subsystem"
    assert hostdev_mode(etree.fromstring("<hostdev mode=''/>")) == "subsystem"
    assert hostdev_mode(etree.fromstring("<hostdev mode='capabilities'/>")) == "capabilities"
    assert hostdev_mode(etree.fromstring("<hostdev mode='{{ m }}'/>")) is UNKNOWN
    assert is_hostdev_of(etree.fromstring("<hostdev type='mdev'/>"), "pci", "mdev")
    assert not is_hostdev_of(etree.fromstring("<hostdev type='usb'/>"), "pci", "mdev")
    assert not is_hostdev_of(etree.fromstring("<hostdev mode='capabilities' type='pci'/>"), "pci")


def test_an_empty_alias_is_none() -> None:
    assert alias_of(etree.fromstring("<disk><alias name=''/></disk>")) is None
    assert alias_of(etree.fromstring("<disk/>")) is None
    assert alias_of(etree.fromstring("<disk><alias name='${a}'/></disk>")) is UNKNOWN


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "<interface type='bridge'><mac address='52:54:00:0a:0b:0c'/><alias name='ua-a'/></interface>",
            "interface 'ua-a'",
        ),
        ("<interface type='bridge'><mac address='52:54:00:0a:0b:0c'/></interface>", "interface 52:54:00:0a:0b:0c"),
        (f"<interface type='hostdev'>{ADDRESS}</interface>", "hostdev interface of 0001:3b:0a.2"),
        (f"<hostdev type='pci'>{ADDRESS}</hostdev>", "hostdev of 0001:3b:0a.2"),
        ("<hostdev type='scsi_host'/>", "scsi_host hostdev"),
        ("<disk type='file'><target dev='vda'/></disk>", "disk 'vda'"),
        ("<shmem name='m'/>", "shmem"),
        ("<hostdev/>", "hostdev"),
        ("<hostdev type='{{ type }}'/>", "hostdev"),
        ("<hostdev type='hostdev'/>", "hostdev hostdev"),
    ],
)
def test_devices_are_called_by_what_tells_them_apart(text: str, words: str) -> None:
    assert describe(etree.fromstring(text)) == words


def test_pci_addresses_are_written_as_usual() -> None:
    assert pci_text((0, 3, 16, 1)) == "0000:03:10.1"
