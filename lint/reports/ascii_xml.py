"""XML that means the same in whatever encoding an output has."""

from __future__ import annotations

from lxml import etree


def document(root: etree._Element) -> str:
    """The document as text, indented, all of it ASCII: other characters are references."""
    text: str = etree.tostring(root, encoding="ascii", pretty_print=True).decode()
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
