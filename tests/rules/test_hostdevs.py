"""What libvirt refuses of host devices, as seen with libvirt 11.3.0; of other versions, as read in their sources."""

from __future__ import annotations

import pytest
from refusals import refusals as codes


def usb(source: str, attributes: str = "", more: str = "") -> str:
    return f"<hostdev mode='subsystem' type='usb'><source{attributes}>{source}</source>{more}</hostdev>"


def ids(vendor: object = "0x0951", product: object = "0x1666") -> str:
    return f"<vendor id='{vendor}'/><product id='{product}'/>"


def at(bus: object, device: object) -> str:
    return f"<address bus='{bus}' device='{device}'/>"


def pci(function: object = 0, more: str = "", attributes: str = "", source: str = "") -> str:
    return (
        f"<hostdev mode='subsystem' type='pci'{attributes}><source{source}>"
        f"<address domain='0' bus='0x3b' slot='0x02' function='{function}'/></source>{more}</hostdev>"
    )


def mediated(last: str = "1", attributes: str = "model='vfio-pci'", more: str = "") -> str:
    uuid = f"4b20d080-1b54-4048-85b3-a6a62d165c0{last}"
    return f"<hostdev type='mdev' {attributes}><source><address uuid='{uuid}'/></source>{more}</hostdev>"


def scsi(unit: int = 0, more: str = "", attributes: str = "") -> str:
    return (
        f"<hostdev type='scsi' {attributes}><source><adapter name='scsi_host4'/>"
        f"<address bus='0' target='3' unit='{unit}'/></source>{more}</hostdev>"
    )


def iscsi(name: str, host: str = "192.0.2.11", port: str = " port='3260'") -> str:
    return f"<hostdev type='scsi'><source protocol='iscsi' name='{name}'><host name='{host}'{port}/></source></hostdev>"


NIC = (
    "<interface type='hostdev'><mac address='52:54:00:6b:3c:58'/><source>"
    "<address type='pci' domain='0' bus='0x3b' slot='0x02' function='0'/></source></interface>"
)


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (usb(ids()) + usb(ids()), ["HOSTDEV030"]),
        (usb(ids()) + usb(ids(product="5734")), ["HOSTDEV030"]),
        (usb(ids()) + usb(ids(product=0)), []),
        # The one that comes first decides by what they are compared.
        (usb(ids()) + usb(ids() + at(1, 2)), ["HOSTDEV030"]),
        (usb(ids() + at(1, 2)) + usb(ids()), []),
        (usb(ids() + at(1, 2)) + usb(ids() + at(1, 3)), []),
        (usb(at(1, 2)) + usb(ids() + at(1, 2)), ["HOSTDEV030"]),
        (usb(at(1, 2)) + usb(at("{{ bus }}", 2)), []),
        (usb(ids("{{ vendor }}")) + usb(ids("{{ vendor }}")), []),
        (pci() + pci(), ["HOSTDEV030"]),
        (pci() + pci("0x0"), ["HOSTDEV030"]),
        (pci() + pci(1), []),
        (NIC + pci(), ["HOSTDEV030"]),
        (NIC + pci(1), []),
        (pci("{{ function }}") * 2, []),
        (mediated() + mediated(), ["HOSTDEV030"]),
        (mediated("a") + mediated("A"), ["HOSTDEV030"]),
        (mediated("a") + mediated("b"), []),
        (scsi() + scsi(), ["HOSTDEV030"]),
        (scsi() + scsi(1), []),
        (iscsi("iqn.2013-07.com.example:a/1") + iscsi("iqn.2013-07.com.example:a/1"), ["HOSTDEV030"]),
        (iscsi("iqn.2013-07.com.example:a/1") + iscsi("iqn.2013-07.com.example:a/2"), []),
    ],
)
def test_devices_given_twice(devices: str, expected: list[str]) -> None:
    assert codes(devices, libvirt="11.3.0") == expected
    assert codes(devices, libvirt="7.0.0") == []


ROM = "<rom bar='off'/>"
GRAPHICS = "<graphics type='vnc'/>"


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (usb(ids(0, 0)), ["HOSTDEV031"]),
        (usb(ids("0x0000")), ["HOSTDEV031"]),
        # Numbers are in base 16 with 0x alone.
        (usb(ids("0951")), ["SCHEMA005"]),
        (usb(ids("2385")), []),
        # The domain starts without the device, which is a warning (seen with libvirt 9.0.0).
        (usb(at(0, 0)), []),
        (usb(at(0, 1)), []),
        (usb(at("{{ bus }}", 0)), []),
        (usb(ids(), " startupPolicy='optional'"), []),
        (pci(source=" startupPolicy='optional'"), ["HOSTDEV002"]),
        (pci(attributes=" model='vfio-pci'"), ["HOSTDEV002"]),
        (pci(attributes=" rawio='yes' sgio='filtered'"), ["HOSTDEV002", "HOSTDEV002"]),
        (scsi(attributes="rawio='yes' sgio='filtered'"), []),
        (scsi(attributes="sgio='unfiltered'"), ["HOSTDEV004"]),
        (pci(source=" writeFiltering='yes'"), ["HOSTDEV003"]),
        (pci(more=ROM), []),
        (mediated(more=ROM), []),
        (scsi(more=ROM), ["HOSTDEV012"]),
        (scsi(more="<rom/>"), []),
        (usb(ids(), more=ROM + "<address type='usb' bus='0' port='1'/>"), ["HOSTDEV012"]),
        (pci(more="<address type='unassigned'/>"), []),
        (mediated(more="<address type='unassigned'/>"), ["ADDR003"]),
        (scsi(more="<address type='pci' bus='0' slot='9'/>"), ["ADDR003"]),
        (scsi(more="<address type='{{ type }}'/>"), []),
        (usb(ids(), more="<address type='pci' bus='0' slot='9'/>"), ["USB031"]),
        (scsi(more="<address type='drive' controller='0' bus='1' target='0' unit='0'/>"), ["HOSTDEV013"]),
        (scsi(more="<address type='drive' controller='0' bus='0' target='9' unit='0'/>"), []),
        (
            "<controller type='scsi' index='0' model='lsilogic'/>"
            + scsi(more="<address type='drive' controller='0' bus='0' target='9' unit='0'/>"),
            ["HOSTDEV013"],
        ),
        (mediated(attributes="model='vfio-pci' display='off'"), []),
        (mediated(attributes="model='vfio-pci' display='on'"), ["HOSTDEV020"]),
        (mediated(attributes="model='vfio-pci' display='on'") + GRAPHICS, []),
        (mediated(attributes="model='vfio-pci' display='{{ display }}'"), []),
        (pci(attributes=" display='on'"), ["HOSTDEV021"]),
        (
            mediated(attributes="model='vfio-pci' ramfb='on'") + pci(attributes=" ramfb='on'") + GRAPHICS,
            ["HOSTDEV022"],
        ),
        (mediated(attributes="model='vfio-pci' ramfb='on'") + mediated("2", "model='vfio-pci' ramfb='off'"), []),
        (pci(more="<driver name='kvm'/>"), ["HOSTDEV033"]),
        (pci(more="<driver name='kvm'/><address type='unassigned'/>"), []),
        (pci(more="<driver name='{{ driver }}'/>"), []),
        (mediated(more="<boot order='1'/>"), ["HOSTDEV011"]),
        (pci(more="<boot order='1'/>"), []),
        (usb(ids(), more="<boot order='1'/>"), []),
    ],
)
def test_parts(devices: str, expected: list[str]) -> None:
    assert codes(devices) == expected


def test_versions() -> None:
    assert codes(scsi(attributes="sgio='unfiltered'"), libvirt="7.0.0") == []
    assert codes(pci(attributes=" display='on'"), libvirt="10.2.0") == []
    twice = mediated(attributes="model='vfio-pci' ramfb='on'") + pci(attributes=" ramfb='on'")
    assert codes(twice, libvirt="10.2.0") == []
    assert codes(twice, libvirt="10.3.0") == ["HOSTDEV022"]


def test_domains_of_other_drivers_are_left_alone() -> None:
    assert codes("<hostdev mode='capabilities' type='storage'><source><block>/dev/sdf1</block></source></hostdev>") == [
        "HOSTDEV001"
    ]
    capability = "<hostdev mode='capabilities' type='storage'><source><block>/dev/sdf1</block></source></hostdev>"
    assert codes(capability + pci(source=" writeFiltering='no'") * 2, type="xen") == []
