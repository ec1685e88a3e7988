"""What a host says of CPU models and features, whichever of its files say it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from domlint.hosts.model import Host
    from domlint.hosts.parts import DomainCapabilities


class KnownModel(NamedTuple):
    """A CPU model that a domain of one type may name.

    ``usable`` is None where nobody said whether this host can run it; ``blockers`` are the features that it lacks for
    it, as QEMU or libvirt spells them.
    """

    name: str
    usable: bool | None
    blockers: tuple[str, ...]
    deprecated: bool


def known_models(
    host: "Host", virt_type: str, capabilities: "DomainCapabilities | None"
) -> Mapping[str, KnownModel] | None:
    """The CPU models for domains of one type by name; None where no file lists them.

    ``capabilities`` are the host's for this very kind of domain, where there are some: libvirt lists in them those of
    QEMU's models that it knows itself.
    """
    custom = None if capabilities is None else capabilities.cpu_mode("custom")
    if custom is None or not custom.supported:
        return _models_of_qemu(host, virt_type)
    return {
        model.name: KnownModel(model.name, model.usable, model.blockers, model.deprecated) for model in custom.models
    }


@lru_cache(maxsize=128)
def _models_of_qemu(host: "Host", virt_type: str) -> Mapping[str, KnownModel] | None:
    # A distribution that has machines of its own leaves out CPU models, too.
    if not host.lists_cpu_models or (host.is_profile and not host.lists_machines):
        return None
    found = {
        model.name: KnownModel(model.name, model.usable, model.blockers, model.deprecated)
        for model in host.cpu_models
        if model.virt_type in (virt_type, None)
    }
    return found or None


@lru_cache(maxsize=128)
def cpu_properties(host: "Host", virt_type: str) -> Mapping[str, bool] | None:
    """What the best CPU that QEMU makes on this host has of each feature, in QEMU's spelling; None where none says."""
    for cpu in host.host_cpus if host.document else ():
        if cpu.virt_type in (virt_type, None):
            return {name: value == "true" for name, type_, value, _migratable in cpu.properties if type_ == "boolean"}
    return None
