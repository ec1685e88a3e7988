"""What domains need, and from which versions on: what is claimed, and what is not."""

from __future__ import annotations

import pytest
from click import unstyle
from lxml import etree

from domlint.engine import Source
from domlint.reports.requirements import as_text, oldest_in_words
from domlint.requirements import DomainRequirements, Oldest, Unreadable, profiled_architectures, requirements_of
from domlint.versions import Version

DOMAIN = """\
<domain type='{type}'>
  <name>vm</name>
  <os><type{arch} machine='{machine}'>hvm</type></os>
{around}  <devices>
{devices}
  </devices>
</domain>
"""


def needs(
    devices: str = "",
    *,
    machine: str = "pc-q35-8.2",
    arch: str = " arch='x86_64'",
    type: str = "kvm",  # noqa: A002 - the attribute's name
    around: str = "",
    on: tuple[str, ...] = (),
) -> DomainRequirements:
    text = DOMAIN.format(type=type, arch=arch, machine=machine, around=around, devices=devices)
    found = requirements_of(Source("vm.xml", text.encode()), on)
    assert isinstance(found, DomainRequirements)
    return found


def version(text: str | None) -> Version | None:
    return None if text is None else Version.parse(text)


def of(found: DomainRequirements, name: str) -> tuple[Oldest | None, Oldest | None]:
    """QEMU and libvirt of one requirement, on the domain's only architecture."""
    one = next(one for one in found.requirements if one.capability.name == name)
    assert len(one.qemu) == 1
    return next(iter(one.qemu.values())), one.libvirt


def test_each_place_is_told_with_its_attribute() -> None:
    found = needs("<sound model='virtio'/>\n<sound model='virtio'/>\n<vsock/>")
    places = {one.capability.name: [(p.line, p.column, p.xpath) for p in one.places] for one in found.requirements}
    assert places == {
        "machine-type": [(3, 27, "/domain/os/type/@machine")],
        "sound-virtio": [
            (5, 8, "/domain/devices/sound[1]/@model"),
            (6, 8, "/domain/devices/sound[2]/@model"),
        ],
        "vsock": [(7, 1, "/domain/devices/vsock")],
    }


@pytest.mark.parametrize(
    ("machine", "arch", "at_least", "known", "gone", "exists"),
    [
        ("pc-q35-8.2", "x86_64", "8.2", "8.2", None, True),
        ("pc-i440fx-5.0", "x86_64", "5.0", "5.0", None, True),
        ("pc-i440fx-2.0", "x86_64", "2.0", "2.0", "9.1", True),
        ("pc-i440fx-2.12", "x86_64", "2.12", "2.12", None, True),
        ("pc-q35-4.0.1", "x86_64", "4.0", "4.0", None, True),
        ("pc-q35-99.0", "x86_64", "99.0", "99.0", None, True),
        ("pc-0.12", "x86_64", "0.12", "0.12", "5.0", True),
        ("pc-0.10", "x86_64", "0.10", "0.10", "4.2", True),
        ("virt-6.2", "aarch64", "6.2", "6.2", None, True),
        ("virt-2.6", "aarch64", "2.6", "2.6", None, True),
        ("pseries-2.12", "ppc64", "2.12", "2.12", None, True),
        ("s390-ccw-virtio-8.1", "s390x", "8.1", "8.1", None, True),
        ("q35", "x86_64", None, "4.2", None, True),
        ("microvm", "x86_64", None, "4.2", None, True),
        ("pc-q35-8.2", "aarch64", None, None, None, False),
        ("q35", "s390x", None, None, None, False),
        ("pc-q35-rhel9.2.0", "x86_64", None, None, None, True),
        ("pc-q35-jammy", "x86_64", None, None, None, True),
    ],
)
def test_machine_types(
    machine: str, arch: str, at_least: str | None, known: str | None, gone: str | None, exists: bool
) -> None:
    qemu, libvirt = of(needs(machine=machine, arch=f" arch='{arch}'"), "machine-type")
    assert qemu is not None
    assert libvirt is None
    assert (qemu.at_least, qemu.known, qemu.exists) == (version(at_least), version(known), exists)
    assert qemu.gone == version(gone)


@pytest.mark.parametrize("machine", ["{{ machine }}", "${MACHINE}", "@MACHINE@"])
def test_placeholders_need_nothing(machine: str) -> None:
    found = needs("<sound model='{{ model }}'/><rng model='%(model)s'/>", machine=machine)
    assert found.requirements == ()
    assert found.machine is None


@pytest.mark.parametrize(
    ("devices", "name", "qemu", "libvirt"),
    [
        ("<sound model='virtio'/>", "sound-virtio", Oldest(Version(8, 2, 0), Version(8, 2, 0)), "10.4"),
        ("<vsock/>", "vsock", Oldest(None, Version(4, 2, 0)), "4.4"),
        ("<graphics type='dbus'/>", "graphics-dbus", Oldest(Version(7, 0, 0), None, depends=True), "8.4"),
        ("<graphics type='spice'/>", "graphics-spice", Oldest(depends=True), None),
        ("<watchdog model='itco'/>", "watchdog-itco", None, "9.1"),
        (
            "<disk type='network'><source protocol='vxhs' name='a'/></disk>",
            "disk-vxhs",
            Oldest(None, Version(4, 2, 0), gone=Version(5, 1, 0)),
            "3.8",
        ),
        ("<shmem name='a'><model type='ivshmem'/></shmem>", "shmem-ivshmem", Oldest(gone=Version(4, 0, 0)), "1.2.10"),
        ("<iommu model='amd'/>", "iommu-amd", None, None),
    ],
)
def test_capabilities(devices: str, name: str, qemu: Oldest | None, libvirt: str | None) -> None:
    found_qemu, found_libvirt = of(needs(devices), name)
    if name != "iommu-amd":
        assert found_qemu == qemu
    if libvirt:
        assert found_libvirt == Oldest(version(libvirt), version(libvirt))
    elif name == "iommu-amd":
        assert found_libvirt == Oldest(Version(11, 4, 0), None), "newer than all that were read"


def test_another_architecture_has_a_release_of_its_own() -> None:
    found = needs("<memory model='virtio-mem'/>", on=("x86_64", "aarch64", "s390x"))
    one = next(one for one in found.requirements if one.capability.name == "memory-virtio-mem")
    assert set(one.qemu) == {"x86_64", "aarch64"}, "on s390x it is another device"
    first = {arch: oldest.at_least for arch, oldest in one.qemu.items() if oldest}
    assert first["x86_64"] == Version(5, 1, 0)
    assert first["aarch64"] is not None
    assert first["aarch64"] > Version(5, 1, 0)


def test_a_guest_of_32_bits_runs_on_the_emulator_of_64() -> None:
    assert of(needs("<sound model='virtio'/>", arch=" arch='i686'"), "sound-virtio")[0] == Oldest(
        Version(8, 2, 0), Version(8, 2, 0)
    )


def test_a_domain_without_an_architecture_is_asked_for_the_usual_ones() -> None:
    found = needs("<vsock/>", arch="", machine="virt")
    assert found.architectures == ("x86_64", "aarch64", "ppc64", "s390x", "riscv64")
    assert needs(arch="", machine="pc-q35-8.2").architectures == ("x86_64",)
    assert set(found.architectures) <= set(profiled_architectures())


def test_an_architecture_that_no_profile_is_of_is_not_known() -> None:
    found = needs("<vsock/>", arch=" arch='mips64'", machine="malta")
    assert of(found, "vsock")[0] == Oldest()
    assert oldest_in_words(Oldest()) == "not known"


@pytest.mark.parametrize("fallback", ["allow", None])
def test_a_cpu_model_counts_only_where_no_other_will_do(fallback: str | None) -> None:
    attribute = f" fallback='{fallback}'" if fallback else ""
    found = needs(around=f"<cpu mode='custom'><model{attribute}>GraniteRapids</model></cpu>")
    assert "cpu-model" not in {one.capability.name for one in found.requirements}


@pytest.mark.parametrize(
    ("model", "at_least", "known", "exists"),
    [
        ("qemu64", None, "4.2", True),
        ("SapphireRapids", "8.0", "8.0", True),
        ("GraniteRapids", "8.1", "8.1", True),
        ("No-Such-Model", None, None, False),
    ],
)
def test_cpu_models(model: str, at_least: str | None, known: str | None, exists: bool) -> None:
    found = needs(around=f"<cpu mode='custom'><model fallback='forbid'>{model}</model></cpu>")
    one = of(found, "cpu-model")[0]
    assert one is not None
    assert (one.at_least, one.known, one.exists) == (version(at_least), version(known), exists)


def test_a_domain_of_another_hypervisor_is_not_looked_into() -> None:
    found = needs("<vsock/>", type="xen")
    assert (found.on_qemu, found.requirements) == (False, ())
    assert "is no domain of QEMU" in as_text([found])


def test_all_together() -> None:
    found = needs("<sound model='virtio'/><vsock/><watchdog model='itco'/>", machine="pc-i440fx-2.0")
    assert found.qemu("x86_64").at_least == Version(8, 2, 0)
    assert found.qemu("x86_64").gone == Version(9, 1, 0)
    assert found.libvirt.at_least == Version(10, 4, 0)
    assert found.nowhere("x86_64") == ()


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("<domain type='kvm'><name>", True),
        ("<domian/>", True),
        ("<inventory/>", False),
        ("<domainsnapshot><name>one</name></domainsnapshot>", False),
    ],
)
def test_what_holds_no_domain(text: str, failure: bool) -> None:
    found = requirements_of(Source("vm.xml", text.encode()))
    assert isinstance(found, Unreadable)
    assert (found.is_failure, found.line) == (failure, 1)
    in_directory = requirements_of(Source("vm.xml", text.encode(), may_be_foreign=True))
    assert (in_directory is not None) is failure


@pytest.mark.parametrize(
    ("oldest", "words"),
    [
        (None, "-"),
        (Oldest(), "not known"),
        (Oldest(exists=False), "none known"),
        (Oldest(Version(8, 1, 0), Version(8, 1, 0)), "8.1"),
        (Oldest(Version(8, 1, 2), Version(8, 1, 2)), "8.1.2"),
        (Oldest(None, Version(4, 2, 0)), "4.2 or older"),
        (Oldest(Version(6, 0, 0), Version(8, 0, 0)), "6.0 to 8.0"),
        (Oldest(Version(7, 2, 0), None), "7.2 at least"),
        (Oldest(Version(7, 0, 0), None, depends=True), "7.0 at least, depends on host"),
        (Oldest(depends=True), "depends on host"),
        (Oldest(Version(2, 4, 0), Version(2, 4, 0), Version(9, 1, 0)), "2.4, before 9.1"),
        (Oldest(gone=Version(4, 0, 0)), "before 4.0"),
    ],
)
def test_versions_in_words(oldest: Oldest | None, words: str) -> None:
    assert oldest_in_words(oldest) == words


def test_a_table_is_no_wider_than_100_columns() -> None:
    devices = "".join(
        f"<disk type='file'><driver discard_no_unref='on' queues='{number}' io='io_uring' detect_zeroes='on'/>\n"
        f"<source><reservations/></source><target dev='vd{number}' bus='virtio'/></disk>\n"
        for number in range(1, 200)
    )
    found = needs(f"{devices}<graphics type='dbus'/>", on=("x86_64", "aarch64", "riscv64", "s390x"))
    lines = unstyle(as_text([found])).splitlines()
    assert max(map(len, lines)) <= 100
    assert not any(line != line.rstrip() for line in lines)


def test_a_domain_that_no_release_suffices_for() -> None:
    found = needs("<shmem name='a'><model type='ivshmem'/></shmem>")
    assert "runs on no QEMU for x86_64: needs QEMU 8.2, or newer, and one before 4.0" in unstyle(as_text([found]))


def test_many_elements_take_time_in_proportion() -> None:
    root = etree.fromstring(DOMAIN.format(type="kvm", arch=" arch='x86_64'", machine="q35", around="", devices=""))
    devices = root.find("devices")
    assert devices is not None
    for _number in range(20_000):
        etree.SubElement(devices, "vsock")
    found = requirements_of(Source("vm.xml", etree.tostring(root)))
    assert isinstance(found, DomainRequirements)
    assert len(found.requirements[-1].places) == 20_000
