"""The pairs that documentation shows: whoever copies one of them must hear of no fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from domains import FORMS, Run, host, network, vm

from domlint.engine import Plan, Source
from domlint.findings import Finding, Outcome, Severity
from domlint.hosts import Host, load_host
from domlint.networks import load_networks
from domlint.rules import catalogue
from domlint.versions import Version

ROOT = Path(__file__).parents[2]
CORPUS = os.environ.get("DOMLINT_CORPUS")
needs_corpus = pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")

# libvirt's page on the domain format connects the virtio half to a network and names the VF by its address.
BY_ADDRESS = """\
<interface type='network'>
  <source network='mybridge'/>
  <mac address='52:54:00:c0:ff:01'/>
  <model type='virtio'/>
  <teaming type='persistent'/>
  <alias name='ua-failover0'/>
</interface>
<interface type='hostdev' managed='yes'>
  <source>
    <address type='pci' domain='0x0000' bus='0x17' slot='0x0c' function='0x4'/>
  </source>
  <mac address='52:54:00:c0:ff:01'/>
  <teaming type='transient' persistent='ua-failover0'/>
</interface>
"""

# The other form there takes the VF from a pool.
FROM_POOL = """\
<interface type='network'>
  <source network='mybridge'/>
  <mac address='52:54:00:c0:ff:01'/>
  <model type='virtio'/>
  <teaming type='persistent'/>
  <alias name='ua-failover0'/>
</interface>
<interface type='network'>
  <source network='hostdev-pool'/>
  <mac address='52:54:00:c0:ff:01'/>
  <model type='virtio'/>
  <teaming type='transient' persistent='ua-failover0'/>
</interface>
"""

# Since libvirt 7.1.0: the device itself, with its MAC address set elsewhere.
AS_HOSTDEV = """\
<interface type='network'>
  <source network='mybridge'/>
  <mac address='52:54:00:c0:ff:01'/>
  <model type='virtio'/>
  <teaming type='persistent'/>
  <alias name='ua-failover0'/>
</interface>
<hostdev mode='subsystem' type='pci' managed='yes'>
  <source>
    <address domain='0x0000' bus='0x17' slot='0x0c' function='0x4'/>
  </source>
  <teaming type='transient' persistent='ua-failover0'/>
</hostdev>
"""

# The kernel's page on net_failover: both halves in full, the standby's link down.
KERNEL = """\
<interface type='network'>
  <mac address='52:54:00:c0:ff:02'/>
  <source network='lab_br'/>
  <target dev='tapvm4'/>
  <model type='virtio'/>
  <driver name='vhost' queues='4'/>
  <link state='down'/>
  <teaming type='persistent'/>
  <alias name='ua-failover0'/>
</interface>
<interface type='hostdev' managed='yes'>
  <mac address='52:54:00:c0:ff:02'/>
  <source>
    <address type='pci' domain='0x0000' bus='0x81' slot='0x03' function='0x1'/>
  </source>
  <teaming type='transient' persistent='ua-failover0'/>
</interface>
"""

# oVirt's: both halves have an alias, vdsm binds the VF itself, and its links are up.
OVIRT = """\
<interface type='bridge'>
  <mac address='56:6f:1d:2a:00:1c'/>
  <model type='virtio'/>
  <link state='up'/>
  <source bridge='vmfex'/>
  <mtu size='1500'/>
  <alias name='ua-9aa0d0ce-4cf1-4d4e-8e2b-5cf0a0ab2d2d'/>
  <teaming type='persistent'/>
</interface>
<interface managed='no' type='hostdev'>
  <mac address='56:6f:1d:2a:00:1c'/>
  <source>
    <address bus='0x5e' domain='0x0000' function='0x6' slot='0x10' type='pci'/>
  </source>
  <link state='up'/>
  <driver name='vfio'/>
  <alias name='ua-0d9e8c53-4de6-4a2a-9a9c-5f5a3e0b8a10'/>
  <teaming type='transient' persistent='ua-9aa0d0ce-4cf1-4d4e-8e2b-5cf0a0ab2d2d'/>
</interface>
"""

PAIRS = {"by address": BY_ADDRESS, "pool": FROM_POOL, "hostdev": AS_HOSTDEV, "kernel": KERNEL, "ovirt": OVIRT}

POOL = """\
<network>
  <name>hostdev-pool</name>
  <forward mode='hostdev' managed='yes'>
    <pf dev='enp66s0f0'/>
  </forward>
</network>
"""
BRIDGE = "<network><name>mybridge</name><forward mode='bridge'/><bridge name='br0'/></network>"
ALL_NETWORKS = Run(networks=(POOL, BRIDGE))

each_pair = pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
each_form = pytest.mark.parametrize("form", FORMS)


def faults(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str, int, str]]:
    return [(one.code, one.location.line, one.message) for one in findings if one.severity is not Severity.NOTE]


@each_pair
@each_form
@pytest.mark.parametrize("machine", ["q35", "pc-q35-4.2", "pc-q35-10.0", "pc-q35-rhel9.2.0"])
def test_is_clean_by_itself(pair: str, form: str, machine: str) -> None:
    assert faults(ALL_NETWORKS.findings(FORMS[form](vm(pair, machine=machine)))) == []


@each_pair
@each_form
def test_is_clean_on_debian_12_whose_file_does_not_list_the_flag(pair: str, form: str) -> None:
    debian = load_host(str(ROOT / "examples/caps/debian-12-x86_64.xml"))
    assert "virtio-net.failover" not in debian.flags
    assert faults(ALL_NETWORKS._replace(hosts=(debian,)).findings(FORMS[form](vm(pair, machine="q35")))) == []


@each_pair
@pytest.mark.parametrize("arch, machine", [("aarch64", "virt"), ("aarch64", "virt-8.2"), ("riscv64", "virt")])
def test_is_clean_on_virt(pair: str, arch: str, machine: str) -> None:
    run = ALL_NETWORKS._replace(hosts=(host(arch=arch),))
    assert faults(run.findings(vm(pair, arch=arch, machine=machine))) == []


@each_pair
def test_is_clean_for_many_hosts_at_once(pair: str) -> None:
    hosts = (
        host(name="new"),
        host("virtio-net.failover", qemu="4.2.0", libvirt="7.1.0", name="first"),
        host("virtio-net.failover", qemu="6.2.0", libvirt="8.0.0", name="jammy"),
        host(arch="aarch64", name="arm"),
    )
    assert faults(ALL_NETWORKS._replace(hosts=hosts).findings(vm(pair, machine="q35"))) == []


@each_pair
def test_is_clean_through_the_interface_for_programs(pair: str, tmp_path: Path) -> None:
    from domlint import check

    file = tmp_path / "vm.xml"
    file.write_text(vm(pair, machine="q35"))
    caps = ROOT / "examples/caps/debian-12-x86_64.xml"
    assert faults(check(file, hosts=[caps], networks=[network(POOL)], select=["TEAM"])) == []


def corpus_hosts(pattern: str) -> Iterator[Host]:
    for file in sorted(Path(CORPUS or "", "libvirt").glob(pattern)):
        yield load_host(str(file))


def new_hosts() -> list[Host]:
    """Every x86_64 host of the corpus with QEMU 4.2 or newer."""
    hosts = [one for one in corpus_hosts("*/caps/*x86_64*.xml") if one.arch == "x86_64"]
    return [one for one in hosts if one.qemu_version is not None and one.qemu_version >= Version(4, 2, 0)]


@needs_corpus
@each_pair
def test_is_clean_on_every_new_host_of_the_corpus(pair: str) -> None:
    hosts = new_hosts()
    assert len(hosts) > 20
    for each in hosts:
        assert faults(ALL_NETWORKS._replace(hosts=(each,)).findings(vm(pair, machine="q35"))) == [], each.source


@needs_corpus
@each_pair
def test_is_refused_by_the_last_qemu_without_failover(pair: str) -> None:
    (old,) = corpus_hosts("7.0.0/caps/caps_4.1.0.x86_64.xml")
    findings = ALL_NETWORKS._replace(hosts=(old,)).findings(vm(pair, machine="q35"))
    assert [(one.code, one.outcome) for one in findings if one.severity is Severity.ERROR] == [
        ("TEAM001", Outcome.DEFINE)
    ]


@needs_corpus
@pytest.mark.parametrize("release", ["7.0.0", "9.0.0", "11.3.0"])
def test_libvirts_own_pairs_are_on_a_machine_without_pci_express(release: str) -> None:
    files = sorted(Path(CORPUS or "", "libvirt", release, "domains").glob("net-virtio-teaming*.xml"))
    assert files
    for file in files:
        text = file.read_text()
        transients = [number for number, line in enumerate(text.splitlines(), 1) if "type='transient'" in line]
        assert transients
        for each in (None, *new_hosts()):
            run = ALL_NETWORKS._replace(hosts=(each,) if each else ())
            findings = run.findings(text)
            assert [one.location.line for one in findings if one.code == "TEAM050"] == transients
            refusals = [one for one in findings if one.outcome in (Outcome.DEFINE, Outcome.START)]
            assert refusals == [], each and each.source


def unteamed_files() -> list[Path]:
    root = Path(CORPUS or "")
    files = [*root.glob("wild/*/domains/*.xml"), *root.glob("libvirt/*/domains/*.xml")]
    return sorted(file for file in files if b"<teaming" not in file.read_bytes())


@needs_corpus
def test_files_without_teaming_have_no_error_in_it() -> None:
    files = unteamed_files()
    assert len(files) > 1000
    named = ["7.0.0/caps/caps_4.1.0.x86_64.xml", "9.0.0/caps/caps_7.2.0.x86_64.xml", "*/caps/caps_8.2.0*aarch64.xml"]
    hosts = [one for pattern in named for one in corpus_hosts(pattern)]
    assert len(hosts) >= 3
    rules = catalogue().select(["TEAM"])
    for given in ((), tuple(hosts)):
        plan = Plan(rules, given, load_networks([]))
        for file in files:
            report = plan.check(Source(str(file), file.read_bytes()))
            assert report.crashes == ()
            assert [one for one in report.findings if one.severity is not Severity.NOTE] == []
