"""Changes to a document, as rules name them: by element and attribute, whatever the bytes of the file are.

What is neither, a comment or a word in a list, is named by its place.
"""

from typing import NamedTuple, TypeAlias

from domlint.document import Element
from domlint.findings import Location


class SetAttribute(NamedTuple):
    """Give an attribute a value, whether it is there already or not."""

    element: Element
    name: str
    value: str


class RemoveAttribute(NamedTuple):
    """Take an attribute away."""

    element: Element
    name: str


class RenameAttribute(NamedTuple):
    """Give an attribute another name. Its value stays."""

    element: Element
    name: str
    to: str


class RenameElement(NamedTuple):
    """Give an element another name, at its start and at its end."""

    element: Element
    to: str


class SetText(NamedTuple):
    """Write another text into an element that has no children."""

    element: Element
    text: str


class RemoveElement(NamedTuple):
    """Take an element away, with all that is in it, and with its line where nothing else is on that."""

    element: Element


class AddElement(NamedTuple):
    """Write a new element as the last child of another: ``xml`` is its text, in one line."""

    parent: Element
    xml: str


class RemoveComment(NamedTuple):
    """Take a comment away, with the blanks around it, and with its lines where nothing else is on them."""

    location: Location


class RemoveWord(NamedTuple):
    """Take a word, which stands as it is at a place, out of a list with commas: with one comma and its blanks."""

    location: Location
    word: str


class ReplaceWord(NamedTuple):
    """Write another word in place of one that stands as it is at a place."""

    location: Location
    word: str
    to: str


Change: TypeAlias = (
    SetAttribute
    | RemoveAttribute
    | RenameAttribute
    | RenameElement
    | SetText
    | RemoveElement
    | AddElement
    | RemoveComment
    | RemoveWord
    | ReplaceWord
)


class Fix(NamedTuple):
    """What mends a problem.

    ``words`` say what is done, as an instruction. It is safe where the domain can only come nearer to what its author
    wanted: where nothing changes for the guest that worked before.
    """

    words: str
    changes: tuple[Change, ...]
    is_safe: bool = True
