"""The repository of 400 VMs that README.md adopts domlint on.

That the README shows what its commands print is tested with the other documents (test_made_documents_are_current), and
with pre-commit itself by tests/precommit.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "cli")]

from command import domlint  # noqa: E402
from scratch_repository import files, make  # noqa: E402
from walk_through import walked  # noqa: E402

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

CONFIGURATION = 'caps = ["hosts"]\nnetworks = ["networks"]\nbaseline = "domlint-baseline.json"\n'


@pytest.fixture
def adopted(tmp_path: Path) -> Path:
    """The repository with its baseline."""
    folder = tmp_path / "repository"
    folder.mkdir()
    make(folder)
    assert CONFIGURATION in (ROOT / "README.md").read_text()
    (folder / "domlint.toml").write_text(CONFIGURATION)
    assert domlint("baseline", "vms", cwd=folder).status == 0
    return folder


def test_there_are_400_files_with_many_kinds_of_mistakes(adopted: Path) -> None:
    definitions = dict(files())
    assert len(definitions) == 400
    assert len({etree.fromstring(text).findtext("name") for text in definitions.values()}) == 400
    baseline = json.loads((adopted / "domlint-baseline.json").read_text())
    codes = Counter(entry["code"] for entries in baseline["files"].values() for entry in entries)
    assert len(codes) >= 8
    assert 100 <= len(baseline["files"]) <= 200, "most files are good"


def test_unrelated_edits_of_all_files_wake_nothing(adopted: Path) -> None:
    for path in (adopted / "vms").rglob("*.xml"):
        text = path.read_text()
        text = text.replace("<memory", "<title>moved</title>\n\n  <!-- larger -->\n  <memory").replace("\n  ", "\n\t")
        text = re.sub(r"<vcpu>\d+</vcpu>", "<vcpu>16</vcpu>", text)
        path.write_text(text.replace("<disk ", "<input type='mouse' bus='ps2'/>\n<disk ", 1))
    ran = domlint("vms", cwd=adopted)
    assert (ran.status, ran.stderr) == (0, "")
    assert re.fullmatch(r"No new findings \(400 domains in 400 files .* (\d+) old findings\)\.\n", ran.stdout)


def test_the_walk_through_notices_what_is_not_so() -> None:
    with pytest.raises(ValueError, match="domlint --version exits with 0, not 1"):
        walked("<!-- walk-through: 1 -->\n```console\n$ domlint --version\n```\n")
    text = "<!-- walk-through: 0 -->\n```console\n$ ls\nwhat was there once\n```\n"
    assert "\n$ ls\nhosts\nnetworks\nvms\n```\n" in walked(text)
