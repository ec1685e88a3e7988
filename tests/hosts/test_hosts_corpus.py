"""Conformance over real files: those of libvirt's own tests, where they are at hand.

DOMLINT_CORPUS names a folder that holds libvirt/VERSION/caps/*.xml, the capability files in the tests of that libvirt.
What each file should answer is found here from its text alone, apart from the reader and the table under test.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from domlint.hosts import Presence, load_host
from domlint.hosts.lifecycle import table
from domlint.versions import Version

CORPUS = os.environ.get("DOMLINT_CORPUS")
FILES = sorted(Path(CORPUS, "libvirt").glob("*/caps/*.xml")) if CORPUS else []

pytestmark = pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")

EXPECTED_FAILOVER = {
    "7.0.0": {Presence.PRESENT: 13, Presence.ABSENT: 40},
    "9.0.0": {Presence.IMPLIED: 26, Presence.ABSENT: 1, Presence.UNKNOWN: 2},
    "11.3.0": {Presence.IMPLIED: 28, Presence.ABSENT: 1},
}


def texts() -> list[tuple[Path, str]]:
    return [(path, path.read_text(encoding="utf-8")) for path in FILES]


def version_of(text: str) -> int:
    match = re.search(r"<version>(\d+)</version>", text)
    assert match
    return int(match[1])


def snapshot_before_4_2(text: str) -> bool:
    match = re.search(r"<package>.*?v(\d+)\.(\d+)\.\d+(?:-rc\d+)?-\d+-g[0-9a-f]+.*?</package>", text)
    return match is not None and (int(match[1]), int(match[2])) < (4, 2)


def test_there_are_files() -> None:
    assert len(FILES) > 100


def test_failover_is_never_answered_wrongly() -> None:
    wrong = []
    counts: dict[str, Counter[Presence]] = {}
    for path, text in texts():
        writer = path.parts[-3]
        answer = load_host(path).answer("virtio-net.failover")
        counts.setdefault(writer, Counter())[answer.presence] += 1
        listed = "<flag name='virtio-net.failover'/>" in text
        device = "<flag name='virtio-net'/>" in text
        # What QEMU really can: failover came with 4.2, and needs the device.
        sure = device and version_of(text) >= 4_002_000 and not snapshot_before_4_2(text)
        right = {
            Presence.PRESENT: listed,
            Presence.IMPLIED: not listed and sure and writer != "7.0.0",
            Presence.ABSENT: not listed and (not device or version_of(text) < 4_001_050 or writer == "7.0.0"),
            Presence.UNKNOWN: not listed and not sure and writer != "7.0.0",
        }[answer.presence]
        if not right:
            wrong.append((str(path), answer))
    assert wrong == []
    assert {writer: dict(count) for writer, count in counts.items()} == EXPECTED_FAILOVER


def test_every_flag_of_every_file() -> None:
    """What one libvirt retired, an older one still listed: its files say whether "implied" would have been right."""
    wrong = []
    for path, text in texts():
        listed = set(re.findall(r"<flag name='([^']*)'/>", text))
        writer = Version.parse(path.parts[-3])
        host = load_host(path)
        assert host.flags == listed
        for name, flag in table().items():
            answer = host.answer(name)
            assert (answer.presence is Presence.PRESENT) == (name in listed)
            if answer.presence is Presence.IMPLIED and flag.retired_from and writer < flag.retired_from:
                wrong.append((path.name, name, answer.reason))
            # A libvirt that knew the flag and had not retired it has answered by listing it or not.
            in_use = flag.retired_from is None or writer < flag.retired_from
            known = flag.known_in is not None and writer >= flag.known_in
            if name not in listed and in_use and known and answer.presence is Presence.IMPLIED:
                wrong.append((path.name, name, answer.reason))
    assert wrong == []


def test_what_is_implied_was_listed_before_it_was_retired() -> None:
    """A flag that this libvirt did not list and a later one retired: a later file of that QEMU must not imply it."""
    wrong = []
    for path, text in texts():
        listed = set(re.findall(r"<flag name='([^']*)'/>", text))
        writer = Version.parse(path.parts[-3])
        host = load_host(path)
        later = host._replace(libvirt_version=Version(99, 0, 0))
        for name, flag in table().items():
            if flag.retired_from is None or writer >= flag.retired_from or name in listed:
                continue
            if flag.known_in is None or writer < flag.known_in:
                continue
            if later.answer(name).presence is Presence.IMPLIED:
                wrong.append((host.arch, str(host.qemu_version), name))
    # QEMU 3.0 for RISC-V had virtio, but not on PCI; no libvirt of today supports it.
    assert {(arch, version) for arch, version, _ in wrong} <= {("riscv64", "3.0.0")}


def test_every_file_is_valid() -> None:
    schema = xmlschema.XMLSchema11(str(Path(__file__).resolve().parents[2] / "schemas" / "qemucaps.xsd"))
    invalid = {
        str(path): error.reason for path in FILES for error in schema.iter_errors(etree.parse(str(path)).getroot())
    }
    assert invalid == {}


def test_parts_are_those_of_the_text() -> None:
    for path, text in texts():
        host = load_host(path)
        for tag, count in {
            "machine": len(host.machines),
            "cpu": len(host.cpu_models),
            "hostCPU": len(host.host_cpus),
            "gic": len(host.gics),
            "blocker": sum(len(model.blockers) for model in host.cpu_models),
        }.items():
            assert count == len(re.findall(rf"<{tag}[ >]", text)), (path, tag)
        assert (host.sev is not None) == ("<sev>" in text)
        assert (host.sgx is not None) == ("<sgx " in text)
        assert host.default_machine() is not None
