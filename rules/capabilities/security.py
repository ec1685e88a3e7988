"""What ``<launchSecurity>`` needs. Whether a host has it is a matter of its CPU and kernel, too."""

from domlint.architectures import S390, X86
from domlint.capability import Capability
from domlint.findings import Outcome

_DOMAIN = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDef)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Launch Security"

ROWS = (
    Capability(
        "launch-sev",
        "memory encrypted by AMD SEV",
        ("launchSecurity/@type='sev'",),
        f"{_DOMAIN}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="sev-guest",
        libvirt="4.4.0",
        outcome=Outcome.DEFINE,
        architectures=X86,
    ),
    Capability(
        "launch-sev-hashes",
        "hashes of the kernel in SEV's measurement",
        ("launchSecurity[@type='sev']/@kernelHashes",),
        f"{_DOMAIN}, 9.0.0 and 11.3.0; {_FORMAT}",
        flags="sev-guest-kernel-hashes",
        libvirt="8.0.0",
        outcome=Outcome.DEFINE,
        asked="9.0.0",
        architectures=X86,
    ),
    Capability(
        "launch-sev-snp",
        "memory encrypted by AMD SEV-SNP",
        ("launchSecurity/@type='sev-snp'",),
        f"{_DOMAIN}, 11.3.0; {_FORMAT}",
        flags="sev-snp-guest",
        libvirt="10.5.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
        architectures=X86,
    ),
    Capability(
        "launch-s390-pv",
        "IBM Secure Execution",
        ("launchSecurity/@type='s390-pv'",),
        f"{_DOMAIN}, 9.0.0 and 11.3.0; {_FORMAT}",
        flags="s390-pv-guest + confidential-guest-support",
        libvirt="7.6.0",
        outcome=Outcome.DEFINE,
        asked="9.0.0",
        architectures=S390,
    ),
    Capability(
        "launch-tdx",
        "Intel TDX",
        ("launchSecurity/@type='tdx'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDef), after 11.3.0",
        flags="tdx-guest",
        architectures=X86,
    ),
)
