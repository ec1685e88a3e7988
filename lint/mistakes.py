"""What is wrong with the structure of a document, in words: what it is, where, what libvirt does, and the way out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.placeholders import is_placeholder
from domlint.printable import printable
from domlint.tables import (
    SPACES,
    UNBOUNDED,
    Attribute,
    Child,
    Condition,
    Tables,
    Target,
    Tolerated,
    Type,
    chosen_type,
    numbers_of,
)
from domlint.versions import Version


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


_REFUSES: Final = "libvirt refuses the definition"
_PASSES: Final = "libvirt passes over it"


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
        return self._replace(is_refused=True, message=self.message.removesuffix(_PASSES) + _REFUSES)


_MOST_GUESSES: Final = 300
"""Names of one document for which the nearest known name is searched: a search takes up to a millisecond."""

_MOST_SHOWN: Final = 60
"""Characters of a value that a message shows."""

_OTHERS_NAMESPACES: Final = ("{http://www.w3.org/XML/1998/namespace}", "{http://www.w3.org/2001/XMLSchema-instance}")
"""Attributes of these tell something to other programs than libvirt."""

_DROPS: Final = "libvirt drops it without a word"


class _At(NamedTuple):
    """An element that is to be looked at: its type, and what the schema says where it stands.

    ``target`` are the types that it may have there, ``above`` is its parent, None at the root.
    """

    element: Element
    number: int
    is_ignored: bool
    target: Target
    above: "_At | None"


class Comparison:
    """A document compared with the tables of its schema."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._guesses: dict[tuple[str, object], list[str]] = {}

    def mistakes(self, root: Element) -> Iterator[Mistake]:
        """All mistakes at the root and below, and all that is newer than libvirt 6.0, in document order of elements."""
        target = self._tables.target
        number = self._type_of(root, target)
        waiting = [] if number is None else [_At(root, number, False, target, None)]
        while waiting:
            below: list[_At] = []
            yield from self._element(waiting.pop(), below)
            waiting.extend(reversed(below))

    def _type_of(self, element: Element, target: Target) -> int | None:
        """The type of an element; one whose attribute is misspelt has the type that was meant."""
        if isinstance(target, int):
            return target
        meant: dict[str, str] = {}
        for tested in dict.fromkeys(attribute for clause, _number in target for attribute, _value in clause):
            if element.get(tested) is None:
                known = {name for number in numbers_of(target) for name in self._tables.types[number][1]}
                for name in element.keys():  # noqa: SIM118  # an element is no mapping
                    if name not in known and self._nearest(str(name), (tested,)):
                        meant[tested] = str(element.get(name))
        if not meant:
            return chosen_type(target, element)
        tested_names = {attribute for clause, _number in target for attribute, _value in clause}
        given = {name: str(element.get(name)) for name in tested_names if element.get(name) is not None}
        return chosen_type(target, {**given, **meant})

    def _element(self, at: _At, below: list[_At]) -> Iterator[Mistake]:
        """The mistakes of one element; its children are added to those that are to be looked at."""
        element = at.element
        row = self._tables.types[at.number]
        _name, attributes, children, text, wildcards, conditions, is_closed, needless, _since = row
        yield from self._attributes(at, attributes, "@" in wildcards, needless)
        is_open, takes_other = "##any" in wildcards, "##other" in wildcards
        strays = [] if is_open or text is not None else [one for one in _texts(element) if one[1].strip(SPACES)]
        is_template = any(is_placeholder(piece) for _holder, piece, _is_tail in strays)
        for holder, piece, is_tail in strays:
            if not is_placeholder(piece):
                yield _stray_text(holder, element, piece, is_tail)
        if text is not None:
            value = "".join(piece for _holder, piece, _is_tail in _texts(element))
            yield from self._value(element, None, value, text, at.is_ignored)
        firsts: dict[str, Element] = {}
        counts: dict[str, int] = {}
        unknown: list[Element] = []
        for child in element.iterchildren("*"):
            tag = str(child.tag)
            found = children.get(tag)
            if found is None:
                if not is_open and not (takes_other and tag.startswith("{")) and not _has_undeclared_prefix(tag):
                    unknown.append(child)
                continue
            counts[tag] = counts.get(tag, 0) + 1
            first = firsts.setdefault(tag, child)
            if found[1] != UNBOUNDED and counts[tag] > found[1] and not is_template:
                yield self._repeated(child, element, found, first)
                continue
            number = self._type_of(child, found[2])
            since = found[3] or ("" if number is None else self._tables.types[number][8])
            if since:
                # Where all that an element may hold is new, an older libvirt does not look into it.
                is_refused = is_closed and bool(found[3]) and any(not known[3] for known in children.values())
                yield _too_new(child, None, _shown(child), since, is_refused)
            if number is not None:
                below.append(_At(child, number, found[6], found[2], at))
        meant = set()
        for child in unknown:
            mistake, nearest = self._unknown_element(child, at, row, firsts)
            meant.add(nearest)
            yield mistake
        if not is_template:
            yield from _missing_elements(element, children, counts, meant)
            if conditions and not unknown and not _has_placeholders(element):
                yield from _broken_conditions(element, conditions)

    def _attributes(
        self, at: _At, known: Mapping[str, Attribute], is_open: bool, needless: tuple[str, ...]
    ) -> Iterator[Mistake]:
        element = at.element
        meant = set()
        free: list[str] = []
        others: Mapping[str, str] | None = None
        # Values are asked for one by one: lxml looks for each from the first attribute on.
        names = list(map(str, element.keys()))
        for name in names:
            row = known.get(name)
            if row is not None:
                value = str(element.get(name))
                simple, _required, since, is_ignored, _tolerated = row
                if since:
                    yield _too_new(element, name, f"the attribute '{name}' of {_shown(element)}", since, False)
                yield from self._value(element, name, value, simple, is_ignored)
            elif name in needless:
                yield _needless_attribute(element, name)
            elif not is_open and not name.startswith(_OTHERS_NAMESPACES) and not _has_undeclared_prefix(name):
                if not free:
                    present = set(names)
                    free = [other for other in known if other not in present] or [""]
                nearest = self._nearest(name, free)
                meant.add(nearest)
                if others is None and not nearest:
                    others = self._owners(at)
                is_refused = bool(nearest) and known[nearest][1] and not known[nearest][4]
                yield _unknown_attribute(
                    element,
                    name,
                    nearest,
                    self._only(name, free),
                    is_refused,
                    known,
                    self._kinds_with(at, 1, name),
                    others or {},
                )
        for name, row in known.items():
            if row[1] and name not in meant and element.get(name) is None:
                yield self._missing_attribute(element, name, row)

    def _value(
        self, element: Element, attribute: str | None, value: str, simple: int, is_ignored: bool
    ) -> Iterator[Mistake]:
        since = self._tables.since(simple, value)
        if since is None:
            if not is_placeholder(value):
                yield self._bad_value(element, attribute, value, simple, is_ignored)
        elif since:
            where = f"'{attribute}' of {_shown(element)}" if attribute else f"the text of {_shown(element)}"
            yield _too_new(element, attribute, f"the value '{_cut(value)}' of {where}", since, not is_ignored)

    def _owners(self, at: _At) -> dict[str, str]:
        """The attributes of the elements above and in an element, with the element in words."""
        owners: dict[str, str] = {}
        types = self._tables.types
        for child in at.element.iterchildren("*"):
            row = types[at.number][2].get(str(child.tag))
            number = None if row is None else chosen_type(row[2], child)
            for name in () if number is None else types[number][1]:
                owners.setdefault(name, f"{_shown(child)} in it")
        parent = at.element.getparent()
        if parent is not None and at.above is not None:
            for name in types[at.above.number][1]:
                owners.setdefault(name, f"{_shown(parent)} around it")
        return owners

    def _kinds_with(self, at: _At, part: int, name: str) -> str:
        """Which other types of an element, or of its parent, have an attribute (part 1) or child (2), in words."""

        def has(number: int) -> bool:
            part_of: Mapping[str, object] = self._tables.types[number][part]  # type: ignore[assignment]
            return name in part_of

        def has_in_child(number: int) -> bool:
            row = self._tables.types[number][2].get(str(at.element.tag))
            return row is not None and any(map(has, numbers_of(row[2])))

        found = _clauses(at, has)
        return found or ("" if at.above is None else _clauses(at.above, has_in_child))

    def _unknown_element(
        self, child: Element, at: _At, row: Type, present: Mapping[str, Element]
    ) -> tuple[Mistake, str]:
        """The mistake, and the name that is meant, where there is one like it."""
        known, is_closed = row[2], row[6]
        tag, shown, inside = str(child.tag), _shown(child), _shown(at.element)
        drops = "libvirt drops it, with all that is in it, without a word" if len(child) else _DROPS
        end = _REFUSES if is_closed else drops
        if others := self._kinds_with(at, 2, tag):
            message = f"{shown} belongs to {others}, not to this one: {end}"
            help_ = f"remove it, or change what {inside} is"
            return Mistake(Kind.OTHER_TYPE, child, None, message, help_, is_closed), ""
        free = [name for name, one in known.items() if name not in present or one[1] == UNBOUNDED]
        nearest = self._nearest(tag, free)
        homes = self._tables.homes.get(tag, ())
        if homes and not nearest:
            message = f"{shown} does not belong in {inside}: {end}"
            help_ = f"move it into {self._nearby(homes, at)}, or remove it"
            return Mistake(Kind.MISPLACED_ELEMENT, child, None, message, help_, is_closed), ""
        is_refused = is_closed
        if nearest and known[nearest][0] and not known[nearest][4]:
            end, is_refused = _REFUSES, True
        message = f"libvirt knows no {shown} in {inside}: {end.replace('libvirt', 'it', 1)}"
        if nearest:
            help_ = f"did you mean <{_local(nearest)}>? Otherwise remove it"
        elif known:
            help_ = f"remove it; {inside} may hold {_listed([_local(name) for name in known], '<{}>')}"
        else:
            help_ = f"remove it: {inside} holds no elements"
        meant = "" if child.prefix else _local(self._only(tag, free))
        return Mistake(Kind.UNKNOWN_ELEMENT, child, None, message, help_, is_refused, meant=meant), nearest

    def _nearby(self, homes: Sequence[str], at: _At) -> str:
        """Where an element belongs, in words: where such a place is near, only that."""
        below = {str(child.tag) for child in at.element.iterchildren("*")}
        above = {str(element.tag) for element in at.element.iterancestors("*")}
        for near, where in ((below, "beside it"), (above, "further out")):
            found = [home for home in homes if home in near]
            if found:
                return f"the <{_local(found[0])}> {where}"
        return _either([f"<{_local(home)}>" for home in homes[:4]])

    def _repeated(self, child: Element, parent: Element, row: Child, first: Element) -> Mistake:
        times = "once" if row[1] == 1 else f"{row[1]} times"
        end = _REFUSES if row[5] else "libvirt reads the first and drops this one without a word"
        message = f"{_shown(child)} may be in {_shown(parent)} only {times}: {end}"
        return Mistake(Kind.REPEATED_ELEMENT, child, None, message, "keep the one that is meant", row[5], first)

    def _missing_attribute(self, element: Element, name: str, row: Attribute) -> Mistake:
        values = allowed_values(self._tables, row[0])
        words = self._tables.simple[row[0]][2]
        help_ = f"add {name}='…'" + (f": one of {_listed(values)}" if values else f": {words}" if words else "")
        words = f"{_shown(element)} needs the attribute '{name}'"
        return _unless_tolerated(Kind.MISSING_ATTRIBUTE, element, words, help_, row[4])

    def _bad_value(self, element: Element, attribute: str | None, value: str, simple: int, is_ignored: bool) -> Mistake:
        where = f"'{attribute}' of {_shown(element)}" if attribute else f"the text of {_shown(element)}"
        shown = _cut(value.strip() if attribute is None else value)
        allowed = allowed_values(self._tables, simple)
        words = self._tables.simple[simple][2]
        meant = ""
        is_taken = _is_taken(self._tables, simple, value)
        if is_taken:
            end = "libvirt takes it nevertheless, although its own schema does not"
        else:
            end = _DROPS if is_ignored else _REFUSES
        what = f"'{shown}'" if shown else "empty"
        message = f"{where} cannot be {what}: {end}"
        if allowed:
            nearest = self._nearest(value, allowed)
            meant = self._only(value, allowed)
            help_ = (f"did you mean '{nearest}'? " if nearest else "") + f"It can be {_listed(allowed)}"
        else:
            help_ = f"it must be {words}" if words else "see libvirt's documentation of the format"
        is_refused = not is_ignored and not is_taken
        return Mistake(Kind.VALUE, element, attribute, message, help_, is_refused, meant="" if is_taken else meant)

    def _nearest(self, name: str, known: Sequence[str]) -> str:
        """The known name that is most like this one, "" where none is."""
        return next(iter(self._like(name, known)), "")

    def _only(self, name: str, known: Sequence[str]) -> str:
        """The known name that is like this one, "" where there is none, or more than one."""
        like = self._like(name, known)
        return like[0] if len(like) == 1 else ""

    def _like(self, name: str, known: Sequence[str]) -> list[str]:
        """The two known names that are most like this one, as far as there are such names."""
        key = (name, tuple(known))
        if key not in self._guesses:
            if len(self._guesses) >= _MOST_GUESSES:
                return []
            self._guesses[key] = _most_like(name, known)
        return self._guesses[key]


def _clauses(at: _At, is_meant: Callable[[int], bool]) -> str:
    """The forms of an element that have one of the types that are meant, in words; "" for none."""
    if isinstance(at.target, int):
        return ""
    clauses = [clause for clause, number in at.target if is_meant(number)]
    forms = [" ".join(f"{name}='{value}'" for name, value in clause if value is not None) for clause in clauses]
    return _either([f"<{at.element.tag} {form}>" for form in list(dict.fromkeys(filter(None, forms)))[:4]])


def _is_taken(tables: Tables, simple: int, value: str) -> bool:
    """Tell whether libvirt takes a value that its own schema calls wrong."""
    kind, data, _words, taken = tables.simple[simple]
    if taken >= 0 and tables.accepts(taken, value):
        return True
    return kind == "union" and any(_is_taken(tables, member, value) for member in data)


def allowed_values(tables: Tables, simple: int) -> list[str]:
    """The values that a type enumerates; empty where it has others, too."""
    kind, data, *_facts = tables.simple[simple]
    if kind == "enum":
        return list(data[0])
    if kind == "union":
        parts = [allowed_values(tables, member) for member in data]
        return [value for part in parts for value in part] if all(parts) else []
    return []


def _too_new(element: Element, attribute: str | None, what: str, since: str, is_refused: bool) -> Mistake:
    # Without the number of the older one, what several hosts have in common is one finding.
    end = "refuses the definition" if is_refused else "drops it without a word"
    return Mistake(
        Kind.TOO_NEW,
        element,
        attribute,
        f"{what} came with libvirt {since}: an older one {end}",
        f"take it out, or run the domain on libvirt {since} or newer",
        is_refused,
        since=since,
    )


def _unknown_attribute(
    element: Element,
    name: str,
    nearest: str,
    meant: str,
    is_refused: bool,
    known: Mapping[str, Attribute],
    others: str,
    owners: Mapping[str, str],
) -> Mistake:
    shown = _shown(element)
    named = _cut(_prefixed(element, name))
    if nearest:
        message = f"{shown} has no attribute '{named}': {_REFUSES if is_refused else _DROPS}"
        help_ = f"did you mean '{nearest}'? Otherwise remove it"
    elif others:
        message = f"the attribute '{named}' belongs to {others}, not to this one: {_DROPS}"
        help_ = f"remove it, or change what {shown} is"
        return Mistake(Kind.OTHER_TYPE, element, name, message, help_, False)
    else:
        message = f"{shown} has no attribute '{named}' here: {_DROPS}"
        if name in owners:
            help_ = f"it is an attribute of the {owners[name]}: move it there, or remove it"
        elif known:
            help_ = f"remove it; the attributes of {shown} here are {_listed(known)}"
        else:
            help_ = f"remove it: {shown} has no attributes here"
    return Mistake(Kind.UNKNOWN_ATTRIBUTE, element, name, message, help_, is_refused, meant=meant)


def _needless_attribute(element: Element, name: str) -> Mistake:
    message = f"{_shown(element)} has no attribute '{name}' here: what it says is so anyhow, and libvirt drops it"
    return Mistake(Kind.UNKNOWN_ATTRIBUTE, element, name, message, "remove it", False, is_harmless=True)


def _missing_element(element: Element, tag: str, row: Child, count: int) -> Mistake:
    what = f"a <{_local(tag)}>" if row[0] == 1 else f"{row[0]} of <{_local(tag)}> and has {count}"
    words = f"{_shown(element)} needs {what}"
    return _unless_tolerated(Kind.MISSING_ELEMENT, element, words, f"add <{_local(tag)}>", row[4])


def _unless_tolerated(kind: Kind, element: Element, words: str, help_: str, tolerated: Tolerated) -> Mistake:
    """A mistake that libvirt refuses, if it does not pass over it, or does since some release."""
    message = f"{words}: {_PASSES if tolerated else _REFUSES}"
    since = tolerated if isinstance(tolerated, str) else ""
    return Mistake(kind, element, None, message, help_, not tolerated, refused_since=since)


def _stray_text(holder: Element, parent: Element, text: str, is_tail: bool) -> Mistake:
    return Mistake(
        Kind.TEXT,
        parent,
        None,
        f"the text '{_cut(' '.join(text.split()))}' in {_shown(parent)} means nothing: {_DROPS}",
        "remove it; a comment is <!-- … -->",
        False,
        holder if is_tail else None,
    )


def _missing_elements(
    element: Element, children: Mapping[str, Child], counts: Mapping[str, int], meant: set[str]
) -> Iterator[Mistake]:
    """The children that an element must have and has not, but for those that it ``meant`` by another name."""
    for tag, found in children.items():
        if found[0] > counts.get(tag, 0) and tag not in meant:
            yield _missing_element(element, tag, found, counts.get(tag, 0))


def _broken_conditions(element: Element, conditions: Sequence[Condition]) -> Iterator[Mistake]:
    for test, words, tolerated in conditions:
        if not _holds(element, test):
            yield _unless_tolerated(Kind.CONDITION, element, words, f"change what {_shown(element)} holds", tolerated)


def _texts(element: Element) -> Iterator[tuple[Element, str, bool]]:
    """The pieces of text in an element: the element and its text, then each child and the text behind it."""
    if element.text:
        yield element, str(element.text), False
    for child in element:
        if child.tail:
            yield child, str(child.tail), True


def _has_placeholders(element: Element) -> bool:
    """Tell whether a value of an element or of one in it is not known."""
    return any(
        is_placeholder(value)
        for one in (element, *element.iterchildren("*"))
        for value in (one.text or "", *(str(one.get(name)) for name in list(one.keys())[:_MOST_GUESSES]))
    )


def _holds(element: Element, test: str) -> bool:
    from lxml import etree

    try:
        return bool(element.xpath(f"boolean({test})"))
    except etree.XPathError:
        return True


def _most_like(name: str, known: Iterable[str]) -> list[str]:
    from difflib import get_close_matches

    lower = {_local(other).lower(): other for other in known}
    return [lower[one] for one in get_close_matches(_local(name).lower()[:_MOST_SHOWN], lower, n=2, cutoff=0.7)]


def _has_undeclared_prefix(name: str) -> bool:
    """Tell whether a name is told of as one whose prefix nothing declares."""
    return ":" in name and name[0] != "{"


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _shown(element: Element) -> str:
    """The tag of an element, with the prefix that the file gives it."""
    local = _local(str(element.tag))
    return f"<{_cut(f'{element.prefix}:{local}' if element.prefix else local)}>"


def _prefixed(element: Element, name: str) -> str:
    """The name of an attribute, with the prefix that the file gives it."""
    namespace, brace, local = name.rpartition("}")
    prefixes = {uri: prefix for prefix, uri in element.nsmap.items() if prefix} if brace else {}
    prefix = prefixes.get(namespace[1:])
    return f"{prefix}:{local}" if prefix else local


def _cut(text: str) -> str:
    shown = printable(text[: 2 * _MOST_SHOWN])
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[: _MOST_SHOWN - 1]}…"


def _listed(names: Iterable[str], form: str = "'{}'", most: int = 12) -> str:
    shown = [form.format(name) for name in names]
    if len(shown) > most:
        return ", ".join(shown[:most]) + f" and {len(shown) - most} more"
    return _either(shown, "and" if form.startswith("<") else "or")


def _either(names: Sequence[str], word: str = "or") -> str:
    return "".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} {word} {names[-1]}"
