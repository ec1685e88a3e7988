"""What values a key of the configuration takes: one declaration for the check and for the JSON schema."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, Protocol

from domlint.printable import printable

_KINDS: Final[Mapping[type, str]] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
    datetime: "a time",
    date: "a time",
    time: "a time",
}


class Wrong(NamedTuple):
    """What is wrong with a value: the keys and places in lists that lead to it, in words, and the way out."""

    keys: tuple[str | int, ...]
    message: str
    help: str = ""


class Shape(Protocol):
    """The values that are right."""

    @property
    def kind(self) -> type:
        """The type that they have in Python."""

    def wrongs(self, value: Any, keys: tuple[str | int, ...]) -> Iterator[Wrong]:
        """All that is wrong with a value of that type, which stands at these keys."""

    def schema(self) -> dict[str, Any]:
        """The same as a JSON schema."""


Test = Callable[[str], "str | tuple[str, str] | None"]
"""What is wrong with a string: a message, or a message and the way out; None where it is right."""


class Text(NamedTuple):
    """A string that a test finds nothing wrong with. ``pattern`` is what a JSON schema can say of that."""

    test: Test
    pattern: str = ""
    examples: tuple[str, ...] = ()
    kind: type = str

    def wrongs(self, value: str, keys: tuple[str | int, ...]) -> Iterator[Wrong]:
        """What the test says."""
        found = self.test(value)
        if found is not None:
            message, help_ = (found, "") if isinstance(found, str) else found
            yield Wrong(keys, f"{named(keys)}: {message}", help_)

    def schema(self) -> dict[str, Any]:
        """A string with that pattern."""
        schema: dict[str, Any] = {"type": "string"}
        if self.pattern:
            schema["pattern"] = self.pattern
        return {**schema, "examples": list(self.examples)} if self.examples else schema


class Choice(NamedTuple):
    """One of some words."""

    words: tuple[str, ...]
    kind: type = str

    def wrongs(self, value: str, keys: tuple[str | int, ...]) -> Iterator[Wrong]:
        """That it is none of them."""
        if value not in self.words:
            message = f"{named(keys)}: {quoted(value)} is none of {', '.join(self.words)}"
            yield Wrong(keys, message, did_you_mean(value, self.words))

    def schema(self) -> dict[str, Any]:
        """The words."""
        return {"type": "string", "enum": list(self.words)}


class Flag(NamedTuple):
    """true or false."""

    kind: type = bool

    def wrongs(self, _value: bool, _keys: tuple[str | int, ...]) -> Iterator[Wrong]:
        """Nothing."""
        yield from ()

    def schema(self) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}


class Listed(NamedTuple):
    """A list of values that all have one shape, each of them at most once."""

    item: Shape
    kind: type = list

    def wrongs(self, value: list[Any], keys: tuple[str | int, ...]) -> Iterator[Wrong]:
        """What is wrong with each."""
        for number, item in enumerate(value):
            yield from wrongs_of(self.item, item, (*keys, number))

    def schema(self) -> dict[str, Any]:
        """An array."""
        return {"type": "array", "items": self.item.schema()}


class Table(NamedTuple):
    """A table with keys that a test finds nothing wrong with, and values of one shape."""

    test: Test
    value: Shape
    pattern: str = ""
    kind: type = dict

    def wrongs(self, value: dict[str, Any], keys: tuple[str | int, ...]) -> Iterator[Wrong]:
        """What is wrong with each key and each value."""
        for key, item in value.items():
            yield from Text(self.test).wrongs(key, (*keys, key))
            yield from wrongs_of(self.value, item, (*keys, key))

    def schema(self) -> dict[str, Any]:
        """An object."""
        schema: dict[str, Any] = {"type": "object", "additionalProperties": self.value.schema()}
        return {**schema, "propertyNames": {"pattern": self.pattern}} if self.pattern else schema


class Either(NamedTuple):
    """A value of one of several shapes, which differ in their type."""

    shapes: tuple[Shape, ...]
    kind: type = object

    def wrongs(self, value: Any, keys: tuple[str | int, ...]) -> Iterator[Wrong]:
        """What the shape of its type says."""
        shape = next((shape for shape in self.shapes if type(value) is shape.kind), None)
        if shape is None:
            yield _other_kind(value, keys, (shape.kind for shape in self.shapes))
        else:
            yield from shape.wrongs(value, keys)

    def schema(self) -> dict[str, Any]:
        """Any of them."""
        return {"anyOf": [shape.schema() for shape in self.shapes]}


def wrongs_of(shape: Shape, value: Any, keys: tuple[str | int, ...]) -> Iterator[Wrong]:
    """All that is wrong with a value of any type."""
    if shape.kind is object or type(value) is shape.kind:
        yield from shape.wrongs(value, keys)
    else:
        yield _other_kind(value, keys, (shape.kind,))


def _other_kind(value: Any, keys: tuple[str | int, ...], kinds: Iterable[type]) -> Wrong:
    wanted = " or ".join(_KINDS[kind] for kind in kinds)
    return Wrong(keys, f"{named(keys)} must be {wanted}, and is {_KINDS.get(type(value), 'something else')}")


def named(keys: Iterable[str | int]) -> str:
    """Keys as TOML writes them; a place in a list is left out."""
    return ".".join(bare_or_quoted(key) for key in keys if isinstance(key, str))


def bare_or_quoted(key: str) -> str:
    """One key as TOML writes it."""
    is_bare = key.replace("-", "").replace("_", "").isalnum() and key.isascii()
    return key if is_bare else f'"{printable(key)}"'


def quoted(text: str) -> str:
    """A value in a message."""
    return f"'{printable(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…')}'"


_LONGEST: Final = 100


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """The way out for a word that is none of these: the nearest one, or ""."""
    known = list(words)
    near = get_close_matches(word.lower().replace("_", "-"), known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
