"""HOST01x: whether the emulator has the domain's machine, and whether all hosts have the same one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domlint.changes import Fix, SetAttribute
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import attribute
from domlint.findings import Outcome
from domlint.rule import Example, Fixable, Needs, Problem, Problems, Spot, rule, whole_example
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.hosts import Host, Machine
    from domlint.hosts.machine_types import MachineType


def _guest(machine: str, code: str = "", host: str = "", type_: str = "kvm") -> Example:
    return whole_example(mark=f" <!-- {code} -->" if code else "", machine=machine, domain_type=type_, host=host)


def nearest_machine(name: str, host: Host, virt_type: str | None) -> Machine | None:
    """The machine of the host to take instead of one that it has not; None where none is like it.

    A machine of the same family: the oldest of those that are newer, else the newest; then the family's newest.
    """
    from domlint.hosts.machine_types import DROPPED, FAMILIES, FAMILY_ALIASES, take_apart

    wanted = take_apart(name)
    if name in DROPPED:
        return host.machine(DROPPED[name][1], virt_type)
    if wanted is None:
        from difflib import get_close_matches

        known = {machine.name for machine in host.machines} | {machine.alias or "" for machine in host.machines}
        near = get_close_matches(name, sorted(known - {""}), n=1, cutoff=0.75)
        if near:
            return host.machine(near[0], virt_type)
        family = max((family for family in FAMILIES if name.startswith(family)), key=len, default=None)
        return None if family is None else host.machine(FAMILY_ALIASES.get(family, family), virt_type)
    family = "pc-i440fx" if wanted.family == "pc" else wanted.family
    alike: list[tuple[tuple[int, ...], Machine]] = []
    for machine in host.machines:
        other = take_apart(machine.name)
        if other is None or other.family != family or other.vendor != wanted.vendor:
            continue
        if host.machine(machine.name, virt_type) is not None and "-sxxm" not in machine.name:
            alike.append((other.version, machine))
    newer = [candidate for candidate in alike if candidate[0] >= wanted.version]
    if newer:
        return min(newer, key=lambda candidate: candidate[0])[1]
    if alike:
        return max(alike, key=lambda candidate: candidate[0])[1]
    return host.machine(FAMILY_ALIASES.get(family, family), virt_type)


def _two(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version[:2]))


def _why_missing(name: str, host: Host) -> str:
    """What is known of a machine that a host has not, as the rest of a sentence; "" for nothing."""
    from domlint.hosts.machine_types import came_in, dropped_in, take_apart

    machine, dropped, came = take_apart(name), dropped_in(name), came_in(name)
    if machine is not None and machine.vendor:
        return f": it is a machine of {machine.vendor}'s QEMU"
    if host.qemu_version is None:
        return ""
    if came is not None and came[:2] > host.qemu_version[:2]:
        return f": it came with QEMU {_two(came)}, which is newer"
    if dropped is not None and host.qemu_version[:2] >= dropped:
        return f": QEMU {_two(dropped)} dropped it"
    return ""


def _may_be_elsewhere(name: str, host: Host) -> bool:
    """Tell whether a machine that a profile lacks may be one of a distribution."""
    from domlint.hosts.machine_types import came_in, dropped_in

    return host.is_profile and came_in(name) is None and dropped_in(name) is None


@rule(
    "HOST010",
    "machine-unknown",
    outcome=Outcome.DEFINE,
    fixable=Fixable.UNSAFE,
    on="os/type",
    needs=Needs.HOST,
    since="libvirt 6.0.0 (older ones refuse it too, in other words)",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), qemu_capabilities.c"
    " (virQEMUCapsGetCanonicalMachine, virQEMUCapsIsMachineSupported); QEMU 10.0 docs/about/removed-features.rst",
    bad=_guest("pc-q35-9.1", "HOST010", "qemu-8.2"),
    good=Example("", host="qemu-8.2"),
)
def machine_unknown(context: Context, element: Element) -> Problems:
    """The emulator does not have the domain's machine.

    A machine type such as pc-q35-8.2 carries the version of QEMU that it came with: an older QEMU does not have it. A
    newer one keeps it for years, marks it as deprecated, and drops it. libvirt turns an alias such as q35 into the
    machine's own name first, then refuses to define a domain with a machine that QEMU does not list for its type.
    """
    host, name, virt_type = context.host, context.domain.machine_name, context.domain.virt_type
    if host is None or not isinstance(name, str) or element is not context.domain.os_type:
        return
    if not name or not host.lists_machines or not context.is_judged or host.machine(name, virt_type) is not None:
        return
    if _may_be_elsewhere(name, host):
        return
    if host.machine(name) is not None:
        others = sorted({machine.virt_type or "" for machine in host.machines if name in (machine.name, machine.alias)})
        words = " and ".join("qemu" if other == "tcg" else other for other in others)
        yield Problem(
            Spot(element, "machine"),
            f"the machine '{name}' is there for domains of type {words} alone, not '{context.domain.type}'",
            f"take another machine, or make it a domain of type '{words.split(' ')[0]}'",
        )
        return
    nearest = nearest_machine(name, host, virt_type)
    help_, fix = "'virsh capabilities' lists the machines of the host", None
    if nearest is not None:
        shown = f"'{nearest.name}'" + (f" ('{nearest.alias}')" if nearest.alias else "")
        help_ = f"the nearest machine here is {shown}; a guest that was installed on another one may see new hardware"
        words = f"write machine='{nearest.name}'; the guest may see new hardware"
        fix = Fix(words, (SetAttribute(element, "machine", nearest.name),), is_safe=False)
    yield Problem(
        Spot(element, "machine"), f"the host has no machine '{name}'{_why_missing(name, host)}", help_, fix=fix
    )


@rule(
    "HOST011",
    "machine-deprecated",
    outcome=Outcome.NOTE,
    on="os/type",
    needs=Needs.HOST,
    since="QEMU 4.1, libvirt 7.1.0",
    source="QEMU 10.0 include/hw/boards.h (MACHINE_VER_DEPRECATION), docs/about/deprecated.rst;"
    " libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainObjCheckMachineTaint)",
    bad=_guest("pc-i440fx-1.4", "HOST011", "qemu-7.2-tcg", "qemu"),
    good=_guest("pc-i440fx-7.2", host="qemu-7.2-tcg", type_="qemu"),
)
def machine_deprecated(context: Context, element: Element) -> Problems:
    """QEMU will drop the domain's machine.

    The domain runs, and libvirt marks it as tainted. Since QEMU 9.1 each versioned machine is deprecated three years
    after it came, and dropped after six: by then the domain needs a newer one.
    """
    machine = context.host_machine
    if machine is None or machine.deprecated is not True or context.host is None:
        return
    if element is context.domain.os_type:
        from domlint.hosts.machine_types import goes_in

        release = goes_in(machine.name, context.host.qemu_version)
        when = f"QEMU {_two(release)} drops it" if release is not None else "a later QEMU drops it"
        newest = newest_of_family(machine.name, context.host, context.domain.virt_type)
        yield Problem(
            Spot(element, "machine"),
            f"the machine '{machine.name}' is deprecated: {when}",
            "move the domain to a newer machine when its guest can be restarted and looked after"
            + (f", such as '{newest.name}'" if newest is not None else ""),
        )


def newest_of_family(name: str, host: Host, virt_type: str | None) -> Machine | None:
    """The newest machine of the family that a name is of, which the host does not call deprecated."""
    from domlint.hosts.machine_types import take_apart

    wanted = take_apart(name)
    if wanted is None:
        return None
    found: list[tuple[MachineType, Machine]] = []
    for machine in host.machines:
        other = take_apart(machine.name)
        if other is None or (other.family, other.vendor) != (wanted.family, wanted.vendor):
            continue
        if not machine.deprecated and host.machine(machine.name, virt_type) is machine:
            found.append((other, machine))
    return max(found, key=lambda each: each[0].version, default=(None, None))[1]


_MOST_NAMED = 3
"""Hosts that a message names for each machine; of more it tells how many."""


def _hosts_in_words(labels: list[str]) -> str:
    shown = ", ".join(labels[:_MOST_NAMED])
    return shown if len(labels) <= _MOST_NAMED else f"{shown} and {len(labels) - _MOST_NAMED} more"


def _machines_given(hosts: Iterable[Host], written: str | None, virt_type: str | None) -> dict[str, list[str]]:
    """The machine that each host makes of what is written, with the labels of the hosts."""
    given: dict[str, list[str]] = {}
    for host in hosts:
        machine = host.machine(written, virt_type) if written else host.default_machine(virt_type)
        if machine is not None:
            given.setdefault(machine.name, []).append(host.id)
    return given


@rule(
    "HOST012",
    "machine-differs",
    outcome=Outcome.MIGRATE,
    on="os/type",
    needs=Needs.ALL_HOSTS,
    source="libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDefMachinePostParse: an alias and the default are"
    " resolved when the domain is defined)",
    bad=_guest("q35", "HOST012", "qemu-4.1 qemu-8.2"),
    good=_guest("pc-q35-8.2", host="qemu-8.2 qemu-9.2"),
)
def machine_differs(context: Context, element: Element) -> Problems:
    """The hosts make different machines of the file.

    libvirt replaces an alias such as 'q35', or no machine at all, by the newest machine that the QEMU of the host has,
    at the moment when the domain is defined. Defined from this one file on each host, the guest has other hardware on
    each; and a guest on the newer machine cannot be migrated to the older host, which does not have it.
    """
    written, virt_type = context.domain.machine_name, context.domain.virt_type
    if len(context.fitting_hosts) < 2 or virt_type is None:
        return
    if element is not context.domain.os_type or not (written is None or isinstance(written, str)):
        return
    given = _machines_given(context.fitting_hosts, written, virt_type)
    if len(given) < 2:
        return
    words = "; ".join(f"{name} on {_hosts_in_words(labels)}" for name, labels in given.items())
    what = f"'{written}' is an alias" if written else "no machine is named"
    common = _newest_common(context.fitting_hosts, given, virt_type)
    yield Problem(
        Spot(element, "machine" if written else None),
        f"{what}, of which each host makes a machine of its own: {words}",
        f"name one that all hosts have: {common} is the newest of them" if common else "name one that all hosts have",
        hosts=tuple(label for labels in given.values() for label in labels),
    )


def _newest_common(hosts: Iterable[Host], names: Iterable[str], virt_type: str | None) -> str:
    """The newest machine that all hosts have of the one family that the names are of; "" where there is none."""
    from domlint.hosts.machine_types import take_apart

    machines = [take_apart(name) for name in names]
    families = {(machine.family, machine.vendor) for machine in machines if machine is not None}
    if None in machines or len(families) != 1:
        return ""
    listing = [host for host in hosts if host.lists_machines]
    if not listing:
        return ""
    first, *others = listing
    found: list[tuple[tuple[int, ...], str]] = []
    for machine in first.machines:
        apart = take_apart(machine.name)
        if apart is None or (apart.family, apart.vendor) not in families or machine.deprecated:
            continue
        if all(host.machine(machine.name, virt_type) is not None for host in (first, *others)):
            found.append((apart.version, machine.name))
    return max(found, default=((), ""))[1]


def _board(machine: str, mark: str = "") -> Example:
    return whole_example(
        f"  <features>\n    <acpi/>{mark}\n  </features>\n",
        before="  <memory unit='MiB'>1024</memory>\n",
        opening="<os firmware='efi'>",
        name="board1",
        arch="aarch64",
        machine=machine,
        host="aarch64-8.2",
    )


_FIRST_CHECKING_ACPI = Version(9, 2, 0)


@rule(
    "HOST013",
    "machine-without-acpi",
    outcome=Outcome.DEFINE,
    on="features/acpi",
    needs=Needs.HOST,
    since="libvirt 9.2.0, QEMU 8.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), qemu_postparse.c"
    " (qemuDomainDefACPIPostParse)",
    bad=_board("raspi3b", " <!-- HOST013 -->"),
    good=_board("virt"),
)
def machine_without_acpi(context: Context, element: Element) -> Problems:
    """The domain asks for ACPI, which its machine does not have.

    Boards such as the Raspberry Pi and all machines of s390x have none. libvirt 9.2 and later refuse to define the
    domain; older ones took the element and did nothing with it.
    """
    if context.is_older_than(_FIRST_CHECKING_ACPI):
        return
    machine = context.host_machine
    # Without a state it is on; libvirt refuses any other state than on and off.
    state = attribute(element, "state")
    if machine is not None and machine.acpi is False and state in (None, "on"):
        yield Problem(
            Spot(element),
            f"the machine '{machine.name}' has no ACPI: libvirt refuses the domain",
            "remove <acpi/>",
        )
