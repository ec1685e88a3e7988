"""What the schema says about a damaged capabilities file, in lines that people can read."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from domlint.document import hardened_parser
from domlint.printable import printable


def explain(data: bytes, limit: int = 5) -> tuple[str, ...]:
    """What ``schemas/qemucaps.xsd`` finds wrong: at most ``limit`` lines "line N: what is wrong", and one for the rest.

    ``data`` is a well-formed document. Takes a quarter of a second, so only for a file that cannot be used anyway.
    Raises nothing.
    """
    try:
        return _explain(data, limit)
    except Exception:
        # The explanation adds to an error that is on its way to the user; a failure here must not take its place.
        return ()


def _explain(data: bytes, limit: int) -> tuple[str, ...]:
    import xmlschema
    from lxml import etree

    schemas = import_module("domlint.schemas").__path__[0]
    schema = xmlschema.XMLSchema11(os.path.join(schemas, "qemucaps.xsd"))
    lines: list[str] = []
    for error in schema.iter_errors(etree.fromstring(data, hardened_parser())):
        if len(lines) == limit:
            return (*lines, "and more")
        lines.append(_line(error))
    return tuple(lines)


def _line(error: Any) -> str:
    element = error.elem
    child = getattr(error, "invalid_child", None)
    if child is not None:
        expected = [f"<{particle.local_name}>" for particle in error.expected or () if particle.local_name]
        what = f"<{child.tag}> {'where ' + ' or '.join(expected) + ' should be' if expected else 'is one too many'}"
        element = child
    else:
        what = f"<{element.tag}>: {_reason(error)}"
    return printable(f"line {element.sourceline}: {what}")


def _reason(error: Any) -> str:
    reason = str(error.reason)
    documentation = _documentation(error.validator)
    if not documentation:
        return reason
    # xmlschema puts "attribute NAME='VALUE': " in front where the value is an attribute's.
    place, found, _ = reason.partition(": ")
    value = place if found and place.startswith("attribute ") else f"'{(error.obj or '')!s:.60}'"
    return f"{value} is not {documentation}"


def _documentation(validator: Any) -> str:
    """The words that the schema has for a type; they complete "must be"."""
    while validator is not None:
        annotation = getattr(validator, "annotation", None)
        if annotation is not None and annotation.documentation and hasattr(validator, "facets"):
            return " ".join(str(annotation.documentation[0].text).split())
        validator = getattr(validator, "parent", None)
    return ""
