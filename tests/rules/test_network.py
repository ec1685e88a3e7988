"""NET: types, limits, versions and models, and silence where nothing can be known.

What is refused and what is not was seen with libvirt 7.0.0, 9.0.0 and 11.3.0.
"""

from __future__ import annotations

import pytest

from domlint.engine import Plan, Source
from domlint.examples import example_host, whole_document
from domlint.rule import Example
from domlint.rules import catalogue
from domlint.versions import Version

RULES = [rule for rule in catalogue() if rule.code.startswith("NET")]
SHARED = "<memoryBacking><access mode='shared'/></memoryBacking>"
VIRTIO = "<model type='virtio'/>"
SOURCES = {
    "network": "<source network='default'/>",
    "bridge": "<source bridge='br0'/>",
    "direct": "<source dev='eth0' mode='bridge'/>",
    "user": "",
    "ethernet": "",
    "vhostuser": "<source type='unix' path='/run/x' mode='client'/>",
    "hostdev": "<source><address type='pci' bus='3'/></source>",
    "internal": "<source name='x'/>",
    "mcast": "<source address='224.0.0.1' port='5'/>",
    "client": "<source address='192.0.2.1' port='5'/>",
    "server": "<source address='192.0.2.1' port='5'/>",
    "udp": "<source address='192.0.2.1' port='5'><local address='192.0.2.1' port='5'/></source>",
    "vdpa": "<source dev='/dev/vhost-vdpa-0'/>",
}
TYPES = frozenset(SOURCES)
SOCKETS = frozenset({"internal", "mcast", "client", "server", "udp"})


def found(interface: str, libvirt: str = "11.3.0", around: str = SHARED, host: str = "", **more: str):
    document = whole_document(Example(interface, around=around, **more))
    hosts = (example_host(host),) if host else ()
    report = Plan(RULES, hosts, libvirt=Version.parse(libvirt)).check(Source("x.xml", document.encode()))
    assert report.crashes == ()
    return {(finding.code, finding.outcome.value) for finding in report.findings}


def interface(kind: str, inside: str, source: str | None = None) -> str:
    return f"<interface type='{kind}'>{SOURCES[kind] if source is None else source}{inside}</interface>"


def refusing(inside: str, libvirt: str = "11.3.0", code: str = "") -> frozenset[str]:
    """The types of interface for which a part is refused, by one rule."""
    told = {kind: found(interface(kind, VIRTIO + inside), libvirt) for kind in TYPES}
    refused = frozenset(kind for kind in TYPES if told[kind])
    assert all({code for code, _outcome in told[kind]} == {code} for kind in refused)
    return refused


PART = [
    ("NET020", "<mtu size='1500'/>", TYPES - {"network", "bridge", "ethernet", "vhostuser", "user"}),
    ("NET021", "<coalesce><rx><frames max='5'/></rx></coalesce>", TYPES - {"network", "bridge"}),
    ("NET022", "<target dev='tap7' managed='no'/>", TYPES - {"ethernet"}),
    ("NET023", "<vlan><tag id='5'/></vlan>", TYPES - {"hostdev", "bridge", "network"}),
    ("NET024", "<port isolated='yes'/>", TYPES - {"network", "bridge"}),
    ("NET025", "<script path='/x'/>", TYPES - {"ethernet", "hostdev", "network"}),
    ("NET026", "<backend tap='/dev/x'/>", TYPES - {"network", "bridge", "ethernet"}),
    ("NET027", "<backend type='passt'/>", TYPES - {"user", "vhostuser"}),
    ("NET028", "<portForward proto='tcp'><range start='5'/></portForward>", TYPES - {"user"}),
    ("NET029", "<virtualport type='openvswitch'/>", TYPES - {"network", "bridge", "direct", "hostdev"}),
    ("NET032", "<ip address='192.0.2.7' prefix='24'/>", TYPES - {"user"}),
    ("NET033", "<route address='192.0.2.0' prefix='24' gateway='198.51.100.1'/>", TYPES),
    ("NET034", "<bandwidth><inbound average='5'/></bandwidth>", frozenset({"hostdev"})),
    ("NET035", "<driver queues='4'/>", SOCKETS | {"user"}),
]


@pytest.mark.parametrize(("code", "inside", "expected"), PART, ids=[part[0] for part in PART])
def test_parts_that_only_some_types_have(code: str, inside: str, expected: frozenset[str]) -> None:
    assert refusing(inside, code=code) == expected


@pytest.mark.parametrize(
    ("inside", "libvirt", "expected"),
    [
        ("<vlan><tag id='5'/></vlan>", "9.0.0", TYPES - {"hostdev", "network"}),
        ("<backend type='passt'/>", "9.0.0", TYPES - {"user"}),
        ("<backend type='passt'/>", "7.0.0", frozenset()),
        ("<driver queues='4'/>", "7.0.0", SOCKETS | {"user", "vdpa"}),
        ("<ip address='192.0.2.7'/>", "9.0.0", TYPES - {"user", "vdpa"}),
        ("<route address='192.0.2.0' prefix='24' gateway='198.51.100.1'/>", "9.0.0", TYPES - {"vdpa"}),
        ("<mtu size='1500'/>", "9.0.0", TYPES - {"network", "bridge", "ethernet", "vhostuser"}),
    ],
)
def test_parts_in_older_libvirt(inside: str, libvirt: str, expected: frozenset[str]) -> None:
    told = {kind for kind in TYPES if found(interface(kind, VIRTIO + inside), libvirt)}
    assert told == expected


@pytest.mark.parametrize(
    "inside",
    [
        "<mtu size='0'/>",
        "<mtu size='{{ mtu }}'/>",
        "<coalesce/>",
        "<target dev='tap7'/>",
        "<vlan><tag id='5'/></vlan>",
        "<port isolated='no'/>",
        "<script/>",
        "<backend vhost='/dev/x'/>",
        "<driver queues='1'/>",
        "<driver queues='$N'/>",
        "<bandwidth/>",
    ],
)
def test_parts_that_ask_for_nothing(inside: str) -> None:
    kind = "bridge" if inside.startswith("<vlan") else "hostdev" if inside == "<bandwidth/>" else "mcast"
    assert found(interface(kind, VIRTIO + inside)) == set()


def test_a_type_that_is_not_known() -> None:
    assert found("<interface type='{{ type }}'><virtualport type='openvswitch'/><mtu size='9'/></interface>") == set()
    assert found("<interface tpye='bridge'><virtualport type='openvswitch'/></interface>") == set()
    assert found("<interface type='user'><mtu size='9000'/></interface>", type="xen") == set()


@pytest.mark.parametrize(
    ("backend", "libvirt", "is_refused"),
    [("<backend type='passt'/>", "11.3.0", False), ("", "9.0.0", True), ("", "11.3.0", False)],
)
def test_the_mtu_of_a_user_interface_hangs_on_passt(backend: str, libvirt: str, is_refused: bool) -> None:
    # From 10.6.0 on, libvirt takes passt where QEMU has no SLIRP, which only the host tells.
    told = found(interface("user", f"{backend}<mtu size='1500'/>"), libvirt)
    assert told == ({("NET020", "define")} if is_refused else set())


def test_vlans_on_bridges_with_open_vswitch() -> None:
    tags = "<vlan><tag id='5'/></vlan>"
    assert found(interface("bridge", f"<virtualport type='openvswitch'/>{tags}"), "7.0.0") == set()
    assert found(interface("bridge", f"<virtualport type='{{{{ v }}}}'/>{tags}"), "7.0.0") == set()
    assert found(interface("direct", tags, "<source dev='e' mode='passthrough'/>")) == set()
    assert found(interface("direct", tags, "<source dev='e' mode='$M'/>")) == set()
    assert found(interface("direct", tags, "<source dev='e'/>")) == {("NET023", "start")}


@pytest.mark.parametrize(
    ("kind", "model", "libvirt", "arch", "machine", "is_refused"),
    [
        ("vdpa", "", "11.3.0", "x86_64", "q35", False),
        ("vdpa", "e1000", "11.3.0", "x86_64", "q35", True),
        ("vdpa", "virtio-transitional", "11.3.0", "x86_64", "q35", False),
        ("vdpa", "virtio-transitional", "9.0.0", "x86_64", "q35", True),
        ("vhostuser", "", "11.3.0", "x86_64", "q35", False),
        ("vhostuser", "unknown", "11.3.0", "x86_64", "q35", False),
        ("vhostuser", "", "9.0.0", "x86_64", "q35", True),
        ("vhostuser", "", "9.0.0", "aarch64", "virt", False),
        ("vhostuser", "", "7.0.0", "aarch64", "virt", True),
        ("vhostuser", "", "9.0.0", "aarch64", "{{ machine }}", False),
        ("vhostuser", "{{ model }}", "9.0.0", "x86_64", "q35", False),
        ("vhostuser", "VIRTIO", "7.0.0", "x86_64", "q35", False),
    ],
)
def test_types_that_are_virtio(kind: str, model: str, libvirt: str, arch: str, machine: str, is_refused: bool) -> None:
    named = f"<model type='{model}'/>" if model else ""
    told = found(interface(kind, named), libvirt, arch=arch, machine=machine)
    assert told == ({("NET002", "define")} if is_refused else set())


def test_vhostuser_needs_shared_memory() -> None:
    vhostuser = interface("vhostuser", VIRTIO)
    assert found(vhostuser, around="") == {("NET003", "define")}
    assert found(vhostuser, "11.1.0", around="") == set()
    assert found(vhostuser, around="<memoryBacking><access mode='{{ a }}'/></memoryBacking>") == set()


@pytest.mark.parametrize(
    ("source", "libvirt", "is_refused"),
    [
        ("<source type='unix' mode='client'/>", "11.3.0", True),
        ("<source path='/x'/>", "11.3.0", False),
        ("<source path='/x'/>", "9.0.0", True),
        ("<source type='unix' path='/x' mode='server'><reconnect enabled='yes' timeout='5'/></source>", "7.0.0", True),
        ("<source type='unix' path='/x' mode='server'><reconnect enabled='no'/></source>", "7.0.0", False),
        ("<source type='unix' path='/x' mode='client'><reconnect enabled='yes'/></source>", "11.3.0", True),
        ("", "11.3.0", True),
    ],
)
def test_sources_of_vhostuser(source: str, libvirt: str, is_refused: bool) -> None:
    told = found(interface("vhostuser", VIRTIO, source), libvirt)
    assert told == ({("NET004", "define")} if is_refused else set())
    if libvirt == "11.3.0" and not source:
        assert found(interface("vhostuser", VIRTIO + "<backend type='passt'/>", "")) == set()


@pytest.mark.parametrize(
    ("driver", "model", "expected"),
    [
        ("rx_queue_size='1000'", "virtio", "NET040"),
        ("tx_queue_size='1000'", "virtio-transitional", "NET040"),
        ("rx_queue_size='1024'", "virtio", ""),
        ("rx_queue_size='1000'", "e1000", ""),
        ("rx_queue_size='1000'", "", ""),
        ("rx_queue_size='0'", "virtio", ""),
        ("rx_queue_size='{{ q }}'", "virtio", ""),
        ("iommu='on'", "e1000", "NET041"),
        ("iommu='{{ on }}'", "e1000", ""),
        ("iommu='on'", "", "NET041"),
        ("ats='on' packed='off'", "VirtIO", ""),
    ],
)
def test_drivers_of_nics(driver: str, model: str, expected: str) -> None:
    named = f"<model type='{model}'/>" if model else ""
    told = found(interface("bridge", f"{named}<driver {driver}/>"), host="qemu-8.2", machine="pc-q35-8.2")
    assert told == ({(expected, "define")} if expected else set())


def test_the_virtio_options_of_nics_that_name_no_model() -> None:
    nic = interface("bridge", "<driver iommu='on'/>")
    assert found(nic, arch="aarch64", machine="virt") == set()
    assert found(nic, arch="aarch64", machine="{{ machine }}") == set()
    assert found(interface("hostdev", "<driver iommu='on'/>")) == {("NET041", "define")}
    options = interface("bridge", "<model type='e1000'/><driver page_per_vq='on'/>")
    assert found(options) == {("NET041", "define")}
    assert found(options, "7.0.0") == set()


@pytest.mark.parametrize(
    ("rate", "kind", "expected"),
    [
        ("<inbound average='5' floor='5'/>", "network", set()),
        ("<inbound average='5' floor='5'/>", "bridge", {"NET042"}),
        ("<inbound average='5' floor='{{ f }}'/>", "bridge", set()),
        ("<outbound average='5' floor='5'/>", "network", {"NET042"}),
        ("<inbound floor='5'/>", "network", set()),
        ("<inbound/>", "bridge", {"NET043"}),
        ("<inbound average='{{ a }}' peak='5'/>", "bridge", set()),
        ("<inbound floor='5' burst='5'/>", "network", {"NET043"}),
        ("<inbound average='18014398509481984'/>", "bridge", set()),
        ("<inbound average='18014398509481985'/>", "bridge", {"NET044"}),
        ("<outbound average='5' burst='4194303'/>", "bridge", set()),
        ("<outbound average='5' burst='4194304'/>", "bridge", {"NET044"}),
    ],
)
def test_limits_of_bandwidth(rate: str, kind: str, expected: set[str]) -> None:
    told = found(interface(kind, f"<bandwidth>{rate}</bandwidth>"))
    assert {code for code, _outcome in told} == expected
    older = found(interface(kind, f"<bandwidth>{rate}</bandwidth>"), "9.0.0")
    assert {code for code, _outcome in older} == expected - {"NET044"}


@pytest.mark.parametrize(
    ("vlan", "is_refused"),
    [
        ("<vlan/>", True),
        ("<vlan trunk='no'><tag id='4'/></vlan>", False),
        ("<vlan trunk='No'><tag id='4'/><tag id='5'/></vlan>", True),
        ("<vlan><tag id='4'/><tag id='5'/></vlan>", False),
        ("<vlan trunk='{{ t }}'><tag id='4'/><tag id='5'/></vlan>", False),
        ("<vlan trunk='no'><tag id='4' nativeMode='tagged'/></vlan>", True),
        ("<vlan><tag id='4' nativeMode='tagged'/><tag id='5' nativeMode='untagged'/></vlan>", True),
        ("<vlan><tag id='4' nativeMode='tagged'/><tag id='5'/></vlan>", False),
    ],
)
def test_vlan_tags(vlan: str, is_refused: bool) -> None:
    assert found(interface("hostdev", vlan)) == ({("NET045", "define")} if is_refused else set())


UUID = "8a3dbc0b-27e7-4d1a-bc2c-f2e7c5d2c0c5"


@pytest.mark.parametrize(
    ("kind", "parameters", "on_bridge", "on_network"),
    [
        ("openvswitch", "", False, False),
        ("openvswitch", f"interfaceid='{UUID}' profileid='x'", False, False),
        ("openvswitch", "managerid='1'", True, True),
        ("802.1Qbg", "managerid='1' typeid='2' typeidversion='3'", False, False),
        ("802.1Qbg", "managerid='1'", True, False),
        ("802.1Qbg", "managerid='1' typeid='2' typeidversion='3' profileid='x'", True, True),
        ("802.1Qbg", "managerid='1' typeid='2' typeidversion='3' profileid=''", False, False),
        ("802.1Qbh", "profileid='x'", False, False),
        ("802.1Qbh", "profileid=''", True, False),
        ("802.1Qbh", f"profileid='{'x' * 40}'", True, True),
        ("802.1Qbh", f"profileid='{'x' * 39}'", False, False),
        ("midonet", f"interfaceid='{UUID}' instanceid='{UUID}'", False, False),
        ("midonet", "", True, False),
        ("{{ type }}", "managerid='1'", False, False),
    ],
)
def test_virtual_ports(kind: str, parameters: str, on_bridge: bool, on_network: bool) -> None:
    port = f"<virtualport type='{kind}'><parameters {parameters}/></virtualport>"
    for where, is_refused in (("bridge", on_bridge), ("network", on_network)):
        assert found(interface(where, port)) == ({("NET046", "define")} if is_refused else set()), where


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ("<ip address='192.0.2.7' prefix='4'/>", set()),
        ("<ip address='192.0.2.7' prefix='3'/>", {"NET050"}),
        ("<ip address='192.0.2.7' prefix='28'/>", {"NET050"}),
        ("<ip address='192.0.2.7' prefix='0'/>", set()),
        ("<ip address='{{ a }}' prefix='28'/>", set()),
        ("<ip family='ipv6' address='2001:db8::' prefix='64'/>", set()),
        ("<ip family='ipv6' address='2001:db8::' prefix='63'/>", {"NET050"}),
        ("<ip address='2001:db8::' prefix='24'/>", {"NET050"}),
        ("<ip address='192.0.2.7'/><ip family='ipv6' address='2001:db8::'/>", set()),
        ("<ip address='192.0.2.7'/><ip address='192.0.2.8'/>", {"NET050"}),
        ("<ip address='192.0.2.7' peer='192.0.2.8'/>", {"NET050"}),
        ("<ip family='ipv6' address='192.0.2.7'/>", {"NET056"}),
        ("<ip family='ipv4' address='2001:db8::'/>", {"NET056"}),
    ],
)
def test_addresses_of_user_networks(addresses: str, expected: set[str]) -> None:
    told = found(interface("user", addresses))
    assert {code for code, _outcome in told} == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<ip address='192.0.2.1' prefix='32'/>", set()),
        ("<ip address='192.0.2.1' prefix='33'/>", {"NET057"}),
        ("<ip address='2001:db8::1' prefix='64'/>", set()),
        ("<route address='192.0.2.0' prefix='24' gateway='198.51.100.1'/>", set()),
        ("<route address='192.0.2.1' prefix='24' gateway='198.51.100.1'/>", {"NET058"}),
        ("<route address='192.0.2.0' gateway='198.51.100.1'/>", {"NET058"}),
        ("<route address='0.0.0.0' gateway='198.51.100.1'/>", set()),
        ("<route address='192.0.2.0' netmask='255.255.255.0' gateway='198.51.100.1'/>", set()),
        ("<route address='192.0.2.0' netmask='255.255.255.0' prefix='24' gateway='198.51.100.1'/>", {"NET058"}),
        ("<route address='2001:db8::' prefix='64' gateway='2001:db8::1'/>", {"NET058"}),
        ("<route family='ipv6' address='2001:db8::' prefix='64' gateway='2001:db8::1'/>", set()),
        ("<route family='ipv6' address='2001:db8::' prefix='64' gateway='192.0.2.1'/>", {"NET058"}),
        ("<route address='192.0.2.0' prefix='33' gateway='198.51.100.1'/>", {"NET058"}),
        ("<route address='{{ a }}' prefix='24' gateway='198.51.100.1'/>", set()),
    ],
)
def test_the_hosts_end_of_an_interface(source: str, expected: set[str]) -> None:
    told = found(interface("ethernet", "", f"<source>{source}</source>"))
    assert {code for code, _outcome in told} == expected
    on_bridge = found(interface("bridge", "", f"<source bridge='br0'>{source}</source>"))
    assert {code for code, _outcome in on_bridge} == {"NET031" if source.startswith("<route") else "NET030"}


@pytest.mark.parametrize(
    ("inside", "arch", "machine", "expected"),
    [
        ("<rom bar='on'/>", "s390x", "s390-ccw-virtio", {("NET051", "define")}),
        ("<acpi index='3'/>", "s390x", "s390-ccw-virtio", {("NET053", "define")}),
        ("<rom bar='on'/>", "x86_64", "q35", set()),
        ("<rom/>", "s390x", "s390-ccw-virtio", set()),
        ("<rom bar='on'/><address type='pci'/>", "s390x", "s390-ccw-virtio", set()),
        ("<model type='spapr-vlan'/><rom bar='on'/>", "ppc64", "pseries", {("NET051", "define")}),
        ("<model type='usb-net'/><rom bar='on'/>", "x86_64", "pc", {("NET051", "start")}),
        ("<rom enabled='no' bar='on'/>", "x86_64", "q35", {("NET054", "define")}),
        ("<rom enabled='no'/>", "x86_64", "q35", set()),
    ],
)
def test_what_is_for_pci(inside: str, arch: str, machine: str, expected: set[tuple[str, str]]) -> None:
    assert found(interface("user", inside), arch=arch, machine=machine) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("vfio", set()), ("kvm", {("NET055", "start")}), ("qemu", {("NET055", "define")}), ("{{ n }}", set())],
)
def test_drivers_of_assigned_nics(name: str, expected: set[tuple[str, str]]) -> None:
    assert found(interface("hostdev", f"<driver name='{name}'/>")) == expected


def test_nics_on_usb_before_libvirt_placed_them() -> None:
    nic = interface("user", "<model type='usb-net'/>")
    assert found(nic, "9.0.0") == {("NET005", "define")}
    assert found(nic, "10.3.0") == set()
    assert found(interface("user", "<model type='usb-net'/><address type='usb'/>"), "9.0.0") == set()
    assert found(nic, "9.0.0", machine="{{ machine }}") == set()
