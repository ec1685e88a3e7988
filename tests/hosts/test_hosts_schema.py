"""The schema of qemuCaps files, and how it explains damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import xmlschema
from caps_builder import caps
from lxml import etree

from domlint.hosts.explain import explain

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "schemas" / "qemucaps.xsd"
EXAMPLES = sorted((ROOT / "examples" / "caps").glob("*.xml"))
VERSIONING = "{http://www.w3.org/2007/XMLSchema-versioning}minVersion"
GOOD = caps("kvm", "tcg")


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema11:
    return xmlschema.XMLSchema11(str(SCHEMA))


@pytest.fixture(scope="module")
def schema_10() -> etree.XMLSchema:
    tree = etree.parse(str(SCHEMA))
    for element in [element for element in tree.iter() if element.get(VERSIONING) == "1.1"]:
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)
    return etree.XMLSchema(tree)


def test_there_are_examples() -> None:
    assert [path.stem for path in EXAMPLES] == ["debian-12-i686", "debian-12-x86_64", "old-qemu-4.1-x86_64"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(path: Path, schema: xmlschema.XMLSchema11, schema_10: etree.XMLSchema) -> None:
    tree = etree.parse(str(path))
    assert [error.reason for error in schema.iter_errors(tree.getroot())] == []
    assert schema_10.validate(tree), schema_10.error_log


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b""),
        (b"</qemuCaps>", b"<later a='1'><below/></later></qemuCaps>"),
        (b"<arch>", b"<later/><arch>"),
        (b"<machine ", b"<machine later='1' "),
        (b"<selfvers>0</selfvers>", b""),
        (b"<selfvers>0</selfvers>", b"<selfvers>1002016</selfvers><usedQMP/>"),
        (b"type='tcg' ", b""),
        (b"type='tcg' ", b"type='mshv' "),
        (b"<machine", b"<cpu name='a'/><hostCPU model='b' migratability='no'/><machine"),
        (b"</qemuCaps>", b"<kvmSupportsNesting/><kvmSupportsSecureGuest/></qemuCaps>"),
    ],
)
def test_tolerated(old: bytes, new: bytes) -> None:
    data = GOOD.replace(old, new, 1)
    assert explain(data) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        (b"<flag name='tcg'/>", b"<flag/>", 6, "'name'"),
        (b"<flag name='tcg'/>", b"<flag name=''/>", 6, "a name, not empty"),
        (b"7002000", b"seven", 7, "<version>: 'seven' is not a version"),
        (b"7002000", b"0", 7, "not 0"),
        (b"<version>7002000</version>", b"", 8, "<arch> where <version> should be"),
        (b"<arch>x86_64</arch>", b"", 9, "<arch> should be"),
        (b"<arch>x86_64</arch>", b"<arch>a b</arch>", 8, "<arch>: 'a b' is not libvirt's name"),
        (b"maxCpus='255'", b"maxCpus='x'", 9, "attribute maxCpus='x' is not a whole number"),
        (b"default='yes'", b"default='1'", 9, "attribute default='1' is not yes or no"),
        (b"type='tcg' ", b"type='' ", 9, "attribute type='' is not what runs the guest"),
        (b"name='pc-i440fx-7.2' ", b"", 9, "missing required attribute 'name'"),
        (b"<arch>", b"<arch>x86_64</arch>\n<arch>", 9, "<arch> where"),
        (b"<qemuctime>1</qemuctime>", b"", 3, "<selfctime> where <qemuctime> should be"),
        (b"</qemuCaps>", b"<gic version='x' kernel='yes' emulated='no'/></qemuCaps>", 11, "version='x'"),
        (b"</qemuCaps>", b"<sgx><flc>perhaps</flc></sgx></qemuCaps>", 11, "<flc>: 'perhaps' is not yes or no"),
        (b"</qemuCaps>", b"<sev><cbitpos>-1</cbitpos></sev></qemuCaps>", 11, "<cbitpos>: '-1' is not"),
        (b"</qemuCaps>", b"<hypervCapabilities/></qemuCaps>", 11, "'supported'"),
        (
            b"<machine",
            b"<hostCPU model='a' migratability='no'><property name='b' type='set' value=''/></hostCPU><machine",
            9,
            "type='set' is not boolean, number or string",
        ),
        (b"7002000</version>", b"7002000</version><cpudata><msr index='1' eax='0x0' edx='0x0'/></cpudata>", 7, "'1'"),
    ],
)
def test_explained(old: bytes, new: bytes, line: int, words: str) -> None:
    data = GOOD.replace(old, new, 1)
    assert data != GOOD
    lines = explain(data)
    assert any(text.startswith(f"line {line}: ") and words in text for text in lines), lines


def test_no_machine_is_explained() -> None:
    assert explain(caps(machines=""))
    assert explain(caps(machines="<cpu name='a'/>"))


def test_many_faults_are_cut_short() -> None:
    data = caps(*[""] * 50)
    assert len(explain(data)) == 6
    assert len(explain(data, limit=2)) == 3
    assert explain(data)[-1] == "and more"


def test_never_raises() -> None:
    assert explain(b"<") == ()
    assert explain(b"<other/>")
