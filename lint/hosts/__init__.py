"""What hosts can do: readers of their capability files, and the answer to "does this host have that?".

Names are imported on first use: a run without hosts pays for none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domlint.hosts.answer import Answer, Presence
    from domlint.hosts.errors import HostError
    from domlint.hosts.load import load_host, load_hosts
    from domlint.hosts.model import Host, Machine
    from domlint.hosts.parts import (
        CpuMode,
        CpuModel,
        DomainCapabilities,
        DomainCpuModel,
        Gic,
        Guest,
        HostCpu,
        HostHardware,
        Sev,
        Sgx,
    )

_HOME = {
    "Answer": "answer",
    "Presence": "answer",
    "HostError": "errors",
    "load_host": "load",
    "load_hosts": "load",
    "CpuMode": "parts",
    "DomainCapabilities": "parts",
    "DomainCpuModel": "parts",
    "Guest": "parts",
    "HostHardware": "parts",
    "CpuModel": "parts",
    "Gic": "parts",
    "Host": "model",
    "HostCpu": "parts",
    "Machine": "model",
    "Sev": "parts",
    "Sgx": "parts",
}

__all__ = [
    "Answer",
    "CpuMode",
    "CpuModel",
    "DomainCapabilities",
    "DomainCpuModel",
    "Gic",
    "Guest",
    "Host",
    "HostCpu",
    "HostError",
    "HostHardware",
    "Machine",
    "Presence",
    "Sev",
    "Sgx",
    "load_host",
    "load_hosts",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
