"""Which files a pattern of the configuration fits: the syntax of .gitignore files, from a folder."""

import os
import re
import warnings
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from domlint.cached import cached_property

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Patterns(NamedTuple):
    """Patterns as in a .gitignore file that would stand in a folder (an absolute path)."""

    folder: str
    lines: tuple[str, ...] = ()


def is_pattern(text: str) -> bool:
    """Tell whether a text is a pattern that can fit something, with or without ``!`` before it."""
    from pathspec import GitIgnoreSpec

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            found = GitIgnoreSpec.from_lines([text]).patterns
        except (ValueError, re.error):
            return False
    return "\n" not in text and any(pattern.include is not None for pattern in found)


class Matcher:
    """What the patterns of one folder say of files: as a .gitignore file, the last that fits counts."""

    def __init__(self, patterns: Patterns) -> None:
        self._folder = patterns.folder
        self._lines = patterns.lines

    def fits(self, path: str, is_folder: bool = False) -> bool:
        """Tell whether a file or folder (or a folder that it is in) is meant."""
        if not self._lines:
            return False
        relative = os.path.relpath(os.path.abspath(path), self._folder)
        return bool(self._spec.match_file(f"{relative}/" if is_folder else relative))

    @cached_property
    def _spec(self) -> "GitIgnoreSpec":
        from pathspec import GitIgnoreSpec

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return GitIgnoreSpec.from_lines(self._lines)


class Keyed:
    """Patterns that each stand for something. One with ``!`` before it fits what the rest of it does not."""

    def __init__(self, folder: str, patterns: Iterable[str]) -> None:
        self._matchers = [
            (pattern, pattern.startswith("!"), Matcher(Patterns(folder, (pattern.removeprefix("!"),))))
            for pattern in patterns
        ]

    def fitting(self, path: str) -> tuple[str, ...]:
        """The patterns that fit a file, in their order."""
        return tuple(pattern for pattern, negated, matcher in self._matchers if matcher.fits(path) is not negated)


def host_fits(pattern: str, label: str, paths: Iterable[str]) -> bool:
    """Tell whether a pattern fits the label of a host, or a path of one of its files, or the end of such a path."""
    if pattern.endswith("/"):
        pattern += "*"
    return any(fnmatchcase(text, pattern) or fnmatchcase(text, f"*/{pattern}") for text in (label, *paths))
