"""DEV and TPM: limits, versions, machines, and silence where nothing can be known.

What is refused and what is not was seen with libvirt 7.0.0, 9.0.0 and 11.3.0.
"""

from __future__ import annotations

import pytest

from domlint.engine import Plan, Source
from domlint.examples import example_host, whole_document
from domlint.rule import Example
from domlint.rules import catalogue
from domlint.versions import Version

Q35 = ("x86_64", "pc-q35-8.2")
I440FX = ("x86_64", "pc-i440fx-8.2")
VIRT = ("aarch64", "virt")
RISCV = ("riscv64", "virt")
S390 = ("s390x", "s390-ccw-virtio")
PSERIES = ("ppc64", "pseries")
OWN = ("x86_64", "{{ machine }}")
RULES = [rule for rule in catalogue() if rule.code.startswith(("DEV", "TPM"))]


def codes(devices: str, machine: tuple[str, str] = Q35, libvirt: str = "11.3.0", around: str = "", **more: str):
    example = Example(devices, arch=machine[0], machine=machine[1], around=around, **more)
    plan = Plan(RULES, libvirt=Version.parse(libvirt) if libvirt else None)
    report = plan.check(Source("x.xml", whole_document(example).encode()))
    assert report.crashes == ()
    return {(finding.code, finding.outcome.value) for finding in report.findings}


def refused(code: str, outcome: str = "define"):
    return {(code, outcome)}


@pytest.mark.parametrize("kind", ["usb", "drive", "isa", "spapr-vio", "dimm", "ccid"])
@pytest.mark.parametrize(
    "device", ["<rng model='virtio'>", "<memballoon model='virtio'>", "<vsock>", "<crypto model='virtio' type='qemu'>"]
)
def test_virtio_devices_are_on_pci_ccw_or_mmio(device: str, kind: str) -> None:
    name = device[1:].split(" ", maxsplit=1)[0].strip(">")
    assert codes(f"{device}<address type='{kind}'/></{name}>") == refused("DEV001", "start")
    for good in ("pci", "ccw", "virtio-mmio", "virtio-s390", "$(address)"):
        assert codes(f"{device}<address type='{good}'/></{name}>") == set()
    assert codes(f"{device}<address type='unassigned'/></{name}>") == refused("DEV001")


@pytest.mark.parametrize(
    ("device", "machine", "kinds"),
    [
        ("<panic model='isa'>{}</panic>", Q35, ("isa",)),
        ("<panic>{}</panic>", Q35, ("isa",)),
        ("<panic>{}</panic>", VIRT, ("pci",)),
        ("<panic>{}</panic>", S390, ()),
        ("<panic>{}</panic>", PSERIES, ()),
        ("<panic model='hyperv'>{}</panic>", Q35, ()),
        ("<watchdog model='i6300esb'>{}</watchdog>", Q35, ("pci",)),
        ("<watchdog model='ib700'>{}</watchdog>", I440FX, ()),
        ("<watchdog model='diag288'>{}</watchdog>", S390, ()),
        ("<watchdog model='itco'>{}</watchdog>", Q35, ()),
        ("<iommu model='intel'>{}</iommu>", Q35, ()),
        ("<iommu model='smmuv3'>{}</iommu>", VIRT, ()),
    ],
)
def test_addresses_of_what_belongs_to_the_machine(
    device: str, machine: tuple[str, str], kinds: tuple[str, ...]
) -> None:
    for kind in ("pci", "usb", "isa", "drive"):
        expected = set() if kind in kinds else refused("DEV001")
        assert codes(device.format(f"<address type='{kind}'/>"), machine) == expected, kind
    assert codes(device.format(""), machine) == set()


def test_devices_that_an_older_libvirt_passes_over() -> None:
    crypto = "<crypto model='virtio' type='qemu'><address type='usb'/></crypto>"
    assert codes(crypto, libvirt="9.0.0") == set()
    assert codes("<iommu model='intel'><address type='pci'/></iommu>", libvirt="7.0.0") == set()
    assert codes("<shmem name='a'><model type='ivshmem-plain'/><address type='usb'/></shmem>") == refused(
        "DEV001", "start"
    )


@pytest.mark.parametrize(
    ("model", "machines"),
    [("isa", {Q35, I440FX, VIRT, S390, PSERIES}), ("hyperv", {Q35, I440FX}), ("s390", {S390}), ("pseries", {PSERIES})],
)
def test_panic_devices_of_other_machines(model: str, machines: set[tuple[str, str]]) -> None:
    for machine in (Q35, I440FX, VIRT, S390, PSERIES):
        expected = set() if machine in machines else refused("DEV010")
        assert codes(f"<panic model='{model}'/>", machine) == expected, machine
    assert codes("<panic model='pseries'/>", OWN) == set()


def test_panic_devices_without_a_model() -> None:
    for machine in (Q35, VIRT, S390, PSERIES, OWN):
        assert codes("<panic/>", machine) == set()
    assert codes("<panic/>", RISCV, type="qemu") == refused("DEV011")
    assert codes("<panic/>", RISCV, type="qemu", libvirt="9.0.0") == set()
    assert codes("<panic/>", RISCV, type="xen") == set()


@pytest.mark.parametrize(
    ("one", "other", "machine", "is_refused"),
    [
        ("<panic/>", "<panic model='isa'/>", Q35, True),
        ("<panic/>", "<panic model='default'/>", Q35, True),
        ("<panic/>", "<panic model='isa'/>", VIRT, False),
        ("<panic/>", "<panic model='hyperv'/>", Q35, False),
        ("<panic model='{{ a }}'/>", "<panic model='isa'/>", Q35, False),
        ("<panic/>", "<panic model='s390'/>", S390, True),
    ],
)
def test_panic_devices_of_the_same_model(one: str, other: str, machine: tuple[str, str], is_refused: bool) -> None:
    expected = refused("DEV012") if is_refused else set()
    assert codes(one + other, machine) == expected
    assert codes(other + one, machine) == expected


@pytest.mark.parametrize(
    ("model", "machines"),
    [("ib700", {I440FX}), ("itco", {Q35}), ("diag288", {S390}), ("i6300esb", {Q35, I440FX, S390})],
)
def test_watchdogs_of_other_machines(model: str, machines: set[tuple[str, str]]) -> None:
    for machine in (Q35, I440FX, S390):
        expected = set() if machine in machines else refused("DEV020")
        assert codes(f"<watchdog model='{model}'/>", machine) == expected, machine
    assert codes("<watchdog model='itco'/>", OWN) == set()
    assert codes("<watchdog model='ib700'/>", Q35, libvirt="9.2.0") == set()


@pytest.mark.parametrize(
    ("watchdogs", "libvirt", "expected"),
    [
        ("<watchdog model='i6300esb'/><watchdog model='i6300esb'/>", "11.3.0", set()),
        ("<watchdog model='i6300esb'/><watchdog model='i6300esb'/>", "9.0.0", {"DEV022"}),
        ("<watchdog model='itco'/><watchdog model='itco'/>", "11.3.0", {"DEV021"}),
        ("<watchdog model='i6300esb' action='reset'/><watchdog model='itco'/>", "11.3.0", set()),
        ("<watchdog model='i6300esb' action='pause'/><watchdog model='itco'/>", "11.3.0", {"DEV023"}),
        ("<watchdog model='i6300esb' action='$A'/><watchdog model='itco'/>", "11.3.0", set()),
    ],
)
def test_several_watchdogs(watchdogs: str, libvirt: str, expected: set[str]) -> None:
    assert {code for code, _outcome in codes(watchdogs, libvirt=libvirt)} == expected


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<model type='ivshmem-plain'/>", ""),
        ("<model type='ivshmem-plain'/><size>0</size>", ""),
        ("<model type='ivshmem-plain'/><size>1048576</size>", ""),
        ("<model type='ivshmem-plain'/><size>1048575</size>", "DEV031"),
        ("<model type='ivshmem-plain'/><size unit='k'>1024</size>", ""),
        ("<model type='ivshmem-plain'/><size unit='KB'>2048</size>", "DEV031"),
        ("<model type='ivshmem-plain'/><size unit='M'>3</size>", "DEV031"),
        ("<model type='ivshmem-plain'/><size unit='{{ unit }}'>3</size>", ""),
        ("<model type='ivshmem-plain'/><size unit='M'>${SIZE}</size>", ""),
        ("<model type='ivshmem-plain'/><server/>", "DEV032"),
        ("<model type='ivshmem-plain'/><msi/>", "DEV032"),
        ("<model type='ivshmem-doorbell'/>", "DEV032"),
        ("<model type='ivshmem-doorbell'/><server path='/x'/><msi vectors='4'/>", ""),
        ("<model type='ivshmem-doorbell'/><server path='/x'/><size unit='M'>4</size>", "DEV032"),
        ("<model type='ivshmem-doorbell'/><server path='/x'/><size>0</size>", ""),
        ("<model type='ivshmem'/>", "DEV030"),
        ("", "DEV030"),
        ("<model type='{{ model }}'/>", ""),
    ],
)
def test_shared_memory(inside: str, expected: str) -> None:
    assert codes(f"<shmem name='a'>{inside}</shmem>") == (refused(expected) if expected else set())


def test_shared_memory_of_older_libvirt() -> None:
    sized = "<shmem name='a'><model type='ivshmem-plain'/><size unit='M'>3</size></shmem>"
    assert codes(sized, libvirt="9.0.0") == refused("DEV031", "start")
    assert codes("<shmem name='a'/>", libvirt="9.0.0") == set()


ACPI = "<features><acpi/></features>"


@pytest.mark.parametrize(("model", "machines"), [("intel", {Q35}), ("smmuv3", {VIRT}), ("virtio", {Q35, VIRT})])
def test_iommus_of_other_machines(model: str, machines: set[tuple[str, str]]) -> None:
    for machine in (Q35, I440FX, VIRT, S390, PSERIES):
        expected = set() if machine in machines else refused("DEV040")
        assert codes(f"<iommu model='{model}'/>", machine, around=ACPI) == expected, machine
    assert codes(f"<iommu model='{model}'/>", OWN, around=ACPI) == set()


@pytest.mark.parametrize(
    ("iommu", "features", "libvirt", "expected"),
    [
        ("virtio'/>", "<acpi/>", "11.3.0", ""),
        ("virtio'/>", "", "11.3.0", "DEV042"),
        ("virtio'/>", "<acpi state='off'/>", "11.3.0", "DEV042"),
        ("virtio'><driver aw_bits='0'/></iommu>", "<acpi/>", "11.3.0", ""),
        ("virtio'><driver aw_bits='48'/></iommu>", "<acpi/>", "11.3.0", "DEV041"),
        ("virtio'><driver eim='off'/></iommu>", "<acpi/>", "11.3.0", "DEV041"),
        ("virtio'><driver eim='{{ eim }}'/></iommu>", "<acpi/>", "11.3.0", ""),
        ("intel'><driver intremap='on'/></iommu>", "", "11.3.0", ""),
        ("intel'><driver intremap='on'/></iommu>", "", "9.0.0", "DEV043"),
        ("intel'><driver intremap='on'/></iommu>", "<ioapic driver='qemu'/>", "9.0.0", ""),
        ("intel'><driver intremap='on'/></iommu>", "<ioapic driver='kvm'/>", "11.3.0", "DEV043"),
        ("intel'><driver intremap='off'/></iommu>", "<ioapic driver='kvm'/>", "11.3.0", ""),
        ("intel'><driver eim='on'/></iommu>", "", "11.3.0", "DEV043"),
        ("intel'><driver eim='off'/></iommu>", "", "11.3.0", ""),
    ],
)
def test_what_iommus_need(iommu: str, features: str, libvirt: str, expected: str) -> None:
    found = codes(f"<iommu model='{iommu}", libvirt=libvirt, around=f"<features>{features}</features>")
    assert found == (refused(expected) if expected else set())


def test_many_vcpus_get_interrupt_remapping_with_eim() -> None:
    iommu = "<iommu model='intel'><driver eim='on'/></iommu>"
    assert codes(iommu, around="<vcpu>256</vcpu>") == set()
    assert codes(iommu, around="<vcpu>255</vcpu>") == refused("DEV043")


@pytest.mark.parametrize(
    ("device", "machine", "expected"),
    [
        ("<vsock><cid address='2'/></vsock>", Q35, "DEV060"),
        ("<vsock><cid address='0'/></vsock>", Q35, "DEV060"),
        ("<vsock><cid auto='yes' address='2'/></vsock>", Q35, "DEV060"),
        ("<vsock><cid address='3'/></vsock>", Q35, ""),
        ("<vsock><cid address='{{ cid }}'/></vsock>", Q35, ""),
        ("<vsock><cid auto='yes'/></vsock>", Q35, ""),
        ("<memballoon model='xen'/>", Q35, "DEV070"),
        ("<nvram/>", Q35, "DEV080"),
        ("<nvram/>", PSERIES, ""),
        ("<nvram><address type='pci'/></nvram>", PSERIES, ""),
        ("<nvram/>", OWN, ""),
        ("<pstore backend='acpi-erst'><path>/x</path><size>4</size></pstore>", Q35, ""),
        ("<pstore backend='acpi-erst'><path>/x</path><size>3</size></pstore>", Q35, "DEV090"),
        ("<pstore backend='acpi-erst'><path>/x</path><size unit='b'>4000</size></pstore>", Q35, ""),
        ("<pstore backend='acpi-erst'><path>/x</path><size>96</size></pstore>", Q35, "DEV090"),
    ],
)
def test_other_devices(device: str, machine: tuple[str, str], expected: str) -> None:
    assert codes(device, machine) == (refused(expected) if expected else set())


def test_old_libvirt_drops_a_pstore_device_of_any_size() -> None:
    device = "<pstore backend='acpi-erst'><path>/x</path><size>96</size></pstore>"
    assert codes(device, libvirt="9.0.0") == set()
    assert codes(device, libvirt="10.6.0") == refused("DEV090")


TIS, CRB, PROXY = "tpm-tis", "tpm-crb", "spapr-tpm-proxy"


def tpm(model: str = "", backend: str = "type='emulator'", inside: str = "") -> str:
    named = f" model='{model}'" if model else ""
    return f"<tpm{named}><backend {backend}>{inside}</backend></tpm>"


HOST_TPM = "type='passthrough'"


@pytest.mark.parametrize(
    ("tpms", "number"),
    [
        (tpm(TIS), 0),
        (tpm(TIS) + tpm(CRB), 1),
        (tpm() + tpm(PROXY, HOST_TPM), 0),
        (tpm(PROXY, HOST_TPM) + tpm() + tpm(PROXY, HOST_TPM), 1),
        (tpm(TIS) + tpm("{{ model }}"), 0),
    ],
)
def test_number_of_tpms(tpms: str, number: int) -> None:
    example = Example(tpms, arch="ppc64", machine="pseries")
    findings = Plan(RULES).check(Source("x.xml", whole_document(example).encode())).findings
    assert [finding.code for finding in findings] == ["TPM001"] * number


@pytest.mark.parametrize(
    ("model", "machine", "libvirt", "is_refused"),
    [
        (TIS, Q35, "11.3.0", False),
        ("", Q35, "11.3.0", False),
        (CRB, Q35, "7.0.0", True),
        (TIS, VIRT, "7.0.0", False),
        (TIS, VIRT, "9.0.0", True),
        (TIS, RISCV, "9.0.0", False),
        (TIS, RISCV, "11.3.0", True),
        ("", PSERIES, "9.0.0", True),
        ("{{ model }}", Q35, "11.3.0", False),
    ],
)
def test_tpm_1_2(model: str, machine: tuple[str, str], libvirt: str, is_refused: bool) -> None:
    found = codes(tpm(model, "type='emulator' version='1.2'"), machine, libvirt)
    assert found == (refused("TPM002") if is_refused else set())


@pytest.mark.parametrize(
    ("backend", "inside", "machine", "libvirt", "is_refused"),
    [
        ("", "<active_pcr_banks><sha256/></active_pcr_banks>", Q35, "11.3.0", True),
        ("", "<active_pcr_banks><sha256/></active_pcr_banks>", VIRT, "11.3.0", False),
        ("", "<active_pcr_banks><sha256/></active_pcr_banks>", Q35, "7.9.0", False),
        ("", "<active_pcr_banks/>", Q35, "11.3.0", False),
        (" version='2.0'", "<active_pcr_banks><sha256/></active_pcr_banks>", Q35, "11.3.0", False),
        (" version='{{ v }}'", "<active_pcr_banks><sha256/></active_pcr_banks>", Q35, "11.3.0", False),
        ("", "<profile source='null'/>", Q35, "11.3.0", True),
        ("", "<profile name='null'/>", Q35, "11.3.0", False),
        ("", "<profile source='null'/>", Q35, "10.9.0", False),
    ],
)
def test_what_needs_tpm_2(backend: str, inside: str, machine: tuple[str, str], libvirt: str, is_refused: bool) -> None:
    found = codes(tpm(TIS, f"type='emulator'{backend}", inside), machine, libvirt)
    assert found == (refused("TPM003") if is_refused else set())


def test_the_proxy_is_for_a_tpm_of_the_host() -> None:
    assert codes(tpm(PROXY), PSERIES) == refused("TPM004")
    assert codes(tpm(PROXY, HOST_TPM), PSERIES) == set()


DAEMON = "<rng model='virtio'><backend model='egd' {}</backend></rng>"


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("type='tcp'>", "DEV050"),
        ("type='tcp'><source host='a'/>", "DEV050"),
        ("type='tcp'><source host='a' service='5'/>", ""),
        ("type='tcp'><source host='{{ a }}' service='5'/>", ""),
        ("type='{{ t }}'>", ""),
        ("type='unix'><source mode='connect'/>", "DEV050"),
        ("type='udp'><source mode='bind' service='6'/>", "DEV050"),
        ("type='udp'><source mode='bind' service='6'/><source mode='connect' service='5'/>", ""),
        ("type='file'><source path='/x'/>", ""),
        ("type='pty'>", ""),
        ("type='unix'><source mode='bind' path='/x'><reconnect enabled='no'/></source>", "DEV051"),
        ("type='unix'><source mode='connect' path='/x'><reconnect enabled='yes' timeout='5'/></source>", ""),
    ],
)
def test_daemons_of_random_numbers(backend: str, expected: str) -> None:
    assert codes(DAEMON.format(backend)) == (refused(expected) if expected else set())


RNG = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"


def on_board(devices: str, machine: str, libvirt: str = "11.3.0") -> set[str]:
    example = Example(devices, arch="aarch64", machine=machine)
    plan = Plan(RULES, (example_host("aarch64-8.2"),), libvirt=Version.parse(libvirt))
    return {finding.code for finding in plan.check(Source("x.xml", whole_document(example).encode())).findings}


def test_virtio_devices_on_boards_without_a_bus() -> None:
    assert on_board(RNG, "raspi3b") == {"DEV002"}
    assert on_board("<memballoon model='none'/>", "raspi3b") == set()
    assert on_board("<interface type='user'><model type='virtio'/></interface>", "raspi3b") == set()
    assert on_board("<disk type='file'><target dev='vda' bus='virtio'/></disk>", "raspi3b") == {"DEV002"}
    assert on_board(RNG, "virt") == set()
    assert on_board(RNG, "{{ machine }}") == set()
    # A board that the host does not list may be an alias of another machine.
    assert on_board(RNG, "board") == set()
    crypto = "<crypto model='virtio' type='qemu'><backend model='builtin'/></crypto>"
    assert on_board(crypto, "raspi3b") == {"DEV002"}
    assert on_board(crypto, "raspi3b", "9.0.0") == set()


def test_modes_of_virtio_on_ccw() -> None:
    balloon = "<memballoon model='virtio-non-transitional'/>"
    assert codes(balloon, S390, "7.0.0") == refused("DEV003", "start")
    # libvirt 9.0.0 complains and goes on, and QEMU has no such device (seen with QEMU 7.2).
    assert codes(balloon, S390, "9.0.0") == refused("DEV003", "start")
    assert codes(balloon, Q35, "7.0.0") == set()
    assert codes("<memballoon model='virtio-transitional'><address type='pci'/></memballoon>", S390, "7.0.0") == set()
