"""Whatever the bytes are, parse() returns a document and each of its places can be told."""

from __future__ import annotations

import codecs
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domlint.document import MAXIMUM_BYTES, Document, FaultKind, parse
from domlint.domain.values import attribute
from domlint.placeholders import is_placeholder

DOMAIN = """\
<?xml version='1.0' encoding='UTF-8'?>
<!-- é -->
<!DOCTYPE domain [<!ELEMENT domain ANY>]>
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>web 家</name>
  <devices>
    <interface type="network"><mac address='52:54:00:6b:3c:58'/><x><![CDATA[<a>]]></x></interface>
  </devices>
  <qemu:commandline><qemu:arg value='&amp;&#10;'/></qemu:commandline>
</domain>
"""

PIECES = [
    "<",
    ">",
    "/",
    "'",
    '"',
    "&",
    "&#0;",
    "&e;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<!DOCTYPE",
    "=",
    ":",
]
PIECES += ["<!ENTITY e 'x'>", "<!DOCTYPE a [<!ENTITY e 'x'>]>", "xmlns='u'", "xmlns:a='", "a:b", "\0", "\x1b", "\ufffe"]
PIECES += [
    "encoding='utf-16'",
    "encoding='idna'",
    "encoding='hex'",
    "encoding='cp037'",
    "encoding='x'",
    "é",
    "\r",
    "\ud800",
]

LABELS = [
    "utf-8",
    "utf-16",
    "UTF-16LE",
    "UCS-4",
    "utf-7",
    "hex",
    "rot13",
    "punycode",
    "idna",
    "unicode_escape",
    "undefined",
]
LABELS += [
    "raw_unicode_escape",
    "utf-8-sig",
    "mbcs",
    "cp037",
    "IBM500",
    "big5",
    "ISO-2022-JP",
    "HZ",
    "UTF-EBCDIC",
    "none",
]


def assert_readable(document: Document) -> None:
    """Every place of a document can be told, and lies in the file."""
    assert (document.root is not None) or document.faults
    lines = document.data.count(b"\n") + document.data.count(b"\r") + 1
    for fault in document.faults:
        assert fault.message
        assert fault.location.file == document.name
        assert 1 <= fault.location.line <= lines
        assert fault.location.column >= 1
        assert "\n" not in fault.message
    for element in () if document.root is None else document.root.iter("*"):
        for name in (None, *map(str, element.attrib)):
            location = document.locate(element, name)
            assert 1 <= location.line <= location.end_line <= lines
            assert 0 <= location.offset <= location.end_offset <= len(document.data)
            assert location.xpath.startswith("/")
            document.line_text(location.line)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
@example(b"")
@example(b"\0")
@example(codecs.BOM_UTF8)
@example(codecs.BOM_UTF16_LE)
@example(codecs.BOM_UTF16_LE + b"<")
@example(codecs.BOM_UTF32_BE + b"\0")
@example(b"<\0?\0\xd8")
def test_any_bytes(data: bytes) -> None:
    assert_readable(parse("vm.xml", data))


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A domain with pieces put in, taken out or repeated, cut off, in some encoding."""
    text = DOMAIN
    for _change in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 30))
        middle = draw(st.one_of(st.sampled_from(["", *PIECES]), st.just(text[at : at + length] * 2)))
        text = text[:at] + middle + text[at + length :]
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8", "utf-16", "utf-16-be", "utf-32", "utf-32-le", "cp1252", "cp037"])
    )
    data = text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


@settings(max_examples=300, deadline=None)
@given(mutants())
def test_any_mutant(data: bytes) -> None:
    assert_readable(parse("vm.xml", data))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(LABELS), st.sampled_from(["", "<!DOCTYPE domain>"]), st.binary(max_size=20))
def test_any_label(label: str, doctype: str, content: bytes) -> None:
    head = f"<?xml version='1.0' encoding='{label}'?>{doctype}<domain a='".encode()
    assert_readable(parse("vm.xml", head + content.replace(b"'", b"") + b"'/>"))
    assert_readable(parse("vm.xml", head + b"'><b>" + content + b"</b></domain>"))


@pytest.mark.parametrize("end", range(0, len(DOMAIN) - 2, 7))
def test_a_file_cut_off_is_said_to_end(end: int) -> None:
    document = parse("vm.xml", DOMAIN[:end].encode())
    (fault,) = document.faults
    assert fault.kind is FaultKind.NOT_WELL_FORMED
    assert document.root is None
    assert_readable(document)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<domain a='" + "{{" * 500_000 + "'/>", id="opened placeholders"),
        pytest.param("<domain a='" + "{%" * 500_000 + "'/>", id="opened statements"),
        pytest.param("<domain a='" + "${" * 500_000 + "'/>", id="opened variables"),
        pytest.param("<domain a='" + "@a" * 500_000 + "$(" * 500_000 + "%(a" * 300_000 + "'/>", id="opened others"),
        pytest.param(f"<{'n' * 49_000}{' ' * 400_000}a='1'/>", id="long name"),
        pytest.param(
            "<domain><a " + " ".join(map("a{}=''".format, range(100_000))) + "/></domain>", id="many attributes"
        ),
        pytest.param(f"<domain><a x='{'>' * 5_000_000}' y='1'/></domain>", id="long value"),
        pytest.param(f"<domain>{'<a/>' * 200_000}</domain>", id="one line of many elements"),
        pytest.param(f"<domain>é{'<a/>' * 20_000}</domain>", id="one line, not ASCII"),
        pytest.param(f"<?xml version='1.0' encoding='idna'?><!DOCTYPE a>{'é' * 2_000_000}", id="slow codec idna"),
        pytest.param(
            f"<?xml version='1.0' encoding='punycode'?><!DOCTYPE a>{'a' * 2_000_000}", id="slow codec punycode"
        ),
        pytest.param(
            f"<?xml version='1.0' encoding='punycode'?><!DOCTYPE a>{'x' * 1_000_000}-{'a' * 1_000_000}",
            id="slower codec punycode",
        ),
        pytest.param("<domain>" + "<a:b/>" * 100_000 + "</domain>", id="undeclared prefixes"),
        pytest.param("<domain>" + "".join(map("<a{}:b/>".format, range(5_000))) + "</domain>", id="many prefixes"),
        pytest.param("<" * 3_000_000, id="less-than signs"),
        pytest.param("<a>" * 3_000_000, id="opened tags"),
        pytest.param("<!--" * 3_000_000, id="opened comments"),
        pytest.param("<?xml " + "\tencoding" * 1_000_000, id="opened declaration"),
    ],
)
def test_time_grows_with_the_size_only(text: str) -> None:
    start = time.process_time()
    document = parse("vm.xml", text.encode())
    elements = [] if document.root is None else list(document.root.iter("*"))
    for element in (*elements[:1000], *elements[-5000:]):
        document.locate(element)
        for name in list(element.attrib)[:5]:
            attribute(element, str(name))
            document.locate(element, str(name))
    assert time.process_time() - start < 5


def test_placeholders_in_a_long_value_are_found() -> None:
    assert is_placeholder("{{" * 100_000 + "}}")
    assert is_placeholder("x" * 1_000_000 + "${a}")


def test_places_in_utf_16_are_found_fast() -> None:
    data = codecs.BOM_UTF16_LE + ("<domain>é" + '<a b="1"/>' * 20_000 + "</domain>").encode("utf-16-le")
    start = time.process_time()
    document = parse("vm.xml", data)
    assert document.root is not None
    last = [document.locate(element, "b") for element in document.root][-1]
    assert time.process_time() - start < 10
    assert data[last.offset : last.end_offset].decode("utf-16-le") == 'b="1"'


LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
BOMBS = {
    "text": f"<!DOCTYPE domain [<!ENTITY l0 'lol'>{LAUGHS}]><domain><name>&l9;</name></domain>",
    "attribute": f"<!DOCTYPE domain [<!ENTITY l0 'lol'>{LAUGHS}]><domain a='&l9;'/>",
    "quadratic": f"<!DOCTYPE domain [<!ENTITY a '{'x' * 50_000}'>]><domain a='{'&a;' * 50_000}'/>",
    "loop": "<!DOCTYPE domain [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><domain>&a;</domain>",
    "external": "<!DOCTYPE domain [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain>&a;</domain>",
    "parameter": "<!DOCTYPE domain [<!ENTITY % a SYSTEM 'file:///etc/passwd'> %a;]><domain/>",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize(
    "encoding, label",
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-32-be", "UCS-4"),
        ("shift_jis", "Shift_JIS"),
        ("iso2022_jp", "ISO-2022-JP"),
    ],
)
def test_entities_are_refused_in_every_encoding(bomb: str, encoding: str, label: str) -> None:
    text = f"<?xml version='1.0' encoding='{label}'?>\n{BOMBS[bomb]}"
    start = time.process_time()
    document = parse("vm.xml", text.encode(encoding))
    assert time.process_time() - start < 2
    assert document.root is None
    (fault,) = document.faults
    assert fault.kind is FaultKind.REFUSED
    assert "entities" in fault.message
    assert "DOCTYPE" in fault.help
    assert fault.location[1:3] == (2, len("<!DOCTYPE domain [") + 1)


@pytest.mark.parametrize("bomb", BOMBS)
def test_entities_that_only_the_parser_sees_are_refused(bomb: str) -> None:
    """In UTF-7 the bytes of <!DOCTYPE need not stand in the file."""
    text = "<?xml version='1.0' encoding='UTF-7'?>" + BOMBS[bomb].replace("<!DOCTYPE", "+ADwAIQ-DOCTYPE")
    assert "<!DOCTYPE" not in text
    document = parse("vm.xml", text.encode())
    assert document.root is None
    assert_readable(document)


def test_a_doctype_without_entities_is_read() -> None:
    document = parse("vm.xml", b"<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>")
    assert document.faults == ()
    assert document.domain is not None


def test_size_is_limited() -> None:
    just_fits = b"<domain><!--" + b" " * (MAXIMUM_BYTES - 24) + b"--></domain>"
    assert len(just_fits) == MAXIMUM_BYTES
    (fault,) = parse("vm.xml", just_fits + b"\n").faults
    assert fault.kind is FaultKind.REFUSED
    assert fault.message == "the file is larger than 16 MiB and was not read"
    assert parse("vm.xml", just_fits).faults[0].kind is FaultKind.NOT_WELL_FORMED  # a single comment of over 10 MB
    many = b"<domain>" + b"<!-- x -->" * (MAXIMUM_BYTES // 10 - 2) + b"</domain>"
    assert parse("vm.xml", many).faults == ()


def test_depth_is_limited_as_in_libxml2() -> None:
    def nested(depth: int) -> bytes:
        return b"<domain>" + b"<a>" * (depth - 1) + b"</a>" * (depth - 1) + b"</domain>"

    assert parse("vm.xml", nested(255)).faults == ()
    (fault,) = parse("vm.xml", nested(5000)).faults
    assert fault.message == "elements are nested deeper than the 256 levels that libxml2, and so libvirt, reads"
