"""Whole domain files for tests of rules, and what a test expects of them.

A line that a rule shall report carries a comment: ``<!-- TEAM033 @persistent -->`` means that TEAM033 points at the
attribute ``persistent`` of that line, ``<!-- TEAM050 -->`` that it points at the line's first tag. Lines and columns
are read off the text, never asked of domlint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree

from domlint.engine import Plan, Source
from domlint.findings import Finding, Outcome, Severity
from domlint.hosts import Host
from domlint.hosts.qemucaps import read_qemucaps
from domlint.networks import Network, read_network
from domlint.rules import catalogue
from domlint.versions import Version

RULES = catalogue().select(["TEAM"])

# Devices. The pair as it should be, in the three forms that an assigned device may have.

STANDBY = """\
<interface type='bridge'>
  <mac address='52:54:00:1d:0e:4a'/>
  <source bridge='br-prod'/>
  <model type='virtio'/>
  <driver name='vhost' queues='4'/>
  <teaming type='persistent'/>
  <alias name='ua-uplink'/>
</interface>
"""

POOLED = """\
<interface type='network'>
  <mac address='52:54:00:1d:0e:4a'/>
  <source network='vf-pool'/>
  <model type='virtio'/>
  <teaming type='transient' persistent='ua-uplink'/>
</interface>
"""

ASSIGNED = """\
<interface type='hostdev' managed='yes'>
  <mac address='52:54:00:1d:0e:4a'/>
  <source>
    <address type='pci' domain='0x0000' bus='0x3b' slot='0x0a' function='0x2'/>
  </source>
  <teaming type='transient' persistent='ua-uplink'/>
</interface>
"""

PLAIN = """\
<hostdev mode='subsystem' type='pci' managed='yes'>
  <source>
    <address domain='0x0000' bus='0x3b' slot='0x0a' function='0x3'/>
  </source>
  <teaming type='transient' persistent='ua-uplink'/>
</hostdev>
"""

TRANSIENTS = {"pooled": POOLED, "assigned": ASSIGNED, "plain": PLAIN}

VF_POOL = """\
<network>
  <name>vf-pool</name>
  <uuid>d8a7bd8f-1c5f-4a4f-9c70-5f3dbb6a77aa</uuid>
  <forward mode='hostdev' managed='yes'>
    <pf dev='enp59s0f0'/>
  </forward>
</network>
"""

BRIDGED_NETWORK = """\
<network>
  <name>vf-pool</name>
  <forward mode='bridge'/>
  <bridge name='br-prod'/>
</network>
"""

_BEFORE = """\
<emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2' cache='none'/>
  <source file='/var/lib/libvirt/images/mail.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>
<disk type='file' device='cdrom'>
  <driver name='qemu' type='raw'/>
  <target dev='sda' bus='sata'/>
  <readonly/>
</disk>
<controller type='usb' index='0' model='qemu-xhci' ports='15'/>
<controller type='scsi' index='0' model='virtio-scsi'/>
<controller type='virtio-serial' index='0'/>
<interface type='network'>
  <mac address='52:54:00:77:00:01'/>
  <source network='default'/>
  <model type='virtio'/>
</interface>
"""

_AFTER = """\
<serial type='pty'>
  <target type='isa-serial' port='0'/>
</serial>
<console type='pty'>
  <target type='serial' port='0'/>
</console>
<channel type='unix'>
  <target type='virtio' name='org.qemu.guest_agent.0'/>
</channel>
<input type='tablet' bus='usb'/>
<graphics type='vnc' port='-1' autoport='yes'/>
<video>
  <model type='virtio' heads='1'/>
</video>
<memballoon model='virtio'/>
<rng model='virtio'>
  <backend model='random'>/dev/urandom</backend>
</rng>
"""


def edit(text: str, *changes: tuple[str, str]) -> str:
    """Text with parts replaced; each part must be there exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def second(device: str) -> str:
    """The same device of another pair: another alias, MAC address and host address."""
    return (
        device.replace("ua-uplink", "ua-storage")
        .replace("52:54:00:1d:0e:4a", "52:54:00:1d:0e:4b")
        .replace("slot='0x0a'", "slot='0x0b'")
    )


def ports(*hotplug: bool) -> str:
    """The root of a PCI Express machine and root ports with the indexes 1, 2 …, that allow hotplug or not."""
    lines = ["<controller type='pci' index='0' model='pcie-root'/>\n"]
    for index, allowed in enumerate(hotplug, 1):
        lines.append(f"<controller type='pci' index='{index}' model='pcie-root-port'>\n")
        off = "" if allowed else " hotplug='off'"
        lines.append(f"  <target chassis='{index}' port='0x{index + 15:x}'{off}/>\n")
        lines.append("</controller>\n")
    return "".join(lines)


def vm(
    *devices: str,
    machine: str | None = "pc-q35-7.2",
    arch: str | None = "x86_64",
    kind: str = "kvm",
    around: str = "",
) -> str:
    """A whole domain with these devices between those that every server has."""
    written = "".join(f" {name}='{value}'" for name, value in (("arch", arch), ("machine", machine)) if value)
    inside = _indented(_BEFORE + "".join(devices) + _AFTER, 4)
    return (
        f"<domain type='{kind}'>\n"
        "  <name>mail-gateway</name>\n"
        "  <uuid>9c0f1f4e-51b5-4c65-9a16-7cf5d5d0b1a7</uuid>\n"
        "  <memory unit='GiB'>8</memory>\n"
        "  <vcpu placement='static'>4</vcpu>\n"
        f"  <os>\n    <type{written}>hvm</type>\n  </os>\n"
        "  <features>\n    <acpi/>\n    <apic/>\n  </features>\n"
        f"{_indented(around, 2)}"
        f"  <devices>\n{inside}  </devices>\n"
        "</domain>\n"
    )


def _indented(text: str, depth: int) -> str:
    return "".join(f"{' ' * depth}{line}\n" for line in text.splitlines())


def live(text: str) -> str:
    """The same domain as the XML of a running VM: it has an id, and every device an alias."""
    domain = etree.fromstring(text.encode())
    domain.set("id", "17")
    counts: dict[str, int] = {}
    devices = domain.find("devices")
    assert devices is not None
    for device in devices.iterchildren("*"):
        if device.tag == "emulator" or device.find("alias") is not None:
            continue
        kind = {"interface": "net", "console": "serial"}.get(str(device.tag), str(device.tag))
        number = counts.setdefault(str(device.tag), 0)
        counts[str(device.tag)] += 1
        etree.SubElement(device, "alias").set("name", f"{kind}{number}")
    return etree.tostring(domain, encoding="unicode") + "\n"


def domstatus(text: str) -> str:
    """The same domain in libvirt's status file of a running VM."""
    body = _indented(live(text), 2)
    return f"<domstatus state='running' pid='4321'>\n  <monitor path='/run/m' type='unix'/>\n{body}</domstatus>\n"


def snapshot(text: str) -> str:
    """The same domain in a snapshot."""
    body = _indented(text, 2)
    return f"<domainsnapshot>\n  <name>before-upgrade</name>\n  <state>shutoff</state>\n{body}</domainsnapshot>\n"


FORMS = {"definition": str, "live": live, "domstatus": domstatus, "snapshot": snapshot}
DEFINITIONS = ("definition", "snapshot")
"""The forms in which a device without an alias has none."""


# Hosts.


def host(
    *flags: str,
    qemu: str = "8.2.0",
    libvirt: str = "10.0.0",
    arch: str = "x86_64",
    machines: str = "",
    name: str = "host",
    package: str = "",
) -> Host:
    """A host as a qemuCaps file describes it; its first machine is the default one."""
    found = machines or {
        "x86_64": "pc-i440fx-8.2=pc pc-q35-8.2=q35 microvm isapc",
        "aarch64": "virt-8.2=virt versatilepb",
        "s390x": "s390-ccw-virtio-8.2=s390-ccw-virtio",
        "ppc64": "pseries-8.2=pseries powernv9",
        "riscv64": "virt spike",
    }.get(arch, "none")
    lines = ["<qemuCaps>", f"<selfvers>{_number(libvirt)}</selfvers>"]
    lines += [f"<flag name='{flag}'/>" for flag in ("virtio-net", "rtl8139", *flags)]
    lines += [f"<version>{_number(qemu)}</version>", f"<package>{package}</package>", f"<arch>{arch}</arch>"]
    for machine in found.split():
        own, _, alias = machine.partition("=")
        named = f"name='{own}'" + (f" alias='{alias}'" if alias else "")
        lines += [f"<machine type='{accelerator}' {named} maxCpus='64'/>" for accelerator in ("kvm", "tcg")]
    return read_qemucaps("\n".join([*lines, "</qemuCaps>"]).encode(), f"{name}.xml", name)


def _number(dotted: str) -> int:
    major, minor, micro = (int(part) for part in dotted.split("."))
    return major * 1_000_000 + minor * 1_000 + micro


def network(text: str) -> Network:
    """The network of such a definition."""
    return read_network(text.encode(), "network.xml")


NEW_HOST = host(name="new")


# Running the rules, and what is expected.


class Run(NamedTuple):
    """What a file is held against."""

    hosts: tuple[Host, ...] = ()
    networks: tuple[str, ...] = (VF_POOL,)
    libvirt: str = ""

    def findings(self, text: str) -> tuple[Finding, ...]:
        """What the rules for failover find in a file."""
        libvirt = Version.parse(self.libvirt) if self.libvirt else None
        plan = Plan(RULES, self.hosts, [network(each) for each in self.networks], libvirt)
        report = plan.check(Source("vm.xml", text.encode()))
        assert report.crashes == ()
        assert report.is_domain
        return report.findings


DEFAULT_RUN = Run()


class Bad(NamedTuple):
    """A file with one mistake, and what must be said of it.

    ``says`` are words that the message or the help must have: the very value that is wrong, and the one to write.
    ``also`` are codes that the same mistake justly yields beside its own.
    """

    name: str
    code: str
    text: str
    outcome: Outcome
    severity: Severity
    says: tuple[str, ...]
    run: Run = DEFAULT_RUN
    forms: tuple[str, ...] = tuple(FORMS)
    also: tuple[str, ...] = ()


class Near(NamedTuple):
    """A file that looks like that mistake and is none. ``also``: what else is justly said of it."""

    name: str
    code: str
    text: str
    run: Run = DEFAULT_RUN
    forms: tuple[str, ...] = tuple(FORMS)
    also: tuple[str, ...] = ()


_MARK = re.compile(r"<!-- (TEAM\d{3})(?: @(\w+))? -->")


def marks(text: str) -> list[tuple[str, int, int]]:
    """Code, line and column of each place that the text marks."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for mark in _MARK.finditer(line):
            code, attribute = mark.groups()
            place = re.search(rf"(?<=\s){attribute}=" if attribute else "<", line)
            assert place is not None, line
            found.append((code, number, place.start() + 1))
    return sorted(found)


def places(findings: Iterable[Finding]) -> list[tuple[str, int, int]]:
    """Code, line and column of findings."""
    return sorted((finding.code, finding.location.line, finding.location.column) for finding in findings)
