"""No room imports from a floor above its own (see CONTRIBUTING.md, "The house")."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import domlint
import domlint.rules

FLOORS = {
    "findings": 1,
    "architectures": 1,
    "version": 1,
    "versions": 1,
    "reading": 1,
    "writing": 1,
    "numbers": 1,
    "cached": 1,
    "printable": 1,
    "placeholders": 1,
    "document": 1,
    "structure": 1,
    "structure_tables": 1,
    "mistakes": 1,
    "tables": 1,
    "quick_look": 1,
    "markup": 1,
    "strict": 3,
    "comments": 1,
    "vocabulary": 1,
    "suppressions": 3,
    "suppressing": 3,
    "positions": 1,
    "changes": 1,
    "edits": 2,
    "broken": 1,
    "hosts": 1,
    "networks": 1,
    "schemas": 1,
    "domain": 2,
    "fingerprints": 2,
    "rule": 3,
    "selector": 3,
    "capability": 3,
    "examples": 3,
    "rules": 4,
    "engine": 5,
    "fixing": 5,
    "files": 5,
    "run": 5,
    "baseline": 5,
    "requirements": 5,
    "verdicts": 5,
    "matrix": 5,
    "upgrade": 5,
    "api": 5,
    "reports": 6,
    "explain": 6,
    "configuration": 6,
    "planning": 6,
    "commands": 7,
    "cli": 8,
    "__main__": 8,
}

ROOT = Path(domlint.__file__).parent
RULES = Path(domlint.rules.__file__).parent
MODULES = [*ROOT.rglob("*.py"), *RULES.rglob("*.py")]


def room_of(path: Path) -> str:
    if path.is_relative_to(RULES):
        return "rules"
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_rooms(tree: ast.Module) -> set[str]:
    rooms = set()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "domlint" else [f"domlint.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("domlint.")}
    return rooms


def without_type_checking(tree: ast.Module) -> ast.Module:
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")
    ]
    return tree


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return  # the package's face: it names what is inside, and imports it on first use
    tree = without_type_checking(ast.parse(path.read_text()))
    above = {name for name in imported_rooms(tree) if FLOORS[name] > FLOORS[room]}
    assert above == set()


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in MODULES} - {"__init__"} <= set(FLOORS)
