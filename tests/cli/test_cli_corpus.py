"""The formats and the fixes over files that people wrote, and over those of libvirt's own tests.

DOMLINT_CORPUS names their folder: wild/V/domains and libvirt/V/domains, V being a version of libvirt.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from command import Result, domlint
from format_readers import READERS
from lxml import etree

from domlint.reports import FORMATS

CORPUS = Path(os.environ.get("DOMLINT_CORPUS", ""))
VERSION = "11.3.0"
HOST = ("--caps", "host=debian-13", "--isolated", "--quiet")

pytestmark = pytest.mark.skipif(
    "DOMLINT_CORPUS" not in os.environ or not (CORPUS / "wild").is_dir(),
    reason="DOMLINT_CORPUS does not name the corpus, or there is no folder wild in it",
)

Places = Counter[tuple[str, int, str]]
"""How often there is a finding of each file, line and code."""


def run(folder: Path, *arguments: str, out: Path) -> Result:
    names = sorted(path.name for path in folder.iterdir())
    return domlint(*arguments, *HOST, "--", *names, cwd=folder, out=out, timeout=120, clear=False)


def read_text(text: str) -> Places:
    heads = re.findall(r"^(\S+?):(\d+):\d+: \w+\[(\w+)\]", text, re.MULTILINE)
    return Counter((file, int(line), code) for file, line, code in heads)


def read_json(text: str) -> Places:
    return Counter((one["file"], one["line"], one["code"]) for one in json.loads(text)["findings"])


def read(name: str, text: str) -> Places:
    if name in ("text", "concise"):
        return read_text(text)
    if name == "json":
        return read_json(text)
    seen = READERS[name](text)
    assert seen.failures == []
    return Counter((one.file, one.line, one.code) for one in seen.findings)


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """What is found in the wild files."""
    out = tmp_path_factory.mktemp("out")
    ran = run(CORPUS / "wild" / VERSION / "domains", "--output-format", "json", out=out)
    found = read_json(ran.stdout)
    assert (ran.status, ran.stderr) == (1, "")
    assert found.total() > 500
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_all_findings_of_wild_files(name: str, wild: Places, tmp_path: Path) -> None:
    ran = run(CORPUS / "wild" / VERSION / "domains", "--output-format", name, out=tmp_path)
    ran.assert_clear()
    assert (ran.status, ran.stderr) == (1, "")
    assert read(name, ran.stdout) == wild


def is_well_formed(data: bytes) -> bool:
    try:
        etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return False
    return True


def errors(text: str) -> Counter[tuple[str, str]]:
    found = json.loads(text)["findings"]
    return Counter((one["file"], one["code"]) for one in found if one["severity"] == "error")


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", [f"wild/{VERSION}/domains", f"libvirt/{VERSION}/domains", "mutants"])
def test_fixes_do_no_harm(kind: str, tmp_path: Path) -> None:
    folder, patched = tmp_path / "fixed", tmp_path / "patched"
    for copy in folder, patched:
        shutil.copytree(CORPUS / kind, copy, ignore=shutil.ignore_patterns("*.jsonl"))
    before = bytes_of(folder)
    found = errors(run(folder, "--output-format", "json", out=tmp_path).stdout)

    diff = run(patched, "--unsafe-fixes", "--diff", out=tmp_path)
    assert (diff.status, diff.stderr) == (1, "")
    assert bytes_of(patched) == before

    ran = run(folder, "--fix", "--unsafe-fixes", "--output-format", "json", out=tmp_path)
    after = bytes_of(folder)
    changed = [name for name in before if after[name] != before[name]]
    assert (ran.status, ran.stderr, changed != []) == (1, "", True)
    assert [name for name in changed if is_well_formed(before[name]) and not is_well_formed(after[name])] == []
    assert errors(ran.stdout) - found == Counter()

    again = run(folder, "--fix", "--unsafe-fixes", "--output-format", "json", out=tmp_path)
    assert again.stdout == ran.stdout
    assert bytes_of(folder) == after

    given = diff.stdout.encode("utf-8", "surrogateescape")
    subprocess.run(["patch", "-s", "-p0", "--binary"], input=given, cwd=patched, check=True)
    assert bytes_of(patched) == after


@pytest.mark.parametrize("kind", ["wild", "libvirt"])
def test_suppressions_that_suppress_nothing_go_and_leave_no_trace(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(CORPUS / kind / VERSION / "domains", folder)
    before = bytes_of(folder)
    edited = []
    for name, data in before.items():
        tag = re.search(rb"\n([ \t]*)(?:<devices>|<vcpu\b|<memory\b)", data)
        if tag and is_well_formed(data):
            edited.append(name)
            comment = b"<!-- domlint: ignore[no-such-rule-at-all] -->"
            line_end = b"\r\n" if b"\r\n" in data else b"\n"
            (folder / name).write_bytes(data[: tag.end(1)] + comment + line_end + data[tag.start(1) :])
    assert len(edited) > 200
    ran = run(folder, "--fix", "--select", "SUP", "--output-format", "json", out=tmp_path)
    assert json.loads(ran.stdout)["findings"] == []
    assert {name: data for name, data in bytes_of(folder).items() if data != before[name]} == {}
