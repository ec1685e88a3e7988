"""Directories of capability files, as people have them."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
from caps_builder import caps
from kinds_builder import capabilities, domaincaps

from domlint.hosts import Host, HostError, load_hosts

X86, ARM = "/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-system-aarch64"
MACHINES = "<machine type='kvm' name='pc-q35-7.2' alias='q35'/>"


def probe(emulator: str = X86, version: str = "7.2.0") -> bytes:
    arch = emulator.rpartition("-")[2]
    data = caps(version=version, arch=arch, machines=MACHINES)
    return data.replace(b"<qemuCaps>", f"<qemuCaps><emulator>{emulator}</emulator>".encode())


def cached(emulator: str) -> str:
    """The name that libvirt gives the probe of an emulator in its cache."""
    return f"{hashlib.sha256(emulator.encode()).hexdigest()}.xml"


def write(folder: Path, **files: bytes) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def loaded(*specs: str | Path) -> dict[str, list[str | None]]:
    """The emulators of each host, by its label, in the order in which they are read."""
    found: dict[str, list[str | None]] = {}
    for host in load_hosts([str(spec) for spec in specs]):
        found.setdefault(host.id, []).append(host.emulator)
    return found


def kinds(hosts: list[Host]) -> list[tuple[str, str]]:
    return [(host.id, host.kind) for host in hosts]


def test_a_copy_of_the_cache(tmp_path: Path) -> None:
    folder = tmp_path / "node1"
    write(folder, **{cached(X86): probe(), cached(ARM): probe(ARM)})
    assert loaded(folder) == {"node1": [ARM, X86] if cached(ARM) < cached(X86) else [X86, ARM]}
    assert list(loaded(f"rack={folder}")) == ["rack"]


def test_a_copy_of_the_cache_with_one_emulator(tmp_path: Path) -> None:
    write(tmp_path / "node1", **{cached(X86): probe()})
    assert loaded(tmp_path / "node1") == {"node1": [X86]}


def test_copies_of_the_caches_of_many_hosts(tmp_path: Path) -> None:
    for node in ("node1", "node2"):
        write(tmp_path / "hosts" / node, **{cached(X86): probe(), cached(ARM): probe(ARM)})
    write(tmp_path / "hosts" / "rack" / "node3" / "capabilities", **{cached(X86): probe()})
    assert {label: len(emulators) for label, emulators in loaded(tmp_path / "hosts").items()} == {
        "node1": 2,
        "node2": 2,
        "rack/node3/capabilities": 1,
    }


def test_a_folder_per_host(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    write(hosts / "node1", **{"caps.xml": probe(), "domcaps-q35.xml": domaincaps(), "host.xml": capabilities()})
    write(hosts / "node2", **{"caps.xml": probe(version="8.2.0"), "domcaps-q35.xml": domaincaps()})
    write(hosts, **{"node3.xml": probe()})
    assert kinds(load_hosts([str(hosts)])) == [("node3", "qemucaps"), ("node1", "combined"), ("node2", "combined")]


def test_a_flat_folder_of_many_hosts(tmp_path: Path) -> None:
    write(tmp_path, **{"node1.xml": probe(), "node2.xml": probe(version="8.2.0"), "node3.xml": probe(version="9.0.0")})
    assert loaded(tmp_path) == {"node1": [X86], "node2": [X86], "node3": [X86]}


def test_a_flat_folder_of_one_host(tmp_path: Path) -> None:
    folder = tmp_path / "node1"
    write(folder, **{"caps.xml": probe(), "domcaps.xml": domaincaps(), "virsh-capabilities.xml": capabilities()})
    (host,) = load_hosts([str(folder)])
    assert (host.id, host.kind, len(host.domain_capabilities)) == ("node1", "combined", 1)


def test_a_flat_folder_with_files_of_many_hosts_in_several_kinds(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "node1-caps.xml": probe(),
            "node1-dom.xml": domaincaps(),
            "node2-caps.xml": probe(version="8.2.0"),
            "node2-dom.xml": domaincaps(),
        },
    )
    assert list(loaded(tmp_path)) == ["node1-caps", "node1-dom", "node2-caps", "node2-dom"]


def test_a_folder_whose_files_contradict_each_other(tmp_path: Path) -> None:
    write(tmp_path / "old", **{"a.xml": probe(), "b.xml": probe(version="8.2.0")})
    assert loaded(tmp_path) == {"old/a": [X86], "old/b": [X86]}
    with pytest.raises(HostError, match="cannot be of the host 'x' as well"):
        load_hosts([f"x={tmp_path}"])


def test_folders_of_the_same_name_in_two_directories(tmp_path: Path) -> None:
    for room in ("east", "west"):
        write(tmp_path / room / "node1", **{cached(X86): probe(), cached(ARM): probe(ARM)})
    hosts = loaded(tmp_path / "east", tmp_path / "west", tmp_path / "east")
    assert {label: len(emulators) for label, emulators in hosts.items()} == {
        str(tmp_path / "east" / "node1"): 2,
        str(tmp_path / "west" / "node1"): 2,
    }


def test_foreign_files_are_passed_over(tmp_path: Path) -> None:
    foreign = {
        "vm.xml": b"<domain type='kvm'/>",
        "net.xml": b"<network><name>default</name></network>",
        "broken.xml": b"<domain",
        "empty.xml": b"",
        "binary.xml": b"\x7fELF\0",
        "page.xml": b"<!DOCTYPE html><html/>",
        "huge.xml": b"<html>" + b" " * (17 * 1024 * 1024) + b"</html>",
        "notes.txt": b"<qemuCaps",
        "deep/vm.xml": b"<domain type='kvm'/>",
    }
    write(tmp_path, **foreign, **{"node1.xml": probe()})
    assert loaded(tmp_path) == {"node1": [X86]}
    (tmp_path / "node1.xml").unlink()
    with pytest.raises(HostError, match="no capabilities file is in this directory"):
        load_hosts([str(tmp_path)])


def test_links(tmp_path: Path) -> None:
    write(tmp_path / "hosts", **{"node1.xml": probe()})
    (tmp_path / "hosts" / "again").symlink_to(tmp_path / "hosts")
    (tmp_path / "hosts" / "gone.xml").symlink_to(tmp_path / "nowhere")
    assert loaded(tmp_path / "hosts") == {"node1": [X86]}


class TestRefused:
    """Files that cannot be used, where all others shall be read."""

    def test_without_a_say_the_first_is_raised(self, tmp_path: Path) -> None:
        write(tmp_path, **{"a.xml": b"<qemuCaps/>", "b.xml": probe()})
        with pytest.raises(HostError, match=r"a\.xml: the file is damaged"):
            load_hosts([str(tmp_path)])

    def test_each_is_told(self, tmp_path: Path) -> None:
        hosts = tmp_path / "hosts"
        write(hosts, **{"a.xml": b"<qemuCaps/>", "b.xml": probe(), "c/d.xml": b"<qemuCaps", "c/e.xml": probe()})
        (tmp_path / "none").mkdir()
        specs = [hosts, tmp_path / "gone.xml", tmp_path / "none", f"x={hosts}", f"y={hosts / 'b.xml'}", "z=gone"]
        told: list[str] = []
        found = load_hosts([str(spec) for spec in specs], lambda error: told.append(str(error).splitlines()[0]))
        assert [host.id for host in found] == ["b", "c", "x", "y"]
        # What libxml2 says of the place is not the same in all its versions.
        assert [words.replace(str(tmp_path), "").partition(" XML: ")[0] for words in told] == [
            "/hosts/a.xml: the file is damaged: the architecture (<arch>) is missing",
            "/hosts/c/d.xml:1: not well-formed",
            "/gone.xml: no such file",
            "/none: no capabilities file is in this directory",
            "/hosts/a.xml: the file is damaged: the architecture (<arch>) is missing",
            "/hosts/c/d.xml:1: not well-formed",
            "gone: no such file, and no bundled profile of that name",
        ]

    def test_a_label_with_a_contradiction(self, tmp_path: Path) -> None:
        write(tmp_path, **{"a.xml": probe(), "b.xml": probe(version="8.2.0")})
        told: list[HostError] = []
        hosts = load_hosts([f"x={tmp_path / 'a.xml'}", f"x={tmp_path / 'b.xml'}", str(tmp_path / "a.xml")], told.append)
        assert [host.id for host in hosts] == ["a"]
        assert ["cannot be of the host 'x' as well" in error.message for error in told] == [True]


@pytest.mark.parametrize("spec", ["a\0b", "\0", "x=a\0b", "=", "x=", "=x", "", "\udcff", "x=\udcff", "a\nb", "."])
def test_odd_names(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HostError) as caught:
        load_hosts([spec])
    assert all(part.isprintable() for part in str(caught.value).split("\n"))


def test_many_hosts(tmp_path: Path) -> None:
    data = probe()
    for number in range(500):
        (tmp_path / f"node{number}.xml").write_bytes(data)
        write(tmp_path / "deep" / f"node{number}", **{cached(X86): data, "dom.xml": domaincaps()})
    start = time.monotonic()
    assert len(load_hosts([str(tmp_path), f"all={tmp_path / 'node1.xml'}"])) == 1001
    assert time.monotonic() - start < 5
