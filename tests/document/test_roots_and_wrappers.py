"""What counts as a domain document: wrappers, foreign files, near misses of a name."""

from __future__ import annotations

import pytest

from domlint.document import Document, FaultKind, parse
from domlint.engine import FileReport, Plan, Source
from domlint.findings import Outcome, Severity
from domlint.rules import catalogue

LONE_STANDBY = """\
<domain type='kvm'>
  <name>web1</name>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <interface type='network'>
      <mac address='52:54:00:6b:3c:58'/>
      <model type='virtio'/>
      <teaming type='persistent'/>
      <alias name='ua-uplink'/>
    </interface>
  </devices>
</domain>
"""
AUTO_GENERATED = """\
<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh edit web1
or other application using the libvirt API.
-->

"""


def check(text: str | bytes, may_be_foreign: bool = False) -> FileReport:
    data = text.encode() if isinstance(text, str) else text
    report = Plan(catalogue().select(["TEAM", "XML"])).check(Source("vm.xml", data, may_be_foreign))
    assert report.crashes == ()
    return report


def summary(report: FileReport) -> list[tuple[str, Outcome, Severity, int, int, str]]:
    return [
        (one.code, one.outcome, one.severity, one.location.line, one.location.column, one.message)
        for one in report.findings
    ]


@pytest.mark.parametrize(
    "before, after",
    [
        pytest.param("", "", id="domain"),
        pytest.param(AUTO_GENERATED, "", id="AUTO-GENERATED"),
        pytest.param(
            f"{AUTO_GENERATED}<domstatus state='running' reason='booted' pid='4711'>\n  <vcpus/>\n",
            "</domstatus>\n",
            id="domstatus",
        ),
        pytest.param("<domainsnapshot><name>s</name>\n", "</domainsnapshot>", id="domainsnapshot"),
        pytest.param("<domaincheckpoint><name>s</name>\n", "</domaincheckpoint>", id="domaincheckpoint"),
        pytest.param("<domainsnapshot>", "<inactiveDomain/></domainsnapshot>", id="domainsnapshot, same line"),
    ],
)
def test_the_domain_inside_is_checked_at_its_place(before: str, after: str) -> None:
    text = before + LONE_STANDBY + after
    report = check(text)
    assert report.is_domain
    line = text[: text.index("<teaming")].count("\n") + 1
    assert [(one.code, one.location.line, one.location.column) for one in report.findings] == [("TEAM037", line, 7)]


@pytest.mark.parametrize("root", ["domstatus", "domainsnapshot", "domaincheckpoint"])
def test_a_wrapper_without_a_domain_is_no_mistake(root: str) -> None:
    report = check(f"<{root}><name>nightly</name></{root}>")
    assert report.findings == ()
    assert not report.is_domain


def test_the_first_domain_of_a_snapshot_counts() -> None:
    """A snapshot of a running domain holds the definition for the next start, too, under another name."""
    document = parse(
        "s.xml", b"<domainsnapshot><domain id='1'/><inactiveDomain><domain id='2'/></inactiveDomain></domainsnapshot>"
    )
    assert document.domain is not None
    assert document.domain.get("id") == "1"


@pytest.mark.parametrize(
    "text, message",
    [
        ("<inventory/>", "no domain: the root element is <inventory>"),
        ("<domains/>", "no domain: the root element is <domains>"),
        ("<networks/>", "no domain: the root element is <networks>"),
        ("<project xmlns='http://maven.apache.org/POM/4.0.0'/>", "no domain: the root element is <project>"),
        ("<svg:svg xmlns:svg='http://www.w3.org/2000/svg'/>", "no domain: the root element is <svg>"),
        ("<domein><child/></domein>", "no domain: the root element is <domein>"),
        ("<romain/>\n", None),
        ("<networkport/>", "no domain: <networkport> is a network port"),
        ("<qemuCaps/>", "no domain: <qemuCaps> is a host's capability file; give it with --caps"),
        ("<pool type='dir'/>", "no domain: <pool> is a storage pool"),
        ("<disk type='file'/>", "no domain: <disk> is a single device, as virsh attach-device takes it"),
    ],
)
def test_another_root_is_a_note(text: str, message: str | None) -> None:
    report = check(text)
    if message is None:
        assert [finding.outcome for finding in report.findings] == [Outcome.DEFINE]
        return
    assert summary(report) == [("XML002", Outcome.NOTE, Severity.NOTE, 1, 1, message)]
    assert check(text, may_be_foreign=True).findings == (), "in a directory, nobody asked for it"
    assert not report.is_domain


@pytest.mark.parametrize(
    "root, meant",
    [
        ("domian", "domain"),
        ("Domain", "domain"),
        ("DOMAIN", "domain"),
        ("doman", "domain"),
        ("domaiin", "domain"),
        ("domein", "domain"),
        ("netwrok", "network"),
        ("Network", "network"),
        ("domstatsu", "domstatus"),
        ("domainSnapshot", "domainsnapshot"),
        ("domaincheckpiont", "domaincheckpoint"),
    ],
)
@pytest.mark.parametrize("content", ["", "\n  <name>web1</name>\n  <memory>1</memory>\n"])
def test_a_near_miss_is_an_error(root: str, meant: str, content: str) -> None:
    text = f"<!-- a file -->\n<{root} type='kvm'>{content}</{root}>"
    for may_be_foreign in (False, True):
        report = check(text, may_be_foreign)
        message = f"the root element is <{root}>, which libvirt does not know"
        assert summary(report) == [("XML002", Outcome.DEFINE, Severity.ERROR, 2, 1, message)]
        assert report.findings[0].help == f"did you mean <{meant}>?"
        location = report.findings[0].location
        assert (location.end_line, location.end_column) == (2, len(f"<{root} type='kvm'>") + 1)


@pytest.mark.parametrize(
    "root", ["main", "domainname", "do", "x", "dom-ain-s", "netword2", "works", "dmoani", "domxyn", "domxan", "domixn"]
)
def test_a_name_that_is_further_away_is_another_root(root: str) -> None:
    assert parse("x.xml", f"<{root}/>".encode()).faults[0].kind is FaultKind.OTHER_ROOT


@pytest.mark.parametrize(
    "text, message, remedy",
    [
        (
            "<domain xmlns='urn:x' type='kvm'/>",
            "this <domain> is in the namespace 'urn:x': libvirt reads elements without one only",
            "remove the xmlns attribute",
        ),
        (
            "<v:domain xmlns:v='urn:x'/>",
            "this <domain> is in the namespace 'urn:x': libvirt reads elements without one only",
            "remove the xmlns attribute",
        ),
        (
            "<v:domain/>",
            "the root element is <v:domain>: libvirt reads <domain> without a prefix only",
            "remove the prefix",
        ),
    ],
)
def test_a_domain_in_a_namespace_is_none(text: str, message: str, remedy: str) -> None:
    report = check(text)
    assert summary(report) == [("XML002", Outcome.DEFINE, Severity.ERROR, 1, 1, message)]
    assert report.findings[0].help == remedy


@pytest.mark.parametrize(
    "text, reported",
    [
        ("<html><p>a</html>", False),
        ("<!DOCTYPE html [<!ENTITY a 'b'>]><html/>", False),
        ("not XML at all", False),
        ("", False),
        ("<domain><a></domain>", True),
        ("<!-- x --><network><a></network>", True),
        ("<?xml version='1.0' encoding='no-such'?><domain/>", True),
        ("<!DOCTYPE domain [<!ENTITY a 'b'>]><domain/>", True),
        ("<domian><a></domian>", True),
        ("<a:b/>", False),
        ("<!-- <domain> --><html><p></html>", False),
        ("<!DOCTYPE html [<!-- <domain> -->]><html><p></html>", False),
        ("<?x <domain> ?><html><p></html>", False),
    ],
)
def test_broken_files_of_a_directory_are_reported_where_they_were_meant_for_libvirt(text: str, reported: bool) -> None:
    assert len(check(text).findings) == 1
    assert len(check(text, may_be_foreign=True).findings) == reported


def test_a_document_without_faults_has_no_findings_of_its_own() -> None:
    document: Document = parse("vm.xml", LONE_STANDBY.encode())
    assert document.faults == ()
