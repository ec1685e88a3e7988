"""Reports: one file per output format, each a function from a report to text."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from domlint.run import Report

FORMATS: Final = ("text", "concise", "json", "json-lines", "sarif", "junit", "github", "gitlab", "checkstyle")
"""The names of the output formats; each is a module here (with _ for -) with a function ``render``."""


def renderer(name: str) -> Callable[[Report, int | None], str]:
    """The function that writes a report in a format, for a terminal of so many columns (None: for none).

    ``name`` can be another module here with a function ``render``, too. Only the module of that format is imported.
    """
    render: Callable[[Report, int | None], str] = import_module(f"{__name__}.{name.replace('-', '_')}").render
    return render
