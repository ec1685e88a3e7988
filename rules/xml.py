"""XML: the file itself, before any of it is read as a domain."""

from __future__ import annotations

from domlint.document import Element, FaultKind
from domlint.domain import Context
from domlint.findings import Outcome, Severity
from domlint.rule import Example, Problem, Problems, rule, whole_example

_GOOD = whole_example()


def _faults(context: Context, *kinds: FaultKind) -> Problems:
    for fault in context.document.faults:
        if fault.kind in kinds:
            yield Problem(fault.location, fault.message, fault.help)


@rule(
    "XML001",
    "not-well-formed",
    outcome=Outcome.DEFINE,
    on="/",
    source="libvirt 11.3.0 src/util/virxml.c; seen with libvirt 9.0.0",
    bad=Example("", document="<domain type='kvm'>\n  <name>web1</nam> <!-- XML001 -->\n</domain>\n"),
    good=_GOOD,
)
def not_well_formed(context: Context, _element: Element) -> Problems:
    """The file is no well-formed XML.

    libvirt's parser stops at the first such mistake and refuses the file. One mistake is different: a prefix such as
    `qemu:` that no `xmlns:` attribute declares. libvirt accepts such a file and silently ignores every element with the
    prefix, so that a `<qemu:commandline>` has no effect.
    """
    yield from _faults(context, FaultKind.NOT_WELL_FORMED)
    for problem in _faults(context, FaultKind.UNDECLARED_PREFIX):
        yield problem._replace(outcome=Outcome.BROKEN)


@rule(
    "XML002",
    "not-a-domain",
    outcome=Outcome.NOTE,
    on="/",
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefParseNode)",
    bad=Example("", document="<inventory> <!-- XML002 -->\n  <item>disk</item>\n</inventory>\n"),
    good=_GOOD,
)
def not_a_domain(context: Context, _element: Element) -> Problems:
    """The root element holds no domain, so that there is nothing to check.

    domlint reads `<domain>`, and the domain inside of `<domstatus>`, `<domainsnapshot>` and `<domaincheckpoint>`. Any
    other file is only mentioned, since a pre-commit hook hands over every XML file of a repository. Where the name
    looks like a misspelt one of libvirt's, it is an error: libvirt refuses a root element that it does not know.
    """
    yield from _faults(context, FaultKind.OTHER_ROOT)
    for problem in _faults(context, FaultKind.MISSPELT_ROOT):
        yield problem._replace(outcome=Outcome.DEFINE)


@rule(
    "XML003",
    "not-read",
    outcome=Outcome.NOTE,
    severity=Severity.ERROR,
    on="/",
    source="libvirt 11.3.0 src/remote/remote_protocol.x (REMOTE_STRING_MAX)",
    bad=Example("", document="<!DOCTYPE domain [\n<!ENTITY name 'web1'> <!-- XML003 -->\n]>\n<domain type='kvm'/>\n"),
    good=_GOOD,
)
def not_read(context: Context, _element: Element) -> Problems:
    """The file is too large for a domain, or declares entities that could multiply without end.

    domlint does not read such a file, and so says nothing else of it: it is an error because the file was not checked,
    not because a host is known to refuse it.
    """
    yield from _faults(context, FaultKind.REFUSED)
