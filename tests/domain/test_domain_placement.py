"""The port that a transient device gets where it asks for none. What is expected is what libvirt 9.0.0 chose.

tests/real asks a libvirt itself, about many more domains.
"""

from __future__ import annotations

import pytest
from lxml import etree

from domlint.domain.machine import resolve_machine
from domlint.domain.pci import Topology, guest_address
from domlint.domain.pci_reading import PciReading
from domlint.domain.values import UNKNOWN

PORTS = "".join(f"<controller type='pci' index='{index}' model='pcie-root-port'/>" for index in range(1, 7))
TEAMING = "<teaming type='transient' persistent='ua-uplink'/>"
SOURCE = "<source><address domain='0' bus='3' slot='16' function='1'/></source>"
HOSTDEV = f"<hostdev mode='subsystem' type='pci'>{SOURCE}{TEAMING}</hostdev>"
NETWORK = f"<interface type='network'><source network='sriov'/><model type='virtio'/>{TEAMING}</interface>"


def topology(devices: str, arch: str = "x86_64", machine: str = "q35") -> Topology:
    reading = PciReading(etree.fromstring(f"<devices>{devices}</devices>"))
    return Topology(reading, resolve_machine(arch, machine, "qemu", None))


def port(devices: str, arch: str = "x86_64", machine: str = "q35") -> int | None:
    found = topology(devices, arch, machine)
    assert found._devices is not None
    (teaming,) = found._devices.iterfind("*/teaming")
    chosen = found.port_of(teaming.getparent())
    return None if chosen is None else chosen.index


@pytest.mark.parametrize(
    "before, of_hostdev, of_network",
    [
        ("", 2, 1),  # q35 has a USB controller, which libvirt adds
        ("<controller type='usb' model='none'/>", 1, 1),
        ("<controller type='usb' model='qemu-xhci'/>", 2, 1),
        ("<controller type='usb' index='1' model='qemu-xhci'/>", 3, 1),
        ("<controller type='usb' index='1' model='ich9-ehci1'/>", 3, 2),
        ("<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>", 3, 2),
        ("<interface type='bridge'><source bridge='br0'/></interface>", 3, 2),
        ("<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>", 3, 2),
        ("<filesystem><source dir='/srv'/><target dir='srv'/></filesystem>", 3, 2),
        ("<filesystem model='virtio-transitional'><source dir='/srv'/><target dir='srv'/></filesystem>", 3, 2),
        ("<controller type='scsi' index='1' model='virtio-scsi'/>", 3, 1),
        ("<controller type='scsi' index='1'/>", 3, 2),
        ("<controller type='virtio-serial' index='1' model='virtio-transitional'/>", 3, 2),
        ("<controller type='sata' index='1'/>", 3, 2),
        ("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>", 3, 1),
        ("<console type='pty'><target type='virtio'/></console>", 3, 1),
        ("<disk type='file'><target dev='vda' bus='virtio'/></disk>", 3, 1),
        ("<disk type='file'><target dev='vda'/></disk>", 3, 1),
        ("<disk type='file' model='virtio-transitional'><target dev='vda' bus='virtio'/></disk>", 3, 2),
        ("<disk type='file'><target dev='sda' bus='scsi'/></disk>", 3, 2),
        ("<disk type='file'><target dev='sda' bus='sata'/></disk>", 2, 1),
        ("<hostdev type='mdev' model='vfio-pci'/>", 3, 1),
        ("<hostdev type='scsi'/>", 3, 2),
        ("<rng model='virtio'/>", 2, 1),
        ("<rng model='virtio-transitional'/>", 3, 2),
        ("<input type='keyboard' bus='virtio'/>", 2, 1),
        ("<shmem name='s'/>", 3, 2),
        ("<watchdog model='i6300esb'/>", 3, 2),
        ("<sound model='ac97'/>", 3, 2),
        ("<sound model='ich9'/>", 2, 1),
        ("<sound model='ich9'/><sound model='ich9'/>", 3, 2),
        ("<video><model type='qxl'/></video>", 2, 1),
        ("<video><model type='qxl'/></video><video><model type='qxl'/></video>", 3, 2),
        ("<controller type='pci' index='9' model='pcie-to-pci-bridge'/>", 3, 2),
        ("<controller type='pci' index='9' model='dmi-to-pci-bridge'/><sound model='ac97'/>", 2, 1),
    ],
)
def test_devices_before_it_take_ports(before: str, of_hostdev: int, of_network: int) -> None:
    assert (port(PORTS + before + HOSTDEV), port(PORTS + before + NETWORK)) == (of_hostdev, of_network)


def test_ports_that_libvirt_adds_between_those_declared_are_filled_in_their_turn() -> None:
    declared = "<controller type='pci' index='2' model='pcie-root-port'/>"
    assert port(declared + NETWORK) is None
    assert port(declared + HOSTDEV) == 2


def test_virt_gets_no_usb_controller() -> None:
    assert port(PORTS + HOSTDEV, "aarch64", "virt") == 1


@pytest.mark.parametrize(
    "place", ["bus='0x100'", "slot='32'", "bus='1' function='8'", "domain='1' bus='1'", "bus='0a'"]
)
def test_address_that_libvirt_refuses_is_unknown(place: str) -> None:
    assert guest_address(etree.fromstring(f"<interface><address type='pci' {place}/></interface>")) is UNKNOWN


@pytest.mark.parametrize(
    "open_device",
    [
        "<interface type='bridge'><model type='${model}'/></interface>",
        "<disk type='file'><target dev='vda' bus='{{ bus }}'/></disk>",
        "<controller type='usb' model='@USB@'/>",
        "<interface type='bridge'><address type='pci' bus='${bus}' slot='0'/></interface>",
    ],
)
def test_nothing_is_chosen_where_a_placeholder_decides(open_device: str) -> None:
    assert port(PORTS + open_device + HOSTDEV) is None
