"""Reading within a limit: whole files, large files, and files that are none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from domlint.reading import read_at_most


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_file_within_the_limit_is_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256))[:size])
    assert read_at_most(str(path), 100) == path.read_bytes()


@pytest.mark.parametrize("size", [101, 102, 5000])
def test_of_a_larger_file_one_byte_more_than_the_limit_is_read(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    assert read_at_most(str(path), 100) == b"x" * 101


def test_an_endless_file_is_read_up_to_the_limit() -> None:
    assert len(read_at_most("/dev/zero", 3_000_000)) == 3_000_001


def test_a_pipe_is_read_to_its_end() -> None:
    writer = "import os, time; os.write(1, b'a' * 10); time.sleep(0.2); os.write(1, b'b' * 10)"
    with subprocess.Popen([sys.executable, "-c", writer], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert read_at_most(f"/dev/fd/{process.stdout.fileno()}", 100) == b"a" * 10 + b"b" * 10


def test_what_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_at_most(str(tmp_path), 100)
    with pytest.raises(FileNotFoundError):
        read_at_most(str(tmp_path / "none"), 100)
    with pytest.raises(ValueError, match="null"):
        read_at_most("a\0b", 100)


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        read_at_most(str(path), 100)
    assert len(os.listdir("/proc/self/fd")) == before
