"""The walk-through of README.md: its files are written and its commands run, in a scratch repository.

A block that is marked as a file is written to it; of one that is marked with an exit status the commands are run, each
by a shell of its own. The last one exits with that status, the others with 0:

    <!-- walk-through file: domlint.toml -->
    <!-- walk-through: 1 -->

``~/domlint`` is this repository. pre-commit itself installs domlint anew, which takes time and may take a network. Here
a stand-in runs what .pre-commit-hooks.yaml says, and prints what pre-commit prints; tests/precommit runs pre-commit.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from scratch_repository import ROOT, environment, make

_MARKED: Final = re.compile(
    r"(?P<opening><!-- walk-through(?: file: (?P<file>.*)|: (?P<status>\d)) -->\n```\w*\n)"
    r"(?P<inner>(?:.*\n)*?)(?P<closing>```\n)"
)
_COLUMNS: Final = 79
"""The width of what pre-commit prints of a hook."""

Configured: Final = Callable[[str], str]
"""Makes of a configuration of pre-commit one that finds domlint on this machine."""


def walked(document: str, pre_commit: str = "", configured: Configured = str) -> str:
    """The document with the output of each command as it is now.

    ``pre_commit`` is a command that runs pre-commit, "" for what stands in for it, and ``configured`` makes of its
    configuration in the document one that finds domlint on this machine. Raises ValueError for another exit status.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variables = _prepared(folder, pre_commit)
        repository = folder / "vms"
        make(repository)

        def shown(match: re.Match[str]) -> str:
            inner = match["inner"]
            if match["file"]:
                (repository / match["file"]).write_text(configured(inner))
                return match[0]
            outputs = _with_outputs(inner, int(match["status"]), repository, variables)
            return f"{match['opening']}{outputs}{match['closing']}"

        return _MARKED.sub(shown, document)


def _prepared(folder: Path, pre_commit: str) -> dict[str, str]:
    """The environment of the commands, with domlint and pre-commit as programs in a folder of its own."""
    home, programs = folder / "home", folder / "bin"
    home.mkdir()
    programs.mkdir()
    (home / "domlint").symlink_to(ROOT)
    stand_in = shlex.join([sys.executable, str(Path(__file__).resolve()), "pre-commit"])
    for name, command in (
        ("domlint", shlex.join([sys.executable, "-m", "domlint"])),
        ("pre-commit", pre_commit or stand_in),
    ):
        (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (programs / name).chmod(0o755)
    variables = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return {**environment(variables), "HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}"}


def _with_outputs(inner: str, status: int, repository: Path, variables: Mapping[str, str]) -> str:
    commands = [line.removeprefix("$ ") for line in inner.splitlines() if line.startswith("$ ")]
    written = []
    for number, command in enumerate(commands, start=1):
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=repository,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        expected = status if number == len(commands) else 0
        if ran.returncode != expected:
            raise ValueError(f"{command} exits with {ran.returncode}, not {expected}:\n{ran.stdout}")
        output = ran.stdout.rstrip()
        written.append(f"$ {command}\n{output}\n" if output else f"$ {command}\n")
    return "".join(written)


def stand_in(words: list[str]) -> int:
    """Do what pre-commit does with the hook: ``install`` it, or ``run`` it. Returns the exit status."""
    if words == ["install"]:
        hook = Path(".git/hooks/pre-commit")
        hook.write_text("#!/bin/sh\nexec pre-commit run\n")
        hook.chmod(0o755)
        print(f"pre-commit installed at {hook}")
        return 0
    import yaml

    (hook_of_ours,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    ((used,),) = [repo["hooks"] for repo in yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"]]
    asked = ["ls-files"] if words == ["run", "--all-files"] else ["diff", "--staged", "--name-only"]
    listed = subprocess.run(["git", *asked], capture_output=True, text=True, check=True).stdout.splitlines()
    files = [name for name in listed if name.endswith(".xml") and re.search(used.get("files", ""), name)]
    name = hook_of_ours["name"]
    if not files:
        skipped = "(no files to check)Skipped"
        print(f"{name}{'.' * (_COLUMNS - len(name) - len(skipped))}{skipped}")
        return 0
    command = [*shlex.split(hook_of_ours["entry"]), *used.get("args", ()), *files]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    told = "Failed" if ran.returncode else "Passed"
    print(f"{name}{'.' * (_COLUMNS - len(name) - len(told))}{told}")
    if ran.returncode:
        print(f"- hook id: {used['id']}\n- exit code: {ran.returncode}\n\n{ran.stdout}")
    return 1 if ran.returncode else 0


if __name__ == "__main__" and sys.argv[1:2] == ["pre-commit"]:
    sys.exit(stand_in(sys.argv[2:]))
