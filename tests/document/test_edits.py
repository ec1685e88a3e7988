"""Edits of a file: what lxml makes of the tree, the edits make of the bytes, and every other byte stays."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from domlint.changes import (
    AddElement,
    Change,
    Fix,
    RemoveAttribute,
    RemoveElement,
    RenameAttribute,
    RenameElement,
    SetAttribute,
    SetText,
)
from domlint.document import Document, Element, parse
from domlint.edits import remedy_of
from domlint.findings import Finding, Location, Outcome, Remedy, Severity
from domlint.fixing import apply

NAMES = st.sampled_from(["a", "bb", "driver", "x-y", "é"])
VALUES = st.text(alphabet="ab é\"'&<>/=", max_size=6)
BLANKS = st.sampled_from([" ", "  ", "\n  ", "\t", "\r\n "])


@st.composite
def written_attribute(draw: st.DrawFn, name: str) -> str:
    value = draw(VALUES).replace("&", "&amp;").replace("<", "&lt;")
    quote = draw(st.sampled_from("'\""))
    value = value.replace(quote, "&quot;" if quote == '"' else "&apos;")
    equals = draw(st.sampled_from(["=", " = ", "= ", "\n="]))
    return f"{draw(BLANKS)}{name}{equals}{quote}{value}{quote}"


@st.composite
def written(draw: st.DrawFn, depth: int = 0) -> str:
    name = draw(NAMES)
    attributes = "".join(draw(written_attribute(one)) for one in draw(st.lists(NAMES, unique=True, max_size=3)))
    end = draw(st.sampled_from(["", " ", "\n"]))
    if draw(st.booleans()) and depth:
        return f"<{name}{attributes}{end}/>"
    pieces = [] if depth > 2 else draw(st.lists(written(depth + 1), max_size=3))
    between = st.sampled_from(["", "\n  ", " ", "text", "<!-- </a> -->", "\r\n\t", "<![CDATA[</a>]]>", "&gt;"])
    inside = draw(between) + "".join(piece + draw(between) for piece in pieces)
    return f"<{name}{attributes}{end}>{inside}</{name}{draw(st.sampled_from(['', ' ']))}>"


def edited(data: bytes, document: Document, changes: Iterable[Change]) -> bytes | None:
    remedy = remedy_of(document, Fix("do", tuple(changes)))
    return None if remedy is None else apply(data, [finding_with(remedy)])[0]


def finding_with(remedy: Remedy, code: str = "TEST001") -> Finding:
    location = Location("f.xml", 1, 1, 1, 1)
    return Finding(code, "test", Severity.NOTE, Outcome.NOTE, "m", location, remedy=remedy)


def canonical(root: Element) -> bytes:
    return bytes(etree.tostring(root, method="c14n", with_comments=True))


def without_blanks_around(text: bytes) -> list[bytes]:
    return text.replace(b">", b"> ").replace(b"<", b" <").split()


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, int, str]:
    text = draw(written())
    number = draw(st.integers(0, text.count("<")))
    kind = draw(st.sampled_from(["set", "remove", "rename", "element", "delete", "add", "text"]))
    return text, number, kind


@given(cases(), NAMES, VALUES, st.sampled_from([b"", b"\xef\xbb\xbf", b"<?xml version='1.0' encoding='UTF-8'?>\n"]))
def test_edits_do_what_is_done_to_the_tree(case: tuple[str, int, str], name: str, value: str, mark: bytes) -> None:
    text, number, kind = case
    data = mark + text.encode()
    document, expected = parse("f.xml", data), parse("f.xml", data)
    assert document.root is not None
    assert expected.root is not None
    elements = list(document.root.iter("*"))
    number %= len(elements)
    element, same = elements[number], list(expected.root.iter("*"))[number]
    change: Change
    if kind == "set":
        change = SetAttribute(element, name, value)
        same.set(name, value)
    elif kind == "remove" and element.attrib:
        first = sorted(element.attrib)[0]
        change = RemoveAttribute(element, first)
        del same.attrib[first]
    elif kind == "rename" and element.attrib:
        first = sorted(element.attrib)[0]
        change = RenameAttribute(element, first, "new-name")
        same.set("new-name", same.attrib.pop(first))
    elif kind == "element":
        change = RenameElement(element, "new-name")
        same.tag = "new-name"
    elif kind == "delete" and element is not document.root:
        change = RemoveElement(element)
        parent = same.getparent()
        assert parent is not None
        same.tail, tail = None, same.tail
        before = same.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + (tail or "")
        else:
            parent.text = (parent.text or "") + (tail or "")
        parent.remove(same)
    elif kind == "add":
        change = AddElement(element, "<new-name n='1'/>")
        last = next(same.iterchildren("*", reversed=True), None)
        new_element = etree.SubElement(same, "new-name", n="1")
        if last is not None:
            last.addnext(new_element)
            last.tail, new_element.tail = None, last.tail
    elif kind == "text" and not len(element):
        change = SetText(element, value)
        for inner in list(same):
            same.remove(inner)
        same.text = value
    else:
        return
    new = edited(data, document, [change])
    if new is None:
        # There is nowhere to write the text of an element without an end tag.
        assert kind == "text" or "new-name" in element.attrib
        return
    again = parse("f.xml", new)
    assert again.root is not None, new
    if kind in ("delete", "add"):
        # Lines of their own come and go with the blanks before them.
        assert without_blanks_around(canonical(again.root)) == without_blanks_around(canonical(expected.root))
    elif kind == "text":
        assert list(again.root.iter("*"))[number].text == same.text or not value
    else:
        assert canonical(again.root) == canonical(expected.root)


DOMAIN = """\
<domain type="kvm">\r
\t<name>web1</name>\r
\t<devices>\r
\t\t<interface type='user'/>   <!-- kept -->\r
\t\t<disk/>\r
\t\t<console>\r
\t\t</console>\r
\t</devices>\r
</domain>\r
"""


@pytest.mark.parametrize(
    ("path", "change", "old", "new"),
    [
        ("devices/disk", RemoveElement, "\t\t<disk/>\r\n", ""),
        ("devices/interface", RemoveElement, "<interface type='user'/>", ""),
        ("devices/interface", lambda one: SetAttribute(one, "type", "a'b\""), "type='user'", "type='a&apos;b\"'"),
        ("devices/interface", lambda one: SetAttribute(one, "new", "1"), "type='user'", "type='user' new='1'"),
        (".", lambda one: SetAttribute(one, "id", "1"), 'type="kvm"', 'type="kvm" id="1"'),
        ("devices/disk", lambda one: SetAttribute(one, "type", "é"), "<disk/>", "<disk type='&#233;'/>"),
        (
            *("devices/disk", lambda one: AddElement(one, "<source/>"), "<disk/>"),
            "<disk>\r\n\t\t  <source/>\r\n\t\t</disk>",
        ),
        ("devices", lambda one: AddElement(one, "<rng/>"), "</console>\r\n", "</console>\r\n\t\t<rng/>\r\n"),
        (
            *("devices/console", lambda one: AddElement(one, "<target/>"), "<console>\r\n\t\t</console>"),
            "<console>\r\n\t\t  <target/>\r\n\t\t</console>",
        ),
        ("name", lambda one: AddElement(one, "<b/>"), "web1</name>", "web1<b/></name>"),
        ("name", lambda one: SetText(one, "a<b"), ">web1<", ">a&lt;b<"),
        ("devices/interface", lambda one: RemoveAttribute(one, "type"), " type='user'", ""),
        ("devices/console", lambda one: RenameElement(one, "serial"), None, None),
    ],
)
def test_all_else_stays_as_it_is(path: str, change, old: str | None, new: str | None) -> None:
    document = parse("f.xml", DOMAIN.encode())
    assert document.root is not None
    element = document.root if path == "." else document.root.find(path)
    assert element is not None
    expected = DOMAIN.replace("console>", "serial>") if old is None else DOMAIN.replace(old, new or "", 1)
    assert edited(DOMAIN.encode(), document, [change(element)]) == expected.encode()


def test_a_file_in_another_encoding_is_not_edited() -> None:
    data = "<?xml version='1.0' encoding='ISO-8859-1'?><a b='é'/>".encode("latin-1")
    document = parse("f.xml", data)
    assert document.root is not None
    assert remedy_of(document, Fix("do", (SetAttribute(document.root, "b", "c"),))) is None


def test_remedies_that_overlap_wait_for_the_next_round() -> None:
    document = parse("f.xml", DOMAIN.encode())
    assert document.root is not None
    disk, name = document.root.find("devices/disk"), document.root.find("name")
    assert disk is not None
    assert name is not None
    remedies = [
        remedy_of(document, Fix("remove", (RemoveElement(disk),), is_safe=False)),
        remedy_of(document, Fix("set", (SetAttribute(disk, "type", "file"), SetText(name, "new")))),
        remedy_of(document, Fix("rename", (SetText(name, "new"),))),
    ]
    findings = [finding_with(one, f"TEST{number}") for number, one in enumerate(remedies) if one is not None]
    data, done = apply(DOMAIN.encode(), findings)
    assert [finding.code for finding in done] == ["TEST1", "TEST2"]
    assert data.decode() == DOMAIN.replace("web1", "new").replace("<disk/>", "<disk type='file'/>")
    data, done = apply(DOMAIN.encode(), findings[::2], with_unsafe=True)
    assert [finding.code for finding in done] == ["TEST2", "TEST0"]
    assert data.decode() == DOMAIN.replace("web1", "new").replace("\t\t<disk/>\r\n", "")
