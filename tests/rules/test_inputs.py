"""What libvirt refuses of input devices and aliases, as seen with libvirt 11.3.0."""

from __future__ import annotations

import pytest
from refusals import refusals as codes

PC, Q35 = "pc-i440fx-8.2", "pc-q35-8.2"


def of(kind: str, attributes: str = "", source: str = "") -> str:
    return f"<input type='{kind}' {attributes}>{source}</input>"


HOST = "<source evdev='/dev/input/event3'/>"
READ = "<source dev='/dev/input/event3'/>"


@pytest.mark.parametrize(
    ("devices", "machine", "arch", "expected"),
    [
        *((of(kind), machine, "x86_64", []) for kind in ("mouse", "keyboard", "tablet") for machine in (PC, Q35)),
        (of("tablet", "bus='ps2'"), PC, "x86_64", ["INPUT001"]),
        (of("mouse", "bus='xen'"), PC, "x86_64", ["INPUT001"]),
        (of("mouse", "bus='none'"), PC, "x86_64", []),
        (of("passthrough", "bus='usb'", HOST), PC, "x86_64", ["INPUT001"]),
        (of("passthrough", "", HOST), PC, "x86_64", []),
        (of("evdev", "bus='usb'", READ), PC, "x86_64", ["INPUT001"]),
        (of("evdev", "", READ), PC, "x86_64", []),
        (of("{{ type }}", "bus='ps2'"), PC, "x86_64", []),
        (of("tablet", "bus='{{ bus }}'"), PC, "x86_64", []),
        (of("keyboard", "model='virtio'"), PC, "x86_64", ["INPUT002"]),
        (of("keyboard", "model='virtio'"), "s390-ccw-virtio", "s390x", []),
        (of("tablet", "model='virtio-transitional'"), PC, "x86_64", ["INPUT002"]),
        (of("keyboard", "bus='virtio' model='virtio-non-transitional'"), PC, "x86_64", ["INPUT003"]),
        (of("keyboard", "bus='virtio' model='{{ model }}'"), PC, "x86_64", []),
        (of("passthrough", "model='virtio-transitional'", HOST), PC, "x86_64", ["INPUT004"]),
        (of("passthrough", "", HOST), "s390-ccw-virtio", "s390x", ["INPUT005"]),
        (of("keyboard", "bus='virtio'"), "s390-ccw-virtio", "s390x", []),
        (of("keyboard", "bus='ps2'"), "virt", "aarch64", ["INPUT010"]),
        (of("keyboard", "bus='virtio'"), "virt", "aarch64", []),
        (of("keyboard", "bus='ps2'"), "{{ machine }}", "x86_64", []),
        (of("keyboard", "bus='ps2'"), "ubuntu", "x86_64", []),
        (of("evdev"), PC, "x86_64", ["INPUT020"]),
        (of("passthrough"), PC, "x86_64", []),
    ],
)
def test_inputs(devices: str, machine: str, arch: str, expected: list[str]) -> None:
    assert codes(devices, machine=machine, arch=arch) == expected


@pytest.mark.parametrize("machine", ["microvm", "none"])
def test_a_keyboard_without_bus_is_on_ps2(machine: str) -> None:
    assert "INPUT010" in codes(of("keyboard"), machine=machine)


def test_versions() -> None:
    assert codes(of("keyboard", "bus='ps2'"), machine="virt", arch="aarch64", libvirt="10.6.0") == []
    assert codes(of("keyboard", "model='virtio'"), libvirt="7.0.0") == []
    assert codes(of("passthrough", "model='virtio-transitional'", HOST), libvirt="7.0.0") == []
    assert codes(of("keyboard", "bus='virtio' model='virtio-transitional'"), libvirt="7.0.0") == ["INPUT003"]
    assert codes(of("passthrough"), libvirt="7.0.0") == ["INPUT021"]


def test_ps2_turned_off() -> None:
    off = "<features><ps2 state='off'/></features>"
    assert codes(of("keyboard") + of("tablet"), around=off) == ["INPUT011"]
    assert codes(of("keyboard"), around=off.replace("off", "on")) == []
    assert "INPUT011" not in codes(of("keyboard"), around=off, libvirt="10.6.0")


def test_inputs_of_other_drivers_are_left_alone() -> None:
    assert codes(of("mouse", "bus='xen'"), type="xen") == []


def named(alias: str) -> str:
    return f"<rng model='virtio'><backend model='random'>/dev/urandom</backend><alias name='{alias}'/></rng>"


def port(kind: str, alias: str, target: str = "") -> str:
    return f"<{kind} type='pty'>{target}<alias name='{alias}'/></{kind}>"


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (named("ua-a") + named("ua-b"), []),
        (named("ua-a") * 3, ["ALIAS001"] * 2),
        (named("ua-a") + "<graphics type='vnc'><alias name='ua-a'/></graphics>", []),
        # libvirt drops these.
        (named("rng0") * 2, []),
        (named("ua-a/b") * 2, []),
        (named("ua-{{ n }}") * 2, []),
        (port("serial", "ua-a") + port("console", "ua-a"), []),
        (port("serial", "ua-a") + named("ua-a"), []),
        (port("serial", "ua-a") + port("serial", "ua-b") + port("serial", "ua-b"), ["ALIAS001"]),
        (
            port("channel", "ua-a", "<target type='virtio' name='a'/>") + named("ua-a"),
            ["ALIAS001"],
        ),
    ],
)
def test_aliases(devices: str, expected: list[str]) -> None:
    assert codes(devices) == expected


def test_a_failover_pair_has_its_own_rule_for_aliases() -> None:
    standby = (
        "<interface type='bridge'><source bridge='br0'/><model type='virtio'/><teaming type='persistent'/>"
        "<alias name='ua-a'/></interface>"
    )
    found = codes(standby + named("ua-a"))
    assert "TEAM032" in found
    assert "ALIAS001" not in found
