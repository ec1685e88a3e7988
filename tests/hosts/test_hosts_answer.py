"""Whether a host has a capability: each row of the decision, on both sides of each threshold."""

from __future__ import annotations

import pytest
from caps_builder import host
from hypothesis import given, settings
from hypothesis import strategies as st

from domlint.hosts import Presence
from domlint.hosts.lifecycle import table
from domlint.versions import Version

FAILOVER = "virtio-net.failover"
OLD = "mem-merge"  # retired in 8.1.0, before failover was
SAME = "blockdev"  # retired with failover
NEW = "usb-host.guest-resets-all"  # introduced after 8.1.0
BEFORE = "virtio-mem-pci"  # introduced with or before 8.1.0, never retired

P, I, A, U = Presence.PRESENT, Presence.IMPLIED, Presence.ABSENT, Presence.UNKNOWN  # noqa: E741


@pytest.mark.parametrize(
    ("flags", "version", "selfvers", "package", "expected"),
    [
        # listed: present, whatever else the file says
        ((FAILOVER,), "7.2.0", "9.0.0", "", P),
        ((FAILOVER,), "4.0.0", "0", "", P),
        ((FAILOVER, "virtio-net", OLD), "4.2.0", "8.0.0", "v4.1.0-2221-g36609b4fa3", P),
        # a QEMU of before 4.1.50 has no failover
        (("virtio-net",), "4.1.49", "9.0.0", "", A),
        (("virtio-net",), "4.1.50", "9.0.0", "", U),
        (("virtio-net", NEW), "4.1.49", "0", "", A),
        (("virtio-net", NEW), "4.1.50", "0", "", U),
        # nor has one without virtio-net
        ((), "7.2.0", "9.0.0", "", A),
        ((NEW,), "7.2.0", "0", "", A),
        ((), "7.2.0", "0", "", A),
        # the libvirt that wrote the file is known
        (("virtio-net",), "7.2.0", "5.10.0", "", A),
        (("virtio-net",), "7.2.0", "6.0.0", "", A),
        (("virtio-net",), "7.2.0", "6.1.0", "", A),
        (("virtio-net",), "7.2.0", "8.6.0", "", A),
        (("virtio-net",), "7.2.0", "8.6.999", "", A),
        (("virtio-net",), "7.2.0", "8.7.0", "", I),
        (("virtio-net",), "7.2.0", "9.0.0", "", I),
        (("virtio-net",), "10.0.0", "11.3.0", "", I),
        # it decides alone: what else is listed does not count then
        (("virtio-net", NEW), "7.2.0", "8.6.0", "", A),
        (("virtio-net", OLD), "7.2.0", "9.0.0", "", I),
        # implied needs QEMU 4.2.0, and no snapshot of before it
        (("virtio-net",), "4.1.99", "9.0.0", "", U),
        (("virtio-net",), "4.2.0", "9.0.0", "", I),
        (("virtio-net",), "4.2.0", "9.0.0", "v4.1.0-2221-g36609b4fa3", U),
        (("virtio-net",), "4.2.0", "9.0.0", " (v4.1.0-2221-g36609b4fa3)", U),
        (("virtio-net",), "4.2.0", "9.0.0", "v4.1.0-rc3-1-gabc", U),
        (("virtio-net",), "4.2.0", "9.0.0", "v4.2.0-1-g36609b4fa3", I),
        (("virtio-net",), "4.2.0", "9.0.0", "v4.2.0", I),
        (("virtio-net",), "4.2.0", "9.0.0", "v4.1.0", I),
        (("virtio-net",), "4.2.0", "9.0.0", "Debian 1:4.2-3ubuntu6.28", I),
        (("virtio-net",), "4.2.0", "9.0.0", "qemu-4.2.0-20200115.0.1e4aa2da.fc31", I),
        (("virtio-net",), "7.2.50", "9.0.0", "v7.2.0-333-g222059a0fc", I),
        # the libvirt is not known: some flag tells
        (("virtio-net", OLD), "7.2.0", "0", "", A),
        (("virtio-net", SAME), "7.2.0", "0", "", A),
        (("virtio-net", OLD, NEW), "7.2.0", "0", "", A),
        (("virtio-net", NEW), "7.2.0", "0", "", I),
        (("virtio-net", NEW), "4.2.0", "0", "v4.1.0-2198-g9e583f2", U),
        (("virtio-net", NEW), "4.1.99", "0", "", U),
        # or none does
        (("virtio-net",), "7.2.0", "0", "", U),
        (("virtio-net", BEFORE), "7.2.0", "0", "", U),
        (("virtio-net", "no-such-flag"), "7.2.0", "0", "", U),
    ],
)
def test_failover(flags: tuple[str, ...], version: str, selfvers: str, package: str, expected: Presence) -> None:
    answer = host(*flags, version=version, selfvers=selfvers, package=package).answer(FAILOVER)
    assert (answer.flag, answer.presence) == (FAILOVER, expected), answer.reason


def test_missing_selfvers_is_as_zero() -> None:
    assert host("virtio-net", NEW, selfvers=None).answer(FAILOVER).presence is I
    assert host("virtio-net", selfvers=None).answer(FAILOVER).presence is U


@pytest.mark.parametrize(
    ("flags", "version", "selfvers", "package", "words"),
    [
        (("virtio-net",), "7.2.22", "9.0.0", "", ["libvirt 9.0.0", "no longer lists it", "QEMU 7.2.22 has it"]),
        (("virtio-net",), "7.2.22", "8.8.0", "", ["libvirt 8.8.0", "may no longer list it"]),
        (("virtio-net",), "7.2.22", "8.0.0", "", ["libvirt 8.0.0", "would have listed it"]),
        (("virtio-net",), "7.2.22", "6.1.0", "", ["libvirt 6.1.0", "would have listed it"]),
        (("virtio-net",), "7.2.22", "6.0.0", "", ["libvirt 6.0.0, which wrote this file, does not know it yet"]),
        (("virtio-net",), "4.1.0", "9.0.0", "", ["QEMU 4.1.0 is older than 4.2.0 (4.1.50 in development)"]),
        ((), "7.2.0", "9.0.0", "", ["'virtio-net'"]),
        (("virtio-net", OLD), "7.2.0", "0", "", [f"'{OLD}'"]),
        (("virtio-net", NEW), "7.2.0", "0", "", [f"'{NEW}'"]),
        (("virtio-net",), "4.2.0", "9.0.0", "v4.1.0-2221-g36609b4fa3", ["v4.1.0-2221-g36609b4fa3", "before 4.2.0"]),
        (("virtio-net",), "7.2.0", "0", "", ["does not tell which libvirt wrote it"]),
    ],
)
def test_failover_reason(flags: tuple[str, ...], version: str, selfvers: str, package: str, words: list[str]) -> None:
    reason = host(*flags, version=version, selfvers=selfvers, package=package).answer(FAILOVER).reason
    assert [word for word in words if word not in reason] == [], reason


@pytest.mark.parametrize(
    ("flag", "flags", "version", "selfvers", "arch", "expected"),
    [
        # in use: not listed means absent, when it is known that the libvirt knows the flag or which libvirt it was
        ("virtio-net.rss", ("virtio-net",), "7.2.0", "9.0.0", "x86_64", A),
        ("virtio-net.rss", ("virtio-net",), "7.2.0", "8.1.0", "x86_64", A),
        ("virtio-net.rss", ("virtio-net", "thread-context"), "7.2.0", "0", "x86_64", A),
        ("virtio-net.rss", ("virtio-net",), "7.2.0", "0", "x86_64", U),
        ("virtio-net.rss", ("virtio-net", "chardev.qemu-vdagent"), "7.2.0", "0", "x86_64", A),
        ("chardev.qemu-vdagent", ("virtio-net.rss",), "7.2.0", "0", "x86_64", U),
        ("virtio-net.rss", ("thread-context",), "7.2.0", "0", "x86_64", A),
        # newer than every libvirt whose table is known
        ("nvme", (), "10.0.0", "11.3.0", "x86_64", A),
        ("nvme", (), "10.0.0", "11.9.0", "x86_64", A),
        # un-retired: still a matter of being listed
        ("sdl", (), "7.2.0", "9.0.0", "x86_64", A),
        ("seccomp-sandbox", (), "7.2.0", "9.0.0", "x86_64", A),
        ("egl-headless", (), "7.2.0", "9.0.0", "x86_64", A),
        # retired, its window between two releases that were read
        ("numa", (), "7.2.0", "8.6.0", "x86_64", A),
        ("numa", (), "7.2.0", "8.7.0", "x86_64", I),
        ("iothread", (), "7.2.0", "9.0.0", "x86_64", A),
        ("iothread", (), "7.2.0", "9.1.0", "x86_64", I),
        ("iothread", (), "4.1.0", "9.8.0", "x86_64", U),
        ("nbd-bitmap", (), "6.1.99", "11.3.0", "x86_64", U),
        ("nbd-bitmap", (), "6.2.0", "11.3.0", "x86_64", I),
        ("nbd-bitmap", (), "6.2.0", "11.1.0", "x86_64", A),
        ("nbd-bitmap", (), "6.2.0", "11.2.0", "x86_64", I),
        ("balloon-event", (), "4.0.0", "5.0.0", "x86_64", A),
        ("balloon-event", (), "4.0.0", "5.1.0", "x86_64", I),
        # part of a device that is not there
        ("qxl.max_outputs", (), "7.2.0", "9.0.0", "x86_64", A),
        ("qxl.max_outputs", ("qxl",), "7.2.0", "9.0.0", "x86_64", I),
        ("virtio-tx-alg", (), "7.2.0", "9.0.0", "sparc", A),
        ("virtio-tx-alg", ("virtio-net",), "7.2.0", "9.0.0", "x86_64", I),
        # part of something retired, of which the file does not tell
        ("numa.hmat", ("numa",), "7.2.0", "0", "x86_64", U),
        ("numa.dist", (), "7.2.0", "9.0.0", "x86_64", I),
        ("numa.dist", (), "4.1.0", "9.0.0", "x86_64", U),
        # a matter of one architecture
        ("machine.pseries.cap-htm", (), "7.2.0", "10.0.0", "ppc64", I),
        ("machine.pseries.cap-htm", (), "7.2.0", "10.0.0", "x86_64", A),
        ("no-acpi", (), "7.2.0", "10.0.0", "aarch64", I),
        ("no-acpi", (), "7.2.0", "10.0.0", "s390x", A),
        # retired because QEMU gave it up
        ("ivshmem", (), "4.2.0", "10.0.0", "x86_64", A),
        ("vxhs", (), "5.2.0", "11.3.0", "x86_64", A),
        ("enable-fips", (), "6.2.0", "11.3.0", "x86_64", A),
        ("virtio-s390", (), "2.11.0", "8.0.0", "s390x", A),
        ("kqemu", (), "1.2.0", "1.3.0", "x86_64", A),
        ("enable-kqemu", (), "7.2.0", "0", "x86_64", A),
        ("mlock", (), "5.2.0", "5.3.0", "x86_64", U),
        ("mlock", (), "6.0.0", "9.0.0", "x86_64", A),
        ("device.json", (), "7.2.0", "9.0.0", "x86_64", U),
        ("sga", (), "7.2.0", "9.0.0", "x86_64", U),
        ("sga", (), "7.2.0", "9.0.0", "s390x", A),
        ("drive-boot", (), "7.2.0", "9.0.0", "x86_64", A),
    ],
)
def test_other_flags(
    flag: str, flags: tuple[str, ...], version: str, selfvers: str, arch: str, expected: Presence
) -> None:
    answer = host(*flags, version=version, selfvers=selfvers, arch=arch).answer(flag)
    assert answer.presence is expected, answer.reason
    assert host(flag, *flags, version=version, selfvers=selfvers, arch=arch).answer(flag).presence is P


@pytest.mark.parametrize("known", [True, False])
def test_retired_later_says_nothing_of_retired_earlier(known: bool) -> None:
    # 'iothread' was retired after 'numa': a libvirt of between them lists the one and not the other.
    answer = host("iothread", "thread-context", selfvers="9.0.0" if known else "0").answer("numa")
    assert answer.presence is I, answer.reason
    assert host("numa", selfvers="0").answer("iothread").presence is A


def test_reason_where_the_table_has_a_gap() -> None:
    # No table between 8.1.0, which does not have it, and 9.0.0, which has, was read.
    reason = host("virtio-net", selfvers="8.5.0").answer("virtio-net.rss").reason
    assert "lists it or does not know it yet" in reason


def test_name_that_is_not_known() -> None:
    answer = host("virtio-net").answer("virtio-net.fail\x1b[31mover")
    assert answer.presence is U
    assert "\\x1b" in answer.reason
    assert "\x1b" not in answer.reason
    assert f"'{FAILOVER}'" in answer.reason
    assert "nearest" not in host().answer("§§§§").reason


def test_values_travel() -> None:
    import pickle

    answer = host("virtio-net").answer(FAILOVER)
    assert pickle.loads(pickle.dumps(answer)) == answer


NAMES = sorted(table())
VERSIONS = st.builds("{}.{}.{}".format, st.integers(1, 12), st.integers(0, 20), st.sampled_from([0, 1, 49, 50, 99]))


@settings(deadline=None)
@given(
    flag=st.one_of(st.sampled_from(NAMES), st.text(max_size=30)),
    flags=st.sets(st.sampled_from(NAMES), max_size=12),
    version=VERSIONS,
    selfvers=st.one_of(st.just("0"), st.none(), VERSIONS),
    package=st.sampled_from(["", "v4.1.0-2221-g36609b4fa3", "v2.10.0-5-gabcdef", "Debian 1:7.2", "(v2.9.0)"]),
    arch=st.sampled_from(["x86_64", "aarch64", "s390x", "ppc64", "sparc"]),
)
def test_any_question_is_answered(
    flag: str, flags: set[str], version: str, selfvers: str | None, package: str, arch: str
) -> None:
    one = host(*sorted(flags), version=version, selfvers=selfvers, package=package, arch=arch)
    answer = one.answer(flag)
    assert (answer.presence is P) == (flag in flags)
    assert answer.flag == flag
    assert answer.reason
    assert answer.reason.isprintable()
    if answer.presence is I:
        life = table()[flag]
        assert life.retired_from is not None
        assert "never_implied" not in life.facts
        assert life.qemu_min is None or (one.qemu_version is not None and one.qemu_version >= life.qemu_min)
        assert one.libvirt_version is None or one.libvirt_version >= life.retired_from


def test_table_is_consistent() -> None:
    for name, flag in table().items():
        assert flag.known_after is not None or flag.known_in is not None, name
        if flag.known_after and flag.known_in:
            assert flag.known_after < flag.known_in, name
        if flag.retired_from is None:
            assert (flag.listed_until, flag.retired_by, flag.qemu_min) == (None, None, None), name
        else:
            assert flag.listed_until is not None, name
            assert flag.listed_until < flag.retired_from, name
            assert flag.retired_by is None or flag.retired_from <= flag.retired_by, name
        assert flag.facts.get("requires", "kvm") in table(), name
        if flag.facts:
            assert flag.facts["source"], name
            assert flag.facts.keys() <= {"source", "requires", "arch", "qemu_since", "gone_in", "never_implied"}, name
    places = [flag.order for flag in table().values() if flag.order is not None]
    assert len(places) == len(set(places))
    assert len(table()) == 499
    assert {name for name, flag in table().items() if flag.order is None} == {"kqemu", "enable-kqemu"}


def test_order_grows_with_age() -> None:
    # A place in the enumeration is an age: no flag with an earlier place came with a later release.
    by_place = sorted(
        (flag.order, flag.known_in) for flag in table().values() if flag.order is not None and flag.known_in
    )
    releases = [release for _, release in by_place]
    assert releases == sorted(releases)


def test_facts_of_failover() -> None:
    flag = table()[FAILOVER]
    assert flag.known_in == Version(6, 1, 0)
    assert flag.retired_from == Version(8, 7, 0)
    assert flag.retired_by == Version(9, 0, 0)
    assert flag.listed_until == Version(8, 1, 0)
    assert flag.qemu_min == Version(4, 2, 0)
    assert (flag.facts["qemu_since"], flag.facts["requires"]) == ("4.1.50", "virtio-net")
