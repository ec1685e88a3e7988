"""The one error that reading a host's capabilities can raise, and how names from a file are shown."""

from __future__ import annotations

from domlint.printable import printable

_LONGEST_NAME = 60


def quoted(text: str) -> str:
    """A name from a file, in quotes, escaped, and cut when it is longer than a name can be."""
    if len(text) > _LONGEST_NAME:
        text = text[: _LONGEST_NAME - 1] + "…"
    return "'" + printable(text) + "'"


class HostError(Exception):
    """A capabilities file cannot be used.

    ``source`` is the path or name as given; ``line`` and ``column`` are 1-based, and None where the error has
    no place in the file; ``message`` says what is wrong and ``help`` what to do, "" when there is nothing to add.
    """

    def __init__(
        self, source: str, message: str, line: int | None = None, column: int | None = None, help_: str = ""
    ) -> None:
        # Everything goes to Exception, so that the error can be pickled from one process to another.
        super().__init__(source, message, line, column, help_)
        self.source = source
        self.message = message
        self.line = line
        self.column = column
        self.help = help_

    def __str__(self) -> str:
        place = printable(self.source) if self.line is None else f"{printable(self.source)}:{self.line}"
        return f"{place}: {self.message}\nhelp: {self.help}" if self.help else f"{place}: {self.message}"
