"""What ``<features>`` and ``<clock>`` need."""

from domlint.architectures import PPC64, RISCV, X86
from domlint.capability import Capability
from domlint.findings import Outcome

_FEATURES = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefFeatures)"
_PSERIES = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefPSeriesFeature)"
_TIMERS = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefClockTimers)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Hypervisor features"


def _pseries(name: str, words: str, selector: str, flag: str, libvirt: str) -> Capability:
    return Capability(
        f"feature-{name}",
        words,
        (f"features/{selector}",),
        f"{_PSERIES}, 7.0.0; {_FORMAT}",
        flags=flag,
        libvirt=libvirt,
        outcome=Outcome.DEFINE,
        architectures=PPC64,
        machines=("pseries",),
    )


def _hyperv(name: str, words: str, libvirt: str, qemu: str, selector: str = "") -> Capability:
    return Capability(
        f"hyperv-{name.replace('_', '-')}",
        words,
        (f"features/hyperv/{selector or name}/@state='on'",),
        _FORMAT,
        libvirt=libvirt,
        qemu=qemu,
        architectures=X86,
    )


def _kvm(name: str, words: str, libvirt: str, qemu: str) -> Capability:
    return Capability(f"kvm-{name}", words, (f"features/kvm/{name}/@state='on'",), _FORMAT, libvirt=libvirt, qemu=qemu)


ROWS = (
    Capability(
        "feature-vmcoreinfo",
        "details of a crashed kernel for the host (vmcoreinfo)",
        ("features/vmcoreinfo[not(@state='off')]",),
        f"{_FEATURES}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="vmcoreinfo",
        libvirt="4.4.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "feature-smm",
        "a choice of system management mode (SMM)",
        ("features/smm",),
        f"{_FEATURES}, 7.0.0; {_FORMAT}",
        flags="smm",
        libvirt="2.1.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "feature-smm-tseg",
        "a size of the memory for SMM",
        ("features/smm[not(@state='off')]/tseg",),
        f"libvirt src/qemu/qemu_domain.c (qemuDomainDefTsegPostParse), 7.0.0 to 11.3.0; {_FORMAT}",
        flags="mch.extended-tseg-mbytes",
        libvirt="4.5.0",
        outcome=Outcome.DEFINE,
        architectures=X86,
        machines=("q35",),
    ),
    Capability(
        "feature-ioapic",
        "a choice of the I/O APIC",
        ("features/ioapic/@driver",),
        f"{_FEATURES}, 7.0.0; {_FORMAT}",
        flags="kernel-irqchip",
        libvirt="3.4.0",
        outcome=Outcome.DEFINE,
        architectures=X86,
    ),
    Capability(
        "feature-split-ioapic",
        "an I/O APIC in QEMU (split)",
        ("features/ioapic/@driver='qemu'",),
        f"{_FEATURES}, 7.0.0; {_FORMAT}",
        flags="kernel-irqchip.split",
        libvirt="3.4.0",
        outcome=Outcome.DEFINE,
        architectures=X86,
    ),
    Capability(
        "feature-vmport",
        "a choice of VMware's I/O port",
        ("features/vmport",),
        f"{_FEATURES}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="machine-vmport-opt",
        libvirt="1.2.16",
        outcome=Outcome.DEFINE,
        machines=("i440fx", "q35"),
    ),
    Capability(
        "feature-ps2",
        "turning off the PS/2 controller",
        ("features/ps2",),
        f"{_FEATURES}, 11.3.0; {_FORMAT}",
        flags="i8042 + machine-i8042-opt",
        libvirt="10.7.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
        machines=("i440fx", "q35"),
    ),
    Capability(
        "feature-ras",
        "reports of hardware errors to Arm guests (RAS)",
        ("features/ras",),
        f"{_FEATURES}, 11.3.0; {_FORMAT}",
        flags="machine.virt.ras",
        libvirt="10.4.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
        architectures=("aarch64", "armv7l"),
        machines=("virt",),
    ),
    Capability(
        "feature-aia",
        "RISC-V's advanced interrupt architecture (AIA)",
        ("features/aia",),
        f"{_FEATURES}, 11.3.0; {_FORMAT}",
        flags="machine.virt.aia",
        libvirt="11.1.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
        architectures=RISCV,
        machines=("virt",),
    ),
    Capability(
        "feature-async-teardown",
        "asynchronous teardown",
        ("features/async-teardown[not(@enabled='no')]",),
        f"{_FEATURES}, 11.3.0; {_FORMAT}",
        flags="run-with.async-teardown",
        libvirt="9.6.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    _pseries("hpt-resizing", "resizing of hash page tables", "hpt/@resizing", "machine.pseries.resize-hpt", "3.10.0"),
    _pseries(
        "hpt-page-size",
        "a largest page of hash page tables",
        "hpt/maxpagesize",
        "machine.pseries.cap-hpt-max-page-size",
        "4.5.0",
    ),
    _pseries("htm", "hardware transactional memory", "htm", "machine.pseries.cap-htm", "4.6.0"),
    _pseries("nested-hv", "nested guests of pSeries", "nested-hv", "machine.pseries.cap-nested-hv", "4.10.0"),
    _pseries("ccf-assist", "count cache flush assist", "ccf-assist", "machine.pseries.cap-ccf-assist", "5.9.0"),
    _pseries("cfpc", "cache flush on privilege change", "cfpc", "machine.pseries.cap-cfpc", "6.3.0"),
    _pseries("sbbc", "speculation barrier bounds checking", "sbbc", "machine.pseries.cap-sbbc", "6.3.0"),
    _pseries("ibs", "indirect branch speculation", "ibs", "machine.pseries.cap-ibs", "6.3.0"),
    _hyperv("frequencies", "Hyper-V: frequency MSRs", "4.7.0", "2.12"),
    _hyperv("reenlightenment", "Hyper-V: notification after migration", "4.7.0", "3.0"),
    _hyperv("tlbflush", "Hyper-V: TLB flush", "4.7.0", "3.0"),
    _hyperv("tlbflush-direct", "Hyper-V: direct TLB flush", "11.0.0", "7.1", "tlbflush[@state='on']/direct"),
    _hyperv("tlbflush-extended", "Hyper-V: extended TLB flush", "11.0.0", "7.1", "tlbflush[@state='on']/extended"),
    _hyperv("ipi", "Hyper-V: interrupts between CPUs", "4.10.0", "3.1"),
    _hyperv("evmcs", "Hyper-V: enlightened VMCS", "4.10.0", "3.1"),
    _hyperv("stimer-direct", "Hyper-V: direct timers", "5.7.0", "4.1", "stimer[@state='on']/direct"),
    _hyperv("avic", "Hyper-V: interrupts by APICv or AVIC", "8.10.0", "6.2"),
    _hyperv("emsr_bitmap", "Hyper-V: MSR bitmaps of nested guests", "10.7.0", "7.1"),
    _hyperv("xmm_input", "Hyper-V: hypercalls in XMM registers", "10.7.0", "7.1"),
    Capability(
        "hyperv-passthrough",
        "Hyper-V: all that the host has",
        ("features/hyperv/@mode='passthrough'",),
        _FORMAT,
        libvirt="8.0.0",
        architectures=X86,
    ),
    _kvm("hint-dedicated", "KVM: hint that CPUs are dedicated", "5.7.0", "2.12"),
    _kvm("poll-control", "KVM: polling in the guest", "6.10.0", "4.2"),
    _kvm("pv-ipi", "KVM: interrupts between CPUs", "7.10.0", "3.1"),
    _kvm("dirty-ring", "KVM: dirty ring", "8.0.0", "6.1"),
    Capability(
        "tcg-cache",
        "a size of TCG's cache",
        ("features/tcg/tb-cache",),
        _FORMAT,
        libvirt="8.0.0",
    ),
    Capability(
        "timer-armv",
        "a choice of Arm's virtual timer",
        ("clock/timer[@name='armvtimer']",),
        f"{_TIMERS}, 7.0.0 to 11.3.0; libvirt 11.3.0 docs/formatdomain.rst, Time keeping",
        flags="cpu.kvm-no-adjvtime",
        libvirt="6.1.0",
        outcome=Outcome.DEFINE,
        machines=("virt",),
        types=("kvm",),
    ),
    Capability(
        "timer-pit-catchup",
        "a PIT timer that catches up",
        ("clock/timer[@name='pit']/@tickpolicy='catchup'",),
        f"{_TIMERS}, 7.0.0 to 11.3.0",
        flags="kvm-pit-lost-tick-policy",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "timer-hpet",
        "HPET timers",
        ("clock/timer[@name='hpet']/@present='yes'",),
        f"{_TIMERS}, 7.0.0 and 9.0.0",
        flags="no-hpet",
        outcome=Outcome.DEFINE,
        architectures=X86,
    ),
    Capability(
        "clock-absolute",
        "a clock that starts at a given time",
        ("clock/@offset='absolute'",),
        "libvirt 11.3.0 docs/formatdomain.rst, Time keeping",
        libvirt="8.4.0",
    ),
)
