"""The rows: what each selects and does not, and that one which is a finding is found where a host lacks it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from fragments import domain_for, kind_of, near_misses
from lxml import etree

import domlint.capability
from domlint.capability import Capability, is_about, machine_class
from domlint.engine import Plan, Source
from domlint.examples import whole_document
from domlint.findings import Outcome
from domlint.hosts import Host
from domlint.hosts.answer import Presence
from domlint.hosts.domaincaps import read_domaincaps_root
from domlint.hosts.lifecycle import table
from domlint.rule import Example
from domlint.rules import catalogue
from domlint.rules.capabilities import SUBJECTS, rows
from domlint.rules.capabilities.table import CLUES
from domlint.selector import Selectors, parse_selector
from domlint.versions import Version

ROOT = Path(__file__).resolve().parents[2]
ROWS = rows()
SELECTED = [(subject, row, text) for subject, row in ROWS.values() for text in row.on]
FOUND = [(subject, row, text) for subject, row, text in SELECTED if row.outcome is not None]


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Capability) else "" if value in SUBJECTS else None


def selects(text: str, domain: etree._Element) -> bool:
    return bool(list(Selectors([(parse_selector(text), None)]).select(domain)))


@pytest.mark.parametrize(("subject", "row", "text"), SELECTED, ids=name_of)
def test_selects_what_it_says_and_nothing_that_lacks_a_part_of_it(subject: str, row: Capability, text: str) -> None:
    selector = parse_selector(text)
    domain = domain_for(row, selector)
    found = [(element, attribute) for _value, element, attribute in Selectors([(selector, None)]).select(domain)]
    assert len(found) == 1
    assert found[0][0].tag == (selector.steps[-1].name if len(selector.steps) > 1 else "domain")
    for what, other in near_misses(row, selector):
        assert not selects(text, other), what


@pytest.mark.parametrize(("subject", "row", "text"), SELECTED, ids=name_of)
def test_a_placeholder_needs_nothing(subject: str, row: Capability, text: str) -> None:
    selector = parse_selector(text)
    domain = domain_for(row, selector)
    element = next(iter(Selectors([(selector, None)]).select(domain)))[1]
    name = selector.attribute or next((key for key in element.attrib if f"@{key}" in text), "")
    if name:
        element.set(name, "{{ value }}")
        assert not selects(text, domain)


@pytest.mark.parametrize("row", [row for _subject, row in ROWS.values()], ids=name_of)
def test_row_is_written_in_full(row: Capability) -> None:
    assert row.name == row.name.lower().replace("_", "-")
    assert row.words
    assert row.words[0] not in " ."
    assert not row.words.endswith(".")
    assert len(row.words) < 80
    assert row.source
    assert row.on
    assert row.flags or row.libvirt or row.qemu, "a row that asks for nothing"
    assert not (row.outcome and not row.flags), "libvirt asks for flags"
    for flag in (flag for needed in row.alternatives for flag in needed):
        assert flag in table()
    for version in filter(None, (row.libvirt, row.qemu, row.asked, row.until)):
        Version.parse(version)
    if row.outcome:
        assert row.outcome in (Outcome.DEFINE, Outcome.START)


def host_with(flags: frozenset[str], arch: str, libvirt: Version) -> Host:
    return Host("host", "host.xml", "qemucaps", None, arch, Version(4, 2, 0), libvirt_version=libvirt, flags=flags)


def findings(domain: etree._Element, host: Host, libvirt: Version) -> list[tuple[str, str, Outcome]]:
    rules = [rule for rule in catalogue() if rule.code.startswith("CAPS")]
    report = Plan(rules, [host], libvirt=libvirt).check(Source("vm.xml", etree.tostring(domain)))
    assert report.crashes == ()
    return [(found.code, found.message, found.outcome) for found in report.findings]


@pytest.mark.parametrize(("subject", "row", "text"), FOUND, ids=name_of)
def test_what_a_host_lacks_is_found_and_what_it_has_is_not(subject: str, row: Capability, text: str) -> None:
    """The clues, too: each is a text that such a domain has. A libvirt that does not ask yet finds nothing."""
    domain = domain_for(row, parse_selector(text))
    arch, _machine = kind_of(row)
    clue = next(clue for clue in CLUES if clue[2] == row.name)
    libvirt = Version(*clue[5])
    lacking = host_with(frozenset(table()) - {f for needed in row.alternatives for f in needed}, arch, libvirt)
    found = findings(domain, lacking, libvirt)
    answers = [[lacking.answer(flag).presence for flag in needed] for needed in row.alternatives]
    if all(Presence.ABSENT in needed for needed in answers):
        assert [(outcome, row.words in message) for _code, message, outcome in found] == [(row.outcome, True)]
        assert {code for code, _message, _outcome in found} == {f"CAPS{(SUBJECTS.index(subject) + 1) * 10:03}"}
    else:
        assert found == []
    assert findings(domain, host_with(frozenset(table()), arch, libvirt), libvirt) == []
    assert findings(domain, lacking, Version(4, 0, 0)) == []


OFFERS = """\
<domainCapabilities>
  <path>/usr/bin/qemu-system-x86_64</path><domain>kvm</domain><machine>pc-q35-8.2</machine><arch>x86_64</arch>
  <devices>
    <video supported='yes'><enum name='modelType'><value>vga</value>{more}</enum></video>
  </devices>
</domainCapabilities>
"""


@pytest.mark.parametrize(
    ("more", "codes"),
    [("", ["CAPS090", "HOST111"]), ("<value>cirrus</value>", ["CAPS070", "CAPS090"])],
)
def test_what_a_host_says_in_two_ways_is_found_once(more: str, codes: list[str]) -> None:
    offers = read_domaincaps_root(etree.fromstring(OFFERS.format(more=more)), "domcapabilities.xml", "host")
    host = host_with(frozenset(table()) - {"cirrus-vga", "virtio-sound"}, "x86_64", Version(11, 3, 0))
    host = host._replace(machines=offers.machines, domain_capabilities=offers.domain_capabilities)
    devices = "<video><model type='cirrus'/></video><sound model='virtio'/>"
    source = Source("vm.xml", whole_document(Example(devices, machine="pc-q35-8.2")).encode())
    found = Plan(catalogue(), [host], libvirt=Version(11, 3, 0)).check(source).findings
    assert sorted(one.code for one in found) == codes


def test_most_of_the_findings_were_tested() -> None:
    tested = 0
    for _subject, row, _text in FOUND:
        clue = next(clue for clue in CLUES if clue[2] == row.name)
        host = host_with(frozenset(), kind_of(row)[0], Version(*clue[5]))
        tested += all(
            any(host.answer(flag).presence is Presence.ABSENT for flag in needed) for needed in row.alternatives
        )
    assert tested > 0.9 * len(FOUND)


def test_there_are_many_rows() -> None:
    assert len(ROWS) > 300
    assert len({row.name for _subject, row, _text in FOUND}) > 200


def test_two_rows_of_one_name_are_refused() -> None:
    row = Capability("one", "something", ("devices/vsock",), "nowhere")
    with pytest.raises(ValueError, match="'one'"):
        domlint.capability.all_of([("a", (row,)), ("b", (row,))])


def test_the_table_of_clues_is_current() -> None:
    spec = importlib.util.spec_from_file_location("make_capabilities", ROOT / "tools" / "make_capabilities.py")
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.TABLE.read_text() == tool.text(), "run tools/make_capabilities.py"


@pytest.mark.parametrize(
    ("arch", "machine", "expected"),
    [
        ("x86_64", "pc-q35-8.2", "q35"),
        ("x86_64", "q35", "q35"),
        ("i686", "pc", "i440fx"),
        ("x86_64", "pc-i440fx-2.9", "i440fx"),
        ("x86_64", "pc-1.3", "i440fx"),
        ("x86_64", "microvm", None),
        ("aarch64", "pc-q35-8.2", None),
        ("aarch64", "virt-8.2", "virt"),
        ("riscv64", "virt", "virt"),
        ("ppc64", "pseries-7.1", "pseries"),
        ("s390x", "s390-ccw-virtio-8.2", "ccw"),
        (None, "q35", None),
        ("x86_64", None, None),
    ],
)
def test_machine_classes(arch: str | None, machine: str | None, expected: str | None) -> None:
    assert machine_class(arch, machine) == expected


@pytest.mark.parametrize(
    ("architectures", "machines", "types", "expected"),
    [
        ((), (), (), True),
        (("x86_64",), ("q35",), ("kvm",), True),
        (("aarch64",), (), (), False),
        ((), ("i440fx",), (), False),
        ((), (), ("qemu",), False),
    ],
)
def test_what_a_row_is_about(
    architectures: tuple[str, ...], machines: tuple[str, ...], types: tuple[str, ...], expected: bool
) -> None:
    row = Capability("r", "w", (), "s", architectures=architectures, machines=machines, types=types)
    assert is_about(row, "x86_64", "pc-q35-8.2", "kvm") is expected
    assert is_about(row, None, None, None) is (not (architectures or machines or types))
