"""The recipes of examples/ci: their own commands are run, over a folder made of the examples.

The .out files beside them hold what is printed. Where a change of it is meant, write them anew, and then
docs/ci.md:

    DOMLINT_WRITE_GOLDEN=1 python -m pytest tests/ci
    python tools/update_documents.py
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "examples" / "ci"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What the recipes take for granted: vms with a mistake, hosts, networks."""
    folder = tmp_path / "repository"
    for name, source in (
        ("vms/web1.xml", "web1.xml"),
        ("hosts/compute.xml", "caps/debian-12-x86_64.xml"),
        ("networks/sriov.xml", "networks/sriov.xml"),
    ):
        (folder / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / "examples" / source, folder / name)
    return folder


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """An environment whose domlint is this interpreter's, as a command and where the action installs it."""
    script = tmp_path / "domlint" / "bin" / "domlint"
    script.parent.mkdir(parents=True)
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m domlint "$@"\n')
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path)}


def run(script: str, folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub and GitLab do."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def assert_printed(text: str, name: str) -> None:
    golden = RECIPES / name
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def loaded(path: Path) -> dict[Any, Any]:
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict)
    return content


# GitHub.


def action(inputs: Mapping[str, str], folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the last step of action.yml with these inputs."""
    declared = loaded(ROOT / "action.yml")
    assert set(inputs) <= set(declared["inputs"])
    values = {name: str(one["default"]) for name, one in declared["inputs"].items()} | dict(inputs)
    step = declared["runs"]["steps"][-1]
    environment = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda match: values[match[1]], text)
        for name, text in step["env"].items()
    }
    assert "${{" not in step["run"] + "".join(environment.values())
    return run(step["run"], folder, {**variables, **environment})


def test_the_github_workflow(repository: Path, variables: dict[str, str]) -> None:
    workflow = loaded(RECIPES / "github.yml")
    steps = workflow["jobs"]["lint-domains"]["steps"]
    (step,) = [step for step in steps if "domlint@" in step["uses"]]
    ran = action(step["with"], repository, variables)
    assert ran.returncode == 1
    assert_printed(ran.stdout, "github.out")
    sarif = json.loads((repository / steps[-1]["with"]["sarif_file"]).read_text())
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["TEAM033", "TEAM053"]


def test_the_action_lints_the_whole_repository_by_default(repository: Path, variables: dict[str, str]) -> None:
    ran = action({}, repository, variables)
    assert ran.returncode == 1
    assert "::error file=vms/web1.xml,line=26," in ran.stdout
    assert "no --caps given" in ran.stdout


def test_inputs_of_the_action_stay_words(repository: Path, variables: dict[str, str]) -> None:
    paths = "vms/web1.xml\n\n  my vms/$(touch broken).xml\n"
    caps = "a b=hosts/compute.xml\ndebian-11\n"
    inputs = {"paths": paths, "caps": caps, "args": "--select\nTEAM053\n--quiet\n", "sarif": "a report.sarif"}
    ran = action(inputs, repository, variables)
    assert ran.returncode == 2
    assert "my vms/$(touch broken).xml" in ran.stdout
    assert '"a b"' in (repository / "a report.sarif").read_text()
    assert ran.stdout.count("TEAM053") == 1
    assert not (repository / "broken").exists()


def test_a_path_that_looks_like_an_option_is_a_path(repository: Path, variables: dict[str, str]) -> None:
    shutil.copy(repository / "vms" / "web1.xml", repository / "--help")
    ran = action({"paths": "--help"}, repository, variables)
    assert ran.returncode == 1
    assert "::error file=--help,line=26," in ran.stdout


def test_the_inputs_are_documented() -> None:
    documented = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", (ROOT / "docs" / "ci.md").read_text(), re.MULTILINE)
    inputs = loaded(ROOT / "action.yml")["inputs"]
    assert dict(documented) == {
        name: f"`{one['default']}`" if one["default"] else "none" for name, one in inputs.items()
    }


def test_the_action_installs_what_it_runs() -> None:
    first, last = loaded(ROOT / "action.yml")["runs"]["steps"]
    assert '"$RUNNER_TEMP/domlint/bin/pip" install' in first["run"]
    assert '"$GITHUB_ACTION_PATH"' in first["run"]
    assert '"$RUNNER_TEMP/domlint/bin/domlint" check' in last["run"]


# GitLab.


def test_the_gitlab_job(repository: Path, variables: dict[str, str]) -> None:
    job = loaded(RECIPES / "gitlab.yml")["lint-domains"]
    install, *commands = job["script"]
    assert shlex.split(install)[:2] == ["pip", "install"]
    ran = run("\n".join(commands), repository, variables)
    assert ran.returncode == 1
    assert_printed(ran.stdout, "gitlab.out")
    report = json.loads((repository / job["artifacts"]["reports"]["codequality"]).read_text())
    assert [issue["location"]["path"] for issue in report] == ["vms/web1.xml", "vms/web1.xml"]


# Containers.


def test_the_container(repository: Path, variables: dict[str, str]) -> None:
    text = (RECIPES / "Containerfile").read_text()
    instructions = [line.split(" ", 1)[0] for line in text.splitlines() if line and not line.startswith("#")]
    assert set(instructions) <= {"FROM", "COPY", "RUN", "USER", "WORKDIR", "ENTRYPOINT"}
    entry = re.search(r"^ENTRYPOINT (.*)$", text, re.MULTILINE)
    command = re.search(r"^#   podman run (.*)$", text, re.MULTILINE)
    assert entry is not None
    assert command is not None
    words = shlex.split(command[1])
    arguments = words[words.index("domlint") + 1 :]
    ran = run(shlex.join([*json.loads(entry[1]), *arguments]), repository, variables)
    assert ran.returncode == 1
    assert_printed(ran.stdout, "Containerfile.out")


# pre-commit itself is run by tests/precommit.


def test_the_hook_that_is_named_exists() -> None:
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    named = {hook["id"] for source in loaded(RECIPES / "pre-commit.yaml")["repos"] for hook in source["hooks"]}
    assert named <= hooks
