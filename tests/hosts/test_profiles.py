"""Bundled profiles: what each release of QEMU can do, and which distributions have it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domlint.hosts import Host, HostError, Presence, load_host, load_hosts
from domlint.hosts.lifecycle import table
from domlint.hosts.profiles import distribution_names, distributions, find_profile, profile_names, release_names
from domlint.versions import Version

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "lint" / "hosts" / "profile_data"
FACTS = json.loads((DATA / "facts.json").read_text())
DEBIAN_12 = ROOT / "examples" / "caps" / "debian-12-x86_64.xml"

STATES = {Presence.PRESENT, Presence.ABSENT, Presence.UNKNOWN}


def presences(host: Host) -> dict[str, Presence]:
    return {flag: host.answer(flag).presence for flag in table()}


# --- names


def test_names_are_sorted_and_each_is_found() -> None:
    names = profile_names()
    assert len(set(names)) == len(names)
    assert names[:5] == (
        "qemu-4.2-x86_64",
        "qemu-4.2-aarch64",
        "qemu-4.2-ppc64",
        "qemu-4.2-s390x",
        "qemu-5.0-x86_64",
    )
    assert release_names()[-2:] == ("qemu-10.0-x86_64", "qemu-10.0-s390x")
    for name in names:
        assert find_profile(name).id == name


@pytest.mark.parametrize(
    "name, help_",
    [
        (
            "qemu-8.2",
            "there are qemu-8.2-x86_64, qemu-8.2-aarch64, qemu-8.2-armv7l, qemu-8.2-loongarch64, qemu-8.2-s390x",
        ),
        (
            "qemu-8.2-x86-64",
            "there are qemu-8.2-x86_64, qemu-8.2-aarch64, qemu-8.2-armv7l, qemu-8.2-loongarch64, qemu-8.2-s390x",
        ),
        ("qemu-7.2.1-x86_64", "there are qemu-7.2-x86_64, qemu-7.2-ppc"),
        ("qemu-8.3-x86_64", "there are qemu-8.2-x86_64, qemu-8.1-x86_64, qemu-8.0-x86_64"),
        ("debian-12-s390x", "there are debian-12, debian-12-ppc"),
        ("debain-12", "there are debian-12, debian-13, debian-11"),
        ("rhel-9", "there are rhel-9.5, rhel-9.4, rhel-9.3"),
        ("hosts", "profiles have names like qemu-8.2-x86_64 or debian-12"),
        ("", "profiles have names like qemu-8.2-x86_64 or debian-12"),
    ],
)
def test_unknown_name_gives_the_nearest(name: str, help_: str) -> None:
    with pytest.raises(HostError) as error:
        find_profile(name)
    assert str(error.value) == f"{name}: no such file, and no bundled profile of that name\nhelp: {help_}"


@given(st.one_of(st.text(), st.from_regex(r"(qemu|debian|rhel)-[0-9]+(\.[0-9]+)?(-\w+)?", fullmatch=True)))
def test_any_name_is_a_profile_or_an_error_for_people(name: str) -> None:
    if name in profile_names():
        assert find_profile(name).kind == "profile"
    else:
        with pytest.raises(HostError):
            find_profile(name)


def test_profiles_are_hosts_wherever_hosts_are_named() -> None:
    assert load_host("qemu-8.2-x86_64") == find_profile("qemu-8.2-x86_64")
    first, second = load_hosts(["new=debian-13", "debian-12"])
    assert (first.id, first.source, str(first.libvirt_version)) == (
        "new",
        "bundled profile debian-13 (Debian 13 (trixie), QEMU 10.0)",
        "11.3.0",
    )
    assert second.id == "debian-12"


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("qemu-8.2-x86_64").write_bytes(DEBIAN_12.read_bytes())
    assert load_host("qemu-8.2-x86_64").kind == "qemucaps"


# --- what they say


def test_a_profile_is_of_qemu_alone() -> None:
    host = find_profile("qemu-8.2-x86_64")
    assert host == host._replace(
        id="qemu-8.2-x86_64",
        source="bundled profile qemu-8.2-x86_64",
        kind="profile",
        emulator=None,
        arch="x86_64",
        qemu_version=Version(8, 2, 0),
        qemu_package="",
        libvirt_version=None,
        kernel=None,
        lists_flags=True,
        lists_machines=True,
    )
    assert host.provides("kvm") is None
    assert host.provides("qemu") is True
    assert host.lists_cpu_models
    assert {(model.usable, model.blockers) for model in host.cpu_models} == {(None, ())}


@pytest.mark.parametrize("name", profile_names())
def test_each_capability_has_one_answer(name: str) -> None:
    host = find_profile(name)
    assert not host.flags & host.unsure_flags
    assert host.flags | host.unsure_flags <= table().keys()
    for flag in table():
        answer = host.answer(flag)
        expected = (
            Presence.PRESENT
            if flag in host.flags
            else Presence.UNKNOWN
            if flag in host.unsure_flags
            else Presence.ABSENT
        )
        assert answer.presence is expected
        assert len(answer.reason) > 10
    assert host.answer("no-such-flag").presence is Presence.UNKNOWN


@given(st.sampled_from(profile_names()), st.text())
def test_any_flag_may_be_asked_for(name: str, flag: str) -> None:
    assert find_profile(name).answer(flag).presence in STATES


@pytest.mark.parametrize(
    "name, flag, presence, reason",
    [
        ("qemu-8.2-x86_64", "virtio-sound", Presence.PRESENT, "QEMU 8.2.0 has it"),
        ("qemu-8.1-x86_64", "virtio-sound", Presence.ABSENT, "QEMU 8.1.0 does not have it"),
        (
            "qemu-8.2-x86_64",
            "kvm",
            Presence.UNKNOWN,
            "it hangs on the host: KVM in its kernel, and the right to use it",
        ),
        ("qemu-8.2-x86_64", "sdl", Presence.UNKNOWN, "it hangs on how QEMU was built: with SDL or without"),
        (
            "qemu-4.2-x86_64",
            "usb-mtp",
            Presence.UNKNOWN,
            "the profile is made from files of libvirt 9.0.0 and older, which say nothing of it",
        ),
        (
            "qemu-10.0-s390x",
            "virtio-scsi.iothread-mapping",
            Presence.UNKNOWN,
            "the profile is made from a snapshot of QEMU from before the release, which may have been too early for it",
        ),
        (
            "qemu-9.2-aarch64",
            "vfio-pci",
            Presence.UNKNOWN,
            "the profile is made from QEMU on macOS, which lacks some of what it has on Linux",
        ),
        (
            "rhel-9.4",
            "qemu-xhci",
            Presence.UNKNOWN,
            "QEMU 8.2 has it, but the distribution may leave it out, or have it in a package of its own",
        ),
        ("rhel-9.4", "virtio-net.failover", Presence.PRESENT, "QEMU 8.2.0 has it"),
    ],
)
def test_reasons(name: str, flag: str, presence: Presence, reason: str) -> None:
    assert find_profile(name).answer(flag) == (flag, presence, reason)


def test_failover_is_wherever_virtio_is() -> None:
    # It came with QEMU 4.2, and every profile is of that or newer; only SPARC has no virtio NIC.
    for name in profile_names():
        host = find_profile(name)
        expected = Presence.ABSENT if host.arch == "sparc" else Presence.PRESENT
        assert host.answer("virtio-net").presence is expected, name
        assert host.answer("virtio-net.failover").presence is expected, name


@pytest.mark.parametrize(
    "flag, first",
    [
        # Source: the "Since" of QEMU's qapi/*.json and its ChangeLogs.
        ("numa.hmat", "5.0"),
        ("virtio-mem-pci", "5.1"),
        ("query-dirty-rate", "5.2"),
        ("set-action", "6.0"),
        ("memory-backend-file.reserve", "6.1"),
        ("dirtyrate-param.mode", "6.2"),
        ("blockdev.nbd.tls-hostname", "7.0"),
        ("query-stats", "7.1"),
        ("thread-context", "7.2"),
        ("rbd-encryption-luks-any", "8.0"),
        ("qcow2-discard-no-unref", "8.1"),
        ("virtio-sound", "8.2"),
        ("virtio-blk.iothread-mapping", "9.0"),
        ("migrate-incoming.exit-on-error", "9.1"),
        ("chardev-reconnect-miliseconds", "9.2"),
        ("blockdev-set-active", "10.0"),
    ],
)
def test_what_came_when(flag: str, first: str) -> None:
    for name in release_names():
        host = find_profile(name)
        if host.arch == "x86_64" and host.qemu_version is not None:
            expected = Presence.PRESENT if host.qemu_version >= Version.parse(first) else Presence.ABSENT
            assert host.answer(flag).presence is expected, name


def test_what_an_old_release_had_and_no_file_lists_is_put_back() -> None:
    # Retired by the libvirt that wrote the oldest file of this release.
    host = find_profile("qemu-9.0-x86_64")
    assert {host.answer(flag).presence for flag in ("virtio-net.failover", "netdev", "iothread", "blockdev")} == {
        Presence.PRESENT
    }
    # Given up on, rather than taken as given.
    assert {host.answer(flag).presence for flag in ("vxhs", "enable-fips", "drive-serial", "tdf")} == {Presence.ABSENT}


@pytest.mark.parametrize(
    "name, alias, machine, max_cpus",
    [
        ("qemu-4.2-x86_64", "q35", "pc-q35-4.2", 288),
        ("qemu-10.0-x86_64", "q35", "pc-q35-10.0", 4096),
        ("qemu-10.0-x86_64", "pc", "pc-i440fx-10.0", 255),
        ("qemu-8.2-aarch64", "virt", "virt-8.2", 512),
        ("qemu-9.2-s390x", "s390-ccw-virtio", "s390-ccw-virtio-9.2", 248),
        ("qemu-7.1-ppc64", "pseries", "pseries-7.1", 2147483647),
    ],
)
def test_machines(name: str, alias: str, machine: str, max_cpus: int) -> None:
    for virt_type in ("kvm", "qemu", None):
        found = find_profile(name).machine(alias, virt_type)
        assert found is not None
        assert (found.name, found.max_cpus, found.virt_type) == (machine, max_cpus, None)


@pytest.mark.parametrize(
    "name, machine",
    [
        ("qemu-8.2-x86_64", "pc-i440fx-8.2"),
        ("qemu-8.2-s390x", "s390-ccw-virtio-8.2"),
        ("qemu-7.2-ppc", "g3beige"),
        ("qemu-8.2-aarch64", "virt-8.2"),
        ("qemu-5.2-aarch64", "virt-5.2"),
        ("qemu-9.1-riscv64", "virt"),
        # libvirt before 9.3.0 preferred others on Arm and RISC-V.
        ("debian-11-aarch64", "integratorcp"),
        ("debian-11-riscv64", "spike"),
        ("debian-11", "pc-i440fx-5.2"),
        ("fedora-40-aarch64", "virt-8.2"),
    ],
)
def test_the_first_machine_is_the_one_libvirt_prefers(name: str, machine: str) -> None:
    for virt_type in ("kvm", "qemu", None):
        found = find_profile(name).default_machine(virt_type)
        assert found is not None
        assert found.name == machine


def test_machines_of_some_builds_are_not_missing() -> None:
    host = find_profile("qemu-9.2-x86_64")
    found = host.machine("nitro-enclave")
    assert found is not None
    assert found[2:] == (None, False, None, None, None, None, None, None)
    assert host.machine("xenfv") is not None
    assert find_profile("qemu-9.1-x86_64").machine("nitro-enclave") is None


def test_a_snapshot_does_not_list_all_machines() -> None:
    incomplete = {name for name in release_names() if not find_profile(name).lists_machines}
    assert incomplete == {"qemu-4.2-aarch64", "qemu-4.2-ppc64", "qemu-6.2-aarch64", "qemu-10.0-s390x"}


def test_the_default_cpu_is_not_told_where_it_hangs_on_the_accelerator() -> None:
    def default_cpu(name: str, machine: str) -> str | None:
        found = find_profile(name).machine(machine)
        assert found is not None
        return found.default_cpu

    assert default_cpu("qemu-8.2-x86_64", "q35") == "qemu64-x86_64-cpu"
    assert default_cpu("qemu-8.2-s390x", "s390-ccw-virtio") is None


def test_cpu_models() -> None:
    host = find_profile("qemu-8.2-x86_64")
    models = {(model.virt_type, model.name): model for model in host.cpu_models}
    assert models["kvm", "EPYC-Genoa"] == ("kvm", "EPYC-Genoa", "EPYC-Genoa-x86_64-cpu", None, (), False)
    assert models["tcg", "Icelake-Client"].deprecated if ("tcg", "Icelake-Client") in models else True
    assert ("kvm", "EPYC-Genoa") not in {
        (model.virt_type, model.name) for model in find_profile("qemu-7.2-x86_64").cpu_models
    }


# --- distributions


def test_distributions_have_sources_and_profiles() -> None:
    for found in distributions():
        assert found.architectures[0] == "x86_64"
        assert len(found.source) > 20
        assert found.machines in ("upstream", "added", "own")
        assert set(found.leaves_out) <= {"devices", "modules"}
        for name in distribution_names(found):
            host = find_profile(name)
            release = find_profile(f"qemu-{found.qemu}-{host.arch}")
            assert host.libvirt_version == found.libvirt
            assert host.flags <= release.flags
            assert host.flags | host.unsure_flags == release.flags | release.unsure_flags
            assert set(host.machines) in (set(release.machines), set())
            assert host.lists_machines == (found.machines == "upstream" and release.lists_machines)


def test_the_libvirt_of_a_distribution_does_not_change_what_its_qemu_has() -> None:
    # libvirt 7.0 knows nothing of what libvirt 9.0 finds in QEMU 5.2.
    assert presences(find_profile("debian-11")) == presences(find_profile("qemu-5.2-x86_64"))


@pytest.mark.parametrize("name, flag", [("fedora-40", "virtio-gpu"), ("fedora-40", "virtio-gpu.blob")])
def test_what_is_a_package_of_its_own_is_unknown(name: str, flag: str) -> None:
    assert find_profile(name).answer(flag).presence is Presence.UNKNOWN
    assert find_profile("qemu-8.2-x86_64").answer(flag).presence is Presence.PRESENT


def test_no_machine_is_missing_where_a_distribution_has_its_own() -> None:
    rhel = find_profile("rhel-9.4")
    assert (rhel.machines, rhel.lists_machines, rhel.default_machine()) == ((), False, None)
    ubuntu = find_profile("ubuntu-24.04")
    q35 = ubuntu.machine("q35")
    assert q35 is not None
    assert (q35.name, ubuntu.lists_machines, ubuntu.machine("pc-q35-noble")) == ("pc-q35-8.2", False, None)
    # There Ubuntu's machine has the alias.
    assert find_profile("ubuntu-24.04-s390x").machines == ()


def test_rhel_keeps_what_hangs_on_no_choice_of_devices() -> None:
    found = presences(find_profile("rhel-9.4"))
    assert {
        found[flag] for flag in ("netdev", "netdev.stream", "virtio-net.rss", "virtio-scsi-pci", "device.json+hotplug")
    } == {Presence.PRESENT}
    assert {found[flag] for flag in ("lsi", "megasas", "virtio-gpu", "usb-audio", "vfio-pci")} == {Presence.UNKNOWN}
    assert found["virtio-blk.iothread-mapping"] is Presence.ABSENT


# --- facts


def test_facts_are_of_known_capabilities_with_their_source() -> None:
    entries = [*FACTS["hangs_on"], FACTS["in_every_build"], FACTS["in_modules"]]
    for entry in entries:
        assert set(entry["flags"]) <= table().keys()
        assert len(entry["source"]) > 20
    for entry in FACTS["hangs_on"]:
        assert entry["kind"] in ("host", "build")
        assert entry["what"].startswith("the host: " if entry["kind"] == "host" else "how QEMU was built: ")
    hanging = {flag for entry in FACTS["hangs_on"] for flag in entry["flags"]}
    assert not hanging & set(FACTS["in_every_build"]["flags"])


def test_what_hangs_on_host_or_build_is_never_present() -> None:
    hanging = {flag for entry in FACTS["hangs_on"] for flag in entry["flags"]}
    for name in profile_names():
        assert not find_profile(name).flags & hanging


def test_data_is_one_character_for_each_release() -> None:
    for path in DATA.glob("*.json"):
        if path.name in ("facts.json", "distributions.json", "index.json"):
            continue
        data = json.loads(path.read_text())
        releases = data["releases"]
        assert releases == sorted(releases, key=Version.parse)
        assert len(data["made_of"]) == len(data["first_machines"]) == len(releases)
        for rows, letters in (("machines", "y."), ("cpu_models", "yd."), ("flags", "y.?lsm")):
            for row in data[rows]:
                assert re.fullmatch(f"[{re.escape(letters)}]{{{len(releases)}}}", row[-1]), (path.name, row)


def test_how_much_stays_unknown() -> None:
    """A change of facts or tool shows here: of 499 capabilities, those that a profile cannot tell of."""
    unknown = {name: len(find_profile(name).unsure_flags) for name in release_names()}
    assert {name: count for name, count in unknown.items() if re.search("-(4.2|6.2|8.2|9.2|10.0)-", name)} == {
        "qemu-4.2-x86_64": 67,
        "qemu-4.2-aarch64": 66,
        "qemu-4.2-ppc64": 69,
        "qemu-4.2-s390x": 53,
        "qemu-6.2-x86_64": 67,
        "qemu-6.2-aarch64": 70,
        "qemu-6.2-ppc64": 52,
        "qemu-8.2-x86_64": 71,
        "qemu-8.2-aarch64": 57,
        "qemu-8.2-armv7l": 53,
        "qemu-8.2-loongarch64": 55,
        "qemu-8.2-s390x": 55,
        "qemu-9.2-x86_64": 72,
        "qemu-9.2-aarch64": 83,
        "qemu-9.2-s390x": 55,
        "qemu-10.0-x86_64": 72,
        "qemu-10.0-s390x": 57,
    }


# --- a real host of a release: its file had no part in the profile


UNKNOWN_TO_LIBVIRT_9 = {
    "acpi-erst",
    "display-reload",
    "intel-iommu.dma-translation",
    "machine-i8042-opt",
    "netdev.user",
    "pvpanic-pci",
    "smp-clusters",
    "snapshot-internal-qmp",
    "usb-mtp",
    "virtio-crypto",
    "virtio-gpu.blob",
}
"""What Debian 12's QEMU 7.2 has, while its libvirt 9.0 does not know of it, and so does not list it."""

OF_OTHER_BUILDS = {"xenfv", "xenfv-3.1", "xenfv-4.2", "xenpv"}
"""Machines that Debian's QEMU for KVM is built without."""


@pytest.mark.parametrize("name", ["qemu-7.2-x86_64", "debian-12"])
def test_a_real_qemu_7_2_agrees(name: str) -> None:
    real, profile = load_host(DEBIAN_12), find_profile(name)
    told = presences(profile)
    has = {flag for flag in table() if real.answer(flag).presence in (Presence.PRESENT, Presence.IMPLIED)}
    lacks = {flag for flag in table() if real.answer(flag).presence is Presence.ABSENT}
    assert {flag for flag in has if told[flag] is Presence.ABSENT} == set()
    assert {flag for flag in lacks if told[flag] is Presence.PRESENT} == UNKNOWN_TO_LIBVIRT_9
    # All that the profile does not tell of what this QEMU has hangs on host or build, by the table of facts.
    hanging = {flag for entry in FACTS["hangs_on"] for flag in entry["flags"]}
    assert {flag for flag in has if told[flag] is Presence.UNKNOWN} <= hanging
    assert len([flag for flag in has if told[flag] is Presence.PRESENT]) == 329
    assert len([flag for flag in has if told[flag] is Presence.UNKNOWN]) == 40


@pytest.mark.parametrize("name", ["qemu-7.2-x86_64", "debian-12"])
def test_a_real_qemu_7_2_has_the_same_machines_and_cpu_models(name: str) -> None:
    real, profile = load_host(DEBIAN_12), find_profile(name)
    machines = {machine.name: machine for machine in profile.machines}
    assert {name: machine for name, machine in machines.items() if name not in OF_OTHER_BUILDS} == {
        machine.name: machine._replace(virt_type=None) for machine in real.machines
    }
    assert machines.keys() >= OF_OTHER_BUILDS
    default = real.default_machine()
    assert default is not None
    assert profile.default_machine() == default._replace(virt_type=None)
    assert {(model.name, model.typename, model.deprecated) for model in profile.cpu_models} == {
        (model.name, model.typename, model.deprecated) for model in real.cpu_models
    }
