"""What ``domlint config`` prints: the configuration of one file, and where each value is from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from click import style

from domlint.configuration.effective import DEFAULT, Entry
from domlint.configuration.toml import written
from domlint.printable import printable

_LONGEST = 120


def as_text(entries: Sequence[Entry], file: str | None, path: str) -> str:
    """The configuration as TOML, that of defaults in grey; what each value is from stands behind it."""
    lines = [f"# {printable(path)}: {printable(file) if file else 'no configuration file'}"]
    rows = [_row(entry) for entry in entries]
    width = min(max(len(text) for text, _origin, _is_default in rows), _LONGEST // 2)
    for text, origin, is_default in rows:
        line = f"{printable(text):{width}}  # {printable(origin)}"
        lines.append(style(line, dim=True) if is_default else line)
    return "".join(f"{line}\n" for line in lines)


def _row(entry: Entry) -> tuple[str, str, bool]:
    origin = " and ".join(map(str, entry.origins))
    text = f"# {entry.key}" if entry.value is None else f"{entry.key} = {written(entry.value)}"
    return text, origin, entry.origins == (DEFAULT,)


def as_json(entries: Sequence[Entry], file: str | None, path: str) -> str:
    """The same as one JSON object, in ASCII."""
    values = {entry.key: {"value": entry.value, "from": [_origin(one) for one in entry.origins]} for entry in entries}
    return json.dumps({"version": 1, "path": path, "file": file, "values": values}, indent=2) + "\n"


def _origin(origin: Any) -> Any:
    return {"file": origin.file, "line": origin.line} if origin.file else origin.words
