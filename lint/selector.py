"""A small language that says which elements of a domain are meant, and which of them a document has.

A selector reads like XPath: the names of elements from the domain down, each with conditions in brackets:

    devices/interface[model/@type='virtio']/driver/@rss
    devices/disk[@device='lun']/target[@bus=('scsi', 'virtio')]
    devices/graphics[@type='spice' or @type='vnc'][not(listen)]
    cpu/topology/@dies>1
    .[cpu/numa]/memoryBacking/hugepages

``*`` stands for any name, ``.`` at the beginning for the domain itself. A condition compares an attribute (``=`` one of
the values, ``!=`` none of them though it is there, ``>`` as a number), or asks whether there is such an attribute or
child; ``text()`` is the text of an element, of children the first of each name counts. A last step that begins with
``@`` is a condition on the element before it, and the place to point at.

A condition on a value with a placeholder is neither true nor false, and such an element is not selected. Nor is a
second ``<driver>`` or the like, which libvirt passes over.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from domlint.document import Element
from domlint.numbers import base_ten
from domlint.placeholders import is_placeholder

T = TypeVar("T")


class Condition(NamedTuple):
    """One comparison: of an attribute ("" for the element itself) of an element some children down."""

    children: tuple[str, ...]
    attribute: str
    operator: str
    values: tuple[str, ...]
    negated: bool


class Step(NamedTuple):
    """An element's name, and what must be true of it: of each group of conditions, one."""

    name: str
    conditions: tuple[tuple[Condition, ...], ...] = ()


class Selector(NamedTuple):
    """What a selector says. The first step is the domain; ``attribute`` is what to point at, "" for the element."""

    steps: tuple[Step, ...]
    attribute: str


TEXT: Final = "text()"

_FIRST_COUNTS: Final = frozenset({"address", "driver", "model", "rom", "target"})
"""Elements of which libvirt reads the first, wherever they are."""


class Selectors(Generic[T]):
    """Many selectors, each with a value, to be found in one walk that looks only where they lead."""

    def __init__(self, entries: Iterable[tuple[Selector, T]] = ()) -> None:
        self._root: _Node[T] = _Node()
        for selector, value in entries:
            node = self._root
            for name, _conditions in selector[0][1:]:
                node = node.children.setdefault(name, _Node())
            node.ends.append((selector, value))

    def select(self, domain: Element) -> Iterator[tuple[T, Element, str]]:
        """What they select in a domain: the value of the selector, the element, and its attribute to point at or ""."""
        return self._root.select(domain, (domain,))


class _Node(Generic[T]):
    __slots__ = ("children", "ends")

    def __init__(self) -> None:
        self.ends: list[tuple[Selector, T]] = []
        self.children: dict[str, _Node[T]] = {}

    def select(self, element: Element, chain: tuple[Element, ...]) -> Iterator[tuple[T, Element, str]]:
        for (steps, attribute), value in self.ends:
            if _fits(steps, chain) and all(map(_is_read, chain)):
                yield value, element, attribute
        if self.children:
            children = self.children
            names = ("{}*",) if "*" in children else children
            for child in element.iterchildren(*names):
                for name in (child.tag, "*"):
                    if name in children:
                        yield from children[name].select(child, (*chain, child))


def _fits(steps: tuple[Step, ...], chain: tuple[Element, ...]) -> bool:
    # The last element's conditions are those that few elements fulfil.
    for depth in range(len(steps) - 1, -1, -1):
        for group in steps[depth][1]:
            if not any(_holds(condition, chain[depth]) for condition in group):
                return False
    return True


def _is_read(element: Element) -> bool:
    tag = element.tag
    return tag not in _FIRST_COUNTS or next(element.itersiblings(tag, preceding=True), None) is None


def _holds(condition: Condition, element: Element | None) -> bool | None:
    """Whether a condition is true of an element; None where a placeholder hides it."""
    children, attribute, operator, values, negated = condition
    truth = _compare(children, attribute, operator, values, element)
    return truth if not negated or truth is None else not truth


def _compare(
    children: tuple[str, ...], attribute: str, operator: str, values: tuple[str, ...], element: Element | None
) -> bool | None:
    for name in children:
        element = next(element.iterchildren(name), None) if element is not None else None
    if element is None or not attribute:
        return element is not None
    value = (element.text or "").strip() if attribute == TEXT else element.get(attribute)
    if value is None or (attribute == TEXT and not value):
        return False
    if is_placeholder(value):
        return None
    if operator == ">":
        number = base_ten(value)
        return number is not None and number > int(values[0])
    return not operator or (value in values) == (operator == "=")


class SelectorError(ValueError):
    """A text that is no selector."""


def parse_selector(text: str) -> Selector:
    """Read a selector. Raises SelectorError."""
    return _Parser(text).selector()


class _Parser:
    """Reads one selector from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def selector(self) -> Selector:
        is_rooted = self._takes(".")
        steps, attribute = [Step(".", self._groups() if is_rooted else ())], ""
        while not is_rooted or self._takes("/"):
            is_rooted = True
            if self._peek() == "@":
                condition = self._comparison()
                attribute = condition.attribute
                last = steps.pop()
                steps.append(Step(last.name, (*last.conditions, (condition,))))
                break
            steps.append(Step("*" if self._takes("*") else self._name(), self._groups()))
        if self._at != len(self._text):
            raise self._error("the end")
        return Selector(tuple(steps), attribute)

    def _groups(self) -> tuple[tuple[Condition, ...], ...]:
        groups = []
        while self._takes("["):
            group = [self._condition()]
            while self._takes(" or "):
                group.append(self._condition())
            self._needs("]")
            groups.append(tuple(group))
        return tuple(groups)

    def _condition(self) -> Condition:
        if self._takes("not("):
            condition = self._comparison()._replace(negated=True)
            self._needs(")")
            return condition
        return self._comparison()

    def _comparison(self) -> Condition:
        children = []
        attribute = ""
        while True:
            if self._takes("@"):
                attribute = self._name()
                break
            if self._takes(TEXT):
                attribute = TEXT
                break
            children.append(self._name())
            if not self._takes("/"):
                break
        operator = next((sign for sign in ("!=", "=", ">") if self._takes(sign)), "")
        values = self._values(operator) if operator else ()
        return Condition(tuple(children), attribute, operator, values, False)

    def _values(self, operator: str) -> tuple[str, ...]:
        if operator == ">":
            return (self._while("0123456789"),)
        if not self._takes("("):
            return (self._quoted(),)
        values = [self._quoted()]
        while self._takes(", "):
            values.append(self._quoted())
        self._needs(")")
        return tuple(values)

    def _quoted(self) -> str:
        self._needs("'")
        end = self._text.find("'", self._at)
        if end < 0:
            raise self._error("a closing quote")
        value, self._at = self._text[self._at : end], end + 1
        return value

    def _name(self) -> str:
        return self._while("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")

    def _while(self, allowed: str) -> str:
        start = self._at
        while self._peek() in allowed and self._peek():
            self._at += 1
        if start == self._at:
            raise self._error("a name or a number")
        return self._text[start : self._at]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _takes(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _needs(self, sign: str) -> None:
        if not self._takes(sign):
            raise self._error(repr(sign))

    def _error(self, expected: str) -> SelectorError:
        return SelectorError(f"{self._text!r}, character {self._at + 1}: expected {expected}")
