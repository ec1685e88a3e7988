"""Small documents, right and wrong, for each subject: what the schema takes, and which line it finds wrong.

A file of examples/ holds fragments for one place in a document. In a <bad> one, the line of each element that is wrong,
or lacks something, ends with <!-- wrong -->.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from xsd import mistakes

FILES = sorted((Path(__file__).parent / "examples").glob("*.xml"))
WRAPPERS = {
    "domain": "<domain type='kvm'><name>x</name></domain>",
    "domain/devices": "<domain type='kvm'><name>x</name><devices/></domain>",
    "network": "<network><name>x</name></network>",
}


def wrapped(example: etree._Element, place: str) -> etree._Element:
    """The document that the example stands for: its children at their place, or the one child that is a document."""
    if place == "document":
        return example[0]
    root = etree.fromstring(WRAPPERS[place])
    parent = root.find(place.partition("/")[2]) if "/" in place else root
    assert parent is not None
    parent.extend(list(example))
    return root


def examples(kind: str) -> list[object]:
    return [
        pytest.param(path, example.sourceline, id=f"{path.stem}-{example.sourceline}")
        for path in FILES
        for example in etree.parse(str(path)).getroot().iterchildren(kind)
    ]


def example_at(path: Path, line: int) -> tuple[etree._Element, set[int]]:
    """The document that the example on this line stands for, and its lines that are marked as wrong."""
    root = etree.parse(str(path)).getroot()
    example = next(child for child in root if child.sourceline == line)
    marked = {comment.sourceline for comment in example.iter(etree.Comment) if (comment.text or "").strip() == "wrong"}
    etree.strip_tags(example, etree.Comment)
    return wrapped(example, root.get("place", "")), {number for number in marked if number is not None}


@pytest.mark.parametrize(("path", "line"), examples("good"))
def test_good_examples_are_valid(path: Path, line: int) -> None:
    document, marked = example_at(path, line)
    assert marked == set()
    assert list(mistakes(document)) == []


@pytest.mark.parametrize(("path", "line"), examples("bad"))
def test_bad_examples_are_found_wrong_where_they_are(path: Path, line: int) -> None:
    document, marked = example_at(path, line)
    assert marked
    found = list(mistakes(document))
    assert {number for number, _ in found} == marked, found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_examples_are_of_both_kinds_and_no_other(path: Path) -> None:
    assert {child.tag for child in etree.parse(str(path)).getroot().iterchildren("*")} == {"good", "bad"}
