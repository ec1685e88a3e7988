"""What a host can do, as values: machines in families, counts, and the answers to what people ask."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from caps_builder import caps
from kinds_builder import capabilities, domaincaps, guest

from domlint.hosts import Host, Presence, load_hosts
from domlint.hosts.abilities import QUESTIONS, Ability, abilities
from domlint.hosts.combine import combine
from domlint.hosts.describe import describe
from domlint.hosts.flag_table import FLAGS
from domlint.hosts.load import read_host_file

ROOT = Path(__file__).resolve().parents[2]


def parts(*files: bytes) -> list[Host]:
    return [host for number, data in enumerate(files) for host in read_host_file(data, f"{number}.xml", "h")]


def probe(*flags: str, machines: str = "<machine type='tcg' name='a'/>", tail: str = "", arch: str = "x86_64") -> bytes:
    data = caps(*flags, machines=machines, tail=tail, arch=arch, selfvers="9.0.0")
    return data.replace(b"<arch>", b"<emulator>/usr/bin/qemu-system-x86_64</emulator><arch>")


def ability(name: str, *files: bytes) -> Ability:
    (host,) = combine(parts(*files))
    return next(found for found in abilities(host) if found.name == name)


# Machines.


def families(*machines: str) -> list[tuple[str, tuple[str, ...], bool]]:
    data = caps(machines="".join(f"<machine type='tcg' {machine}/>" for machine in machines))
    (found,) = describe(parts(data))
    return [(family.name, family.machines, family.is_default) for family in found.emulators[0].families]


def test_machines_that_differ_in_their_version_are_one_family() -> None:
    assert families(
        "name='pc-q35-9.2'", "name='pc-q35-10.0'", "name='pc-i440fx-2.12'", "name='pc-i440fx-2.9'", "name='isapc'"
    ) == [
        ("pc-q35", ("pc-q35-10.0", "pc-q35-9.2"), True),
        ("pc-i440fx", ("pc-i440fx-2.12", "pc-i440fx-2.9"), False),
        ("isapc", ("isapc",), False),
    ]


def test_names_that_are_no_plain_versions() -> None:
    assert families(
        "name='none'",
        "name='xenfv'",
        "name='xenfv-3.1'",
        "name='xenfv-4.2'",
        "name='pseries-2.12-sxxm'",
        "name='pseries-2.12'",
        "name='pc-q35-rhel9.4.0'",
        "name='pc-q35-rhel9.2.0'",
        "name='pc-q35-9.0'",
        "name='pc-q35-noble'",
        "name='spike_v1.10'",
        "name='s390-ccw-virtio-9.2'",
    ) == [
        ("none", ("none",), True),
        ("xenfv", ("xenfv-4.2", "xenfv-3.1", "xenfv"), False),
        ("pc-q35-rhel", ("pc-q35-rhel9.4.0", "pc-q35-rhel9.2.0"), False),
        ("pseries", ("pseries-2.12", "pseries-2.12-sxxm"), False),
        ("pc-q35", ("pc-q35-9.0",), False),
        ("pc-q35-noble", ("pc-q35-noble",), False),
        ("s390-ccw-virtio", ("s390-ccw-virtio-9.2",), False),
        ("spike_v1.10", ("spike_v1.10",), False),
    ]


def test_families_that_matter_come_first() -> None:
    assert [
        name
        for name, _machines, _is_default in families(
            "name='z' ", "name='b-1.1'", "name='b-1.2'", "name='c'", "name='y-1.1' alias='y'", "name='x-1.1' alias='x'"
        )
    ] == ["z", "x", "y", "b", "c"]


def test_a_machine_of_several_accelerators_counts_once() -> None:
    data = caps(
        machines="<machine type='kvm' name='virt-8.2' alias='virt' maxCpus='512'/>"
        "<machine type='kvm' name='virt-8.1' maxCpus='512' deprecated='yes'/>"
        "<machine type='tcg' name='virt-8.2' alias='virt' maxCpus='8'/><machine type='tcg' name='virt-8.1'/>"
    )
    ((emulator,),) = (found.emulators for found in describe(parts(data)))
    (family,) = emulator.families
    assert (family.machines, family.aliases, family.deprecated, family.max_cpus) == (
        ("virt-8.2", "virt-8.1"),
        ("virt",),
        ("virt-8.1",),
        512,
    )
    assert emulator.default_machine == "virt-8.2"
    assert dict(emulator.accelerators) == {"kvm": True, "tcg": True}


def test_numbers_in_names_may_be_huge() -> None:
    assert len(families(f"name='pc-{'9' * 5000}.1'", f"name='{'a-1.' * 5000}'", "name='-1.1'")) == 3


def test_large_hosts_take_time_by_their_size() -> None:
    number = 30_000
    data = caps(
        *(f"flag{index}" for index in range(number)),
        machines="".join(f"<machine type='tcg' name='m{index}'/>" for index in range(number)),
        tail="".join(f"<cpu type='a{index}' name='b'/>" for index in range(number)),
    )
    hosts = parts(data)
    start = time.monotonic()
    ((emulator,),) = (found.emulators for found in describe(hosts))
    assert (len(emulator.families), len(emulator.cpu_models)) == (number, number)
    assert time.monotonic() - start < 5


# Counts.


def test_counts() -> None:
    tail = (
        "<cpu type='kvm' name='a' usable='yes'/><cpu type='kvm' name='b' usable='no'><blocker name='x'/></cpu>"
        "<cpu type='tcg' name='a' usable='yes' deprecated='yes'/>"
    )
    ((emulator,),) = (found.emulators for found in describe(parts(probe("kvm", "never-heard-of", tail=tail))))
    assert [tuple(found) for found in emulator.cpu_models] == [("kvm", 2, 1, 1, 0), ("tcg", 1, 1, 0, 1)]
    assert sum(map(len, emulator.flags.values())) == len(FLAGS) + 1
    assert emulator.flags[Presence.PRESENT] == ("kvm", "never-heard-of")
    for presence, flags in emulator.flags.items():
        assert {emulator.host.answer(flag).presence for flag in flags} <= {presence}


def test_hosts_are_told_apart_by_their_id() -> None:
    one, other = parts(probe(), probe("kvm"))
    found = describe([one, other._replace(id="i"), one._replace(arch="i686")])
    assert [(host.id, [emulator.host.arch for emulator in host.emulators]) for host in found] == [
        ("h", ["x86_64", "i686"]),
        ("i", ["x86_64"]),
    ]


def test_what_is_known_of_the_whole_host() -> None:
    (found,) = describe(parts(capabilities(guest(), guest("i686"), host="<cpu><arch>x86_64</arch></cpu>")))
    assert found.hardware is not None
    assert found.hardware.arch == "x86_64"
    assert found.guests is not None
    assert len(found.guests) == len(found.emulators) == 2
    (found,) = describe(parts(probe()))
    assert (found.hardware, found.guests) == (None, None)


def test_domains_of_the_default_machine_come_first() -> None:
    machines = "".join(
        f"<machine type='{kind}' name='{name}'/>" for kind in ("kvm", "tcg") for name in ("pc-1.1", "q35")
    )
    hosts = combine(
        parts(
            probe(machines=machines),
            domaincaps("q35", "qemu"),
            domaincaps("pc-1.1", "qemu"),
            domaincaps("q35"),
            domaincaps("pc-1.1"),
        )
    )
    ((emulator,),) = (found.emulators for found in describe(hosts))
    assert [(domain.virt_type, domain.machine) for domain in emulator.domains] == [
        ("kvm", "pc-1.1"),
        ("kvm", "q35"),
        ("tcg", "pc-1.1"),
        ("tcg", "q35"),
    ]


def test_without_a_default_domains_of_q35_come_first() -> None:
    hosts = combine(parts(domaincaps("pc-1.1"), domaincaps("isapc"), domaincaps("pc-q35-7.2"), domaincaps(None)))
    ((emulator,),) = (found.emulators for found in describe(hosts))
    assert [domain.machine for domain in emulator.domains] == ["pc-q35-7.2", "pc-1.1", "isapc", None]


# What people ask.


def test_questions_are_well_formed() -> None:
    for question in QUESTIONS:
        assert question.source.startswith("libvirt ")
        assert question.flags or question.listed
        assert set(question.flags) <= set(FLAGS)
    for arch in ("x86_64", "i686", "aarch64", "armv7l", "s390x", "ppc64"):
        names = [found.name for found in QUESTIONS if not found.architectures or arch in found.architectures]
        assert len(names) == len(set(names))


def test_questions_ask_for_what_libvirt_lists() -> None:
    """Each place is one that real files have, but for those that are newer."""
    domains = [
        domain
        for path in (ROOT / "tests" / "realcaps").glob("domcapabilities*")
        for host in load_hosts([str(path)])
        for domain in host.domain_capabilities
    ]
    known = {path for domain in domains for path in (*domain.supported, *domain.enumerations)}
    newer = {"devices/interface/backendType", "features/launchSecurity/sectype", "features/tdx", "features/s390-pv"}
    assert {path for question in QUESTIONS for path, _value in question.listed} - known == newer


WITH = "<devices><tpm supported='yes'><enum name='backendModel'><value>emulator</value></enum></tpm></devices>"
OTHER = "<devices><tpm supported='yes'><enum name='backendModel'><value>passthrough</value></enum></tpm></devices>"
NONE = "<devices><tpm supported='no'/></devices>"
TPM = "it needs the program swtpm on the host"


@pytest.mark.parametrize(
    "files, can, reason, is_plain",
    [
        # What libvirt says of domains counts, ...
        ([domaincaps(tail=WITH)], True, "libvirt offers it", True),
        ([domaincaps(tail=OTHER)], False, f"libvirt does not offer it; {TPM}", False),
        ([domaincaps(tail=NONE)], False, f"libvirt does not offer it; {TPM}", False),
        ([probe(), domaincaps("a", "qemu", tail=WITH)], True, "libvirt offers it", True),
        (
            [probe("tpm-emulator"), domaincaps("a", "qemu", tail=NONE)],
            False,
            f"libvirt does not offer it; {TPM}",
            False,
        ),
        # ... and may not be the same for all of them, ...
        ([domaincaps("a", tail=WITH), domaincaps("b", tail=NONE)], True, "for a, but not for b", False),
        (
            [domaincaps("a", tail=WITH), domaincaps("a", "qemu", tail=NONE)],
            True,
            "for kvm on a, but not for tcg on a",
            False,
        ),
        (
            [domaincaps(name, tail=WITH) for name in "abcde"] + [domaincaps(None, tail=NONE)],
            True,
            "for a, b, c and 2 more, but not for any machine",
            False,
        ),
        # ... then what QEMU can, where that is enough, ...
        (
            [probe()],
            False,
            "not listed, and libvirt 9.0.0, which wrote this file, would have listed it",
            False,
        ),
        ([probe("tpm-emulator")], None, f"QEMU can; {TPM} (no domcapabilities file given)", False),
        (
            [probe("tpm-emulator"), domaincaps("a", "qemu")],
            None,
            f"QEMU can; {TPM} (the domcapabilities file does not tell)",
            False,
        ),
        # ... and a file that says nothing of it is no answer.
        ([domaincaps()], None, "the domcapabilities file does not tell", False),
        ([capabilities()], None, "no domcapabilities file given", False),
    ],
)
def test_an_emulated_tpm(files: list[bytes], can: bool | None, reason: str, is_plain: bool) -> None:
    assert ability("tpm-emulator", *files) == ("tpm-emulator", "emulated TPM", can, reason, is_plain)


def test_failover_is_a_matter_of_qemu_alone() -> None:
    found = ability("failover", probe("virtio-net", "virtio-net.failover"))
    assert (found.can, found.reason, found.is_plain) == (True, "listed", True)
    found = ability("failover", probe("virtio-net"))
    assert (found.can, found.is_plain) == (True, False)
    assert found.reason.startswith("not listed, but libvirt 9.0.0, which wrote this file, no longer lists it")
    for file in (domaincaps(), capabilities()):
        found = ability("failover", file)
        assert (found.can, found.reason) == (None, "no file given lists the capabilities of QEMU")


def test_one_of_several_devices_is_enough() -> None:
    assert ability("3d", probe("virtio-vga-gl")).can is True
    assert ability("3d", probe()).can is False


@pytest.mark.parametrize("name", ["uefi", "secure-boot"])
def test_firmware_is_a_matter_of_the_host_alone(name: str) -> None:
    assert ability(name, probe())[2:] == (None, "no domcapabilities file given", False)
    listed = (
        "<os supported='yes'><enum name='firmware'><value>efi</value></enum>"
        "<loader supported='yes'><enum name='secure'><value>yes</value></enum></loader></os>"
    )
    assert ability(name, domaincaps(tail=listed)).can is True
    assert ability(name, domaincaps(tail=listed.replace("efi", "bios").replace("yes</", "no</"))).can is False


def test_only_what_an_architecture_knows_of_is_asked() -> None:
    def names(arch: str) -> set[str]:
        (host,) = parts(probe(arch=arch))
        return {found.name for found in abilities(host)}

    assert names("x86_64") - names("s390x") == {"guest-iommu", "secure-boot", "sev", "sev-snp", "sgx", "tdx"}
    assert names("s390x") - names("x86_64") == {"secure-execution"}
    assert names("aarch64") - names("riscv64") == {"guest-iommu", "secure-boot"}


def test_another_hypervisor_is_asked_nothing_of_qemu() -> None:
    within = "<emulator>/usr/libexec/libvirt_lxc</emulator><domain type='lxc'/>"
    ((emulator,),) = (found.emulators for found in describe(parts(capabilities(guest(os_type="exe", within=within)))))
    assert emulator.abilities == ()
    assert dict(emulator.accelerators) == {"lxc": True}
