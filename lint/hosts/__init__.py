"""What hosts can do: readers of their capability files, and the answer to "does this host have that?".

Names are imported on first use: a run without hosts pays for none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domlint.hosts.answer import Answer, Presence
    from domlint.hosts.errors import HostError
    from domlint.hosts.load import load_host
    from domlint.hosts.model import Host, Machine
    from domlint.hosts.parts import CpuModel, Gic, HostCpu, Sev, Sgx

_HOME = {
    "Answer": "answer",
    "Presence": "answer",
    "HostError": "errors",
    "load_host": "load",
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
    "CpuModel",
    "Gic",
    "Host",
    "HostCpu",
    "HostError",
    "Machine",
    "Presence",
    "Sev",
    "Sgx",
    "load_host",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
