"""Every value that the table of offered values judges, held against a real libvirt: listed or not, taken or refused.

See real_libvirt.py for how to name one. What a host lists, it takes, or it refuses it for another reason, which is said
here; what it does not list, it refuses at the step that the rule says, and for the reason that the rule gives.
"""

from __future__ import annotations

import re
from functools import cache

import pytest
from lxml import etree
from real_libvirt import define, findings, needs_libvirt, started, virsh

from domlint.examples import whole_document
from domlint.findings import Outcome
from domlint.hosts import Host
from domlint.hosts.domaincaps import read_domaincaps_root
from domlint.rules.host.values import ROWS, Row, example

pytestmark = needs_libvirt

MACHINES = (
    ("x86_64", "pc"),
    ("x86_64", "q35"),
    ("ppc64", "pseries"),
    ("aarch64", "virt"),
    ("s390x", "s390-ccw-virtio"),
)

CASES = [
    pytest.param(row, value, arch, machine, id=f"{row.code}-{value or 'feature'}-{machine}")
    for row in ROWS
    for value in ([one.name for one in row.values] or [""])
    for arch, machine in MACHINES
]

WORDS = {
    "HOST100": "IDE controllers are unsupported|SATA is not supported|USB is disabled|unknown disk bus|attribute 'bus'",
    "HOST101": "do not support floppy",
    "HOST110": "graphics are not supported",
    "HOST111": "does not support video model",
    "HOST120": "USB is disabled",
    "HOST121": "host doesn't support",
    "HOST122": "host doesn't support",
    "HOST150": "does not support TPM",
    "HOST151": "does not support TPM backend|TPM version",
    "HOST160": "USB is disabled|USB redirection is not supported",
    "HOST180": "Unable to find any firmware",
    "HOST181": "Unable to find any firmware",
    "HOST191": "SEV launch security is not supported",
    "HOST192": "S390 PV launch security is not supported",
    "HOST193": "sgx epc isn't supported",
    "HOST201": "vmcoreinfo is not available",
    "HOST202": "does not support the 'genid'",
}
"""What libvirt says when it refuses what a row reports: it must not be for another reason."""

REFUSED_ALL_THE_SAME = {
    "HOST100": "USB is disabled",
    "HOST120": "USB is disabled",
    "HOST140": "not yet supported in session mode",
    "HOST151": "TPM version",
    "HOST152": "TPM version",
    "HOST160": "USB is disabled",
    "HOST161": "not supported without spice graphics",
    "HOST162": "spicevmc device type only supports virtio|Missing source channel attribute",
    "HOST170": "Invalid value for attribute 'type' in element 'backend': 'passt'",
    "HOST175": "unknown panic model 'pvpanic'|does not support the ISA panic|only .* guests support panic",
    "HOST181": "Secure boot is supported with",
    "HOST190": "launch security is not supported|Invalid value for attribute 'type' in element 'launchSecurity'",
    "HOST192": "S390 PV launch security is not supported",
    "HOST200": "'gic' feature is not supported",
    "HOST203": "unexpected feature 'async-teardown'",
    "HOST204": "unexpected feature 'ps2'",
    "HOST205": "Hyperv features are not supported|unsupported HyperV Enlightenment feature",
}
"""Why libvirt 9.0.0 refuses what the table is silent about.

It lists the value, and something else is missing (no USB controller by default on Arm's virt, no SPICE graphics, no
right to virtiofs); or it does not list what it does not know yet (pvpanic, passt …), or what is not for the
architecture (s390-pv).
"""


COMPLETED = {
    "<backend model='egd'/>": "<backend model='egd' type='tcp'><source mode='connect' host='h' service='1'/></backend>",
    "<backend type='external'/>": "<backend type='external'><source type='unix' mode='connect' path='/t'/></backend>",
}
"""Parts of examples that libvirt wants more of with some values."""


@cache
def offers(arch: str, machine: str) -> Host:
    asked = virsh("domcapabilities", "--virttype", "qemu", "--arch", arch, "--machine", machine)
    if asked.returncode != 0:
        pytest.skip(f"no emulator for {arch}: {asked.stderr.strip()}")
    return read_domaincaps_root(etree.fromstring(asked.stdout), "domcapabilities.xml", "probed")


def text_of(row: Row, value: str, arch: str, machine: str) -> str:
    """The example of the row as a domain that the probed host may run."""
    wanted = example(row, value, is_offered=True)
    text = whole_document(wanted._replace(arch=arch, machine=machine, type="qemu"))
    text = text.replace("type='kvm'", "type='qemu'")
    text = re.sub(r"arch='x86_64' machine='pc-q35-8.2'", f"arch='{arch}' machine='{machine}'", text)
    if arch != "x86_64":
        text = text.replace("    <smm state='on'/>\n", "")
    if arch == "aarch64" and value == "bios":
        text = text.replace("    <acpi/>\n", "")
    for piece, whole in COMPLETED.items():
        text = text.replace(piece, whole)
    if row.code == "HOST193" and "<numa>" not in text:
        text = text.replace("<os>", "<maxMemory slots='2' unit='MiB'>2048</maxMemory>\n  <vcpu>1</vcpu>\n  <os>")
        numa = "<cpu><numa><cell id='0' cpus='0' memory='1024' unit='MiB'/></numa></cpu>"
        text = text.replace("  <devices>", f"  {numa}\n  <devices>")
    return text


@pytest.mark.parametrize(("row", "value", "arch", "machine"), CASES)
def test_host_does_what_its_list_says(row: Row, value: str, arch: str, machine: str) -> None:
    host = offers(arch, machine)
    # The file is for the machine's own name: an alias alone could stand for another one.
    text = text_of(row, value, arch, host.machines[0].name)
    found = [finding for finding in findings(text, host) if finding.code == row.code]
    others = [finding for finding in findings(text, host) if finding.code != row.code and finding.code >= "HOST100"]
    answer = define(text)
    if not found:
        allowed = REFUSED_ALL_THE_SAME.get(row.code, "^$")
        assert not answer.is_refused or others or re.search(allowed, answer.error), answer.error
        return
    assert found[0].outcome in (Outcome.DEFINE, Outcome.START), found
    error = answer.error
    if found[0].outcome is Outcome.START:
        assert not answer.is_refused, f"refused at define: {error}"
        with started(text) as error:
            assert error, f"it starts, against: {found[0].message}"
    assert error, f"libvirt defines it, against: {found[0].message}"
    assert re.search(WORDS[row.code], error), f"for another reason: {error}"
