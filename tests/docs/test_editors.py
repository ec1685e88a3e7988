"""What docs/editors.md says to put into editors does what it says, where the editor is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
def test_vim_finds_the_places(tmp_path: Path) -> None:
    settings = re.findall(r"^set .*$", (ROOT / "docs" / "editors.md").read_text(), re.MULTILINE)
    assert [line.split("=")[0] for line in settings] == ["set makeprg", "set errorformat"]
    (tmp_path / "settings.vim").write_text("\n".join(settings) + "\n")
    files = ["docs/fleet/vms/edge/door1.xml", "docs/suppressions/web1.xml"]
    arguments = ["--output-format", "concise", "-q"]
    words = settings[0].partition("=")[2].replace("\\ ", " ").split()
    assert words[1:] == ["%:S", *arguments]
    found = subprocess.run(
        [sys.executable, "-m", "domlint", *files, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    (tmp_path / "found").write_text(found.stdout)
    listed = "map(getqflist(), {_, d -> json_encode([bufname(d.bufnr), d.lnum, d.col, d.type, d.text])})"
    commands = [f"cgetfile {tmp_path}/found", f"call writefile({listed}, '{tmp_path}/listed')", "qa!"]
    subprocess.run(
        ["vim", "-N", "-u", "NONE", "-es", "-S", tmp_path / "settings.vim", *(f"+{command}" for command in commands)],
        cwd=ROOT,
        timeout=60,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    rows = [json.loads(line) for line in (tmp_path / "listed").read_text().splitlines()]
    expected = [re.fullmatch(r"(.*?):(\d+):(\d+): (\w)\w+\[\w+\] (.*)", line) for line in found.stdout.splitlines()]
    assert len(rows) >= 3
    assert rows == [[m[1], int(m[2]), int(m[3]), m[4], m[5]] for m in expected if m is not None]
