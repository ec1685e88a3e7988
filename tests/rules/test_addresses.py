"""Addresses that are none on PCI: each verdict seen with libvirt 11.3.0."""

from __future__ import annotations

import pytest
from refusals import codes

from domlint.versions import Version

S390 = ("s390-ccw-virtio", "s390x")
PSERIES = ("pseries", "ppc64")


def device(kind: str, address: str) -> str:
    """A device of some kind with an address."""
    opening = {
        "rng": "<rng model='virtio'><backend model='random'>/dev/urandom</backend>{}</rng>",
        "scsi": "<controller type='scsi' index='0' model='virtio-scsi'>{}</controller>",
        "lsi": "<controller type='scsi' index='0' model='lsilogic'>{}</controller>",
        "ibmvscsi": "<controller type='scsi' index='0' model='ibmvscsi'>{}</controller>",
        "isa": "<serial type='pty'><target type='isa-serial'/>{}</serial>",
        "vty": "<serial type='pty'><target type='spapr-vio-serial'/>{}</serial>",
        "nvram": "<nvram>{}</nvram>",
        "nic": "<interface type='user'><model type='virtio'/>{}</interface>",
        "e1000": "<interface type='user'><model type='e1000'/>{}</interface>",
        "hostdev": "<hostdev mode='subsystem' type='pci'><source><address bus='3' slot='7'/></source>{}</hostdev>",
        "mdev": "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"
        "<address uuid='53764d0e-85a0-42b4-af5c-2046b460b1dc'/></source>{}</hostdev>",
        "smartcard": "<smartcard mode='host'>{}</smartcard>",
        "disk": "<disk type='file'><source file='/a'/><target dev='vda' bus='virtio'/>{}</disk>",
    }[kind]
    return opening.format(f"<address {address}/>")


CCW = "type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'"
OTHER_CCW = "type='ccw' cssid='0xfe' ssid='0x1' devno='0x0001'"
REG = "type='spapr-vio' reg='0x3000'"


def zpci(kind: str, slot: int, numbers: str) -> str:
    """A device with zPCI."""
    empty = device(kind, f"type='pci' bus='0' slot='{slot}'")
    return empty.replace(f"slot='{slot}'/>", f"slot='{slot}'><zpci {numbers}/></address>")


CASES = [
    (("q35", "x86_64"), device("scsi", CCW), ["ADDR001"]),
    (("q35", "x86_64"), device("ibmvscsi", CCW), []),
    (S390, device("scsi", CCW), []),
    (S390, device("scsi", CCW) + device("disk", CCW), ["ADDR012"]),
    (S390, device("scsi", CCW) + device("disk", CCW.replace("0xfe", "254").replace("0x0001", "1")), ["ADDR012"]),
    (S390, device("scsi", CCW) + device("disk", OTHER_CCW), []),
    (("q35", "x86_64"), device("e1000", "type='unassigned'"), ["ADDR002"]),
    (("q35", "x86_64"), device("hostdev", "type='unassigned'"), []),
    (("q35", "x86_64"), device("hostdev", "type='usb' bus='0' port='1'"), ["ADDR003"]),
    (("q35", "x86_64"), device("hostdev", CCW), ["ADDR003"]),
    (S390, device("mdev", CCW), []),
    (S390, device("mdev", "type='pci' bus='0' slot='3'"), ["ADDR003"]),
    (("q35", "x86_64"), device("nic", "type='virtio-mmio'"), []),
    (("q35", "x86_64"), device("nic", "type='isa'"), ["ADDR003"]),
    (("q35", "x86_64"), device("e1000", "type='isa'"), []),
    (("q35", "x86_64"), device("smartcard", "type='pci' bus='0' slot='5'"), ["ADDR003"]),
    (("q35", "x86_64"), device("smartcard", "type='ccid' controller='0' slot='0'"), []),
    (("q35", "x86_64"), device("isa", "type='isa' iobase='0x3f8' irq='4'"), []),
    (("q35", "x86_64"), device("isa", "type='usb' bus='0' port='1'"), ["ADDR004"]),
    (("virt", "aarch64"), device("isa", "type='pci' bus='0' slot='5'"), ["ADDR004"]),
    (PSERIES, device("nvram", REG) + device("vty", REG), ["ADDR011"]),
    (PSERIES, device("nvram", REG) + device("vty", REG.replace("0x3000", "12288")), []),
    (PSERIES, device("nvram", REG) + device("vty", REG.replace("0x3000", "03000")), ["ADDR011"]),
    (PSERIES, device("vty", REG.replace("0x3000", "0xffffffff")), []),
    (PSERIES, device("vty", REG.replace("0x3000", "0x100000000")), ["SCHEMA005"]),
    (S390, zpci("rng", 1, "uid='0xffff' fid='0xffffffff'"), []),
    (S390, zpci("rng", 1, "uid='0x10000' fid='1'"), ["ADDR013"]),
    (S390, zpci("rng", 1, "uid='0'"), ["ADDR013"]),
    (S390, zpci("rng", 1, "uid='1' fid='1'") + zpci("disk", 2, "uid='1' fid='2'"), ["ADDR014"]),
    (S390, zpci("rng", 1, "uid='1' fid='1'") + zpci("disk", 2, "uid='2' fid='1'"), ["ADDR014"]),
    (S390, zpci("rng", 1, "uid='1' fid='1'") + zpci("disk", 2, "uid='2' fid='2'"), []),
    (S390, zpci("rng", 1, "uid='1' fid='0'") + zpci("disk", 2, "uid='2'"), ["ADDR014"]),
    (S390, zpci("rng", 1, "uid='1'") + zpci("disk", 2, "uid='2' fid='0'"), []),
    (("q35", "x86_64"), zpci("rng", 1, "uid='1' fid='1'"), ["ADDR015"]),
]


@pytest.mark.parametrize(("machine", "devices", "expected"), CASES)
def test_addresses(machine: tuple[str, str], devices: str, expected: list[str]) -> None:
    assert codes(devices, *machine) == expected


@pytest.mark.parametrize(
    ("machine", "devices"),
    [
        (S390, device("scsi", CCW) + device("disk", CCW.replace("0x0001", "{{ devno }}"))),
        (PSERIES, device("nvram", REG) + device("vty", "type='spapr-vio' reg='{{ reg }}'")),
        (S390, zpci("rng", 1, "uid='{{ uid }}' fid='1'") + zpci("disk", 2, "uid='1' fid='1'")),
        (("{{ machine }}", "x86_64"), device("scsi", CCW)),
        (("q35", "x86_64"), device("nic", "type='{{ type }}'")),
    ],
)
def test_silence_on_placeholders(machine: tuple[str, str], devices: str) -> None:
    assert codes(devices, *machine) == []


@pytest.mark.parametrize("libvirt", ["7.0.0", "8.0.0"])
def test_older_libvirt_asks_less(libvirt: str) -> None:
    assert codes(device("scsi", CCW), libvirt=Version.parse(libvirt)) == []
    assert codes(device("e1000", "type='unassigned'"), libvirt=Version.parse(libvirt)) == []
    assert codes(device("isa", "type='usb' bus='0' port='1'"), libvirt=Version.parse(libvirt)) == ["ADDR004"]
