"""``--fix``, ``--unsafe-fixes`` and ``--diff``: which bytes are written, when none are, and what is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from command import CAPS, CLEAN, EXAMPLES, domlint

from domlint.writing import ChangedMeanwhileError, rewrite_file

GOLDEN = Path(__file__).parent / "golden" / "fixed"

BROKEN = """\
<domain type='qemu'>
  <name>web1</name>
  <memory unit='MiB'>1024</memory>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices>
    <interface type='bridge'>
      <mac address='52:54:00:6b:3c:58'/>
      <source bridge='br0'/>
      <model type='virtio'/>
      <teaming type='persistent'/>
      <alias name='uplink'/>
    </interface>
    <interface type='network'>
      <mac address='52:54:00:6b:3c:99'/>
      <source network='sriov'/>
      <model type='virtio'/>
      <teaming type='transient' persistent='uplink'/>
    </interface>
  </devices>
</domain>
"""
"""An alias that can be mended safely (TEAM031), and a MAC address that cannot (TEAM040)."""

SAFE = ("--caps", str(CAPS), "--network", str(EXAMPLES / "networks"), "--select", "TEAM031,TEAM053", "--isolated")
ALL = ("--caps", str(CAPS), "--network", str(EXAMPLES / "networks"), "--isolated")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "in"
    inner.mkdir()
    (inner / "vm.xml").write_text(BROKEN)
    return inner


def mended(text: str) -> str:
    return text.replace("'uplink'", "'ua-uplink'")


@pytest.mark.parametrize("name", ["web1", "web2", "mail1", "desktop1"])
def test_examples_are_mended_byte_for_byte(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(EXAMPLES, folder)
    ran = domlint(f"{name}.xml", *ALL, "--fix", "--unsafe-fixes", cwd=folder)
    golden = GOLDEN / f"{name}.xml"
    data = (folder / f"{name}.xml").read_bytes()
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        golden.write_bytes(data)
    assert data == golden.read_bytes()
    again = domlint(f"{name}.xml", *ALL, "--fix", "--unsafe-fixes", cwd=folder)
    assert "Fixed" not in again.stdout
    assert (folder / f"{name}.xml").read_bytes() == data
    if name.startswith("web"):
        assert (ran.status, again.status) == (0, 0)
        assert again.stdout.startswith("No findings")


def test_fix_writes_and_tells_how_much(folder: Path) -> None:
    path = folder / "vm.xml"
    path.chmod(0o640)
    ran = domlint("vm.xml", *SAFE, "--fix", cwd=folder)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout == ("Fixed 1 finding in 1 file.\nNo findings (1 domain in 1 file checked against 1 host).\n")
    assert path.read_text() == mended(BROKEN)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in folder.iterdir()] == ["vm.xml"]


def test_a_fix_that_uncovers_something_is_left_out(folder: Path) -> None:
    """The partner is named wrong; named right, the two would have different MAC addresses: it may not be meant."""
    text = BROKEN.replace("name='uplink'", "name='ua-uplink'").replace("persistent='uplink'", "persistent='ua-other'")
    (folder / "vm.xml").write_text(text)
    ran = domlint("vm.xml", *ALL, "--output-format", "json", cwd=folder)
    assert [(one["code"], one["fix"]["safe"]) for one in json.loads(ran.stdout)["findings"]] == [("TEAM033", True)]
    ran = domlint("vm.xml", *ALL, "--fix", "--output-format", "json", cwd=folder)
    assert ran.status == 1
    assert (folder / "vm.xml").read_text() == text
    assert [(one["code"], one["fix"]) for one in json.loads(ran.stdout)["findings"]] == [("TEAM033", None)]


def test_a_file_without_fixes_is_not_written(folder: Path) -> None:
    path = folder / "clean.xml"
    path.write_text(CLEAN)
    before = path.stat()
    domlint("clean.xml", *SAFE, "--fix", cwd=folder)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_diff_can_be_applied(folder: Path) -> None:
    path = folder / "vm.xml"
    for data in (BROKEN, BROKEN.replace("\n", "\r\n"), BROKEN.rstrip("\n").replace("web1", "\N{SNOWMAN}")):
        path.write_bytes(data.encode())
        ran = domlint("vm.xml", *SAFE, "--diff", cwd=folder, clear=False)
        assert ran.status == 1
        assert ran.stderr == "domlint: Would fix 1 finding in 1 file.\n"
        assert path.read_bytes() == data.encode()
        subprocess.run(["patch", "-s", "--binary", "vm.xml"], input=ran.stdout.encode(), cwd=folder, check=True)
        assert path.read_bytes() == mended(data).encode()
    ran = domlint("vm.xml", *SAFE, "--diff", cwd=folder)
    assert (ran.status, ran.stdout, ran.stderr) == (0, "", "domlint: nothing to fix\n")


def test_a_diff_cannot_act_on_a_terminal(folder: Path) -> None:
    (folder / "vm.xml").write_text(BROKEN.replace("<alias name='uplink'/>", "<alias name='uplink'/><!-- \x9b31m -->"))
    ran = domlint("vm.xml", *SAFE, "--diff", "--color", "always", cwd=folder, clear=False)
    assert "\x1b[32m+      <alias name='ua-uplink'/><!-- \\x9b31m -->" in ran.stdout
    assert "\x9b" not in ran.stdout


@pytest.mark.parametrize("data", [BROKEN, CLEAN, "<domain"])
def test_standard_input_comes_out_mended(data: str, folder: Path) -> None:
    ran = domlint("-", *SAFE, "--fix", "--stdin-filename", "x.xml", cwd=folder, given=data.encode())
    assert ran.stdout == mended(data)
    assert ("Fixed 1 finding in 1 file." in ran.stderr) == (data == BROKEN)
    shown = domlint("-", *SAFE, "--diff", "--stdin-filename", "x.xml", cwd=folder, given=data.encode())
    assert shown.status == (data == BROKEN)
    assert shown.stdout.startswith("--- x.xml\n+++ x.xml\n") == (data == BROKEN)


def test_what_cannot_go_together(folder: Path) -> None:
    assert "goes with --fix or --diff" in domlint("vm.xml", "--unsafe-fixes", cwd=folder).stderr
    ran = domlint("-", "vm.xml", "--fix", cwd=folder, given=b"")
    assert ran.status == 2
    assert "give no other files" in ran.stderr
    assert (folder / "vm.xml").read_text() == BROKEN


def test_a_link_stays_one_and_a_hard_link_is_left_alone(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "vm.xml").rename(folder / "real" / "vm.xml")
    (folder / "vm.xml").symlink_to("real/vm.xml")
    assert domlint("vm.xml", *SAFE, "--fix", cwd=folder).status == 0
    assert (folder / "vm.xml").is_symlink()
    assert (folder / "real" / "vm.xml").read_text() == mended(BROKEN)
    (folder / "one.xml").write_text(BROKEN)
    os.link(folder / "one.xml", folder / "two.xml")
    (folder / "three.xml").write_text(BROKEN)
    ran = domlint("one.xml", "three.xml", *SAFE, "--fix", cwd=folder)
    assert ran.status == 2
    assert "one.xml: cannot be fixed: it has another name" in ran.stderr
    assert "one.xml:11:" in ran.stdout
    assert (folder / "two.xml").read_text() == BROKEN
    assert (folder / "three.xml").read_text() == mended(BROKEN)


def test_what_a_baseline_knows_or_the_file_suppresses_stays(folder: Path) -> None:
    assert domlint("baseline", "vm.xml", *SAFE, cwd=folder).status == 0
    ran = domlint("vm.xml", *SAFE, "--baseline", "domlint-baseline.json", "--fix", cwd=folder)
    assert ran.status == 0
    assert (folder / "vm.xml").read_text() == BROKEN
    text = BROKEN.replace("<devices>", "<!-- domlint: ignore[TEAM031] known -->\n  <devices>")
    (folder / "vm.xml").write_text(text)
    assert domlint("vm.xml", *SAFE, "--fix", cwd=folder).status == 0
    assert (folder / "vm.xml").read_text() == text


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "vm.xml"
    for now in (b"newer", b"old and more", b""):
        path.write_bytes(now)
        with pytest.raises(ChangedMeanwhileError):
            rewrite_file(str(path), b"old", b"new")
        assert path.read_bytes() == now
        assert [one.name for one in tmp_path.iterdir()] == ["vm.xml"]
    path.write_bytes(b"old")
    rewrite_file(str(path), b"old", b"new")
    assert path.read_bytes() == b"new"


def test_the_summary_says_what_can_be_fixed(folder: Path) -> None:
    ran = domlint("vm.xml", *SAFE, cwd=folder)
    assert ran.stdout.endswith("\n1 can be fixed with --fix.\n")
    paired = mended(BROKEN).replace("</interface>\n  </d", "  <address type='pci' slot='8'/>\n    </interface>\n  </d")
    (folder / "vm.xml").write_text(paired)
    ran = domlint("vm.xml", *ALL, cwd=folder)
    assert ran.stdout.endswith("\n1 can be fixed with --fix, 1 more with --unsafe-fixes.\n")
