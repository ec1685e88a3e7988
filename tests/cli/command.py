"""The real command, in a process of its own: what it wrote, its status, its time and its memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
CAPS = EXAMPLES / "caps" / "debian-12-x86_64.xml"
OLD_CAPS = EXAMPLES / "caps" / "old-qemu-4.1-x86_64.xml"

NO_CAPS_HINT = "domlint: no --caps given: what hangs on a host's capabilities was not checked\n"

MEBIBYTE = 1024 * 1024
LARGEST_MEMORY = 1024 * MEBIBYTE
LONGEST_TIME = 20.0

STANDBY = """\
<domain type='qemu'>
  <name>web1</name>
  <memory unit='MiB'>1024</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <interface type='network'>
      <mac address='52:54:00:6b:3c:58'/>
      <source network='default'/>
      <model type='virtio'/>
      <teaming type='persistent'/>
      <alias name='ua-uplink'/>
    </interface>
  </devices>
</domain>
"""
"""A domain with one finding, TEAM037 in line 10."""

CLEAN = STANDBY.replace("      <teaming type='persistent'/>\n", "")
"""A domain with no finding."""

FOREIGN = "<inventory>\n  <item>disk</item>\n</inventory>\n"
"""XML that is none of libvirt's."""


class Result(NamedTuple):
    """What came of a run: its status, what it wrote, and its seconds by the clock."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def findings(self) -> list[str]:
        """The lines of the concise format, without the message."""
        return [line.split(" ", 2)[0] + " " + line.split(" ", 2)[1] for line in self.stdout.splitlines()]

    def assert_clear(self) -> None:
        """No traceback, and nothing that a terminal could act on."""
        assert "Traceback" not in self.stdout + self.stderr
        assert "bug in domlint" not in self.stderr
        for text in (self.stdout, self.stderr):
            acting = [character for character in text if not character.isprintable() and character != "\n"]
            assert acting == []


def domlint(
    *arguments: str | Path | bytes,
    cwd: Path,
    given: bytes | IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = LONGEST_TIME,
    memory: int = LARGEST_MEMORY,
    pass_fds: tuple[int, ...] = (),
    before: tuple[str, ...] = (),
    clear: bool = True,
    out: Path | None = None,
) -> Result:
    """Run the command, which gets no more than ``memory`` bytes of address space.

    ``given`` is its standard input; ``before`` goes in front of the command line; ``out`` is a folder for what it
    writes (default: the one around ``cwd``).
    """
    out = out or cwd.parent
    out, err = out / "command.stdout", out / "command.stderr"
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "PYTHONUTF8")}
    variables |= {"PYTHONIOENCODING": "utf-8:surrogateescape", **(environment or {})}

    with open(out, "wb") as stdout, open(err, "wb") as stderr:
        start = time.monotonic()
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "domlint", *arguments],
            cwd=cwd,
            env=variables,
            stdin=subprocess.PIPE if isinstance(given, bytes) else given or subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=pass_fds,
        )
        resource.prlimit(process.pid, resource.RLIMIT_AS, (memory, memory))
        alarm = threading.Timer(timeout, process.kill)
        alarm.start()
        try:
            if process.stdin is not None:
                with process.stdin:
                    process.stdin.write(given)
            status = process.wait()
        finally:
            alarm.cancel()
        seconds = time.monotonic() - start
    assert seconds < timeout, f"still running after {timeout} seconds"
    assert status >= 0, f"ended by signal {-status}"
    result = Result(
        status,
        out.read_bytes().decode("utf-8", "surrogateescape"),
        err.read_bytes().decode("utf-8", "surrogateescape"),
        seconds,
    )
    if clear:
        result.assert_clear()
    return result
