"""What is said of mistakes in the structure: one finding for one mistake, at its place, and the way out."""

from __future__ import annotations

import time

import pytest

from domlint.engine import Plan, Source
from domlint.examples import whole_document
from domlint.findings import Outcome, Severity
from domlint.rule import Example
from domlint.rules import catalogue
from domlint.versions import Version

DROPS = "libvirt drops it without a word"
REFUSES = "libvirt refuses the definition"


def told(text: str, libvirt: str = "") -> list[str]:
    plan = Plan(catalogue(), libvirt=Version.parse(libvirt) if libvirt else None)
    report = plan.check(Source("vm.xml", text.encode()))
    assert report.crashes == ()
    for one in report.findings:
        if one.code.startswith("SCHEMA"):
            assert (one.severity is Severity.ERROR) == (one.outcome is Outcome.DEFINE)
    return [
        f"{one.severity.value}[{one.code}] {one.location.line}:{one.location.column} {one.message} ({one.help})"
        for one in report.findings
    ]


MISTAKES = [
    pytest.param(
        "<interface tpye='bridge'>\n<source bridge='br0'/><virtualport type='openvswitch'/>\n</interface>",
        [
            f"error[SCHEMA002] 8:16 <interface> has no attribute 'tpye': {REFUSES} "
            "(did you mean 'type'? Otherwise remove it)"
        ],
        id="a type that is misspelt is the one mistake",
    ),
    pytest.param(
        "<interface type='bridg'>\n<source bridge='br0'/><foo/>\n</interface>",
        [
            f"error[SCHEMA005] 8:16 'type' of <interface> cannot be 'bridg': {REFUSES} "
            "(did you mean 'bridge'? It can be 'user', 'ethernet', 'vhostuser', 'server', 'client', 'mcast', "
            "'network', 'bridge', 'internal', 'direct', 'hostdev', 'udp' and 3 more)"
        ],
        id="what is in a device of an unknown type is not judged",
    ),
    pytest.param(
        "<interface type='network'>\n<sourc network='a'/>\n</interface>",
        [
            "error[SCHEMA001] 9:5 libvirt knows no <sourc> in <interface>: it refuses the definition "
            "(did you mean <source>? Otherwise remove it)"
        ],
        id="a misspelt element is not missing as well",
    ),
    pytest.param(
        "<teaming/>",
        [
            f"warning[SCHEMA003] 8:5 <teaming> does not belong in <devices>: {DROPS} "
            "(move it into <interface> or <hostdev>, or remove it)"
        ],
        id="elsewhere",
    ),
    pytest.param(
        "<interface type='user'>\n<model type='virtio'><link state='down'/></model>\n</interface>",
        [
            f"warning[SCHEMA003] 9:26 <link> does not belong in <model>: {DROPS} "
            "(move it into the <interface> further out, or remove it)"
        ],
        id="one level too deep",
    ),
    pytest.param(
        "<disk type='block'>\n<source file='/a' dev='/b'/>\n<target dev='vda'/></disk>",
        [
            f"warning[SCHEMA004] 9:13 the attribute 'file' belongs to <disk type='file'>, not to this one: {DROPS} "
            "(remove it, or change what <source> is)"
        ],
        id="an attribute of another type of what is around",
    ),
    pytest.param(
        "<controller type='usb' vectors='3'/>",
        [
            "warning[SCHEMA004] 8:28 the attribute 'vectors' belongs to <controller type='virtio-serial'>, not to this "
            f"one: {DROPS} (remove it, or change what <controller> is)"
        ],
        id="an attribute of another type",
    ),
    pytest.param(
        "<video>\n<model type='virtio' heads='two'/>\n</video>",
        [
            f"error[SCHEMA005] 9:26 'heads' of <model> cannot be 'two': {REFUSES} "
            "(it must be a whole number from 0 to 4294967295)"
        ],
        id="no number",
    ),
    pytest.param(
        "<emulator>/a</emulator>\n<emulator>/b</emulator>",
        [
            "warning[SCHEMA008] 9:5 <emulator> may be in <devices> only once: libvirt reads the first and drops this "
            "one without a word (keep the one that is meant)"
        ],
        id="twice",
    ),
    pytest.param(
        "<input type='mouse' bus='usb'>\nhallo</input>",
        [
            f"warning[SCHEMA009] 8:5 the text 'hallo' in <input> means nothing: {DROPS} "
            "(remove it; a comment is <!-- … -->)"
        ],
        id="text",
    ),
    pytest.param(
        "<hostdev mode='subsystem' type='pci'>\n<source><address type='pci' domain='0' bus='3' slot='0' function='0'/>"
        "</source></hostdev>",
        [
            "note[SCHEMA002] 9:22 <address> has no attribute 'type' here: what it says is so anyhow, and libvirt "
            "drops it (remove it)"
        ],
        id="needless",
    ),
    pytest.param(
        "<interface type='user'><model type='virtio'/><teaming tpye='persistent'/></interface>",
        [
            f"error[SCHEMA002] 8:59 <teaming> has no attribute 'tpye': {REFUSES} "
            "(did you mean 'type'? Otherwise remove it)"
        ],
        id="a teaming that is misspelt is not empty as well",
    ),
]


@pytest.mark.parametrize("devices, expected", MISTAKES)
def test_mistakes(devices: str, expected: list[str]) -> None:
    assert told(whole_document(Example(devices))) == expected


@pytest.mark.parametrize(
    "devices",
    [
        "<interface type='{{ type }}'>\n<source foo='{{ a }}'/><foo/>\n</interface>",
        "<disk type='file'><source file='{{ path }}'/><target dev='vda' bus='@BUS@'/></disk>",
        "<disk>{% if a %}<source file='/a'/>{% else %}<source file='/b'/>{% endif %}<target dev='vda'/></disk>",
        "{% for disk in disks %}{% endfor %}",
        "<memballoon model='${MODEL}'/>",
    ],
)
def test_placeholders_are_silent(devices: str) -> None:
    assert told(whole_document(Example(devices))) == []


@pytest.mark.parametrize(
    "around",
    [
        "<metadata><a:x xmlns:a='urn:a' b='c'>text<d/></a:x><e xmlns='urn:e'><domain/></e></metadata>",
        "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'/>",
        "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-s'/></q:commandline>",
        "<description>a &amp; b &lt; c <!-- d --> <![CDATA[<e>]]></description>",
        "<vcpu> 2\n</vcpu>",
        "<?php echo '<name/>' ?>",
    ],
)
def test_right_documents(around: str) -> None:
    assert told(whole_document(Example("", around=around))) == []


@pytest.mark.parametrize(
    "around",
    [
        "<qemu:commandline xmlns:qemu='urn:other'><qemu:arg value='-s'/></qemu:commandline>",
        "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg vlaue='-s'/></q:commandline>",
        "<metadata/>text",
        "<?x <vcpu>2</vcpu> ?><vcpu>x</vcpu>",
    ],
)
def test_wrong_documents(around: str) -> None:
    assert len(told(whole_document(Example("", around=around)))) == 1


@pytest.mark.parametrize("libvirt, is_too_new", [("8.2.0", True), ("8.3.0", False), ("11.3.0", False), ("", False)])
def test_what_is_newer_than_libvirt(libvirt: str, is_too_new: bool) -> None:
    rss = "<interface type='user'><model type='virtio'/>\n<driver rss='on'/></interface>"
    words = "the attribute 'rss' of <driver> came with libvirt 8.3.0: an older one drops it without a word"
    way_out = "take it out, or run the domain on libvirt 8.3.0 or newer"
    expected = [f"warning[SCHEMA010] 9:13 {words} ({way_out})"] if is_too_new else []
    assert told(whole_document(Example(rss)), libvirt) == expected


@pytest.mark.parametrize(
    "features, severity",
    [
        ("<ras state='on'/>", "error"),
        ("<hyperv><avic state='on'/></hyperv>", "error"),
        ("<hyperv mode='passthrough'/>", "warning"),
        ("<hyperv><tlbflush state='on'><direct state='on'/></tlbflush></hyperv>", "warning"),
    ],
)
def test_what_is_newer_is_refused_where_libvirt_refuses_what_it_does_not_know(features: str, severity: str) -> None:
    mistakes = told(whole_document(Example("", around=f"<features>{features}</features>")), "7.0.0")
    assert [mistake for mistake in mistakes if f"{severity}[SCHEMA010]" in mistake] != []


def test_a_network_is_looked_at_too() -> None:
    text = "<network>\n  <name>a</name>\n  <forward mode='nat' manged='yes'/>\n</network>\n"
    words = f"<forward> has no attribute 'manged': {DROPS}"
    assert told(text) == [f"warning[SCHEMA002] 3:23 {words} (did you mean 'managed'? Otherwise remove it)"]


LARGE = {
    "elements": "<domain>" + "<a/>" * 1_000_000 + "</domain>",
    "elements with names of their own": "<domain>" + "".join(f"<vcpu{n}/>" for n in range(200_000)) + "</domain>",
    "attributes": "<domain " + " ".join(f"type{n}=''" for n in range(200_000)) + "/>",
    "elements with attributes": whole_document(Example("<disk tpye='a' dvice='b'/>" * 200_000)),
    "text": "<domain>" + "<name>a</name>b" * 200_000 + "</domain>",
    "right ones": whole_document(Example("<input type='tablet' bus='usb'/>" * 200_000)),
    "depth": "<domain>" + "<a>" * 250 + "</a>" * 250 + "</domain>",
}


@pytest.mark.parametrize("name", LARGE)
def test_large_documents(name: str) -> None:
    begin = time.process_time()
    report = Plan(catalogue().select(["SCHEMA"])).check(Source("vm.xml", LARGE[name].encode()))
    assert time.process_time() - begin < 20
    assert len(report.findings) <= 1000
    assert report.crashes == ()
