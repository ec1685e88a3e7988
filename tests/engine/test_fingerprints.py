"""Fingerprints: the same finding keeps its own while other things change, and no other finding has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from domlint.engine import Plan, Source
from domlint.fingerprints import fingerprints
from domlint.hosts import Host, load_host
from domlint.rules import catalogue

CAPS = Path(__file__).parents[2] / "examples" / "caps"

VM = """\
<domain type='kvm'>
  <name>web1</name>
  <memory unit='MiB'>2048</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <interface type='network'>
      <mac address='52:54:00:6b:3c:58'/>
      <source network='default'/>
      <model type='virtio'/>
      <teaming type='persistent'/>
      <alias name='ua-uplink'/>
    </interface>
    <interface type='hostdev' managed='yes'>
      <mac address='52:54:00:6b:3c:58'/>
      <source>
        <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>
      </source>
      <teaming type='transient' persistent='ua-upling'/>
    </interface>
  </devices>
</domain>
"""
DISK = "    <disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/></disk>\n"
NIC = "    <interface type='network'><source network='default'/></interface>\n"


def of(text: str, hosts: Sequence[Host] = (), name: str = "vm.xml") -> dict[str, list[str]]:
    """The fingerprints, by code."""
    report = Plan(catalogue(), hosts).check(Source(name, text.encode()))
    made = fingerprints(report.findings, dict(report.lines))
    assert len(set(made)) == len(made)
    by_code: dict[str, list[str]] = {}
    for finding, fingerprint in zip(report.findings, made, strict=True):
        assert re.fullmatch(r"[0-9a-f]{32}:[1-9]\d*", fingerprint)
        by_code.setdefault(finding.code, []).append(fingerprint)
    return by_code


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(VM.replace("<domain", "<!-- a comment\n of two lines -->\n<domain", 1), id="lines above"),
        pytest.param(VM.replace("  <devices>\n", f"  <devices>\n{DISK}{NIC}"), id="devices before"),
        pytest.param(VM.replace("  </devices>\n", f"{DISK}{NIC}  </devices>\n"), id="devices behind"),
        pytest.param(VM.replace("\n  ", "\n\t\t  "), id="indented"),
        pytest.param(VM.replace("\n", "\r\n"), id="line ends"),
        pytest.param(VM.replace("'", '"').replace("/>", " />"), id="quotes and spaces"),
        pytest.param(VM.replace("web1", "web2").replace("2048", "4096"), id="other values"),
        pytest.param(re.sub(r">\n *<", "><", VM), id="one line"),
    ],
)
def test_unrelated_edits_change_no_fingerprint(edited: str) -> None:
    before = of(VM)
    assert {"TEAM033", "TEAM082"} <= set(before)
    after = of(edited)
    assert {code: after.get(code) for code in before} == before


def test_the_name_of_the_file_is_no_part() -> None:
    assert of(VM, name="other/place.xml") == of(VM)


def test_neither_hosts_nor_their_versions_are() -> None:
    old = load_host(str(CAPS / "old-qemu-4.1-x86_64.xml"))
    alone = of(VM, [old])
    assert "TEAM001" in alone
    with_another = of(VM, [load_host(str(CAPS / "debian-12-x86_64.xml")), old])
    assert {code: with_another[code] for code in alone} == alone


def test_a_mended_and_broken_element_is_another_finding() -> None:
    other = of(VM.replace("ua-upling", "ua-uplinq"))
    assert other["TEAM033"] != of(VM)["TEAM033"]


def test_alike_findings_differ_in_a_number_alone() -> None:
    lonely = VM[: VM.index("    <interface type='hostdev'")] + "  </devices>\n</domain>\n"
    one = of(lonely)["TEAM037"]
    pair = lonely[lonely.index("    <interface") : lonely.index("  </devices>")]
    two = of(lonely.replace("  </devices>", f"{pair.replace('uplink', 'second')}  </devices>"))["TEAM037"]
    assert one == [two[0]]
    again = fingerprints((finding := Plan(catalogue()).check(Source("a", VM.encode())).findings[0], finding), {})
    assert [made.partition(":")[2] for made in again] == ["1", "2"]
    assert len({made.partition(":")[0] for made in again}) == 1


def test_they_are_what_they_were() -> None:
    """A baseline and a code scanning service keep them for years: a change needs another name for them."""
    assert of(VM)["TEAM033"] == ["2c68b6b35dcacdf07014657b5d1a46ab:1"]
