"""Which of some words stand in a file."""

from collections.abc import Iterable
from typing import Final

_SEPARATED: Final = bytes.maketrans(b"<>/='\"", b" " * 6)
"""What stands between names and values becomes spaces."""

_MOST_LINES: Final = 10_000
_LONG_LINE: Final = 200
"""How many lines are remembered to have none of the words, and from how many bytes on a line is not."""


class Vocabulary:
    """Some words: names, values without spaces or slashes, and parts of values between those.

    Files of one kind are made of much the same lines, so that few lines of a file are looked into.
    """

    def __init__(self, words: Iterable[bytes] = ()) -> None:
        self.words = set(words)
        self._lines_without: set[bytes] = set()

    def add(self, words: Iterable[bytes]) -> None:
        """Take more words."""
        self.words.update(words)
        self._lines_without.clear()

    def words_in(self, data: bytes) -> set[bytes]:
        """Those that stand in a file in an encoding like ASCII, or in a comment of it."""
        without = self._lines_without
        lines = [line for line in data.split(b"\n") if line not in without]
        found = self.words.intersection(b"\n".join(lines).translate(_SEPARATED).split())
        if len(without) > _MOST_LINES:
            without.clear()
        without.update([line for line in lines if len(line) < _LONG_LINE and not any(map(line.__contains__, found))])
        return found
