"""Which emulator of a host a domain gets."""

from __future__ import annotations

import pytest
from caps_builder import caps
from kinds_builder import capabilities, domaincaps, guest

from domlint.hosts import Host
from domlint.hosts.fit import fitting_emulator, serves
from domlint.hosts.load import read_host_file


def probe(arch: str, emulator: str, *accelerators: str) -> Host:
    machines = "".join(f"<machine type='{accelerator}' name='m'/>" for accelerator in accelerators)
    data = caps(arch=arch, machines=machines)
    (host,) = read_host_file(data.replace(b"<arch>", f"<emulator>{emulator}</emulator><arch>".encode()), emulator, "h")
    return host


X86 = probe("x86_64", "/usr/bin/qemu-system-x86_64", "kvm", "tcg")
X86_TCG = probe("x86_64", "/usr/local/bin/qemu-system-x86_64", "tcg")
I386 = probe("i686", "/usr/bin/qemu-system-i386", "tcg")
ARM64 = probe("aarch64", "/usr/bin/qemu-system-aarch64", "tcg")
ARM64_KVM = probe("aarch64", "/usr/bin/qemu-system-aarch64", "kvm", "tcg")
ARM = probe("armv7l", "/usr/bin/qemu-system-arm", "tcg")
(XEN, XEN_ARM) = read_host_file(
    capabilities(
        guest(within="<emulator>/usr/lib/xen/qemu</emulator><domain type='xen'/>"),
        guest("armv7l", within="<domain type='xen'/>"),
    ),
    "xen",
    "h",
)
(XEN_DOMAINS,) = read_host_file(domaincaps("xenfv", "xen"), "xen", "h")
(DOMAINS,) = read_host_file(domaincaps(), "domains", "h")
(EMPTY,) = read_host_file(capabilities(guest(within="")), "empty", "h")

PC = [ARM64, I386, X86]
TWO = [X86_TCG, X86]


@pytest.mark.parametrize(
    "emulators, domain, expected",
    [
        # The architecture decides, ...
        (PC, ("x86_64", "kvm", None), X86),
        (PC, ("aarch64", "tcg", None), ARM64),
        (PC, ("aarch64", "kvm", None), ARM64),
        (PC, ("s390x", "kvm", None), None),
        (PC, ("i686", "tcg", None), I386),
        (PC, ("i686", "kvm", None), I386),
        ([X86], ("i686", "kvm", None), X86),
        ([I386], ("x86_64", "tcg", None), None),
        ([ARM64], ("armv7l", "tcg", None), ARM64),
        ([ARM, ARM64], ("armv7l", "tcg", None), ARM),
        ([ARM, ARM64_KVM], ("armv7l", "kvm", None), ARM64_KVM),
        ([ARM, ARM64_KVM], ("armv6l", "tcg", None), ARM),
        # ... the host's own where the domain names none, ...
        (PC, (None, "kvm", None), X86),
        (PC, (None, None, None), X86),
        ([I386, ARM64], (None, "tcg", None), I386),
        # ... then the emulator that is named, then the accelerator.
        (TWO, ("x86_64", "kvm", None), X86),
        (TWO, ("x86_64", "tcg", None), X86_TCG),
        (TWO, ("x86_64", "kvm", "/usr/local/bin/qemu-system-x86_64"), X86_TCG),
        (TWO, ("x86_64", "kvm", "/opt/qemu"), X86),
        (TWO, ("x86_64", "hvf", None), X86_TCG),
        (PC, ("x86_64", "tcg", "/usr/bin/qemu-system-i386"), X86),
        # Another hypervisor has domains of its own type.
        ([X86], ("x86_64", "xen", None), None),
        ([X86], ("x86_64", "lxc", None), None),
        ([XEN], ("x86_64", "xen", None), XEN),
        ([XEN], ("x86_64", "kvm", None), None),
        ([XEN], ("x86_64", None, None), XEN),
        ([XEN, X86], ("x86_64", "kvm", None), X86),
        ([XEN_DOMAINS], ("x86_64", "xen", None), XEN_DOMAINS),
        ([XEN_DOMAINS], ("x86_64", "tcg", None), None),
        ([DOMAINS], ("x86_64", "tcg", None), DOMAINS),
        ([DOMAINS], ("x86_64", "xen", None), None),
        ([EMPTY], ("x86_64", "kvm", None), None),
        ([], ("x86_64", "kvm", None), None),
    ],
)
def test_emulator(
    emulators: list[Host], domain: tuple[str | None, str | None, str | None], expected: Host | None
) -> None:
    assert fitting_emulator(emulators, *domain) is expected


def test_the_host_tells_its_own_architecture() -> None:
    hosts = read_host_file(
        capabilities(guest("aarch64"), guest("x86_64"), host="<cpu><arch>x86_64</arch></cpu>"), "a", "h"
    )
    assert fitting_emulator(hosts, None, "kvm", None) is hosts[1]


def test_an_emulator_serves_its_own_architecture_whatever_that_is() -> None:
    assert serves("riscv64", "riscv64")
    assert not serves("riscv64", "riscv32")
    assert serves("x86_64", "i686")
    assert not serves("i686", "x86_64")
