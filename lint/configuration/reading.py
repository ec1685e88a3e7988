"""Reading a configuration file."""

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from domlint.configuration.discovery import LARGEST_FILE, SHARED_NAME
from domlint.configuration.errors import ConfigurationError, Fault
from domlint.configuration.toml import line_of, loads
from domlint.reading import read_at_most


class ConfigurationFile(NamedTuple):
    """A configuration file: its path as it is told, the folder that it counts from, its text, and the values in it.

    ``table`` are the names of the table that the values stand in.
    """

    path: str
    folder: str
    text: str
    table: tuple[str, ...]
    values: Mapping[str, Any]

    def line_of(self, *keys: str | int) -> int | None:
        """The line of a key, or of an element of a list, from 1; None where it cannot be told."""
        return line_of(self.text, (*self.table, *keys))

    def error(self, message: str, *keys: str | int, help_: str = "") -> ConfigurationError:
        """The error that says what is wrong with a key."""
        return ConfigurationError(self.path, Fault(self.line_of(*keys), message, help_))


def read_file(path: str) -> ConfigurationFile:
    """Read a configuration file. Raises ConfigurationError where it cannot be read, or has no table for domlint."""
    file = read_shared_file(path)
    if file is None:
        raise ConfigurationError(shown(path), Fault(None, "there is no [tool.domlint] in this file"))
    return file


def read_shared_file(path: str) -> ConfigurationFile | None:
    """The same for a file that may have other things: None where it has no table for domlint.

    Raises ConfigurationError where it cannot be read.
    """
    name = shown(path)
    try:
        data = read_at_most(path, LARGEST_FILE)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(name, Fault(None, f"cannot be read: {reason}")) from None
    if len(data) > LARGEST_FILE:
        raise ConfigurationError(name, Fault(None, "larger than 1 MiB, so not a configuration file"))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(name, Fault(line, "this is no UTF-8, which TOML is written in")) from None
    try:
        values: Any = loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(name, _syntax_fault(error, text)) from None
    table = ("tool", "domlint") if os.path.basename(path) == SHARED_NAME else ()
    for depth, key in enumerate(table, 1):
        if key not in values:
            return None
        values = values[key]
        if not isinstance(values, dict):
            raise ConfigurationError(name, Fault(line_of(text, table[:depth]), "tool.domlint must be a table"))
    return ConfigurationFile(name, os.path.dirname(os.path.abspath(path)), text, table, values)


def shown(path: str) -> str:
    """A path as it is told: from the folder that domlint runs in, or the whole path where that is shorter."""
    try:
        return min(os.path.relpath(path), os.path.abspath(path), key=len)
    except OSError:  # the folder that domlint runs in is gone
        return path


def _syntax_fault(error: Exception, text: str) -> Fault:
    if isinstance(error, RecursionError):
        return Fault(None, "not readable as TOML: brackets are nested too deeply")
    message, _at, place = str(error).partition(" (at ")
    found = re.match(r"line (\d+)", place)
    line = int(found[1]) if found else text.count("\n") + (not text.endswith("\n"))
    return Fault(line, f"not well-formed TOML: {message[:1].lower()}{message[1:]}")
