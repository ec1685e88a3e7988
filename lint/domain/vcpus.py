"""The vCPUs of a domain: how many there may be, how many there are at the start, and each by itself."""

from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, decimal
from domlint.placeholders import is_placeholder
from domlint.versions import Version


class Vcpu(NamedTuple):
    """A vCPU, as ``<vcpus>`` tells of it: those that it does not name are offline.

    ``hotpluggable`` is "yes", "no" or None: nothing is said of it. ``order`` is 0 where there is none.
    """

    element: Element | None
    id: int
    online: bool
    hotpluggable: Maybe[str]
    order: int


class Vcpus(NamedTuple):
    """``<vcpu>``: ``maximum`` and ``current`` are one each where there is no such element.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainVcpuParse), alike in 7.0.0 and 9.0.0.
    """

    element: Element | None
    maximum: Maybe[int]
    current: Maybe[int]
    placement: Maybe[str]

    @property
    def is_placed_by_numad(self) -> bool | Unknown:
        """Tell whether numad says where the vCPUs run."""
        return self.placement if isinstance(self.placement, Unknown) else self.placement == "auto"


def read_vcpus(domain: Element) -> Vcpus:
    """What the first ``<vcpu>`` of a domain says."""
    element = child(domain, "vcpu")
    if element is None:
        return Vcpus(None, 1, 1, None)
    text = (element.text or "").strip()
    maximum = UNKNOWN if is_placeholder(text) else decimal(text)
    current = decimal(attribute(element, "current"))
    return Vcpus(element, maximum, maximum if current is None else current, attribute(element, "placement"))


def each_vcpu(domain: Element, maximum: int) -> tuple[Vcpu, ...] | None:
    """All vCPUs one by one, by number; None where ``<vcpus>`` tells of none, or not in a way that libvirt takes."""
    entries: dict[int, Vcpu] = {}
    for group in domain.iterchildren("vcpus"):
        for element in group.iterchildren("vcpu"):
            number, order = decimal(attribute(element, "id")), decimal(attribute(element, "order"))
            enabled, pluggable = attribute(element, "enabled"), attribute(element, "hotpluggable")
            if not isinstance(number, int) or number >= maximum or isinstance(order, Unknown):
                return None
            if enabled not in ("yes", "no") or pluggable not in ("yes", "no", None):
                return None
            before = entries.get(number)
            # What a second entry of a vCPU leaves out stays as it was.
            if before is not None:
                pluggable, order = pluggable or before.hotpluggable, before.order if order is None else order
            entries[number] = Vcpu(element, number, enabled == "yes", pluggable, order or 0)
    if not entries:
        return None
    return tuple(entries.get(number, Vcpu(None, number, False, None, 0)) for number in range(maximum))


_LEVELS_SINCE: Final = {"dies": Version(6, 1, 0), "clusters": Version(10, 1, 0)}
"""The levels of a topology that need not be named, and the libvirt since which they count: an older one drops them.

Source: docs/formatdomain.rst of libvirt; seen with libvirt 9.0.0, which drops clusters.
"""


def threads_of_topology(domain: Element, libvirt: Version | None) -> Maybe[int]:
    """The vCPUs that ``<topology>`` makes: None without one, UNKNOWN where it is not known or libvirt refuses it.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefGetVcpusTopology) and cpu_conf.c (virCPUDefParseXML).
    """
    cpu = child(domain, "cpu")
    topology = None if cpu is None else child(cpu, "topology")
    if topology is None:
        return None
    product = 1
    for name in ("sockets", "dies", "clusters", "cores", "threads"):
        since = _LEVELS_SINCE.get(name)
        if since is not None and libvirt is not None and libvirt < since:
            continue
        number = decimal(attribute(topology, name))
        if number is None and since is not None:
            continue
        if not isinstance(number, int) or not number:
            return UNKNOWN
        product *= number
    return product
