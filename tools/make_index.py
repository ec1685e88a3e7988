"""Make rules/index.py: which module of rules looks at which elements, and which rules are in it.

    python tools/make_index.py            write it
    python tools/make_index.py --check    change nothing; exit with 1 where it is not current

A run imports a module once a document has something that its rules look at. Modules are left out that every run asks:
those with rules about all hosts together, or with a ``where``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from domlint.rule import Needs, Rule, rules_of
from domlint.rules import MODULES, OFFERS

INDEX = Path(__file__).resolve().parent.parent / "rules" / "index.py"

_HEAD = '''\
"""Which module of rules looks at which elements, and its rules. Made by tools/make_index.py; do not edit."""

PATHS: dict[str, tuple[str, ...]] = {
'''

_NAMES = '''
# One text, since few runs read it: a line for each rule, with its module, code and name.
NAMES = """\
'''


def is_always_asked(rules: Iterable[Rule]) -> bool:
    """Tell whether a plan has to know the rules before it sees a document."""
    return any(rule.where is not None or Needs.ALL_HOSTS in rule.needs for rule in rules)


def text() -> str:
    """The text of rules/index.py."""
    lines, names = [], []
    for name in (*MODULES, OFFERS):
        rules = rules_of(import_module(f"domlint.rules.{name}"))
        names += [f"{name} {rule.code} {rule.name}\n" for rule in rules]
        if name != OFFERS and not is_always_asked(rules):
            paths = sorted({rule.path for rule in rules})
            lines.append(f"    {name!r}: {tuple(paths)!r},\n".replace("'", '"'))
    return f'{_HEAD}{"".join(lines)}}}\n{_NAMES}{"".join(names)}"""\n'


def main() -> int:
    """Write or check. Returns the exit status."""
    if "--check" not in sys.argv[1:]:
        INDEX.write_text(text())
        return 0
    if INDEX.read_text() == text():
        return 0
    print("rules/index.py is not current: run python tools/make_index.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
