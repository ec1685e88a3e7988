"""Several files of one host: which may be, which contradict each other, and what comes of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from caps_builder import caps
from kinds_builder import Q35, capabilities, domaincaps, guest

from domlint.hosts import CpuModel, Host, HostError, Machine, Presence
from domlint.hosts.combine import combine, contradiction
from domlint.hosts.load import read_host_file
from domlint.versions import Version

PC = "pc-i440fx-7.2"
X86 = "/usr/bin/qemu-system-x86_64"
Files = dict[str, bytes]


def probe(
    *flags: str,
    emulator: str | None = X86,
    arch: str = "x86_64",
    accelerators: tuple[str, ...] = ("kvm", "tcg"),
    tail: str = "",
) -> bytes:
    """A qemuCaps file with the machines pc and q35."""
    machines = "".join(
        f"<machine type='{accelerator}' name='{name}' alias='{alias}' maxCpus='255'/>"
        for accelerator in accelerators
        for name, alias in ((PC, "pc"), (Q35, "q35"))
    )
    data = caps(*flags, arch=arch, machines=machines, tail=tail)
    return (
        data if emulator is None else data.replace(b"<qemuCaps>", f"<qemuCaps><emulator>{emulator}</emulator>".encode())
    )


def hardware(kernel: str = "6.1.0", cpu: str = "GenuineIntel-6") -> str:
    return f"<hostCPUSignature>{cpu}</hostCPUSignature><kernelVersion>{kernel}</kernelVersion>"


def parts(files: Files) -> list[Host]:
    return [host for name, data in files.items() for host in read_host_file(data, name, "node1")]


def combined(**files: bytes) -> list[Host]:
    return combine(parts(files))


def profile(arch: str = "x86_64", lists_machines: bool = True) -> Host:
    machine = Machine(None, Q35, "q35", False, 288, None, None, None, None, None)
    model = CpuModel(None, "qemu64", None, None, (), False)
    return Host(
        id="node1",
        source="qemu-7.2-x86_64",
        kind="profile",
        emulator=None,
        arch=arch,
        qemu_version=Version(7, 2, 0),
        flags=frozenset({"virtio-net"}),
        machines=(machine,) if lists_machines else (),
        lists_machines=lists_machines,
        profile_cpu_models=(model,),
    )


MAY_BE_ONE: dict[str, Files] = {
    "two emulators": {"a": probe(), "b": probe(emulator="/usr/bin/qemu-system-aarch64", arch="aarch64")},
    "two emulators for one architecture": {"a": probe(), "b": probe(emulator="/opt/qemu/bin/qemu-system-x86_64")},
    "the same file twice": {"a": probe("kvm"), "b": probe("kvm")},
    "one CPU, one kernel": {
        "a": probe(tail=hardware()),
        "b": probe(emulator="/usr/bin/qemu-system-i386", arch="i686", tail=hardware()),
    },
    "an emulator without KVM": {
        "a": probe(tail=hardware()),
        "b": probe(emulator="/usr/bin/qemu-system-aarch64", arch="aarch64", accelerators=("tcg",)),
    },
    "domains on two machines": {"a": domaincaps(), "b": domaincaps(PC)},
    "domains of two types": {"a": domaincaps(), "b": domaincaps(virt_type="qemu")},
    "the same domains twice": {"a": domaincaps(), "b": domaincaps()},
    "an emulator and its domains": {"a": probe(), "b": domaincaps(), "c": domaincaps(virt_type="qemu")},
    "domains before their emulator": {"b": domaincaps(), "a": probe()},
    "domains on an alias": {"a": probe(), "b": domaincaps()},
    "domains on no machine": {"a": probe(), "b": domaincaps(None)},
    "domains of another emulator": {"a": probe(), "b": domaincaps("virt-8.2", arch="aarch64", emulator="/a")},
    "all kinds": {"a": probe(), "b": domaincaps(), "c": capabilities()},
    "a whole host with fewer machines": {"a": probe(), "b": capabilities(guest(within="<domain type='kvm'/>"))},
    "machines of any accelerator": {"a": caps(), "b": domaincaps(PC)},
}

CONTRADICTIONS: dict[str, tuple[Files, str]] = {
    "two probes of one emulator": (
        {"a": probe("kvm"), "b": probe("sdl")},
        f"it is of the emulator '{X86}' for 'x86_64', and so is a",
    ),
    "two probes without a path": (
        {"a": probe("kvm", emulator=None), "b": probe(emulator=None)},
        "it is of the emulator for 'x86_64', and so is a",
    ),
    "two kernels": (
        {
            "a": probe(tail=hardware()),
            "b": probe(emulator="/usr/bin/qemu-system-i386", arch="i686", tail=hardware(kernel="6.2.0")),
        },
        "it is of another CPU or kernel than a",
    ),
    "two CPUs": (
        {"a": probe(tail=hardware()), "b": probe(emulator="/b", tail=hardware(cpu="AuthenticAMD-25"))},
        "it is of another CPU or kernel than a",
    ),
    "two answers for the same domains": (
        {"a": domaincaps(), "b": domaincaps(tail="<vcpu max='1'/>")},
        f"it is of kvm domains on the machine '{Q35}' of the emulator '{X86}' for 'x86_64', and so is a",
    ),
    "two whole hosts": (
        {"a": capabilities(), "b": capabilities(guest(arch="aarch64"))},
        "it is of a whole host, and so is a",
    ),
    "domains on a machine of a newer QEMU": (
        {"a": probe(), "b": domaincaps("pc-q35-9.2")},
        "it speaks of the machine 'pc-q35-9.2' for kvm domains, which is not in a",
    ),
    "KVM domains without KVM": (
        {"a": probe(accelerators=("tcg",)), "b": domaincaps()},
        f"it speaks of the machine '{Q35}' for kvm domains, which is not in a",
    ),
    "a whole host with a newer QEMU": (
        {
            "a": probe(emulator=X86),
            "b": capabilities(guest(within=f"<emulator>{X86}</emulator><machine>x</machine>")),
        },
        "it speaks of the machine 'x', which is not in a",
    ),
}


@pytest.mark.parametrize("case", MAY_BE_ONE)
def test_files_that_may_be_of_one_host(case: str) -> None:
    files = MAY_BE_ONE[case]
    found = parts(files)
    assert contradiction(found) == ""
    hosts = combine(found)
    assert {host.id for host in hosts} == {"node1"}
    # Nothing is said twice, and nothing lost.
    emulators = [(host.arch, host.emulator) for host in hosts]
    assert len(emulators) == len(set(emulators))
    domains = [domain for host in hosts for domain in host.domain_capabilities]
    assert len(domains) == len({data for data in files.values() if b"<domainCapabilities>" in data})
    assert {name for host in hosts for name in host.source.split(", ")} <= set(files)
    # The order in which they are given is no matter.
    again = combine(list(reversed(found)))
    assert {(host.arch, host.emulator, host.kind, host.virt_types) for host in again} == {
        (host.arch, host.emulator, host.kind, host.virt_types) for host in hosts
    }


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_files_that_contradict_each_other(case: str) -> None:
    files, words = CONTRADICTIONS[case]
    found = parts(files)
    assert contradiction(found) == words
    with pytest.raises(HostError) as caught:
        combine(found)
    assert caught.value.source == "b"
    assert caught.value.message == f"this file cannot be of the host 'node1' as well: {words}"
    assert caught.value.help.startswith("give each host a label of its own")
    assert contradiction(list(reversed(found))) != ""


def test_an_emulator_with_all_that_the_files_say() -> None:
    (host,) = combined(
        **{
            "probe.xml": probe("virtio-net", "virtio-net.failover"),
            "q35.xml": domaincaps(tail="<iothreads supported='yes'/>"),
            "tcg.xml": domaincaps(PC, virt_type="qemu", tail="<iothreads supported='no'/>"),
            "host.xml": capabilities(host="<cpu><arch>x86_64</arch><model>EPYC</model></cpu>"),
        }
    )
    assert (host.kind, host.source) == ("combined", "probe.xml, host.xml, q35.xml, tcg.xml")
    assert host.lists_flags
    assert host.lists_machines
    assert host.answer("virtio-net.failover").presence is Presence.PRESENT
    assert [(machine.virt_type, machine.alias) for machine in host.machines] == [
        ("kvm", "pc"),
        ("kvm", "q35"),
        ("tcg", "pc"),
        ("tcg", "q35"),
    ]
    kvm, tcg = host.domain_capabilities_of("kvm", "q35"), host.domain_capabilities_of("tcg", None)
    assert kvm is not None
    assert tcg is not None
    assert (kvm.supported, tcg.supported) == ({"iothreads": True}, {"iothreads": False})
    assert host.domain_capabilities_of("tcg", "q35") is None
    assert host.hardware is not None
    assert host.hardware.cpu_model == "EPYC"
    assert host.guests is not None
    assert [guest.arch for guest in host.guests] == ["x86_64"]


def test_what_stands_in_a_whole_host_counts_for_each_emulator() -> None:
    hosts = combined(
        a=probe(),
        b=probe(emulator="/usr/bin/qemu-system-aarch64", arch="aarch64"),
        c=capabilities(guest(), guest("i686")),
    )
    assert [(host.arch, host.kind) for host in hosts] == [
        ("x86_64", "combined"),
        ("aarch64", "qemucaps"),
        ("i686", "capabilities"),
    ]
    assert [[guest.arch for guest in host.guests or ()] for host in hosts] == [["x86_64", "i686"]] * 3


def test_an_emulator_of_an_old_libvirt_has_no_path() -> None:
    (host,) = combined(a=probe("kvm", emulator=None), b=domaincaps(), c=capabilities())
    assert (host.emulator, host.kind, len(host.domain_capabilities)) == (X86, "combined", 1)


def test_an_emulator_runs_guests_of_another_architecture() -> None:
    hosts = combined(a=probe("kvm"), b=domaincaps(arch="i686", tail="<iothreads supported='yes'/>"))
    assert [(host.arch, host.emulator, host.flags) for host in hosts] == [
        ("x86_64", X86, {"kvm"}),
        ("i686", X86, {"kvm"}),
    ]
    assert [len(host.domain_capabilities) for host in hosts] == [0, 1]


def test_domains_without_an_emulator() -> None:
    (host,) = combined(a=domaincaps(tail="<vcpu max='8'/>"), b=domaincaps(PC, virt_type="qemu"))
    assert (host.kind, host.source, host.lists_machines, host.lists_flags) == ("domaincaps", "a, b", False, False)
    assert [(machine.name, machine.virt_type, machine.max_cpus) for machine in host.machines] == [
        (Q35, "kvm", 8),
        (PC, "tcg", None),
    ]
    assert host.virt_types == ("kvm", "tcg")
    assert host.provides("hvf") is None


def test_domains_without_a_machine() -> None:
    (host,) = combined(a=domaincaps(None, virt_type="bhyve", emulator="/usr/sbin/bhyve"))
    assert (host.machines, host.virt_types) == ((), ("bhyve",))
    assert (host.provides("bhyve"), host.provides("tcg"), host.provides("kvm")) == (True, None, None)


class TestProfile:
    def test_with_a_file(self) -> None:
        (host,) = combine([profile(), *parts({"a": domaincaps()})])
        assert (host.kind, host.source, host.emulator) == ("combined", "qemu-7.2-x86_64, a", X86)
        assert host.is_profile
        assert [machine.virt_type for machine in host.machines] == [None]
        assert host.domain_capabilities_of("kvm", "q35") is not None
        assert (host.provides("kvm"), host.provides("tcg")) == (True, None)

    def test_with_a_whole_host(self) -> None:
        (host,) = combine([profile(), *parts({"a": capabilities()})])
        assert host.virt_types == ("kvm", "tcg")
        assert host.provides("hvf") is False
        assert host.guests is not None

    def test_whose_machines_are_not_known(self) -> None:
        (host,) = combine(
            [profile(lists_machines=False), *parts({"a": capabilities(), "b": domaincaps("pc-q35-rhel9")})]
        )
        assert [machine.name for machine in host.machines] == [Q35, "pc-q35-rhel9"]
        assert host.lists_machines
        (host,) = combine([profile(lists_machines=False), *parts({"b": domaincaps("pc-q35-rhel9")})])
        assert [machine.name for machine in host.machines] == ["pc-q35-rhel9"]
        assert not host.lists_machines

    def test_with_an_emulator_of_the_same_architecture(self) -> None:
        for files in ([profile(), *parts({"a": probe()})], [*parts({"a": probe()}), profile()]):
            assert contradiction(files).startswith("a bundled profile stands for every emulator for 'x86_64'")

    def test_with_an_emulator_of_another_architecture(self) -> None:
        hosts = combine([profile(), *parts({"a": probe(arch="aarch64", emulator="/a")})])
        assert [(host.kind, host.arch) for host in hosts] == [("profile", "x86_64"), ("qemucaps", "aarch64")]


class TestWholeHost:
    """What is special in ``<capabilities>``."""

    def test_the_first_machine_stays_the_first(self) -> None:
        within = (
            "<emulator>/a</emulator><machine canonical='pc-1.3'>pc</machine><machine>pc-1.2</machine>"
            "<machine>pc-1.3</machine><machine canonical='gone'>old</machine><domain type='kvm'/>"
        )
        (host,) = combined(a=capabilities(guest(within=within)))
        assert [(machine.name, machine.alias) for machine in host.machines] == [
            ("pc-1.3", "pc"),
            ("pc-1.2", None),
            ("gone", "old"),
        ]
        default = host.default_machine()
        assert default is not None
        assert default.name == "pc-1.3"

    def test_a_domain_type_with_machines_of_its_own(self) -> None:
        within = (
            "<emulator>/a</emulator><machine>common</machine><domain type='qemu'/>"
            "<domain type='kvm'><machine>only-kvm</machine></domain>"
        )
        (host,) = combined(a=capabilities(guest(within=within)))
        assert [(machine.virt_type, machine.name) for machine in host.machines] == [
            ("tcg", "common"),
            ("kvm", "only-kvm"),
        ]

    def test_a_domain_type_with_an_emulator_of_its_own(self) -> None:
        within = (
            "<emulator>/a</emulator><machine>common</machine><domain type='qemu'/>"
            "<domain type='kvm'><emulator>/usr/bin/qemu-kvm</emulator></domain>"
        )
        hosts = combined(a=capabilities(guest(within=within)))
        assert [(host.emulator, host.virt_types) for host in hosts] == [
            ("/a", ("tcg",)),
            ("/usr/bin/qemu-kvm", ("kvm",)),
        ]

    def test_a_domain_type_with_both(self) -> None:
        within = (
            "<emulator>/a</emulator><domain type='kvm'><emulator>/k</emulator><machine>only-kvm</machine></domain>"
            "<domain type='qemu'><machine>only-tcg</machine></domain>"
        )
        hosts = combined(a=capabilities(guest(within=within)))
        assert [(host.emulator, [machine.name for machine in host.machines]) for host in hosts] == [
            ("/k", ["only-kvm"]),
            ("/a", ["only-tcg"]),
        ]

    @pytest.mark.parametrize(
        "memory, expected",
        [
            ("<memory unit='KiB'>1024</memory>", 1024),
            ("<memory>1024</memory>", 1024),
            ("<memory unit='MiB'>1024</memory>", None),
            ("<memory unit='KiB'>much</memory>", None),
            ("<memory unit='KiB'/>", None),
            ("", None),
        ],
    )
    def test_memory(self, memory: str, expected: int | None) -> None:
        cells = f"<topology><cells><cell id='1'>{memory}</cell></cells></topology>"
        (host,) = combined(a=capabilities(host=cells))
        assert host.hardware is not None
        assert host.hardware.numa_nodes == ((1, expected),)

    def test_guests_of_two_kinds_with_one_emulator(self) -> None:
        emulator = "<emulator>/usr/lib/xen/bin/qemu</emulator>"
        hosts = combined(
            a=capabilities(
                guest(os_type="xen", within=f"{emulator}<machine>xenpv</machine><domain type='xen'/>"),
                guest(
                    within=f"{emulator}<machine>xenfv</machine><domain type='xen'/>",
                    around="<features><acpi/></features>",
                ),
            )
        )
        (host,) = hosts
        assert [machine.name for machine in host.machines] == ["xenpv", "xenfv"]
        assert host.virt_types == ("xen",)
        assert host.guests is not None
        assert [(found.os_type, found.features) for found in host.guests] == [
            ("xen", frozenset()),
            ("hvm", frozenset({"acpi"})),
        ]

    def test_containers_have_no_machines(self) -> None:
        within = "<emulator>/usr/libexec/libvirt_lxc</emulator><domain type='lxc'/>"
        (host,) = combined(a=capabilities(guest(os_type="exe", within=within)))
        assert (host.machines, host.lists_machines, host.virt_types) == ((), False, ("lxc",))
        assert host.provides("kvm") is False


def test_names_from_files_are_escaped() -> None:
    with pytest.raises(HostError) as caught:
        combine(parts({"a\x1b.xml": probe("kvm", emulator="/{x}\u202e"), "b": probe(emulator="/{x}\u202e")}))
    assert str(caught.value).splitlines()[0] == (
        "b: this file cannot be of the host 'node1' as well: it is of the emulator '/{x}\\u202e' for 'x86_64', "
        "and so is a\\x1b.xml"
    )


@pytest.mark.parametrize("number", [3000])
def test_many_files_of_one_host(number: int, tmp_path: Path) -> None:
    machines = "".join(f"<machine type='kvm' name='m{index}'/>" for index in range(number))
    data = caps(machines=machines).replace(b"<qemuCaps>", f"<qemuCaps><emulator>{X86}</emulator>".encode())
    found = parts({"a": data, **{f"d{index}": domaincaps(f"m{index}") for index in range(number)}})
    start = time.monotonic()
    (host,) = combine(found)
    assert len(host.domain_capabilities) == number
    assert time.monotonic() - start < 2
    start = time.monotonic()
    assert len(combine(parts({f"p{index}": probe(emulator=f"/{index}") for index in range(number)}))) == number
    assert time.monotonic() - start < 5
