"""The place of each element and attribute: exact, in every encoding and spelling that XML allows."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import pytest
from located import Spot, assert_located, expected_place

from domlint.document import Document, Element, parse
from domlint.findings import Location


def elements(document: Document) -> Iterator[Element]:
    assert document.root is not None
    assert document.faults == ()
    yield from document.root.iter("*")


def element(document: Document, name: str) -> Element:
    return next(found for found in elements(document) if found.tag == name)


def spot(text: str, wanted: str, after: str = "") -> Spot:
    """Where a piece of the text stands: the first time after another piece."""
    start = text.index(wanted, text.index(after) + len(after) if after else 0)
    return Spot(wanted, start, start + len(wanted))


DOMAIN = """\
<!-- Häuser 家 𝄞 -->
<domain type='kvm' ßtil='é'>
\t<name>wéb 家 𝄞</name><title größe="ä">t</title>
  <devices><disk/>
    <interface type='network'
               name = "a>b"   trust='no'
    >
      <mac address='52:54:00:6b:3c:58'/>
    </interface  >
  </devices>
</domain>
"""

LATIN = DOMAIN.replace("家", "ñ").replace("𝄞", "ç")
JAPANESE = DOMAIN.translate({ord(character): "字" for character in "äßöé𝄞"})


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    "body, declared, encoding, mark",
    [
        pytest.param(DOMAIN, "", "utf-8", b"", id="utf-8"),
        pytest.param(DOMAIN, "utf-8", "utf-8", b"", id="utf-8-declared"),
        pytest.param(DOMAIN, "", "utf-8", codecs.BOM_UTF8, id="utf-8-mark"),
        pytest.param(DOMAIN, "", "utf-16-le", codecs.BOM_UTF16_LE, id="utf-16-le-mark"),
        pytest.param(DOMAIN, "", "utf-16-be", codecs.BOM_UTF16_BE, id="utf-16-be-mark"),
        pytest.param(DOMAIN, "UTF-16", "utf-16-le", codecs.BOM_UTF16_LE, id="utf-16-declared-mark"),
        pytest.param(DOMAIN, "UTF-16", "utf-16-le", b"", id="utf-16-le-declared"),
        pytest.param(DOMAIN, "UTF-16", "utf-16-be", b"", id="utf-16-be-declared"),
        pytest.param(DOMAIN, "UCS-4", "utf-32-le", b"", id="utf-32-le-declared"),
        pytest.param(DOMAIN, "UCS-4", "utf-32-be", b"", id="utf-32-be-declared"),
        pytest.param(LATIN, "ISO-8859-1", "iso-8859-1", b"", id="iso-8859-1"),
        pytest.param(LATIN, "windows-1252", "cp1252", b"", id="windows-1252"),
        pytest.param(JAPANESE, "EUC-JP", "euc_jp", b"", id="euc-jp"),
        pytest.param(JAPANESE, "Shift_JIS", "shift_jis", b"", id="shift-jis"),
        pytest.param(JAPANESE, "ISO-2022-JP", "iso2022_jp", b"", id="iso-2022-jp"),
        pytest.param(DOMAIN, "GB18030", "gb18030", b"", id="gb18030"),
    ],
)
def test_every_encoding_and_line_end(body: str, declared: str, encoding: str, mark: bytes, newline: str) -> None:
    text = f"<?xml version='1.0' encoding='{declared}'?>\n{body}" if declared else body
    text = text.replace("\n", newline)
    document = parse("vm.xml", mark + text.encode(encoding))
    wanted = {
        "domain": text[text.index("<domain") : text.index(">", text.index("<domain")) + 1],
        "name": "<name>",
        "disk": "<disk/>",
        "interface": text[text.index("<interface") : text.index("    >") + 5],
        "mac": "<mac address='52:54:00:6b:3c:58'/>",
    }
    for name, tag in wanted.items():
        location = document.locate(element(document, name))
        if encoding == "iso2022_jp":
            # It shifts between sets of characters: a piece of such a file can be read only from its begin.
            assert (location.line, location.column) == expected_place(text, text.index(tag))
        else:
            assert_located(location, spot(text, tag), text, encoding, mark)
    title = element(document, "title")
    attribute = next(iter(title.attrib))
    if encoding != "iso2022_jp":
        for found, name, written in (
            (title, attribute, spot(text, f'{attribute}="', "<title ").text + title.get(attribute) + '"'),
            (element(document, "interface"), "name", 'name = "a>b"'),
            (element(document, "interface"), "trust", "trust='no'"),
        ):
            assert_located(document.locate(found, name), spot(text, written), text, encoding, mark)


TAGS = """\
<domain type="kvm" id='1'>
  <a x='1'
     y  =
     "2"/><b z='>'/><b z='&lt;&amp;&#x41;'/>\t<b\tz='/>'\t/>
  <!-- <c x='no'/> --><?pi <c x='no'/> ?><d><![CDATA[<c x='no'/>]]></d>
  <c x='yes' X='other' xx='more' x.x='even'/>
  <e long='first
second
third' short='s'>text</e>
  <f  ></f  ><g
/><h equal='a=b c="d"' double="it's"/>
</domain>
"""


@pytest.mark.parametrize(
    "path, attribute, line, column, end_line, end_column, written",
    [
        ("/domain", None, 1, 1, 1, 27, "<domain type=\"kvm\" id='1'>"),
        ("/domain", "id", 1, 20, 1, 26, "id='1'"),
        ("/domain/a", None, 2, 3, 4, 11, "<a x='1'\n     y  =\n     \"2\"/>"),
        ("/domain/a", "x", 2, 6, 2, 11, "x='1'"),
        ("/domain/a", "y", 3, 6, 4, 9, 'y  =\n     "2"'),
        ("/domain/b[1]", None, 4, 11, 4, 21, "<b z='>'/>"),
        ("/domain/b[1]", "z", 4, 14, 4, 19, "z='>'"),
        ("/domain/b[2]", "z", 4, 24, 4, 43, "z='&lt;&amp;&#x41;'"),
        ("/domain/b[3]", None, 4, 46, 4, 58, "<b\tz='/>'\t/>"),
        ("/domain/b[3]", "z", 4, 49, 4, 55, "z='/>'"),
        ("/domain/c", None, 6, 3, 6, 46, "<c x='yes' X='other' xx='more' x.x='even'/>"),
        ("/domain/c", "x", 6, 6, 6, 13, "x='yes'"),
        ("/domain/c", "X", 6, 14, 6, 23, "X='other'"),
        ("/domain/c", "x.x", 6, 34, 6, 44, "x.x='even'"),
        ("/domain/e", "long", 7, 6, 9, 7, "long='first\nsecond\nthird'"),
        ("/domain/e", "short", 9, 8, 9, 17, "short='s'"),
        ("/domain/f", None, 10, 3, 10, 8, "<f  >"),
        ("/domain/g", None, 10, 14, 11, 3, "<g\n/>"),
        ("/domain/h", "equal", 11, 6, 11, 23, "equal='a=b c=\"d\"'"),
        ("/domain/h", "double", 11, 24, 11, 37, 'double="it\'s"'),
    ],
)
def test_every_spelling_of_a_tag(
    path: str, attribute: str | None, line: int, column: int, end_line: int, end_column: int, written: str
) -> None:
    document = parse("vm.xml", TAGS.encode())
    assert document.root is not None
    (found,) = document.root.xpath(path)
    location = document.locate(found, attribute)
    assert location[:5] == ("vm.xml", line, column, end_line, end_column)
    assert TAGS.encode()[location.offset : location.end_offset].decode() == written
    assert location.xpath == (f"{path}/@{attribute}" if attribute else path)


def test_an_attribute_that_is_not_there_is_at_the_tag() -> None:
    document = parse("vm.xml", TAGS.encode())
    c = element(document, "c")
    assert document.locate(c, "y") == document.locate(c)
    assert document.locate(c, "y").xpath == "/domain/c"


PROLOGUE = """\
<?xml version='1.0'?>
<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. <domain type='no'>
-->
<!DOCTYPE domain [ <!-- <domain> --> <!ELEMENT domain ANY> <?php <domain> ?> ]>
<?editor <domain>?>
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <metadata><app:x xmlns:app="urn:app" app:id='7' id='8'><y xmlns='urn:y'/><y/></app:x></metadata>
  <qemu:commandline><qemu:arg value='-s'/><qemu:arg value='-S'/></qemu:commandline>
</domain>
<!-- after -->
"""


def test_comments_doctype_instructions_and_namespaces() -> None:
    document = parse("vm.xml", PROLOGUE.encode())
    written = [
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>",
        "<metadata>",
        "<app:x xmlns:app=\"urn:app\" app:id='7' id='8'>",
        "<y xmlns='urn:y'/>",
        "<y/>",
        "<qemu:commandline>",
        "<qemu:arg value='-s'/>",
        "<qemu:arg value='-S'/>",
    ]
    for found, tag in zip(elements(document), written, strict=True):
        assert_located(document.locate(found), spot(PROLOGUE, tag, "<?editor <domain>?>"), PROLOGUE, "utf-8")
    second = list(elements(document))[-1]
    assert_located(document.locate(second, "value"), spot(PROLOGUE, "value='-S'"), PROLOGUE, "utf-8")
    app = list(elements(document))[2]
    assert_located(document.locate(app, "id"), spot(PROLOGUE, "id='8'"), PROLOGUE, "utf-8")
    assert_located(document.locate(app, "app:id"), spot(PROLOGUE, "app:id='7'"), PROLOGUE, "utf-8")


@pytest.mark.parametrize("data", [PROLOGUE, TAGS, DOMAIN])
def test_xpaths_are_those_of_lxml(data: str) -> None:
    document = parse("vm.xml", data.encode())
    for found in elements(document):
        assert document.locate(found).xpath == found.getroottree().getpath(found)


def test_without_a_decoder_the_line_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoding that lxml reads and Python does not: the line is known all the same."""
    data = "<?xml version='1.0' encoding='windows-1252'?>\n<domain>\n  <name>ä</name>\n</domain>".encode("cp1252")
    document = parse("vm.xml", data)

    def lookup(name: str) -> codecs.CodecInfo:
        raise LookupError(name)

    monkeypatch.setattr("domlint.positions.codecs.lookup", lookup)
    location = document.locate(element(document, "name"))
    assert location == ("vm.xml", 3, 1, 3, 1, 0, 0, "/domain/name")
    assert document.line_text(3).startswith("  <name>")


def test_where_two_parsers_disagree_the_line_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    document = parse("vm.xml", b"<domain>\n  <uuid/><name/>\n</domain>")
    monkeypatch.setattr("domlint.positions.Positions.__len__", lambda _self: 1)
    assert document.locate(element(document, "name")) == ("vm.xml", 2, 1, 2, 1, 0, 0, "/domain/name")


CROWDED = """\
<domain type='kvm'>
  <!-- <name> -->
  <name>web1</name><name/>
  <title><![CDATA[
  <name>]]></title> <name>x</name>
  <!--
  <name> --> <name>y</name>
  <os
    type='a'><name
    a='<' b='>'/></os>
  <?php
  <name ?>
  <names a = 'b'
  /> <name/>
\t<name c='>' d="'"
  >z</name>
  <name e='ä' f='g'/>
</domain>
"""


@pytest.mark.parametrize("data", [PROLOGUE, TAGS, DOMAIN, CROWDED.replace("a='<' ", "")])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_places_of_few_are_those_of_many(
    data: str, line_end: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few places are looked for on the line that lxml knows, others in what expat says of the whole file."""
    written = data.removeprefix("<?xml version='1.0'?>\n").replace("\n", line_end).encode(encoding)

    def places(few: int) -> list[Location]:
        monkeypatch.setattr("domlint.document._FEW_PLACES", few)
        document = parse("vm.xml", written)
        at = [(found, name) for found in elements(document) for name in (None, *map(str, found.keys()), "none")]
        return [document.locate(found, name) for found, name in at]

    assert places(10_000) == places(0)


def test_the_text_of_lines() -> None:
    document = parse("vm.xml", codecs.BOM_UTF16_LE + "<domain>\r\n <é/>\r<b/>\n\n</domain>".encode("utf-16-le"))
    assert [document.line_text(number) for number in range(7)] == ["", "<domain>", " <é/>", "<b/>", "", "</domain>", ""]
    assert document.line_text(-1) == ""


def test_a_document_of_many_blocks() -> None:
    """Characters are counted in blocks: places on both sides of every edge of one, behind characters of any width."""
    unit = "<x a='é家𝄞'/>"
    text = "<domain>" + unit * 700 + "</domain>"
    for encoding, mark in (("utf-8", b""), ("utf-16-be", codecs.BOM_UTF16_BE)):
        document = parse("vm.xml", mark + text.encode(encoding))
        for number, found in enumerate(document.root):  # type: ignore[arg-type]
            start = len("<domain>") + number * len(unit)
            assert_located(document.locate(found), Spot(unit, start, start + len(unit)), text, encoding, mark)
