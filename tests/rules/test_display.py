"""Firmware, boot orders, displays, graphics cards, sound and character devices: refusals, since when, and silence.

The verdicts of display_cases.txt are libvirt 11.3.0's own; those below were read in the sources of 7.0.0 and 9.0.0, and
seen with these versions.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domlint.engine import Plan, Source
from domlint.examples import example_host, whole_document
from domlint.rule import Example
from domlint.rules import catalogue
from domlint.versions import Version

RULES = catalogue().select(["BOOT", "FW", "GFX", "VIDEO", "SOUND", "CHR"])


def document(devices: str, os: str = "", around: str = "", attributes: str = "", where: str = "") -> str:
    arch, _, machine = (where or "x86_64 q35").partition(" ")
    text = whole_document(Example(devices, machine, arch, around=around))
    return text.replace("<os>", f"<os {attributes}>").replace("</type>", f"</type>{os}")


def found(text: str, libvirt: str = "11.3.0", host: str = "") -> list[str]:
    """The codes of refusals."""
    hosts = (example_host(host),) if host else ()
    report = Plan(RULES, hosts, libvirt=Version.parse(libvirt)).check(Source("x.xml", text.encode()))
    assert report.crashes == ()
    return [finding.code for finding in report.findings if finding.outcome.value in ("define", "start")]


_LINE = re.compile(r"([A-Z0-9 ]+|ok)(?: \[(.*?)\])?: (?:<os ?([^>]*)>(.*?)</os>)?(?:(.*)%%)?(.*)")
CASES = [line for line in Path(__file__).with_name("display_cases.txt").read_text().splitlines() if line[:1] not in "#"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[:90])
def test_libvirts_own_verdicts(case: str) -> None:
    match = _LINE.fullmatch(case)
    assert match is not None
    codes, where, attributes, inside, around, devices = (part or "" for part in match.groups())
    expected = [] if codes == "ok" else codes.split()
    assert sorted(found(document(devices, inside, around, attributes, where))) == sorted(expected)


ACPI = "<features><acpi/></features>"
FLASH = "<loader type='pflash' readonly='yes'>/usr/share/OVMF/OVMF_CODE.fd</loader>"


@pytest.mark.parametrize(
    ("attributes", "inside", "expected"),
    [
        ("", "<nvram>/a</nvram>", {"7.0.0": [], "9.0.0": ["FW002"], "11.3.0": ["FW002"]}),
        ("firmware='efi'", "<loader readonly='yes'/>", {"7.0.0": [], "9.0.0": ["FW003"], "11.3.0": []}),
        ("firmware='efi'", "<loader>/a</loader>", {"7.0.0": [], "9.0.0": ["FW003"], "11.3.0": []}),
        ("firmware='efi'", "<loader secure='no'/>", {"7.0.0": [], "9.0.0": ["FW003"], "11.3.0": []}),
        ("firmware='efi'", "<loader secure='yes'/>", {"7.0.0": [], "9.0.0": [], "11.3.0": []}),
        ("firmware='efi'", "<loader readonly='no'/>", {"7.0.0": [], "9.0.0": ["FW003"], "11.3.0": ["FW022"]}),
        ("firmware='efi'", "<nvram template='/a'/>", {"7.0.0": [], "9.0.0": ["FW009"], "11.3.0": []}),
        ("firmware='bios'", "<nvram/>", {"7.0.0": [], "9.0.0": [], "11.3.0": ["FW004"]}),
        ("firmware='bios'", "<nvram>/a</nvram>", {"7.0.0": [], "9.0.0": ["FW004"], "11.3.0": ["FW004"]}),
        (
            "",
            "<firmware><feature name='secure-boot' enabled='yes'/></firmware>",
            {"7.0.0": [], "9.0.0": ["FW006"], "11.3.0": []},
        ),
        (
            "",
            "<loader type='pflash' readonly='yes' secure='yes'>/usr/share/OVMF/OVMF_CODE.fd</loader>",
            {"7.0.0": ["FW011"], "9.0.0": ["FW011"], "11.3.0": []},
        ),
        (
            "",
            "<loader type='pflash' readonly='no'>/a</loader><nvram>/b</nvram>",
            {"7.0.0": [], "9.0.0": [], "11.3.0": ["FW021"]},
        ),
        (
            "",
            "<loader type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram>/b</nvram>",
            {"7.0.0": [], "9.0.0": [], "11.3.0": []},
        ),
    ],
)
def test_firmware_by_release(attributes: str, inside: str, expected: dict[str, list[str]]) -> None:
    text = document("", inside, ACPI, attributes)
    assert {libvirt: found(text, libvirt) for libvirt in expected} == expected


SPICE_CHANNEL = "<channel type='spicevmc'><target type='virtio'/></channel>"


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ("<graphics type='vnc' passwd='123456789'/>", {"7.0.0": [], "9.0.0": ["GFX031"]}),
        ("<graphics type='rdp'/>", {"9.0.0": ["GFX010"], "11.3.0": ["GFX013"]}),
        ("<video><model type='vga' heads='2'/></video>", {"7.0.0": [], "9.0.0": ["VIDEO020"]}),
        ("<video><driver iommu='on'/><model type='vga'/></video>", {"7.0.0": [], "9.0.0": ["VIDEO011"]}),
        (SPICE_CHANNEL, {"7.0.0": [], "9.0.0": ["CHR009"]}),
        ("<serial type='pty'><target type='isa-serial' port='4'/></serial>", {"7.0.0": [], "9.0.0": ["CHR027"]}),
        (
            "<serial type='tcp'><source mode='bind' host='a' service='1'/><protocol type='tls'/></serial>",
            {"7.0.0": [], "9.0.0": [], "11.3.0": ["CHR008"]},
        ),
        ("<smartcard mode='host'/><smartcard mode='host'/>", {"7.0.0": ["CHR060"], "9.0.0": ["CHR060"]}),
    ],
)
def test_devices_by_release(devices: str, expected: dict[str, list[str]]) -> None:
    text = document(devices)
    assert {libvirt: found(text, libvirt) for libvirt in expected} == expected


@pytest.mark.parametrize(
    "devices",
    [
        "<graphics type='{{ g }}'/>" + SPICE_CHANNEL,
        "<graphics type='vnc' port='{{ port }}'/>",
        "<graphics type='vnc' autoport='{{ auto }}'/>",
        "<graphics type='vnc' passwd='{{ a_long_password }}'/>",
        "<graphics type='spice' port='{{ port }}' defaultMode='secure'/>",
        "<graphics type='spice' defaultMode='{{ mode }}'/>",
        "<graphics type='vnc' listen='{{ a }}'><listen type='address' address='192.0.2.1'/></graphics>",
        "<graphics type='vnc'><audio id='{{ id }}'/></graphics>",
        "<audio id='{{ id }}' type='none'/><sound model='ich9'><audio id='2'/></sound>",
        "<graphics type='{{ g }}'/><audio id='1' type='spice'/>",
        "<graphics type='{{ g }}'/><sound model='ich9'/>",
        "<video><model type='{{ type }}' heads='2' vgamem='5'/></video>",
        "<video><model type='qxl' vgamem='{{ size }}'/></video>",
        "<video><model type='qxl'/></video><video><model type='{{ type }}'/></video>",
        "<serial type='{{ type }}'/>",
        "<serial type='file'><source path='{{ path }}'/></serial>",
        "<serial type='unix'><source mode='{{ mode }}' path='/a'><reconnect enabled='no'/></source></serial>",
        "<serial type='pty'><target type='{{ type }}'><model name='pl011'/></target></serial>",
        "<serial type='pty'><target type='pci-serial'><model name='{{ model }}'/></target></serial>",
        "<serial type='pty'><target port='{{ port }}'/></serial>",
        "<console type='pty'/><console type='pty'><target type='{{ type }}'/></console>",
        "<channel type='pty'><target type='{{ type }}'/></channel>",
        "<channel type='spicevmc'><target type='virtio' name='{{ name }}'/></channel><graphics type='spice'/>",
        "<channel type='pty'><target type='guestfwd' address='{{ a }}' port='{{ p }}'/></channel>",
        "<channel type='pty'><target type='virtio'/><address type='virtio-serial' port='{{ p }}'/></channel>" * 2,
        "<smartcard mode='host'><address type='ccid' slot='{{ slot }}'/></smartcard>",
        "<interface type='user'><boot order='{{ n }}'/></interface>" * 2,
    ],
)
def test_what_a_template_fills_in_is_not_judged(devices: str) -> None:
    assert found(document(devices)) == []


@pytest.mark.parametrize("where", ["{{arch}} {{machine}}", "x86_64 {{machine}}", "aarch64 myboard"])
def test_a_machine_that_is_not_known_is_not_judged(where: str) -> None:
    devices = (
        "<serial type='pty'><target type='system-serial'><model name='pl011'/></target></serial><parallel type='pty'/>"
    )
    assert found(document(devices, "<loader secure='yes'/>", ACPI, "firmware='efi'", where)) == []


def test_other_drivers_are_left_alone() -> None:
    text = document("<graphics type='desktop'/><serial type='file'/>", "<loader/>").replace("type='kvm'", "type='xen'")
    assert found(text) == []


@pytest.mark.parametrize("host", ["aarch64-8.2", ""])
def test_a_default_card_is_judged_where_the_host_is_known(host: str) -> None:
    text = document("<graphics type='vnc'/>", where="aarch64 virt-8.2")
    assert found(text, host=host) == (["VIDEO033"] if host else [])
