"""MEM, NUMA, VCPU and TUNE: what libvirt refuses and what it takes, versions, machines, and silence.

The file of verdicts has pieces of domains, each with the rules that find fault with it: none where libvirt 11.3.0 takes
the domain, as was seen with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domlint.domain.bitmaps import bitmap, in_words
from domlint.domain.sizes import MOST_KIBIBYTES, kibibytes
from domlint.domain.values import UNKNOWN
from domlint.engine import Plan, Source
from domlint.examples import example_host, whole_document
from domlint.rules import catalogue
from domlint.versions import Version

_VERDICTS = Path(__file__).parent / "golden" / "memory_and_tuning.jsonl"
_ROWS = [json.loads(line) for line in _VERDICTS.read_text(encoding="utf-8").splitlines()]
_RULES = [rule for rule in catalogue() if rule.code.startswith(("MEM", "NUMA", "VCPU", "TUNE"))]
_GIB = "<memory unit='GiB'>1</memory>"
_GROWING = "<memory unit='GiB'>2</memory><maxMemory slots='4' unit='GiB'>8</maxMemory>"
_CELL = "<cpu><numa><cell id='0' cpus='0-3' memory='1' unit='GiB'/></numa></cpu>"
_TWO_CELLS = "<cpu><numa><cell id='0' cpus='0-1' memory='1'/><cell id='1' cpus='2-3' memory='1'/>{}</numa></cpu>"
_DIMM = "<memory model='dimm'><target><size unit='MiB'>{}</size>{}</target>{}</memory>"


def domain(
    memory: str = _GIB,
    vcpu: str = "<vcpu>4</vcpu>",
    around: str = "",
    devices: str = "",
    arch: str = "x86_64",
    machine: str = "pc-q35-8.2",
    type: str = "kvm",  # noqa: A002 - it is called as the attribute is
) -> str:
    return (
        f"<domain type='{type}'><name>web1</name>{memory}{vcpu}"
        f"<os><type arch='{arch}' machine='{machine}'>hvm</type></os>"
        f"{around}<devices>{devices}</devices></domain>"
    )


def codes(text: str, libvirt: str | None = "11.3.0", host: str = "", refused: bool = True) -> list[str]:
    plan = Plan(_RULES, [example_host(host)] if host else [], libvirt=Version.parse(libvirt) if libvirt else None)
    report = plan.check(Source("web1.xml", text.encode()))
    assert report.crashes == ()
    return sorted({one.code for one in report.findings if (one.outcome.value in ("define", "start")) == refused})


@pytest.mark.parametrize("row", _ROWS, ids=[row["what"] for row in _ROWS])
def test_verdicts_of_libvirt(row: dict[str, Any]) -> None:
    pieces = {"memory": _GIB, "vcpu": "", **{key: row[key] for key in row if key not in ("what", "codes")}}
    assert codes(domain(**pieces)) == row["codes"]


@pytest.mark.parametrize("row", _ROWS, ids=[row["what"] for row in _ROWS])
def test_other_drivers_have_their_own_rules(row: dict[str, Any]) -> None:
    pieces = {"memory": _GIB, "vcpu": "", **{key: row[key] for key in row if key not in ("what", "codes")}}
    assert codes(domain(**{**pieces, "type": "xen"})) == []


@pytest.mark.parametrize(
    ("pieces", "refused_by", "taken_by"),
    [
        ({"memory": _GROWING.replace(" slots='4'", ""), "around": _CELL}, "9.4.0", "9.5.0"),
        ({"memory": _GROWING}, "9.5.0", "9.6.0"),
        (
            {
                "memory": _GROWING.replace("slots='4'", "slots='1'"),
                "around": _CELL,
                "devices": _DIMM.format(256, "<node>0</node>", "")
                + "<memory model='virtio-pmem'><source><path>/srv/memory/a</path></source>"
                "<target><size unit='MiB'>256</size></target></memory>",
            },
            "9.4.0",
            "9.5.0",
        ),
        (
            {"around": "<cputune><memorytune vcpus='0'><node id='0' bandwidth='101'/></memorytune></cputune>"},
            "10.7.0",
            "10.8.0",
        ),
        ({"vcpu": "<vcpu>300</vcpu>"}, "10.9.0", "10.10.0"),
    ],
)
def test_refused_by_older_versions(pieces: dict[str, str], refused_by: str, taken_by: str) -> None:
    assert len(codes(domain(**pieces), refused_by)) == 1
    assert codes(domain(**pieces), taken_by) == []
    assert codes(domain(**pieces), None) == []


@pytest.mark.parametrize(
    ("pieces", "taken_by", "refused_by"),
    [
        (
            {
                "memory": _GROWING,
                "around": _CELL,
                "devices": _DIMM.format(256, "<node>0</node>", "<address type='dimm' slot='0' base='0x200000000'/>")
                + _DIMM.format(256, "<node>0</node>", "<address type='dimm' slot='1' base='0x208000000'/>"),
            },
            "9.7.0",
            "9.8.0",
        ),
        (
            {
                "around": _TWO_CELLS.format("") + "<numatune><memory mode='strict' nodeset='0'/>"
                "<memnode cellid='0' mode='restrictive' nodeset='0'/></numatune>"
            },
            "9.3.0",
            "9.4.0",
        ),
        ({"around": "<defaultiothread thread_pool_min='3'/>"}, "8.4.0", "8.5.0"),
    ],
)
def test_refused_by_newer_versions(pieces: dict[str, str], taken_by: str, refused_by: str) -> None:
    assert codes(domain(**pieces), taken_by) == []
    assert len(codes(domain(**pieces), refused_by)) == 1
    assert len(codes(domain(**pieces), None)) == 1


def test_memory_is_added_up_anew_where_there_are_cells() -> None:
    module = _DIMM.format(2048, "<node>0</node>", "")
    for memory in ("1", "2", "3", "9"):
        assert codes(domain(_GROWING.replace(">2<", f">{memory}<"), around=_CELL, devices=module)) in ([], ["MEM003"])
    assert codes(domain(_GROWING.replace(">2<", ">1<"), around=_CELL, devices=module)) == []
    assert codes(domain(_GROWING.replace(">2<", ">1<"), devices=module)) == ["MEM002"]


def test_virtio_memory_of_ibm_z_has_smaller_blocks() -> None:
    module = (
        "<memory model='virtio-mem'><target><size unit='MiB'>512</size><block unit='KiB'>{}</block></target></memory>"
    )
    z = {"arch": "s390x", "machine": "s390-ccw-virtio"}
    assert codes(domain(_GROWING, devices=module.format(1024), **z)) == []
    assert codes(domain(_GROWING, devices=module.format(512), **z)) == ["MEM057"]
    assert codes(
        domain(_GROWING, devices=module.format(1024), around=_CELL).replace("</size>", "</size><node>0</node>")
    )


@pytest.mark.parametrize(
    "pieces",
    [
        {"memory": "<memory unit='{{ unit }}'>0</memory>"},
        {"memory": "<memory>{{ memory }}</memory>"},
        {"memory": "<memory>${mem}</memory><maxMemory slots='2'>1</maxMemory>", "around": _CELL},
        {"vcpu": "<vcpu current='9'>{{ vcpus }}</vcpu>"},
        {"vcpu": "<vcpu current='$cur'>4</vcpu>"},
        {"vcpu": "<vcpu>{{ n }}</vcpu>", "around": "<cpu><topology sockets='1' cores='3' threads='1'/></cpu>"},
        {"around": "<cpu><topology sockets='1' cores='{{ n }}' threads='1'/></cpu>"},
        {"around": "<cpu><numa><cell id='0' cpus='{{ c }}' memory='1'/></numa></cpu>"},
        {"around": "<cpu><numa><cell id='{{ i }}' cpus='0-3' memory='1'/></numa></cpu>"},
        {"vcpu": "<vcpu>{{ n }}</vcpu>", "around": "<cpu><numa><cell id='0' cpus='0-9' memory='1'/></numa></cpu>"},
        {"around": "<iothreads>{{ n }}</iothreads><cputune><iothreadpin iothread='9' cpuset='1'/></cputune>"},
        {"vcpu": "<vcpu placement='{{ p }}'>4</vcpu>", "around": "<numatune><memory mode='strict'/></numatune>"},
        {"around": "<memoryBacking><hugepages/><source type='{{ s }}'/></memoryBacking>"},
        {"around": "<memoryBacking><hugepages><page size='2048' nodeset='{{ n }}'/></hugepages></memoryBacking>"},
        {"around": "<cputune><vcpupin vcpu='{{ v }}' cpuset='^0'/></cputune>"},
        {"vcpu": "<vcpu>{{ n }}</vcpu>", "around": "<cputune><vcpusched vcpus='9' scheduler='idle'/></cputune>"},
        {
            "memory": _GROWING,
            "around": _CELL,
            "devices": _DIMM.format("{{ s }}", "<node>{{ n }}</node>", "<address type='dimm' slot='{{ l }}'/>"),
        },
    ],
)
def test_silent_about_placeholders(pieces: dict[str, str]) -> None:
    assert codes(domain(**pieces)) == []


@pytest.mark.parametrize(("libvirt", "vcpus"), [("10.1.0", 4), ("10.0.0", 2), ("9.0.0", 2), ("", 4)])
def test_clusters_count_since_libvirt_knows_them(libvirt: str, vcpus: int) -> None:
    topology = "<cpu><topology sockets='1' clusters='2' cores='2' threads='1'/></cpu>"
    for number in (2, 4):
        found = codes(domain(vcpu=f"<vcpu>{number}</vcpu>", around=topology), libvirt=libvirt)
        assert ("VCPU010" in found) == (number != vcpus)


def test_topology_is_nothing_to_a_very_old_qemu() -> None:
    text = domain(around="<cpu><topology sockets='1' cores='3' threads='1'/></cpu>")
    assert codes(text, host="qemu-4.1") == ["VCPU010"]
    assert codes(text) == ["VCPU010"]


def test_pin_of_a_vcpu_that_is_not_there_is_told() -> None:
    text = domain(around="<cputune><vcpupin vcpu='4' cpuset='x'/></cputune>")
    assert codes(text, refused=False) == ["TUNE012"]
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("0-3", "0-3"),
        ("3-3,^3,1", "1"),
        (" 1 , 2 - 4,", "1-4"),
        ("01", "1"),
        ("16383", "16383"),
        ("^0", ""),
        *(
            (wrong, None)
            for wrong in ("", "aaa", "5-2", "16384", "0-99999", "0-", "-1", "1,,2", "1^2", "1,^2-3", "0x1")
        ),
        *((wrong, None) for wrong in ("1 2", ",", "^ 3", "99999999999999999999")),
    ],
)
def test_sets_are_read_as_libvirt_does(text: str, members: str | None) -> None:
    mask = bitmap(text)
    assert (None if mask is None else in_words(mask)) == members


def test_sizes_are_read_as_libvirt_does() -> None:
    assert kibibytes("5", None) == 5
    assert kibibytes("5", "KB") == 5
    assert kibibytes("1", "b") == 1
    assert kibibytes("1025", "bytes") == 2
    assert kibibytes("1", "t") == kibibytes("1024", "gIb") == 1 << 30
    assert kibibytes("8", "EiB") == MOST_KIBIBYTES + 1
    assert kibibytes("8", "eb") == 7812500000000000
    assert kibibytes("5", "foo") is kibibytes("-5", "b") is kibibytes("5", UNKNOWN) is UNKNOWN
    assert kibibytes(None, "b") is None


def test_too_many_vcpus_for_the_machine_are_one_mistake() -> None:
    (rule,) = (rule for rule in _RULES if rule.code == "VCPU013")
    text = whole_document(rule.bad).replace("q35-8.2", "q35-4.1")
    assert codes(text, libvirt="9.0.0") == ["VCPU013"]
    plan = Plan(catalogue(), [example_host("qemu-4.1")], libvirt=Version(9, 0, 0))
    found = {finding.code for finding in plan.check(Source("web1.xml", text.encode())).findings}
    assert found & {"HOST020", "VCPU013"} == {"HOST020"}
