"""Which files a run lints: the paths given, and the XML files of directories, less those git ignores."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from domlint.document import MAXIMUM_BYTES
from domlint.reading import read_at_most

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Input(NamedTuple):
    """A file to lint: its name in findings, and its path (None for standard input).

    ``from_directory`` tells that it was found by walking a directory: such a file is passed over without a word where
    it is no libvirt document.
    """

    name: str
    path: str | None
    from_directory: bool = False

    def read(self) -> bytes:
        """Its bytes: at most one more than domlint reads. Raises OSError or ValueError where they cannot be had."""
        if self.path is None:
            return sys.stdin.buffer.read(MAXIMUM_BYTES + 1)
        return read_at_most(self.path, MAXIMUM_BYTES)


def inputs_of(paths: Iterable[str], stdin_name: str = "<stdin>") -> Iterator[Input]:
    """The files to lint, each once, in the order given, those of a directory by name. ``-`` is standard input."""
    seen = set()
    for path in paths:
        found: Iterable[Input]
        if path == "-":
            found = (Input(stdin_name, None),)
        elif os.path.isdir(path):
            found = (Input(file, file, True) for file in _xml_files(path))
        else:
            found = (Input(path, path),)
        for item in found:
            if item.path not in seen:
                seen.add(item.path)
                yield item


def _xml_files(top: str) -> Iterator[str]:
    ignored = _Ignored(top)
    for folder, folders, files in os.walk(top):
        ignored.enter(folder)
        folders[:] = sorted(
            name for name in folders if name != ".git" and not ignored.matches(os.path.join(folder, name), True)
        )
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.endswith(".xml") and not ignored.matches(path, False):
                yield path


class _Ignored:
    """What the ``.gitignore`` files say, of the folders walked and of those above them in the same repository."""

    def __init__(self, top: str) -> None:
        self._specs: dict[str, GitIgnoreSpec] = {}
        for folder in _folders_above(os.path.abspath(top)):
            self.enter(folder)

    def enter(self, folder: str) -> None:
        folder = os.path.abspath(folder)
        try:
            with open(os.path.join(folder, ".gitignore"), encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            return
        from pathspec import GitIgnoreSpec

        self._specs[folder] = GitIgnoreSpec.from_lines(lines)

    def matches(self, path: str, is_folder: bool) -> bool:
        if not self._specs:
            return False
        path = os.path.abspath(path)
        folder = os.path.dirname(path)
        while True:
            spec = self._specs.get(folder)
            if spec is not None:
                verdict = spec.check_file(os.path.relpath(path, folder) + ("/" if is_folder else "")).include
                if verdict is not None:
                    return verdict
            parent = os.path.dirname(folder)
            if parent == folder:
                return False
            folder = parent


def _folders_above(folder: str) -> list[str]:
    """The folders from the root of the git repository down to the one above this; none outside of a repository."""
    above: list[str] = []
    current = folder
    while not os.path.exists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return []
        above.append(parent)
        current = parent
    return above[::-1]


Progress = Callable[[int, int], None]
"""Called with the number of files done and of all files."""
