"""The rules, one file or folder per subject: the letters of a code name it (TEAM036 is in teaming.py)."""

from __future__ import annotations

from functools import cache

from domlint.rule import Catalogue, Rule


@cache
def catalogue(with_offers: bool = True) -> Catalogue:
    """All rules of domlint.

    Without ``with_offers``, those are left out that only a host with domainCapabilities can answer: making them takes
    as long as all others, and few runs have such a host.
    """
    from domlint.rules import capabilities, schema, teaming, xml
    from domlint.rules.host import cpu, features, fit, machine, vcpus

    modules = (capabilities, cpu, features, fit, machine, schema, teaming, vcpus, xml)
    declared = (value for module in modules for value in vars(module).values() if isinstance(value, Rule))
    if not with_offers:
        return Catalogue(declared)
    from domlint.rules import host_values

    return Catalogue((*declared, *host_values.RULES))
