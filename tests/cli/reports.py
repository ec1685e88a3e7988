"""Reports made by hand: VMs and hosts of which only the names matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domlint.engine import FileReport
from domlint.findings import Finding, Location, Outcome, Severity
from domlint.hosts import Host
from domlint.run import Report


def host(label: str) -> Host:
    return Host(label, f"{label}.xml", "qemucaps", "/usr/bin/qemu-system-x86_64", "x86_64")


def finding(
    outcome: Outcome,
    hosts: Iterable[str] = (),
    *,
    file: str = "vm.xml",
    line: int = 1,
    message: str = "what is wrong",
    severity: Severity | None = None,
    code: str = "TEST001",
    help_: str = "",
) -> Finding:
    location = Location(file, line, 3, line, 9)
    return Finding(
        code, "test", severity or outcome.severity, outcome, message, location, tuple(hosts), help=help_, url=""
    )


def vm(file: str, hosts: Sequence[str], *findings: Finding, domain: str = "", is_domain: bool = True) -> FileReport:
    """A file with a domain that fits these hosts. Each finding is put into the file."""
    placed = (one._replace(location=one.location._replace(file=file)) for one in findings)
    return FileReport(file, tuple(placed), (), is_domain, (), tuple(hosts) if is_domain else (), domain)


def report(labels: Sequence[str], *files: FileReport) -> Report:
    return Report(files, (), tuple(map(host, labels)))


def cluster(count: int, kinds: int = 3) -> Report:
    """VMs on so many hosts of so many kinds, the last host being of another architecture."""
    labels = [f"rack{number // 10 + 1}-node{number % 10 + 1:02}" for number in range(count)]
    other = labels[-1:] if count > 2 else []
    fitting = [label for label in labels if label not in other]
    of_kind = [fitting[kind::kinds] for kind in range(kinds)]
    return report(
        labels,
        vm("vms/db1.xml", fitting, domain="db1"),
        vm(
            "vms/mail.xml",
            fitting,
            *(
                finding(Outcome.MIGRATE, [label for hosts in of_kind[kind:] for label in hosts], line=kind)
                for kind in range(kinds)
            ),
            domain="mail",
        ),
        vm("vms/web1.xml", fitting, finding(Outcome.DEFINE, of_kind[0]), finding(Outcome.NOTE, fitting), domain="web1"),
        vm("vms/web2.xml", fitting, finding(Outcome.BROKEN, fitting), domain="webserver-2"),
        vm("vms/edge.xml", other, domain="edge") if other else vm("vms/edge.xml", fitting, domain="edge"),
        vm("vms/half.xml", (), finding(Outcome.DEFINE, labels), is_domain=False),
        vm("vms/large.xml", (), finding(Outcome.NOTE, labels, severity=Severity.ERROR), is_domain=False),
        vm("pom.xml", (), finding(Outcome.NOTE, labels), is_domain=False),
    )
