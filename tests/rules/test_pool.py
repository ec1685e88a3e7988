"""Networks of host devices: what libvirt 9.0.0 takes of them and what not (virsh -c network:///session net-define)."""

from __future__ import annotations

import pytest

from domlint.engine import Plan, Source
from domlint.rules import catalogue

PF = "<pf dev='eth0'/>"
VF = "<address type='pci' domain='0' bus='4' slot='0' function='1'/>"


def codes(inside: str) -> list[str]:
    text = f"<network><name>p</name>{inside}</network>"
    return [finding.code for finding in Plan(catalogue()).check(Source("n.xml", text.encode())).findings]


def pool(devices: str, beside: str = "", attributes: str = "managed='yes'") -> str:
    return f"<forward mode='hostdev' {attributes}>{devices}</forward>{beside}"


@pytest.mark.parametrize(
    "inside",
    [
        pool(PF),
        pool(VF),
        pool(VF + VF.replace("function='1'", "function='2'")),
        pool(VF + "<address type='pci' domain='0' bus='{{ bus }}' slot='0' function='1'/>"),
        pool("<driver name='vfio'/>" + PF),
        pool(PF, "<dns/>"),
        pool(PF, "<dns><forwarder addr='1.1.1.1'/></dns>"),
        pool(PF, "<bridge delay='0'/>"),
        pool(PF, "<bandwidth/>"),
        pool(PF, "<vlan><tag id='1'/></vlan>"),
        pool(PF, "<portgroup name='a'/>"),
        "<forward mode='{{ mode }}'><address type='pci' domain='0' bus='4' slot='0' function='1'/></forward>",
        "<forward mode='bridge'><interface dev='eth0'/></forward>",
        "<forward mode='passthrough'><pf dev='eth0'/></forward>",
        "<bridge name='virbr1' stp='on' delay='2'/><ip address='192.0.2.1' prefix='24'/>",
    ],
)
def test_what_libvirt_takes_is_clean(inside: str) -> None:
    assert codes(inside) == []


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (pool("", attributes="managed='yes' dev='eth0'"), ["POOL002"]),
        (pool("<interface dev='eth0'/>"), ["POOL002"]),
        (pool(PF + PF), ["POOL003"]),
        (pool(VF + PF), ["POOL004"]),
        (pool(VF + VF.replace("'4'", "'0x04'")), ["POOL005"]),
        (f"<forward mode='bridge'>{VF}</forward>", ["POOL006"]),
        (pool(PF, "<mac address='52:54:00:00:00:01'/>"), ["POOL007"]),
        (pool(PF, "<ip address='192.0.2.1' prefix='24'/>"), ["POOL007"]),
        (pool(PF, "<domain name='x'/>"), ["POOL007"]),
        (pool(PF, "<dns><txt name='a' value='b'/></dns>"), ["POOL007"]),
        (pool(PF, "<bridge stp='on'/>"), ["POOL007"]),
        (pool(PF, "<bridge delay='2'/>"), ["POOL007"]),
        (pool(PF, "<bridge zone='x'/>"), ["POOL007"]),
        (pool(PF, "<bridge macTableManager='libvirt'/>"), ["POOL007"]),
        (pool(PF, "<bandwidth><inbound average='1'/></bandwidth>"), ["POOL007"]),
        (pool(PF, "<mtu size='1500'/>"), ["POOL007"]),
        (pool(PF, "<portgroup name='a'><bandwidth><inbound average='1'/></bandwidth></portgroup>"), ["POOL007"]),
    ],
)
def test_what_libvirt_refuses_is_found_once(inside: str, expected: list[str]) -> None:
    assert codes(inside) == expected


def test_a_forward_of_a_domain_is_none_of_a_network() -> None:
    text = "<domain type='kvm'><name>d</name><forward mode='hostdev'/></domain>"
    found = Plan(catalogue()).check(Source("d.xml", text.encode())).findings
    assert not [finding for finding in found if finding.code.startswith("POOL")]
