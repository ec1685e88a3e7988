"""What every command says to the terminal beside its report, and the statuses that it leaves with."""

from __future__ import annotations

import os
import sys
from typing import Final, NoReturn

import click

from domlint.printable import printable

EXIT_CLEAN: Final = 0
EXIT_FINDINGS: Final = 1
EXIT_FAILURE: Final = 2


def wants_color(color: str) -> bool:
    """Whether standard output gets colours, for a value of ``--color``."""
    if color == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return color == "always"


def terminal_columns() -> int | None:
    """The width of the terminal that standard output is; None where it is none, or does not say."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None


def write(text: str, path: str, color: str, to_stderr: bool = False) -> None:
    """Write a report to a file, or to standard output or error for "", there with colours where they are wanted."""
    if not path:
        click.echo(text, nl=False, color=wants_color(color), err=to_stderr)
        return
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(click.unstyle(text))
    except OSError as error:
        fail(f"{path}: cannot be written: {error.strerror}")


def hint(text: str) -> None:
    """Say something on standard error that is no fault."""
    click.echo(f"domlint: {printable(text)}", err=True)


def complain(text: str) -> None:
    """Say what could not be done."""
    click.echo(f"domlint: error: {printable(text)}", err=True)


def complain_at_length(text: str) -> None:
    """Say what could not be done, in one line or more."""
    first, *rest = text.splitlines() or [""]
    complain(first)
    for line in rest:
        click.echo(printable(line), err=True)


def fail(text: str) -> NoReturn:
    """Say what could not be done, in one line or more, and leave."""
    complain_at_length(text)
    sys.exit(EXIT_FAILURE)
