"""The structure of a document against its schema: is everything in it where and what libvirt knows?

A quick look tells whether anything is wrong with a document; only then ``domlint.mistakes`` is loaded, which tells
what, where, and what to do.
"""

from functools import cache
from typing import TYPE_CHECKING, Final

from domlint.cached import cached_property
from domlint.document import Element
from domlint.quick_look import Look, quick_look_of
from domlint.tables import tables_of
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.mistakes import Mistake

_version = cache(Version.parse)

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
    def _look(self) -> Look:
        return quick_look_of(self.name).at(self._data)

    @cached_property
    def mistakes(self) -> "tuple[Mistake, ...]":
        """All that is wrong, in the order of the document."""
        return () if self._look.is_right else tuple(mistake for mistake in self._compared if not mistake.since)

    def is_right_for(self, libvirt: Version | None) -> bool:
        """Tell whether nothing is wrong, and nothing newer than a libvirt that reads the document, if that is known."""
        is_right, newest = self._look
        return is_right and (not newest or libvirt is None or _version(newest) <= libvirt)

    def newer_than(self, libvirt: Version) -> "tuple[Mistake, ...]":
        """All that came with a later libvirt than this one, which reads the document."""
        if self.is_right_for(libvirt):
            return ()
        return tuple([one for one in self._compared if one.since and libvirt < _version(one.since)])

    @cached_property
    def _compared(self) -> "tuple[Mistake, ...]":
        from itertools import islice

        from domlint.mistakes import Comparison

        found = tuple(islice(Comparison(tables_of(self.name)).mistakes(self._root), _MOST_MISTAKES))
        if len(found) < _MOST_MISTAKES:
            return found
        last = found[-1]
        return (*found[:-1], last._replace(help=f"{last.help}. What comes after these {len(found)} is not told"))
