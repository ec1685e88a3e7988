"""The text of XML that is known to be well-formed, read without a parser."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from domlint.tables import SPACES

_LINES: Final = frozenset("\t\n")
"""What a parser makes blanks of in the value of an attribute."""


def is_plain(value: str) -> bool:
    """Tell whether the value of an attribute is the one that is written."""
    return "&" not in value and (value.isprintable() or _LINES.isdisjoint(value))


def split_at_quotes(text: str) -> list[str]:
    """A text in parts, of which every second is a value; an even number of them where that is not sure."""
    parts = text.split("'")
    if '"' not in text:
        return parts
    return text.split('"') if len(parts) == 1 else []


def read_start_tag(parts: list[str]) -> tuple[str, dict[str, str]] | None:
    """The name and the attributes of a start tag that is split at its quotes."""
    if len(parts) == 1:
        return parts[0].rstrip("/ \t\n"), {}
    if parts[-1].strip(SPACES) not in ("", "/"):
        return None
    tag = parts[0].split(None, 1)[0]
    parts = [parts[0][len(tag) :], *parts[1:]]
    return tag, dict(
        zip([before.strip(SPACES)[:-1].rstrip(SPACES) for before in parts[:-1:2]], parts[1::2], strict=True)
    )


def read_mixed_start_tag(start: str) -> tuple[str, dict[str, str]] | None:
    """As read_start_tag, of a start tag that has both sorts of quotes."""
    tag, _space, rest = start.partition(" ")
    found = _attributes()(rest)
    return tag, {name: single or double for name, single, double in found}


def closed(text: str) -> str:
    """A start tag and what follows on it, with the end tag that it needs."""
    start = text.partition(">")[0]
    return text if start.endswith("/") else f"{text}</{start[1:].split(None, 1)[0]}>"


def without_comments(text: str) -> str | None:
    """A text without its declaration and comments; None where it has other things that are no elements."""
    text = text.removeprefix("\ufeff")
    if text.startswith("<?xml"):
        declaration, _end, text = text.partition("?>")
        encoding = declaration.lower()
        if "encoding" in encoding and "utf-8" not in encoding and "ascii" not in encoding:
            return None
        text = text.lstrip(SPACES)
    if "<?" in text or "<![" in text or "<!D" in text:
        return None
    if "<!--" not in text:
        return text
    import re

    # What stands alone on its lines goes with them.
    comment = "<!--(?:(?!-->).)*-->"
    return re.sub(rf"\n[ \t]*{comment}(?=[ \t]*\n)|{comment}", "", text, flags=re.DOTALL).lstrip(SPACES)


@cache
def split_at_start_tags() -> Callable[[str], list[str]]:
    """What takes a text apart before each start tag, leaving the bracket out."""
    import re

    return re.compile("<(?!/)").split


@cache
def _attributes() -> Callable[[str], list[tuple[str, str, str]]]:
    import re

    return re.compile(r"""([^\s=/]+)\s*=\s*(?:'([^']*)'|"([^"]*)")""").findall
