"""A rule is a few lines, and nothing is longer than a screen (see CONTRIBUTING.md, "A rule")."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import domlint
import domlint.rules

SCREEN = 50
LONGEST_RULE = 30
LONGEST_DECLARATION = 65
"""Of a rule with its examples and its documentation."""

SOURCES = [
    path
    for package in (domlint, domlint.rules)
    for path in sorted(Path(package.__path__[0]).rglob("*.py"))
    if path.parent.name != "structure_tables"
]


def functions(path: Path) -> Iterator[tuple[ast.FunctionDef, int]]:
    """Each function of a file, and how many lines follow its documentation."""
    for found in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(found, ast.FunctionDef):
            body = found.body[1:] if ast.get_docstring(found) and len(found.body) > 1 else found.body
            yield found, (found.end_lineno or 0) - body[0].lineno + 1


def is_rule(found: ast.FunctionDef) -> bool:
    callees = [one.func for one in found.decorator_list if isinstance(one, ast.Call)]
    return any(isinstance(callee, ast.Name) and callee.id == "rule" for callee in callees)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_is_longer_than_a_screen(path: Path) -> None:
    for found, lines in functions(path):
        assert lines <= (LONGEST_RULE if is_rule(found) else SCREEN), found.name
        if is_rule(found):
            assert (found.end_lineno or 0) - found.decorator_list[0].lineno < LONGEST_DECLARATION, found.name
