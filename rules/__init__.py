"""The rules, one file or folder per subject: the letters of a code name it (TEAM036 is in teaming.py)."""

from __future__ import annotations

from functools import cache

from domlint.rule import Catalogue, Rule


@cache
def catalogue() -> Catalogue:
    """All rules of domlint."""
    from domlint.rules import capabilities, host_values, teaming, xml
    from domlint.rules.host import cpu, features, fit, machine, vcpus

    modules = (capabilities, cpu, features, fit, machine, teaming, vcpus, xml)
    declared = (value for module in modules for value in vars(module).values() if isinstance(value, Rule))
    return Catalogue((*declared, *host_values.RULES))
