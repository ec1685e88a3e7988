"""Whether what ``domlint requires`` claims is true, over the domains and capability files of libvirt's own tests.

A domain that libvirt accepts with a QEMU needs no newer one, and no newer libvirt either. Left out are the rows that
know a version of QEMU but no flag (of hyperv and kvm features): libvirt passes those on unasked, and QEMU refuses them
only when it starts, so that libvirt's acceptance says nothing of them.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from domlint.engine import Source
from domlint.requirements import DomainRequirements, requirements_of
from domlint.versions import Version

CORPUS = os.environ.get("DOMLINT_CORPUS")
FOLDERS = sorted(path for path in Path(CORPUS).glob("*/*") if (path / "verdicts.jsonl").exists()) if CORPUS else []

DEVELOPMENT = 50
"""From this micro version on QEMU's versions are of development."""

OLDEST = Version(4, 2, 0)
"""The oldest QEMU that there are profiles of."""

pytestmark = pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")


@cache
def qemu_of(caps: Path) -> Version:
    match = re.search(r"<version>(\d+)</version>", caps.read_text())
    assert match
    return release_to_be(Version.from_number(int(match[1])))


def release_to_be(version: Version) -> Version:
    """The release that a version is on the way to, where it is one of development: 2.12.50 becomes 3.0."""
    if version.micro < DEVELOPMENT:
        return version
    if version.major < 4:
        following = {(2, 12): (3, 0), (3, 1): (4, 0)}.get(version[:2], (version.major, version.minor + 1))
    else:
        following = (version.major, version.minor + 1) if version.minor < 2 else (version.major + 1, 0)
    return Version(*following, 0)


def accepted(folder: Path) -> list[dict[str, str]]:
    rows = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    return [row for row in rows if row["verdict"] == "ok"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_what_libvirt_accepts_needs_nothing_newer(folder: Path) -> None:
    libvirt = Version.parse(folder.name)
    found: dict[tuple[str, str], DomainRequirements] = {}
    wrong = []
    pairs = 0
    for row in accepted(folder):
        key = row["domain"], row["arch"]
        if key not in found:
            path = folder / "domains" / row["domain"]
            needs = requirements_of(Source(path.name, path.read_bytes()), [row["arch"]])
            assert isinstance(needs, DomainRequirements)
            found[key] = needs
        qemu = qemu_of(Path(str(CORPUS), "libvirt", folder.name, "caps", row["caps"]))
        pairs += 1
        for one in found[key].requirements:
            if one.capability.qemu and not one.capability.flags:
                continue
            claims = ((one.qemu.get(row["arch"]), qemu), (one.libvirt, libvirt))
            for claimed, real in claims:
                if claimed is not None and (
                    not claimed.exists
                    or (claimed.at_least is not None and claimed.at_least > real)
                    or (claimed.gone is not None and claimed.gone <= real)
                ):
                    wrong.append((one.capability.name, str(claimed), row["caps"], row["domain"]))
    assert pairs > 100
    assert wrong == []


def test_the_claims_are_no_mere_silence() -> None:
    """Where libvirt accepts a domain from some QEMU on that the profiles know, most claims name that very one."""
    counted = [exact for folder in FOLDERS for exact in exact_claims(folder)]
    assert len(counted) > 50
    assert sum(counted) / len(counted) > 0.7


def exact_claims(folder: Path) -> Iterator[bool]:
    verdicts = defaultdict(list)
    for row in map(json.loads, (folder / "verdicts.jsonl").read_text().splitlines()):
        qemu = qemu_of(Path(str(CORPUS), "libvirt", folder.name, "caps", row["caps"]))
        verdicts[row["domain"], row["arch"]].append((qemu, row["verdict"] == "ok"))
    for (name, arch), asked in verdicts.items():
        first = min((qemu for qemu, is_accepted in asked if is_accepted), default=OLDEST)
        refused = [qemu for qemu, is_accepted in asked if qemu < first and not is_accepted]
        if first > OLDEST and refused:
            needs = requirements_of(Source(name, (folder / "domains" / name).read_bytes()), [arch])
            assert isinstance(needs, DomainRequirements)
            claimed = needs.qemu(arch).at_least
            yield claimed is not None and max(refused) < claimed <= first


def test_there_are_domains() -> None:
    assert len(FOLDERS) >= 4
