"""Domains that a host can run or not: what libvirt 9.0.0 with QEMU 7.2, which emulates, does with each."""

from __future__ import annotations

from typing import NamedTuple

NO_PCI = "<controller type='usb' model='none'/><memballoon model='none'/>"
NODES = "<cpu><numa><cell id='0' cpus='0' memory='64' unit='MiB'/></numa></cpu>"
UNPLUGGED = (
    "<vcpu current='2'>2</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>"
    "<vcpu id='1' enabled='yes' hotpluggable='{}'/></vcpus>"
)


class HostVariant(NamedTuple):
    """A domain, what libvirt does ("ok", "define" or "start": where it refuses), and the rule that says so."""

    name: str
    text: str
    outcome: str
    code: str = ""
    arch: str = "x86_64"


def guest(around: str = "", machine: str = "pc", arch: str = "x86_64", type_: str = "qemu", devices: str = "") -> str:
    named = f" machine='{machine}'" if machine else ""
    return (
        f"<domain type='{type_}'><name>x</name><memory unit='MiB'>64</memory><os><type arch='{arch}'{named}>hvm</type>"
        f"</os>{around}<devices>{devices}</devices></domain>"
    )


def model(name: str, attributes: str = "", *features: tuple[str, str], fallback: str = "") -> str:
    listed = "".join(f"<feature policy='{policy}' name='{feature}'/>" for policy, feature in features)
    said = f" fallback='{fallback}'" if fallback else ""
    return f"<cpu mode='custom'{attributes}><model{said}>{name}</model>{listed}</cpu>"


PARTIAL, FULL = " check='partial'", " check='full'"

HOST_VARIANTS = (
    HostVariant("as it should be", guest(), "ok"),
    HostVariant("no machine", guest(machine=""), "ok"),
    HostVariant("a machine of a newer QEMU", guest(machine="pc-q35-9.9"), "define", "HOST010"),
    HostVariant("a machine that QEMU dropped", guest(machine="pc-1.2"), "define", "HOST010"),
    HostVariant("a misspelt machine", guest(machine="q53"), "define", "HOST010"),
    HostVariant("a deprecated machine", guest(machine="pc-i440fx-1.4"), "ok"),
    HostVariant("KVM", guest(type_="kvm"), "define", "HOST004"),
    HostVariant("macOS's accelerator", guest(type_="hvf"), "define", "HOST004"),
    HostVariant(
        "an emulator of another architecture",
        guest(arch="aarch64", machine="virt", devices="<emulator>/usr/bin/qemu-system-x86_64</emulator>"),
        "define",
        "HOST005",
    ),
    HostVariant("32 bits on the 64-bit emulator", guest(arch="i686"), "ok"),
    HostVariant("255 vCPUs", guest("<vcpu current='1'>255</vcpu>"), "ok"),
    HostVariant("256 vCPUs", guest("<vcpu current='1'>256</vcpu>"), "define", "HOST020"),
    HostVariant("289 vCPUs", guest("<vcpu current='1'>289</vcpu>", machine="q35"), "define", "HOST020"),
    HostVariant("two vCPUs on isapc", guest("<vcpu>2</vcpu>", "isapc", devices=NO_PCI), "define", "HOST020"),
    HostVariant("room for vCPUs on microvm", guest("<vcpu current='1'>2</vcpu>", "microvm", devices=NO_PCI), "ok"),
    HostVariant("a hotpluggable vCPU", guest(UNPLUGGED.format("yes")), "ok"),
    HostVariant(
        "a hotpluggable vCPU on Arm",
        guest(UNPLUGGED.format("yes"), "virt", "aarch64"),
        "start",
        "HOST021",
        "aarch64",
    ),
    HostVariant("a fixed vCPU on Arm", guest(UNPLUGGED.format("no"), "virt", "aarch64"), "ok", "", "aarch64"),
    HostVariant("room for vCPUs on Arm", guest("<vcpu current='1'>2</vcpu>", "virt", "aarch64"), "ok", "", "aarch64"),
    HostVariant("NUMA", guest(NODES), "ok"),
    HostVariant("NUMA on Arm", guest(NODES, "virt", "aarch64"), "ok", "", "aarch64"),
    HostVariant("NUMA on pseries", guest(NODES, "pseries", "ppc64"), "ok", "", "ppc64"),
    HostVariant("NUMA on s390x", guest(NODES, "s390-ccw-virtio", "s390x"), "start", "HOST023", "s390x"),
    HostVariant("the host's CPU", guest("<cpu mode='host-passthrough'/>"), "start", "HOST030"),
    HostVariant("the host's model", guest("<cpu mode='host-model'/>"), "ok"),
    HostVariant("the best CPU", guest("<cpu mode='maximum'/>"), "ok"),
    HostVariant(
        "the host's CPU on Arm",
        guest("<cpu mode='host-passthrough'/>", "virt", "aarch64"),
        "start",
        "HOST030",
        "aarch64",
    ),
    HostVariant(
        "the host's model on Arm", guest("<cpu mode='host-model'/>", "virt", "aarch64"), "start", "HOST030", "aarch64"
    ),
    HostVariant("the best CPU on Arm", guest("<cpu mode='maximum'/>", "virt", "aarch64"), "ok", "", "aarch64"),
    HostVariant("a model of a newer libvirt", guest(model("EPYC-Genoa")), "start", "HOST031"),
    HostVariant("a version of a model", guest(model("Skylake-Server-v3")), "start", "HOST031"),
    HostVariant("a misspelt model", guest(model("Skylake")), "start", "HOST031"),
    HostVariant("a model of Red Hat's QEMU", guest(model("cpu64-rhel6")), "ok"),
    HostVariant(
        "a model of Red Hat's QEMU or none", guest(model("cpu64-rhel6", fallback="forbid")), "start", "HOST031"
    ),
    HostVariant(
        "a model that Arm has not", guest(model("cortex-a99"), "virt", "aarch64"), "start", "HOST031", "aarch64"
    ),
    HostVariant("a model that Arm has", guest(model("cortex-a53"), "virt", "aarch64"), "ok", "", "aarch64"),
    HostVariant(
        "a model that s390x has not", guest(model("z99"), "s390-ccw-virtio", "s390x"), "start", "HOST031", "s390x"
    ),
    HostVariant(
        "a model too new for s390x's emulation",
        guest(model("gen16a"), "s390-ccw-virtio", "s390x"),
        "start",
        "HOST033",
        "s390x",
    ),
    HostVariant("the emulated model of s390x", guest(model("qemu"), "s390-ccw-virtio", "s390x"), "ok", "", "s390x"),
    HostVariant("POWER9", guest(model("POWER9"), "pseries", "ppc64"), "ok", "", "ppc64"),
    HostVariant("a model that emulation lacks parts of", guest(model("Skylake-Server")), "ok"),
    HostVariant("the same, unchecked", guest(model("Skylake-Server", " check='none'")), "ok"),
    HostVariant("the same, checked", guest(model("Skylake-Server", PARTIAL)), "start", "HOST033"),
    HostVariant("the same, checked in full", guest(model("Skylake-Server", FULL)), "start", "HOST033"),
    HostVariant("SandyBridge, checked", guest(model("SandyBridge", PARTIAL)), "start", "HOST033"),
    HostVariant(
        "SandyBridge without what is lacking, checked",
        guest(model("SandyBridge", PARTIAL, ("disable", "x2apic"), ("disable", "tsc-deadline"))),
        "ok",
    ),
    HostVariant(
        "SandyBridge with what is lacking as an option, checked",
        guest(model("SandyBridge", PARTIAL, ("optional", "x2apic"), ("optional", "tsc-deadline"))),
        "ok",
    ),
    HostVariant(
        "SandyBridge with what is lacking forbidden, checked",
        guest(model("SandyBridge", PARTIAL, ("forbid", "x2apic"), ("forbid", "tsc-deadline"))),
        "start",
        "HOST033",
    ),
    HostVariant("Westmere, checked", guest(model("Westmere", PARTIAL)), "ok"),
    HostVariant(
        "a model that lacks fxsr_opt, which QEMU spells otherwise", guest(model("phenom", PARTIAL)), "start", "HOST033"
    ),
    HostVariant("a feature that is lacking", guest(model("Nehalem", "", ("require", "avx512f"))), "ok"),
    HostVariant("the same, checked", guest(model("Nehalem", PARTIAL, ("require", "avx512f"))), "start", "HOST040"),
    HostVariant("the same, by force", guest(model("Nehalem", PARTIAL, ("force", "avx512f"))), "ok"),
    HostVariant(
        "the host's model with what is lacking",
        guest("<cpu mode='host-model'><feature policy='require' name='avx512f'/></cpu>"),
        "start",
        "HOST040",
    ),
    HostVariant(
        "the best CPU with what is lacking",
        guest("<cpu mode='maximum'><feature policy='require' name='avx512f'/></cpu>"),
        "ok",
    ),
    HostVariant(
        "a feature that libvirt spells otherwise than QEMU",
        guest(model("Nehalem", PARTIAL, ("require", "lahf_lm"))),
        "ok",
    ),
    HostVariant("one that QEMU never had", guest(model("Nehalem", "", ("require", "pconfig"))), "start", "HOST040"),
    HostVariant("one that libvirt keeps from QEMU", guest(model("Nehalem", "", ("require", "cmt"))), "ok"),
    HostVariant("a feature as Linux spells it", guest(model("Nehalem", "", ("require", "sse4_1"))), "start", "HOST042"),
    HostVariant("a feature as QEMU spells it", guest(model("Nehalem", "", ("require", "lahf-lm"))), "start", "HOST042"),
    HostVariant(
        "a feature of a newer libvirt", guest(model("Nehalem", "", ("disable", "vmx-ept"))), "start", "HOST042"
    ),
    HostVariant("a forbidden feature", guest(model("Nehalem", "", ("forbid", "aes"))), "ok"),
    HostVariant("the same, checked", guest(model("Nehalem", PARTIAL, ("forbid", "aes"))), "start", "HOST041"),
    HostVariant(
        "the host's model with a forbidden feature",
        guest("<cpu mode='host-model'><feature policy='forbid' name='aes'/></cpu>"),
        "start",
        "HOST041",
    ),
    HostVariant(
        "the best CPU with a forbidden feature",
        guest("<cpu mode='maximum'><feature policy='forbid' name='aes'/></cpu>"),
        "ok",
    ),
    HostVariant(
        "a topology on RISC-V",
        guest("<cpu><topology sockets='1' cores='1' threads='1'/></cpu>", "virt", "riscv64"),
        "start",
        "HOST035",
        "riscv64",
    ),
    HostVariant("RISC-V without a CPU", guest("", "virt", "riscv64"), "ok", "", "riscv64"),
    HostVariant(
        "ACPI on s390x, which this libvirt lets pass",
        guest("<features><acpi/></features>", "s390-ccw-virtio", "s390x"),
        "ok",
        "",
        "s390x",
    ),
)
