"""What libvirt refuses of controllers other than those of PCI and USB, as seen with libvirt 11.3.0."""

from __future__ import annotations

import pytest
from refusals import refusals as codes


def scsi(model: str = "virtio-scsi", driver: str = "", inside: str = "", more: str = "") -> str:
    named = f" model='{model}'" if model else ""
    return f"<controller type='scsi' index='0'{named}><driver {driver}>{inside}</driver>{more}</controller>"


PC, Q35 = "pc-i440fx-8.2", "pc-q35-8.2"


@pytest.mark.parametrize(
    ("devices", "machine", "arch", "expected"),
    [
        ("<controller type='sata' index='1'/>" * 2, Q35, "x86_64", ["CTRL001"]),
        ("<controller type='sata' index='01'/><controller type='sata' index='1'/>", Q35, "x86_64", ["CTRL001"]),
        ("<controller type='sata' index='{{ i }}'/>" * 2, Q35, "x86_64", []),
        ("<controller type='sata'/>" * 2, Q35, "x86_64", []),
        ("<controller type='sata' index='1'/><controller type='scsi' index='1'/>", Q35, "x86_64", []),
        ("<controller type='fdc' model='piix3'/>", PC, "x86_64", ["CTRL002"]),
        ("<controller index='0' model='piix3'/>", PC, "x86_64", []),
        ("<controller index='0' model='pci-root'/>", PC, "x86_64", ["CTRL002"]),
        ("<controller type='fdc' model='{{ model }}'/>", PC, "x86_64", []),
        ("<controller type='isa'/>", PC, "x86_64", ["CTRL003"]),
        ("<controller type='isa'/>", "vexpress-a9", "aarch64", []),
        ("<controller type='scsi' model='auto'/>", PC, "x86_64", []),
        ("<controller type='scsi' model='ncr53c90'/>", "SS-5", "sparc", []),
        ("<controller type='scsi' model='ncr53c90'/>", PC, "x86_64", ["CTRL011"]),
    ],
)
def test_numbers_and_models(devices: str, machine: str, arch: str, expected: list[str]) -> None:
    assert codes(devices, machine=machine, arch=arch) == expected


IDS = "<iothreads>3</iothreads><iothreadids><iothread id='2'/><iothread id='8'/></iothreadids>"
"""Threads 2 and 8, and 1, which is the lowest that is left."""


@pytest.mark.parametrize(
    ("devices", "around", "expected"),
    [
        (scsi(driver="queues='2' cmd_per_lun='3' max_sectors='4' ioeventfd='on'"), "", []),
        (scsi("lsilogic", "queues='2' ioeventfd='off'"), "", ["CTRL020", "CTRL020"]),
        (scsi("lsilogic", "queues='0' iothread='0'"), "", []),
        (scsi("{{ model }}", "queues='2'"), "", []),
        (scsi("lsilogic", "queues='{{ queues }}'"), "", []),
        (scsi("", "queues='2'"), "", []),
        ("<controller type='virtio-serial'><driver iommu='on'/></controller>", "", []),
        ("<controller type='virtio-serial'><driver iothread='1'/></controller>", IDS, ["CTRL020"]),
        *((scsi(driver=f"iothread='{number}'"), IDS, []) for number in (1, 2, 8)),
        *((scsi(driver=f"iothread='{number}'"), IDS, ["CTRL022"]) for number in (3, 7, 9)),
        (scsi(driver="iothread='1'"), "", ["CTRL022"]),
        (scsi(driver="iothread='1'"), "<iothreads>{{ n }}</iothreads>", []),
        (scsi(driver="iothread='9'"), "<iothreadids><iothread id='{{ n }}'/></iothreadids>", []),
        (scsi(driver="iothread='1'", more="<address type='pci'/>"), IDS, []),
    ],
)
def test_options(devices: str, around: str, expected: list[str]) -> None:
    assert codes(devices, around=around, libvirt="9.0.0") == expected


def test_a_controller_without_model_has_that_of_the_machine_or_the_host() -> None:
    options = scsi("", "queues='2'")
    assert codes(options, machine="s390-ccw-virtio", arch="s390x") == []
    assert codes(options, machine="pseries", arch="ppc64") == ["CTRL020"]
    assert codes(options, machine="pc", host="qemu-lsi") == ["CTRL021"]
    assert codes(options, machine="pc", host="qemu-8.2") == []


def threads(*queues: str) -> str:
    """Threads from 1, each with its queues ("0 2")."""
    return "<iothreads>{}</iothreads>".format(
        "".join(
            f"<iothread id='{number}'>{''.join(f'<queue id={queue!r}/>' for queue in some.split())}</iothread>"
            for number, some in enumerate(queues, 1)
        )
    )


@pytest.mark.parametrize(
    ("driver", "inside", "expected"),
    [
        ("", threads("", ""), []),
        ("queues='3'", threads("0 2", "1"), []),
        ("queues='3'", threads("0", "1"), ["CTRL023"]),
        ("", threads("0", "1"), ["CTRL023"]),
        ("queues='2'", threads("0 1", ""), ["CTRL023"]),
        ("queues='2'", threads("0 1", "1"), ["CTRL023"]),
        ("queues='2'", threads("0 1", "2"), ["CTRL023"]),
        ("", threads("") * 1 + "", []),
        ("", "<iothreads><iothread id='1'/><iothread id='1'/></iothreads>", ["CTRL023"]),
        ("", "<iothreads><iothread id='7'/></iothreads>", ["CTRL023"]),
        ("", "<iothreads><iothread id='{{ id }}'/></iothreads>", []),
        ("queues='{{ n }}'", threads("0", "9"), []),
        ("iothread='1'", threads(""), ["CTRL024"]),
        ("iothread='1'", "<iothreads/>", []),
    ],
)
def test_queues_of_several_threads(driver: str, inside: str, expected: list[str]) -> None:
    devices = scsi(driver=driver, inside=inside)
    assert [code for code in codes(devices, around=IDS) if code.startswith("CTRL")] == expected
    assert [code for code in codes(devices, around=IDS, libvirt="11.1.0") if code.startswith("CTRL")] == []


@pytest.mark.parametrize(
    ("controller", "port", "expected"),
    [(0, 1, []), (0, 2, ["CHR045"]), (1, 3, []), (1, 4, ["CHR045"]), (2, 30, []), (2, 31, ["CHR045"])],
)
def test_ports_are_those_of_the_controller_that_has_the_number(controller: int, port: int, expected: list[str]) -> None:
    devices = (
        "<controller type='virtio-serial' ports='2'/><controller type='virtio-serial' index='1' ports='4'/>"
        "<controller type='virtio-serial'/>"
        "<channel type='pty'><target type='virtio' name='a'/>"
        f"<address type='virtio-serial' controller='{controller}' bus='0' port='{port}'/></channel>"
    )
    assert codes(devices) == expected
