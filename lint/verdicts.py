"""Whether what was found of a VM is too much."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.findings import Finding, Severity

if TYPE_CHECKING:
    from domlint.engine import FileReport

REQUIREMENTS: Final = ("all", "any")
"""On how many of the hosts that it fits a VM must pass."""


class Demand(NamedTuple):
    """What is too much: a finding as grave as ``fail_on``, on the hosts that ``require`` says."""

    fail_on: Severity = Severity.WARNING
    require: str = "all"


def passes(
    file: "FileReport", fail_on: Severity, require: str = "all", comparing: Collection[str] = frozenset()
) -> bool:
    """Tell whether nothing as grave as ``fail_on`` was found, on all or any of the hosts that the VM fits.

    What holds without a host, and what was found of a VM that fits none, counts in any case. Where any one host will
    do, what the rules with the codes ``comparing`` say of the hosts together does not count.
    """
    grave = [finding for finding in file.findings if finding.severity.at_least(fail_on)]
    if not grave or require == "all" or not file.hosts:
        return not grave
    grave = [finding for finding in grave if finding.code not in comparing]
    return any(not any(concerns(finding, host) for finding in grave) for host in file.hosts)


def concerns(finding: Finding, host: str) -> bool:
    """Tell whether a finding is about a host, by its id."""
    return not finding.hosts or host in finding.hosts


def is_vm(file: "FileReport") -> bool:
    """Tell whether a file holds a domain, or was meant to: one that cannot be read has an error."""
    return file.is_domain or any(finding.severity is Severity.ERROR for finding in (*file.findings, *file.old))
