"""Which files a run lints: the paths given, and the XML files of directories, less those git ignores."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domlint.document import MAXIMUM_BYTES
from domlint.reading import read_at_most

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Input(NamedTuple):
    """A file to lint: its name in findings, and its path (None for standard input).

    ``from_directory`` tells that it was found by walking a directory: such a file is passed over without a word where
    it is no libvirt document. ``data`` are its bytes, where they were read before: standard input is read only once.
    """

    name: str
    path: str | None
    from_directory: bool = False
    data: bytes | None = None

    def read(self) -> bytes:
        """Its bytes: at most one more than domlint reads. Raises OSError or ValueError where they cannot be had."""
        if self.data is not None:
            return self.data
        if self.path is None:
            if sys.stdin is None:
                raise OSError(errno.EBADF, "standard input is closed")
            return sys.stdin.buffer.read(MAXIMUM_BYTES + 1)
        return read_at_most(self.path, MAXIMUM_BYTES)


Excluded = Callable[[str, bool], bool]
"""Tells whether a path is to be passed over in a directory; the second argument tells whether it is one itself."""


def inputs_of(paths: Iterable[str], stdin_name: str = "<stdin>", excluded: Excluded | None = None) -> Iterator[Input]:
    """The files to lint, each once, in the order given, those of a directory by name. ``-`` is standard input.

    A file that a directory holds under a second name (a link) is the same file.
    """
    statuses = [(path, None if path == "-" else _status(path)) for path in paths]
    given = {_identity(path, status) for path, status in statuses}
    seen = set()
    for path, status in statuses:
        found: Iterable[tuple[Input, object]]
        if path == "-":
            found = ((Input(stdin_name, None), path),)
        elif status is not None and stat.S_ISDIR(status.st_mode):
            found = (
                (Input(file, file, identity not in given), identity)
                for file, identity in _xml_files(path, excluded or _nothing)
            )
        else:
            found = ((Input(path, path), _identity(path, status)),)
        for item, identity in found:
            if identity not in seen:
                seen.add(identity)
                yield item


def _nothing(_path: str, _is_folder: bool) -> bool:
    return False


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _identity(path: str, status: os.stat_result | None) -> object:
    return path if status is None else (status.st_dev, status.st_ino)


def _xml_files(top: str, excluded: Excluded) -> Iterator[tuple[str, object]]:
    """The paths of the XML files, and of folders that cannot be read, each with what identifies it.

    Only regular files are taken (a pipe would make domlint wait), and no link that leads nowhere, as editors make them.
    """
    ignored = _Ignored(top)
    if excluded(top, True):
        excluded = _nothing  # whoever names an excluded folder wants it linted

    def is_passed_over(path: str, is_folder: bool) -> bool:
        return excluded(path, is_folder) or ignored.matches(path, is_folder)

    unreadable: list[str] = []
    for folder, folders, files in os.walk(top, onerror=lambda error: unreadable.append(error.filename)):
        ignored.enter(folder)
        folders[:] = sorted(
            name for name in folders if name != ".git" and not is_passed_over(os.path.join(folder, name), True)
        )
        for name in sorted(files):
            if name.endswith(".xml"):
                path = os.path.join(folder, name)
                status = _status(path)
                if status is not None and stat.S_ISREG(status.st_mode) and not is_passed_over(path, False):
                    yield path, _identity(path, status)
    for folder in unreadable:
        yield folder, folder


class _Ignored:
    """What the ``.gitignore`` files say, of the folders walked and of those above them in the same repository."""

    def __init__(self, top: str) -> None:
        self._specs: dict[str, GitIgnoreSpec] = {}
        for folder in _folders_above(os.path.abspath(top)):
            self.enter(folder)
        if self.matches(top, True):
            # Whoever names an ignored folder wants it linted.
            self._specs.clear()

    def enter(self, folder: str) -> None:
        folder = os.path.abspath(folder)
        path = os.path.join(folder, ".gitignore")
        if not os.path.isfile(path):
            return
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                lines = file.read(_LARGEST_GITIGNORE).splitlines()
        except OSError:
            return
        self._specs[folder] = _spec_of(lines)

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


def _spec_of(lines: list[str]) -> "GitIgnoreSpec":
    """The patterns of a file. One that is no pattern counts as none, as it does for git."""
    import re
    import warnings

    from pathspec import GitIgnoreSpec

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        patterns: list[Any] = []
        for line in lines:
            with contextlib.suppress(ValueError, re.error):
                patterns.extend(GitIgnoreSpec.from_lines([line]).patterns)
        return GitIgnoreSpec(patterns)


_LARGEST_GITIGNORE: Final = 1024 * 1024


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
