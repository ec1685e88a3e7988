"""Random documents, written piece by piece with a note of where everything is: domlint finds the same places."""

from __future__ import annotations

import codecs

from hypothesis import given, settings
from hypothesis import strategies as st
from located import Written, assert_located

from domlint.document import parse

NAMES = st.sampled_from(["a", "b", "ab", "domain", "x-1", "_", "é", "家", "A.b", "interface"])
BLANKS = st.text(" \t\n\r", min_size=1, max_size=3)
MAYBE_BLANKS = st.text(" \t\n\r", max_size=2)
TEXT = st.text("ab é家𝄞\u0301\t\n\r='\"/>]", max_size=8).map(lambda text: text.replace("]]>", ""))
VALUE = st.text("ab é家𝄞\u2028\t\n\r=/>", max_size=8)
REFERENCE = st.sampled_from(["", "&lt;", "&amp;", "&#10;", "&#x1D11E;"])
ENCODINGS = st.sampled_from(
    [
        ("utf-8", b"", ""),
        ("utf-8", codecs.BOM_UTF8, ""),
        ("utf-8", b"", "UTF-8"),
        ("utf-16-le", codecs.BOM_UTF16_LE, ""),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
        ("utf-16-le", b"", "UTF-16"),
        ("iso-8859-1", b"", "ISO-8859-1"),
        ("cp1252", b"", "windows-1252"),
        ("euc_jp", b"", "EUC-JP"),
        ("shift_jis", b"", "Shift_JIS"),
        ("gb18030", b"", "GB18030"),
    ]
)
MISCELLANY = st.sampled_from(
    ["", "\n", "\r\n", " \r", "<!-- <a b='c'> -->", "<?pi <a b='c'?>", "<!--\r\n家-->", "<!-- ' -->"]
)
BETWEEN = st.one_of(
    MISCELLANY,
    TEXT.map(lambda text: text.replace("<", "")),
    REFERENCE,
    st.sampled_from(["<![CDATA[<a b='c'>]]>", "<![CDATA[]] >]]>"]),
)


@st.composite
def attributes(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    written = []
    for name in draw(st.lists(NAMES, unique=True, max_size=3)):
        quote, other = draw(st.sampled_from(["'\"", "\"'"]))
        value = draw(VALUE) + draw(REFERENCE) + draw(st.sampled_from(["", other]))
        rest = f"{draw(MAYBE_BLANKS)}={draw(MAYBE_BLANKS)}{quote}{value}{quote}"
        written.append((draw(BLANKS), name, rest))
    return written


@st.composite
def documents(draw: st.DrawFn) -> tuple[Written, str, bytes]:
    encoding, mark, declared = draw(ENCODINGS)
    written = Written()
    if declared:
        written.add(f'<?xml version="1.0" encoding="{declared}"?>')
    written.add(draw(st.sampled_from(["", "<!--\n家\r\n<a>-->", "<?pi a?>\r", "<!DOCTYPE domain>", "\n \t"])))
    _element(draw, written, 3)
    written.add(draw(MISCELLANY))
    return written, encoding, mark


def _element(draw: st.DrawFn, written: Written, depth: int) -> None:
    name, blanks = draw(NAMES), draw(MAYBE_BLANKS)
    children = draw(st.integers(0, 3)) if depth else 0
    if not children and draw(st.booleans()):
        written.start_tag(name, draw(attributes()), blanks, "/>")
        return
    written.start_tag(name, draw(attributes()), blanks, ">")
    for _child in range(children):
        written.add(draw(BETWEEN))
        _element(draw, written, depth - 1)
    written.add(draw(BETWEEN))
    written.add(f"</{name}{draw(MAYBE_BLANKS)}>")


def as_encodable(text: str, encoding: str) -> str:
    """The text with a letter for each character that the encoding has not: places stay the same."""
    return "".join(character if _fits(character, encoding) else "n" for character in text)


def _fits(character: str, encoding: str) -> bool:
    try:
        return character.encode(encoding).decode(encoding) == character
    except UnicodeError:
        return False


@settings(max_examples=250, deadline=None)
@given(documents())
def test_every_element_and_attribute_is_where_it_was_written(written_in: tuple[Written, str, bytes]) -> None:
    written, encoding, mark = written_in
    text = as_encodable(written.text, encoding)
    data = mark + text.encode(encoding)
    document = parse("vm.xml", data)
    if document.root is None:
        # Two attributes may have become one name by what the encoding lacks.
        assert text != written.text
        return
    found = list(document.root.iter("*"))
    assert len(found) == len(written.elements)
    for element, spot, attributes_ in zip(found, written.elements, written.attributes, strict=True):
        spot = spot._replace(text=text[spot.start : spot.end])
        location = document.locate(element)
        assert location.file == "vm.xml"
        assert location.xpath == element.getroottree().getpath(element)
        assert_located(location, spot, text, encoding, mark)
        assert len(attributes_) == len(element.attrib)
        for name, attribute in attributes_.items():
            attribute = attribute._replace(text=text[attribute.start : attribute.end])
            name = as_encodable(name, encoding)
            location = document.locate(element, name)
            assert_located(location, attribute, text, encoding, mark)
            assert location.xpath == f"{element.getroottree().getpath(element)}/@{name}"
