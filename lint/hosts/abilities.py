"""What people ask of a host: a table of questions, each with where the files of a host answer it.

The name of a flag asks what QEMU can do. What else a host must have (a program, firmware, a CPU) is in
``<domainCapabilities>`` alone.
"""

# No "from __future__ import annotations": see model.py.
from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.architectures import X86
from domlint.hosts.answer import Answer, Presence
from domlint.hosts.model import Host
from domlint.hosts.parts import DomainCapabilities


class Question(NamedTuple):
    """Something that a host may be able to do.

    QEMU can where it has one of ``flags``. ``listed`` are places of ``<domainCapabilities>`` that say whether libvirt
    offers it: the path of an element that is supported or not, or of an enumeration and a value in it, as in
    :class:`DomainCapabilities`. ``needs`` is what must be on the host beside QEMU, "" for nothing.
    ``architectures`` are those that know of it, empty for all.
    """

    name: str
    title: str
    flags: tuple[str, ...]
    listed: tuple[tuple[str, str | None], ...]
    needs: str
    architectures: tuple[str, ...]
    source: str


class Ability(NamedTuple):
    """Whether a host can do something: ``can`` is None where its files do not tell. ``reason`` is for people.

    ``is_plain`` says that the reason is no more than that a file says so.
    """

    name: str
    title: str
    can: bool | None
    reason: str
    is_plain: bool


_CAPABILITIES = "libvirt 11.3.0 src/qemu/qemu_capabilities.c"
_VALIDATE = "libvirt 11.3.0 src/qemu/qemu_validate.c"
_ARM = ("aarch64", "armv7l")

QUESTIONS: Final = (
    Question(
        "failover",
        "failover pairs (<teaming>)",
        ("virtio-net.failover",),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefNetwork)",
    ),
    Question(
        "vfio",
        "assigned PCI devices (VFIO)",
        ("vfio-pci",),
        (("devices/hostdev/pciBackend", "vfio"),),
        "an IOMMU that is switched on, and vfio-pci in the host's kernel",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainDeviceHostdevCaps)",
    ),
    Question(
        "vdpa",
        "vDPA network cards",
        ("netdev.vhost-vdpa",),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefNetwork)",
    ),
    Question(
        "rss",
        "RSS of virtio NICs",
        ("virtio-net.rss",),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefNetwork)",
    ),
    Question(
        "passt",
        "passt networking",
        ("netdev.stream",),
        (("devices/interface/backendType", "passt"),),
        "",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainDeviceInterfaceCaps)",
    ),
    Question(
        "vsock",
        "vsock",
        ("vhost-vsock",),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefVsock)",
    ),
    Question(
        "virtiofs",
        "virtiofs",
        ("vhost-user-fs",),
        (("devices/filesystem/driverType", "virtiofs"),),
        "",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainDeviceFSCaps)",
    ),
    Question(
        "iothreads",
        "I/O threads",
        ("iothread",),
        (("iothreads", None),),
        "",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainIOThreadCaps)",
    ),
    Question(
        "iothread-mapping",
        "several I/O threads for a disk",
        ("virtio-blk.iothread-mapping",),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefDiskIOThreads)",
    ),
    Question(
        "io_uring",
        "io_uring",
        ("aio.io_uring",),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefDiskFrontend)",
    ),
    Question(
        "nvme",
        "emulated NVMe disks",
        ("nvme",),
        (),
        "",
        (),
        "libvirt after 11.3.0 src/qemu/qemu_capabilities.c (nvme, nvme-ns)",
    ),
    Question(
        "backup",
        "incremental backup",
        ("incremental-backup",),
        (("features/backup", None),),
        "",
        (),
        f"{_CAPABILITIES} (domCapsTuples)",
    ),
    Question(
        "tpm-emulator",
        "emulated TPM",
        ("tpm-emulator",),
        (("devices/tpm/backendModel", "emulator"),),
        "the program swtpm on the host",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainDeviceTPMCaps)",
    ),
    Question(
        "uefi",
        "UEFI",
        (),
        (("os/firmware", "efi"),),
        "firmware on the host",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainOSCaps)",
    ),
    Question(
        "secure-boot",
        "Secure Boot",
        (),
        (("os/loader/secure", "yes"),),
        "firmware on the host",
        ("x86_64", "aarch64"),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainLoaderCaps)",
    ),
    Question(
        "spice",
        "SPICE",
        ("spice",),
        (("devices/graphics/type", "spice"),),
        "",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainDeviceGraphicsCaps)",
    ),
    Question(
        "vnc",
        "VNC",
        ("vnc",),
        (("devices/graphics/type", "vnc"),),
        "",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainDeviceGraphicsCaps)",
    ),
    Question(
        "virtio-gpu",
        "virtio-gpu",
        ("virtio-gpu",),
        (("devices/video/modelType", "virtio"),),
        "",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainDeviceVideoCaps)",
    ),
    Question(
        "3d",
        "3D with virtio-gpu",
        ("virtio-gpu-gl-pci", "virtio-vga-gl", "virtio-gpu.virgl"),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefVideo)",
    ),
    Question(
        "usb-redirection",
        "USB redirection",
        ("usb-redir",),
        (("devices/redirdev/bus", "usb"),),
        "",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainDeviceRedirdevCaps)",
    ),
    Question(
        "memory-hotplug",
        "memory hotplug (DIMMs)",
        ("pc-dimm",),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefMemory)",
    ),
    Question(
        "virtio-mem",
        "virtio-mem",
        ("virtio-mem-pci", "virtio-mem-ccw"),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefMemory)",
    ),
    Question(
        "nvdimm",
        "NVDIMMs",
        ("nvdimm",),
        (),
        "",
        (),
        f"{_VALIDATE} (qemuValidateDomainDeviceDefMemory)",
    ),
    Question(
        "memfd",
        "memory in a memfd",
        ("memory-backend-memfd",),
        (("memoryBacking/sourceType", "memfd"),),
        "",
        (),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainMemoryBackingCaps)",
    ),
    Question(
        "guest-iommu",
        "an IOMMU for the guest",
        ("intel-iommu", "amd-iommu", "virtio-iommu-pci"),
        (),
        "",
        X86,
        f"{_VALIDATE} (qemuValidateDomainDeviceDefIOMMU)",
    ),
    Question(
        "guest-iommu",
        "an IOMMU for the guest",
        ("machine.virt.iommu", "virtio-iommu-pci"),
        (),
        "",
        _ARM,
        f"{_VALIDATE} (qemuValidateDomainDeviceDefIOMMU)",
    ),
    Question(
        "sev",
        "SEV",
        ("sev-guest",),
        (("features/launchSecurity/sectype", "sev"), ("features/sev", None)),
        "",
        X86,
        f"{_CAPABILITIES} (virQEMUCapsProbeQMPSEVCapabilities takes the flag back where the host has none)",
    ),
    Question(
        "sev-snp",
        "SEV-SNP",
        ("sev-snp-guest",),
        (("features/launchSecurity/sectype", "sev-snp"),),
        "",
        X86,
        f"{_CAPABILITIES} (virQEMUCapsProbeQMPSEVCapabilities takes the flag back where the host has none)",
    ),
    Question(
        "tdx",
        "TDX",
        ("tdx-guest",),
        (("features/launchSecurity/sectype", "tdx"), ("features/tdx", None)),
        "an Intel CPU with TDX",
        X86,
        "libvirt after 11.3.0 src/qemu/qemu_capabilities.c (tdx-guest)",
    ),
    Question(
        "sgx",
        "SGX",
        ("sgx-epc",),
        (("features/sgx", None),),
        "",
        X86,
        f"{_CAPABILITIES} (virQEMUCapsProbeQMPSGXCapabilities takes the flag back where the host has none)",
    ),
    Question(
        "secure-execution",
        "Secure Execution (s390-pv)",
        ("s390-pv-guest",),
        (("features/launchSecurity/sectype", "s390-pv"), ("features/s390-pv", None)),
        "a CPU and a kernel that have it switched on",
        ("s390x",),
        f"{_CAPABILITIES} (virQEMUCapsFillDomainFeatureS390PVCaps)",
    ),
)
"""The questions, in the order in which they are answered."""


def abilities(host: Host) -> Iterator[Ability]:
    """What the files of a host answer to each question that its architecture knows of."""
    for question in QUESTIONS:
        if not question.architectures or host.arch in question.architectures:
            yield _answer(host, question)


def _answer(host: Host, question: Question) -> Ability:
    def answer(can: bool | None, reason: str, is_plain: bool = False) -> Ability:
        return Ability(question.name, question.title, can, reason, is_plain)

    said = [(domain, offered) for domain in host.domain_capabilities for offered in [_offered(domain, question)]]
    offering = [domain for domain, offered in said if offered]
    lacking = [domain for domain, offered in said if offered is False]
    if offering and lacking:
        return answer(True, f"for {_in_words(offering, host)}, but not for {_in_words(lacking, host)}")
    if offering:
        return answer(True, "libvirt offers it", is_plain=True)
    if lacking:
        return answer(False, f"libvirt does not offer it{f'; it needs {question.needs}' if question.needs else ''}")
    if not question.flags or not host.lists_flags:
        return answer(None, _where_it_would_stand(host, question))
    best = _best(host, question.flags)
    if best.presence is Presence.ABSENT:
        return answer(False, best.reason)
    if best.presence is Presence.UNKNOWN:
        return answer(None, best.reason)
    if question.needs:
        return answer(None, f"QEMU can; it needs {question.needs} ({_where_it_would_stand(host, question)})")
    return answer(True, best.reason, is_plain=best.presence is Presence.PRESENT)


def _best(host: Host, flags: tuple[str, ...]) -> Answer:
    order = (Presence.PRESENT, Presence.IMPLIED, Presence.UNKNOWN, Presence.ABSENT)
    return min((host.answer(flag) for flag in flags), key=lambda answer: order.index(answer.presence))


def _offered(domain: DomainCapabilities, question: Question) -> bool | None:
    """Whether libvirt says that it offers it; None where it does not speak of it."""
    for path, value in question.listed:
        if value is None:
            found = domain.supported.get(path)
        elif path in domain.enumerations:
            found = value in domain.enumerations[path]
        else:
            # libvirt writes no enumerations into an element that is not supported.
            found = False if domain.supported.get(path.rpartition("/")[0]) is False else None
        if found is not None:
            return found
    return None


def _where_it_would_stand(host: Host, question: Question) -> str:
    if not question.listed:
        return "no file given lists the capabilities of QEMU"
    return "the domcapabilities file does not tell" if host.domain_capabilities else "no domcapabilities file given"


_NAMED: Final = 3


def _in_words(domains: list[DomainCapabilities], host: Host) -> str:
    """The domains by machine, and by type where there are several types."""
    several = len({domain.virt_type for domain in host.domain_capabilities}) > 1
    named = [
        f"{f'{domain.virt_type} on ' if several else ''}{domain.machine or 'any machine'}"
        for domain in domains[:_NAMED]
    ]
    more = len(domains) - len(named)
    return f"{', '.join(named)}{f' and {more} more' if more else ''}"
