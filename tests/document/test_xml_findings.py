"""XML001 and XML003: the place, and words that help."""

from __future__ import annotations

import pytest
from test_roots_and_wrappers import LONE_STANDBY, check, summary

from domlint.findings import Outcome, Severity

TEMPLATE = "the file looks like a template: lint what it renders to, or keep placeholders inside of values"


@pytest.mark.parametrize(
    "text, line, column, message, remedy",
    [
        pytest.param(
            "<domain>\n  <name>web1</nam>\n</domain>",
            2,
            13,
            "this end tag does not match <name>, opened in line 2",
            "close it with </name>",
            id="mismatch",
        ),
        pytest.param(
            "<domain>\n <devices>\n\n  <disk>\n </devices>\n</domain>",
            5,
            2,
            "this end tag does not match <disk>, opened in line 4",
            "close it with </disk>",
            id="mismatch some lines later",
        ),
        pytest.param(
            "<domain>\n <devices>\n  <disk/>\n",
            4,
            1,
            "the file ends before <devices>, opened in line 2, is closed",
            "add </devices>",
            id="end of file",
        ),
        pytest.param(
            "<domain>\n <devices",
            2,
            2,
            "the file ends inside of a tag",
            "",
            id="end in a tag",
        ),
        pytest.param("", 1, 1, "no element found: the file is empty or ends before its first tag", "", id="empty"),
        pytest.param("\n\n", 3, 1, "no element found: the file is empty or ends before its first tag", "", id="blank"),
        pytest.param("no XML", 1, 1, "the file does not begin with a tag", "", id="text"),
        pytest.param("<domain>\né&  é</domain>", 2, 2, "a lone & (write &amp;)", "", id="ampersand"),
        pytest.param(
            "<domain a='<'/>", 1, 12, "a < where none may stand (write &lt; in values)", "", id="less-than in value"
        ),
        pytest.param(
            "<domain>\n<a b='1' b='2'/></domain>", 2, 10, "the same attribute stands twice in one tag", "", id="twice"
        ),
        pytest.param("<domain/>\n<domain/>", 2, 1, "something follows the end of the root element", "", id="two roots"),
        pytest.param(
            "<domain>&nbsp;</domain>",
            1,
            9,
            "an entity that is not declared (XML knows &amp; &lt; &gt; &quot; &apos;)",
            "",
            id="entity",
        ),
        pytest.param(
            "<domain>&#0;</domain>",
            1,
            9,
            "a character reference to a character that XML does not allow",
            "",
            id="reference",
        ),
        pytest.param(
            "\n<?xml version='1.0'?><domain/>",
            2,
            1,
            "the XML declaration is not at the very start of the file",
            "",
            id="declaration",
        ),
        pytest.param("<domain>R&D</domain>", 1, 10, "a lone & (write &amp;)", "", id="ampersand in a word"),
        pytest.param("<domain a='R&D x'/>", 1, 13, "a lone & (write &amp;)", "", id="ampersand in a value"),
        pytest.param("<domain>1 < 2</domain>", 1, 11, "a < where none may stand (write &lt; in values)", "", id="less"),
        pytest.param(
            "<domain>\n\x1b[31m</domain>", 2, 1, "the control character U+001B is not allowed in XML", "", id="escape"
        ),
        pytest.param(
            "<domain>a\0b</domain>", 1, 10, "the control character U+0000 is not allowed in XML", "", id="NUL"
        ),
        pytest.param(
            "<domain>\n{% if x %}<a>{% endif %}\n</domain>", 3, 1, None, TEMPLATE, id="unclosed by a template"
        ),
        pytest.param("<domain {{ attributes }}/>", 1, 9, None, TEMPLATE, id="placeholder for an attribute"),
        pytest.param("<domain><{{ tag }}/></domain>", 1, 9, None, TEMPLATE, id="placeholder for a tag"),
        pytest.param("<domain type=${TYPE}/>", 1, 14, None, TEMPLATE, id="placeholder without quotes"),
        pytest.param("{# head #}\n<domain/>", 1, 1, None, TEMPLATE, id="template's comment"),
        pytest.param(
            "<domain>{% if a && b %}<a/>{% endif %}</domain>", 1, 17, None, TEMPLATE, id="template's operator"
        ),
        pytest.param("<domain>{{ a < b }}</domain>", 1, 14, None, TEMPLATE, id="template's comparison"),
    ],
)
def test_not_well_formed(text: str, line: int, column: int, message: str | None, remedy: str) -> None:
    (finding,) = check(text).findings
    assert (finding.code, finding.outcome, finding.severity) == ("XML001", Outcome.DEFINE, Severity.ERROR)
    if message is not None:
        assert finding.message == f"not well-formed XML: {message}"
    assert finding.help == remedy
    assert (finding.location.line, finding.location.column) == (line, column)
    lines = [*text.splitlines(keepends=True), ""]
    assert finding.location.offset == len("".join(lines[: line - 1]).encode() + lines[line - 1][: column - 1].encode())


def test_the_whole_of_a_wrong_end_tag_is_marked() -> None:
    (finding,) = check("<domain>\n  <näme>web1</nam >\n</domain>").findings
    assert finding.location[1:5] == (2, 13, 2, 20)


@pytest.mark.parametrize(
    "data, message",
    [
        (
            b"<domain>\xff</domain>",
            "not well-formed XML: bytes that are no UTF-8 text "
            "(does the file lack an XML declaration with its encoding?)",
        ),
        (
            b"<?xml version='1.0' encoding='no-such'?><domain/>",
            "the encoding that the XML declaration names is not known",
        ),
        (
            b"<?xml version='1.0' encoding='UTF-16'?><domain/>",
            "the XML declaration names the encoding UTF-16, but the file is not in it",
        ),
        (
            "<?xml version='1.0' encoding='EUC-JP'?><domain>é</domain>".encode("latin-1"),
            "the bytes do not fit the encoding euc_jp: byte 47 cannot be read",
        ),
    ],
)
def test_encodings(data: bytes, message: str) -> None:
    report = check(data)
    assert [(one.code, one.message) for one in report.findings] == [("XML001", message)]


def test_ebcdic_is_refused_in_words() -> None:
    report = check("<?xml version='1.0' encoding='IBM037'?><domain/>".encode("cp037"))
    assert [one.code for one in report.findings] == ["XML001"]
    assert "encoding" in report.findings[0].message


QEMU = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
IGNORED = "is not declared: libvirt accepts the file and silently ignores everything with this prefix"


def test_an_undeclared_prefix_is_said_as_that_and_the_rest_is_still_checked() -> None:
    text = LONE_STANDBY.replace(
        "</domain>",
        "  <qemu:commandline>\n    <qemu:arg value='-s'/>\n  </qemu:commandline>\n  <x:y/><x:z/>\n</domain>",
    )
    report = check(text)
    assert [(one.code, one.outcome, one.location.line, one.location.column) for one in report.findings] == [
        ("TEAM037", Outcome.BROKEN, 8, 7),
        ("XML001", Outcome.BROKEN, 12, 3),
        ("XML001", Outcome.BROKEN, 15, 3),
    ]
    _, qemu, other = report.findings
    assert qemu.message == f"the prefix 'qemu:' of 'qemu:commandline' {IGNORED}"
    assert qemu.help == f"add {QEMU} to the <domain> tag"
    assert qemu.severity is Severity.ERROR
    assert other.message == f"the prefix 'x:' of 'x:y' {IGNORED}"
    assert text.splitlines()[11][2:20] == "<qemu:commandline>"
    assert qemu.location.end_column == 21
    declared = check(text.replace("type='kvm'", f"type='kvm' {QEMU} xmlns:x='urn:x'"))
    assert [one.code for one in declared.findings] == ["TEAM037"]


def test_not_every_undeclared_prefix_is_told() -> None:
    report = check("<domain>" + "".join(f"<p{number}:x/>" for number in range(100)) + "</domain>")
    assert [one.message[:14] for one in report.findings] == [f"the prefix 'p{number}"[:14] for number in range(20)]


def test_an_undeclared_prefix_of_an_attribute() -> None:
    report = check("<domain type='kvm'>\n  <name q:id='1'>a</name>\n</domain>")
    assert summary(report) == [
        ("XML001", Outcome.BROKEN, Severity.ERROR, 2, 9, f"the prefix 'q:' of 'q:id' {IGNORED}"),
    ]


def test_an_undeclared_prefix_inside_of_a_wrapper() -> None:
    report = check("<domstatus><domain type='kvm'>\n  <qemu:commandline/>\n</domain></domstatus>")
    assert [(one.code, one.location.line) for one in report.findings] == [("XML001", 2)]
    assert report.is_domain


@pytest.mark.parametrize(
    "text",
    [
        "<domain xmlns:a=''/>",
        "<domain xmlns:xml='urn:x'/>",
        "<domain><a:b:c/></domain>",
        "<domain><:a/></domain>",
        "<domain xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>",
        "<domain xmlns:p='::'><p:a/></domain>",
    ],
)
def test_other_mistakes_with_namespaces_do_not_keep_libvirt_from_reading(text: str) -> None:
    report = check(text)
    assert report.is_domain
    assert [(one.code, one.outcome) for one in report.findings] == [("XML001", Outcome.BROKEN)]
    assert report.findings[0].message.endswith("libvirt accepts the file and may ignore what this is about")


def test_entities_of_its_own() -> None:
    text = "<?xml version='1.0'?>\n<!DOCTYPE domain [\n  <!-- <!ENTITY x> -->\n  <!ENTITY name 'web1'>\n]>\n<domain/>"
    report = check(text)
    assert summary(report) == [
        (
            "XML003",
            Outcome.NOTE,
            Severity.ERROR,
            4,
            3,
            "the document declares entities of its own and was not read further",
        ),
    ]
    assert not report.is_domain
