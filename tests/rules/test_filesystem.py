"""FS: limits, releases and what is left alone. What libvirt says of each was seen with libvirt 11.3.0."""

import pytest

from domlint.engine import Plan, Source
from domlint.rules import catalogue
from domlint.versions import Version

SHARED = "<memoryBacking><access mode='shared'/></memoryBacking>"
SHARED_CELL = "<cpu><numa><cell id='0' cpus='0' memory='1048576' memAccess='shared'/></numa></cpu>"
PRIVATE_CELL = "<cpu><numa><cell id='0' cpus='0' memory='1048576' memAccess='private'/></numa></cpu>"
UNKNOWN_CELL = "<cpu><numa><cell id='0' cpus='0' memory='1048576' memAccess='{{ a }}'/></numa></cpu>"


def codes(filesystem: str, around: str = SHARED, libvirt: str = "11.3.0", machine: str = "q35") -> set[str]:
    """The codes of the FS findings in a domain with these devices."""
    arch = "s390x" if machine.startswith("s390") else "x86_64"
    text = (
        f"<domain type='kvm'><name>a</name><memory unit='MiB'>1024</memory><os>"
        f"<type arch='{arch}' machine='{machine}'>hvm</type></os>{around}<devices>{filesystem}</devices></domain>"
    )
    report = Plan(catalogue(), libvirt=Version.parse(libvirt)).check(Source("a.xml", text.encode()))
    assert not report.crashes
    return {finding.code for finding in report.findings if finding.code.startswith("FS")}


def folder(
    attributes: str = "", driver: str = "", more: str = "", tag: str = "data", source: str = "dir='/srv/data'"
) -> str:
    """A filesystem."""
    driver = f"<driver {driver}/>" if driver else ""
    return f"<filesystem type='mount' {attributes}>{driver}<source {source}/><target dir='{tag}'/>{more}</filesystem>"


VIRTIOFS = "type='virtiofs'"


@pytest.mark.parametrize(
    ("filesystem", "expected"),
    [
        (folder("fmode='755' accessmode='mapped'"), set()),
        (folder("fmode='755'"), {"FS005"}),
        (folder("fmode='0'"), set()),
        (folder("fmode='{{ mode }}'"), set()),
        (folder("fmode='755' accessmode='{{ mode }}'"), set()),
        (folder("fmode='755' accessmode='mapped'", VIRTIOFS), {"FS004", "FS005"}),
        (folder("accessmode='mapped'", VIRTIOFS), {"FS004"}),
        (folder("accessmode='mapped'", VIRTIOFS, source="socket='/run/a'"), set()),
        (folder("multidevs='default'", VIRTIOFS), set()),
        (folder("multidevs='remap'", VIRTIOFS), {"FS004"}),
        (folder("multidevs='remap'"), set()),
        (folder("model='virtio'", VIRTIOFS), {"FS004"}),
        (folder("model='virtio'", "type='{{ driver }}'"), set()),
        (folder("", "type='virtiofs' wrpolicy='immediate'", source="socket='/run/a'"), set()),
        (folder("", "type='virtiofs' format='raw'", source="socket='/run/a'"), {"FS004"}),
        (folder("accessmode='squash'", "type='handle'"), {"FS004"}),
        (folder("accessmode='mapped'", "type='mtp'"), {"FS004"}),
        (folder(more="<space_hard_limit>0</space_hard_limit>"), set()),
        (folder(more="<space_soft_limit unit='KiB'>1</space_soft_limit>"), {"FS002"}),
        (folder() + folder(), set()),
        (folder() + folder("", VIRTIOFS), {"FS008"}),
        (folder("", VIRTIOFS, tag="{{ a }}") + folder("", VIRTIOFS, tag="{{ a }}"), set()),
        (folder(more="<address type='drive'/>"), {"FS011"}),
        (folder(more="<address type='virtio-mmio'/>"), set()),
        (folder("", "type='mtp'", more="<address type='usb' bus='0' port='1'/>"), set()),
    ],
)
def test_filesystems(filesystem: str, expected: set[str]) -> None:
    assert codes(filesystem) == expected


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ("", {"FS007"}),
        ("<memoryBacking><hugepages/></memoryBacking>", {"FS007"}),
        ("<memoryBacking><access mode='private'/></memoryBacking>", {"FS007"}),
        ("<memoryBacking><access mode='{{ a }}'/></memoryBacking>", set()),
        (SHARED, set()),
        (SHARED_CELL, set()),
        (SHARED + PRIVATE_CELL, {"FS007"}),
        (SHARED + UNKNOWN_CELL, set()),
        (SHARED + PRIVATE_CELL.replace(" memAccess='private'", ""), set()),
        (PRIVATE_CELL.replace(" memAccess='private'", ""), {"FS007"}),
    ],
)
def test_shared_memory(around: str, expected: set[str]) -> None:
    assert codes(folder("", VIRTIOFS), around) == expected


@pytest.mark.parametrize(
    ("libvirt", "expected"),
    [("6.3.0", set()), ("6.4.0", {"FS006"}), ("9.0.0", {"FS006"}), ("10.10.0", {"FS006"}), ("11.0.0", set())],
)
def test_read_only_virtiofs_by_release(libvirt: str, expected: set[str]) -> None:
    assert codes(folder("", VIRTIOFS, more="<readonly/>"), libvirt=libvirt) == expected
    assert not codes(folder("", VIRTIOFS, more="<readonly/>", source="socket='/run/a'"), libvirt=libvirt)


@pytest.mark.parametrize(
    ("machine", "address", "expected"),
    [
        ("q35", "", set()),
        ("s390-ccw-virtio", "", {"FS010"}),
        ("s390-ccw-virtio", "<address type='pci'/>", set()),
        ("s390-ccw-virtio", "<address type='{{ a }}'/>", set()),
        ("q35", "<address type='virtio-mmio'/>", {"FS010"}),
    ],
)
def test_boot_from_virtiofs(machine: str, address: str, expected: set[str]) -> None:
    assert codes(folder("", VIRTIOFS, more=f"<boot order='1'/>{address}"), machine=machine) == expected
