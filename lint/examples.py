"""The examples of rules made whole: a domain around the fragment, the host and the networks it is held against."""

from typing import Any

from domlint.hosts import Host
from domlint.networks import Network, read_network
from domlint.rule import Example

_CAPABILITIES = """\
<qemuCaps>
  <emulator>/usr/bin/qemu-system-x86_64</emulator>
  <qemuctime>0</qemuctime>
  <selfctime>0</selfctime>
  <selfvers>{selfvers}</selfvers>
{flags}
  <version>{version}</version>
  <microcodeVersion>0</microcodeVersion>
  <package>{package}</package>
  <arch>x86_64</arch>
  <machine type='kvm' name='pc-i440fx-{release}' alias='pc' maxCpus='255' default='yes'/>
  <machine type='kvm' name='pc-q35-{release}' alias='q35' maxCpus='288'/>
  <machine type='kvm' name='microvm' maxCpus='288'/>
  <machine type='kvm' name='isapc' maxCpus='1'/>
</qemuCaps>
"""

_FLAGS = (
    *("VGA", "qxl", "virtio-gpu", "vnc", "usb-kbd", "usb-hub", "qemu-xhci", "ich9-usb-ehci1", "ich9-intel-hda"),
    *("hda-duplex", "rtl8139", "virtio-net", "vfio-pci", "virtio-scsi-pci", "ich9-ahci", "usb-storage", "nvdimm"),
    *("pci-bridge", "dmi-to-pci-bridge", "pcie-root-port", "ioh3420", "pcie-pci-bridge", "pxb", "pxb-pcie"),
    *("virtio-rng", "rng-random", "tpm-emulator", "tpm-tis", "tpm-crb", "vhost-vsock", "pvpanic", "intel-iommu"),
)
"""What all the hosts of examples have: devices in common use."""

_FLAGS_OF_6_2 = ("virtio-mem-pci", "vhost-user-fs", "smp-dies", "rng-builtin", "aio.io_uring", "netdev.vhost-vdpa")

EXAMPLE_HOSTS: dict[str, dict[str, Any]] = {
    "qemu-4.1": {"selfvers": 6001000, "version": 4001000, "package": "v4.1.0", "release": "4.1"},
    "qemu-4.2-snapshot": {
        "selfvers": 9000000,
        "version": 4002000,
        "package": "v4.1.0-2221-g36609b4fa3",
        "release": "4.2",
    },
    "qemu-5.1": {
        "selfvers": 7000000,
        "version": 5001000,
        "package": "v5.1.0",
        "release": "5.1",
        "flags": ("vhost-user-fs",),
    },
    "qemu-6.2": {
        "selfvers": 11003000,
        "version": 6002000,
        "package": "v6.2.0",
        "release": "6.2",
        "flags": _FLAGS_OF_6_2,
    },
    "qemu-lsi": {
        "selfvers": 11003000,
        "version": 8002000,
        "package": "v8.2.0",
        "release": "8.2",
        "flags": ("lsi", "piix3-usb-uhci"),
    },
    "qemu-without-uhci": {"selfvers": 11003000, "version": 8002000, "package": "v8.2.0", "release": "8.2"},
    "qemu-8.2": {"selfvers": 10000000, "version": 8002000, "package": "v8.2.0", "release": "8.2"},
}
"""Hosts that examples name: QEMU and the libvirt that probed it, numbered as in a capability file."""

WHOLE_HOSTS = {
    "qemu-7.2-tcg": """\
<qemuCaps>
  <emulator>/usr/bin/qemu-system-x86_64</emulator>
  <selfvers>9000000</selfvers>
  <flag name='tcg'/>
  <flag name='cpu-max'/>
  <version>7002000</version>
  <arch>x86_64</arch>
  <hostCPU type='tcg' model='base' migratability='yes'>
{properties}
  </hostCPU>
  <cpu type='tcg' name='Nehalem' usable='yes'/>
  <cpu type='tcg' name='Icelake-Client' usable='yes' deprecated='yes'/>
  <cpu type='tcg' name='Skylake-Client' usable='no'>
    <blocker name='pcid'/>
    <blocker name='x2apic'/>
    <blocker name='hle'/>
  </cpu>
  <cpu type='tcg' name='SandyBridge' usable='no'>
    <blocker name='x2apic'/>
    <blocker name='tsc-deadline'/>
  </cpu>
  <machine type='tcg' name='pc-i440fx-7.2' alias='pc' hotplugCpus='yes' maxCpus='255' default='yes'/>
  <machine type='tcg' name='pc-i440fx-1.4' hotplugCpus='yes' maxCpus='255' deprecated='yes'/>
  <machine type='tcg' name='pc-q35-7.2' alias='q35' hotplugCpus='yes' maxCpus='288'/>
</qemuCaps>
""",
    "qemu-7.2-sgx": """\
<qemuCaps>
  <emulator>/usr/bin/qemu-system-x86_64</emulator>
  <selfvers>11000000</selfvers>
  <flag name='kvm'/>
  <flag name='sgx-epc'/>
  <version>7002000</version>
  <arch>x86_64</arch>
  <sgx supported='yes'>
    <flc>yes</flc>
    <sgx1>yes</sgx1>
    <sgx2>no</sgx2>
    <section_size unit='KiB'>131072</section_size>
    <sections>
      <section node='0' size='131072' unit='KiB'/>
    </sections>
  </sgx>
  <machine type='kvm' name='pc-q35-7.2' alias='q35' hotplugCpus='yes' maxCpus='288'/>
  <machine type='kvm' name='pc-q35-8.2' hotplugCpus='yes' maxCpus='1024'/>
</qemuCaps>
""",
    "qemu-9.2": """\
<qemuCaps>
  <emulator>/usr/bin/qemu-system-x86_64</emulator>
  <selfvers>11000000</selfvers>
  <flag name='kvm'/>
  <flag name='lsi'/>
  <version>9002000</version>
  <arch>x86_64</arch>
  <machine type='kvm' name='pc-i440fx-9.2' alias='pc' hotplugCpus='yes' maxCpus='255' default='yes'/>
  <machine type='kvm' name='pc-q35-9.2' alias='q35' hotplugCpus='yes' maxCpus='4096'/>
  <machine type='kvm' name='pc-q35-8.2' hotplugCpus='yes' maxCpus='1024'/>
</qemuCaps>
""",
    "aarch64-8.2": """\
<qemuCaps>
  <emulator>/usr/bin/qemu-system-aarch64</emulator>
  <selfvers>10000000</selfvers>
  <flag name='kvm'/>
  <version>8002000</version>
  <arch>aarch64</arch>
  <machine type='kvm' name='virt-8.2' alias='virt' maxCpus='512' acpi='yes'/>
  <machine type='kvm' name='raspi3b' maxCpus='4' acpi='no'/>
</qemuCaps>
""",
    "armv7l-8.2": """\
<qemuCaps>
  <emulator>/usr/bin/qemu-system-arm</emulator>
  <selfvers>10000000</selfvers>
  <version>8002000</version>
  <arch>armv7l</arch>
  <machine type='tcg' name='virt-8.2' alias='virt' maxCpus='512' acpi='yes'/>
</qemuCaps>
""",
    "s390x-8.2": """\
<qemuCaps>
  <emulator>/usr/bin/qemu-system-s390x</emulator>
  <selfvers>10000000</selfvers>
  <flag name='kvm'/>
  <version>8002000</version>
  <arch>s390x</arch>
  <machine type='kvm' name='s390-ccw-virtio-8.2' alias='s390-ccw-virtio' hotplugCpus='yes' maxCpus='248' acpi='no'/>
</qemuCaps>
""",
    "capabilities": """\
<capabilities>
  <host>
    <cpu>
      <arch>x86_64</arch>
    </cpu>
  </host>
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      <machine maxCpus='288'>pc-q35-7.2</machine>
      <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>
      <domain type='qemu'/>
    </arch>
  </guest>
</capabilities>
""",
}
"""Hosts that examples name, as their capability files."""

_GIVEN = frozenset({"aes", "sse4.1", "sse4.2", "popcnt", "svm"})
_NOT_GIVEN = (
    *("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512er", "avx512pf", "avx512vl", "avx512ifma", "avx512vbmi"),
    *("hle", "rtm", "x2apic", "tsc-deadline", "pcid", "invpcid", "vmx", "smx", "est", "tm2", "xtpr", "dca", "pdcm"),
    *("ibpb", "ibrs", "stibp", "ssbd", "md-clear", "arch-capabilities", "rdctl-no", "ibrs-all", "mds-no", "taa-no"),
    *("intel-pt", "cldemote", "gfni", "vpclmulqdq", "serialize", "waitpkg", "invtsc", "lwp", "fma4", "tbm", "xop"),
    *("topoext", "perfctr-core", "perfctr-nb", "osvw", "ibs", "skinit", "wdt", "tce", "nodeid-msr"),
)
"""What QEMU's emulation gives the guest of a CPU, and what it does not, as far as examples ask."""


def _whole_host(name: str) -> str:
    properties = "\n".join(
        f"    <property name='{feature}' type='boolean' value='{'true' if feature in _GIVEN else 'false'}'/>"
        for feature in (*sorted(_GIVEN), *_NOT_GIVEN)
    )
    return WHOLE_HOSTS[name].format(properties=properties)


def whole_document(example: Example) -> str:
    """The domain XML of an example."""
    if example.document:
        return example.document
    lines = "".join(f"    {line}\n" for line in example.devices.splitlines())
    around = "".join(f"  {line}\n" for line in example.around.splitlines())
    return (
        f"<domain type='{example.type}'>\n"
        f"  <name>example</name>\n"
        f"  <memory unit='MiB'>1024</memory>\n"
        f"  <os>\n"
        f"    <type arch='{example.arch}' machine='{example.machine}'>hvm</type>\n"
        f"  </os>\n"
        f"{around}"
        f"  <devices>\n{lines}  </devices>\n"
        f"</domain>\n"
    )


def example_host(name: str) -> Host:
    """One of EXAMPLE_HOSTS or WHOLE_HOSTS. Raises KeyError."""
    from domlint.hosts.load import read_host_file

    if name in WHOLE_HOSTS:
        text = _whole_host(name)
    else:
        values = EXAMPLE_HOSTS[name]
        flags = "\n".join(f"  <flag name='{flag}'/>" for flag in (*_FLAGS, *values.get("flags", ())))
        text = _CAPABILITIES.format(**{**values, "flags": flags})
    return read_host_file(text.encode(), f"{name}.xml", name)[0]


def example_hosts(example: Example) -> tuple[Host, ...]:
    """The hosts of an example: those that it names, and the one whose domainCapabilities it holds."""
    named = tuple(example_host(name) for name in example.host.split())
    if not example.capabilities:
        return named
    from lxml import etree

    from domlint.hosts.domaincaps import read_domaincaps_root

    text = (
        f"<domainCapabilities><path>/usr/bin/qemu-system-{example.arch}</path><domain>{example.type}</domain>"
        f"<machine>{example.machine}</machine><arch>{example.arch}</arch>{example.capabilities}</domainCapabilities>"
    )
    return (*named, read_domaincaps_root(etree.fromstring(text), "domcapabilities.xml", "host"))


def example_networks(example: Example) -> tuple[Network, ...]:
    """The networks of an example."""
    return tuple(read_network(text.encode(), "network.xml") for text in example.networks)


def marked_lines(example: Example, code: str) -> list[int]:
    """The lines of the whole document, from 1, that the example says the rule reports."""
    mark = f"<!-- {code} -->"
    return [number for number, line in enumerate(whole_document(example).splitlines(), 1) if mark in line]
