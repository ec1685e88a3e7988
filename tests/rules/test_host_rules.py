"""HOST rules beside their examples: which files can tell, what several hosts make of a domain, and CPUs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domlint.engine import Plan, Source
from domlint.examples import example_host
from domlint.findings import Finding
from domlint.hosts import Host
from domlint.hosts.cpu_map import feature_names, knows_feature, knows_model, model_names
from domlint.hosts.load import read_host_file
from domlint.hosts.machine_types import FAMILIES, came_in, dropped_in, goes_in, take_apart
from domlint.hosts.profiles import find_profile
from domlint.rules import catalogue
from domlint.rules.host.machine import nearest_machine
from domlint.versions import Version

RULES = [rule for rule in catalogue() if rule.code.startswith("HOST")]


def guest(around: str = "", machine: str = "q35", arch: str = "x86_64", type_: str = "kvm", devices: str = "") -> str:
    named = f" machine='{machine}'" if machine else ""
    of_arch = f" arch='{arch}'" if arch else ""
    return (
        f"<domain type='{type_}'>\n<name>vm</name>\n<memory>65536</memory>\n<os>\n<type{of_arch}{named}>hvm</type>\n"
        f"</os>\n{around}\n<devices>{devices}</devices>\n</domain>\n"
    )


def findings(text: str, *hosts: Host, libvirt: str = "") -> list[Finding]:
    plan = Plan(RULES, hosts, libvirt=Version.parse(libvirt) if libvirt else None)
    report = plan.check(Source("vm.xml", text.encode()))
    assert report.crashes == ()
    return list(report.findings)


def codes(text: str, *hosts: Host, libvirt: str = "") -> list[str]:
    return [finding.code for finding in findings(text, *hosts, libvirt=libvirt)]


def qemucaps(
    inside: str, name: str = "host", arch: str = "x86_64", qemu: int = 8002000, libvirt: int = 10000000
) -> Host:
    text = (
        f"<qemuCaps><emulator>/usr/bin/qemu-system-{arch}</emulator><selfvers>{libvirt}</selfvers>"
        f"<flag name='kvm'/><flag name='tcg'/><version>{qemu}</version><arch>{arch}</arch>{inside}</qemuCaps>"
    )
    return read_host_file(text.encode(), f"{name}.xml", name)[0]


def machines(*names: str, accelerators: tuple[str, ...] = ("kvm", "tcg"), more: str = "") -> str:
    """Machines as a capability file has them: NAME or NAME=ALIAS."""
    rows = []
    for accelerator in accelerators:
        for named in names:
            name, _equals, alias = named.partition("=")
            rows.append(f"<machine type='{accelerator}' name='{name}'{f' alias={alias!r}' if alias else ''}{more}/>")
    return "".join(rows)


PC = machines("pc-i440fx-8.2=pc", "pc-q35-8.2=q35", "pc-q35-6.2", "pc-q35-5.0")


# Is there an emulator at all?


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (guest(), ""),
        (guest(arch=""), ""),
        (guest(arch="i686"), ""),
        (guest(arch="aarch64", machine="virt"), "HOST001"),
        (guest(arch="{{ arch }}", machine="virt"), ""),
        (guest(type_="xen"), "HOST002"),
        (guest(type_="xen", arch="aarch64"), "HOST002"),
        (guest(type_=""), ""),
        (guest(type_="hvf"), "HOST004"),
        (guest(arch="aarch64", devices="<emulator>/usr/bin/qemu-system-x86_64</emulator>"), "HOST005"),
        (guest(arch="aarch64", devices="<emulator>/usr/bin/qemu-system-aarch64</emulator>"), "HOST001"),
        (guest(devices="<emulator>/usr/bin/kvm</emulator>"), "HOST006"),
        (guest(devices="<emulator>@EMULATOR@</emulator>"), ""),
    ],
)
def test_one_reason_why_a_host_has_no_emulator(text: str, code: str) -> None:
    assert codes(text, qemucaps(PC)) == ([code] if code else [])


CAPABILITIES = """<capabilities><host><cpu><arch>x86_64</arch></cpu></host>{}</capabilities>"""
GUEST = (
    "<guest><os_type>hvm</os_type><arch name='{arch}'><emulator>/usr/bin/qemu-system-{arch}</emulator>"
    "<machine>{machine}</machine><domain type='{type}'/></arch></guest>"
)


def capabilities(name: str, *archs: str, type_: str = "kvm") -> list[Host]:
    inside = "".join(GUEST.format(arch=arch, machine="m", type=type_) for arch in archs)
    return read_host_file(CAPABILITIES.format(inside).encode(), f"{name}.xml", name)


def test_capabilities_tell_that_no_guests_of_an_architecture_are_run() -> None:
    arm = guest(arch="aarch64", machine="m")
    (refused,) = findings(arm, *capabilities("a", "x86_64"), *capabilities("b", "x86_64"))
    assert (refused.code, refused.outcome.value, refused.hosts) == ("HOST003", "define", ("a", "b"))
    assert codes(arm, *capabilities("a", "x86_64", "aarch64")) == []
    # A file of one emulator alone does not tell what else the host has, nor does one host what another has.
    assert codes(arm, *capabilities("a", "x86_64"), qemucaps(PC)) == ["HOST001"]
    assert codes(arm, *capabilities("a", "x86_64"), *capabilities("b", "aarch64")) == []


def test_capabilities_of_other_hypervisors() -> None:
    xen = guest(type_="xen", machine="m")
    assert codes(xen, *capabilities("a", "x86_64", type_="xen")) == []
    assert codes(guest(machine="m"), *capabilities("a", "x86_64", type_="xen")) == ["HOST002"]
    assert codes(guest(machine="m"), *capabilities("a", "x86_64", type_="qemu")) == ["HOST004"]


def test_a_profile_does_not_know_whether_there_is_kvm() -> None:
    assert codes(guest(), find_profile("qemu-8.2-x86_64")) == []


# Machines


@pytest.mark.parametrize(
    ("machine", "why", "nearest"),
    [
        ("pc-q35-9.1", "came with QEMU 9.1", "'pc-q35-8.2'"),
        ("pc-q35-6.1", "", "'pc-q35-6.2'"),
        ("pc-q35-5.2", "", "'pc-q35-6.2'"),
        ("pc-q35-4.2", "", "'pc-q35-5.0'"),
        ("pc-i440fx-1.7", "QEMU 8.2 dropped it", "'pc-i440fx-8.2'"),
        ("pc-1.2", "QEMU 6.0 dropped it", "'pc-i440fx-8.2'"),
        ("pc-q35-rhel9.4.0", "Red Hat's QEMU", "'pc-q35-8.2'"),
        ("pc-i440fx-noble", "Ubuntu's QEMU", "'pc-i440fx-8.2'"),
        ("pc-q35-foobar", "", "'pc-q35-8.2'"),
        ("q53", "", ""),
        ("pc-q35-8.20", "came with QEMU 8.20", "'pc-q35-8.2'"),
        ("virt-8.2", "", "lists the machines"),
    ],
)
def test_what_to_take_instead_of_a_machine_that_is_not_there(machine: str, why: str, nearest: str) -> None:
    (finding,) = findings(guest(machine=machine), qemucaps(PC))
    assert (finding.code, finding.outcome.value) == ("HOST010", "define")
    assert f"'{machine}'" in finding.message
    assert why in finding.message
    assert nearest in finding.help


@pytest.mark.parametrize("machine", ["q35", "pc", "pc-q35-8.2", "pc-q35-6.2", "", "{{ machine }}", "@MACHINE@"])
def test_machines_that_are_there_or_not_known(machine: str) -> None:
    assert codes(guest(machine=machine), qemucaps(PC)) == []


def test_a_domain_without_architecture_is_of_the_host_s_own() -> None:
    """Of several emulators without KVM it is not known which one that is."""
    bare = [
        qemucaps(machines(name, accelerators=("tcg",)), arch=arch)._replace(id="host")
        for arch, name in (("aarch64", "virt-8.2=virt"), ("x86_64", "pc-q35-8.2=q35"))
    ]
    text = guest(arch="", type_="qemu", machine="q35")
    assert codes(text, *bare) == []
    assert codes(text, bare[0]) == ["HOST010"]
    assert codes(text, *capabilities("host", "x86_64", type_="qemu")) == ["HOST010"]


def test_a_machine_for_the_other_accelerator_alone() -> None:
    host = qemucaps(machines("pc-q35-8.2=q35") + machines("isapc", accelerators=("tcg",)))
    (finding,) = findings(guest(machine="isapc"), host)
    assert finding.code == "HOST010"
    assert "type qemu alone" in finding.message
    assert codes(guest(machine="isapc", type_="qemu"), host) == []


def test_files_of_an_older_libvirt_have_machines_for_all_accelerators() -> None:
    host = qemucaps("<machine name='pc-q35-4.2' alias='q35' maxCpus='288'/>", qemu=4002000, libvirt=6000000)
    assert codes(guest(), host) == codes(guest(type_="qemu"), host) == []
    assert codes(guest(machine="pc-q35-8.2"), host) == ["HOST010"]


DOMAINCAPS = (
    "<domainCapabilities><path>/usr/bin/qemu-system-x86_64</path><domain>kvm</domain><machine>pc-q35-8.2</machine>"
    "<arch>x86_64</arch><vcpu max='240'/>{}</domainCapabilities>"
)


def domaincaps(inside: str = "", name: str = "host") -> Host:
    return read_host_file(DOMAINCAPS.format(inside).encode(), f"{name}.xml", name)[0]


def test_domain_capabilities_know_one_machine_alone() -> None:
    assert codes(guest(machine="pc-q35-9.9"), domaincaps()) == []
    assert codes(guest("<vcpu>241</vcpu>", "pc-q35-8.2"), domaincaps()) == ["HOST020"]
    assert codes(guest("<vcpu>240</vcpu>", "pc-q35-8.2"), domaincaps()) == []
    assert codes(guest("<vcpu>500</vcpu>", "pc-q35-7.2"), domaincaps()) == []


@pytest.mark.parametrize("machine", ["pc-q35-rhel9.4.0", "pc-i440fx-jammy", "pc-q35-somebody"])
def test_a_profile_says_nothing_of_machines_of_distributions(machine: str) -> None:
    assert codes(guest(machine=machine), find_profile("qemu-8.2-x86_64")) == []


@pytest.mark.parametrize(("machine", "code"), [("pc-q35-9.0", "HOST010"), ("pc-i440fx-1.7", "HOST010"), ("q35", "")])
def test_a_profile_knows_the_machines_of_its_release(machine: str, code: str) -> None:
    assert codes(guest(machine=machine), find_profile("qemu-8.2-x86_64")) == ([code] if code else [])


def test_a_distribution_with_machines_of_its_own_is_not_judged() -> None:
    assert codes(guest(machine="pc-q35-9.0"), find_profile("rhel-9.4")) == []


def test_a_deprecated_machine_and_when_it_goes() -> None:
    host = qemucaps(machines("pc-q35-10.0=q35") + machines("pc-q35-6.2", more=" deprecated='yes'"), qemu=10000000)
    (finding,) = findings(guest(machine="pc-q35-6.2"), host)
    assert (finding.code, finding.severity.value) == ("HOST011", "note")
    assert "QEMU 12.2 drops it" in finding.message
    assert "'pc-q35-10.0'" in finding.help


def host_with(release: str, name: str) -> Host:
    major, minor = release.split(".")
    qemu = int(major) * 1_000_000 + int(minor) * 1000
    return qemucaps(machines(f"pc-q35-{release}=q35", "pc-q35-6.2", f"pc-i440fx-{release}=pc"), name, qemu=qemu)


def test_hosts_that_make_different_machines_of_an_alias_are_told_once() -> None:
    hosts = [host_with("7.2" if number < 10 else "8.2", f"host{number}") for number in range(12)]
    (finding,) = findings(guest(), *hosts)
    assert (finding.code, finding.outcome.value, finding.severity.value) == ("HOST012", "migrate", "warning")
    assert finding.hosts == tuple(f"host{number}" for number in range(12))
    assert finding.message.endswith("pc-q35-7.2 on host0, host1, host2 and 7 more; pc-q35-8.2 on host10, host11")
    assert "pc-q35-6.2" in finding.help
    (finding,) = findings(guest(machine=""), *hosts)
    assert "no machine is named" in finding.message


def test_hosts_that_make_the_same_machine_are_not_told() -> None:
    hosts = [host_with("8.2", "a"), host_with("8.2", "b")]
    assert codes(guest(), *hosts) == codes(guest(machine=""), *hosts) == []
    assert codes(guest(machine="pc-q35-6.2"), host_with("7.2", "a"), host_with("8.2", "b")) == []
    assert codes(guest(machine="{{ m }}"), host_with("7.2", "a"), host_with("8.2", "b")) == []
    # A host that does not say what it makes of the alias, and one of another architecture, take no part.
    assert codes(guest(), host_with("8.2", "a"), domaincaps(name="b")) == []
    assert codes(guest(), host_with("8.2", "a"), example_host("aarch64-8.2")) == []


@given(st.sampled_from(FAMILIES), st.integers(0, 20), st.integers(0, 12), st.integers(0, 20), st.integers(0, 12))
def test_a_machine_comes_before_it_goes(family: str, major: int, minor: int, at: int, at_minor: int) -> None:
    name = f"{family}-{major}.{minor}"
    found = take_apart(name)
    assert found is not None
    assert (found.family, found.version, found.vendor) == (family, (major, minor), "")
    came, dropped, goes = came_in(name), dropped_in(name), goes_in(name, Version(at, at_minor, 0))
    assert came == (major, minor)
    assert dropped is None or dropped > came
    assert goes is None or goes > (at, at_minor)


@given(st.text(alphabet="pcq35-.0189virtel4x", max_size=24))
def test_any_name_of_a_machine_is_taken(name: str) -> None:
    host = qemucaps(PC)
    take_apart(name), came_in(name), dropped_in(name), goes_in(name, Version(10, 0, 0))
    nearest = nearest_machine(name, host, "kvm")
    assert nearest is None or nearest in host.machines


# vCPUs


@pytest.mark.parametrize(
    ("vcpu", "code"),
    [
        ("<vcpu>288</vcpu>", ""),
        ("<vcpu>289</vcpu>", "HOST020"),
        ("<vcpu current='1'>289</vcpu>", "HOST020"),
        ("<vcpu current='999'>1</vcpu>", ""),
        ("<vcpu> 289 </vcpu>", "HOST020"),
        ("<vcpu>{{ vcpus }}</vcpu>", ""),
        ("<vcpu>many</vcpu>", ""),
        ("<vcpu>99999999999999999999</vcpu>", ""),
        ("<vcpu/>", ""),
    ],
)
def test_vcpus_against_the_maximum_of_the_machine(vcpu: str, code: str) -> None:
    host = qemucaps(machines("pc-q35-8.2=q35", more=" maxCpus='288'"))
    assert codes(guest(vcpu), host) == ([code] if code else [])


def test_a_machine_without_a_maximum_takes_any_number() -> None:
    for limit in ("", " maxCpus='0'"):
        assert codes(guest("<vcpu>9999</vcpu>"), qemucaps(machines("pc-q35-8.2=q35", more=limit))) == []


def test_vcpus_to_be_plugged_where_the_file_does_not_tell() -> None:
    vcpus = "<vcpus><vcpu id='1' enabled='yes' hotpluggable='yes'/></vcpus>"
    assert codes(guest(vcpus, "m"), *capabilities("a", "x86_64")) == []
    assert codes(guest(vcpus, "pc-q35-8.2"), domaincaps()) == []


NODES = "<cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>"


@pytest.mark.parametrize(
    ("arch", "machine", "code"),
    [
        ("x86_64", "pc-q35-8.2", ""),
        ("x86_64", "microvm", ""),
        ("aarch64", "virt-8.2", ""),
        ("aarch64", "sbsa-ref", ""),
        ("aarch64", "raspi3b", "HOST023"),
        ("ppc64", "pseries-8.2", ""),
        ("ppc64", "powernv9", "HOST023"),
        ("s390x", "s390-ccw-virtio-8.2", "HOST023"),
        ("sparc", "SS-5", ""),
    ],
)
def test_machines_without_numa(arch: str, machine: str, code: str) -> None:
    host = qemucaps(machines(machine), arch=arch)
    assert ("HOST023" in codes(guest(NODES, machine, arch), host)) is bool(code)
    assert "HOST023" not in codes(guest("<cpu><numa/></cpu>", machine, arch), host)
    assert "HOST023" not in codes(guest(f"<maxMemory>1</maxMemory>{NODES}", machine, arch), host)


# CPUs

MODELS = """
<cpu type='kvm' name='Haswell' usable='no'><blocker name='hle'/><blocker name='rtm'/></cpu>
<cpu type='tcg' name='Haswell' usable='no'><blocker name='avx'/><blocker name='rtm'/></cpu>
<cpu type='kvm' name='core2duo' usable='no'><blocker name='ss'/></cpu>
<cpu type='kvm' name='Denverton' usable='no'><blocker name='mpx'/></cpu>
<cpu type='kvm' name='Nehalem' usable='yes'/>
<cpu type='tcg' name='Nehalem' usable='yes'/>
<cpu type='kvm' name='Penryn'/>
<hostCPU type='kvm' model='base' migratability='yes'>
  <property name='aes' type='boolean' value='true' migratable='yes'/>
  <property name='vmx' type='boolean' value='false'/>
  <property name='lahf-lm' type='boolean' value='false'/>
</hostCPU>
"""


def cpu(model: str, attributes: str = "", **features: str) -> str:
    listed = "".join(f"<feature policy='{policy}' name='{name}'/>" for name, policy in features.items())
    return f"<cpu mode='custom'{attributes}><model fallback='forbid'>{model}</model>{listed}</cpu>"


@pytest.mark.parametrize(
    ("type_", "text", "code", "outcome"),
    [
        ("kvm", cpu("Nehalem"), "", ""),
        ("kvm", cpu("Penryn"), "", ""),
        ("kvm", cpu("Haswell"), "HOST033", "broken"),
        ("kvm", cpu("Haswell", " check='none'"), "HOST033", "broken"),
        ("kvm", cpu("Haswell", " check='full'"), "HOST033", "start"),
        ("kvm", cpu("Haswell", " check='@CHECK@'"), "", ""),
        ("kvm", cpu("Haswell", hle="disable", rtm="disable"), "", ""),
        ("kvm", cpu("Haswell", hle="optional", rtm="disable"), "", ""),
        ("kvm", cpu("Haswell", hle="disable"), "HOST033", "broken"),
        ("kvm", cpu("Haswell", hle="{{ policy }}"), "", ""),
        ("kvm", cpu("core2duo"), "HOST033", "note"),
        ("kvm", cpu("Denverton"), "HOST033", "start"),
        ("qemu", cpu("Haswell"), "HOST033", "broken"),
        ("qemu", cpu("Haswell", " check='partial'"), "HOST033", "start"),
        ("qemu", cpu("core2duo"), "HOST031", "start"),
        ("kvm", cpu("Opteron_G5"), "HOST031", "start"),
        ("kvm", cpu("Nehalem-v1").replace(" fallback='forbid'", ""), "", ""),
        ("kvm", cpu("Opteron_G5").replace(" fallback='forbid'", ""), "HOST032", "note"),
        ("kvm", cpu("Opteron_G5").replace("'forbid'", "'{{ fallback }}'"), "", ""),
        ("kvm", cpu("Haswel"), "HOST031", "start"),
        ("kvm", cpu("{{ model }}"), "", ""),
        ("kvm", cpu("Nehalem", aes="require"), "", ""),
        ("kvm", cpu("Nehalem", vmx="require"), "HOST040", "broken"),
        ("kvm", cpu("Nehalem", vmx="force"), "HOST040", "broken"),
        ("kvm", cpu("Nehalem", " check='full'", vmx="require"), "HOST040", "start"),
        ("kvm", cpu("Nehalem", lahf_lm="require"), "HOST040", "broken"),
        ("kvm", cpu("Nehalem", vmx="optional"), "", ""),
        ("kvm", cpu("Nehalem", vmx="disable"), "", ""),
        ("kvm", cpu("Nehalem", vmx="forbid"), "", ""),
        ("kvm", cpu("Nehalem", aes="forbid"), "HOST041", "start"),
        ("kvm", cpu("Nehalem", " check='none'", aes="forbid"), "", ""),
        ("kvm", "<cpu mode='host-passthrough'><feature policy='forbid' name='aes'/></cpu>", "", ""),
        ("kvm", "<cpu mode='host-passthrough'><feature policy='require' name='vmx'/></cpu>", "HOST040", "broken"),
        (
            "kvm",
            "<cpu mode='host-passthrough' check='full'><feature policy='forbid' name='aes'/></cpu>",
            "HOST041",
            "start",
        ),
        ("kvm", cpu("Nehalem", lahf="require"), "HOST042", "start"),
        ("kvm", "<cpu mode='host-passthrough'/>", "", ""),
        ("qemu", "<cpu mode='host-passthrough'/>", "HOST030", "start"),
        ("{{ type }}", "<cpu mode='host-passthrough'/>", "", ""),
        ("kvm", "<cpu mode='host-model'/>", "", ""),
        ("kvm", "<cpu mode='{{ mode }}'/>", "", ""),
        ("kvm", "<cpu><topology sockets='1' cores='1' threads='1'/></cpu>", "", ""),
    ],
)
def test_cpus_against_what_the_host_said(type_: str, text: str, code: str, outcome: str) -> None:
    host = qemucaps(PC + MODELS, libvirt=11003000)
    found = [(finding.code, finding.outcome.value) for finding in findings(guest(text, type_=type_), host)]
    # That a version of a model is unknown to this QEMU is a matter of the model's own row.
    assert [one for one in found if one[0] != "HOST032" or code == "HOST032"] == ([(code, outcome)] if code else [])


def test_models_that_domain_capabilities_list() -> None:
    custom = (
        "<cpu><mode name='host-model' supported='no'/><mode name='maximum' supported='no'/>"
        "<mode name='custom' supported='yes'><model usable='yes'>Nehalem</model>"
        "<model usable='no' deprecated='yes'>Haswell</model>"
        "<blockers model='Haswell'><feature name='rtm'/></blockers></mode></cpu>"
    )
    host = domaincaps(custom)

    def found(text: str) -> list[tuple[str, str]]:
        return [(finding.code, finding.outcome.value) for finding in findings(guest(text, "pc-q35-8.2"), host)]

    assert found(cpu("Nehalem")) == []
    assert found(cpu("Haswell", " check='full'")) == [("HOST033", "start"), ("HOST034", "note")]
    assert found(cpu("EPYC")) == [("HOST031", "start")]
    assert found("<cpu mode='host-model'/>") == [("HOST030", "start")]
    assert found("<cpu mode='maximum'/>") == [("HOST030", "define")]
    assert found("<cpu mode='host-passthrough'/>") == []
    # Those of another machine tell nothing.
    assert codes(guest(cpu("EPYC"), "pc-q35-7.2"), host) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_placeholders_are_never_judged(rule: object) -> None:
    """Whatever stands in an attribute or text of the bad example: with a placeholder there, nothing is said of it."""
    from domlint.examples import example_hosts, whole_document

    example = rule.bad  # type: ignore[attr-defined]
    text = re.sub(r"<!--.*?-->", "", whole_document(example))
    blank = re.sub(r"='[^']*'", "='{{ x }}'", text)
    blank = re.sub(r">([^<>\s][^<>]*)<", ">{{ x }}<", blank)
    assert codes(blank, *example_hosts(example), libvirt=example.libvirt) == []


@given(st.sampled_from(model_names()), st.sampled_from(feature_names()))
def test_what_a_libvirt_knows_the_next_one_knows(model: str, feature: str) -> None:
    releases = [
        Version(*release) for release in ((6, 0, 0), (7, 0, 0), (8, 0, 0), (9, 0, 0), (9, 8, 0), (11, 3, 0), (99, 0, 0))
    ]
    for knows, name in ((knows_model, model), (knows_feature, feature)):
        answers = [knows(name, release) for release in releases]
        order = [{False: 0, None: 1, True: 2}[answer] for answer in answers[1:]]
        assert order == sorted(order)
        assert answers[-1] is True
        assert knows(f"no-{name}", Version(11, 3, 0)) is False
        assert knows(f"no-{name}", Version(99, 0, 0)) is None
        assert knows(name, None) is None
