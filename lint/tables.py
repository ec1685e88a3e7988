"""What the schema of a kind of document says, as tables: its elements, attributes and values.

The tables in ``structure_tables`` are made from schemas/*.xsd by tools/make_structure.py.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final, TypeAlias

from domlint.cached import cached_property
from domlint.document import Element
from domlint.placeholders import is_placeholder

Simple: TypeAlias = tuple[str, Any, str, int]
Clause: TypeAlias = tuple[tuple[str, str | None], ...]
Target: TypeAlias = "int | tuple[tuple[Clause, int], ...]"
Tolerated: TypeAlias = "bool | str"
"""Whether libvirt passes over what is missing or does not hold, or the release since which it does not."""

Attribute: TypeAlias = tuple[int, bool, str, bool, Tolerated]
Child: TypeAlias = tuple[int, int, Target, str, Tolerated, bool, bool]
Condition: TypeAlias = tuple[str, str, Tolerated]
Type: TypeAlias = tuple[
    str,
    Mapping[str, Attribute],
    Mapping[str, Child],
    "int | None",
    tuple[str, ...],
    tuple[Condition, ...],
    bool,
    tuple[str, ...],
    str,
]
"""A row of the tables, as tools/make_structure.py describes it."""

UNBOUNDED: Final = -1

SPACES: Final = " \t\r\n"
"""What is white space in XML. (str.strip() alone takes more away.)"""


class Tables:
    """What the schema of one kind of document says."""

    def __init__(self, name: str) -> None:
        module = import_module(f"domlint.structure_tables.{name}")
        self.root: str = module.ROOT
        self.target: Target = module.TARGET
        self.simple: tuple[Simple, ...] = module.SIMPLE
        self.types: tuple[Type, ...] = module.TYPES
        self._compiled: dict[int, Any] = {}

    def accepts(self, simple: int, value: str) -> bool:
        """Tell whether a value is one of a simple type."""
        kind, data, *_facts = self.simple[simple]
        if kind == "any":
            return True
        if kind == "enum":
            return value in data[0]
        if kind == "characters":
            return _has_only(value, *data)
        if kind == "pattern":
            for pattern in self._patterns(simple):  # noqa: SIM110  # any() takes longer
                if pattern.fullmatch(value):
                    return True
            return False
        if kind == "number":
            return _is_number(value, *data)
        if kind == "length":
            low, high = data
            return (low is None or len(value) >= low) and (high is None or len(value) <= high)
        if kind == "union":
            return any(self.accepts(member, value) for member in data)
        if kind == "list":
            return all(self.accepts(data, part) for part in value.split())
        if self._is_number(data[0]):
            # White space around a number is no part of it.
            value = value.strip(SPACES)
        for member in data:  # noqa: SIM110
            if not self.accepts(member, value):
                return False
        return True

    def _is_number(self, simple: int) -> bool:
        kind, data, *_facts = self.simple[simple]
        return kind == "number" or (kind == "all" and self._is_number(data[0]))

    def _patterns(self, simple: int) -> Any:
        """The patterns of a simple type, compiled once."""
        compiled = self._compiled.get(simple)
        if compiled is None:
            import re

            compiled = self._compiled[simple] = [re.compile(pattern) for pattern in self.simple[simple][1]]
        return compiled

    def since(self, simple: int, value: str) -> str | None:
        """The libvirt that first had a value; "" where that is older than all that matter, None where it is wrong."""
        kind, data, *_facts = self.simple[simple]
        if kind == "enum":
            return (dict(data[1]).get(value, "") if data[1] else "") if value in data[0] else None
        if kind == "union":
            # A union takes what one of its members takes: the oldest of those counts.
            found = None
            for member in data:
                since = self.since(member, value)
                if since == "":
                    return since
                found = since if found is None else found
            return found
        return "" if self.accepts(simple, value) else None

    def since_of(self, simple: int) -> Callable[[str], str | None]:
        """What tells the same as ``since`` of the values of a simple type, made for many of them."""
        kind, data, *_facts = self.simple[simple]
        if kind == "characters":
            return lambda value: "" if _has_only(value, *data) else None
        if kind == "pattern" and len(data) == 1:
            (pattern,) = self._patterns(simple)
            return lambda value: "" if pattern.fullmatch(value) else None
        return lambda value: self.since(simple, value)

    @cached_property
    def homes(self) -> Mapping[str, tuple[str, ...]]:
        """The elements that may hold an element of a name, nearest to the root first."""
        homes: dict[str, dict[str, None]] = {}
        seen: set[int] = set()
        waiting = [(self.root, number) for number in numbers_of(self.target)]
        while waiting:
            following = []
            for parent, number in waiting:
                if number not in seen:
                    seen.add(number)
                    for child, row in self.types[number][2].items():
                        homes.setdefault(child, {})[parent] = None
                        following += [(child, to) for to in numbers_of(row[2])]
            waiting = following
        return {child: tuple(parents) for child, parents in homes.items()}


def numbers_of(target: Target) -> list[int]:
    """The types among which an element has its own."""
    return [target] if isinstance(target, int) else [number for _clause, number in target]


def _has_only(value: str, characters: str, least: int, most: int | None) -> bool:
    """Tell whether a value is so many of some characters."""
    return not value.strip(characters) and least <= len(value) and (most is None or len(value) <= most)


def _is_number(value: str, low: int | None, high: int | None) -> bool:
    stripped = value.strip(SPACES)
    digits = stripped[1:] if stripped[:1] in ("+", "-") else stripped
    # Longer ones are no numbers that anything here can be.
    if not digits.isascii() or not digits.isdigit() or len(digits) > 40:
        return False
    number = int(stripped)
    return (low is None or number >= low) and (high is None or number <= high)


def chosen_type(target: Target, element: "Element | Mapping[str, str]") -> int | None:
    """The type that an element has; None where that hangs on a placeholder."""
    if isinstance(target, int):
        return target
    for clause, number in target:
        for attribute, value in clause:
            actual = element.get(attribute)
            if actual is not None and actual != value and is_placeholder(actual):
                return None
            if actual != value:
                break
        else:
            return number
    return None


@cache
def tables_of(name: str) -> Tables:
    """The tables of a kind of document: "domain", "network". Raises ModuleNotFoundError."""
    return Tables(name)
