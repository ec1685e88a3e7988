"""The examples of rules made whole: a domain around the fragment, the host and the networks it is held against."""

from domlint.hosts import Host
from domlint.networks import Network, read_network
from domlint.rule import Example

_CAPABILITIES = """\
<qemuCaps>
  <emulator>/usr/bin/qemu-system-x86_64</emulator>
  <qemuctime>0</qemuctime>
  <selfctime>0</selfctime>
  <selfvers>{selfvers}</selfvers>
  <flag name='rtl8139'/>
  <flag name='virtio-net'/>
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

EXAMPLE_HOSTS = {
    "qemu-4.1": {"selfvers": 6001000, "version": 4001000, "package": "v4.1.0", "release": "4.1"},
    "qemu-4.2-snapshot": {
        "selfvers": 9000000,
        "version": 4002000,
        "package": "v4.1.0-2221-g36609b4fa3",
        "release": "4.2",
    },
    "qemu-8.2": {"selfvers": 10000000, "version": 8002000, "package": "v8.2.0", "release": "8.2"},
}
"""The hosts that examples name: QEMU and the libvirt that probed it, numbered as in a capability file."""


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
    """One of EXAMPLE_HOSTS. Raises KeyError."""
    from domlint.hosts.qemucaps import read_qemucaps

    return read_qemucaps(_CAPABILITIES.format(**EXAMPLE_HOSTS[name]).encode(), f"{name}.xml", name)


def example_hosts(example: Example) -> tuple[Host, ...]:
    """The hosts of an example: the one that it names, and the one whose domainCapabilities it holds."""
    named = (example_host(example.host),) if example.host else ()
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
