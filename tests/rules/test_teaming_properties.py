"""What holds for every file: rules never fail, and what means the same is judged the same."""

from __future__ import annotations

import random
import re

from domains import (
    ASSIGNED,
    BRIDGED_NETWORK,
    NEW_HOST,
    PLAIN,
    POOLED,
    RULES,
    STANDBY,
    VF_POOL,
    Run,
    host,
    network,
    second,
    vm,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from domlint.engine import Plan, Source
from domlint.findings import Finding
from domlint.versions import Version

MACS = ("52:54:00:1d:0e:4a", "52:54:00:1d:0e:4b", "52:54:00:1D:E:4B", "{{ mac }}", "nonsense", "")
ALIASES = ("ua-a", "ua-b", "uplink", "net0", "hostdev0", "%s", "", "ua-ä", "ua-")
NUMBERS = ("0", "1", "0x1", "2", "0x0a", "010", "08", "1f", "${n}", "", "-1", "99999999999")
MODELS = ("virtio", "virtio-transitional", "e1000", "e1000e", "rtl8139", "pcnet", "VirtIO", "", "{{ model }}")
MACHINES = (
    "pc",
    "q35",
    "pc-q35-8.2",
    "pc-i440fx-1.0",
    "virt",
    "microvm",
    "isapc",
    "pseries",
    "ubuntu",
    "{{ m }}",
    None,
)
ARCHES = ("x86_64", "i686", "aarch64", "s390x", "ppc64", "riscv64", "sparc64", "odd", "{{ arch }}", None)
KINDS = ("bridge", "network", "hostdev", "user", "direct", "vhostuser", "", "{{ type }}")
MODES = ("subsystem", "capabilities", "", "{{ mode }}")
ASSIGNABLE = ("pci", "usb", "mdev", "scsi", "misc", "", "${type}")
TYPES = ("persistent", "transient", "none", "Persistent", "", "{{ t }}")
LIBVIRTS = ("", "6.0.0", "6.1.0", "7.0.0", "7.1.0", "9.0.0", "11.3.0")
HOSTS = (
    (),
    (NEW_HOST,),
    (host(qemu="4.1.0", libvirt="7.0.0", name="old"), NEW_HOST),
    (host(arch="aarch64", name="arm"), host(arch="s390x", name="z"), host(arch="ppc64", name="p")),
    (host(qemu="5.0.0", libvirt="0.0.0", machines="none", name="unclear"),),
)
NETWORKS = ((), (VF_POOL,), (BRIDGED_NETWORK,))


def written(name: str, /, **attributes: str | None) -> str:
    text = "".join(f' {key}="{value}"' for key, value in attributes.items() if value is not None)
    return f"<{name}{text}/>"


def maybe(values: tuple[str, ...] | tuple[str | None, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values)


PCI_ADDRESSES = st.builds(
    lambda kind, domain, bus, slot, function, multifunction: written(
        "address", type=kind, domain=domain, bus=bus, slot=slot, function=function, multifunction=multifunction
    ),
    maybe(("pci", "usb", "{{ t }}")),
    *[maybe(NUMBERS)] * 4,
    maybe(("on", "off")),
)
TEAMINGS = st.builds(lambda a, b: written("teaming", type=a, persistent=b), maybe(TYPES), maybe(ALIASES))
PARTS = st.lists(
    st.one_of(
        TEAMINGS,
        TEAMINGS,
        st.sampled_from(MACS).map(lambda value: written("mac", address=value)),
        st.sampled_from(ALIASES).map(lambda value: written("alias", name=value)),
        maybe(MODELS).map(lambda value: written("model", type=value)),
        st.sampled_from(("vf-pool", "{{ net }}", "", "other")).map(lambda value: written("source", network=value)),
        PCI_ADDRESSES,
        PCI_ADDRESSES.map(lambda address: f"<source>{address}</source>"),
        st.sampled_from(("kvm", "vfio", "{{ d }}")).map(lambda value: written("driver", name=value)),
        maybe(NUMBERS).map(lambda value: written("boot", order=value)),
        maybe(NUMBERS).map(lambda value: f"<vlan>{written('tag', id=value)}</vlan>"),
        st.sampled_from(("<vlan/>", "<bandwidth/>", "<link state='down'/>", "<port isolated='yes'/>", "<transient/>")),
        st.sampled_from(("<target hotplug='off'/>", "<target bus='virtio'/>", "<x:teaming xmlns:x='urn:x'/>")),
    ),
    max_size=7,
).map("".join)
OPENINGS = st.one_of(
    st.builds(
        lambda kind, managed: ("interface", {"type": kind, "managed": managed}), maybe(KINDS), maybe(("yes", "no"))
    ),
    st.builds(
        lambda mode, kind, ramfb: ("hostdev", {"mode": mode, "type": kind, "ramfb": ramfb}),
        maybe(MODES),
        maybe(ASSIGNABLE),
        maybe(("on", "off")),
    ),
    st.builds(
        lambda index, model: ("controller", {"type": "pci", "index": index, "model": model}),
        maybe(NUMBERS),
        maybe(("pci-root", "pcie-root", "pcie-root-port", "pci-bridge", "pcie-to-pci-bridge", "{{ model }}")),
    ),
    st.builds(lambda role: ("shmem", {"name": "m", "role": role}), maybe(("master", "peer", "{{ role }}"))),
    st.just(("disk", {"type": "file"})),
    st.just(("serial", {"type": "pty"})),
    st.just(("console", {"type": "pty"})),
)
DEVICES = st.builds(
    lambda opening, parts: written(opening[0], **opening[1])[:-2] + f">{parts}</{opening[0]}>\n", OPENINGS, PARTS
)


def altered(device: str, changes: list[tuple[int, str]], more: str) -> str:
    """A device with some of its values changed, and with more children."""
    for number, value in changes:
        spans = [match.span(1) for match in re.finditer(r"='([^']*)'", device)]
        start, end = spans[number % len(spans)]
        device = device[:start] + value + device[end:]
    head, _, tail = device.rpartition("</")
    return f"{head}{more}</{tail}"


VALUES = tuple(
    {*MACS, *ALIASES, *NUMBERS, *MODELS, *KINDS, *TYPES, *ASSIGNABLE, "ua-uplink", "ua-storage", "0x3b", "yes"}
)
TEAMED = st.builds(
    altered,
    st.sampled_from([*(STANDBY, POOLED, ASSIGNED, PLAIN), *map(second, (STANDBY, POOLED, ASSIGNED, PLAIN))]),
    st.lists(st.tuples(st.integers(0, 15), st.sampled_from(sorted(VALUES))), max_size=2),
    st.just("") | PARTS,
)
FILES = st.builds(
    lambda devices, machine, arch, kind: vm(*devices, machine=machine, arch=arch, kind=kind),
    st.lists(DEVICES | TEAMED | TEAMED, max_size=6),
    st.sampled_from(MACHINES) | st.just("q35"),
    st.sampled_from(ARCHES) | st.just("x86_64"),
    st.sampled_from(("kvm", "qemu", "xen", "{{ type }}")),
)
RUNS = st.builds(Run, st.sampled_from(HOSTS), st.sampled_from(NETWORKS), st.sampled_from(LIBVIRTS))


def codes(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return sorted((one.code, one.outcome.value, one.severity.value) for one in findings)


CONVENTIONAL = (POOLED, "<controller type='pci' model='pci-root'/>\n")


@settings(deadline=None)
@given(FILES, RUNS)
@example(vm(*CONVENTIONAL, machine="{{ machine }}"), Run((), (), ""))
@example(vm(*CONVENTIONAL, arch="{{ arch }}"), Run((), (), ""))
@example(vm(*CONVENTIONAL, machine=None), Run((), (), ""))
def test_no_rule_ever_fails(text: str, run: Run) -> None:
    for finding in run.findings(text):
        assert 1 <= finding.location.line <= text.count("\n")
        assert finding.message
        assert finding.help
        assert "None" not in finding.message + finding.help
        assert "Unknown" not in finding.message + finding.help


@settings(deadline=None)
@given(FILES, RUNS)
def test_findings_are_the_same_each_time_and_in_order(text: str, run: Run) -> None:
    findings = run.findings(text)
    assert run.findings(text) == findings
    order = [(one.location.line, one.location.column, one.code, one.message) for one in findings]
    assert order == sorted(order)
    shuffled = list(RULES)
    random.Random(7).shuffle(shuffled)
    libvirt = Version.parse(run.libvirt) if run.libvirt else None
    plan = Plan(shuffled, run.hosts, [network(each) for each in run.networks], libvirt)
    assert plan.check(Source("vm.xml", text.encode())).findings == findings


@settings(deadline=None)
@given(FILES, RUNS, st.randoms(use_true_random=False))
def test_the_order_of_attributes_does_not_matter(text: str, run: Run, order: random.Random) -> None:
    domain = etree.fromstring(text.encode())
    for element in domain.iter("*"):
        attributes = list(element.items())
        order.shuffle(attributes)
        element.attrib.clear()
        element.attrib.update(attributes)
    assert codes(run.findings(etree.tostring(domain, encoding="unicode") + "\n")) == codes(run.findings(text))


@settings(deadline=None)
@given(FILES, RUNS)
def test_other_names_for_aliases_do_not_matter(text: str, run: Run) -> None:
    renamed = re.sub(r"(?<=[\"'])ua-(?=a|b|uplink|storage)", "ua-renamed_0", text)
    assert codes(run.findings(renamed)) == codes(run.findings(text))


@settings(deadline=None)
@given(FILES, RUNS)
def test_the_letters_of_mac_addresses_do_not_matter(text: str, run: Run) -> None:
    raised = re.sub(r"(?<=address=[\"'])[0-9a-f:]{17}(?=[\"'])", lambda match: match.group().upper(), text)
    assert codes(run.findings(raised)) == codes(run.findings(text))


@settings(deadline=None)
@given(FILES, RUNS)
def test_quotes_and_spaces_do_not_matter(text: str, run: Run) -> None:
    domain = etree.fromstring(text.encode(), etree.XMLParser(remove_blank_text=True))
    flat = etree.tostring(domain, encoding="unicode", pretty_print=True)
    assert codes(run.findings(flat)) == codes(run.findings(text))


@settings(deadline=None)
@given(FILES, RUNS)
def test_a_host_given_twice_says_nothing_new(text: str, run: Run) -> None:
    twice = run._replace(hosts=(*run.hosts, *(one._replace(id=f"{one.id}-copy") for one in run.hosts)))
    assert codes(twice.findings(text)) == codes(run.findings(text))
