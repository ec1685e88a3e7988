"""A quick look at a document: is everything in it as the schema says? It tells in less time than parsing takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from domlint.placeholders import is_placeholder
from domlint.tables import SPACES, UNBOUNDED, Tables, Type, chosen_type, tables_of
from domlint.versions import Version


class Look(NamedTuple):
    """What a quick look tells.

    ``is_right``: nothing is wrong (False: something is, or it takes a second look to tell). ``newest``: the oldest
    libvirt that knows all that is there; "" where that is 6.0.0 or older.
    """

    is_right: bool
    newest: str


_UNSURE: Final = Look(False, "")
_RIGHT: Final = Look(True, "")

_MOST_KEPT: Final = 5000
"""Texts that are kept of each sort for each type, with what they mean: in a run over many files any number could
come."""

_LONGEST_KEPT: Final = 2000
"""Characters. What is longer is hardly met again."""

_MANY_CHILDREN: Final = 32
"""Kinds of children from which on an element is hardly twice made up in the same way."""

_ALL: Final = frozenset(("*",))

_LINES: Final = frozenset("\t\n")


class _Type:
    """A type of elements as the quick look needs it, and what was met in elements of it.

    ``blocks`` has the texts of whole elements, ``pieces`` those from a start tag to the next one, ``starts`` the start
    tags, and what each means there; ``shapes`` and ``layouts`` what start tags and the insides of elements mean that
    differ in values alone. ``settled`` has whether the conditions hold for what was met together, ``rests`` whether
    they are known to hold where nothing is there that they ask for.
    """

    __slots__ = ("asked", "asked_attributes", "attributes", "blocks", "children", "conditions", "deep",
                 "has_layouts", "is_closing_checked", "is_open", "layouts", "needed", "pieces", "required", "rests",
                 "settled", "shapes", "since", "starts", "text")  # fmt: skip

    def __init__(self, row: Type) -> None:
        _name, self.attributes, self.children, self.text, wildcards, conditions, *_facts, self.since = row
        self.required = [name for name, one in self.attributes.items() if one[1]]
        self.needed = {name for name, one in self.children.items() if one[0]}
        self.conditions = " and ".join([f"({test})" for test, *_words in conditions])
        self.asked: frozenset[str] = frozenset()
        self.deep: tuple[str, ...] = ()
        self.asked_attributes: frozenset[str] = frozenset()
        if conditions:
            self.asked, self.deep, self.asked_attributes = _asked(self.conditions)
        self.is_closing_checked = bool(self.needed or conditions)
        self.is_open = "##any" in wildcards and not self.children
        self.has_layouts = len(self.children) < _MANY_CHILDREN and "@" not in self.deep
        self.rests = False
        self.blocks: dict[str, _Block] = {}
        self.layouts: dict[str, _Layout] = {}
        self.pieces: dict[str, _Step] = {}
        self.starts: dict[str, _Start] = {}
        self.shapes: dict[str, _Shape] = {}
        self.settled: dict[object, bool] = {}


_Values: TypeAlias = "tuple[int, tuple[int, ...], tuple[tuple[int, int, str], ...]]"
"""The values of attributes in a text, each of which stands between two quotes: how many, which of them (from 0) decide
what the others mean, and of the others which it is, its simple type and the attribute's name."""

_Checked: TypeAlias = "list[tuple[int, int, dict[str, str]]]"
"""Where values stand in a text that is split at its quotes, their simple types, and those that are known."""

_Start: TypeAlias = "tuple[str, bool, _Type, str, str, _Values | None]"
"""What a start tag means: the element's name, where somebody asks whether it is there; whether there may be only one;
its type; the oldest libvirt that knows it ("": any); the end tag; its values, where nothing else stands in quotes."""

_Shape: TypeAlias = "tuple[tuple[int, ...], dict[tuple[str, ...], tuple[_Start, _Checked]]]"
"""What start tags mean that differ in values alone: where those stand that decide, and for what may stand there what
they mean, and what is to be checked."""

_Layout: TypeAlias = "tuple[tuple[int, ...], dict[tuple[str, ...], _Checked]]"
"""The insides of elements that differ in values alone: where those stand that decide, and for what may stand there what
is to be checked."""

_MET: Final[_Layout] = ((), {})
"""What was met once. Most of that is never met again."""

_Block: TypeAlias = "tuple[str, bool, str, str]"
"""What the text of a whole element means: its name, where somebody asks whether it is there; whether there may be only
one; the end tag, where the text goes up to that alone; the oldest libvirt that knows all of it."""

_Step: TypeAlias = "tuple[str, bool, _Type | None, int, str]"
"""What a piece of text means: the element's name, where somebody asks whether it is there; whether there may be only
one; its type, where it goes on; how many elements end after it; the oldest libvirt that knows it."""

_ANYTHING: Final = _Type(("", {}, {}, None, ("@", "##any"), (), False, (), ""))

_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&quot;", '"'))
"""But for the ampersand itself, which could make new ones."""

_Key = TypeVar("_Key")
_T = TypeVar("_T")


class QuickLook:
    """Tells of most right documents that they are.

    It looks at the text of a document that is known to be well-formed. Where that is laid out as libvirt writes it, each
    element on a line of its own, the lines from one element to the next at the same depth are a block. What a block
    means inside of an element of some type is kept, for files of one kind are made of much the same blocks, or of ones
    that differ in values alone. What is laid out otherwise is taken in pieces, from one start tag to the next. What is
    rare (entities in attributes, CDATA, other encodings than UTF-8 …) is left to the comparison.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._types: dict[int, _Type] = {}
        self._tests: dict[str, Any] = {}
        self._namespaces = _conventional_prefixes(tables)
        self._since_of: dict[int, Callable[[str], str | None]] = {}
        self._known: tuple[dict[str, str], ...] = tuple([{} for _simple in tables.simple])
        child = (0, 1, tables.target, "", False, False, False)
        self._above = _Type(("", {}, {tables.root: child}, None, (), (), False, (), ""))

    def at(self, data: bytes) -> Look:
        """Look at the bytes of a well-formed document."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return _UNSURE
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        newest = self._document(text)
        if newest is None:
            plain = _without_comments(text)
            if plain is not None:
                newest = self._document(plain) if plain != text else None
                newest = self._document_in_pieces(plain) if newest is None else newest
        return (Look(True, newest) if newest else _RIGHT) if newest is not None else _UNSURE

    def _document(self, text: str) -> str | None:
        """The oldest libvirt that knows all of a document; None where it is wrong, not sure or laid out otherwise."""
        body, _bracket, end = text.rstrip(SPACES).rpartition("\n</")
        line = body.find("\n")
        following = body.find("<", line)
        if line < 0 or following < 0 or body[0] != "<" or body[line - 1] != ">":
            return None
        start = body[1 : line - 1]
        separator = body[line : following + 1]
        found = self._above.starts.get(start) or self._kept_start(self._above, start)
        if found is None or found[4] != f"/{end}" or separator[:-1].strip(SPACES):
            return None
        newest = self._inside(found[2], start, body.split(separator))
        return None if newest is None else _later(found[3], newest)

    def _document_in_pieces(self, text: str) -> str | None:
        block = self._in_pieces(self._above, text.partition("<")[2])
        return None if block is None or block[2] else block[3]

    def _inside(self, kind: _Type, start: str, blocks: list[str]) -> str | None:
        """The oldest libvirt that knows all that is in an element; None where it is wrong or not sure.

        ``start`` is its start tag without brackets, ``blocks`` what follows on that, the first left out.
        """
        newest = ""
        seen: dict[str, str] = {}
        known = kind.blocks.get
        ahead = iter(blocks)
        next(ahead)
        for text in ahead:
            block = known(text) or self._block(kind, text)
            if block is None:
                return None
            name, is_single, end, since = block
            if end and next(ahead, "").rstrip(SPACES) != end:
                return None
            if name:
                if name not in seen:
                    seen[name] = text
                elif is_single:
                    return None
            if since and since != newest:
                newest = _later(newest, since)
        if kind.is_closing_checked and not self._is_complete(kind, start, seen):
            return None
        return newest

    def _block(self, parent: _Type, text: str) -> _Block | None:
        """What the text of a whole element means, kept for the next time; None where it is wrong or not sure."""
        element = text.rstrip(SPACES)
        if "\n" in element:
            found = self._lines(parent, element)
        elif "<" in element:
            found = self._with_text(parent, element)
        else:
            found = self._empty(parent, element)
        found = found or self._in_pieces(parent, element)
        if found is not None and len(text) <= _LONGEST_KEPT:
            _keep(parent.blocks, text, found)
        return found

    def _empty(self, parent: _Type, element: str) -> _Block | None:
        """What an element means that is one tag."""
        found = self._start(parent, element[:-1]) if element[-2:] == "/>" else None
        newest = None if found is None else self._ended(found, element[:-2], "")
        return None if found is None or newest is None else (found[0], found[1], "", newest)

    def _with_text(self, parent: _Type, element: str) -> _Block | None:
        """What an element means that has text, on one line; None where it has elements, too."""
        body, _bracket, end = element.rpartition("<")
        start, _bracket, text = body.partition(">")
        if "<" in text or "&" in text:
            return None
        found = parent.starts.get(start) or self._kept_start(parent, start)
        newest = None if found is None or found[4] != end else self._ended(found, start, text)
        return None if found is None or newest is None else (found[0], found[1], "", newest)

    def _lines(self, parent: _Type, element: str) -> _Block | None:
        """What an element means that has others, which begin on lines of their own."""
        line = element.find("\n")
        start = element[: line - 1]
        found = parent.starts.get(start) or self._kept_start(parent, start)
        if found is None or found[2].is_open:
            return None
        name, is_single, kind, newest, end, _values = found
        skeleton = ""
        if kind.has_layouts:
            parts = _split_at_quotes(element[line - 1 :])
            skeleton = "'".join(parts[::2])
            layout = kind.layouts.get(skeleton)
            if layout is not None:
                deciding, variants = layout
                checked = variants.get(tuple([parts[place] for place in deciding]))
                if checked is not None:
                    since = self._newest(checked, parts, newest)
                    return None if since is None else (name, is_single, end, since)
        following = element.find("<", line)
        separator = element[line : following + 1]
        if following < 0 or element[line - 1] != ">" or start[-1:] == "/" or separator[:-1].strip(SPACES):
            return None
        blocks = element.split(separator)
        since = self._inside(kind, start, blocks) if kind.text is None else None
        if since is None:
            return None
        if skeleton and not since:
            self._keep_layout(kind, skeleton, parts, blocks)
        return name, is_single, end, _later(newest, since)

    def _keep_layout(self, kind: _Type, skeleton: str, parts: list[str], blocks: list[str]) -> None:
        """Keep what the inside of an element means, from the second time on."""
        layout = kind.layouts.get(skeleton)
        if layout is None:
            _keep(kind.layouts, skeleton, _MET)
            return
        values = self._values_of(kind, blocks)
        if values is None or len(parts) != 2 * values[0] + 1:
            return
        places, variants = layout
        needed = {2 * number + 1 for number in values[1]}
        if layout is _MET or not needed <= set(places):
            # What hung on fewer values is forgotten.
            places, variants = tuple(sorted({*places, *needed})), {}
            kind.layouts[skeleton] = places, variants
        checked = [(2 * number + 1, simple, self._known[simple]) for number, simple, _name in values[2]]
        _keep(variants, tuple([parts[place] for place in places]), checked)

    def _values_of(self, kind: _Type, blocks: list[str]) -> _Values | None:
        """The values of the blocks in an element, but for the first, which is none; None where they are not known."""
        several = []
        for text in blocks[1:]:
            if text[:1] != "/":
                values = self._values_in(kind, text.rstrip(SPACES))
                if values is None:
                    return None
                several.append(values)
        count, deciding, others = _joined(several)
        if not kind.asked_attributes:
            return count, deciding, others
        is_any = kind.asked_attributes == _ALL
        asked = [number for number, _simple, name in others if is_any or name in kind.asked_attributes]
        return count, (*deciding, *asked), tuple([one for one in others if one[0] not in asked])

    def _values_in(self, parent: _Type, element: str) -> _Values | None:
        """The values of an element; None where they are not known."""
        start, _bracket, _text = element.partition(">")
        found = self._start(parent, start)
        if found is None or found[5] is None or "\n" not in element:
            is_plain = "<" not in element or "<" not in element.rpartition("</")[0]
            return found[5] if found is not None and is_plain else None
        separator = element[len(start) + 1 : element.find("<", len(start)) + 1]
        if not found[2].has_layouts or separator[:-1].strip(SPACES):
            return None
        inside = self._values_of(found[2], element.split(separator))
        return inside and _joined((found[5], inside))

    def _newest(self, checked: _Checked, parts: list[str], newest: str) -> str | None:
        """The later of a libvirt and the oldest that knows some values; None where one is wrong or not sure."""
        for place, simple, known in checked:
            since = known.get(parts[place])
            if since is None:
                since = self._value(simple, parts[place])
                if since is None:
                    return None
            if since:
                newest = _later(newest, since)
        return newest

    def _in_pieces(self, parent: _Type, text: str) -> _Block | None:
        """What the text of a whole element means, or what it has but its end tag, piece by piece."""
        kind, opened = parent, ""
        newest, name, is_only = "", "", False
        seen: dict[str, str] = {}
        above: list[tuple[_Type, str, dict[str, str]]] = []
        for number, piece in enumerate(_pieces()(text)):
            if number and not above:
                return None
            step = kind.pieces.get(piece) or self._piece(kind, piece)
            if step is None:
                return None
            element, is_single, opens, closes, since = step
            if not number:
                name, is_only = element, is_single
            elif element:
                if element not in seen:
                    seen[element] = piece
                elif is_single:
                    return None
            if since and since != newest:
                newest = _later(newest, since)
            if opens is not None:
                above.append((kind, opened, seen))
                kind, opened, seen = opens, piece.partition(">")[0], {}
            else:
                while closes:
                    closes -= 1
                    if not above or (kind.is_closing_checked and not self._is_complete(kind, opened, seen)):
                        return None
                    kind, opened, seen = above.pop()
        if not above:
            return name, is_only, "", newest
        if len(above) > 1 or (kind.is_closing_checked and not self._is_complete(kind, opened, seen)):
            return None
        return name, is_only, f"/{opened.split(None, 1)[0]}>", newest

    def _piece(self, parent: _Type, piece: str) -> _Step | None:
        """What a piece means in an element of some type, kept for the next time; None where it is wrong or not sure."""
        if parent.is_open:
            return _open_piece(piece)
        head, *ends = piece.split("</")
        start, bracket, text = head.rpartition(">")
        if not bracket or ">" in start or start[:1] in "!?":
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
        found = parent.starts.get(start) or self._kept_start(parent, start)
        if found is None or tail.strip(SPACES):
            return None
        newest = self._ended(found, start.removesuffix("/"), text) if is_closed else self._with_text_in(found, text)
        if newest is None:
            return None
        return _keep(parent.pieces, piece, (found[0], found[1], None if is_closed else found[2], closes, newest))

    def _kept_start(self, parent: _Type, start: str) -> _Start | None:
        """As _start, kept for the next time."""
        found = self._start(parent, start)
        return found and _keep(parent.starts, start, found)

    def _start(self, parent: _Type, start: str) -> _Start | None:
        """What a start tag without its brackets means; None where it is wrong or not sure."""
        parts = _split_at_quotes(start)
        skeleton = "'".join(parts[::2])
        shape = parent.shapes.get(skeleton)
        if shape is not None:
            deciding, variants = shape
            variant = variants.get(tuple([parts[place] for place in deciding]))
            if variant is not None:
                found, checked = variant
                newest = self._newest(checked, parts, found[3])
                if newest is None or newest == found[3]:
                    return None if newest is None else found
                return *found[:3], newest, *found[4:]
        return self._new_start(parent, start, parts, skeleton)

    def _new_start(self, parent: _Type, start: str, parts: list[str], skeleton: str) -> _Start | None:
        """What a start tag means that has attributes as none before. Its shape is kept."""
        read = _read(parts) if len(parts) % 2 else _read_oddly(start)
        tag = None if read is None else self._name(read[0])
        if read is None or tag is None:
            return None
        given = read[1]
        attributes = given if "xmlns" not in start else self._without_namespaces(given)
        row = parent.children.get(tag)
        # What must be there, or may be there, some exact number of times is left to the comparison.
        if row is None or attributes is None or row[0] > 1 or row[1] not in (1, UNBOUNDED):
            return None
        number = chosen_type(row[2], attributes)
        if number is None:
            return None
        kind = self._type(number)
        since = newest = _later(row[3], kind.since)
        for name, value in attributes.items():
            known = kind.attributes.get(name)
            # What takes any attribute is what has a type that nobody knows.
            brought = None if known is None else self._value(known[0], value)
            if known is None or brought is None:
                return None
            since = _later(since, known[2])
            newest = _later(_later(newest, known[2]), brought)
        for name in kind.required:
            if name not in attributes:
                return None
        is_single = row[1] == 1
        end = f"/{read[0]}>"
        asked_name = tag if is_single or tag in parent.needed or parent.conditions else ""
        if len(parts) != 2 * len(given) + 1:
            return asked_name, is_single, kind, newest, end, None
        asked = set() if isinstance(row[2], int) else {one for clause, _number in row[2] for one, _value in clause}
        values = _values(given, kind, asked)
        deciding, variants = parent.shapes.get(skeleton) or _keep(
            parent.shapes, skeleton, (tuple([2 * number + 1 for number in values[1]]), {})
        )
        checked = [(2 * number + 1, simple, self._known[simple]) for number, simple, _name in values[2]]
        met = tuple([parts[place] for place in deciding])
        _keep(variants, met, ((asked_name, is_single, kind, since, end, values), checked))
        return asked_name, is_single, kind, newest, end, values

    def _name(self, written: str) -> str | None:
        """The name of an element as the tables have it; None where its prefix is none that is usual."""
        if ":" not in written:
            return written
        prefix, _colon, local = written.partition(":")
        namespace = self._namespaces.get(prefix)
        return namespace and f"{{{namespace}}}{local}"

    def _without_namespaces(self, given: Mapping[str, str]) -> dict[str, str] | None:
        """Attributes without those that declare a prefix; None where that is not the usual one."""
        for name, value in given.items():
            if name == "xmlns" or (name[:6] == "xmlns:" and self._namespaces.get(name[6:], value) != value):
                return None
        return {name: value for name, value in given.items() if name[:6] != "xmlns:"}

    def _with_text_in(self, found: _Start, text: str) -> str | None:
        """The oldest libvirt that knows a start tag and the text behind it; None where that is wrong or not sure."""
        kind, newest = found[2], found[3]
        if kind.text is None:
            return None if text and not kind.is_open and text.strip(SPACES) else newest
        since = self._since(kind.text, text)
        return None if since is None else _later(newest, since)

    def _ended(self, found: _Start, start: str, text: str) -> str | None:
        """As _with_text_in, of an element that has nothing but the text."""
        kind = found[2]
        if kind.is_closing_checked and not self._is_complete(kind, start, {}):
            return None
        return self._with_text_in(found, text)

    def _value(self, simple: int, value: str) -> str | None:
        """As _since, of an attribute as it is written: what a parser makes another value of is not sure."""
        if "&" in value or not (value.isprintable() or _LINES.isdisjoint(value)):
            return None
        return self._since(simple, value)

    def _since(self, simple: int, value: str) -> str | None:
        """As Tables.since, but that placeholders are right. Kept for the next time."""
        known = self._known[simple]
        found = known.get(value)
        if found is None:
            since = self._since_of.get(simple)
            if since is None:
                since = self._since_of[simple] = self._tables.since_of(simple)
            found = since(value)
            if found is None:
                return "" if is_placeholder(value) else None
            # An attribute that is written in several lines has another value.
            if value.isprintable():
                _keep(known, value, found)
        return found

    def _type(self, number: int) -> _Type:
        if number not in self._types:
            self._types[number] = _Type(self._tables.types[number])
        return self._types[number]

    def _is_complete(self, kind: _Type, start: str, seen: Mapping[str, str]) -> bool:
        """Tell whether an element has what it needs, and its conditions hold."""
        if not kind.needed <= seen.keys():
            return False
        if not kind.conditions:
            return True
        names, deep = kind.asked, kind.deep
        if kind.rests and names.isdisjoint(seen):
            return True
        present = names.intersection(seen) if names else frozenset(seen)
        tags = [seen[name].partition("<")[0] if name in seen else None for name in deep]
        key = (start if "@" in deep else "", present, *tags)
        holds = kind.settled.get(key)
        if holds is None:
            children = [seen[name].partition("<")[0] for name in present]
            holds = _keep(kind.settled, key, self._hold(kind.conditions, start, children))
            if not children and "@" not in deep and names:
                kind.rests = holds
        return holds

    def _hold(self, test: str, start: str, children: Iterable[str]) -> bool:
        """Try an XPath on an element that is put together from its start tag and those of its children."""
        from lxml import etree

        inside = "".join([_closed(f"<{child}") for child in children])
        try:
            if test not in self._tests:
                self._tests[test] = etree.XPath(f"boolean({test})", smart_strings=False)
            return bool(self._tests[test](etree.fromstring(_closed(f"<{start}>{inside}"))))
        except etree.LxmlError:
            return False


def _open_piece(piece: str) -> _Step | None:
    """What a piece means where anything may stand; None where that is not sure. Hardly any is met twice."""
    head, *ends = piece.split("</")
    if head.count(">") != 1 or head[:1] in "!?":
        return None
    is_empty = "/>" in head
    # Behind the first end tag of another element it is still the same one that is open to anything.
    behind = ends if is_empty else ends[1:]
    if behind and "".join([end.partition(">")[2] for end in behind]).strip(SPACES):
        return None
    return "", False, None if ends or is_empty else _ANYTHING, len(behind), ""


@cache
def quick_look_of(name: str) -> QuickLook:
    """The quick look at a kind of document: "domain", "network". Raises ModuleNotFoundError."""
    return QuickLook(tables_of(name))


def _keep(kept: dict[_Key, _T], key: _Key, meaning: _T) -> _T:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = meaning
    return meaning


def _later(first: str, second: str) -> str:
    """The later of two releases, either of which may be ""."""
    if not first or not second:
        return first or second
    return max(first, second, key=Version.parse)


def _split_at_quotes(text: str) -> list[str]:
    """A text in parts, of which every second is a value; an even number of them where that is not sure."""
    parts = text.split("'")
    if '"' not in text:
        return parts
    return text.split('"') if len(parts) == 1 else []


def _read(parts: list[str]) -> tuple[str, dict[str, str]] | None:
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


def _read_oddly(start: str) -> tuple[str, dict[str, str]] | None:
    """As _read, of a start tag that has both sorts of quotes."""
    tag, _space, rest = start.partition(" ")
    found = _attributes()(rest)
    return tag, {name: single or double for name, single, double in found}


def _values(given: Mapping[str, str], kind: _Type, asked: set[str]) -> _Values:
    """The values of a start tag: those decide that are ``asked``, or declare a prefix."""
    deciding = []
    others = []
    for number, name in enumerate(given):
        known = kind.attributes.get(name)
        if known is None or name in asked:
            deciding.append(number)
        else:
            others.append((number, known[0], name))
    return len(given), tuple(deciding), tuple(others)


def _joined(several: Iterable[_Values]) -> _Values:
    """The values of texts one after the other."""
    count = 0
    deciding: list[int] = []
    others: list[tuple[int, int, str]] = []
    for one in several:
        deciding += [count + number for number in one[1]]
        others += [(count + number, simple, name) for number, simple, name in one[2]]
        count += one[0]
    return count, tuple(deciding), tuple(others)


def _conventional_prefixes(tables: Tables) -> dict[str, str]:
    names = {name for _type in tables.types for name in _type[2] if name.startswith("{")}
    namespaces = {name[1:].partition("}")[0] for name in names}
    # http://libvirt.org/schemas/domain/qemu/1.0 is qemu.
    return {namespace.rsplit("/", 2)[1]: namespace for namespace in namespaces}


def _asked(test: str) -> tuple[frozenset[str], tuple[str, ...], frozenset[str]]:
    """What an XPath asks for: children (none: all of them); those that it looks into, "@" being the element itself; and
    attributes, its own or its children's ("*": all).
    """
    import re

    outside = re.sub(r"'[^']*'", "", test)
    names = frozenset(re.findall(r"(?<![@\w-])[A-Za-z_][\w-]*", outside)) if "*" not in outside else frozenset()
    inside = re.findall(r"([\w-]+)(?=/|\[)|-space\(([\w-]+)\)", outside)
    deep = dict.fromkeys([path or argument for path, argument in inside])
    attributes = _ALL if "*" in outside else frozenset(re.findall(r"@([\w-]+)", outside))
    return names, (*(["@"] if "@" in outside else []), *deep), attributes


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
def _pieces() -> Callable[[str], list[str]]:
    import re

    return re.compile("<(?!/)").split


@cache
def _attributes() -> Callable[[str], list[tuple[str, str, str]]]:
    import re

    return re.compile(r"""([^\s=/]+)\s*=\s*(?:'([^']*)'|"([^"]*)")""").findall
