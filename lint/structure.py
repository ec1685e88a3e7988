"""The structure of a document against its schema: is everything in it where and what libvirt knows?

The tables in ``structure_tables`` are made from schemas/*.xsd by tools/make_structure.py. A quick look tells whether
anything is wrong with a document; only then ``domlint.mistakes`` is loaded, which tells what, where, and what to do.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple, TypeAlias

from domlint.cached import cached_property
from domlint.document import Element
from domlint.placeholders import is_placeholder
from domlint.versions import Version

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
        if kind == "pattern":
            for pattern in self._compiled.get(simple) or self._compile(simple):  # noqa: SIM110  # any() takes longer
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

    def _compile(self, simple: int) -> Any:
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

    @cached_property
    def quick_look(self) -> "QuickLook":
        """The fast way to tell whether a document is as the schema says."""
        return QuickLook(self)


def numbers_of(target: Target) -> list[int]:
    """The types among which an element has its own."""
    return [target] if isinstance(target, int) else [number for _clause, number in target]


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


class Kind(Enum):
    """What kind of mistake it is."""

    UNKNOWN_ELEMENT = "unknown element"
    UNKNOWN_ATTRIBUTE = "unknown attribute"
    MISPLACED_ELEMENT = "misplaced element"
    OTHER_TYPE = "content of another type"
    VALUE = "value not allowed"
    MISSING_ATTRIBUTE = "missing attribute"
    MISSING_ELEMENT = "missing element"
    REPEATED_ELEMENT = "repeated element"
    TEXT = "stray text"
    TOO_NEW = "too new"
    CONDITION = "condition"


REFUSES: Final = "libvirt refuses the definition"
PASSES: Final = "libvirt passes over it"


class Mistake(NamedTuple):
    """Something in a document that the schema does not have.

    ``element`` and ``attribute`` are where it is. ``is_refused`` tells whether libvirt refuses the document for it;
    where not, it passes over it without a word; ``is_harmless`` that nothing is lost then. ``other`` is the first one
    of what is there too often, or the element that stray text stands behind. ``since`` is the libvirt that brought what
    is TOO_NEW for an older one. ``meant`` is the name or value that is like this one, where there is only one.
    ``refused_since`` is the libvirt that came to refuse what older ones pass over.
    """

    kind: Kind
    element: Element
    attribute: str | None
    message: str
    help: str
    is_refused: bool
    other: Element | None = None
    since: str = ""
    is_harmless: bool = False
    meant: str = ""
    refused_since: str = ""

    def as_read_by(self, libvirt: Version | None) -> "Mistake":
        """The mistake as a libvirt takes it, the newest where it is not known."""
        if not self.refused_since or (libvirt is not None and libvirt < Version.parse(self.refused_since)):
            return self
        return self._replace(is_refused=True, message=self.message.removesuffix(PASSES) + REFUSES)


_MOST_MISTAKES: Final = 1000
"""Told of one document. Nobody reads more, and a file of some megabytes could have a million."""


class Structure:
    """How a document stands to the schema of its kind, ``name``: "domain" or "network"."""

    def __init__(self, name: str, root: Element, data: bytes) -> None:
        """``data`` are the bytes of the file that the root is in."""
        self.name = name
        self._root = root
        self._data = data

    @cached_property
    def _look(self) -> "Look":
        return tables_of(self.name).quick_look.at(self._data)

    @cached_property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All that is wrong, in the order of the document."""
        return () if self._look.is_right else tuple(mistake for mistake in self._compared if not mistake.since)

    def newer_than(self, libvirt: Version) -> tuple[Mistake, ...]:
        """All that came with a later libvirt than this one, which reads the document."""
        if self._look.is_right and (not self._look.newest or Version.parse(self._look.newest) <= libvirt):
            return ()
        return tuple([one for one in self._compared if one.since and libvirt < Version.parse(one.since)])

    @cached_property
    def _compared(self) -> tuple[Mistake, ...]:
        from itertools import islice

        from domlint.mistakes import Comparison

        found = tuple(islice(Comparison(tables_of(self.name)).mistakes(self._root), _MOST_MISTAKES))
        if len(found) < _MOST_MISTAKES:
            return found
        last = found[-1]
        return (*found[:-1], last._replace(help=f"{last.help}. What comes after these {len(found)} is not told"))


class Look(NamedTuple):
    """What a quick look tells.

    ``is_right``: nothing is wrong (False: something is, or it takes a second look to tell). ``newest``: the oldest
    libvirt that knows all that is there; "" where that is 6.0.0 or older.
    """

    is_right: bool
    newest: str


_UNSURE: Final = Look(False, "")

_MOST_KEPT: Final = 5000
"""Pieces of text that are kept for each type, with what they mean: in a run over many files any number could come."""


class _Type:
    """A type of elements as the quick look needs it.

    ``steps`` has the pieces of text that were met in such an element, ``starts`` the start tags in them, ``shapes`` the
    start tags without the values that do not matter, and what each means there; ``tested`` tells where those stand that
    do. ``settled`` has whether the conditions hold for what was met together, ``rests`` whether they are known to hold
    where nothing is there that they ask for.
    """

    __slots__ = ("asked", "attributes", "children", "conditions", "deep", "is_closing_checked", "is_open", "needed",
                 "required", "rests", "settled", "shapes", "since", "starts", "steps", "tested", "text")  # fmt: skip

    def __init__(self, row: Type) -> None:
        _name, self.attributes, self.children, self.text, wildcards, conditions, *_facts, self.since = row
        self.required = [name for name, one in self.attributes.items() if one[1]]
        self.needed = {name for name, one in self.children.items() if one[0]}
        self.conditions = " and ".join([f"({test})" for test, *_words in conditions])
        self.asked, self.deep = _asked(self.conditions) if conditions else (frozenset(), ())
        self.is_closing_checked = bool(self.needed or conditions)
        self.is_open = "##any" in wildcards and not self.children
        self.rests = False
        self.starts: dict[str, _Start] = {}
        self.tested: dict[tuple[str, ...], tuple[int, ...]] = {}
        self.shapes: dict[tuple[object, ...], _Shape] = {}
        self.steps: dict[str, _Step] = {}
        self.settled: dict[object, bool] = {}


_Start: TypeAlias = tuple[str, bool, _Type, str]
"""What a start tag means: the element's name, whether there may be only one, its type, the oldest libvirt
that knows it ("": any)."""

_Shape: TypeAlias = "tuple[str, bool, _Type, str, list[tuple[int, int, dict[str, str]]]]"
"""What start tags mean that differ in values alone: as _Start, and where values stand, their types, those known."""

_Step: TypeAlias = tuple[str, str, _Type | None, int, str]
"""What a piece of text means: the element's name, where there may be only one; its name, where there may be more and
somebody asks whether there is one; its type, where it goes on; how many elements end after it; the oldest libvirt
that knows it ("": any)."""

_ANYTHING: Final = _Type(("", {}, {}, None, ("@", "##any"), (), False, (), ""))


def _later(first: str, second: str) -> str:
    """The later of two releases, either of which may be ""."""
    if not first or not second:
        return first or second
    return max(first, second, key=Version.parse)


_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&quot;", '"'))
"""But for the ampersand itself, which could make new ones."""


class QuickLook:
    """Tells of most right documents that they are, in less time than it takes to parse them.

    It looks at the text of a document that is known to be well-formed, one piece after the other: from a start tag to
    the next one. What a piece means inside of an element of some type is kept, for files of one kind are made of much
    the same pieces. What is rare (entities, CDATA, other encodings than UTF-8 …) is left to the comparison.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._types: dict[int, _Type] = {}
        self._tests: dict[str, Any] = {}
        self._namespaces = _conventional_prefixes(tables)
        self._known: tuple[dict[str, str], ...] = tuple([{} for _simple in tables.simple])
        self._pieces = _pattern("<(?!/)").split
        self._attributes = _pattern(r"""([^\s=/]+)\s*=\s*(?:'([^']*)'|"([^"]*)")""").findall
        child = (0, 1, tables.target, "", False, False, False)
        self._above = _Type(("", {}, {tables.root: child}, None, (), (), False, (), ""))

    def at(self, data: bytes) -> Look:
        """Look at the bytes of a well-formed document."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return _UNSURE
        look = self._look(text)
        if look is None:
            # A declaration or comments stand between the elements.
            plain = _without_comments(text)
            look = None if plain is None else self._look(plain)
        return look or _UNSURE

    def _look(self, text: str) -> Look | None:
        """Look at a text; None where something is wrong or not sure."""
        newest = ""
        kind, opened = self._above, ""
        seen: dict[str, str] = {}
        stack: list[tuple[_Type, str, dict[str, str]]] = []
        pieces = self._pieces(text)
        del pieces[0]
        for piece in pieces:
            step = kind.steps.get(piece) or self._read(kind, piece)
            if step is None:
                return None
            single, repeated, opens, closes, since = step
            if single:
                if single in seen:
                    return None
                seen[single] = piece
            elif repeated:
                seen.setdefault(repeated, piece)
            if since and since != newest:
                newest = _later(newest, since)
            if opens is not None:
                stack.append((kind, opened, seen))
                kind, opened, seen = opens, piece, {}
            else:
                while closes:
                    closes -= 1
                    if kind.is_closing_checked and not self._is_complete(kind, opened, seen):
                        return None
                    kind, opened, seen = stack.pop()
        return Look(True, newest)

    def _read(self, parent: _Type, piece: str) -> _Step | None:
        """What a piece means in an element of some type, kept for the next time; None where it is wrong or not sure."""
        head, *ends = piece.split("</")
        start, bracket, text = head.rpartition(">")
        if not bracket or ">" in start or "&" in start or start[:1] in "!?":
            return None
        if "&" in text:
            for name, character in _ENTITIES:
                text = text.replace(name, character)
            if "&" in text or "&amp;" in head:
                return None
        closes, tail = len(ends), ""
        is_closed = closes > 0 or start.endswith("/")
        if start.endswith("/"):
            text, tail = "", text
        elif ends:
            closes -= 1
            tail = ends.pop(0).partition(">")[2]
        if ends and "".join([end.partition(">")[2] for end in ends]).strip(SPACES):
            return None
        if parent.is_open:
            step: _Step = ("", "", None if is_closed else _ANYTHING, closes, "")
        else:
            found = parent.starts.get(start) or self._start(parent, start)
            if found is None or tail.strip(SPACES):
                return None
            tag, is_single, kind, newest = found
            if kind.text is not None:
                since = None if "\r" in text else self._since(kind.text, text)
                if since is None:
                    return None
                newest = _later(newest, since)
            elif text.strip(SPACES) and not kind.is_open:
                return None
            if is_closed and kind.is_closing_checked and not self._is_complete(kind, f"{start}>", {}):
                return None
            single = tag if is_single else ""
            repeated = "" if is_single or not (tag in parent.needed or parent.conditions) else tag
            step = (single, repeated, None if is_closed else kind, closes, newest)
        if len(parent.steps) >= _MOST_KEPT:
            parent.steps.clear()
        parent.steps[piece] = step
        return step

    def _start(self, parent: _Type, start: str) -> _Start | None:
        """What a start tag without its brackets means; None where it is wrong or not sure."""
        parts = start.split("'")
        skeleton = tuple(parts[::2])
        tested = parent.tested.get(skeleton)
        if tested is None or not start.isprintable():
            return self._new_start(parent, start, parts)
        shape = parent.shapes.get((skeleton, *[parts[place] for place in tested]))
        if shape is None:
            return self._new_start(parent, start, parts)
        tag, is_single, kind, newest, values = shape
        for place, simple, known in values:
            since = known.get(parts[place])
            if since is None:
                since = self._since(simple, parts[place])
                if since is None:
                    return None
            if since:
                newest = _later(newest, since)
        if len(parent.starts) >= _MOST_KEPT:
            parent.starts.clear()
        parent.starts[start] = tag, is_single, kind, newest
        return parent.starts[start]

    def _new_start(self, parent: _Type, start: str, parts: list[str]) -> _Start | None:
        """What a start tag means that has attributes as none before. Its shape is kept."""
        found = self._start_tag(start)
        if found is None:
            return None
        tag, attributes = found
        row = parent.children.get(tag)
        # What must be there, or may be there, some exact number of times is left to the comparison.
        if row is None or row[0] > 1 or row[1] not in (1, UNBOUNDED):
            return None
        number = chosen_type(row[2], attributes)
        if number is None:
            return None
        kind = self._type(number)
        newest = _later(row[3], kind.since)
        newest_value = ""
        for name, value in attributes.items():
            known = kind.attributes.get(name)
            if known is None:
                # What takes any attribute is what has a type that nobody knows.
                return None
            since = self._since(known[0], value)
            if since is None:
                return None
            newest = _later(newest, known[2])
            newest_value = _later(newest_value, since)
        for name in kind.required:
            if name not in attributes:
                return None
        is_single = row[1] == 1
        if len(parts) == 2 * len(attributes) + 1:
            # Each value stands between two of the quotes at which the tag was split.
            places = {name: 2 * number + 1 for number, name in enumerate(attributes)}
            target = row[2] if isinstance(row[2], tuple) else ()
            asked = dict.fromkeys(attribute for clause, _number in target for attribute, _value in clause)
            tested = tuple(places[name] for name in asked if name in places)
            values = [(place, kind.attributes[name][0]) for name, place in places.items()]
            skeleton = tuple(parts[::2])
            if len(parent.shapes) >= _MOST_KEPT:
                parent.shapes.clear()
            parent.tested[skeleton] = tested
            parent.shapes[(skeleton, *[parts[place] for place in tested])] = (
                *(tag, is_single, kind, newest),
                [(place, simple, self._known[simple]) for place, simple in values],
            )
        if len(parent.starts) >= _MOST_KEPT:
            parent.starts.clear()
        parent.starts[start] = tag, is_single, kind, _later(newest, newest_value)
        return parent.starts[start]

    def _start_tag(self, start: str) -> tuple[str, dict[str, str]] | None:
        """The name and the attributes of a start tag without its brackets; None where it is not plain."""
        tag, *rest = start.split(None, 1)
        attributes: dict[str, str] = {}
        if rest:
            is_plain = start.isprintable()
            for name, single, double in self._attributes(rest[0]):
                value = single or double
                if not is_plain and ("\n" in value or "\t" in value or "\r" in value):
                    return None
                if name[:5] != "xmlns":
                    attributes[name] = value
                elif self._namespaces.get(name[6:], value) != value or name == "xmlns":
                    return None
        else:
            tag = tag.rstrip("/")
        prefix, colon, local = tag.partition(":")
        if colon:
            namespace = self._namespaces.get(prefix)
            if namespace is None:
                return None
            tag = f"{{{namespace}}}{local}"
        return tag, attributes

    def _since(self, simple: int, value: str) -> str | None:
        """As Tables.since, but that placeholders are right. Kept for the next time."""
        known = self._known[simple]
        found = known.get(value)
        if found is None:
            found = self._tables.since(simple, value)
            if found is None:
                return "" if is_placeholder(value) else None
            if len(known) >= _MOST_KEPT:
                known.clear()
            known[value] = found
        return found

    def _type(self, number: int) -> _Type:
        if number not in self._types:
            self._types[number] = _Type(self._tables.types[number])
        return self._types[number]

    def _is_complete(self, kind: _Type, opened: str, seen: Mapping[str, str]) -> bool:
        """Tell whether an element has what it needs, and its conditions hold."""
        if not kind.needed <= seen.keys():
            return False
        if not kind.conditions:
            return True
        names, deep = kind.asked, kind.deep
        if kind.rests and names.isdisjoint(seen):
            return True
        present = names.intersection(seen) if names else frozenset(seen)
        key = (opened if "@" in deep else "", present, *[seen.get(name) for name in deep])
        holds = kind.settled.get(key)
        if holds is None:
            if len(kind.settled) >= _MOST_KEPT:
                kind.settled.clear()
            children = [seen[name] for name in present]
            holds = kind.settled[key] = self._hold(kind.conditions, opened, children)
            if not children and "@" not in deep and names:
                kind.rests = holds
        return holds

    def _hold(self, test: str, opened: str, children: Iterable[str]) -> bool:
        """Try an XPath on an element that is put together from its start tag and those of its children."""
        from lxml import etree

        inside = "".join([_closed(f"<{child.partition('</')[0]}") for child in children])
        try:
            if test not in self._tests:
                self._tests[test] = etree.XPath(f"boolean({test})", smart_strings=False)
            return bool(self._tests[test](etree.fromstring(_closed(f"<{opened}{inside}"))))
        except etree.LxmlError:
            return False


def _conventional_prefixes(tables: Tables) -> dict[str, str]:
    names = {name for _type in tables.types for name in _type[2] if name.startswith("{")}
    namespaces = {name[1:].partition("}")[0] for name in names}
    # http://libvirt.org/schemas/domain/qemu/1.0 is qemu.
    return {namespace.rsplit("/", 2)[1]: namespace for namespace in namespaces}


def _asked(test: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """What an XPath asks for: children (none: all of them); and those that it looks into, "@" being the attributes."""
    import re

    outside = re.sub(r"'[^']*'", "", test)
    names = frozenset(re.findall(r"(?<![@\w-])[A-Za-z_][\w-]*", outside)) if "*" not in outside else frozenset()
    inside = re.findall(r"([\w-]+)(?=/|\[)|-space\(([\w-]+)\)", outside)
    deep = dict.fromkeys([path or argument for path, argument in inside])
    return names, (*(["@"] if "@" in outside else []), *deep)


def _closed(text: str) -> str:
    start = text.partition(">")[0]
    return text if start.endswith("/") else f"{text}</{start[1:].split(None, 1)[0]}>"


def _without_comments(text: str) -> str | None:
    """A text without its declaration and comments; None where it has other things that are no elements."""
    text = text.removeprefix("\ufeff")
    if text.startswith("<?xml"):
        declaration, _end, text = text.partition("?>")
        encoding = declaration.lower()
        if "encoding" in encoding and "utf-8" not in encoding and "ascii" not in encoding:
            return None
    if "<?" in text or "<![" in text or "<!D" in text:
        return None
    import re

    return re.sub("<!--.*?-->", "", text, flags=re.DOTALL)


def _pattern(pattern: str) -> Any:
    import re

    return re.compile(pattern)
