"""Reading qemuCaps files: what is in them, and what is said of files that are none or damaged."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path

import pytest
from caps_builder import caps, host
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domlint.hosts import HostError, load_host
from domlint.hosts.load import LARGEST_FILE
from domlint.hosts.qemucaps import read_qemucaps
from domlint.versions import Version

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "caps"
X86 = EXAMPLES / "debian-12-x86_64.xml"
I686 = EXAMPLES / "debian-12-i686.xml"


@pytest.mark.parametrize("path", [X86, I686], ids=lambda path: path.stem)
def test_counts_are_those_of_the_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    read = load_host(path)
    assert read.flags == set(re.findall(r"<flag name='([^']*)'", text))
    assert [machine.name for machine in read.machines] == re.findall(r"<machine [^>]*?\bname='([^']*)'", text)
    assert [model.name for model in read.cpu_models] == re.findall(r"<cpu [^>]*?\bname='([^']*)'", text)
    assert sum(len(model.blockers) for model in read.cpu_models) == text.count("<blocker ")
    assert sum(len(cpu.properties) for cpu in read.host_cpus) == text.count("<property ")
    assert sum(model.usable is True for model in read.cpu_models) == text.count("usable='yes'")
    assert sum(model.usable is False for model in read.cpu_models) == text.count("usable='no'")
    assert sum(machine.deprecated for machine in read.machines) == len(
        re.findall("<machine [^>]*deprecated='yes'", text)
    )
    assert sum(machine.default for machine in read.machines) == text.count("default='yes'") == 1


def test_a_file_of_debian_12() -> None:
    read = load_host(X86)
    assert read.id == "debian-12-x86_64"
    assert read.source == str(X86)
    assert (read.kind, read.arch, read.emulator) == ("qemucaps", "x86_64", "/usr/bin/qemu-system-x86_64")
    assert read.qemu_version == Version(7, 2, 22)
    assert read.libvirt_version == Version(9, 0, 0)
    assert read.qemu_package.startswith("Debian 1:7.2+dfsg-7")
    assert read.virt_types == ("tcg",)
    assert read.hyperv == frozenset({"spinlocks", "vendor_id"})
    assert (read.sev, read.sgx, read.gics, read.nesting, read.secure_guest) == (None, None, (), False, False)
    q35 = read.machine("q35")
    assert q35 is not None
    assert (q35.name, q35.alias, q35.max_cpus, q35.hotplug_cpus) == ("pc-q35-7.2", "q35", 288, True)
    assert read.machine("pc-q35-7.2", "tcg") == q35 == read.machine("q35", "qemu")
    assert read.machine("q35", "kvm") is None
    assert read.machine("no-such-machine") is None
    assert read.default_machine() == read.machine("pc") == read.default_machine("tcg")
    assert read.default_machine("kvm") is None
    (cpu,) = read.host_cpus
    assert (cpu.virt_type, cpu.model, cpu.migratability) == ("tcg", "base", True)


MODERN = """
<gic version='2' kernel='no' emulated='yes'/>
<gic version='3' kernel='yes' emulated='no'/>
<sev><cbitpos>51</cbitpos><reducedPhysBits>1</reducedPhysBits><pdh>AQ</pdh><certChain>AQ</certChain>
 <cpu0Id>Bl</cpu0Id><maxGuests>59</maxGuests><maxESGuests>450</maxESGuests></sev>
<sgx supported='yes'><flc>no</flc><sgx1>yes</sgx1><sgx2>no</sgx2><section_size unit='KiB'>524288</section_size>
 <sections><section node='0' size='262144' unit='KiB'/><section node='1' size='131072' unit='KiB'/></sections></sgx>
<tdx supported='yes'><sub>1</sub></tdx>
<hypervCapabilities supported='yes'><cap name='relaxed'/><cap name='vapic'/></hypervCapabilities>
<kvmSupportsNesting/><kvmSupportsSecureGuest/>
"""
HEAD = """<hostCPUSignature>GenuineIntel 6 85 4</hostCPUSignature><kernelVersion>6.1.0 #1 SMP</kernelVersion>
<cpudata arch='x86'><cpuid eax_in='0x0' ecx_in='0x0' eax='0x1' ebx='0x1' ecx='0x1' edx='0x1'/></cpudata>
<hostCPU type='kvm' model='z14-base' migratability='no'><property name='a' type='boolean' value='true' migratable='no'/>
<property name='n' type='number' value='-1'/><deprecatedFeatures><property name='te'/></deprecatedFeatures></hostCPU>
<cpu type='kvm' name='max' typename='max-cpu' usable='unknown'/>
<cpu type='kvm' name='old' usable='no' deprecated='yes'><blocker name='a'/><blocker name=''/></cpu>"""
MACHINES = """<machine type='kvm' name='pc-i440fx-10.0' alias='pc' maxCpus='255' default='yes' acpi='yes'/>
<machine type='kvm' name='pc-q35-10.0' alias='q35' maxCpus='4096' numaMemSupported='yes' acpi='no' defaultCPU='q'/>
<machine type='tcg' name='microvm' maxCpus='288' deprecated='yes'/>
<machine type='tcg' name='pc-q35-10.0' alias='q35' maxCpus='1'/>"""


def test_everything_that_new_libvirt_writes() -> None:
    read = host("kvm", version="10.0.0", selfvers="11.3.0", machines=HEAD + MACHINES, tail=MODERN)
    assert [tuple(gic) for gic in read.gics] == [(2, False, True), (3, True, False)]
    assert read.sev == (51, 1, 59, 450)
    assert read.sgx == (False, True, False, 524288, ((0, 262144), (1, 131072)))
    assert read.hyperv == frozenset({"relaxed", "vapic"})
    assert (read.nesting, read.secure_guest) == (True, True)
    assert (read.kernel, read.cpu_signature) == ("6.1.0 #1 SMP", "GenuineIntel 6 85 4")
    assert read.virt_types == ("kvm", "tcg")
    assert read.host_cpus == (
        ("kvm", "z14-base", False, (("a", "boolean", "true", False), ("n", "number", "-1", None)), ("te",)),
    )
    assert read.cpu_models == (
        ("kvm", "max", "max-cpu", None, (), False),
        ("kvm", "old", None, False, ("a", ""), True),
    )
    kvm, tcg = read.machine("q35"), read.machine("q35", "tcg")
    assert kvm == ("kvm", "pc-q35-10.0", "q35", False, 4096, False, False, True, False, "q")
    assert tcg is not None
    assert (tcg.virt_type, tcg.max_cpus, tcg.acpi) == ("tcg", 1, None)
    assert read.machine("microvm") == read.default_machine("tcg") == read.default_machine("qemu")


OLD_MACHINES = """<cpu name='qemu64'/><machine name='pc-i440fx-1.5' alias='pc' maxCpus='255'/>
<machine name='pc-q35-1.5' alias='q35' maxCpus='255'/>"""


def test_everything_that_old_libvirt_wrote() -> None:
    data = caps("kvm", version="1.5.3", selfvers="1.2.16", machines=OLD_MACHINES).replace(
        b"<flag", b"<usedQMP/>\n<flag", 1
    )
    read = read_qemucaps(data, "old.xml")
    assert read.id == "old.xml"
    assert read.libvirt_version == Version(1, 2, 16)
    assert read.virt_types == ("kvm", "tcg")
    assert read.machine("q35", "kvm") == read.machine("q35", "tcg") == read.machines[1]
    assert read.default_machine("kvm") == read.machines[0]
    assert read.machines[0].virt_type is None
    assert (read.emulator, read.microcode, read.qemu_package) == (None, None, "")
    assert host(machines=OLD_MACHINES).virt_types == ("tcg",)


def test_the_first_machine_is_the_default() -> None:
    # libvirt moves the one it prefers to the front; on Arm QEMU itself has none.
    machines = "<machine type='tcg' name='virt-8.2' alias='virt'/><machine type='tcg' name='akita' default='yes'/>"
    read = host(machines=machines, arch="aarch64")
    assert read.default_machine() == read.machine("virt")


def test_a_name_comes_before_an_alias() -> None:
    machines = "<machine type='tcg' name='virt-8.2' alias='virt'/><machine type='tcg' name='virt'/>"
    read = host(machines=machines)
    assert read.machine("virt") == read.machines[1]


def test_the_first_of_each_counts() -> None:
    # So it does for libvirt, which takes the first that it finds.
    read = host(arch="aarch64", tail="<arch>i686</arch><version>1002003</version>")
    assert (read.arch, read.qemu_version) == ("aarch64", Version(7, 2, 0))


def test_hosts_are_values() -> None:
    read, again, other = load_host(X86), load_host(X86), load_host(I686)
    assert read == again
    assert hash(read) == hash(again)
    assert read != other
    copy = pickle.loads(pickle.dumps(read))
    assert copy == read
    assert copy.cpu_models == read.cpu_models
    assert len({read, again, other, copy}) == 2


def test_label(tmp_path: Path) -> None:
    assert load_host(X86, id="rack1").id == "rack1"
    assert load_host(str(X86)).id == "debian-12-x86_64"
    plain = tmp_path / "caps"
    plain.write_bytes(caps())
    assert load_host(plain).id == "caps"


BAD_CONTENT = {
    "empty": (b" \n", "empty", None),
    "binary": (b"\x7fELF\0\0\0", "binary", None),
    "gzip": (b"\x1f\x8b\x08\0\0", "compressed", None),
    "text": (b"hello\n", "not well-formed", 1),
    "cut": (caps()[:-20], "not well-formed", None),
    "unknown encoding": (b"<?xml version='1.0' encoding='nope'?><qemuCaps/>", "", None),
    "entities": (
        b'<?xml version="1.0"?>\n<!DOCTYPE q [<!ENTITY a "b">]>\n<qemuCaps>&a;</qemuCaps>',
        "document type",
        2,
    ),
    "entities in UTF-16": ('<!DOCTYPE q [<!ENTITY a "b">]><qemuCaps/>'.encode("utf-16"), "document type", 1),
    "domain": (b"\n<domain type='kvm'/>", "this is a domain", 2),
    "network": (b"<network/>", "this is a network", 1),
    "domainCapabilities": (b"<domainCapabilities/>", "'domainCapabilities'", 1),
    "capabilities": (b"<capabilities/>", "'capabilities'", 1),
    "other": (b"<html/>", "'html'", 1),
    "namespace": (b"<qemuCaps xmlns='urn:x'/>", "'{urn:x}qemuCaps'", 1),
    "no version": (re.sub(rb"<version>.*</version>", b"", caps()), "<version>) is missing", None),
    "version 0": (caps(version="0"), "is 0", 5),
    "version a word": (caps().replace(b"7002000", b"seven"), "'seven'", 5),
    "version signed": (caps().replace(b"7002000", b"+7002000"), "'+7002000'", 5),
    "version in other digits": (caps().replace(b"7002000", "٧٠٠٢٠٠٠".encode()), "number", 5),
    "version too long": (caps().replace(b"7002000", b"7" * 21), "number", 5),
    "version endless": (caps().replace(b"7002000", b"7" * 5000), "number", 5),
    "selfvers a word": (caps().replace(b"<selfvers>0", b"<selfvers>x"), "<selfvers>", 4),
    "no arch": (caps().replace(b"<arch>x86_64</arch>", b""), "<arch>) is missing", None),
    "empty arch": (caps(arch=" "), "<arch>) is missing", None),
    "no machine": (caps(machines=""), "no machine", None),
    "machine without name": (caps(machines="<machine type='kvm'/>"), "<machine> has no 'name'", 7),
    "machine without count": (caps(machines="<machine name='a' maxCpus='many'/>"), "'many'", 7),
    "machine acpi": (caps(machines="<machine name='a' acpi='maybe'/>"), "'maybe'", 7),
    "flag without name": (caps().replace(b"<version>", b"<flag/><version>"), "<flag> has no 'name'", 5),
    "flag with empty name": (caps(""), "<flag> has no 'name'", 5),
    "cpu without name": (caps(tail="<cpu type='kvm'/>"), "<cpu> has no 'name'", 8),
    "blocker without name": (caps(tail="<cpu name='a'>\n<blocker/></cpu>"), "<blocker> has no 'name'", 9),
    "host CPU without model": (caps(tail="<hostCPU/>"), "<hostCPU> has no 'model'", 8),
    "property without name": (caps(tail="<hostCPU model='a'><property/></hostCPU>"), "<property> has no 'name'", 8),
    "gic without version": (caps(tail="<gic kernel='yes' emulated='no'/>"), "<gic> has no 'version'", 8),
    "gic kernel": (caps(tail="<gic version='2' kernel='1' emulated='no'/>"), "'1'", 8),
    "sev": (caps(tail="<sev><cbitpos>x</cbitpos></sev>"), "<cbitpos>", 8),
    "sgx section": (caps(tail="<sgx><sections><section size='1'/></sections></sgx>"), "'node'", 8),
    "hyperv": (caps(tail="<hypervCapabilities supported='yes'><cap/></hypervCapabilities>"), "<cap>", 8),
}


@pytest.mark.parametrize("case", BAD_CONTENT)
def test_bad_content(case: str) -> None:
    data, words, line = BAD_CONTENT[case]
    with pytest.raises(HostError) as caught:
        read_qemucaps(data, "dir/bad.xml")
    error = caught.value
    assert words in error.message
    assert error.source == "dir/bad.xml"
    if line is not None:
        assert error.line == line
        assert str(error).startswith(f"dir/bad.xml:{line}: ")
    else:
        assert str(error).startswith("dir/bad.xml:")
    if "damaged" in error.message or "not well-formed" in error.message:
        assert "\nhelp: " in str(error)
        assert "/var/cache/libvirt/qemu/capabilities/" in error.help
    assert all(part.isprintable() for part in str(error).split("\n"))


def test_a_place_that_is_not_well_formed_is_named() -> None:
    with pytest.raises(HostError) as caught:
        read_qemucaps(b"<qemuCaps>\n  <flag name='a>\n</qemuCaps>", "bad.xml")
    assert caught.value.line is not None
    assert caught.value.line >= 2
    assert caught.value.column is not None


@pytest.mark.parametrize("root", ["domain", "network", "domainCapabilities", "capabilities"])
def test_other_kinds_are_told_where_they_belong(root: str) -> None:
    with pytest.raises(HostError) as caught:
        read_qemucaps(f"<{root}/>".encode(), "x")
    expected = {"domain": "PATH", "network": "--network"}.get(root, "/var/cache/libvirt/qemu/capabilities/")
    assert expected in caught.value.help


def test_bad_paths(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no such file") as caught:
        load_host(tmp_path / "missing.xml")
    assert (caught.value.line, caught.value.column, caught.value.help) == (None, None, "")
    with pytest.raises(HostError, match="no capabilities file is in this directory"):
        load_host(tmp_path)
    with pytest.raises(HostError, match=r"no such file|cannot be read"):
        load_host(X86 / "below")
    with pytest.raises(HostError, match="not a path"):
        load_host("a\0b")
    with pytest.raises(HostError, match=r"a\\x1b\[2J"):
        load_host("a\x1b[2J")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "secret.xml"
    path.write_bytes(caps())
    path.chmod(0)
    with pytest.raises(HostError, match="cannot be read"):
        load_host(path)


def test_size_limit(tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    # libxml2 takes no single text of more than 10 MB.
    filler = "<later>" + "x" * 8_000_000 + "</later>"
    data = caps(tail=filler + filler)
    data += b" " * (LARGEST_FILE - len(data))
    path.write_bytes(data)
    assert load_host(path).arch == "x86_64"
    path.write_bytes(data + b" ")
    with pytest.raises(HostError, match="larger than 16 MiB"):
        load_host(path)


def test_no_control_character_gets_out() -> None:
    data = caps(machines="<machine name='a' maxCpus='\u009b31m\u202e&#x85;'/>")
    with pytest.raises(HostError) as caught:
        read_qemucaps(data, "evil\n\x1b.xml")
    assert all(part.isprintable() for part in str(caught.value).split("\n"))
    assert "\\x9b31m\\u202e" in str(caught.value)
    assert "evil\\n\\x1b.xml" in str(caught.value)


def test_long_values_are_cut() -> None:
    with pytest.raises(HostError) as caught:
        read_qemucaps(b"<" + b"a" * 5000 + b"/>", "x")
    assert len(str(caught.value)) < 450


def test_errors_travel() -> None:
    with pytest.raises(HostError) as caught:
        read_qemucaps(caps(machines=""), "x.xml")
    error = caught.value
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.source, copy.message, copy.line, copy.help) == (error.source, error.message, error.line, error.help)


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"<qemuCaps/>")
@example(b"<?x?>")
@example(b"\xff\xfe<\0")
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(HostError):
        read_qemucaps(data, "any")


# An error says what the schema finds, which takes long: a small file keeps these quick.
SMALL = caps("kvm", "virtio-net", selfvers="11.3.0", version="10.0.0", machines=HEAD + MACHINES, tail=MODERN)


@settings(deadline=None, max_examples=60)
@given(
    where=st.integers(0, len(SMALL)),
    cut=st.integers(0, 30),
    put=st.one_of(
        st.binary(max_size=4), st.sampled_from([b"'", b"<", b"</a>", b"<flag/>", b"&#1;", b"<!--", b"\xc2\x9b"])
    ),
)
def test_any_change_of_a_file(where: int, cut: int, put: bytes) -> None:
    data = SMALL[:where] + put + SMALL[where + cut :]
    try:
        read = read_qemucaps(data, "changed")
    except HostError as error:
        said = str(error)
    else:
        said = ""
        assert read.virt_types
        assert isinstance(read.cpu_models, tuple)
        assert isinstance(read.host_cpus, tuple)
        assert pickle.loads(pickle.dumps(read)) == read
    assert all(part.isprintable() for part in said.split("\n"))
