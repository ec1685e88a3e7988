"""The rules, one file or folder per subject: the letters of a code name it (TEAM036 is in teaming.py)."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from domlint.rule import Catalogue, Rule

MODULES: Final = (
    "capabilities",
    "host.cpu",
    "host.features",
    "host.fit",
    "host.machine",
    "host.vcpus",
    "schema",
    "teaming",
    "xml",
)
"""The modules that declare rules, below this package."""


@cache
def catalogue(with_offers: bool = True) -> Catalogue:
    """All rules of domlint.

    Without ``with_offers``, those are left out that only a host with domainCapabilities can answer: making them takes
    as long as all others, and few runs have such a host.
    """
    modules = [import_module(f"domlint.rules.{name}") for name in MODULES]
    declared = (value for module in modules for value in vars(module).values() if isinstance(value, Rule))
    if not with_offers:
        return Catalogue(declared)
    from domlint.rules.host import values

    return Catalogue((*declared, *values.RULES))
