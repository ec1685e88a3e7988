"""Placeholders of templates in the values of a domain: what stands there is not known before it is rendered."""

from __future__ import annotations

import re
from typing import Final

_PLACEHOLDER: Final = (
    r"\{\{(?:(?!\{\{).)*?\}\}"  # Jinja, Go templates, Mustache; each up to the next opening, so that time stays linear
    r"|\{%(?:(?!\{%).)*?%\}"
    r"|\$\{[^{}]*\}"  # shell, Terraform, string.Template
    r"|\$\([^()]*\)"
    r"|\$[A-Za-z_]\w*"
    r"|%\(\w+\)[sd]"  # printf, Python's % operator
    r"|%[sd](?![0-9A-Za-z])"
    r"|@[A-Za-z_]\w*@"  # autoconf, Meson
)


def is_placeholder(value: str) -> bool:
    """Tell whether some part of the value is filled in by a template engine later."""
    has_sign = "{" in value or "$" in value or "%" in value or "@" in value
    return has_sign and re.search(_PLACEHOLDER, value, re.DOTALL) is not None
