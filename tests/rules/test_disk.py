"""DISK: limits, releases, placeholders and what is easy to get wrong. What libvirt does was seen with 11.3.0."""

import pytest
from lxml import etree

from domlint.domain.disks import Disks, address_by_name, take_apart
from domlint.engine import Plan, Source
from domlint.rules import catalogue
from domlint.versions import Version

_PLANS: dict[str, Plan] = {}

UUID = "0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f"
SHARED = "<memoryBacking><access mode='shared'/></memoryBacking>"


def codes(
    devices: str, around: str = "", libvirt: str = "11.3.0", machine: str = "q35", arch: str = "x86_64"
) -> set[str]:
    """The codes of the DISK findings in a domain with these devices."""
    text = (
        f"<domain type='kvm'><name>a</name><memory unit='MiB'>1024</memory><os>"
        f"<type arch='{arch}' machine='{machine}'>hvm</type></os>{around}<devices>{devices}</devices></domain>"
    )
    plan = _PLANS.setdefault(libvirt, Plan(catalogue(), libvirt=Version.parse(libvirt)))
    report = plan.check(Source("a.xml", text.encode()))
    assert not report.crashes
    return {finding.code for finding in report.findings if finding.code.startswith("DISK")}


def disk(
    target: str = "dev='vda' bus='virtio'",
    attributes: str = "type='file' device='disk'",
    driver: str = "name='qemu' type='qcow2'",
    source: str = "<source file='/a'/>",
    more: str = "",
) -> str:
    """A disk."""
    return f"<disk {attributes}><driver {driver}/>{source}<target {target}/>{more}</disk>"


@pytest.mark.parametrize(
    ("name", "prefix", "index", "is_too_long", "rest"),
    [
        ("vda", "vd", 0, False, ""),
        ("sdz", "sd", 25, False, ""),
        ("sdaa", "sd", 26, False, ""),
        ("hdb1", "hd", 1, False, "1"),
        ("vdfxshrxx", "vd", 2147483647, False, ""),
        ("vdfxshrxy", "vd", None, True, ""),
        ("vdA", "vd", None, False, "A"),
        ("vd", "vd", None, False, ""),
        ("xvdb", "xvd", 1, False, ""),
    ],
)
def test_names(name: str, prefix: str, index: int | None, is_too_long: bool, rest: str) -> None:
    apart = take_apart(name)
    assert apart is not None
    assert apart[:4] == (prefix, index, is_too_long, rest)


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [("vdfxshrxy", True), ("vdaaaaaaaaaa", True), ("vdnaaaaaa", False), ("vdnaaaaaaa", False)],
)
def test_too_large_numbers_where_32_bits_overflow(name: str, is_refused: bool) -> None:
    # Seen with libvirt 9.0.0; 11.3.0 counts, and refuses all of them.
    target = f"dev='{name}' bus='virtio'"
    assert codes(disk(target), libvirt="9.0.0") == ({"DISK003"} if is_refused else set())
    assert codes(disk(target)) == {"DISK003"}


def test_names_like_none() -> None:
    assert take_apart("nvme0n1") is None


@pytest.mark.parametrize(
    ("bus", "index", "address"),
    [
        ("ide", 3, (0, 1, 0, 1)),
        ("ide", 4, (1, 0, 0, 0)),
        ("scsi", 7, (1, 0, 0, 0)),
        ("sata", 5, (0, 0, 0, 5)),
        ("fdc", 2, (1, 0, 0, 0)),
        ("virtio", 2, None),
    ],
)
def test_addresses_by_name(bus: str, index: int, address: tuple[int, int, int, int] | None) -> None:
    assert address_by_name(bus, index) == address


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("dev='vda' bus='virtio'", set()),
        ("dev='ioemu:sda' bus='sata'", set()),
        ("dev='vda1' bus='virtio'", {"DISK002"}),
        ("dev='vda01' bus='virtio'", {"DISK002"}),
        ("dev='vda0' bus='virtio'", set()),
        ("dev='vdA' bus='virtio'", {"DISK001"}),
        ("dev='vda_1' bus='virtio'", {"DISK001"}),
        ("dev='vd0' bus='virtio'", {"DISK001"}),
        ("dev='vdazzzzzzz' bus='virtio'", {"DISK003"}),
        ("dev='fda' bus='virtio'", {"DISK005"}),
        ("dev='hda' bus='virtio'", set()),
        ("dev='{{ dev }}' bus='virtio'", set()),
        ("dev='vda' bus='{{ bus }}'", set()),
        ("dev='xvda'", {"DISK007"}),
        ("dev='xvda' bus='virtio'", set()),
        ("dev='fda' bus='fdc'", {"DISK005", "DISK006"}),
        ("dev='sda' bus='usb' removable='on'", set()),
        ("dev='sda' bus='sata' removable='on'", {"DISK020"}),
        ("dev='sda' bus='sata' rotation_rate='0'", set()),
        ("dev='vda' bus='virtio' rotation_rate='0'", set()),
        ("dev='vda' bus='virtio' rotation_rate='7200'", {"DISK020"}),
        ("dev='vda' bus='virtio' tray='closed'", set()),
        ("dev='vda' bus='virtio' tray='open'", {"DISK021"}),
        ("dev='hda' bus='ide'", {"DISK008"}),
    ],
)
def test_targets(target: str, expected: set[str]) -> None:
    assert codes(disk(target)) == expected


@pytest.mark.parametrize(
    ("machine", "arch", "expected"),
    [
        ("pc", "x86_64", set()),
        ("pc-i440fx-rhel7.6.0", "x86_64", set()),
        ("pc-q35-9.0", "x86_64", {"DISK008"}),
        ("microvm", "x86_64", {"DISK008"}),
        ("some-machine", "x86_64", set()),
        ("{{ machine }}", "x86_64", set()),
        ("virt", "aarch64", {"DISK008"}),
        ("malta", "mips", set()),
    ],
)
def test_machines_with_ide(machine: str, arch: str, expected: set[str]) -> None:
    assert codes(disk("dev='hda'"), machine=machine, arch=arch) == expected


@pytest.mark.parametrize(
    ("target", "address", "expected"),
    [
        ("dev='vda' bus='virtio'", "type='virtio-mmio'", set()),
        ("dev='vda' bus='virtio'", "type='drive'", {"DISK011"}),
        ("dev='sda' bus='sata'", "type='drive' controller='1' unit='5'", set()),
        ("dev='sda' bus='sata'", "type='drive' unit='6'", {"DISK015"}),
        ("dev='sda' bus='sata'", "type='drive' bus='1'", {"DISK012"}),
        ("dev='sda' bus='sata'", "type='drive' target='{{ t }}'", set()),
        ("dev='sda' bus='scsi'", "type='drive' controller='9' target='3' unit='200'", set()),
        ("dev='sda' bus='scsi'", "type='drive' bus='1'", {"DISK012"}),
        ("dev='sda' bus='sd'", "type='pci'", set()),
        ("dev='sda' bus='usb'", "type='usb' bus='0' port='1'", set()),
        ("dev='sda' bus='usb'", "type='drive'", {"DISK011"}),
        ("dev='sda' bus='sata'", "type='{{ t }}'", set()),
    ],
)
def test_addresses(target: str, address: str, expected: set[str]) -> None:
    assert codes(disk(target, more=f"<address {address}/>")) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [("dev='hdd' bus='ide'", set()), ("dev='hde' bus='ide'", {"DISK012"}), ("dev='vdh' bus='ide'", {"DISK012"})],
)
def test_ide_has_four_drives(target: str, expected: set[str]) -> None:
    assert codes(disk(target), machine="pc") == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("dev='vda' bus='virtio'", "dev='vda' bus='scsi'", {"DISK004"}),
        ("dev='vda' bus='virtio'", "dev='ioemu:vda' bus='virtio'", {"DISK004"}),
        ("dev='sda' bus='scsi'", "dev='hda' bus='scsi'", {"DISK013"}),
        ("dev='sda' bus='scsi'", "dev='hda' bus='sata'", set()),
        ("dev='{{ a }}' bus='scsi'", "dev='{{ a }}' bus='scsi'", set()),
    ],
)
def test_two_disks(first: str, second: str, expected: set[str]) -> None:
    assert codes(disk(first) + disk(second)) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (disk(driver="name='qemu' io='native' cache='none'"), set()),
        (disk(driver="name='qemu' io='native' cache='directsync'"), set()),
        (disk(driver="name='qemu' io='native' cache='writeback'"), {"DISK023"}),
        (disk(driver="name='qemu' io='native'"), {"DISK023"}),
        (disk(driver="name='qemu' io='native' cache='{{ c }}'"), set()),
        (disk(driver="name='qemu' type='qcow2' copy_on_read='off'", more="<readonly/>"), set()),
        (disk(driver="name='qemu' type='raw' queues='0'", target="dev='sda' bus='scsi'"), set()),
        (disk(driver="name='phy'"), {"DISK027"}),
        (disk(driver="type='raw'", more="<shareable/>"), set()),
        (disk(driver="type='qcow2'", more="<shareable/>"), {"DISK026"}),
        (disk(driver="type='qcow2'", more="<shareable/><readonly/>"), set()),
        (disk(driver="type='{{ t }}'", more="<shareable/>"), set()),
        (disk(driver="type='raw' discard_no_unref='off'"), set()),
        (disk(driver="type='iso'"), {"DISK041"}),
        (disk(driver="type='fat'"), {"DISK041"}),
        (disk(driver="type='vmdk'"), set()),
        (disk(source=""), {"DISK040"}),
        (disk(source="<source file=''/>"), {"DISK040"}),
        (disk(source="<source file='{{ f }}'/>"), set()),
        (disk(source="<source file='/a'/>", attributes="type='block' device='disk'"), {"DISK040"}),
        (disk(source="", attributes="type='network' device='disk'"), {"DISK040"}),
        (disk(source="", attributes="type='file' device='cdrom'", target="dev='sda' bus='sata'"), set()),
        (disk(source="", attributes="type='file' device='cdrom'", target="dev='sda' bus='usb'"), {"DISK040"}),
        (disk(more="<transient/><readonly/>"), {"DISK052"}),
        (disk(more="<transient shareBacking='yes'/>", target="dev='sda' bus='sata'"), {"DISK020"}),
        (disk(more="<geometry cyls='1' heads='1' secs='0'/>", target="dev='sda' bus='usb'"), set()),
        (disk(more="<geometry cyls='1' heads='1' secs='1'/>", target="dev='sda' bus='usb'"), {"DISK022"}),
        (disk(more="<wwn>5000c50015ea71ad</wwn>"), {"DISK020"}),
        (disk(more="<wwn/>"), set()),
    ],
)
def test_options(one: str, expected: set[str]) -> None:
    assert codes(one) == expected


def backing(format_: str, below: str = "") -> str:
    """An image below."""
    return f"<backingStore type='file'><format type='{format_}'/><source file='/b'/>{below}</backingStore>"


@pytest.mark.parametrize(
    ("driver", "more", "libvirt", "expected"),
    [
        ("type='qcow2'", backing("raw"), "11.3.0", set()),
        ("type='qcow2'", "<backingStore/>", "11.3.0", set()),
        ("type='raw'", "<backingStore/>", "9.0.0", set()),
        ("type='raw'", backing("raw"), "9.0.0", {"DISK043"}),
        ("type='raw'", backing("raw"), "11.3.0", set()),
        ("type='vdi'", backing("raw"), "11.3.0", {"DISK043"}),
        ("type='qcow2'", backing("iso"), "11.3.0", {"DISK041"}),
        ("type='qcow2'", backing("qcow2", backing("cow")), "11.3.0", {"DISK041"}),
        ("type='qcow2'", "<backingStore type='file'><format type='raw'/></backingStore>", "11.3.0", {"DISK044"}),
        ("type='qcow2'", backing("raw").replace("'/b'", "''"), "11.3.0", {"DISK044"}),
    ],
)
def test_chains(driver: str, more: str, libvirt: str, expected: set[str]) -> None:
    assert codes(disk(driver=driver, more=more), libvirt=libvirt) == expected


def remote(protocol: str, inner: str = "<host name='a'/>", name: str = "pool/a", attributes: str = "") -> str:
    """A disk on a server."""
    source = f"<source protocol='{protocol}' name='{name}' {attributes}>{inner}</source>"
    return disk(attributes="type='network' device='disk'", driver="type='raw'", source=source)


ISCSI_SECRET = f"<auth username='u'><secret type='iscsi' uuid='{UUID}'/></auth>"


@pytest.mark.parametrize(
    ("one", "libvirt", "expected"),
    [
        (remote("nbd"), "11.3.0", set()),
        (remote("nbd", ""), "11.3.0", {"DISK060"}),
        (remote("iscsi", "", "iqn.a"), "11.3.0", {"DISK060"}),
        (remote("iscsi", "", "iqn.a"), "9.0.0", set()),
        (remote("rbd", ""), "11.3.0", set()),
        (remote("gluster", "<host name='a'/><host name='b'/>"), "11.3.0", set()),
        (remote("http", "<host name='a'/><host name='b'/>"), "11.3.0", {"DISK060"}),
        (remote("rbd", "<host transport='unix' socket='/s'/>"), "11.3.0", {"DISK061"}),
        (remote("gluster", "<host transport='unix' socket='/s'/>"), "11.3.0", set()),
        (remote("nfs", "<host name='a' port='2049'/>"), "11.3.0", {"DISK062"}),
        (remote("rbd", attributes="tls='no'"), "11.3.0", set()),
        (remote("rbd", attributes="tls='yes'"), "11.3.0", {"DISK063"}),
        (remote("rbd", name="a"), "11.3.0", {"DISK064"}),
        (remote("rbd", name="/a"), "11.3.0", {"DISK064"}),
        (remote("rbd", name="{{ a }}"), "11.3.0", set()),
        (remote("iscsi", name="iqn.a/1"), "11.3.0", set()),
        (remote("iscsi", name="iqn.a/"), "11.3.0", {"DISK065"}),
        (remote("sheepdog"), "9.0.0", set()),
        (remote("sheepdog"), "11.3.0", {"DISK066"}),
        (remote("{{ p }}", ""), "11.3.0", set()),
        (remote("iscsi", f"<host name='a'/>{ISCSI_SECRET}", "iqn.a"), "11.3.0", set()),
        (remote("rbd", f"<host name='a'/>{ISCSI_SECRET}"), "11.3.0", {"DISK067"}),
        (remote("nbd", f"<host name='a'/>{ISCSI_SECRET}"), "11.3.0", {"DISK067"}),
        (remote("nbd", f"<host name='a'/>{ISCSI_SECRET}"), "7.0.0", set()),
    ],
)
def test_servers(one: str, libvirt: str, expected: set[str]) -> None:
    assert codes(one, libvirt=libvirt) == expected


def luks(inner: str = f"<secret type='passphrase' uuid='{UUID}'/>", format_: str = "luks", engine: str = "") -> str:
    """Encryption."""
    return f"<encryption format='{format_}' {engine}>{inner}</encryption>"


@pytest.mark.parametrize(
    ("driver", "encryption", "libvirt", "expected"),
    [
        ("qcow2", luks(), "11.3.0", set()),
        ("vmdk", luks(), "11.3.0", {"DISK081"}),
        ("vmdk", luks(), "7.0.0", set()),
        ("qcow2", luks(format_="qcow"), "7.0.0", {"DISK081"}),
        ("raw", luks(format_="qcow"), "7.0.0", set()),
        ("raw", luks(format_="qcow"), "11.3.0", {"DISK081"}),
        ("raw", luks(format_="luks2"), "11.3.0", {"DISK081"}),
        ("raw", luks(engine="engine='librbd'"), "11.3.0", {"DISK081"}),
        ("raw", luks(""), "11.3.0", {"DISK083"}),
        ("qcow2", luks(""), "11.3.0", set()),
        ("raw", luks(f"<secret type='passphrase' uuid='{UUID}'/>" * 2), "11.3.0", {"DISK082"}),
        ("raw", luks(f"<secret type='passphrase' uuid='{UUID}'/>" * 2), "9.0.0", set()),
        ("raw", luks(f"<secret type='passphrase' uuid='{UUID}' usage='a'/>"), "11.3.0", {"DISK084"}),
    ],
)
def test_encryption(driver: str, encryption: str, libvirt: str, expected: set[str]) -> None:
    source = f"<source file='/a'>{encryption}</source>"
    assert codes(disk(driver=f"type='{driver}'", source=source), libvirt=libvirt) == expected
    beside = disk(driver=f"type='{driver}'", more=encryption)
    assert codes(beside, libvirt=libvirt) == expected
    both = disk(driver=f"type='{driver}'", source=source, more=encryption)
    assert codes(both, libvirt=libvirt) == {*expected, "DISK080"}


def tuned(*limits: tuple[str, str], group: str = "", target: str = "dev='vda' bus='virtio'") -> str:
    """A disk with limits."""
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in limits)
    named = f"<group_name>{group}</group_name>" if group else ""
    return disk(target, more=f"<iotune>{inner}{named}</iotune>")


SECOND = "dev='vdb' bus='virtio'"


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (tuned(("total_bytes_sec", "1"), ("read_bytes_sec", "0")), set()),
        (tuned(("total_bytes_sec", "1"), ("read_bytes_sec", "1")), {"DISK090"}),
        (tuned(("total_bytes_sec", "{{ a }}"), ("read_bytes_sec", "1")), set()),
        (tuned(("total_bytes_sec_max_length", "1"), ("read_bytes_sec_max_length", "1")), set()),
        (tuned(("total_iops_sec", "1000000000000000")), set()),
        (tuned(("total_iops_sec", "1000000000000001")), {"DISK091"}),
        (tuned(("total_iops_sec_max_length", "1000000000000001")), set()),
        (tuned(group="g"), {"DISK092"}),
        (tuned(("total_iops_sec", "0"), group="g"), {"DISK092"}),
        (tuned(("total_iops_sec", "{{ a }}"), group="g"), set()),
        (tuned(group="g") + tuned(("total_iops_sec", "7"), group="g", target=SECOND), set()),
        (
            tuned(("total_iops_sec", "7"), group="g") + tuned(("total_iops_sec", "8"), group="g", target=SECOND),
            {"DISK093"},
        ),
        (tuned(("total_iops_sec", "7"), group="g") + tuned(("total_iops_sec", "8"), group="h", target=SECOND), set()),
        (tuned(("total_iops_sec", "7"), target="dev='sda' bus='sd'"), {"DISK094"}),
        (tuned(("total_iops_sec", "0"), target="dev='sda' bus='sd'"), set()),
    ],
)
def test_limits(devices: str, expected: set[str]) -> None:
    assert codes(devices) == expected


def test_vhost_user_disk() -> None:
    source = "<source type='unix' path='/run/a'/>"
    plain = disk(attributes="type='vhostuser' device='disk'", driver="type='raw'", source=source)
    assert codes(plain, SHARED) == set()
    assert codes(plain) == {"DISK049"}
    for more in ("<readonly/>", "<serial>a</serial>", "<iotune><total_iops_sec>1</total_iops_sec></iotune>"):
        one = disk(attributes="type='vhostuser' device='disk'", driver="type='raw'", source=source, more=more)
        assert codes(one, SHARED) == {"DISK051"}
    for harmless in ("<serial/>", "<iotune><total_iops_sec>0</total_iops_sec></iotune>", "<boot order='1'/>"):
        one = disk(attributes="type='vhostuser' device='disk'", driver="type='raw'", source=source, more=harmless)
        assert codes(one, SHARED) == set()


@pytest.mark.parametrize(
    ("option", "libvirt", "expected"),
    [
        ("<product>A name of a product</product>", "11.3.0", set()),
        ("<product>A name of a product</product>", "9.0.0", {"DISK020", "DISK029"}),
        ("<product>short</product>", "9.0.0", {"DISK020"}),
        ("<vendor>short</vendor>", "11.3.0", {"DISK020"}),
    ],
)
def test_product_of_sata_disks_by_release(option: str, libvirt: str, expected: set[str]) -> None:
    assert codes(disk("dev='sda' bus='sata'", more=option), libvirt=libvirt) == expected


@pytest.mark.parametrize(("libvirt", "expected"), [("9.5.0", {"DISK020"}), ("9.6.0", set())])
def test_removable_scsi_disks_by_release(libvirt: str, expected: set[str]) -> None:
    assert codes(disk("dev='sda' bus='scsi' removable='on'"), libvirt=libvirt) == expected


def test_other_drivers_are_left_alone() -> None:
    text = "<domain type='xen'><name>a</name><devices><disk><target dev='xvda1' bus='xen'/></disk></devices></domain>"
    report = Plan(catalogue(), libvirt=Version(11, 3, 0)).check(Source("a.xml", text.encode()))
    assert not [finding for finding in report.findings if finding.code.startswith("DISK")]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("dev='sda' bus='sata'", "dev='sdb' bus='sata'|type='drive' unit='0'", {"DISK013"}),
        ("dev='sda' bus='sata'", "dev='sdb' bus='sata'|type='drive' unit='1'", set()),
        ("dev='sda' bus='sata'|type='drive' unit='1'", "dev='sdb' bus='sata'|type='drive' unit='1'", {"DISK013"}),
        ("dev='sda' bus='sata'|type='drive' unit='1'", "dev='sdb' bus='sata'|type='drive' unit='01'", {"DISK013"}),
        ("dev='sda' bus='sata'|type='drive' unit='1'", "dev='sdb' bus='scsi'|type='drive' unit='1'", set()),
        (
            "dev='sda' bus='sata'|type='drive' controller='0' unit='1'",
            "dev='sdb' bus='sata'|type='drive' controller='1' unit='1'",
            set(),
        ),
    ],
)
def test_places_of_two_drives(first: str, second: str, expected: set[str]) -> None:
    devices = ""
    for one in (first, second):
        target, _, address = one.partition("|")
        devices += disk(target, more=f"<address {address}/>" if address else "")
    assert codes(devices) == expected


PLAIN = (
    disk(),
    disk(driver="name='qemu' type='raw' cache='none' io='native' discard='unmap'", more="<boot order='1'/>"),
    disk("dev='sda' bus='sata'", "type='file' device='cdrom'", source="", more="<readonly/>"),
    disk("dev='sda'", "type='block'", source="<source dev='/dev/vg0/a'/>", more="<backingStore/><!-- old -->"),
    disk("dev='sdc' bus='scsi'", more="<address type='drive' controller='0' bus='0' target='0' unit='2'/>"),
)


@pytest.mark.parametrize("one", PLAIN)
def test_most_disks_are_plain(one: str) -> None:
    assert Disks(etree.fromstring(f"<devices>{one}</devices>")).notable == ()


@pytest.mark.parametrize("one", PLAIN)
def test_what_is_plain_has_no_finding_when_it_is_looked_at(one: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domlint.domain.disks._is_plain", lambda *_shape: False)
    assert Disks(etree.fromstring(f"<devices>{one}</devices>")).notable != ()
    assert codes(one) == set()


@pytest.mark.parametrize(
    "one",
    [
        disk("dev='vda' bus='virtio' tray='open'"),
        disk(source="<source file=''/>"),
        disk(source="<source file='/a'><reservations/></source>"),
        disk(more="<driver name='qemu'/>"),
        disk("dev='hde'"),
        disk("dev='sda' bus='sata'", more="<readonly/>"),
        disk("dev='sda' bus='sata'", more="<address type='drive' unit='6'/>"),
        disk(more="<backingStore type='file'/>"),
        disk(more="<address type='drive'/>"),
        disk("dev='{{ a }}' bus='virtio'"),
        disk(driver="io='native'"),
        disk("dev='sda' bus='scsi'", driver="iothread='1'"),
    ],
)
def test_others_are_not_plain(one: str) -> None:
    assert len(Disks(etree.fromstring(f"<devices>{one}</devices>")).notable) == 1
