"""Refusals that are rare, and what looks like one and is none, as seen with libvirt 7.0.0, 9.0.0 and 11.3.0."""

from __future__ import annotations

import pytest
from test_controllers import codes

SHARED_LUKS = """\
<disk type='block' device='disk'><driver name='qemu' type='raw'/>
  <source dev='/dev/vg/web1'><encryption format='luks'>
    <secret type='passphrase' uuid='2d1f2e9c-53c0-4d4f-a3c4-3a8c1f6a5b70'/></encryption></source>
  <target dev='vda' bus='virtio'/><shareable/></disk>"""
EVDEV = "<input type='{}' bus='virtio'><source evdev='/dev/input/event3'/></input>"
VXHS = """\
<disk type='network' device='disk'><driver name='qemu' type='raw'/>
  <source protocol='vxhs' name='eb90327c'>{}</source><target dev='vda' bus='virtio'/></disk>"""
VHOST_USER = """\
<disk type='vhostuser' device='disk'><driver name='qemu' type='raw'/>
  <source type='unix' path='/run/vhost.sock'>{}</source><target dev='vda' bus='virtio'/></disk>"""
SECOND_DRIVER = """\
<interface type='user'><model type='virtio'/>{}<driver name='qemu'/>{}</interface>"""
PASSED_ON = (
    "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='6' slot='0' function='0'/>"
    "</source>{}</hostdev>"
)
ADDRESS = "<address type='pci' domain='0' bus='0' slot='9' function='0'/>"
ADDRESS_OF_S390 = ADDRESS.replace("/>", "><zpci uid='0x1' fid='0x2'/></address>")
PACKED = "<driver packed='on'/>"


def on_vio(reg: str, model: str = "spapr-vlan") -> str:
    return (
        "<controller type='scsi' index='0' model='ibmvscsi'><address type='spapr-vio' reg='0x2000'/></controller>"
        f"<interface type='user'><model type='{model}'/><address type='spapr-vio' reg='{reg}'/></interface>"
    )


def threads(kind: str, inside: str = "<iothread id='1'/>") -> str:
    return f"<controller type='{kind}' index='0'><driver><iothreads>{inside}</iothreads></driver></controller>"


@pytest.mark.parametrize(
    ("devices", "details", "expected"),
    [
        (on_vio("0x2000"), {"machine": "pseries", "arch": "ppc64"}, ["ADDR011"]),
        (on_vio("0x1000"), {"machine": "pseries", "arch": "ppc64"}, []),
        (on_vio("{{ reg }}"), {"machine": "pseries", "arch": "ppc64"}, []),
        (SHARED_LUKS, {}, ["DISK030"]),
        (SHARED_LUKS, {"libvirt": "9.0.0"}, []),
        (SHARED_LUKS.replace("<shareable/>", "<shareable/><readonly/>"), {}, []),
        (EVDEV.format("keyboard"), {"libvirt": "7.0.0"}, ["INPUT022"]),
        (EVDEV.format("keyboard"), {"libvirt": "7.4.0"}, []),
        (EVDEV.format("passthrough"), {"libvirt": "7.0.0"}, []),
        (EVDEV.format("{{ type }}"), {"libvirt": "7.0.0"}, []),
        (VXHS.format("<host name='a'/><host name='b'/>"), {"libvirt": "7.0.0"}, ["DISK060"]),
        (VXHS.format("<host name='a'/>"), {"libvirt": "7.0.0"}, []),
        (threads("virtio-serial"), {"around": "<iothreads>1</iothreads>"}, ["CTRL026"]),
        (threads("virtio-serial"), {"around": "<iothreads>1</iothreads>", "libvirt": "11.1.0"}, []),
        (threads("virtio-serial", ""), {"around": "<iothreads>1</iothreads>"}, []),
        (threads("{{ type }}"), {"around": "<iothreads>1</iothreads>"}, []),
        (SECOND_DRIVER.format("", PACKED), {"host": "qemu-4.1", "machine": "pc-q35-4.1", "libvirt": "7.0.0"}, []),
        (
            SECOND_DRIVER.format(PACKED, ""),
            {"host": "qemu-4.1", "machine": "pc-q35-4.1", "libvirt": "7.0.0"},
            ["CAPS040"],
        ),
        (PASSED_ON.format(ADDRESS + ADDRESS_OF_S390), {"host": "qemu-8.2"}, []),
        ("<emulator>/usr/bin/qemu-system-i386</emulator>", {"host": "qemu-8.2"}, []),
        ("<emulator>/opt/qemu-system-s390x</emulator>", {"host": "qemu-8.2"}, ["HOST007"]),
        ("<emulator>/opt/qemu-system-special</emulator>", {"host": "qemu-8.2"}, []),
        ("<emulator>{{ bin }}/qemu-system-{{ arch }}</emulator>", {"host": "qemu-8.2"}, []),
        ("<emulator>/usr/libexec/qemu-kvm</emulator>", {"host": "qemu-8.2"}, []),
    ],
)
def test_what_is_refused(devices: str, details: dict[str, str], expected: list[str]) -> None:
    assert codes(devices, **details) == expected


def test_a_vhost_user_disk_has_no_encryption_in_its_source_either() -> None:
    shared = "<memoryBacking><access mode='shared'/></memoryBacking>"
    encryption = "<encryption format='luks'><secret type='passphrase' usage='x'/></encryption>"
    assert codes(VHOST_USER.format(""), around=shared) == []
    assert "DISK051" in codes(VHOST_USER.format(encryption), around=shared)


VIRTIOFS = "<filesystem type='mount'><driver type='virtiofs'/><source dir='/a'/><target dir='{}'/></filesystem>"
NINE = "<filesystem type='mount'><source dir='/b'/><target dir='{}'/></filesystem>"
SHARED = "<memoryBacking><access mode='shared'/></memoryBacking>"
CELLS = "<cpu><numa><cell id='0' cpus='0-1' memory='2097152' memAccess='shared'/></numa></cpu>"
OLD = {"host": "qemu-5.1", "machine": "pc-q35-5.1", "libvirt": "7.0.0"}


@pytest.mark.parametrize(
    ("devices", "details", "expected"),
    [
        (VIRTIOFS.format("a") + NINE.format("a"), {"around": SHARED}, ["FS008"]),
        (VIRTIOFS.format("a") + NINE.format("a"), {"around": SHARED, "libvirt": "9.0.0"}, []),
        (VIRTIOFS.format("a") * 2, {"around": SHARED, "libvirt": "9.0.0"}, ["FS008"]),
        (NINE.format("a") * 2, {}, []),
        ("<controller index='0'/>", {"machine": "q35"}, ["DISK008"]),
        ("<controller index='0'/>", {"machine": "pc"}, []),
        ("<interface type='user'><rom enabled='no'/></interface>", {}, []),
        ("<interface type='user'><rom enabled='no' bar='on'/></interface>", {}, ["NET054"]),
        (PASSED_ON.format("<rom enabled='no' bar='on'/>"), {}, ["HOSTDEV024"]),
        (PASSED_ON.format("<rom enabled='no'/>"), {}, []),
        (PASSED_ON.format("<rom enabled='yes' bar='on'/>"), {}, []),
        (PASSED_ON.format("<rom enabled='{{ rom }}' bar='on'/>"), {}, []),
        ("", {"around": "<cputune><shares>1</shares></cputune>"}, []),
        ("", {"around": "<cputune><shares>1</shares></cputune>", "libvirt": "9.0.0"}, ["TUNE072"]),
        ("", {"around": "<cputune><shares>262145</shares></cputune>", "libvirt": "9.0.0"}, ["TUNE072"]),
        ("", {"around": "<cputune><shares>0</shares></cputune>", "libvirt": "9.0.0"}, []),
        ("", {"around": "<cputune><shares>{{ n }}</shares></cputune>", "libvirt": "9.0.0"}, []),
    ],
)
def test_what_hand_made_domains_showed(devices: str, details: dict[str, str], expected: list[str]) -> None:
    assert codes(devices, **details) == expected


@pytest.mark.parametrize(("around", "is_refused"), [(SHARED, True), (CELLS, False)])
def test_an_old_qemu_shares_the_memory_of_numa_cells_alone(around: str, is_refused: bool) -> None:
    assert ("FS012" in codes(VIRTIOFS.format("a"), around=around, **OLD)) is is_refused


@pytest.mark.parametrize(
    ("label", "libvirt", "expected"),
    [
        ("", "9.0.0", []),
        ("", "11.3.0", ["SCHEMA007"]),
        ("<label/>", "9.0.0", []),
        ("<label/>", "11.3.0", ["SEC013"]),
    ],
)
def test_labels_of_devices_that_are_missing(label: str, libvirt: str, expected: list[str]) -> None:
    source = f"<source dev='/dev/vg/a'><seclabel model='dac' relabel='yes'>{label}</seclabel></source>"
    disk = f"<disk type='block' device='disk'>{source}<target dev='vda' bus='virtio'/></disk>"
    assert codes(disk, libvirt=libvirt) == expected


@pytest.mark.parametrize(("libvirt", "expected"), [("11.1.0", []), ("11.2.0", ["SCHEMA011"])])
def test_limits_and_groups_of_limits_before_libvirt_knew_groups(libvirt: str, expected: list[str]) -> None:
    filters = "<throttlefilters><throttlefilter group='a'/></throttlefilters>"
    parts = f"<iotune><total_iops_sec>9</total_iops_sec></iotune>{filters}"
    group = "<throttlegroup><total_iops_sec>9</total_iops_sec><group_name>a</group_name></throttlegroup>"
    disk = f"<disk type='block' device='disk'><source dev='/a'/><target dev='vda' bus='virtio'/>{parts}</disk>"
    assert codes(disk, libvirt=libvirt, around=f"<throttlegroups>{group}</throttlegroups>") == expected


BOOT = "<disk type='block' device='disk'><source dev='/a'/><target dev='vda' bus='virtio'/><boot order='{}'/></disk>"
TWO_PORTS = "<serial type='pty'><target type='isa-serial' port='{}'/></serial>"


@pytest.mark.parametrize(("order", "expected"), [("4294967295", []), ("18446744073709551615", ["SCHEMA005"])])
def test_the_largest_boot_order(order: str, expected: list[str]) -> None:
    assert codes(BOOT.format(order), machine="q35") == expected


def test_ports_of_a_second_list_of_devices_are_no_crash() -> None:
    second = f"</devices><devices>{TWO_PORTS.format(1)}<graphics type='vnc'/>"
    assert codes(TWO_PORTS.format(0) + second, host="qemu-8.2") == []


def test_a_source_of_another_type_is_told_where_the_disk_has_no_type() -> None:
    assert codes("<disk><source dev='/a'/><target dev='vda' bus='virtio'/></disk>") == ["DISK040"]
    assert codes("<disk><source file='/a'/><target dev='vda' bus='virtio'/></disk>") == []
