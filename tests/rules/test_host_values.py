"""Values that a host's domainCapabilities list, or do not list: what is said of a domain that asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from domlint.engine import Plan, Source
from domlint.examples import example_host, example_hosts, marked_lines, whole_document
from domlint.findings import Finding
from domlint.hosts import Host
from domlint.hosts.domaincaps import read_domaincaps_root
from domlint.rule import Example
from domlint.rules.host.values import NOT_JUDGED, NOT_JUDGED_ELEMENTS, ROWS, RULES, HangsOn, Row, example
from domlint.versions import Version

BY_CODE = {row.code: row for row in ROWS}
CASES = [(row, value) for row in ROWS for value in ([one.name for one in row.values] or [""])]


def named(case: tuple[Row, str]) -> str:
    return f"{case[0].code}-{case[1]}"


def host(
    inside: str, machine: str = "pc-q35-8.2", virt_type: str = "kvm", arch: str = "x86_64", emulator: str = "/usr/bin/q"
) -> Host:
    text = (
        f"<domainCapabilities><path>{emulator}</path><domain>{virt_type}</domain><machine>{machine}</machine>"
        f"<arch>{arch}</arch>{inside}</domainCapabilities>"
    )
    return read_domaincaps_root(etree.fromstring(text), "domcapabilities.xml", "node1")


def of_one_host(*hosts: Host) -> Host:
    together = tuple(one for each in hosts for one in each.domain_capabilities)
    machines = tuple(one for each in hosts for one in each.machines)
    return hosts[0]._replace(domain_capabilities=together, machines=machines)


def enumeration(path: str, *values: str) -> str:
    *outer, tag, name = path.split("/")
    items = "".join(f"<value>{value}</value>" for value in values)
    before, after = "".join(f"<{step}>" for step in outer), "".join(f"</{step}>" for step in reversed(outer))
    return f"{before}<{tag} supported='yes'><enum name='{name}'>{items}</enum></{tag}>{after}"


def check(text: str, *hosts: Host, libvirt: str = "") -> tuple[Finding, ...]:
    report = Plan(RULES, hosts, (), Version.parse(libvirt) if libvirt else None).check(Source("vm.xml", text.encode()))
    assert report.crashes == ()
    assert report.is_domain
    return report.findings


def domain(devices: str = "", around: str = "", **details: str) -> str:
    return whole_document(Example(devices, around=around, **details))


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in found]


# The table.


def test_codes_and_names_are_each_of_one_row() -> None:
    assert len({row.code for row in ROWS}) == len({row.name for row in ROWS}) == len(ROWS) == len(RULES)
    assert all(row.code >= "HOST100" for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_row_names_a_place_in_the_file(row: Row) -> None:
    assert bool(row.listed_in) == bool(row.values)
    assert row.listed_in or row.offered_by
    assert "libvirt" in row.source
    unjudged = NOT_JUDGED.get(row.listed_in, {})
    assert not isinstance(unjudged, str)
    assert not {value.name for value in row.values} & set(unjudged)
    assert row.offered_by not in NOT_JUDGED_ELEMENTS


@pytest.mark.parametrize("case", CASES, ids=named)
def test_each_value_is_reported_where_it_is_not_offered_and_there_alone(case: tuple[Row, str]) -> None:
    row, value = case
    missing, offered = example(row, value, is_offered=False), example(row, value, is_offered=True)
    found = check(whole_document(missing), *example_hosts(missing))
    assert [(finding.code, finding.location.line) for finding in found] == [
        (row.code, line) for line in marked_lines(missing, row.code)
    ]
    assert found[0].help
    assert found[0].hosts == ("host",)
    assert check(whole_document(offered), *example_hosts(offered)) == ()


SAID = Path(__file__).parent / "golden" / "host_values.txt"


def said() -> str:
    lines = []
    for row in ROWS:
        missing = example(row, row.values[0].name if row.values else "", is_offered=False)
        for finding in check(whole_document(missing), *example_hosts(missing)):
            place = f"{finding.location.line}:{finding.location.column}"
            lines.append(f"{finding.code} {finding.outcome.value} {place} {finding.message}\n    {finding.help}\n")
    return "".join(lines)


def test_what_is_said() -> None:
    """Made anew with: python -c 'import test_host_values as t; t.SAID.write_text(t.said())' in this directory."""
    assert said() == SAID.read_text(encoding="utf-8")


# Silence.


@pytest.mark.parametrize("case", CASES, ids=named)
def test_nothing_is_said_where_the_file_has_no_such_list(case: tuple[Row, str]) -> None:
    row, value = case
    missing = example(row, value, is_offered=False)
    for inside in ("", "<devices/>", "<devices><disk supported='yes'/><tpm supported='yes'/></devices><features/>"):
        assert check(whole_document(missing), host(inside, missing.machine, arch=missing.arch)) == ()


@pytest.mark.parametrize("case", [case for case in CASES if case[1]], ids=named)
@pytest.mark.parametrize("written", ["of-another-kind", "{{ chosen }}", "${CHOSEN}", "@CHOSEN@"])
def test_nothing_is_said_of_a_value_that_the_list_never_holds(case: tuple[Row, str], written: str) -> None:
    row, value = case
    missing = example(row, value, is_offered=False)
    text = whole_document(missing).replace(f"'{value}'", f"'{written}'")
    if row.code != "HOST205":
        assert f"'{written}'" in text
        assert check(text, *example_hosts(missing)) == ()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_another_machine_tells_of_the_emulator_alone(case: tuple[Row, str]) -> None:
    row, value = case
    missing = example(row, value, is_offered=False)
    text = whole_document(missing)
    inside = missing.capabilities
    of_another_machine = host(inside, "other-1.0", arch=missing.arch)
    expected = [row.code] if row.hangs_on is HangsOn.EMULATOR else []
    assert codes(check(text, of_another_machine)) == expected
    of_another_type = host(inside, missing.machine, virt_type="qemu", arch=missing.arch)
    assert codes(check(text, of_another_type)) == expected
    assert check(text, host(inside, missing.machine, arch="riscv64")) == ()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_very_machine_overrules_the_others(case: tuple[Row, str]) -> None:
    row, value = case
    missing, offered = example(row, value, is_offered=False), example(row, value, is_offered=True)
    bad = host(missing.capabilities, missing.machine, arch=missing.arch)
    other_good = host(offered.capabilities, "other-1.0", arch=missing.arch)
    other_bad = host(missing.capabilities, "other-1.0", arch=missing.arch)
    good = host(offered.capabilities, missing.machine, arch=missing.arch)
    text = whole_document(missing)
    assert codes(check(text, of_one_host(bad, other_good))) == [row.code]
    assert check(text, of_one_host(good, other_bad)) == ()
    third = host(missing.capabilities, "third-1.0", arch=missing.arch)
    assert check(text, of_one_host(other_bad, other_good)) == ()
    assert codes(check(text, of_one_host(other_bad, third))) == ([row.code] if row.hangs_on is HangsOn.EMULATOR else [])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_nothing_is_said_of_another_hypervisor_and_without_a_host(row: Row) -> None:
    missing = example(row, row.values[0].name if row.values else "", is_offered=False)
    text = whole_document(missing)
    assert check(text) == ()
    assert check(text, example_host("qemu-8.2")) == ()
    of_xen = host(missing.capabilities, missing.machine, virt_type="xen", arch=missing.arch)
    assert check(text, of_xen) == ()
    assert check(text.replace("type='kvm'", "type='xen'", 1), of_xen, *example_hosts(missing)) == ()


def test_nothing_is_said_where_the_architecture_is_filled_in_later() -> None:
    text = domain("<graphics type='spice'/>", arch="{{ arch }}")
    assert check(text, host(enumeration("devices/graphics/type", "vnc"))) == ()


def test_32_bit_guest_is_not_judged_by_the_file_of_64_bit_ones() -> None:
    text = domain("<graphics type='spice'/>", arch="i686", machine="pc")
    assert check(text, host(enumeration("devices/graphics/type", "vnc"))) == ()
    assert codes(check(text, host(enumeration("devices/graphics/type", "vnc"), arch="i686"))) == ["HOST110"]


def test_machine_of_a_32_bit_guest_is_not_that_of_a_64_bit_one() -> None:
    disk = "<disk type='file' device='disk'><target dev='sda' bus='ide'/></disk>"
    offers = enumeration("devices/disk/bus", "virtio")
    for arch, expected in (("i686", []), ("x86_64", ["HOST100"])):
        assert codes(check(domain(disk, arch=arch, machine="pc-i440fx-8.2"), host(offers, "pc-i440fx-8.2"))) == expected


def test_domain_without_architecture_is_of_the_host() -> None:
    text = domain("<graphics type='spice'/>").replace(" arch='x86_64'", "")
    assert codes(check(text, host(enumeration("devices/graphics/type", "vnc")))) == ["HOST110"]


# How old the file is.


@pytest.mark.parametrize(
    ("value", "proof", "is_reported"),
    [
        ("egl-headless", "", False),
        ("egl-headless", "<features><backingStoreInput supported='yes'/></features>", False),
        ("egl-headless", "<features><launchSecurity supported='yes'/></features>", False),
        ("egl-headless", "<memoryBacking supported='yes'/>", True),
        ("spice", "", True),
    ],
)
def test_value_that_old_files_do_not_list_needs_a_newer_file(value: str, proof: str, is_reported: bool) -> None:
    offers = host(proof + enumeration("devices/graphics/type", "sdl", "vnc"))
    assert codes(check(domain(f"<graphics type='{value}'/>"), offers)) == (["HOST110"] if is_reported else [])


@pytest.mark.parametrize(
    ("libvirt", "proof", "outcome"),
    [
        ("", "", "start"),
        ("9.1.0", "", "start"),
        ("9.2.0", "", "define"),
        ("11.3.0", "", "define"),
        ("", "<devices><panic supported='yes'/></devices>", "start"),
        ("", "<devices><console supported='yes'/></devices>", "define"),
    ],
)
def test_firmware_is_chosen_when_the_domain_is_defined_since_9_2(libvirt: str, proof: str, outcome: str) -> None:
    text = whole_document(example(BY_CODE["HOST180"], "efi", is_offered=False))
    (finding,) = check(text, host(enumeration("os/firmware", "bios") + proof), libvirt=libvirt)
    assert finding.outcome.value == outcome
    assert ("refuses the definition" in finding.message) == (outcome == "define")


# One mistake, one finding.


TPM = "<tpm model='tpm-crb'>\n  <backend type='emulator' version='1.2'/>\n</tpm>"


def test_class_of_devices_that_is_not_there_is_said_once() -> None:
    (finding,) = check(domain(TPM), host("<devices><tpm supported='no'/></devices>"))
    assert (finding.code, finding.message) == (
        "HOST150",
        "this host does not offer any <tpm>: libvirt refuses the definition",
    )
    assert codes(
        check(domain("<tpm><backend type='passthrough'/></tpm>"), host("<devices><tpm supported='no'/></devices>"))
    )


def test_each_part_of_a_device_is_judged_by_its_own_list() -> None:
    offers = host(
        "<devices><tpm supported='yes'><enum name='model'><value>tpm-tis</value></enum><enum name='backendModel'>"
        "<value>passthrough</value></enum><enum name='backendVersion'><value>2.0</value></enum></tpm></devices>"
    )
    assert codes(check(domain(TPM), offers)) == ["HOST150", "HOST151", "HOST152"]


def test_version_of_a_tpm_that_is_not_emulated_is_not_judged() -> None:
    offers = host(enumeration("devices/tpm/backendVersion", "2.0"))
    text = domain(TPM.replace("emulator", "passthrough"))
    assert check(text, offers) == ()
    assert codes(check(domain(TPM), offers)) == ["HOST152"]


@pytest.mark.parametrize(
    ("inside", "security", "expected"),
    [
        ("<sev supported='no'/>", "sev", ["HOST191"]),
        ("<sev supported='yes'/>", "sev", []),
        ("<sev supported='no'/>", "s390-pv", []),
        ("<sev supported='no'/><launchSecurity supported='no'/>", "sev", ["HOST190"]),
        ("<sev supported='no'/><launchSecurity supported='no'/>", "{{ kind }}", ["HOST190"]),
        ("<s390-pv supported='no'/>", "s390-pv", ["HOST192"]),
        ("<s390-pv supported='no'/>", "sev", []),
        ("<s390-pv supported='no'/><launchSecurity supported='no'/>", "s390-pv", ["HOST190"]),
        (
            "<s390-pv supported='no'/><launchSecurity supported='yes'><enum name='sectype'><value>s390-pv</value>"
            "</enum></launchSecurity>",
            "s390-pv",
            ["HOST192"],
        ),
    ],
)
def test_launch_security_is_said_once(inside: str, security: str, expected: list[str]) -> None:
    found = check(domain(around=f"<launchSecurity type='{security}'/>"), host(f"<features>{inside}</features>"))
    assert codes(found) == expected


def test_secure_firmware_is_not_missed_where_there_is_none_at_all() -> None:
    secure = example(BY_CODE["HOST181"], "yes", is_offered=False)
    no_efi = host("<os><enum name='firmware'/><loader><enum name='secure'><value>no</value></enum></loader></os>")
    assert codes(check(whole_document(secure), no_efi)) == ["HOST180"]
    named_by_domain = whole_document(secure).replace(" firmware='efi'", "")
    assert check(named_by_domain, *example_hosts(secure)) == ()


@pytest.mark.parametrize(("graphics", "expected"), [("spice", ["HOST110"]), ("vnc", ["HOST161"]), ("{{ g }}", [])])
def test_channel_of_spice_goes_with_its_graphics(graphics: str, expected: list[str]) -> None:
    offers = host(
        "<devices><graphics supported='yes'><enum name='type'><value>vnc</value></enum></graphics>"
        "<channel supported='yes'><enum name='type'><value>unix</value></enum></channel></devices>"
    )
    channel = "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>"
    text = domain(f"<graphics type='{graphics}'/>{channel}")
    assert codes(check(text, offers)) == expected


def test_each_device_is_reported_at_its_own_place() -> None:
    disks = "<disk type='file' device='cdrom'>\n  <target dev='hda' bus='ide'/>\n</disk>\n"
    found = check(domain(disks + disks.replace("hda", "hdb")), host(enumeration("devices/disk/bus", "virtio", "scsi")))
    assert [(finding.code, finding.location.line) for finding in found] == [("HOST100", 8), ("HOST100", 11)]
    assert {finding.help for finding in found} == {"use what the host offers (scsi, virtio), or another host"}


# What is asked for without being written, and what is written without being asked for.


@pytest.mark.parametrize(
    ("target", "device", "expected"),
    [
        ("dev='hda'", "disk", ["HOST100"]),
        ("dev='hdc'", "cdrom", ["HOST100"]),
        ("dev='ioemu:hda'", "disk", ["HOST100"]),
        ("dev='sda'", "disk", []),
        ("dev='vda'", "disk", []),
        ("dev='fda'", "floppy", []),
        ("dev='fda'", "disk", []),
        ("dev='hda'", "{{ device }}", []),
        ("dev='{{ name }}'", "disk", []),
        ("dev='hda' bus='{{ bus }}'", "disk", []),
        ("dev='hda' bus='virtio'", "disk", []),
    ],
)
def test_bus_of_a_disk_that_names_none(target: str, device: str, expected: list[str]) -> None:
    disk = f"<disk type='file' device='{device}'><target {target}/></disk>"
    assert codes(check(domain(disk), host(enumeration("devices/disk/bus", "virtio")))) == expected


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        ("<hostdev mode='subsystem' type='pci'/>", ["HOST121"]),
        ("<hostdev type='pci'><driver name='vfio'/></hostdev>", ["HOST121"]),
        ("<hostdev type='pci'><driver name='{{ driver }}'/></hostdev>", []),
        ("<hostdev type='pci'><driver name='kvm'/></hostdev>", []),
        ("<hostdev type='pci'><driver iommufd='yes'/></hostdev>", []),
        ("<hostdev type='mdev' model='vfio-pci'/>", []),
        ("<hostdev type='scsi'/>", []),
        ("<hostdev mode='capabilities' type='misc'/>", []),
        ("<interface type='hostdev'/>", ["HOST122"]),
        ("<interface type='network'><source network='default'/></interface>", []),
    ],
)
def test_host_without_vfio(device: str, expected: list[str]) -> None:
    offers = host("<devices><hostdev supported='yes'><enum name='pciBackend'/></hostdev></devices>")
    assert codes(check(domain(device), offers)) == expected


@pytest.mark.parametrize(
    ("code", "written", "is_reported"),
    [
        ("HOST201", "<vmcoreinfo/>", True),
        ("HOST201", "<vmcoreinfo state='off'/>", False),
        ("HOST201", "<vmcoreinfo state='{{ s }}'/>", False),
        ("HOST203", "<async-teardown/>", True),
        ("HOST203", "<async-teardown enabled='no'/>", False),
        ("HOST204", "<ps2 state='on'/>", True),
        ("HOST205", "<hyperv><vpindex state='on'/></hyperv>", True),
        ("HOST205", "<hyperv><vpindex state='off'/></hyperv>", False),
        ("HOST205", "<hyperv><vpindex state='{{ s }}'/></hyperv>", False),
        ("HOST205", "<hyperv mode='passthrough'><vpindex state='on'/></hyperv>", False),
        ("HOST205", "<hyperv mode='{{ m }}'><vpindex state='on'/></hyperv>", False),
        ("HOST205", "<hyperv><vapic state='on'/><evmcs state='on'/></hyperv>", False),
    ],
)
def test_feature_counts_where_it_is_switched_on(code: str, written: str, is_reported: bool) -> None:
    row = BY_CODE[code]
    missing = example(row, row.values[0].name if row.values else "", is_offered=False)
    text = domain(around=f"<features>\n  {written}\n</features>")
    assert codes(check(text, *example_hosts(missing))) == ([code] if is_reported else [])


@pytest.mark.parametrize(("model", "expected"), [("dimm", []), ("{{ model }}", []), ("sgx-epc", ["HOST193"])])
def test_memory_that_is_not_for_enclaves_needs_no_sgx(model: str, expected: list[str]) -> None:
    text = domain(f"<memory model='{model}'><target><size unit='MiB'>64</size></target></memory>")
    assert codes(check(text, host("<features><sgx supported='no'/></features>"))) == expected


@pytest.mark.parametrize(("mode", "expected"), [("", ["HOST120"]), ("mode='capabilities'", []), ("mode='{{ m }}'", [])])
def test_host_device_of_a_container_is_no_usb_device(mode: str, expected: list[str]) -> None:
    offers = host(enumeration("devices/hostdev/subsysType", "pci", "scsi"))
    assert codes(check(domain(f"<hostdev {mode} type='usb'/>"), offers)) == expected


def test_help_names_nothing_that_is_no_way_out() -> None:
    disk = "<disk type='file' device='disk'><target dev='hda' bus='ide'/></disk>"
    (finding,) = check(domain(disk), host(enumeration("devices/disk/bus", "fdc", "virtio")))
    assert finding.help == "use what the host offers (virtio), or another host"
    (finding,) = check(domain(disk), host(enumeration("devices/disk/bus", "fdc")))
    assert finding.help == "use a host that offers it"


def test_enlightenments_are_those_of_kvm() -> None:
    text = domain(around="<features><hyperv><vpindex state='on'/></hyperv></features>")
    few = enumeration("features/hyperv/features", "spinlocks", "vendor_id")
    assert check(text, host(few)) == ()
    known = host(enumeration("features/hyperv/features", "relaxed", "spinlocks"))
    assert codes(check(text, known)) == ["HOST205"]
    assert check(text.replace("type='kvm'", "type='qemu'"), known) == ()


@pytest.mark.parametrize(
    ("count", "is_reported"), [("2", True), (" 1 ", True), ("0", False), ("{{ n }}", False), ("", False)]
)
def test_io_threads_count_where_there_are_some(count: str, is_reported: bool) -> None:
    found = check(domain(around=f"<iothreads>{count}</iothreads>"), host("<iothreads supported='no'/>"))
    assert codes(found) == (["HOST206"] if is_reported else [])


def test_backend_of_an_interface_of_another_type_is_not_judged() -> None:
    offers = host(enumeration("devices/interface/backendType", "default"))
    for kind, expected in (("user", ["HOST170"]), ("vhostuser", []), ("{{ type }}", [])):
        text = domain(f"<interface type='{kind}'><backend type='passt'/></interface>")
        assert codes(check(text, offers)) == expected


def test_hosts_are_judged_each_by_its_own_files() -> None:
    text = domain("<graphics type='spice'/>")
    without = host(enumeration("devices/graphics/type", "vnc"))
    (finding,) = check(
        text,
        without,
        host(enumeration("devices/graphics/type", "spice"))._replace(id="node2"),
        without._replace(id="node3"),
        example_host("qemu-8.2"),
    )
    assert finding.hosts == ("node1", "node3")


# Every list, every value.


@st.composite
def asked_and_listed(draw: st.DrawFn) -> tuple[Row, str, frozenset[str]]:
    row = draw(st.sampled_from([row for row in ROWS if row.reads is None and row.values and not row.is_left_to_others]))
    known = [value.name for value in row.values if value.listed_by is None]
    others = ["virtio", "none", "default", "xen", "", "Ide", "a b"]
    wanted = draw(st.sampled_from(known + others))
    listed = draw(st.frozensets(st.sampled_from(known + others)))
    return row, wanted, listed


@given(asked_and_listed())
@settings(max_examples=300, deadline=None)
def test_value_is_reported_if_and_only_if_it_is_judged_and_not_listed(case: tuple[Row, str, frozenset[str]]) -> None:
    row, wanted, listed = case
    missing = example(row, wanted, is_offered=False)
    offers = host(enumeration(row.listed_in, *sorted(listed)), missing.machine, arch=missing.arch)
    found = [code for code in codes(check(whole_document(missing), offers)) if code == row.code]
    is_judged = wanted in {value.name for value in row.values}
    assert found == ([row.code] if is_judged and wanted not in listed else [])
