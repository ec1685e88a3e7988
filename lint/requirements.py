"""What a domain needs: the capabilities, where it needs them, and the oldest QEMU and libvirt that have them.

The rows of domlint.rules.capabilities say what needs what. From which QEMU on there is such a thing, the bundled
profiles say, which know the releases from 4.2 on for each architecture; from which libvirt on, the rows and the table
of flags. Nothing here claims more than they say: what a profile cannot tell is not claimed to be missing.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.capability import Capability, is_about, machine_class
from domlint.document import Document, Element, FaultKind, parse
from domlint.domain import Domain
from domlint.domain.machine import resolve_machine
from domlint.domain.values import Unknown, attribute, child
from domlint.findings import Location
from domlint.hosts.answer import Presence
from domlint.placeholders import is_placeholder
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.engine import Source
    from domlint.hosts import Host
    from domlint.selector import Selectors


class Oldest(NamedTuple):
    """From which version on something is there; all None: that is not known.

    No version before ``at_least`` has it (None: that is not known, or all that are known have it). ``known`` is the
    oldest that is known to have it, ``gone`` the first one that does not have it any more. ``exists`` is False where
    none of all that are known has it. ``depends`` tells that versions do not decide alone, but the host or how QEMU
    was built.
    """

    at_least: Version | None = None
    known: Version | None = None
    gone: Version | None = None
    exists: bool = True
    depends: bool = False


class Requirement(NamedTuple):
    """A capability that a domain needs, with the places that need it, the first one first.

    ``qemu`` has an entry for each architecture that the capability matters on; None where no version of QEMU matters.
    ``libvirt`` is None where none matters.
    """

    capability: Capability
    subject: str
    places: tuple[Location, ...]
    qemu: dict[str, Oldest | None]
    libvirt: Oldest | None


class DomainRequirements(NamedTuple):
    """What one domain needs. ``on_qemu`` is False for a domain of another hypervisor, of which nothing is known."""

    file: str
    name: str
    machine: str | None
    architectures: tuple[str, ...]
    on_qemu: bool
    requirements: tuple[Requirement, ...]

    def qemu(self, arch: str) -> Oldest:
        """What all requirements together leave of QEMU's versions on an architecture."""
        return _together(one.qemu[arch] for one in self.requirements if arch in one.qemu)

    @property
    def libvirt(self) -> Oldest:
        """What all requirements together leave of libvirt's versions."""
        return _together(one.libvirt for one in self.requirements)

    def nowhere(self, arch: str) -> tuple[Requirement, ...]:
        """The requirements that no known QEMU fulfils on an architecture."""
        found = ((one, one.qemu.get(arch)) for one in self.requirements)
        return tuple(one for one, oldest in found if oldest is not None and not oldest.exists)


class Unreadable(NamedTuple):
    """A file that holds no domain that could be read. ``is_failure`` is False where it is just another kind of file."""

    file: str
    message: str
    line: int
    is_failure: bool


def requirements_of(source: "Source", architectures: Sequence[str] = ()) -> "DomainRequirements | Unreadable | None":
    """What the domain in a file needs, on these architectures (default: on its own, else on all the usual).

    None for a file that need not hold a domain, and does not.
    """
    document = parse(source.name, source.data)
    if document.domain is None:
        return _unreadable(document, source.may_be_foreign)
    domain = Domain(document.domain, {})
    known = resolve_machine(domain.arch, domain.machine_name, domain.virt_type, None).arch
    archs = tuple(dict.fromkeys(architectures)) or ((known,) if isinstance(known, str) else _USUAL_ARCHITECTURES)
    name = child(document.domain, "name")
    machine = domain.machine_name
    return DomainRequirements(
        source.name,
        (name.text or "").strip() if name is not None else "",
        machine if isinstance(machine, str) else None,
        archs,
        domain.runs_on_qemu,
        tuple(_sorted(_requirements(document, domain, archs))) if domain.runs_on_qemu else (),
    )


_USUAL_ARCHITECTURES: Final = ("x86_64", "aarch64", "ppc64", "s390x", "riscv64")
"""Those of hosts, one of which a domain gets that names none."""


def profiled_architectures() -> tuple[str, ...]:
    """The architectures that there are profiles of."""
    return tuple(dict.fromkeys(host.arch for _release, host in _profiles()))


def _unreadable(document: Document, may_be_foreign: bool) -> Unreadable | None:
    if not document.faults:
        return None if may_be_foreign else Unreadable(document.name, "there is no domain in it", 1, False)
    fault = document.faults[0]
    is_failure = fault.kind is not FaultKind.OTHER_ROOT
    if may_be_foreign and not is_failure:
        return None
    return Unreadable(document.name, fault.message, fault.location.line, is_failure)


def _requirements(document: Document, domain: Domain, archs: tuple[str, ...]) -> Iterator[Requirement]:
    found: dict[str, tuple[str, Capability, dict[tuple[Element, str], None]]] = {}
    for (subject, row), element, attribute_name in _selectors().select(domain.element):
        found.setdefault(row.name, (subject, row, {}))[2][element, attribute_name] = None
    machine, domain_type = _known(domain.machine_name), _known(domain.type)
    for subject, row, places in found.values():
        about = [arch for arch in archs if is_about(row, arch, machine, domain_type)]
        if about:
            yield Requirement(
                row,
                subject,
                tuple(sorted(document.locate(element, name or None) for element, name in places)),
                {arch: _oldest_qemu(row, arch) for arch in about},
                _oldest_libvirt(row),
            )
    yield from _machine_type(document, domain, machine, archs)
    yield from _cpu_model(document, domain, archs)


@cache
def _selectors() -> "Selectors[tuple[str, Capability]]":
    from domlint.rules.capabilities import rows
    from domlint.selector import Selectors

    # What libvirt has ceased to ask is no need of a domain: the newest libvirt takes it without.
    lasting = ((subject, row) for subject, row in rows().values() if not row.until)
    return Selectors((selector, (subject, row)) for subject, row in lasting for selector in row.selectors)


def _known(value: "str | Unknown | None") -> str | None:
    return value if isinstance(value, str) else None


def _sorted(requirements: Iterable[Requirement]) -> list[Requirement]:
    return sorted(requirements, key=lambda one: (one.places[0].line, one.places[0].column, one.capability.name))


# QEMU: what the profiles of its releases answer.


@cache
def _profiles() -> "tuple[tuple[Version, Host], ...]":
    """The profiles of QEMU's own releases, the oldest first."""
    from domlint.hosts.profiles import find_profile, release_names

    hosts = (find_profile(name) for name in release_names())
    return tuple((host.qemu_version, host) for host in hosts if host.qemu_version is not None)


@cache
def _releases(arch: str) -> "tuple[tuple[Version, Host], ...]":
    """The profiles for guests of an architecture, the oldest first; () where there are none."""
    from domlint.hosts.fit import serves

    own = tuple((release, host) for release, host in _profiles() if host.arch == arch)
    return own or tuple((release, host) for release, host in _profiles() if serves(host.arch, arch))


def _after(release: Version) -> Version | None:
    """The release after this one, of any architecture; None for the newest."""
    return min((other for other, _host in _profiles() if other > release), default=None)


@cache
def _oldest_qemu(row: Capability, arch: str) -> Oldest | None:
    if not row.flags:
        return _exactly(Version.parse(row.qemu)) if row.qemu else None
    # What one build has no longer, another may have: gone is what QEMU says that it has removed.
    oldest = _first([(release, _has(row, host)) for release, host in _releases(arch)])._replace(gone=_removed_in(row))
    if oldest.known is None and not oldest.depends:
        return oldest if oldest.gone is None else Oldest(gone=oldest.gone)
    # What no architecture has in a release, this one has not either: it may have no profile of that release.
    anywhere = _first_anywhere(row)
    if anywhere is not None and (oldest.at_least is None or oldest.at_least < anywhere):
        return oldest._replace(at_least=anywhere)
    return oldest


@cache
def _first_anywhere(row: Capability) -> Version | None:
    """The first release that may have what a row needs on some architecture; None where the oldest may have it."""
    may_have = [release for release, host in _profiles() if _has(row, host) is not False]
    first = min(may_have, default=None)
    return first if first is not None and first > _profiles()[0][0] else None


def _exactly(version: Version) -> Oldest:
    return Oldest(version, version)


def _has(row: Capability, host: "Host") -> bool | None:
    """Whether a host has what a row needs; None where that is not known."""
    answers = [[host.answer(flag).presence for flag in needed] for needed in row.alternatives]
    if any(all(presence in (Presence.PRESENT, Presence.IMPLIED) for presence in needed) for needed in answers):
        return True
    return False if all(Presence.ABSENT in needed for needed in answers) else None


def _first(presences: "list[tuple[Version, bool | None]]") -> Oldest:
    """Since and until when there is something, of releases, the oldest first, that have it (None: may have it)."""
    start = next((place for place, (_release, has) in enumerate(presences) if has is not False), None)
    if start is None:
        # An architecture may have no profile of the newest releases.
        following = _after(presences[-1][0]) if presences else None
        return Oldest(following, exists=not presences or following is not None)
    known = next((release for release, has in presences if has), None)
    last = max(place for place, (_release, has) in enumerate(presences) if has is not False)
    gone = presences[last + 1][0] if last + 1 < len(presences) else None
    return Oldest(_after(presences[start - 1][0]) if start else None, known, gone, depends=known is None)


def _removed_in(row: Capability) -> Version | None:
    """The release that has none of a row's alternatives any more, where that is known."""
    from domlint.hosts.flag_table import FACTS

    ends = []
    for needed in row.alternatives:
        removed = [release for flag in needed if (release := FACTS.get(flag, {}).get("gone_in"))]
        if not removed:
            return None
        ends.append(min(map(Version.parse, removed)))
    return max(ends)


_VERSIONED_MACHINE: Final = r"(?:pc-i440fx|pc-q35|pc|virt|pseries|s390-ccw-virtio)-(\d{1,3})\.(\d{1,3})(?:\.\d{1,3})?"
"""The machines that carry in their name the release of QEMU that they came with.

Source: QEMU include/hw/boards.h and the DEFINE_*_MACHINE of hw/i386, hw/arm/virt.c, hw/ppc/spapr.c and
hw/s390x/s390-virtio-ccw.c.
"""

_MACHINE_SOURCE: Final = "the machine's name, and the bundled profiles"


def _machine_type(
    document: Document, domain: Domain, machine: str | None, archs: tuple[str, ...]
) -> Iterator[Requirement]:
    element = next(domain.element.iterfind("os/type"), None)
    if machine is None or element is None:
        return
    yield Requirement(
        Capability("machine-type", f"the machine type {machine}", ("os/type/@machine",), _MACHINE_SOURCE),
        "machine",
        (document.locate(element, "machine"),),
        {arch: _oldest_machine(machine, arch) for arch in archs},
        None,
    )


def _oldest_machine(machine: str, arch: str) -> Oldest:
    import re

    match = re.fullmatch(_VERSIONED_MACHINE, machine)
    named = Version(int(match[1]), int(match[2]), 0) if match else None
    releases = _releases(arch)
    oldest = _first([(release, _has_machine(host, machine)) for release, host in releases])
    if oldest.known is None:
        if named is None:
            # That of another architecture, or else a distribution's own.
            return Oldest(exists=not any(_has_machine(host, machine) for _release, host in _profiles()))
        if machine_class(arch, machine) is None and releases:
            return Oldest(exists=False)
        # One of before the profiles, or one newer than they are.
        is_newer = not releases or named > releases[-1][0]
        return Oldest(named, named, None if is_newer else releases[0][0])
    if named is not None and named <= oldest.known:
        return oldest._replace(at_least=named, known=named)
    return oldest


def _has_machine(host: "Host", machine: str) -> bool | None:
    if host.machine(machine) is not None:
        return True
    return False if host.lists_machines else None


def _cpu_model(document: Document, domain: Domain, archs: tuple[str, ...]) -> Iterator[Requirement]:
    """The CPU model, where nothing else will do: else libvirt takes the nearest that the host's QEMU has.

    Source: libvirt 11.3.0 docs/formatdomain.rst, CPU model and topology (fallback).
    """
    cpu = child(domain.element, "cpu")
    model = child(cpu, "model") if cpu is not None else None
    name = (model.text or "").strip() if model is not None else ""
    if cpu is None or model is None or not name or is_placeholder(name):
        return
    if attribute(cpu, "mode") not in (None, "custom") or attribute(model, "fallback") != "forbid":
        return
    yield Requirement(
        Capability(
            "cpu-model",
            f"CPUs of the model {name}",
            ("cpu/model[@fallback='forbid']",),
            "the bundled profiles; libvirt 11.3.0 docs/formatdomain.rst, CPU model and topology",
        ),
        "cpu",
        (document.locate(model),),
        {arch: _first([(release, _has_cpu(host, name)) for release, host in _releases(arch)]) for arch in archs},
        None,
    )


def _has_cpu(host: "Host", name: str) -> bool | None:
    if any(model.name == name for model in host.cpu_models):
        return True
    return False if host.lists_cpu_models else None


# libvirt: what the rows and the table of flags say.


@cache
def _oldest_libvirt(row: Capability) -> Oldest | None:
    if row.libvirt:
        return _exactly(Version.parse(row.libvirt))
    if not row.flags:
        return None
    from domlint.hosts.lifecycle import table

    flags = table()
    choices = [[flags[flag] for flag in needed] for needed in row.alternatives]
    after = min(max(flag.known_after or _NEVER for flag in needed) for needed in choices)
    known = min(max(flag.known_in or _NOT_YET for flag in needed) for needed in choices)
    if after == _NEVER:
        return Oldest(None, known)
    # libvirt has about ten releases a year, and a new major version with the year.
    starts_year = known != _NOT_YET and known.major > after.major and after.minor >= _LAST_OF_YEAR
    following = Version(after.major + 1, 0, 0) if starts_year else Version(after.major, after.minor + 1, 0)
    return Oldest(min(following, known), None if known == _NOT_YET else known)


_NEVER: Final = Version(0, 0, 0)
_NOT_YET: Final = Version(9999, 0, 0)
_LAST_OF_YEAR: Final = 10


def _together(found: "Iterable[Oldest | None]") -> Oldest:
    """What several requirements together leave."""
    all_of = [oldest for oldest in found if oldest is not None]
    at_least = [oldest.at_least for oldest in all_of if oldest.at_least is not None]
    known = [oldest.known for oldest in all_of if oldest.known is not None]
    gone = [oldest.gone for oldest in all_of if oldest.gone is not None]
    return Oldest(
        max(at_least, default=None),
        max(known, default=None) if len(known) == len(all_of) else None,
        min(gone, default=None),
        all(oldest.exists for oldest in all_of),
        any(oldest.depends for oldest in all_of),
    )
