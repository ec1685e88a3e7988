"""What a real libvirt keeps of what a file suppresses.

See real_libvirt.py for how to name one.
"""

from __future__ import annotations

from lxml import etree
from real_libvirt import DOMAIN_NAME, define, file_with, needs_libvirt, virsh

from domlint.document import parse
from domlint.suppressions import Suppression, suppressions_of

pytestmark = needs_libvirt

DOMAIN = """\
<!-- domlint: ignore[TEAM001] before the domain -->
<domain type='qemu'>
  <!-- domlint: ignore[TEAM002] in it -->
  <name>x</name>
  <memory unit='MiB'>64</memory>
  <metadata>
    <!-- domlint: ignore[TEAM003] in the metadata -->
    <other xmlns="urn:other"/>
    <domlint:suppressions xmlns:domlint="urn:domlint:1">
      <domlint:ignore rules="TEAM037, PCI" at="devices/interface[alias/@name='ua-a']"
        reason="it's &lt;so&gt; &quot;é&quot;"/>
      <ignore rules="HOST010"/>
    </domlint:suppressions>
    <domlint:suppressions xmlns:domlint="urn:domlint:1">
      <domlint:ignore rules="USB"/>
    </domlint:suppressions>
  </metadata>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <interface type='user'><mac address='52:54:00:6b:3c:58'/><alias name='ua-a'/></interface>
  </devices>
</domain>
"""


def kept(text: str) -> list[tuple[str, list[str], str, int]]:
    """What is suppressed: how, which rules, why, and in how many places."""
    found = [one for one in suppressions_of(parse("vm.xml", text.encode())) if isinstance(one, Suppression)]
    return [
        (one.kind, [name.text for name in one.names], one.reason, -1 if one.spans is None else len(one.spans))
        for one in found
    ]


METADATA = [("metadata", ["TEAM037", "PCI"], 'it\'s <so> "é"', 1), ("metadata", ["HOST010"], "", -1)]


def test_libvirt_keeps_the_metadata_and_drops_the_comments() -> None:
    assert [one for one in kept(DOMAIN) if one[0] == "metadata"] == METADATA
    assert len(kept(DOMAIN)) == 5
    answer = define(DOMAIN)
    assert not answer.is_refused, answer.error
    assert answer.domain is not None
    written = etree.tostring(answer.domain, encoding="unicode")
    assert kept(written) == METADATA
    assert "USB" not in written, "of two elements of a namespace, libvirt keeps the first"


def test_what_virsh_metadata_sets_is_understood() -> None:
    document = "<domain type='qemu'><name>x</name><memory>65536</memory><os><type>hvm</type></os></domain>"
    defined = virsh("define", file_with(document))
    assert defined.returncode == 0, defined.stderr
    try:
        xml = "<suppressions><ignore rules='HOST010' reason='r'/></suppressions>"
        set_ = virsh("metadata", DOMAIN_NAME, "--uri", "urn:domlint:1", "--key", "domlint", "--config", "--set", xml)
        assert set_.returncode == 0, set_.stderr
        assert kept(virsh("dumpxml", "--inactive", DOMAIN_NAME).stdout) == [("metadata", ["HOST010"], "r", -1)]
    finally:
        virsh("undefine", DOMAIN_NAME)
