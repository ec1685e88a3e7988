"""Machines: what kind of PCI libvirt gives them, with and without a host."""

from __future__ import annotations

import pytest

from domlint.domain.machine import PciRoot, resolve_machine
from domlint.domain.values import UNKNOWN
from domlint.hosts import Host
from domlint.hosts.qemucaps import read_qemucaps


def host(arch: str, *machines: str) -> Host:
    listed = "".join(
        "<machine type='kvm' name='{}'{} maxCpus='8'/>".format(name, f" alias='{alias}'" if alias else "")
        for name, _, alias in (machine.partition("=") for machine in machines)
    )
    return read_qemucaps(
        f"<qemuCaps><version>8002000</version><arch>{arch}</arch>{listed}</qemuCaps>".encode(), "h", "h"
    )


@pytest.mark.parametrize(
    "arch, name, root",
    [
        ("x86_64", "pc", PciRoot.PCI),
        ("x86_64", "pc-0.15", PciRoot.PCI),
        ("x86_64", "pc-1.3", PciRoot.PCI),
        ("x86_64", "pc-i440fx-8.2", PciRoot.PCI),
        ("x86_64", "rhel6.6.0", PciRoot.PCI),
        ("i686", "pc", PciRoot.PCI),
        ("x86_64", "q35", PciRoot.PCIE),
        ("x86_64", "pc-q35-rhel9.2.0", PciRoot.PCIE),
        ("x86_64", "isapc", PciRoot.NONE),
        ("x86_64", "microvm", PciRoot.NONE),
        ("x86_64", "ubuntu", PciRoot.UNKNOWN),
        ("aarch64", "virt", PciRoot.PCIE),
        ("aarch64", "virt-6.2", PciRoot.PCIE),
        ("armv7l", "virt", PciRoot.PCIE),
        ("aarch64", "versatilepb", PciRoot.PCI),
        ("aarch64", "virtual", PciRoot.UNKNOWN),
        ("riscv64", "virt", PciRoot.PCIE),
        ("loongarch64", "virt", PciRoot.PCIE),
        ("s390x", "s390-ccw-virtio-8.2", PciRoot.PCI),
        ("ppc64", "pseries", PciRoot.PCI),
        ("ppc64le", "pseries-7.0", PciRoot.PCI),
        ("sparc64", "sun4u", PciRoot.PCI),
        (None, "pc", PciRoot.PCI),
        (None, "pc-q35-8.2", PciRoot.PCIE),
        (None, "pseries-8.2", PciRoot.PCI),
        (None, "virt", PciRoot.UNKNOWN),
        ("x86_64", None, PciRoot.UNKNOWN),
        ("x86_64", UNKNOWN, PciRoot.UNKNOWN),
        (UNKNOWN, "pc", PciRoot.UNKNOWN),
    ],
)
def test_what_is_written_tells_the_root(arch, name, root: PciRoot) -> None:
    assert resolve_machine(arch, name, "kvm", None).root is root


X86 = host("x86_64", "pc-i440fx-noble=ubuntu", "pc-q35-noble=ubuntu-q35", "x-remote")


@pytest.mark.parametrize(
    "arch, written, name, root",
    [
        ("x86_64", "ubuntu-q35", "pc-q35-noble", PciRoot.PCIE),
        ("x86_64", "ubuntu", "pc-i440fx-noble", PciRoot.PCI),
        ("x86_64", None, "pc-i440fx-noble", PciRoot.PCI),
        (None, None, "pc-i440fx-noble", PciRoot.PCI),
        (None, "ubuntu-q35", "pc-q35-noble", PciRoot.PCIE),
        ("x86_64", "q35", "q35", PciRoot.PCIE),
        ("x86_64", "x-remote", "x-remote", PciRoot.NONE),
        ("x86_64", "other", "other", PciRoot.UNKNOWN),
        ("x86_64", UNKNOWN, UNKNOWN, PciRoot.UNKNOWN),
    ],
)
def test_a_host_knows_aliases_and_the_default(arch, written, name, root: PciRoot) -> None:
    machine = resolve_machine(arch, written, "kvm", X86)
    assert (machine.name, machine.root) == (name, root)


def test_what_is_written_tells_where_the_name_of_the_host_does_not() -> None:
    odd = host("x86_64", "vendor-1.0=q35", "pc-q35-8.2")
    assert resolve_machine("x86_64", "q35", "kvm", odd).root is PciRoot.PCIE
    assert resolve_machine("x86_64", None, "kvm", odd).root is PciRoot.NONE


def test_an_accelerator_that_the_host_lacks_has_no_machine() -> None:
    assert resolve_machine("x86_64", "ubuntu-q35", "hvf", X86).root is PciRoot.UNKNOWN


@pytest.mark.parametrize(
    "arch, name, model",
    [
        ("aarch64", "virt-8.2", "virtio"),
        ("aarch64", "versatilepb", "smc91c111"),
        ("s390x", "s390-ccw-virtio", "virtio"),
        ("riscv64", "virt", "virtio"),
        ("x86_64", "q35", ""),
        ("ppc64", "pseries", ""),
    ],
)
def test_default_network_model(arch: str, name: str, model: str) -> None:
    assert resolve_machine(arch, name, "kvm", None).network_model == model


def test_a_machine_is_called_by_what_is_written_and_what_it_is() -> None:
    assert str(resolve_machine("x86_64", "ubuntu-q35", "kvm", X86)) == "'ubuntu-q35' (pc-q35-noble)"
    assert str(resolve_machine("x86_64", "q35", "kvm", None)) == "'q35'"
    assert str(resolve_machine("x86_64", None, "kvm", X86)) == "'pc-i440fx-noble'"
    assert str(resolve_machine("x86_64", None, "kvm", None)) == "the default machine"
