"""A quick look at a document: is everything in it as the schema says? It tells in less time than parsing takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from domlint.markup import (
    closed,
    is_plain,
    read_mixed_start_tag,
    read_start_tag,
    split_at_quotes,
    split_at_start_tags,
    without_comments,
)
from domlint.placeholders import is_placeholder
from domlint.tables import SPACES, UNBOUNDED, Clause, Tables, Target, Type, chosen_type, tables_of
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

_DEEPEST: Final = 50
"""Levels of elements that begin on lines of their own. Below that, each level would be gone through again for all above
it."""

_LARGEST_KEPT: Final = 1024 * 1024
"""Bytes of a document of which something is kept."""

_MANY_CHILDREN: Final = 32
"""Kinds of children from which on an element is hardly twice made up in the same way."""


class _Conditions:
    """What must hold in elements of a type beside what each attribute and child says: an XPath.

    ``names`` are the children that it asks for (none: all of them), ``deep`` those that it looks into, "@" standing for
    attributes. ``settled`` has whether it holds for what was met together, ``rests`` whether it is known to hold where
    nothing is there that it asks for.
    """

    __slots__ = ("_find", "deep", "names", "rests", "settled", "test")

    def __init__(self, tests: Iterable[str]) -> None:
        self.test = " and ".join([f"({test})" for test in tests])
        self.names, self.deep = _asked(self.test)
        self.settled: dict[object, bool] = {}
        self.rests = False
        self._find: Any = None

    def hold(self, start: str, seen: Mapping[str, str]) -> bool:
        """Tell whether they hold in an element with a start tag and children, each by its name and with its text."""
        if self.rests and self.names.isdisjoint(seen):
            return True
        present = self.names.intersection(seen) if self.names else frozenset(seen)
        tags = [seen[name].partition("<")[0] if name in seen else None for name in self.deep]
        key = (start if "@" in self.deep else "", present, *tags)
        holds = self.settled.get(key)
        if holds is None:
            holds = _keep(self.settled, key, self._try(start, [seen[name].partition("<")[0] for name in present]))
            if not present and "@" not in self.deep and self.names:
                self.rests = holds
        return holds

    def _try(self, start: str, children: Iterable[str]) -> bool:
        """Try the XPath on an element that is put together from its start tag and those of its children."""
        from lxml import etree

        inside = "".join([closed(f"<{child}") for child in children])
        try:
            if self._find is None:
                self._find = etree.XPath(f"boolean({self.test})", smart_strings=False)
            return bool(self._find(etree.fromstring(closed(f"<{start}>{inside}"))))
        except etree.LxmlError:
            return False


class _Type:
    """A type of elements as the quick look needs it, and what was met in elements of it.

    ``blocks`` has the texts of whole elements, ``pieces`` those from a start tag to the next one, ``starts`` the start
    tags, and what each means there; ``shapes`` and ``layouts`` what start tags and the insides of elements mean that
    differ in values alone. ``deciders`` has the attributes on which the type of a child hangs, ``chosen`` the types by
    their values.
    """

    __slots__ = ("attributes", "blocks", "children", "chosen", "conditions", "deciders", "has_layouts",
                 "has_many_children", "is_checked", "is_open", "layouts", "needed", "pieces", "required", "shapes",
                 "since", "starts", "text")  # fmt: skip

    def __init__(self, row: Type) -> None:
        _name, self.attributes, self.children, self.text, wildcards, conditions, *_facts, self.since = row
        self.required = [name for name, one in self.attributes.items() if one[1]]
        self.needed = {name for name, one in self.children.items() if one[0]}
        self.conditions = _Conditions([test for test, *_words in conditions]) if conditions else None
        self.is_checked = bool(self.needed or conditions)
        self.is_open = "##any" in wildcards and not self.children
        self.has_many_children = len(self.children) >= _MANY_CHILDREN
        self.has_layouts = not self.has_many_children and not self.looks_at_attributes
        self.blocks: dict[str, _Block] = {}
        self.layouts: dict[str, _Layout] = {}
        self.pieces: dict[str, _Step] = {}
        self.starts: dict[str, _Start] = {}
        self.shapes: dict[str, _Shape] = {}
        self.deciders: dict[str, tuple[str, ...]] = {}
        self.chosen: dict[tuple[str | None, ...], _Type] = {}

    @property
    def looks_at_attributes(self) -> bool:
        """Tell whether its conditions do."""
        return self.conditions is not None and "@" in self.conditions.deep

    def is_complete(self, start: str, seen: Mapping[str, str]) -> bool:
        """Tell whether an element with a start tag and some children has what it needs, and its conditions hold."""
        return self.needed <= seen.keys() and (self.conditions is None or self.conditions.hold(start, seen))

    def decides(self, tag: str, target: tuple[tuple[Clause, int], ...]) -> tuple[str, ...]:
        """The attributes on which the type of a child hangs."""
        found = self.deciders.get(tag)
        if found is None:
            found = self.deciders[tag] = tuple({name: None for clause, _number in target for name, _value in clause})
        return found


_Checked: TypeAlias = "list[tuple[int, int, dict[str, str]]]"
"""Where values stand in a text that is split at its quotes, their simple types, and those that are known."""

_Start: TypeAlias = "tuple[str, bool, _Type, str, str]"
"""What a start tag means: the element's name, where somebody asks whether it is there; whether there may be only one;
its type; the oldest libvirt that knows it ("": any); the end tag."""

_Shape: TypeAlias = "tuple[tuple[int, ...], dict[tuple[str, ...], tuple[_Start, _Checked]]]"
"""What start tags mean that differ in values alone: where those stand that decide, and for what may stand there what
they mean, and what is to be checked."""

_Layout: TypeAlias = "tuple[tuple[int, ...], dict[tuple[str, ...], _Checked]]"
"""The insides of elements that differ in values alone: where those stand that decide, and for what may stand there what
is to be checked."""

_Values: TypeAlias = "tuple[int, set[int], _Checked]"
"""The values in a text: how many, where those stand that decide, and how the others are checked."""

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

    It looks at the text of a document that is known to be well-formed. Where that is laid out as libvirt writes it,
    each element on a line of its own, the lines from one element to the next at the same depth are a block. What a
    block means inside of an element of some type is kept, for files of one kind are made of much the same blocks, or of
    ones that differ in values alone. What is laid out otherwise is taken in pieces, from one start tag to the next.
    What is rare (entities in attributes, CDATA, other encodings than UTF-8 …) is left to the comparison.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._types: dict[int, _Type] = {}
        self._namespaces = _conventional_prefixes(tables)
        self._since_of: dict[int, Callable[[str], str | None]] = {}
        self._known: tuple[dict[str, str], ...] = tuple([{} for _simple in tables.simple])
        child = (0, 1, tables.target, "", False, False, False)
        self._above = _Type(("", {}, {tables.root: child}, None, (), (), False, (), ""))

    def at(self, data: bytes) -> Look:
        """Look at the bytes of a well-formed document."""
        if len(data) > _LARGEST_KEPT:
            return QuickLook(self._tables)._at(data)
        return self._at(data)

    def _at(self, data: bytes) -> Look:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return _UNSURE
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        newest = self._document(text)
        if newest is None:
            plain = without_comments(text)
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
        newest = self._inside(found[2], start, body.split(separator), 1)
        return None if newest is None else _later(found[3], newest)

    def _document_in_pieces(self, text: str) -> str | None:
        block = self._in_pieces(self._above, text.partition("<")[2])
        return None if block is None or block[2] else block[3]

    def _inside(self, kind: _Type, start: str, blocks: list[str], level: int) -> str | None:
        """The oldest libvirt that knows all that is in an element; None where it is wrong or not sure.

        ``start`` is its start tag without brackets, ``blocks`` what follows on that, the first left out, and ``level``
        how many elements these are in.
        """
        newest = ""
        seen: dict[str, str] = {}
        known = kind.blocks.get
        ahead = iter(blocks)
        next(ahead)
        for text in ahead:
            block = known(text) or self._block(kind, text, level)
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
        if kind.is_checked and not kind.is_complete(start, seen):
            return None
        return newest

    def _block(self, parent: _Type, text: str, level: int) -> _Block | None:
        """What the text of a whole element means, kept for the next time; None where it is wrong or not sure."""
        element = text.rstrip(SPACES)
        is_short, is_rare = len(text) <= _LONGEST_KEPT, False
        if "\n" in element:
            found, is_rare = self._lines(parent, element, level)
        elif "<" in element:
            found = self._with_text(parent, element)
        else:
            found = self._empty(parent, element)
        if found is None and is_short:
            found = self._in_pieces(parent, element)
        if found is not None and is_short and not is_rare:
            _keep(parent.blocks, text, found)
        return found

    def _empty(self, parent: _Type, element: str) -> _Block | None:
        """What an element means that is one tag."""
        found = self._start(parent, element[:-1]) if element[-2:] == "/>" else None
        newest = None if found is None else self._ended(found, element[:-2], "")
        return None if found is None or newest is None else (found[0], found[1], "", newest)

    def _with_text(self, parent: _Type, element: str) -> _Block | None:
        """What an element means that has text, on one line; None where it has elements, too, but for an open one."""
        body, _bracket, end = element.rpartition("<")
        start, _bracket, text = body.partition(">")
        found = parent.starts.get(start) or self._kept_start(parent, start)
        if found is None:
            return None
        if found[2].is_open:
            return self._open(found, element)
        if end != found[4] or "<" in text or "&" in text:
            return None
        newest = self._ended(found, start, text)
        return None if newest is None else (found[0], found[1], "", newest)

    def _open(self, found: _Start, element: str) -> _Block | None:
        """What an element means that is open to anything; None where one of the same name may be in it."""
        name, is_single, _kind, newest, end = found
        ends = element.count(f"<{end[:-1]}")
        if ends > 1 or f"<{end[1:-1]}" in element or (ends and not element.endswith(f"<{end}")):
            return None
        return name, is_single, "" if ends else end, newest

    def _lines(self, parent: _Type, element: str, level: int) -> tuple[_Block | None, bool]:
        """What an element means that has others, which begin on lines of their own.

        And whether the text is hardly met again: where it is like some others but for a value that was not met before.
        """
        line = element.find("\n")
        start = element[: line - 1]
        found = parent.starts.get(start) or self._kept_start(parent, start)
        if found is None or start[-1:] == "/" or level > _DEEPEST:
            return None, False
        name, is_single, kind, newest, end = found
        if kind.is_open:
            return self._open(found, element), False
        skeleton = ""
        if kind.has_layouts and len(element) <= _LONGEST_KEPT:
            parts = split_at_quotes(element[line - 1 :])
            skeleton = "'".join(parts[::2])
            layout = kind.layouts.get(skeleton)
            if layout is not None:
                deciding, variants = layout
                checked = variants.get(tuple([parts[place] for place in deciding]))
                if checked is not None:
                    since, are_met = self._newest(checked, parts, newest)
                    return (None if since is None else (name, is_single, end, since)), not are_met
        following = element.find("<", line)
        separator = element[line : following + 1]
        if following < 0 or element[line - 1] != ">" or separator[:-1].strip(SPACES):
            return None, False
        blocks = element.split(separator)
        since = self._inside(kind, start, blocks, level + 1) if kind.text is None else None
        if since is None:
            return None, False
        if skeleton and not since:
            self._keep_layout(kind, skeleton, parts, blocks)
        # Hardly any text with many different elements is met twice.
        return (name, is_single, end, _later(newest, since)), kind.has_many_children

    def _keep_layout(self, kind: _Type, skeleton: str, parts: list[str], blocks: list[str]) -> None:
        """Keep what the inside of an element means, from the second time on."""
        layout = kind.layouts.get(skeleton)
        if layout is None:
            _keep(kind.layouts, skeleton, _MET)
            return
        found = self._values_of(kind, blocks)
        if found is None or len(parts) != 2 * found[0] + 1:
            return
        _count, deciding, checked = found
        places, variants = layout
        if layout is _MET or not deciding <= set(places):
            # What hung on fewer values is forgotten.
            places, variants = tuple(sorted({*places, *deciding})), {}
            kind.layouts[skeleton] = places, variants
        _keep(variants, tuple([parts[place] for place in places]), checked)

    def _values_of(self, kind: _Type, blocks: list[str]) -> _Values | None:
        """The values of the blocks in an element, but for the first, which is none; None where they are not known."""
        several = [self._values_in(kind, text.rstrip(SPACES)) for text in blocks[1:] if text[:1] != "/"]
        return _joined(several)

    def _values_in(self, parent: _Type, element: str) -> _Values | None:
        """As _values_of, of one element."""
        start, _bracket, inside = element.partition(">")
        parts = split_at_quotes(start)
        shape = parent.shapes.get("'".join(parts[::2]))
        variant = shape and shape[1].get(tuple([parts[place] for place in shape[0]]))
        if not shape or not variant or variant[0][2].looks_at_attributes:
            return None
        kind = variant[0][2]
        own = len(parts) // 2, set(shape[0]), variant[1]
        if "\n" not in element:
            return own if inside.count("<") == inside.count("</") else None
        separator = inside[: inside.find("<") + 1]
        if not kind.has_layouts or separator[:-1].strip(SPACES):
            return None
        return _joined([own, self._values_of(kind, inside.split(separator))])

    def _newest(self, checked: _Checked, parts: list[str], newest: str) -> tuple[str | None, bool]:
        """The later of a libvirt and the oldest that knows some values, None where one is wrong or not sure.

        And whether all of them were met before.
        """
        are_met = True
        for place, simple, known in checked:
            since = known.get(parts[place])
            if since is None:
                are_met = False
                value = parts[place]
                since = self._since(simple, value) if is_plain(value) else None
                if since is None:
                    return None, False
            if since and since != newest:
                newest = _later(newest, since)
        return newest, are_met

    def _in_pieces(self, parent: _Type, text: str) -> _Block | None:
        """What the text of a whole element means, or what it has but its end tag, piece by piece."""
        kind, opened = parent, ""
        newest, name, is_only = "", "", False
        seen: dict[str, str] = {}
        above: list[tuple[_Type, str, dict[str, str]]] = []
        for number, piece in enumerate(split_at_start_tags()(text)):
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
                    if not above or (kind.is_checked and not kind.is_complete(opened, seen)):
                        return None
                    kind, opened, seen = above.pop()
        if not above:
            return name, is_only, "", newest
        if len(above) > 1 or (kind.is_checked and not kind.is_complete(opened, seen)):
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
        newest = self._ended(found, start.removesuffix("/"), text) if is_closed else self._since_with_text(found, text)
        if newest is None:
            return None
        return _keep(parent.pieces, piece, (found[0], found[1], None if is_closed else found[2], closes, newest))

    def _kept_start(self, parent: _Type, start: str) -> _Start | None:
        """As _start, kept for the next time."""
        found = self._start(parent, start)
        return found and _keep(parent.starts, start, found)

    def _start(self, parent: _Type, start: str) -> _Start | None:
        """What a start tag without its brackets means; None where it is wrong or not sure."""
        parts = split_at_quotes(start)
        skeleton = "'".join(parts[::2])
        shape = parent.shapes.get(skeleton)
        if shape is not None:
            deciding, variants = shape
            variant = variants.get(tuple([parts[place] for place in deciding]))
            if variant is not None:
                found, checked = variant
                newest, _are_met = self._newest(checked, parts, found[3])
                if newest is None or newest == found[3]:
                    return None if newest is None else found
                return *found[:3], newest, found[4]
        return self._new_start(parent, start, parts, skeleton)

    def _new_start(self, parent: _Type, start: str, parts: list[str], skeleton: str) -> _Start | None:
        """What a start tag means that has attributes as none before. Its shape is kept."""
        read = read_start_tag(parts) if len(parts) % 2 else read_mixed_start_tag(start)
        tag = None if read is None else self._name(read[0])
        if read is None or tag is None:
            return None
        given = read[1]
        attributes = given if "xmlns" not in start else self._without_namespaces(given)
        row = parent.children.get(tag)
        # What must be there, or may be there, some exact number of times is left to the comparison.
        if row is None or attributes is None or row[0] > 1 or row[1] not in (1, UNBOUNDED):
            return None
        kind = self._chosen(parent, tag, row[2], attributes)
        since = None if kind is None else self._brought(kind, attributes, _later(row[3], kind.since))
        if kind is None or since is None:
            return None
        is_single = row[1] == 1
        asked_name = tag if is_single or tag in parent.needed or parent.conditions else ""
        found: _Start = asked_name, is_single, kind, since[0], f"/{read[0]}>"
        if len(parts) % 2:
            self._keep_shape(parent, tag, found, given, skeleton)
        return found if since[0] == since[1] else (*found[:3], since[1], found[4])

    def _chosen(self, parent: _Type, tag: str, target: Target, attributes: Mapping[str, str]) -> _Type | None:
        """The type of an element; None where that is not sure."""
        if isinstance(target, int):
            return self._type(target)
        asked = parent.decides(tag, target)
        met = (tag, *[attributes.get(name) for name in asked])
        kind = parent.chosen.get(met)
        if kind is None:
            number = chosen_type(target, attributes)
            if number is None:
                return None
            kind = _keep(parent.chosen, met, self._type(number))
        return kind

    def _brought(self, kind: _Type, attributes: Mapping[str, str], since: str) -> tuple[str, str] | None:
        """The oldest libvirt that knows some attributes, and that knows their values, too; None where one is wrong."""
        newest = ""
        for name, value in attributes.items():
            known = kind.attributes.get(name)
            # What takes any attribute is what has a type that nobody knows.
            brought = self._since(known[0], value) if known is not None and is_plain(value) else None
            if known is None or brought is None:
                return None
            since = _later(since, known[2])
            newest = _later(newest, brought)
        for name in kind.required:
            if name not in attributes:
                return None
        return since, _later(since, newest)

    def _keep_shape(self, parent: _Type, tag: str, found: _Start, given: Mapping[str, str], skeleton: str) -> None:
        """Keep what start tags mean that differ from one in values alone."""
        name, is_single, kind, since, end = found
        deciding: list[int] = []
        checked: _Checked = []
        asked = parent.deciders.get(tag, ())
        for number, (attribute, value) in enumerate(given.items()):
            known = kind.attributes.get(attribute)
            if known is None or attribute in asked:
                deciding.append(2 * number + 1)
                since = _later(since, "" if known is None else self._known[known[0]].get(value, ""))
            else:
                checked.append((2 * number + 1, known[0], self._known[known[0]]))
        _places, variants = parent.shapes.get(skeleton) or _keep(parent.shapes, skeleton, (tuple(deciding), {}))
        values = list(given.values())
        met = tuple([values[place // 2] for place in deciding])
        _keep(variants, met, ((name, is_single, kind, since, end), checked))

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

    def _since_with_text(self, found: _Start, text: str) -> str | None:
        """The oldest libvirt that knows a start tag and the text behind it; None where that is wrong or not sure."""
        kind, newest = found[2], found[3]
        if kind.text is None:
            return None if text and not kind.is_open and text.strip(SPACES) else newest
        since = self._since(kind.text, text)
        return None if since is None else _later(newest, since)

    def _ended(self, found: _Start, start: str, text: str) -> str | None:
        """As _since_with_text, of an element that has nothing but the text."""
        kind = found[2]
        if kind.is_checked and not kind.is_complete(start, {}):
            return None
        return self._since_with_text(found, text)

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


@cache
def _later(first: str, second: str) -> str:
    """The later of two releases, either of which may be ""."""
    if not first or not second:
        return first or second
    return max(first, second, key=Version.parse)


def _joined(several: Iterable[_Values | None]) -> _Values | None:
    """The values of texts one after the other; None where those of one are not known."""
    count = 0
    deciding: set[int] = set()
    checked: _Checked = []
    for one in several:
        if one is None:
            return None
        deciding.update([2 * count + place for place in one[1]])
        checked += [(2 * count + place, simple, known) for place, simple, known in one[2]]
        count += one[0]
    return count, deciding, checked


def _conventional_prefixes(tables: Tables) -> dict[str, str]:
    names = {name for _type in tables.types for name in _type[2] if name.startswith("{")}
    namespaces = {name[1:].partition("}")[0] for name in names}
    # http://libvirt.org/schemas/domain/qemu/1.0 is qemu.
    return {namespace.rsplit("/", 2)[1]: namespace for namespace in namespaces}


def _asked(test: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """What an XPath asks for, as _Conditions has it."""
    import re

    outside = re.sub(r"'[^']*'", "", test)
    names = frozenset(re.findall(r"(?<![@\w-])[A-Za-z_][\w-]*", outside)) if "*" not in outside else frozenset()
    inside = re.findall(r"([\w-]+)(?=/|\[)|-space\(([\w-]+)\)", outside)
    deep = dict.fromkeys([path or argument for path, argument in inside])
    return names, (*(["@"] if "@" in outside else []), *deep)
