"""TOML: reading it, writing a value of it, and at which line a key stands."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from domlint.configuration.shapes import bare_or_quoted

MODULE: Final = "tomllib" if sys.version_info >= (3, 11) else "tomli"
"""The module that reads TOML: tomli is what became the standard library's tomllib in Python 3.11."""

_MOST_PARSES: Final = 200
"""How often a text is parsed to find a line. Only one that was made to take long comes near."""


def loads(text: str) -> dict[str, Any]:
    """The values of a TOML text. Raises ValueError, and RecursionError for brackets that are nested too deeply."""
    values: dict[str, Any] = import_module(MODULE).loads(text)
    return values


def value_of(text: str) -> Any:
    """The value that a piece of TOML stands for."""
    return loads(f"x = {text}")["x"]


def written(value: Any) -> str:
    """A value of the configuration (strings, booleans, lists and tables of them) as TOML, in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{written_key(key)} = {written(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    assert isinstance(value, Sequence)
    return f"[{', '.join(map(written, value))}]"


def written_key(key: str) -> str:
    """A key as TOML."""
    return key if bare_or_quoted(key) == key else _quoted(key)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else _escaped(one) for one in escaped) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def line_of(text: str, keys: tuple[str | int, ...]) -> int | None:
    """The line at which a key of a TOML text begins, from 1; None where there is none such, or it takes too long.

    No parser of TOML that is at hand tells lines. But the lines up to some line are TOML themselves, unless a value
    goes on below: the key begins at the first line with which they have it. A list may be cut between its elements.
    """
    lines = text.split("\n")
    left = _MOST_PARSES

    def has_key_with(count: int) -> bool:
        nonlocal left
        for end in range(count, len(lines) + 1):
            beginning = "".join(f"{line}\n" for line in lines[:end])
            for closing in ("", "]"):
                left -= 1
                if left < 0:
                    raise TimeoutError
                try:
                    values = loads(beginning + closing)
                except (ValueError, RecursionError):
                    continue
                return _has(values, keys)
        return False

    try:
        line = bisect_left(range(1, len(lines) + 1), True, key=has_key_with) + 1
    except TimeoutError:
        return None
    return line if line <= len(lines) else None


def _has(value: object, keys: tuple[str | int, ...]) -> bool:
    for key in keys:
        if isinstance(value, list):
            value = dict(enumerate(value))
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True
