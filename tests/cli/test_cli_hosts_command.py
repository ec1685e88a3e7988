"""The command hosts: what a host can do, for people and as JSON.

The files in golden/hosts/ hold what it writes. Where a change of it is meant, write them anew and read the difference:

    DOMLINT_WRITE_GOLDEN=1 python -m pytest tests/cli/test_cli_hosts_command.py
    git diff tests/cli/golden
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from command import CAPS, OLD_CAPS, REPOSITORY, Result, domlint

from domlint.cli import command
from domlint.version import VERSION

GOLDEN = Path(__file__).parent / "golden" / "hosts"
PROBE, OLD = CAPS.relative_to(REPOSITORY), OLD_CAPS.relative_to(REPOSITORY)
REAL = "tests/realcaps"
SMALL = "tests/cli/golden/hosts/small.xml"

SHOWN = {
    "probe": (PROBE,),
    "small-all": (SMALL, "--all"),
    "domains": (f"{REAL}/domcapabilities.q35.xml",),
    "domains-all": (f"{REAL}/domcapabilities.microvm.xml", "--all"),
    "whole-host": (f"{REAL}/capabilities.xml",),
    "folder": (REAL,),
    "combined": (f"node1={PROBE}", f"node1={REAL}/domcapabilities.q35.xml", f"node1={REAL}/domcapabilities.pc.xml"),
    "two": (f"debian={PROBE}", f"small={SMALL}"),
    "flags": (f"new={PROBE}", f"old={OLD}", "--flag", "virtio-net.failover", "--flag", "sev-guest"),
    "flags-of-emulators": (REAL, "--flag", "virtio-net.failover"),
}
STATUS = {"flags": 1, "flags-of-emulators": 1}


def shown(*arguments: str | Path, cwd: Path = REPOSITORY, out: Path, **options: object) -> Result:
    return domlint("hosts", *arguments, cwd=cwd, out=out, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SHOWN)
def test_whole_output(name: str, tmp_path: Path) -> None:
    result = shown(*SHOWN[name], out=tmp_path)
    assert (result.status, result.stderr) == (STATUS.get(name, 0), "")
    golden = GOLDEN / f"{name}.text"
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        golden.write_text(result.stdout)
    assert result.stdout == golden.read_text()
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert [line for line in result.stdout.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("name", SHOWN)
def test_json_tells_of_the_same_hosts(name: str, tmp_path: Path) -> None:
    """SMALL_PROBE and what is beside it have a whole object written by hand."""
    as_text = shown(*SHOWN[name], out=tmp_path)
    result = shown(*SHOWN[name], "--output-format", "json", out=tmp_path)
    assert (result.status, result.stderr) == (as_text.status, "")
    assert result.stdout.isascii()
    values = json.loads(result.stdout)
    told = [found["id"] for found in values.get("hosts", [])] + [found["host"] for found in values.get("answers", [])]
    assert set(told) == set(re.findall(r"^([\w.-]+)(?: \(\w+\))?: ", as_text.stdout, re.MULTILINE))
    # --all is for people; JSON has everything anyway.
    plain = [argument for argument in SHOWN[name] if argument != "--all"]
    if plain != list(SHOWN[name]):
        assert shown(*plain, "--output-format", "json", out=tmp_path).stdout == result.stdout


def test_json_of_answers(tmp_path: Path) -> None:
    result = shown(*SHOWN["flags"], "--output-format", "json", out=tmp_path)
    emulator = {"emulator": "/usr/bin/qemu-system-x86_64", "arch": "x86_64"}
    lacking = "not listed, and libvirt {}, which wrote this file, would have listed it"
    failover, sev = {"flag": "virtio-net.failover"}, {"flag": "sev-guest"}
    assert json.loads(result.stdout) == {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "answers": [
            {
                "host": "new",
                **emulator,
                **failover,
                "answer": "implied",
                "reason": "not listed, but libvirt 9.0.0, which wrote this file, no longer lists it; "
                "QEMU 7.2.22 has it",
            },
            {"host": "new", **emulator, **sev, "answer": "absent", "reason": lacking.format("9.0.0")},
            {
                "host": "old",
                **emulator,
                **failover,
                "answer": "absent",
                "reason": "QEMU 4.1.0 is older than 4.2.0 (4.1.50 in development), the first to have it",
            },
            {"host": "old", **emulator, **sev, "answer": "absent", "reason": lacking.format("7.0.0")},
        ],
        "failures": [],
    }


SMALL_PROBE = (GOLDEN / "small.xml").read_text()
SMALL_DOMAINS = """\
<domainCapabilities>
  <path>/usr/bin/qemu-system-x86_64</path>
  <domain>kvm</domain>
  <machine>pc-q35-8.2</machine>
  <arch>x86_64</arch>
  <vcpu max='288'/>
  <iothreads supported='yes'/>
  <cpu>
    <mode name='host-model' supported='yes'>
      <model fallback='forbid'>EPYC</model><feature policy='require' name='x2apic'/>
    </mode>
    <mode name='custom' supported='yes'>
      <model usable='no' vendor='Intel' canonical='Haswell-v1'>Haswell</model>
      <blockers model='Haswell'><feature name='hle'/></blockers>
    </mode>
  </cpu>
  <devices><disk supported='yes'><enum name='bus'><value>virtio</value><value>scsi</value></enum></disk></devices>
  <features><sev supported='yes'><cbitpos>51</cbitpos></sev></features>
</domainCapabilities>
"""
SMALL_HOST = """\
<capabilities>
  <host>
    <cpu><arch>x86_64</arch><model>EPYC</model><vendor>AMD</vendor><feature name='ht'/>
      <pages unit='KiB' size='4'/></cpu>
    <iommu support='yes'/>
    <topology><cells><cell id='0'><memory unit='KiB'>1024</memory></cell></cells></topology>
    <secmodel><model>apparmor</model></secmodel>
  </host>
  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'><emulator>/usr/bin/qemu-system-x86_64</emulator>
      <machine>pc-q35-8.2</machine><domain type='qemu'/><domain type='kvm'/></arch>
    <features><acpi default='on' toggle='yes'/></features>
  </guest>
</capabilities>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "node1").mkdir(parents=True)
    (folder / "node1" / "a.xml").write_text(SMALL_PROBE)
    (folder / "node1" / "b.xml").write_text(SMALL_DOMAINS)
    (folder / "node1" / "c.xml").write_text(SMALL_HOST)
    return folder


def test_json_is_as_contracted(folder: Path, tmp_path: Path) -> None:
    """A whole object against one written by hand."""
    result = shown("node1", "gone.xml", "--output-format", "json", cwd=folder, out=tmp_path)
    assert result.status == 2
    assert result.stderr.startswith("domlint: error: gone.xml: no such file")
    values = json.loads(result.stdout)
    (emulator,) = values["hosts"][0]["emulators"]
    flags, abilities = emulator.pop("flags"), emulator.pop("abilities")
    (failure,) = values.pop("failures")
    assert (failure["source"], failure["line"]) == ("gone.xml", None)
    assert failure["message"].startswith("no such file")
    assert set(failure) == {"source", "line", "message", "help"}
    haswell = {"name": "Haswell", "usable": False, "blockers": ["hle"]}
    assert values == {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "hosts": [
            {
                "id": "node1",
                "hardware": {
                    "arch": "x86_64",
                    "cpu_model": "EPYC",
                    "cpu_vendor": "AMD",
                    "cpu_features": ["ht"],
                    "page_sizes_kib": [4],
                    "iommu": True,
                    "security_models": ["apparmor"],
                    "numa_nodes": [{"id": 0, "memory_kib": 1024}],
                },
                "guests": [{"os_type": "hvm", "arch": "x86_64", "accelerators": ["tcg", "kvm"], "features": ["acpi"]}],
                "emulators": [
                    {
                        "source": "node1/a.xml, node1/c.xml, node1/b.xml",
                        "kind": "combined",
                        "emulator": "/usr/bin/qemu-system-x86_64",
                        "arch": "x86_64",
                        "qemu": "8.2.1",
                        "qemu_package": "v8.2.1",
                        "libvirt": "9.0.0",
                        "kernel": "6.1.0 #1 SMP",
                        "microcode": 43,
                        "cpu_signature": "GenuineIntel, 6",
                        "accelerators": {"kvm": True, "tcg": False},
                        "default_machine": "pc-q35-8.2",
                        "lists_machines": True,
                        "machines": [
                            {
                                "name": "pc-q35-8.2",
                                "alias": "q35",
                                "accelerator": "kvm",
                                "max_vcpus": 288,
                                "deprecated": False,
                                "hotplug_cpus": True,
                                "acpi": True,
                                "default_cpu": "qemu64",
                            },
                            {
                                "name": "pc-q35-8.1",
                                "alias": None,
                                "accelerator": "kvm",
                                "max_vcpus": 288,
                                "deprecated": True,
                                "hotplug_cpus": False,
                                "acpi": None,
                                "default_cpu": None,
                            },
                        ],
                        "lists_cpu_models": True,
                        "cpu_models": [{**haswell, "accelerator": "kvm", "deprecated": True}],
                        "lists_flags": True,
                        "gic": [],
                        "sev": {
                            "cbitpos": 51,
                            "reduced_phys_bits": 1,
                            "max_guests": 15,
                            "max_es_guests": None,
                        },
                        "sgx": None,
                        "hyperv": None,
                        "nested_kvm": True,
                        "secure_guest": None,
                        "domains": [
                            {
                                "accelerator": "kvm",
                                "machine": "pc-q35-8.2",
                                "arch": "x86_64",
                                "emulator": "/usr/bin/qemu-system-x86_64",
                                "max_vcpus": 288,
                                "supported": {
                                    "iothreads": True,
                                    "cpu/mode[host-model]": True,
                                    "cpu/mode[custom]": True,
                                    "devices/disk": True,
                                    "features/sev": True,
                                },
                                "values": {"devices/disk/bus": ["scsi", "virtio"]},
                                "numbers": {"features/sev/cbitpos": 51},
                                "cpu_modes": [
                                    {
                                        "name": "host-model",
                                        "supported": True,
                                        "model": "EPYC",
                                        "features": [{"name": "x2apic", "policy": "require"}],
                                        "models": [],
                                    },
                                    {
                                        "name": "custom",
                                        "supported": True,
                                        "model": None,
                                        "features": [],
                                        "models": [
                                            {
                                                **haswell,
                                                "deprecated": False,
                                                "vendor": "Intel",
                                                "canonical": "Haswell-v1",
                                            }
                                        ],
                                    },
                                ],
                            }
                        ],
                    }
                ],
            }
        ],
    }
    assert flags["present"] == ["kvm", "later-flag"]
    assert "virtio-net" in flags["absent"]
    assert set(flags) == {"present", "implied", "absent", "unknown"}
    answers = {found["name"]: found for found in abilities}
    assert answers["iothreads"] == {
        "name": "iothreads",
        "title": "I/O threads",
        "can": True,
        "reason": "libvirt offers it",
    }
    assert (answers["sev"]["can"], answers["spice"]["can"], answers["uefi"]["can"]) == (True, False, None)


@pytest.mark.parametrize(
    "flags, status",
    [
        (["kvm"], 0),
        (["kvm", "later-flag"], 0),
        (["kvm", "virtio-net"], 1),
        (["virtio-net"], 1),
        (["no-such-flag"], 1),
        (["netdev"], 0),
    ],
)
def test_flags_decide_the_status(folder: Path, tmp_path: Path, flags: list[str], status: int) -> None:
    options = [option for flag in flags for option in ("--flag", flag)]
    for as_json in ([], ["--output-format", "json"]):
        result = shown("node1", *options, *as_json, cwd=folder, out=tmp_path)
        assert (result.status, result.stderr) == (status, "")
    answers = json.loads(result.stdout)["answers"]
    assert [(found["host"], found["emulator"], found["arch"], found["flag"]) for found in answers] == [
        ("node1", "/usr/bin/qemu-system-x86_64", "x86_64", flag) for flag in flags
    ]
    assert all(found["answer"] in ("present", "implied") for found in answers) == (status == 0)
    assert shown("node1", "gone.xml", *options, cwd=folder, out=tmp_path).status == 2


def test_a_flag_asks_a_host(folder: Path, tmp_path: Path) -> None:
    result = shown("--flag", "kvm", cwd=folder, out=tmp_path)
    assert (result.status, result.stdout) == (2, "")
    assert "--flag asks a host" in result.stderr


def test_one_bad_file_does_not_hide_the_others(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.xml").write_text("<qemuCaps>\n<version>seven</version></qemuCaps>")
    (folder / "vm.xml").write_text("<domain/>")
    result = shown(".", "vm.xml", "x=bad.xml", cwd=folder, out=tmp_path)
    assert result.status == 2
    assert result.stdout.startswith("node1: QEMU 8.2.1 for x86_64, libvirt 9.0.0\n")
    errors = [line for line in result.stderr.splitlines() if line.startswith("domlint: error: ")]
    assert errors == [
        "domlint: error: ./bad.xml: the file is damaged: the architecture (<arch>) is missing",
        "domlint: error: vm.xml:1: this is a domain, not a host",
        "domlint: error: bad.xml: the file is damaged: the architecture (<arch>) is missing",
    ]
    alone = shown("bad.xml", cwd=folder, out=tmp_path)
    assert (alone.status, alone.stdout) == (2, "")


HOSTILE = "\u009b31mred\u202e\u200b"


def test_names_from_files_are_data(folder: Path) -> None:
    """Whatever name a file has, nothing gets out that a terminal could act on."""
    runner = CliRunner()
    number = 0
    for name in ("a.xml", "b.xml", "c.xml"):
        text = (folder / "node1" / name).read_text()
        hurt = folder / "hurt.xml"
        for found in set(re.findall(r"(?<=')[^'\n]+(?=')|(?<=>)[^<>\n]+(?=<)", text)):
            hurt.write_text(text.replace(found, found + HOSTILE))
            for options in ([], ["--all"], ["--output-format", "json"]):
                result = runner.invoke(command, ["hosts", str(hurt), f"{HOSTILE}={hurt}", *options])
                assert result.exit_code in (0, 1, 2)
                assert isinstance(result.exception, SystemExit | None)
                assert [letter for letter in result.output if not letter.isprintable() and letter != "\n"] == []
                number += "red" in result.stdout
    assert number > 100


def test_a_hostile_name_is_shown_as_it_is_written(folder: Path, tmp_path: Path) -> None:
    (folder / "hurt.xml").write_text(SMALL_PROBE.replace("pc-q35-8.2", f"pc-{HOSTILE}"))
    result = shown("hurt.xml", cwd=folder, out=tmp_path)
    assert "pc-\\x9b31mred\\u202e\\u200b *" in result.stdout


def test_wide_letters_are_aligned(folder: Path, tmp_path: Path) -> None:
    (folder / "wide.xml").write_text(SMALL_PROBE.replace("pc-q35-8.2", "機械-8.2").replace("q35'", "仮想'"))
    lines = shown("wide.xml", cwd=folder, out=tmp_path).stdout.splitlines()
    rows = [line for line in lines if "vCPUs" in line or "機械" in line or "pc-q35" in line]
    widths = {sum(2 if ord(letter) > 0x2E80 else 1 for letter in row.partition("288")[0]) for row in rows[1:]}
    assert len(rows) == 3
    assert len(widths) == 1


def test_large_files_take_time_by_their_size(folder: Path, tmp_path: Path) -> None:
    number = 20_000
    machines = "".join(f"<machine type='tcg' name='m{index}' alias='a{index}'/>" for index in range(number))
    text = SMALL_PROBE.replace("<machine", f"{machines}<machine", 1).replace(
        "v8.2.1", f"v{'9' * 3_000_000} {'v ' * number}"
    )
    (folder / "large.xml").write_text(text)
    enumerations = "".join(f"<d{index} supported='yes'><enum name='e'/></d{index}>" for index in range(number))
    (folder / "domains.xml").write_text(SMALL_DOMAINS.replace("<devices>", f"<devices>{enumerations}"))
    for options in ([], ["--all"], ["--output-format", "json"]):
        result = shown("large.xml", "domains.xml", *options, cwd=folder, out=tmp_path)
        assert result.status == 0
        assert result.seconds < 15


def in_terminal(*arguments: str | Path, columns: int, environment: dict[str, str] | None = None) -> str:
    """What the command writes to a terminal."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    variables |= {"TERM": "xterm", **(environment or {})}
    with subprocess.Popen(
        [sys.executable, "-m", "domlint", "hosts", *arguments], stdout=theirs, cwd=REPOSITORY, env=variables
    ) as process:
        os.close(theirs)
        data = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says EIO where a terminal has ended
                break
            if not part:
                break
            data += part
    os.close(ours)
    assert process.returncode == 0
    return data.decode().replace("\r\n", "\n")


def test_a_terminal_gets_colours_and_its_own_width() -> None:
    wide = in_terminal(PROBE, columns=120)
    assert "\x1b[" in wide
    plain = re.sub(r"\x1b\[[0-9;]*m", "", wide)
    assert 80 < max(map(len, plain.splitlines())) <= 120
    assert max(map(len, in_terminal(PROBE, columns=120, environment={"NO_COLOR": "1"}).splitlines())) <= 120
    assert "\x1b[" not in in_terminal(PROBE, columns=120, environment={"NO_COLOR": "1"})
    narrow = in_terminal(PROBE, columns=72, environment={"NO_COLOR": "1"})
    assert max(map(len, narrow.splitlines())) <= 72
    # As many columns as one gets in a pipe, and the same text.
    assert in_terminal(PROBE, columns=80, environment={"NO_COLOR": "1"}) == (GOLDEN / "probe.text").read_text()


def test_the_list_of_profiles(tmp_path: Path) -> None:
    from domlint.hosts.profiles import distributions, profile_names, release_names

    text = shown(out=tmp_path).stdout
    result = shown("--output-format", "json", out=tmp_path)
    assert (result.status, result.stderr) == (0, "")
    values = json.loads(result.stdout)
    assert set(values) == {"version", "tool", "profiles", "distributions", "failures"}
    assert [found["name"] for found in values["profiles"]] == list(release_names())
    assert values["profiles"][0] == {"name": "qemu-4.2-x86_64", "qemu": "4.2", "arch": "x86_64"}
    names = [found["name"] for found in values["profiles"]]
    names += [name for found in values["distributions"] for name in found["profiles"]]
    assert names == list(profile_names())
    debian = next(found for found in values["distributions"] if found["name"] == "debian-12")
    assert debian.pop("source")
    assert debian.pop("profiles")[0] == "debian-12"
    assert debian == {
        "name": "debian-12",
        "title": "Debian 12 (bookworm)",
        "qemu": "7.2",
        "libvirt": "9.0.0",
        "machines": "upstream",
        "leaves_out": [],
    }
    # In the text each stands in the line of its release, on one screen.
    assert len(text.splitlines()) <= 40
    lines: dict[str, str] = {}
    release = ""
    for line in text.splitlines()[3:]:
        release = line.split()[0] if re.match(r"  \d", line) else release
        lines[release] = f"{lines.get(release, '')} {line}"
    for found in values["profiles"]:
        assert found["arch"] in lines[found["qemu"]].split()
    for distribution in distributions():
        assert distribution.name in lines[distribution.qemu].split()


def test_every_profile_is_shown(tmp_path: Path) -> None:
    from domlint.hosts.profiles import profile_names

    result = shown(*profile_names(), out=tmp_path)
    assert (result.status, result.stderr) == (0, "")
    assert re.findall(r"^([\w.-]+): QEMU ", result.stdout, re.MULTILINE) == list(profile_names())
    assert max(map(len, result.stdout.splitlines())) <= 80
    # What hangs on the host is not denied to all hosts.
    for denied in re.findall(r"^  Cannot (.*?)(?=\n  Unknown|\n\n)", result.stdout, re.MULTILINE | re.DOTALL):
        assert not re.search(r"UEFI|Secure Boot|TPM.*swtpm", denied)


def test_a_profile_and_files_of_the_host_are_one(folder: Path, tmp_path: Path) -> None:
    result = shown("a=debian-12", "a=node1/c.xml", "--output-format", "json", cwd=folder, out=tmp_path)
    ((emulator,),) = (host["emulators"] for host in json.loads(result.stdout)["hosts"])
    assert (emulator["kind"], emulator["accelerators"]) == ("combined", {"kvm": True, "tcg": True})


def test_the_json_is_documented(folder: Path, tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "hosts.md").read_text()

    def keys(value: object, data: bool = False) -> set[str]:
        """The names of all fields; those in objects that hold data by name are none."""
        if isinstance(value, list):
            return {key for found in value for key in keys(found)}
        if not isinstance(value, dict):
            return set()
        own = set() if data else set(value)
        return own | {
            key
            for name, found in value.items()
            for key in keys(found, name in ("accelerators", "supported", "values", "numbers", "sev", "sgx"))
        }

    for arguments in (["node1"], ["node1", "--flag", "kvm"], [], ["gone.xml"]):
        values = json.loads(shown(*arguments, "--output-format", "json", cwd=folder, out=tmp_path).stdout)
        assert {key for key in keys(values) if f"`{key}`" not in text} == set()


def test_every_option_is_documented(tmp_path: Path) -> None:
    usage = shown("--help", out=tmp_path).stdout
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", usage, re.MULTILINE)) - {"--help"}
    text = (REPOSITORY / "docs" / "hosts.md").read_text()
    assert options == {"--all", "--flag", "--output-format"}
    assert {option for option in options if f"`{option}" not in text} == set()


def test_hosts_is_a_command_and_may_be_a_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "hosts").mkdir()
    (folder / "hosts" / "vm.xml").write_text("<domain type='kvm'><name>a</name></domain>")
    result = domlint("./hosts", "--caps", "node1", cwd=folder, out=tmp_path)
    assert "1 domain in 1 file" in result.stdout
