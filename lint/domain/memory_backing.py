"""How the guest's memory is backed: whether another process can share it."""

from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, attribute, child

_SHARED: Final = "shared"


class Sharing(NamedTuple):
    """Whether other processes can share all of the guest's memory; None where a placeholder hides it.

    ``culprit`` is the element that says that some of it is private: a NUMA cell or ``<access>``; None where the file
    says nothing of it, as memory is private by default.
    """

    is_shared: bool | None
    culprit: Element | None


def memory_sharing(domain: Element) -> Sharing:
    """How memory is shared, which vhost-user devices need.

    What a NUMA cell says in memAccess counts before what ``<memoryBacking>`` says of all. Source: libvirt 7.0.0 to
    11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefVhostUserRequireSharedMemory; in 7.0.0
    qemuValidateDomainDefVirtioFSSharedMemory).
    """
    backing = child(domain, "memoryBacking")
    access = None if backing is None else child(backing, "access")
    common = attribute(access, "mode")
    cpu = child(domain, "cpu")
    numa = None if cpu is None else child(cpu, "numa")
    cells = [] if numa is None else list(numa.iterchildren("cell"))
    modes: list[tuple[Maybe[str], Element | None]] = [
        (common, access) if attribute(cell, "memAccess") is None else (attribute(cell, "memAccess"), cell)
        for cell in cells
    ]
    modes = modes or [(common, access)]
    private = [culprit for mode, culprit in modes if mode is not UNKNOWN and mode != _SHARED]
    if private:
        return Sharing(False, next((culprit for culprit in private if culprit is not None), None))
    return Sharing(None if any(mode is UNKNOWN for mode, _culprit in modes) else True, None)


def sharing_advice(domain: Element, culprit: Element | None) -> str:
    """What to change in a domain so that all memory is shared."""
    if culprit is not None:
        name = "memAccess" if culprit.tag == "cell" else "mode"
        return f"say {name}='shared' in <{culprit.tag}>"
    if child(domain, "memoryBacking") is None:
        return "add <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
    return "add <access mode='shared'/> to <memoryBacking>"
