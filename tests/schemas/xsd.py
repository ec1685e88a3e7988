"""The schemas as the tests see them: their files, and where in a document they find a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import xmlschema
from lxml import etree

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
XS = "{http://www.w3.org/2001/XMLSchema}"
ROOTS = {
    "domain": "domain.xsd",
    "network": "network.xsd",
    "qemuCaps": "qemucaps.xsd",
    "domainCapabilities": "domaincapabilities.xsd",
    "capabilities": "capabilities.xsd",
}


def files() -> list[Path]:
    """Each file that follows the conventions of the domain format: all but that of qemuCaps, which is older."""
    return sorted(path for path in SCHEMAS.rglob("*.xsd") if path.name != "qemucaps.xsd")


@cache
def schema_of(root: str) -> xmlschema.XMLSchema11:
    return xmlschema.XMLSchema11(str(SCHEMAS / ROOTS[root]))


def mistakes(element: etree._Element) -> Iterator[tuple[int | None, str]]:
    """The line and the reason of each mistake that xmlschema finds, in a document given by its root."""
    for error in schema_of(str(element.tag)).iter_errors(element):
        place = getattr(error, "invalid_child", None)
        place = error.elem if place is None else place
        yield (None if place is None else place.sourceline), str(error.reason)
