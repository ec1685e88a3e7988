"""domlint: static analysis of libvirt domain XML against the capabilities of the hosts that shall run it.

The interface for programs is :func:`check`, with :class:`Finding` as what it returns. Names are imported on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domlint.api import RuleCrashError, check
    from domlint.engine import Source
    from domlint.findings import Finding, Location, Outcome, Related, Severity
    from domlint.hosts import Answer, Host, HostError, Presence, load_host, load_hosts
    from domlint.networks import Network, NetworkError, load_networks, read_network
    from domlint.version import VERSION as __version__  # noqa: N811
    from domlint.versions import Version

_HOME = {
    "RuleCrashError": "api",
    "check": "api",
    "Source": "engine",
    "Finding": "findings",
    "Location": "findings",
    "Outcome": "findings",
    "Related": "findings",
    "Severity": "findings",
    "Answer": "hosts",
    "Host": "hosts",
    "HostError": "hosts",
    "Presence": "hosts",
    "load_host": "hosts",
    "load_hosts": "hosts",
    "Network": "networks",
    "NetworkError": "networks",
    "load_networks": "networks",
    "read_network": "networks",
    "Version": "versions",
}

__all__ = [
    "Answer",
    "Finding",
    "Host",
    "HostError",
    "Location",
    "Network",
    "NetworkError",
    "Outcome",
    "Presence",
    "Related",
    "RuleCrashError",
    "Severity",
    "Source",
    "Version",
    "__version__",
    "check",
    "load_host",
    "load_hosts",
    "load_networks",
    "read_network",
]


def __getattr__(name: str) -> object:
    value: object
    if name == "__version__":
        from domlint.version import VERSION

        value = VERSION
    elif name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
