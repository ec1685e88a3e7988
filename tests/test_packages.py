"""Every folder of the program is installed: a wheel holds the packages that pyproject.toml names, and no others."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"domlint": ROOT / "lint", "domlint.rules": ROOT / "rules"}


def test_pyproject_names_every_package() -> None:
    written = re.search(r"^packages = \[(.*?)\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert written is not None
    named = re.findall(r'"([\w.]+)"', written[1])
    found = {
        ".".join((package, *init.parent.relative_to(folder).parts))
        for package, folder in FOLDERS.items()
        for init in folder.rglob("__init__.py")
    }
    assert sorted({"domlint.schemas", *found}) == sorted(named)
