"""What can be wrong with a configuration file."""

from typing import NamedTuple

from domlint.printable import printable


class Fault(NamedTuple):
    """One thing that is wrong, at a line of the file (None where it has no line of its own), and the way out."""

    line: int | None
    message: str
    help: str = ""


class ConfigurationError(Exception):
    """A configuration file cannot be used. ``file`` is its path, ``faults`` all that is wrong with it."""

    def __init__(self, file: str, *faults: Fault) -> None:
        super().__init__(file, *faults)
        self.file = file
        self.faults = faults

    def __str__(self) -> str:
        lines = []
        for line, message, help_ in self.faults:
            place = printable(self.file) if line is None else f"{printable(self.file)}:{line}"
            lines.append(f"{place}: {message}")
            if help_:
                lines.append(f"help: {help_}")
        return "\n".join(lines)
