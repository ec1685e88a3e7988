"""Files of all three kinds: what the readers say, against what the text of the files says.

The expectations are found with patterns over the lines as libvirt writes them, apart from the readers and from any
parser of XML. DOMLINT_CORPUS names a folder with more files: libvirt/VERSION/caps/*.xml and domaincaps/*.xml.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import unescape

import pytest
from kinds_builder import domaincaps

from domlint.hosts import Host, Presence, load_host, load_hosts
from domlint.hosts.load import read_host_file

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "tests" / "realcaps"
CORPUS = os.environ.get("DOMLINT_CORPUS")

PROBES = sorted((ROOT / "examples" / "caps").glob("*.xml"))
DOMAINS = sorted(REAL.glob("domcapabilities*.xml"))
if CORPUS:
    PROBES += sorted(Path(CORPUS, "libvirt").glob("*/caps/*.xml"))
    DOMAINS += sorted(Path(CORPUS, "domaincaps").glob("*.xml"))

Attributes = dict[str, str]


def tags(text: str, name: str) -> list[tuple[Attributes, str]]:
    """The attributes and the text of each element of that name."""
    found = re.findall(rf"<{name}((?: [\w-]+='[^']*')*)\s*(?:/>|>([^<]*))", text)
    return [
        (
            {key: unescape(value, {"&apos;": "'"}) for key, value in re.findall(r"([\w-]+)='([^']*)'", attributes)},
            unescape(content.strip(), {"&apos;": "'", "&quot;": '"'}),
        )
        for attributes, content in found
    ]


def only(text: str, name: str) -> str | None:
    found = [content for _attributes, content in tags(text, name)]
    return found[0] if found else None


def yes(attributes: Attributes, name: str) -> bool | None:
    return {"yes": True, "no": False}.get(attributes.get(name, ""))


@pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")
def test_there_are_files() -> None:
    assert (len(PROBES), len(DOMAINS)) >= (110, 35)


def name_of(path: Path) -> str:
    return f"{path.parts[-3]}/{path.name}"


@pytest.mark.parametrize("path", PROBES, ids=name_of)
def test_probes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    host = load_host(path)
    assert (host.kind, host.arch, host.emulator) == ("qemucaps", only(text, "arch"), only(text, "emulator"))
    version = int(only(text, "version") or 0)
    qemu = host.qemu_version
    assert qemu is not None
    assert (qemu.major, qemu.minor, qemu.micro) == (version // 1_000_000, version // 1000 % 1000, version % 1000)
    assert host.qemu_package == (only(text, "package") or "")
    assert host.kernel == only(text, "kernelVersion")
    assert host.flags == {attributes["name"] for attributes, _text in tags(text, "flag")}
    machines = [attributes for attributes, _text in tags(text, "machine")]
    assert [
        (machine.virt_type, machine.name, machine.alias, machine.max_cpus, machine.deprecated)
        for machine in host.machines
    ] == [
        (
            machine.get("type"),
            machine["name"],
            machine.get("alias"),
            int(machine["maxCpus"]) if "maxCpus" in machine else None,
            machine.get("deprecated") == "yes",
        )
        for machine in machines
    ]
    models = [attributes for attributes, _text in tags(text, "cpu")]
    assert [(model.virt_type, model.name, model.usable, model.deprecated) for model in host.cpu_models] == [
        (model.get("type"), model["name"], yes(model, "usable"), model.get("deprecated") == "yes") for model in models
    ]
    blockers = Counter(attributes["name"] for attributes, _text in tags(text, "blocker"))
    assert Counter(name for model in host.cpu_models for name in model.blockers) == blockers
    assert sum(len(cpu.properties) + len(cpu.deprecated_features) for cpu in host.host_cpus) == text.count("<property ")
    assert [(gic.version, gic.kernel, gic.emulated) for gic in host.gics] == [
        (int(gic["version"]), yes(gic, "kernel"), yes(gic, "emulated")) for gic, _text in tags(text, "gic")
    ]
    assert (host.sev is None, host.sgx is None) == ("<sev" not in text, "<sgx supported='yes'" not in text)
    enlightenments = re.findall(r"<cap name='([^']*)'/>", text)
    assert host.hyperv == (frozenset(enlightenments) if "<hypervCapabilities" in text else None)


def enumerations(text: str) -> dict[str, frozenset[str]]:
    """The values of each enumeration, by the elements around it as the lines are indented."""
    found: dict[str, list[str]] = {}
    around: list[str] = []
    for line in text.splitlines():
        match = re.match(r"( *)<([\w-]+)(?: name='([^']*)')?", line)
        if not match:
            continue
        depth, tag, name = len(match[1]) // 2, match[2], match[3]
        step = {"mode": f"mode[{name}]", "enum": name}.get(tag, tag)
        around[depth:] = [step]
        place = "/".join(around[1:])
        if tag == "enum":
            found[place] = []
        elif tag == "value":
            content = re.search(r">([^<]*)<", line)
            assert content
            parent = "/".join(around[1:-1])
            found.setdefault(parent if parent in found else place, []).append(unescape(content[1]))
    return {place: frozenset(values) for place, values in found.items()}


@pytest.mark.parametrize("path", DOMAINS, ids=name_of)
def test_domains(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    host = load_host(path)
    (domain,) = host.domain_capabilities
    virt_type = only(text, "domain") or ""
    assert (host.kind, domain.arch, domain.emulator, domain.machine, domain.virt_type) == (
        "domaincaps",
        only(text, "arch"),
        only(text, "path"),
        only(text, "machine"),
        {"qemu": "tcg"}.get(virt_type, virt_type),
    )
    counts = [int(attributes["max"]) for attributes, _text in tags(text, "vcpu")]
    assert domain.max_vcpus == (counts[0] if counts else None)
    assert [(machine.name, machine.max_cpus) for machine in host.machines] == [(domain.machine, domain.max_vcpus)]
    assert dict(domain.enumerations) == enumerations(text)
    assert sum(len(values) for values in domain.enumerations.values()) == text.count("<value>")
    assert sum(domain.supported.values()) == text.count("supported='yes'")
    assert sum(not is_supported for is_supported in domain.supported.values()) == text.count("supported='no'")
    models = [(attributes, name) for attributes, name in tags(text, "model") if "usable" in attributes]
    blockers = {
        model: tuple(attributes["name"] for attributes, _text in tags(features, "feature"))
        for model, features in re.findall(r"<blockers model='([^']*)'>(.*?)</blockers>", text, re.DOTALL)
    }
    custom = domain.cpu_mode("custom")
    assert custom is not None
    assert list(custom.models) == [
        (
            name,
            yes(attributes, "usable"),
            attributes.get("vendor"),
            attributes.get("canonical"),
            attributes.get("deprecated") == "yes",
            blockers.get(name, ()),
        )
        for attributes, name in models
    ]
    host_model = domain.cpu_mode("host-model")
    assert host_model is not None
    named = [name for attributes, name in tags(text, "model") if "fallback" in attributes]
    assert host_model.model == (named[0] if named else None)
    assert list(host_model.features) == [
        (attributes["policy"], attributes["name"])
        for attributes, _text in tags(text, "feature")
        if "policy" in attributes
    ]
    assert [mode.name for mode in domain.cpu_modes] == [attributes["name"] for attributes, _text in tags(text, "mode")]
    numbers = re.findall(r"<(\w+)>(\d+)</\1>", text)
    assert {(path.rpartition("/")[2], value) for path, value in domain.numbers.items()} == {
        (tag, int(value)) for tag, value in numbers if tag != "value"
    }


def test_what_few_hosts_have() -> None:
    data = domaincaps(
        tail="<features><sev supported='yes'><cbitpos>51</cbitpos><cpu0Id>1234567890123456789012345</cpu0Id></sev>"
        "<sgx supported='yes'><flc>yes</flc><section_size unit='KiB'>1024</section_size>"
        "<sections>7<section node='0' size='512' unit='KiB'/></sections></sgx>"
        "<hyperv supported='yes'><enum name='features'><value>avic</value></enum>"
        "<defaults><spinlocks>4095</spinlocks><vendor_id>Linux KVM Hv</vendor_id></defaults></hyperv></features>"
    )
    (host,) = read_host_file(data, "a.xml", "a")
    (domain,) = host.domain_capabilities
    assert domain.numbers == {
        "features/sev/cbitpos": 51,
        "features/sgx/section_size": 1024,
        "features/hyperv/defaults/spinlocks": 4095,
    }
    assert domain.enumerations == {"features/hyperv/features": {"avic"}}
    assert host.machines[0].default is False


def test_a_whole_host() -> None:
    path = REAL / "capabilities.xml"
    text = path.read_text(encoding="utf-8")
    hosts = load_hosts([str(path)])
    guests = re.findall(r"<guest>(.*?)</guest>", text, re.DOTALL)
    assert len(hosts) == len(guests) == 2
    for host, guest in zip(hosts, guests, strict=True):
        ((arch, _text),) = tags(guest, "arch")
        assert (host.id, host.kind, host.arch) == ("capabilities", "capabilities", arch["name"])
        assert host.emulator == only(guest, "emulator")
        machines = tags(guest, "machine")
        names = [(attributes, name) for attributes, name in machines if "canonical" not in attributes]
        aliases = {attributes["canonical"]: name for attributes, name in machines if "canonical" in attributes}
        assert len(aliases) == 2
        assert [(machine.name, machine.alias, machine.max_cpus, machine.deprecated) for machine in host.machines] == [
            (name, aliases.get(name), int(attributes["maxCpus"]), yes(attributes, "deprecated"))
            for attributes, name in names
        ]
        assert host.default_machine() == host.machine("pc")
        # That QEMU calls one its default is not in the file.
        assert not any(machine.default for machine in host.machines)
        assert host.virt_types == tuple(
            {"qemu": "tcg"}.get(attributes["type"], attributes["type"]) for attributes, _text in tags(guest, "domain")
        )
    assert hosts[0].guests is not None
    assert [(guest.os_type, guest.arch, set(guest.features)) for guest in hosts[0].guests] == [
        (
            only(guest, "os_type"),
            tags(guest, "arch")[0][0]["name"],
            set(re.findall(r"<(\w+)", guest.partition("<features>")[2])),
        )
        for guest in guests
    ]
    hardware = hosts[0].hardware
    assert hardware is not None
    described = text.partition("<guest>")[0]
    cpu = described.partition("</cpu>")[0]
    assert (hardware.arch, hardware.cpu_model, hardware.cpu_vendor) == (
        only(cpu, "arch"),
        only(cpu, "model"),
        only(cpu, "vendor"),
    )
    assert list(hardware.cpu_features) == [attributes["name"] for attributes, _text in tags(cpu, "feature")]
    assert list(hardware.page_sizes) == [int(attributes["size"]) for attributes, _text in tags(cpu, "pages")]
    assert hardware.iommu is yes(tags(described, "iommu")[0][0], "support")
    assert list(hardware.security_models) == re.findall(r"<secmodel>\s*<model>(.*?)<", described)
    assert list(hardware.numa_nodes) == [
        (int(node), int(memory)) for node, memory in re.findall(r"<cell id='(\d+)'>\s*<memory[^>]*>(\d+)<", described)
    ]


def listing_no_flags() -> list[Host]:
    return [host for path in (*DOMAINS, REAL / "capabilities.xml") for host in load_hosts([str(path)])]


def test_no_flag_is_missing_where_no_file_lists_flags() -> None:
    from domlint.hosts.lifecycle import table

    for host in listing_no_flags():
        assert {host.answer(flag).presence for flag in table()} == {Presence.UNKNOWN}
        answer = host.answer("virtio-net.failover")
        assert answer.reason == "no file given for the host lists the capabilities of its QEMU"
