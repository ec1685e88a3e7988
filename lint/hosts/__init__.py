"""What hosts can do: readers of their capability files, and the answer to "does this host have that?"."""

from domlint.hosts.answer import Answer, Presence
from domlint.hosts.errors import HostError
from domlint.hosts.load import load_host
from domlint.hosts.model import CpuModel, Gic, Host, HostCpu, Machine, Sev, Sgx

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
