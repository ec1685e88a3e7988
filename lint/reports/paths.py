"""Where a file is, as formats that another program matches with a repository want it."""

from __future__ import annotations

import os


def from_working_folder(file: str) -> str | None:
    """The path from the folder that domlint runs in, without ``./``; None for a file that is outside of it."""
    path = os.path.relpath(file) if os.path.isabs(file) else os.path.normpath(file)
    return None if path == ".." or path.startswith("../") else path


def shortest(file: str) -> str:
    """The path from the folder that domlint runs in, or the one given for a file that is outside of it."""
    return from_working_folder(file) or file
