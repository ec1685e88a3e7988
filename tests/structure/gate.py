"""A second opinion: the same schema as XSD 1.0, read by libxml2.

XSD 1.0 has no type that hangs on an attribute. So the elements of a document are renamed for it ("disk" becomes
"disk.3"), and the gate has an element for each type. It accepts no more than the tables do, and leaves to them what is
rare: an order that libvirt does not write, a second one of what is nearly always one.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

from lxml import etree

FOLDER = Path(__file__).parent / "gate"


class Gate:
    """The gate of one kind of document."""

    def __init__(self, name: str) -> None:
        facts = json.loads((FOLDER / f"{name}.json").read_text())
        self.path = FOLDER / f"{name}.xsd"
        self.schema = etree.XMLSchema(etree.parse(str(self.path)))
        self._renames = facts["renames"]
        self._names = {
            name: {tuple(values): new for values, new in rename["names"]} for name, rename in self._renames.items()
        }
        self._broken_conditions = etree.XPath(facts["broken_conditions"]) if facts["broken_conditions"] else None

    def renamed(self, root: etree._Element) -> etree._Element | None:
        """A copy with the gate's names; None where the gate's XSD cannot tell: two of one, or a condition broken."""
        if self._broken_conditions is not None and self._broken_conditions(root):
            return None
        copy = deepcopy(root)
        parents: set[tuple[object, str]] = set()
        for element in list(copy.iter(*self._renames)):
            tag = str(element.tag)
            rename = self._renames[tag]
            if rename["is_single"]:
                key = (element.getparent(), tag)
                if key in parents:
                    return None
                parents.add(key)
            values = (element.get(attribute) for attribute in rename["attributes"])
            known = zip(values, rename["known"], strict=True)
            element.tag = self._names[tag][tuple(value if value is None or value in of else "*" for value, of in known)]
        return copy

    def passes(self, root: etree._Element) -> bool:
        """Tell whether libxml2 finds nothing wrong."""
        renamed = self.renamed(root)
        return renamed is not None and self.schema.validate(renamed)
