"""A libvirt that runs on this machine, asked through virsh.

DOMLINT_VIRSH is a command in a shell's spelling to which virsh's own arguments are appended, and
DOMLINT_VIRSH_CAPS the directory with the capability files of that libvirt. Nothing is started that is not there: virsh
itself starts the libvirtd of qemu:///session. On Debian 12, as root, once:

    apt-get install --no-install-recommends libvirt-clients libvirt-daemon libvirt-daemon-driver-qemu \\
        qemu-system-x86 qemu-system-arm qemu-system-misc qemu-system-ppc
    useradd -m tester

and then

    export DOMLINT_VIRSH='runuser -u tester -- env HOME=/home/tester virsh -c qemu:///session'
    export DOMLINT_VIRSH_CAPS=/home/tester/.cache/libvirt/qemu/cache/capabilities
    pytest tests/real

No KVM and no hardware is needed: domains are of type qemu, have a name and a UUID of their own, and are undefined
again; few are started, and then paused. What is asked of an architecture whose emulator is not installed is skipped.
The answers in the tests are those of libvirt 9.0.0 and QEMU 7.2.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree

from domlint.document import Element
from domlint.engine import Plan, Source
from domlint.findings import Finding, Outcome
from domlint.hosts import Host, load_host
from domlint.networks import Network
from domlint.rules import catalogue

VIRSH = shlex.split(os.environ.get("DOMLINT_VIRSH", ""))
CAPS = os.environ.get("DOMLINT_VIRSH_CAPS", "")

needs_libvirt = pytest.mark.skipif(
    not VIRSH or not CAPS, reason="DOMLINT_VIRSH and DOMLINT_VIRSH_CAPS do not name a libvirt to ask"
)

DOMAIN_NAME = f"domlint-probe-{os.getpid()}"

PROBED_MACHINES = {"pc-q35": "q35", "pc-i440fx": "pc"}
"""The aliases under which every QEMU has its newest machine of a family whose alias is not the family's name."""


class Answer(NamedTuple):
    """What libvirt made of a definition: why it refused it ("" where it did not), else what it wrote down."""

    error: str
    domain: Element | None

    @property
    def is_refused(self) -> bool:
        return bool(self.error)

    @property
    def devices(self) -> Element:
        assert self.domain is not None, self.error
        found = self.domain.find("devices")
        assert found is not None
        return found


def virsh(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*VIRSH, "-q", *arguments], capture_output=True, text=True, timeout=120, check=False)


def define(text: str) -> Answer:
    """Have libvirt define a domain, read back what it made of it, and undefine it."""
    defined = virsh("define", file_with(text))
    if defined.returncode != 0:
        return Answer(defined.stderr.strip().splitlines()[-1], None)
    try:
        return Answer("", etree.fromstring(virsh("dumpxml", "--inactive", DOMAIN_NAME).stdout))
    finally:
        virsh("undefine", "--nvram", DOMAIN_NAME)


def define_as_it_is(text: str) -> Answer:
    """The same with the domain's own name and UUID. Skips the test where there is such a domain."""
    names = re.findall(r"<name>([^<]*)</name>|<uuid>([^<]*)</uuid>", text)
    for name in filter(None, (one for pair in names for one in pair)):
        if virsh("domstate", name).returncode == 0:
            pytest.skip(f"there is a domain {name!r} already")
    defined = virsh("define", file_with(text, is_renamed=False))
    if defined.returncode != 0:
        return Answer(defined.stderr.strip().splitlines()[-1], None)
    written = etree.fromstring(text.encode())
    virsh("undefine", "--nvram", written.findtext("name") or "")
    return Answer("", written)


@contextmanager
def started(text: str) -> Iterator[str]:
    """Have libvirt start a domain, paused, and destroy it in the end. The value is why it does not start, or ""."""
    created = virsh("create", "--paused", file_with(text))
    try:
        yield created.stderr.strip() if created.returncode != 0 else ""
    finally:
        if created.returncode == 0:
            virsh("destroy", DOMAIN_NAME)


@contextmanager
def defined_network(text: str) -> Iterator[None]:
    """Have libvirt know a network meanwhile. Skips the test where this libvirt has no networks."""
    name = etree.fromstring(text).findtext("name")
    assert name is not None
    defined = virsh("net-define", file_with(text))
    if defined.returncode != 0:
        pytest.skip(f"no network can be defined: {defined.stderr.strip()}")
    try:
        yield
    finally:
        virsh("net-undefine", name)


def file_with(text: str, is_renamed: bool = True) -> str:
    """A file that libvirt's user may read, too, with the document under a name of its own."""
    if "<domain" in text and is_renamed:
        before, devices, behind = text.partition("<devices")
        before = re.sub(r"<name>[^<]*</name>", f"<name>{DOMAIN_NAME}</name>", before, count=1)
        text = re.sub(r"\s*<uuid>[^<]*</uuid>", "", before, count=1) + devices + behind
    path = Path(_folder().name, "document.xml")
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return str(path)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="domlint-probe-")
    Path(folder.name).chmod(0o755)
    return folder


@cache
def host_for(arch: str) -> Host:
    """The host that the probed libvirt is, for guests of an architecture. Skips the test where there is none."""
    probed = virsh("domcapabilities", "--virttype", "qemu", "--arch", arch)
    if probed.returncode != 0:
        pytest.skip(f"no emulator for {arch}: {probed.stderr.strip()}")
    emulator = etree.fromstring(probed.stdout).findtext("path")
    hosts = [load_host(path) for path in sorted(Path(CAPS).glob("*.xml"))]
    found = [host for host in hosts if host.arch == arch and host.emulator == emulator]
    assert found, f"no file in {CAPS} is of {emulator}"
    return found[0]


def probed_machine(machine: str, host: Host) -> str:
    """The machine of the same family that the probed QEMU has."""
    family = re.sub(r"-\d+\.\d+$", "", machine)
    found = host.machine(PROBED_MACHINES.get(family, family), "qemu")
    return found.name if found is not None else machine


def findings(text: str, host: Host, networks: tuple[Network, ...] = ()) -> tuple[Finding, ...]:
    """What domlint finds in a domain that this host's libvirt shall read."""
    report = Plan(list(catalogue()), [host], networks).check(Source("domain.xml", text.encode()))
    assert report.crashes == ()
    return report.findings


def refusals(text: str, host: Host, networks: tuple[Network, ...] = ()) -> list[Finding]:
    """The findings that say that libvirt refuses the definition."""
    return [finding for finding in findings(text, host, networks) if finding.outcome is Outcome.DEFINE]
