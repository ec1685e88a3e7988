"""pre-commit itself, on a scratch repository that has this one as its hook repository."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout that pre-commit could clone"),
]

RECIPE = ROOT / "examples" / "ci" / "pre-commit.yaml"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main"]
    ran = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pre_commit", reason="pre-commit is not installed (it is part of the extra dev)")
    folder = tmp_path_factory.mktemp("vms")
    git(folder, "init", "--quiet")
    for name, source in (
        ("hosts/compute.xml", "caps/debian-12-x86_64.xml"),
        ("networks/sriov.xml", "networks/sriov.xml"),
        ("good.xml", "web2.xml"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "examples" / source, folder / name)
    (folder / "pom.xml").write_text("<project/>\n")
    revision = git(ROOT, "rev-parse", "HEAD")
    recipe = RECIPE.read_text().replace("https://example.org/domlint", str(ROOT)).replace("v0.1.0", revision)
    assert str(ROOT) in recipe
    assert revision in recipe
    (folder / ".pre-commit-config.yaml").write_text(recipe)
    git(folder, "add", ".")
    return folder


def pre_commit(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never", "--verbose"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_good_domains_pass_and_foreign_files_are_noted(repository: Path) -> None:
    ran = pre_commit(repository)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Passed" in ran.stdout
    assert "pom.xml:1:1: note[XML002]" in ran.stdout


def test_a_bad_domain_fails_the_commit(repository: Path) -> None:
    shutil.copy(ROOT / "examples" / "web1.xml", repository / "bad.xml")
    git(repository, "add", "bad.xml")
    try:
        ran = pre_commit(repository)
    finally:
        git(repository, "rm", "--quiet", "--force", "bad.xml")
    assert ran.returncode == 1
    assert "bad.xml:26:33: error[TEAM033]" in ran.stdout
    assert "bad.xml:27:7: error[TEAM053]" in ran.stdout


def test_the_walk_through_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the README shows of a repository that adopts domlint is what pre-commit itself prints."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed (it is part of the extra dev)")
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from walk_through import walked

    revision = git(ROOT, "rev-parse", "HEAD")

    def configured(text: str) -> str:
        return text.replace("https://example.org/domlint", str(ROOT)).replace("v0.1.0", revision)

    readme = (ROOT / "README.md").read_text()
    recipe = re.search(r"<!-- walk-through file: .pre-commit-config.yaml -->\n```yaml\n((?:.*\n)*?)```\n", readme)
    assert recipe
    assert str(ROOT) in configured(recipe[1])
    assert revision in configured(recipe[1])
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".pre-commit-config.yaml").write_text(configured(recipe[1]))
    # What pre-commit says while it installs domlint is not part of the walk-through.
    command = [sys.executable, "-m", "pre_commit"]
    ran = subprocess.run([*command, "install-hooks"], cwd=tmp_path, capture_output=True, text=True, check=False)
    if ran.returncode and re.search("NewConnectionError|name resolution|No matching distribution", ran.stdout):
        pytest.skip("pre-commit could not install what domlint depends on: there is no network")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    from pre_commit.store import Store

    monkeypatch.setenv("PRE_COMMIT_HOME", Store().directory)
    assert walked(readme, shlex.join(command), configured) == readme
