"""How old a domainCapabilities file is, told from what stands in it."""

from __future__ import annotations

import pytest
from lxml import etree

from domlint.hosts.age import NEWEST_WITHOUT, newer_than
from domlint.hosts.domaincaps import read_domaincaps_root
from domlint.hosts.parts import DomainCapabilities
from domlint.versions import Version


def capabilities(inside: str) -> DomainCapabilities:
    text = f"<domainCapabilities><domain>kvm</domain><arch>x86_64</arch>{inside}</domainCapabilities>"
    return read_domaincaps_root(etree.fromstring(text), "d.xml", "host").domain_capabilities[0]


def test_nothing_tells_of_a_file_with_what_was_always_there() -> None:
    text = "<os supported='yes'/><devices><disk supported='yes'/><graphics supported='yes'/></devices>"
    assert newer_than(capabilities(text)) is None


@pytest.mark.parametrize(
    ("inside", "version"),
    [
        ("<features><backingStoreInput supported='no'/></features>", "5.9.0"),
        ("<memoryBacking supported='yes'/>", "7.0.0"),
        ("<devices><tpm supported='no'/></devices>", "7.0.0"),
        ("<memoryBacking supported='yes'/><devices><redirdev supported='no'/></devices>", "8.8.0"),
        ("<devices><panic supported='yes'/><tpm supported='no'/></devices>", "9.0.0"),
        ("<devices><console supported='yes'/></devices>", "11.3.0"),
    ],
)
def test_newest_thing_counts_supported_or_not(inside: str, version: str) -> None:
    assert newer_than(capabilities(inside)) == Version.parse(version)


def test_what_distributions_add_to_older_libvirts_tells_nothing() -> None:
    assert not {"features/launchSecurity", "features/async-teardown"} & set(NEWEST_WITHOUT)
    assert newer_than(capabilities("<features><launchSecurity supported='no'/></features>")) is None
