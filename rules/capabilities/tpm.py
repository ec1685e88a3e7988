"""What ``<tpm>`` needs."""

from domlint.capability import Capability
from domlint.findings import Outcome

_VALIDATE = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefTPM)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, TPM device"

ROWS = (
    Capability(
        "tpm-passthrough",
        "TPMs of the host, passed through",
        ("devices/tpm/backend/@type='passthrough'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags="tpm-passthrough",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "tpm-emulator",
        "emulated TPMs",
        ("devices/tpm/backend/@type='emulator'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="tpm-emulator",
        libvirt="4.5.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "tpm-external",
        "TPM emulators that are started elsewhere",
        ("devices/tpm/backend/@type='external'",),
        f"{_VALIDATE}, 9.0.0 and 11.3.0; {_FORMAT}",
        flags="tpm-emulator",
        libvirt="9.0.0",
        outcome=Outcome.DEFINE,
        asked="9.0.0",
    ),
    Capability(
        "tpm-tis",
        "TPMs of the model tpm-tis",
        ("devices/tpm/@model='tpm-tis'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags="tpm-tis",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "tpm-crb",
        "TPMs of the model tpm-crb",
        ("devices/tpm/@model='tpm-crb'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="tpm-crb",
        libvirt="4.4.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "tpm-spapr",
        "TPMs of pSeries machines",
        ("devices/tpm/@model='tpm-spapr'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="tpm-spapr",
        libvirt="6.1.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "tpm-spapr-proxy",
        "TPM proxies of pSeries machines",
        ("devices/tpm/@model='spapr-tpm-proxy'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="spapr-tpm-proxy",
        libvirt="6.5.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "tpm-encryption",
        "an encrypted state of emulated TPMs",
        ("devices/tpm/backend/encryption",),
        _FORMAT,
        libvirt="5.6.0",
    ),
    Capability(
        "tpm-persistent-state",
        "keeping the state of transient domains' TPMs",
        ("devices/tpm/backend/@persistent_state='yes'",),
        _FORMAT,
        libvirt="7.0.0",
    ),
    Capability(
        "tpm-pcr-banks",
        "a choice of TPM's PCR banks",
        ("devices/tpm/backend/active_pcr_banks",),
        _FORMAT,
        libvirt="7.10.0",
    ),
    Capability(
        "tpm-debug",
        "a debug level of the TPM emulator",
        ("devices/tpm/backend/@debug",),
        _FORMAT,
        libvirt="10.6.0",
    ),
    Capability(
        "tpm-state-place",
        "a choice of where a TPM's state is kept",
        ("devices/tpm/backend[@type='emulator']/source",),
        _FORMAT,
        libvirt="10.10.0",
    ),
    Capability(
        "tpm-profile",
        "profiles of TPMs",
        ("devices/tpm/backend/profile",),
        _FORMAT,
        libvirt="10.10.0",
    ),
)
