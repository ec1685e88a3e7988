"""Documents for tests of the structure: the examples of all rules, the corpus, and changes to them."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from domlint.document import parse
from domlint.examples import whole_document
from domlint.mistakes import Comparison, Mistake
from domlint.rules import catalogue
from domlint.tables import tables_of
from domlint.versions import Version

CORPUS = os.environ.get("DOMLINT_CORPUS", "")

needs_corpus = pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")


def examples() -> dict[str, str]:
    """The examples of all rules, by the rule's code."""
    return {
        f"{rule.code} {kind}": whole_document(example)
        for rule in catalogue()
        for kind, example in (("bad", rule.bad), ("good", rule.good))
    }


def of_corpus() -> Iterator[tuple[Path, bool]]:
    """The domains of the corpus, and whether libvirt's own schema takes each."""
    for verdicts in sorted(Path(CORPUS).glob("*/*/verdicts.jsonl")):
        rows = map(json.loads, verdicts.read_text().splitlines())
        invalid = {row["domain"]: bool(row.get("schema_invalid")) for row in rows}
        for name, is_invalid in sorted(invalid.items()):
            yield verdicts.parent / "domains" / name, not is_invalid


def compared(root: etree._Element, kind: str = "domain") -> list[Mistake]:
    """What the tables find wrong, whatever the quick look says."""
    return [mistake for mistake in Comparison(tables_of(kind)).mistakes(root) if not mistake.since]


def newest_in(root: etree._Element, kind: str = "domain") -> str:
    """The oldest libvirt that knows all that is there by the tables; "" where that is 6.0.0 or older."""
    found = [mistake.since for mistake in Comparison(tables_of(kind)).mistakes(root) if mistake.since]
    return max(found, key=Version.parse, default="")


def root_of(data: bytes) -> etree._Element | None:
    """The domain in a file."""
    document = parse("vm.xml", data)
    return None if document.faults else document.domain


def changed(root: etree._Element, chance: random.Random) -> None:
    """Change one thing in a document, as people do."""
    elements = [element for element in root.iter("*") if element is not root]
    element = chance.choice(elements) if elements else root
    name = chance.choice(sorted({str(one.tag) for one in root.iter("*")}))
    attributes = sorted(str(key) for one in root.iter("*") for key in one.keys())  # noqa: SIM118
    kind = chance.randrange(9)
    if kind == 0:
        element.tag = name
    elif kind == 1 and attributes:
        element.set(chance.choice(attributes), chance.choice(["", "1", "yes", "on", "pci", "file", "{{ x }}", "0x1f"]))
    elif kind == 2 and element.attrib:
        del element.attrib[chance.choice(sorted(map(str, element.attrib)))]
    elif kind == 3:
        element.text = chance.choice(["", "x", "12", " 7 ", "{{ y }}", "\n  "])
    elif kind == 4:
        element.tail = chance.choice(["", "stray", "{% if z %}", "\u00a0"])
    elif kind == 5 and element.getparent() is not None:
        element.addnext(etree.fromstring(etree.tostring(element, with_tail=False)))
    elif kind == 6 and element.getparent() is not None:
        element.getparent().remove(element)
    elif kind == 7:
        chance.choice(list(root.iter("*"))).append(etree.Element(name))
    else:
        element.append(etree.Comment(" <name> "))
