"""The documents that are made from the program are current, and what they show is what it does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_made_documents_are_current() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "tools" / "update_documents.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["README.md", "docs/python.md", "docs/capabilities.md"])
def test_python_in_documents_runs(name: str, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        code = block.replace('["vms", domlint.Source("generated.xml", xml_bytes)]', '["examples"]')
        code = code.replace("hosts/compute.xml", "examples/caps/debian-12-x86_64.xml")
        code = code.replace('"hosts/edge"', '"examples/caps"').replace('"networks"', '"examples/networks"')
        code = code.replace("hosts/core.xml", "examples/caps/old-qemu-4.1-x86_64.xml")
        ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")


def test_documented_python_finds_what_the_readme_shows() -> None:
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block
    ran = subprocess.run([sys.executable, "-c", block[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = ran.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["26", "TEAM033"], ["27", "TEAM053"]]
    assert "IMPLIED" in lines[2]


def test_links_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_option_is_in_the_readme() -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "domlint", "check", "--help"], capture_output=True, text=True, check=True
    ).stdout
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", help_text, re.MULTILINE)) - {"--help"}
    readme = (ROOT / "README.md").read_text()
    assert len(options) >= 10
    assert {option for option in options if f"`{option}" not in readme} == set()


def test_install_and_test_commands_are_one_line_each() -> None:
    readme = (ROOT / "README.md").read_text()
    for mark in ("install", "test"):
        assert re.search(rf"<!-- {mark} -->\n```\n[^\n]+\n```\n", readme)
