"""The rules, one file or folder per subject: the letters of a code name it (TEAM036 is in teaming/pairs.py)."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import import_module
from typing import Final

from domlint.rule import Catalogue, Names, Rule, RuleModule, rules_of

MODULES: Final = (
    "address.kinds",
    "address.numbers",
    "alias",
    "boot",
    "capabilities",
    "character.channel",
    "character.port",
    "character.smartcard",
    "character.source",
    "clock",
    "controller.driver",
    "controller.numbers",
    "cpu",
    "device.common",
    "device.iommu",
    "device.others",
    "device.panic",
    "device.rng",
    "device.shmem",
    "device.watchdog",
    "disk.encryption",
    "disk.limits",
    "disk.network",
    "disk.options",
    "disk.storage",
    "disk.target",
    "features",
    "filesystem",
    "firmware.choice",
    "firmware.loader",
    "graphics",
    "host.cpu",
    "host.features",
    "host.fit",
    "host.machine",
    "host.vcpus",
    "hostdev.parts",
    "hostdev.same",
    "input",
    "memory.amounts",
    "memory.backing",
    "memory.devices",
    "network.addresses",
    "network.drivers",
    "network.parts",
    "network.switching",
    "network.types",
    "numa",
    "pci.controllers",
    "pci.options",
    "pci.places",
    "pool",
    "schema",
    "sound",
    "security",
    "suppressions",
    "system",
    "teaming.lone",
    "teaming.pairs",
    "teaming.places",
    "teaming.roles",
    "teaming.settings",
    "tpm",
    "tune.disks",
    "tune.limits",
    "tune.resctrl",
    "tune.sets",
    "tune.threads",
    "usb.ports",
    "usb.redirection",
    "vcpu",
    "video",
    "xml",
)
"""The modules that declare rules, below this package."""

OFFERS: Final = "host.values"
"""The module of rules that only a host with domainCapabilities can answer."""


@cache
def catalogue() -> Catalogue:
    """All rules of domlint."""
    modules = (import_module(f"{__name__}.{name}") for name in (*MODULES, OFFERS))
    return Catalogue(rule for module in modules for rule in rules_of(module))


@cache
def names() -> Names:
    """The codes and names of all rules, for which none of their modules is imported."""
    return Names({code: name for rules in _names_by_module().values() for code, name in rules.items()})


@cache
def _names_by_module() -> dict[str, dict[str, str]]:
    from domlint.rules.index import NAMES

    found: dict[str, dict[str, str]] = {}
    for line in NAMES.splitlines():
        module, code, name = line.split()
        found.setdefault(module, {})[code] = name
    return found


def declares(module: RuleModule, code: str) -> bool:
    """Tell whether a module, or what is wanted of it, has a rule, for which it is not imported."""
    if module.codes is not None:
        return code in module.codes
    return code in _names_by_module()[module.name.removeprefix(f"{__name__}.")]


def modules(with_offers: bool = True, codes: Collection[str] | None = None) -> tuple[Rule | RuleModule, ...]:
    """All rules of domlint, those in modules that nobody has to import as long as no document has their elements.

    Without ``with_offers``, those are left out that only a host with domainCapabilities can answer: making them takes
    as long as many others, and few runs have such a host. ``codes`` are those of the rules that are wanted, None for
    all.
    """
    from domlint.rules.index import PATHS

    found: list[Rule | RuleModule] = []
    for name in (*MODULES, OFFERS) if with_offers else MODULES:
        module = RuleModule(f"{__name__}.{name}", PATHS.get(name, ()))
        if codes is not None:
            own = _names_by_module()[name].keys()
            wanted = own & codes
            if not wanted:
                continue
            module = module if len(wanted) == len(own) else module._replace(codes=frozenset(wanted))
        found += [module] if module.paths else module.rules
    return tuple(found)
