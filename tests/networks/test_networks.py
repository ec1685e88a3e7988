"""Networks: what is read of them, and what cannot be read."""

from __future__ import annotations

import codecs
import contextlib
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domlint.networks import Network, NetworkError, load_networks, read_network

POOL = """\
<network connections='1'>
  <name>sriov</name>
  <uuid>3f1f3a0e-5a7f-4c1e-9c3e-6f0b7c1d2e3f</uuid>
  <forward mode='hostdev' managed='yes'><pf dev='eth3'/></forward>
</network>
"""


def read(text: str | bytes) -> Network:
    return read_network(text.encode() if isinstance(text, str) else text, "net.xml")


def test_a_pool_of_host_devices() -> None:
    assert read(POOL) == Network(name="sriov", source="net.xml", is_hostdev_pool=True, portgroups={})


@pytest.mark.parametrize(
    "forward",
    [
        "",
        "<forward/>",
        "<forward mode='nat'/>",
        "<forward mode='bridge'/>",
        "<forward mode='HOSTDEV'/>",
        "<x mode='a'/>",
    ],
)
def test_other_networks(forward: str) -> None:
    assert not read(f"<network><name>n</name>{forward}</network>").is_hostdev_pool


def test_the_status_of_a_running_network() -> None:
    status = f"<networkstatus><class_id bitmap='0-2'/>{POOL}</networkstatus>"
    assert read(status) == read(POOL)


@pytest.mark.parametrize(
    "data",
    [
        f"<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE.\n-->\n{POOL}".encode(),
        POOL.replace("\n", "\r\n").encode(),
        codecs.BOM_UTF8 + POOL.encode(),
        POOL.encode("utf-16"),
        b"<!DOCTYPE network>" + POOL.encode(),
        POOL.replace("</network>", "<dnsmasq:options/></network>").encode(),
        POOL.replace("<name>sriov", "<name>\n  sriov\n").encode(),
    ],
)
def test_any_spelling_of_a_network(data: bytes) -> None:
    network = read(data)
    assert (network.name, network.is_hostdev_pool) == ("sriov", True)


def test_vlans() -> None:
    network = read(
        "<network><name>n</name><vlan trunk='yes'><tag id='42'/><tag id='047'/><tag/></vlan>"
        "<portgroup name='a'><vlan><tag id='7'/></vlan></portgroup>"
        "<portgroup name='b' default='yes'><vlan/></portgroup><portgroup name='c'/></network>"
    )
    assert network.vlan == {"42", "47", ""}
    assert network.portgroups == {"a": {"7"}, "b": frozenset(), "c": None}
    assert network.default_portgroup == "b"
    assert network.vlan_of("a") == {"7"}
    assert network.vlan_of("c") == {"42", "47", ""}, "a port group without tags leaves the network's"
    assert network.vlan_of(None) == frozenset(), "the default port group counts"
    assert network.vlan_of("none such") == {"42", "47", ""}
    plain = read("<network><name>n</name></network>")
    assert (plain.vlan, plain.default_portgroup, plain.vlan_of(None), plain.vlan_of("a")) == (None, None, None, None)


@pytest.mark.parametrize(
    "data, message, line",
    [
        ("<domain/>", "net.xml: this is a <domain>: --network takes a <network> definition", None),
        ("<networkstatus/>", "net.xml: this is a <networkstatus>: --network takes a <network> definition", None),
        ("<netwrok/>", "net.xml: this is a <netwrok>: --network takes a <network> definition", None),
        (
            "<network/>",
            "net.xml: the network has no <name>, so that no interface can be connected to it",
            None,
        ),
        ("<network><name> </name></network>", "net.xml: the network has no <name>, so that no interface can", None),
        ("<network>\n<name>", "net.xml:2: not well-formed XML: the file ends before <name>", 2),
        ("", "net.xml:1: not well-formed XML: no element found", 1),
        (
            "<!DOCTYPE network [\n<!ENTITY a 'b'>]><network><name>&a;</name></network>",
            "net.xml:2: the document declares entities of its own and was not read further",
            2,
        ),
        ("<network>" * 300, "net.xml:1: elements are nested deeper than the 256 levels", 1),
    ],
)
def test_what_is_no_network(data: str, message: str, line: int | None) -> None:
    with pytest.raises(NetworkError) as error:
        read(data)
    assert str(error.value).startswith(message)
    assert (error.value.source, error.value.line) == ("net.xml", line)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=20).map(lambda data: b"<network><name>" + data)))
def test_any_bytes_are_a_network_or_none(data: bytes) -> None:
    with contextlib.suppress(NetworkError):
        assert read_network(data, "net.xml").name


def test_entities_that_only_the_parser_sees() -> None:
    """In UTF-7 the bytes of <!DOCTYPE need not stand in the file."""
    doctype = "+ADwAIQ-DOCTYPE network [<!ENTITY a 'b'>]>"
    text = f"<?xml version='1.0' encoding='UTF-7'?>{doctype}<network><name>b</name></network>"
    with pytest.raises(NetworkError, match="declares entities of its own"):
        read(text)


def test_networks_can_be_pickled() -> None:
    network = read(POOL)
    assert pickle.loads(pickle.dumps(network)) == network


def test_files_and_directories(tmp_path: Path) -> None:
    folder = tmp_path / "nets"
    (folder / "autostart").mkdir(parents=True)
    (folder / "b.xml").write_text("<network><name>b</name></network>")
    (folder / "a.xml").write_text("<network><name>a</name></network>")
    (folder / "autostart" / "b.xml").symlink_to("../b.xml")
    (folder / "vm.xml").write_text("<domain><interface type='network'><network/></interface></domain>")
    (folder / "pool.xml").write_text("<pool/>")
    (folder / "n.txt").write_text("<network>")
    (tmp_path / "single").write_text(POOL)
    os.mkfifo(folder / "pipe.xml")
    networks = load_networks([folder, tmp_path / "single", str(folder / "a.xml")])
    assert [network.name for network in networks] == ["a", "b", "sriov"]
    assert networks[1].source == str(folder / "b.xml")
    assert load_networks([]) == ()


def test_a_broken_network_in_a_directory(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<network><name>a</network>")
    with pytest.raises(NetworkError, match=r"a\.xml:1: not well-formed XML"):
        load_networks([tmp_path])


def test_two_networks_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(POOL)
    (tmp_path / "b.xml").write_text(POOL.replace("hostdev", "nat"))
    with pytest.raises(NetworkError, match=r"b\.xml: network 'sriov' is also defined by .*a\.xml"):
        load_networks([tmp_path / "a.xml", tmp_path / "b.xml"])


@pytest.mark.parametrize("name", ["none.xml", "folder/none.xml", "a\0b", "x" * 300])
def test_files_that_are_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(NetworkError):
        load_networks([f"{tmp_path}/{name}"])
