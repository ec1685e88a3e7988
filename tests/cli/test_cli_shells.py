"""Completion, as the shells themselves do it with the lines of docs/shell.md, and the manual page."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import REPOSITORY

LINES = dict(
    re.findall(r"^\| (bash|zsh|fish)[^|]*\| `(.*?)` \|", (REPOSITORY / "docs/shell.md").read_text(), re.MULTILINE)
)

COMPLETED = [
    ("domlint upg", "domlint upgrade"),
    ("domlint examples/desk", "domlint examples/desktop1.xml"),
    ("domlint vm.xml --statis", "domlint vm.xml --statistics"),
    ("domlint --statis", "domlint --statistics"),
    ("domlint vm.xml --caps debian-11-pp", "domlint vm.xml --caps debian-11-ppc64"),
    ("domlint vm.xml --caps examples/caps/old", "domlint vm.xml --caps examples/caps/old-qemu-4.1-x86_64.xml"),
    ("domlint explain partner-not-f", "domlint explain partner-not-found"),
    ("domlint vm.xml --select TEAM,partner-not-f", "domlint vm.xml --select TEAM,partner-not-found"),
    ("domlint vm.xml --output-format checks", "domlint vm.xml --output-format checkstyle"),
    ("domlint vm.xml --fail-on warn", "domlint vm.xml --fail-on warning"),
]

READY = "ready to complete"


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """An environment in which domlint is this interpreter's."""
    script = tmp_path / "bin" / "domlint"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m domlint "$@"\n')
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "dumb"}


def completed(shell: list[str], setup: str, words: str, variables: dict[str, str]) -> str:
    """What stands on the command line of an interactive shell when the tabulator key was pressed."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(REPOSITORY)
        os.execvpe(shell[0], shell, variables)

    def seen(until: str, seconds: float) -> str:
        text, end = "", time.monotonic() + seconds
        while until not in text and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                text += os.read(terminal, 4096).decode()
        return text

    try:
        # The quotes in the echoed line keep it apart from what the shell prints.
        os.write(terminal, f"{setup}; echo ready' to 'complete\n".encode())
        assert READY in seen(READY, 15)
        os.write(terminal, f"{words}\t".encode())
        return seen("\a", 2)
    finally:
        os.write(terminal, b"\x03\x04")
        os.close(terminal)
        os.waitpid(child, 0)


@pytest.mark.parametrize("words, whole", COMPLETED)
def test_bash_completes(words: str, whole: str, variables: dict[str, str]) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    assert whole in completed(["bash", "--norc", "--noprofile", "-i"], LINES["bash"], words, variables)


@pytest.mark.parametrize("words, whole", COMPLETED)
def test_zsh_completes(words: str, whole: str, variables: dict[str, str]) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    setup = f"autoload -U compinit; compinit -u -D; {LINES['zsh']}"
    assert whole in completed(["zsh", "-f", "-i"], setup, words, variables)


# What click tells fish cannot hold a comma.
@pytest.mark.parametrize("words, whole", [row for row in COMPLETED if "," not in row[0]])
def test_fish_completes(words: str, whole: str, variables: dict[str, str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    script = f"{LINES['fish'].replace(chr(92) + '|', '|')}; complete -C '{words}'"
    ran = subprocess.run(
        ["fish", "--no-config", "-c", script], env=variables, cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    last = whole.rpartition(" ")[2]
    assert last in [line.split("\t")[0] for line in ran.stdout.splitlines()]


# The manual page.

PAGE = REPOSITORY / "docs" / "domlint.1"


@pytest.mark.parametrize("reader", [["mandoc", "-T", "lint", "-W", "error"], ["groff", "-man", "-ww", "-T", "utf8"]])
def test_readers_find_nothing_wrong_with_the_manual_page(reader: list[str]) -> None:
    if shutil.which(reader[0]) is None:
        pytest.skip(f"{reader[0]} is not installed")
    ran = subprocess.run([*reader, PAGE], capture_output=True, text=True, check=True)
    assert ran.stderr == ""


def test_the_manual_page_has_every_option() -> None:
    page = PAGE.read_text().replace("\\-", "-")
    names = re.search(r"^Commands:\n((?:  .*\n)+)", _help(), re.MULTILINE)
    assert names is not None
    commands = re.findall(r"^  ([a-z]+) ", names[1], re.MULTILINE)
    assert len(commands) >= 7
    for name in commands:
        section = re.search(rf"^\.SS domlint {name}\n((?:(?!\.S[SH]).*\n)*)", page, re.MULTILINE)
        assert section is not None, name
        options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", _help(name), re.MULTILINE)) - {"--help"}
        assert options - set(re.findall(r"--[a-z-]+", section[1])) == set()


def _help(*command: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "domlint", *command, "--help"], capture_output=True, text=True, check=True
    )
    return ran.stdout
