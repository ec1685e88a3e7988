"""TUNE03x: shares of the host's caches and memory bandwidth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.bitmaps import bitmap_of, in_words
from domlint.domain.values import Unknown, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule

_CONF = "libvirt 11.3.0 src/conf/domain_conf.c"
_ALIKE = "alike in 7.0.0 and 9.0.0"


class _Monitor(NamedTuple):
    """A ``<monitor>``: its vCPUs that exist, and the kind of element that it is in."""

    element: Element
    vcpus: int
    kind: str


class _Group(NamedTuple):
    """All that is said of the same vCPUs: libvirt makes one group of the host's resource control of it.

    ``monitors`` and ``shares`` are those of the elements before, where several speak of the same vCPUs; ``other`` is
    a group that has some of the vCPUs and not the same ones, ``same`` one of the same.
    """

    element: Element
    vcpus: int
    shares: tuple[Element, ...]
    monitors: tuple[_Monitor, ...]
    other: Element | None
    same: Element | None
    shares_before: tuple[Element, ...]
    monitors_before: tuple[_Monitor, ...]


_SHARES = {"cachetune": "cache", "memorytune": "node"}


def _each_group(context: Context, cputune: Element) -> Iterator[_Group]:
    """The groups in libvirt's order, as long as all is known: first of caches, then of bandwidth."""
    most, domain = context.domain.vcpus.maximum, context.domain.element
    if not isinstance(most, int) or not context.domain.runs_on_qemu or child(domain, "cputune") is not cputune:
        return
    existing = (1 << most) - 1
    groups: list[_Group] = []
    for tag, share in _SHARES.items():
        for element in domain.iterfind(f"cputune/{tag}"):
            mask = bitmap_of(attribute(element, "vcpus"))
            monitors = [(one, bitmap_of(attribute(one, "vcpus"))) for one in element.iterchildren("monitor")]
            if not isinstance(mask, int) or any(isinstance(vcpus, Unknown) for _one, vcpus in monitors):
                return
            vcpus = mask & existing
            if not vcpus:
                continue
            same = next((group for group in groups if group.vcpus == vcpus), None)
            other = next((group for group in groups if group.vcpus != vcpus and group.vcpus & vcpus), None)
            group = _Group(
                element,
                vcpus,
                tuple(element.iterchildren(share)),
                tuple(_Monitor(one, (its if isinstance(its, int) else 0) & existing, tag) for one, its in monitors),
                None if other is None else other.element,
                None if same is None else same.element,
                () if same is None else (*same.shares_before, *same.shares),
                () if same is None else (*same.monitors_before, *same.monitors),
            )
            yield group
            # libvirt forgets what has neither shares nor monitors.
            if same is not None:
                groups[groups.index(same)] = group
            elif group.shares or group.monitors:
                groups.append(group)


def _tuned(*lines: str) -> Example:
    inside = "".join(f"  {line}\n" for line in lines)
    return Example("", around=f"<vcpu>4</vcpu>\n<cputune>\n{inside}</cputune>")


def _caches(vcpus: str, *inside: str, mark: str = "") -> tuple[str, ...]:
    return (f"<cachetune vcpus='{vcpus}'>{mark}", *(f"  {line}" for line in inside), "</cachetune>")


_CACHE = "<cache id='0' level='3' type='both' size='3' unit='MiB'/>"


@rule(
    "TUNE030",
    "resource-groups-overlap",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_group,
    source=f"{_CONF} (virDomainResctrlVcpuMatch, virDomainCachetuneDefParse), {_ALIKE}",
    bad=_tuned(*_caches("0-1", _CACHE), *_caches("1-3", _CACHE, mark=" <!-- TUNE030 -->")),
    good=_tuned(*_caches("0-1", _CACHE), *_caches("2-3", _CACHE)),
)
def resource_groups_overlap(context: Context, group: _Group) -> Problems:
    """A vCPU is in two groups that share caches or memory bandwidth.

    libvirt refuses to define the domain. `<cachetune>` and `<memorytune>` may speak of the same vCPUs, all of them; two
    `<cachetune>` may not. vCPUs that the domain does not have count for nothing.
    """
    twice = group.same if group.element.tag == "cachetune" else None
    before = group.other if group.other is not None else twice
    if before is None:
        return
    yield Problem(
        Spot(group.element, "vcpus"),
        f"some of vCPU {in_words(group.vcpus)} are in another group"
        if twice is None or group.other is not None
        else f"vCPU {in_words(group.vcpus)} have their caches already",
        "put each vCPU into one group",
        ((Spot(before, "vcpus"), "the other group"),),
    )


@rule(
    "TUNE031",
    "share-of-cache-twice",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_group,
    source=f"{_CONF} (virDomainCachetuneDefParseCache), src/util/virresctrl.c (virResctrlAllocCheckCollision),"
    f" {_ALIKE}",
    bad=_tuned(*_caches("0-1", _CACHE.replace("both", "code"), f"{_CACHE} <!-- TUNE031 -->")),
    good=_tuned(*_caches("0-1", _CACHE.replace("both", "code"), _CACHE.replace("both", "data"))),
)
def share_of_cache_twice(context: Context, group: _Group) -> Problems:
    """A group has two shares of the same cache.

    libvirt refuses to define the domain. A cache is shared as a whole, or its part for code and that for data.
    """
    if group.element.tag != "cachetune":
        return
    seen: list[tuple[object, object, object, Element]] = []
    for cache in group.shares:
        number, level = decimal(attribute(cache, "id")), decimal(attribute(cache, "level"))
        kind = attribute(cache, "type")
        if not isinstance(number, int) or not isinstance(level, int) or not isinstance(kind, str):
            continue
        for other_number, other_level, other_kind, other in seen:
            alike = kind == other_kind or "both" in (kind, other_kind)
            if (number, level) == (other_number, other_level) and alike:
                yield Problem(
                    Spot(cache),
                    f"cache {number} of level {level} is shared already",
                    "say it once, or for type='code' and type='data'",
                    ((Spot(other), "the other share"),),
                )
                break
        seen.append((number, level, kind, cache))


@rule(
    "TUNE032",
    "share-of-bandwidth-twice",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_group,
    source=f"{_CONF} (virDomainMemorytuneDefParseMemory), src/util/virresctrl.c (virResctrlAllocSetMemoryBandwidth),"
    f" {_ALIKE}",
    bad=_tuned(
        "<memorytune vcpus='0-1'>",
        "  <node id='0' bandwidth='60'/>",
        "  <node id='0' bandwidth='40'/> <!-- TUNE032 -->",
        "</memorytune>",
    ),
    good=_tuned(
        "<memorytune vcpus='0-1'>",
        "  <node id='0' bandwidth='60'/>",
        "  <node id='1' bandwidth='40'/>",
        "</memorytune>",
    ),
)
def share_of_bandwidth_twice(context: Context, group: _Group) -> Problems:
    """A group has two shares of the memory bandwidth of the same node.

    libvirt refuses to define the domain.
    """
    if group.element.tag != "memorytune":
        return
    seen = {decimal(attribute(one, "id")): one for one in group.shares_before if one.tag == "node"}
    for node in group.shares:
        number = decimal(attribute(node, "id"))
        other = seen.setdefault(number, node)
        if other is not node and isinstance(number, int):
            yield Problem(
                Spot(node, "id"),
                f"the bandwidth of node {number} is shared already",
                "say it once",
                ((Spot(other), "the other share"),),
            )


_MOST_BANDWIDTH = 100


@rule(
    "TUNE033",
    "bandwidth-above-all",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_group,
    until="10.8.0",
    since="libvirt 10.8.0 takes any number: some hosts count in MB a second",
    source="libvirt 7.0.0 and 9.0.0 src/util/virresctrl.c (virResctrlAllocSetMemoryBandwidth); NEWS.rst, 10.8.0",
    bad=_tuned(
        "<memorytune vcpus='0-1'>", "  <node id='0' bandwidth='120'/> <!-- TUNE033 -->", "</memorytune>"
    )._replace(libvirt="9.0.0"),
    good=_tuned("<memorytune vcpus='0-1'>", "  <node id='0' bandwidth='100'/>", "</memorytune>")._replace(
        libvirt="9.0.0"
    ),
)
def bandwidth_above_all(context: Context, group: _Group) -> Problems:
    """A share of memory bandwidth is more than all of it.

    libvirt before 10.8.0 counts in percent, and refuses to define the domain.
    """
    for node in group.shares if group.element.tag == "memorytune" else ():
        share = decimal(attribute(node, "bandwidth"))
        if isinstance(share, int) and share > _MOST_BANDWIDTH:
            yield Problem(Spot(node, "bandwidth"), f"{share} percent are more than all", "take 100 or less")


@rule(
    "TUNE034",
    "monitor-out-of-place",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_group,
    source=f"{_CONF} (virDomainResctrlMonDefParse, virDomainResctrlValidateMonitor), {_ALIKE}",
    bad=_tuned(*_caches("0-1", _CACHE, "<monitor level='3' vcpus='2'/> <!-- TUNE034 -->")),
    good=_tuned(*_caches("0-1", _CACHE, "<monitor level='3' vcpus='0-1'/>")),
)
def monitor_out_of_place(context: Context, group: _Group) -> Problems:
    """A monitor measures vCPUs that are not in its group, or that another one of it measures in part.

    libvirt refuses to define the domain. A monitor is for all vCPUs of its group or for some that no other of its kind
    measures; those of caches measure level 3.
    """
    has_shares = bool(group.shares or group.shares_before)
    before = list(group.monitors_before)
    for monitor in group.monitors:
        level = decimal(attribute(monitor.element, "level")) if monitor.kind == "cachetune" else 3
        what = ""
        if isinstance(level, Unknown):
            continue
        if level != 3:
            what = "monitors of caches measure level 3"
        elif not monitor.vcpus:
            what = "it measures no vCPU that exists"
        elif monitor.vcpus & ~group.vcpus:
            what = f"vCPU {in_words(monitor.vcpus & ~group.vcpus)} is not in the group"
        elif any(one.vcpus == monitor.vcpus and one.kind == monitor.kind for one in before):
            what = f"vCPU {in_words(monitor.vcpus)} is measured already"
        elif _collides(monitor, before, group.vcpus, has_shares):
            what = f"some of vCPU {in_words(monitor.vcpus)} are measured already, together with others"
        if what:
            yield Problem(
                Spot(monitor.element),
                what,
                "measure all vCPUs of the group, or parts of it that do not overlap",
                instead_of=("SCHEMA006",),
            )
            return
        before.append(monitor)


def _collides(monitor: _Monitor, before: list[_Monitor], all_vcpus: int, has_shares: bool) -> bool:
    """Tell whether a monitor has some vCPUs with another one, and not the same.

    One for all vCPUs of the group is no matter where the group has shares: it measures the group itself.
    """
    for other in before:
        if other.vcpus == monitor.vcpus or not other.vcpus & monitor.vcpus:
            continue
        if not has_shares or all_vcpus not in (other.vcpus, monitor.vcpus):
            return True
    return False


@rule(
    "TUNE035",
    "resource-group-without-kvm",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_group,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), alike in 7.0.0 and 9.0.0",
    bad=_tuned(*_caches("0-1", _CACHE, mark=" <!-- TUNE035 -->"))._replace(type="qemu"),
    good=_tuned(*_caches("0-1", _CACHE)),
)
def resource_group_without_kvm(context: Context, group: _Group) -> Problems:
    """A domain without KVM asks for shares of caches or memory bandwidth.

    libvirt refuses to define it: only vCPUs of KVM have threads of their own to measure.
    """
    if context.domain.type in ("qemu", "hvf") and group.same is None and (group.shares or group.monitors):
        yield Problem(
            Spot(group.element),
            f"shares of the host's caches and bandwidth need KVM: the domain is of type '{context.domain.type}'",
            f"take type='kvm', or remove <{group.element.tag}>",
        )
