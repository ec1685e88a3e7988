"""The schemas keep to the subset of XSD 1.1 that domlint's own tools read, and say of everything what it is."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from lxml import etree
from xsd import ROOTS, SCHEMAS, XS, files, schema_of

VERSION = "{http://www.w3.org/2007/XMLSchema-versioning}minVersion"
APPINFO = "{urn:domlint:schema}"
KNOWN_TO = {
    "since": ("element", "attribute", "enumeration", "complexType"),
    "ignored": ("element", "attribute"),
    "tolerated": ("element", "attribute", "assert"),
    "single": ("element",),
    "closed": ("complexType",),
    "needless": ("complexType",),
    "taken": ("element", "attribute", "simpleType"),
}
ALLOWED = {
    "schema": {"include", "import", "element", "simpleType", "complexType", "group", "attributeGroup"},
    "complexType": {"all", "group", "simpleContent", "attribute", "attributeGroup", "anyAttribute", "assert"},
    "simpleContent": {"extension"},
    "extension": {"attribute", "attributeGroup", "assert"},
    "all": {"element", "group", "any"},
    "sequence": {"any"},
    "group": {"all", "sequence"},
    "attributeGroup": {"attribute", "attributeGroup"},
    "element": {"alternative"},
    "simpleType": {"restriction", "union"},
    "restriction": {
        *("enumeration", "pattern", "minInclusive", "maxInclusive", "length", "minLength", "maxLength", "whiteSpace")
    },
}
ATOM = r"(?:@[\w.-]+='[^']*'|not\(@[\w.-]+\))"
JOINED = rf"{ATOM}(?: (?:and|or) {ATOM})*"
ALTERNATIVE = re.compile(rf"(?:{ATOM}|\({JOINED}\))(?: (?:and|or) (?:{ATOM}|\({JOINED}\)))*")


@cache
def trees() -> list[tuple[Path, etree._ElementTree]]:
    return [(path, etree.parse(str(path))) for path in files()]


def kind(element: etree._Element) -> str:
    return str(element.tag).removeprefix(XS)


@cache
def elements() -> list[tuple[str, etree._Element]]:
    """Each element of the schemas, with the place to look at if it is wrong."""
    return [
        (f"{path.relative_to(SCHEMAS)}:{element.sourceline}", element)
        for path, tree in trees()
        for element in tree.iter(XS + "*")
    ]


@pytest.mark.parametrize("root", ROOTS)
def test_schema_builds_and_knows_its_root(root: str) -> None:
    assert list(schema_of(root).elements) == [root] if root != "domain" else root in schema_of(root).elements


def test_only_what_the_tools_read() -> None:
    wrong = []
    for place, element in elements():
        parent = element.getparent()
        if parent is None or "annotation" in (kind(element), kind(parent)):
            continue
        if kind(element) not in ALLOWED.get(kind(parent), set()):
            wrong.append(f"{place}: {kind(element)} in {kind(parent)}")
        if kind(element) == "sequence" and parent.get("name") != "NoChildren":
            wrong.append(f"{place}: an order where libvirt has none")
        if element.get("mixed"):
            wrong.append(f"{place}: mixed content")
    assert wrong == []


def test_elements_have_named_types() -> None:
    wrong = []
    for place, element in elements():
        alternatives = element.findall(XS + "alternative")
        if kind(element) == "element" and not element.get("ref") and bool(element.get("type")) == bool(alternatives):
            wrong.append(f"{place}: a type or alternatives")
        if kind(element) == "attribute" and not element.get("type"):
            wrong.append(f"{place}: an attribute without a type")
    assert wrong == []


def test_alternatives_ask_for_attributes_and_end_with_a_fallback() -> None:
    wrong = []
    for place, element in elements():
        tests = [alternative.get("test") for alternative in element.findall(XS + "alternative")]
        if tests and (tests[-1] is not None or None in tests[:-1]):
            wrong.append(f"{place}: the last alternative, and no other, is without a test")
        wrong += [f"{place}: {test}" for test in tests if test is not None and not ALTERNATIVE.fullmatch(test)]
    assert wrong == []


def test_types_and_assertions_are_documented() -> None:
    wrong = [
        f"{place}: {element.get('name')}"
        for place, element in elements()
        if kind(element) in ("simpleType", "complexType", "assert")
        and not (element.findtext(f"{XS}annotation/{XS}documentation") or "").strip()
    ]
    assert wrong == []


def test_words_of_values_complete_a_sentence() -> None:
    """A message says that a value must be …: no full stop, no capital at the start unless it is a name."""
    wrong = []
    for place, element in elements():
        if kind(element) == "simpleType":
            words = (element.findtext(f"{XS}annotation/{XS}documentation") or "").strip()
            if words.endswith(".") or re.match(r"[A-Z][a-z]", words):
                wrong.append(f"{place}: {words}")
    assert wrong == []


def test_annotations_for_tools_are_known() -> None:
    wrong = []
    for path, tree in trees():
        for mark in tree.iter(APPINFO + "*"):
            name = str(mark.tag).removeprefix(APPINFO)
            info = mark.getparent()
            assert info is not None
            holder = next(ancestor for ancestor in info.iterancestors() if kind(ancestor) != "annotation")
            place = f"{path.relative_to(SCHEMAS)}:{mark.sourceline}: {name}"
            if kind(holder) not in KNOWN_TO.get(name, ()):
                wrong.append(f"{place} of a {kind(holder)}")
            if name == "since" and not re.fullmatch(r"\d+\.\d+\.\d+", mark.text or ""):
                wrong.append(f"{place}: {mark.text} is no version")
    assert wrong == []


def test_assertions_are_for_processors_of_1_1() -> None:
    wrong = [place for place, element in elements() if kind(element) == "assert" and element.get(VERSION) != "1.1"]
    assert wrong == []


def test_patterns_mean_the_same_to_python_and_libxml2() -> None:
    wrong = []
    for place, element in elements():
        if kind(element) != "pattern":
            continue
        pattern = element.get("value", "")
        re.compile(pattern)
        if re.search(r"\\[icICpP]|\[[^\]]*-\[", pattern):
            wrong.append(f"{place}: {pattern}")
        schema = etree.XML(
            f"<xs:schema xmlns:xs='{XS[1:-1]}'><xs:element name='a'><xs:simpleType><xs:restriction base='xs:string'/>"
            "</xs:simpleType></xs:element></xs:schema>"
        )
        restriction = next(schema.iter(XS + "restriction"))
        etree.SubElement(restriction, XS + "pattern", value=pattern)
        etree.XMLSchema(schema)
    assert wrong == []


def test_nothing_is_declared_twice_or_in_vain() -> None:
    declared: Counter[tuple[str, str]] = Counter()
    used: set[str] = set()
    for path, tree in trees():
        namespace = tree.getroot().get("targetNamespace", "")
        for element in tree.getroot():
            if isinstance(element.tag, str) and element.get("name") and kind(element) != "element":
                within = path.name if path.parent == SCHEMAS else namespace
                declared[within, str(element.get("name"))] += 1
        for element in tree.iter(XS + "*"):
            for name in ("type", "ref", "base", "memberTypes"):
                used.update(part.split(":")[-1] for part in element.get(name, "").split())
        used.update(mark.text or "" for mark in tree.iter(APPINFO + "taken"))
    assert [name for name, count in declared.items() if count > 1] == []
    assert sorted(name for _, name in declared if name not in used) == []


def test_each_file_says_what_it_is_and_where_its_facts_are_from() -> None:
    wrong = []
    for path, tree in trees():
        head = tree.getroot().getprevious()
        words = "" if head is None else str(head.text)
        if path.name != "no-children.xsd" and not re.search(r"Sources?: libvirt 11\.3\.0, ", words):
            wrong.append(str(path.relative_to(SCHEMAS)))
    assert wrong == []


def test_lines_are_short() -> None:
    wrong = [
        f"{path.relative_to(SCHEMAS)}:{number}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 160 and "pattern value" not in line
    ]
    assert wrong == []


def test_files_are_found_through_the_roots() -> None:
    seen: set[Path] = set()

    def walk(path: Path) -> None:
        if path in seen:
            return
        seen.add(path)
        for element in etree.parse(str(path)).getroot().iterchildren(XS + "include", XS + "import"):
            walk((path.parent / element.get("schemaLocation", "")).resolve())

    for name in ROOTS.values():
        walk(SCHEMAS / name)
    assert seen == {path.resolve() for path in SCHEMAS.rglob("*.xsd")}
