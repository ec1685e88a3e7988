"""The JSON schema of a configuration, for editors: made from the declaration of the keys."""

from __future__ import annotations

import json
import re
from typing import Any

from domlint.configuration.keys import KEYS, Key
from domlint.configuration.toml import value_of


def schema() -> dict[str, Any]:
    """The schema of domlint.toml, and of the table tool.domlint in pyproject.toml."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "urn:domlint:configuration",
        "title": "domlint",
        "description": "Configuration of domlint: domlint.toml, .domlint.toml, or [tool.domlint] in pyproject.toml",
        "type": "object",
        "properties": {key.name: _property(key) for key in KEYS},
        "additionalProperties": False,
    }


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=2) + "\n"


def _property(key: Key) -> dict[str, Any]:
    words = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", key.words.replace("`", ""))
    described = {"description": f"{words[:1].upper()}{words[1:]}.", **key.shape.schema()}
    if key.default:
        described["default"] = value_of(key.default)
    return {**described, "examples": [value_of(key.example.partition(" = ")[2])]}
