"""Hostile input, through the real command: clear words, bounded time and memory, and the other files are linted."""

from __future__ import annotations

import codecs
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

import pytest
from command import CAPS, CLEAN, FOREIGN, MEBIBYTE, NO_CAPS_HINT, REPOSITORY, STANDBY, Result, domlint

from domlint.engine import Plan, Source
from domlint.hosts import load_host
from domlint.rules import catalogue

LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
LAUGHING = f"<!DOCTYPE domain [<!ENTITY l0 'lol'>{LAUGHS}]>\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for the files of a test, with one file beside it that has a finding: other.xml."""
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "other.xml").write_text(STANDBY)
    return folder


def with_devices(devices: str, before: str = "") -> str:
    os_ = "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
    memory = "<memory>1048576</memory>"
    return f"<domain type='kvm'><name>vm</name>{memory}{before}{os_}<devices>\n{devices}\n</devices></domain>\n"


def lint(folder: Path, *more: str | Path | bytes, data: bytes | str | None = None, **options: object) -> Result:
    """Lint vm.xml and, in the same run, the other file: its finding is there whatever becomes of the first."""
    if data is not None:
        (folder / "vm.xml").write_bytes(data.encode() if isinstance(data, str) else data)
    files = more or ("vm.xml",)
    given = (*files, "../other.xml", "--ignore", "SCHEMA", "--output-format", "concise")
    result = domlint(*given, cwd=folder, **options)  # type: ignore[arg-type]
    assert "../other.xml:10:7: error[TEAM037]" in result.stdout
    return result


def of_file(result: Result, name: str = "vm.xml") -> list[str]:
    return [line for line in result.stdout.splitlines() if line.startswith(f"{name}:")]


ENTITIES = "error[XML003] the document declares entities of its own and was not read further"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{LAUGHING}<domain><name>&l9;</name></domain>", id="billion laughs in text"),
        pytest.param(f"{LAUGHING}<domain a='&l9;'/>", id="billion laughs in an attribute"),
        pytest.param(
            f"<!DOCTYPE domain [<!ENTITY a '{'x' * 100_000}'>]><domain a='{'&a;' * 100_000}'/>", id="quadratic blowup"
        ),
        pytest.param("<!DOCTYPE domain [<!ENTITY a SYSTEM 'SECRET'>]><domain><name>&a;</name></domain>", id="external"),
        pytest.param("<!DOCTYPE domain [<!ENTITY % a SYSTEM 'SECRET'> %a;]><domain/>", id="external parameter"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities(folder: Path, text: str, encoding: str) -> None:
    secret = folder / "secret.txt"
    secret.write_text("<!ENTITY b 'top secret'>")
    result = lint(folder, data=text.replace("SECRET", secret.as_uri()).encode(encoding))
    assert [line.split(" ", 1)[1] for line in of_file(result)] == [ENTITIES]
    assert result.status == 1
    assert "top secret" not in result.stdout + result.stderr
    assert result.seconds < 5


@pytest.mark.parametrize("document", ["<domain><name>&a;</name></domain>", "<domain a='&a;'><name>x</name></domain>"])
def test_passwords_are_not_read(folder: Path, document: str) -> None:
    for text in (
        f"<!DOCTYPE domain [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>{document}",
        f"<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>{document}",
        f"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>{document}",
        "<domain xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='/etc/passwd' parse='text'/></domain>",
    ):
        result = lint(folder, data=text)
        assert "root:" not in result.stdout + result.stderr
        assert result.status == 1


def test_a_network_is_not_asked(folder: Path) -> None:
    """A document type on another machine is not fetched: there is no other machine here, and no word about it."""
    result = lint(folder, data="<!DOCTYPE domain SYSTEM 'http://192.0.2.1/x.dtd'>" + PLAIN + "</domain>")
    assert of_file(result) == []
    assert result.stderr.startswith(NO_CAPS_HINT)
    assert result.seconds < 3


PLAIN = "<domain type='kvm'><memory>1048576</memory><os><type>hvm</type></os>"
"""The beginning of a domain that libvirt takes."""

LARGE = {
    "a million elements": (f"{PLAIN}" + "<a/>" * 1_000_000 + "</domain>", []),
    "a million interfaces": (with_devices("<interface/>" * 1_000_000), []),
    "a million bare teamings": (with_devices("<teaming/>" * 1_000_000), []),
    "as many lines as fit": (f"{PLAIN}" + "\n" * 9_000_000 + "</domain>", []),
    "half a million attributes": (f"{PLAIN}<a " + " ".join(map("a{}=''".format, range(500_000))) + "/></domain>", []),
    "one attribute of 9 MB": (PLAIN.replace(" ", f" a='{'x' * 9_000_000}' ", 1) + "</domain>", []),
    "5,000 levels": (
        "<domain>" + "<a>" * 5000 + "</a>" * 5000 + "</domain>",
        ["error[XML001] elements are nested deeper than the 256 levels that libxml2, and so libvirt, reads"],
    ),
    "a text of 12 MB": (
        f"<domain><description>{'x' * 12_000_000}</description></domain>",
        ["error[XML001] a single text or name is longer than libxml2, and so libvirt, reads (10 MB)"],
    ),
    "a name of 12 MB": (f"<{'d' * 12_000_000}/>", ["error[XML001] a single text or name is longer than libxml2, and"]),
    "100 MB of text": (
        f"<domain><description>{'x' * 100_000_000}</description></domain>",
        ["error[XML003] the file is larger than 16 MiB and was not read"],
    ),
    "3 million opened tags": ("<domain>" * 2_000_000, ["error[XML001] elements are nested deeper than the 256 levels"]),
    "2 million wrong tags": ("<domain>" + "<a></b>" * 2_000_000, ["error[XML001] not well-formed XML: this end tag"]),
    "16 MB of less-than signs": ("<" * 16_000_000, ["error[XML001] not well-formed XML"]),
    "undeclared prefixes": (
        PLAIN + "<a:b/>" * 500_000 + "</domain>",
        ["error[XML001] the prefix 'a:' of 'a:b' is not declared"],
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_files(folder: Path, name: str) -> None:
    text, messages = LARGE[name]
    result = lint(folder, data=text)
    assert [line[: len(message)] for line, message in zip(_messages(result), messages, strict=True)] == messages
    assert result.status == 1
    assert result.seconds < 10


def _messages(result: Result) -> list[str]:
    return [line.split(" ", 1)[1] for line in of_file(result)]


def pair(number: int, alias: str = "ua-{}") -> str:
    mac = f"52:54:00:00:{number >> 8:02x}:{number & 255:02x}"
    return f"""\
<interface type='network'><mac address='{mac}'/><source network='n'/><model type='virtio'/>\
<alias name='{alias.format(number)}'/><teaming type='persistent'/></interface>
<interface type='hostdev' managed='yes'><mac address='{mac}'/>\
<source><address type='pci' domain='0' bus='{number >> 5}' slot='{number & 31}' function='0'/></source>\
<teaming type='transient' persistent='{alias.format(number)}'/></interface>
"""


def standby(number: int) -> str:
    return pair(number).splitlines()[0]


def assigned(number: int) -> str:
    return pair(number).splitlines()[1]


def port(number: int) -> str:
    return f"<controller type='pci' index='{number}' model='pcie-root-port'/>"


DEVICES = {
    "pairs": pair,
    "pairs on one alias": lambda number: pair(number, "ua-x"),
    "pairs with one MAC and alias": lambda _number: pair(1),
    "transients of one standby": lambda number: assigned(1) if number else pair(1),
    "standbys": standby,
    "transients without a partner": assigned,
    "nameless standbys": lambda number: standby(number).replace("<alias", "<x") + assigned(number),
    "unfinished transients": lambda _number: "<interface><teaming type='transient' persistent='x'/></interface>",
    "misspelt teamings": lambda _number: "<interface><teaming type='transeint' persistent='x'/></interface>",
    "pairs without teaming": lambda number: pair(number).replace("teaming", "x"),
    "addresses": lambda _number: "<interface type='bridge'><address type='pci' bus='1' slot='1'/></interface>",
    "controllers": lambda number: "<controller type='pci' model='pcie-root-port'/>" if number else pair(1),
    "ports": lambda number: port(number) + pair(number),
}
"""Devices by their number, such as a file can have thousands of."""


@pytest.mark.parametrize("name", DEVICES)
def test_thousands_of_devices(folder: Path, name: str) -> None:
    devices = "".join(map(DEVICES[name], range(5_000 if name == "pairs" else 1_000)))
    result = lint(folder, "vm.xml", "--caps", str(CAPS), data=with_devices(devices), memory=600 * MEBIBYTE)
    assert result.status == 1
    assert result.seconds < 10


@pytest.mark.parametrize("name", DEVICES)
def test_work_grows_with_the_devices_not_with_their_square(name: str) -> None:
    """Twice as many devices call twice as many functions; four times as many, where each is compared with each."""
    plan = Plan(catalogue(), [load_host(CAPS)])

    def calls(number: int) -> int:
        text = with_devices("".join(map(DEVICES[name], range(number))))
        plan.check(Source("vm.xml", text.encode()))
        count = 0

        def called(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(called)
        try:
            report = plan.check(Source("vm.xml", text.encode()))
        finally:
            sys.setprofile(None)
        assert report.crashes == ()
        return count

    few, more, most = calls(12), calls(24), calls(48)
    assert most - more < 2.5 * (more - few)


SAME_SOURCE = "<source><address type='pci' domain='0' bus='3' slot='0' function='0'/></source>"
REPEATING = {
    "a long alias": with_devices(
        pair(1)
        + f"<hostdev mode='subsystem' type='pci'>{SAME_SOURCE}<alias name='ua-{'x' * 2_000_000}'/></hostdev>"
        + f"<hostdev mode='subsystem' type='pci'>{SAME_SOURCE}</hostdev>" * 500
    ),
    "long names of levels": (
        "<domain type='kvm'>"
        + "".join(f"<{'n' * 40_000}{level}>" for level in range(170))
        + "".join(f"<p{number}:x/>" for number in range(100_000))
        + "".join(f"</{'n' * 40_000}{level}>" for level in reversed(range(170)))
        + "</domain>"
    ),
}


@pytest.mark.parametrize("name", REPEATING)
def test_what_is_long_is_not_told_in_full_again_and_again(folder: Path, name: str) -> None:
    result = lint(folder, data=REPEATING[name])
    assert of_file(result)
    assert max(map(len, result.stdout.splitlines())) < 2500
    assert len(result.stdout) < 5_000_000
    assert result.seconds < 15


FAR = {
    "disk": "<disk type='file'><target dev='sda' bus='sata'/><address controller='{}'/></disk>",
    "console": "<console><target type='virtio'/><address controller='{}'/></console>",
    "controller": "<controller type='pci' index='{}' model='pcie-root-port'><target hotplug='off'/></controller>",
    "interface": "<interface type='bridge'><address type='pci' domain='{0}' bus='{0}' slot='{0}'/></interface>",
    "vlan": "<interface type='bridge'><vlan><tag id='{}'/></vlan></interface>",
    "name of a disk": "<disk type='file'><target dev='sd{}' bus='scsi'/></disk>",
}
NUMBERS = ["4294967295", "9" * 5000, "0x" + "f" * 5000]
FAR_OUT = [*((name, number) for name in list(FAR)[:-1] for number in NUMBERS), ("name of a disk", "z" * 9)]


@pytest.mark.parametrize("name, number", FAR_OUT, ids=lambda value: value[:9])
def test_numbers_out_of_any_range(folder: Path, name: str, number: str) -> None:
    """What libvirt would refuse must not become a list of that length, or end a rule."""
    closed = "<controller type='pci' index='1' model='pcie-root-port'><target hotplug='off'/></controller>"
    devices = closed + FAR[name].format(number) + pair(1)
    result = lint(folder, "vm.xml", "--caps", str(CAPS), data=with_devices(devices), timeout=5)
    assert result.status == 1


DAMAGED = {
    "NUL bytes": (b"\0" * 1000, "the control character U+0000"),
    "NUL in the text": (b"<domain><name>a\0b</name></domain>", "the control character U+0000"),
    "a NUL in a name": (b"<domain><na\0me/></domain>", "the control character U+0000"),
    "invalid UTF-8": (b"<domain><name>\xff\xfe</name></domain>", "bytes that are no UTF-8 text"),
    "half a character": (b"<domain><name>\xc3</name></domain>", "bytes that are no UTF-8 text"),
    "UTF-16, odd": (codecs.BOM_UTF16_LE + "<domain/>".encode("utf-16-le")[:-1], "do not fit the encoding utf-16-le"),
    "UTF-16 without a declaration": ("<domain/>".encode("utf-16-le"), "seems to be in UTF-16"),
    "UTF-16 that is none": (b"<?xml version='1.0' encoding='UTF-16'?><domain/>", "names the encoding UTF-16, but"),
    "EBCDIC": ("<?xml version='1.0' encoding='IBM037'?><domain/>".encode("cp037"), "with its encoding?"),
    "EBCDIC that is none": (b"<?xml version='1.0' encoding='IBM037'?><domain/>", "encoding"),
    "no encoding": (b"<?xml version='1.0' encoding='klingon'?><domain/>", "encoding that the XML declaration names"),
    "a codec that is none": (b"<?xml version='1.0' encoding='hex'?><domain/>", "encoding that the XML declaration"),
    "empty": (b"", "the file is empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "bytes that are no UTF-8 text"),
    "an archive": (b"\x1f\x8b\x08\0\0\0\0\0", "the control character U+001F"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(folder: Path, name: str) -> None:
    data, words = DAMAGED[name]
    result = lint(folder, data=data)
    (line,) = of_file(result)
    assert "error[XML001]" in line
    assert words in line
    assert result.status == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(codecs.BOM_UTF16_LE + STANDBY.encode("utf-16-le"), id="UTF-16 LE"),
        pytest.param(codecs.BOM_UTF16_BE + STANDBY.encode("utf-16-be"), id="UTF-16 BE"),
        pytest.param(codecs.BOM_UTF8 + STANDBY.encode(), id="UTF-8 with a mark"),
        pytest.param(f"<?xml version='1.0' encoding='UTF-7'?>{STANDBY}".encode("ascii"), id="UTF-7"),
        pytest.param(STANDBY.replace("\n", "\r\n").encode(), id="CRLF"),
    ],
)
def test_unusual_but_well_formed(folder: Path, data: bytes) -> None:
    result = lint(folder, data=data)
    assert [line.split(" ", 2)[:2] for line in of_file(result)] == [["vm.xml:10:7:", "error[TEAM037]"]]


# What lies in the way of a walk, or is named and is no plain file.


def test_a_directory_called_like_a_file(folder: Path) -> None:
    (folder / "x.xml").mkdir()
    (folder / "x.xml" / "inner.xml").write_text(STANDBY)
    result = lint(folder, ".", "x.xml")
    assert of_file(result, "./x.xml/inner.xml")
    assert len(result.stdout.splitlines()) == 2
    assert result.status == 1


def test_an_empty_directory_called_like_a_file(folder: Path) -> None:
    (folder / "x.xml").mkdir()
    result = domlint("x.xml", "--output-format", "concise", cwd=folder)
    assert (result.status, result.stdout) == (0, "")
    assert "no XML file was found there" in result.stderr


def without_privileges() -> tuple[str, ...]:
    """What to put before a command so that permissions count for it, for root as well."""
    if os.geteuid() != 0:
        return ()
    command = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
    if shutil.which("setpriv") is None or subprocess.run([*command, "true"], check=False).returncode != 0:
        pytest.skip("root reads everything, and setpriv cannot take that from it")
    return command


def test_what_may_not_be_read(folder: Path) -> None:
    (folder / "secret.xml").write_text(STANDBY)
    (folder / "secret.xml").chmod(0)
    (folder / "closed").mkdir()
    (folder / "closed" / "in.xml").write_text(STANDBY)
    (folder / "closed").chmod(0)
    try:
        result = lint(folder, "secret.xml", ".", before=without_privileges())
    finally:
        (folder / "closed").chmod(0o755)
    assert result.status == 2
    assert "domlint: error: secret.xml: cannot be read: Permission denied\n" in result.stderr
    assert "domlint: error: ./closed: cannot be read: Permission denied\n" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_links_pipes_and_devices_in_a_directory_are_passed_over(folder: Path) -> None:
    (folder / "vm.xml").write_text(STANDBY)
    (folder / "broken.xml").symlink_to("nowhere")
    (folder / "loop.xml").symlink_to("loop.xml")
    (folder / "up").symlink_to("..")
    (folder / "here.xml").symlink_to(".")
    (folder / "zero.xml").symlink_to("/dev/zero")
    (folder / "twice.xml").symlink_to("vm.xml")
    os.mkfifo(folder / "pipe.xml")
    os.mkfifo(folder / ".gitignore")
    result = lint(folder, ".")
    assert result.status == 1
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["./twice.xml", "../other.xml"]
    assert "cannot" not in result.stderr


@pytest.mark.parametrize("name", ["broken.xml", "loop.xml", "none.xml", "vm.xml/x", "a" * 300])
def test_files_that_are_not_there(folder: Path, name: str) -> None:
    (folder / "vm.xml").write_text(CLEAN)
    (folder / "broken.xml").symlink_to("nowhere")
    (folder / "loop.xml").symlink_to("loop.xml")
    result = lint(folder, name)
    assert result.status == 2
    assert f"domlint: error: {name}: cannot be read: " in result.stderr
    assert len(result.stderr.splitlines()) == 3


def test_a_pipe_that_is_named_is_read(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_text, args=(STANDBY,), daemon=True)
    writer.start()
    result = lint(folder, "pipe")
    writer.join(5)
    assert of_file(result, "pipe")
    assert result.status == 1


def test_a_process_substitution_is_read(folder: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        pipe.write(STANDBY)
    result = lint(folder, f"/dev/fd/{reading}", pass_fds=(reading,))
    os.close(reading)
    assert of_file(result, f"/dev/fd/{reading}")


def test_a_device_without_end(folder: Path) -> None:
    result = lint(folder, "/dev/zero")
    assert of_file(result, "/dev/zero") == [
        "/dev/zero:1:1: error[XML003] the file is larger than 16 MiB and was not read"
    ]
    assert result.status == 1
    assert result.seconds < 5


def test_standard_input_without_end(folder: Path) -> None:
    with open("/dev/zero", "rb") as zero:
        result = lint(folder, "-", given=zero)
    assert "<stdin>:1:1: error[XML003]" in result.stdout


def test_closed_standard_input(folder: Path) -> None:
    result = lint(folder, "-", before=("sh", "-c", 'exec "$@" <&-', "sh"))
    assert result.status == 2
    assert "<stdin>: cannot be read" in result.stderr


NAMES = [
    pytest.param(b"new\nline.xml", "new\\nline.xml", id="line end"),
    pytest.param(b"\x1b[31mred.xml", "\\x1b[31mred.xml", id="escape"),
    pytest.param(b"\x1b]0;title\x07.xml", "\\x1b]0;title\\x07.xml", id="title"),
    pytest.param(b"\xff\xfe.xml", "\\udcff\\udcfe.xml", id="not UTF-8"),
    pytest.param("\u202elmx.mv.xml".encode(), "\\u202elmx.mv.xml", id="bidi"),
    pytest.param("\x9b31m.xml".encode(), "\\x9b31m.xml", id="C1"),
    pytest.param(b"[red]x.xml", "[red]x.xml", id="markup"),
    pytest.param(b"a b'\"$(x).xml", "a b'\"$(x).xml", id="shell"),
]


@pytest.mark.parametrize("name, shown", NAMES)
@pytest.mark.parametrize("walked", [False, True])
def test_file_names_cannot_break_lines_or_colour_a_terminal(
    folder: Path, name: bytes, shown: str, walked: bool
) -> None:
    path = os.fsencode(folder) + b"/" + name
    with open(path, "wb") as file:
        file.write(STANDBY.encode())
    result = lint(folder, "." if walked else name)
    assert of_file(result, f"./{shown}" if walked else shown)
    assert len(result.stdout.splitlines()) == 2
    if walked:
        return
    text = domlint(name, "--output-format", "text", "--output-format", "json=out.json", cwd=folder)
    assert text.stdout.startswith(f"{shown}:10:7: error[TEAM037]")
    machine = json.loads((folder / "out.json").read_bytes().decode("ascii"))
    assert os.fsencode(machine["findings"][0]["file"]) == name
    with open(path, "wb") as file:
        file.write(b"<domain>\x1b")
    broken = domlint(name, b"no" + name, cwd=folder)
    assert broken.status == 2
    assert f"no{shown}: cannot be read" in broken.stderr


# A file that is given as another kind than it is.


def test_a_capability_file_as_domain(folder: Path) -> None:
    result = lint(folder, str(CAPS))
    assert of_file(result, str(CAPS)) == [
        f"{CAPS}:1:1: note[XML002] no domain: <qemuCaps> is a host's capability file; give it with --caps"
    ]
    assert result.status == 1


def test_a_domain_as_capability_file(folder: Path) -> None:
    (folder / "vm.xml").write_text(CLEAN)
    result = domlint("vm.xml", "--caps", "vm.xml", cwd=folder)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("domlint: error: vm.xml:1: this is a domain, not a host\n")


def test_a_domain_as_network(folder: Path) -> None:
    (folder / "vm.xml").write_text(CLEAN)
    result = domlint("vm.xml", "--network", "vm.xml", cwd=folder)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr == "domlint: error: vm.xml: this is a <domain>: --network takes a <network> definition\n"


def test_a_network_as_domain(folder: Path) -> None:
    (folder / "n.xml").write_text("<network><name>n</name></network>")
    result = lint(folder, "n.xml")
    assert of_file(result, "n.xml") == []


@pytest.mark.parametrize("option", ["--caps", "--network"])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(f"{LAUGHING}<network><name>&l9;</name></network>".encode(), id="billion laughs"),
        pytest.param(f"{LAUGHING}<qemuCaps a='&l9;'/>".encode(), id="billion laughs in an attribute"),
        pytest.param(b"<network>" * 100_000, id="deep network"),
        pytest.param(b"<qemuCaps>" * 100_000, id="deep capabilities"),
        pytest.param(b"\0" * 20_000_000, id="large"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe<\0?\0", id="UTF-16"),
        pytest.param(b"<qemuCaps><flag name='\x1b[31m'/></qemuCaps>", id="escape"),
        pytest.param(b"<network><name>&#x9b;31m</name></network>" * 2, id="C1"),
        pytest.param(b"<?xml version='1.0' encoding='punycode'?><network/>", id="codec"),
        pytest.param(FOREIGN.encode(), id="foreign"),
    ],
)
def test_hostile_hosts_and_networks(folder: Path, option: str, data: bytes) -> None:
    (folder / "vm.xml").write_text(CLEAN)
    (folder / "hostile.xml").write_bytes(data)
    result = domlint("vm.xml", option, "hostile.xml", cwd=folder, memory=400 * MEBIBYTE)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("domlint: error: hostile.xml")
    assert result.seconds < 5


@pytest.mark.parametrize("option", ["--caps", "--network"])
def test_pipes_and_links_in_directories_of_hosts_and_networks(folder: Path, option: str) -> None:
    (folder / "vm.xml").write_text(CLEAN)
    place = folder / "place"
    place.mkdir()
    os.mkfifo(place / "a.xml")
    (place / "broken.xml").symlink_to("nowhere")
    (place / "loop").symlink_to(".")
    (place / "folder.xml").mkdir()
    shutil.copy(CAPS, place / "host.xml")
    shutil.copy(REPOSITORY / "examples/networks/sriov.xml", place / "network.xml")
    result = domlint("vm.xml", option, "place", cwd=folder)
    assert (result.status, result.stdout.splitlines()[-1][:12]) == (0, "No findings ")


# Names and values of a domain that get into messages.

ACTING = [
    pytest.param("\u202e\u2066", "&#x202e;&#x2066;", id="bidi"),
    pytest.param("\x9b31m", "&#x9b;31m", id="C1"),
    pytest.param("\u2028\u0085", "&#x2028;&#x85;", id="line ends"),
    pytest.param("a\r\n\tb", "a&#13;&#10;&#9;b", id="CRLF and tab"),
    pytest.param("\x7f\u200b\ufeff", "&#x7f;&#x200b;&#xfeff;", id="invisible"),
    pytest.param("\U000e0041\ue000", "&#xe0041;&#xe000;", id="tags and private use"),
    pytest.param("[bold red]x[/]", "[bold red]x[/]", id="markup"),
]


@pytest.mark.parametrize(
    "literal, references, as_references",
    [
        *(pytest.param(*one.values, True, id=f"{one.id}, references") for one in ACTING),
        *(pytest.param(*one.values, False, id=f"{one.id}, literal") for one in ACTING[:3]),
    ],
)
def test_values_cannot_break_lines_or_colour_a_terminal(
    folder: Path, literal: str, references: str, as_references: bool
) -> None:
    value = references if as_references else literal.replace("\r\n", " ")
    text = f"""\
<domain type='kvm'>
  <name>{value}</name>
  <os><type arch='{value}' machine='{value}'>hvm</type></os>
  <devices>
    <interface type='network'>
      <mac address='52:54:00:6b:3c:58'/> <source network='{value}'/>
      <model type='{value}'/> <teaming type='persistent'/> <alias name='{value}'/>
    </interface>
    <interface type='network'><source network='{value}'/><alias name='ua-{value}'/><mac address='{value}'/>
      <teaming type='{value}' persistent='{value}'/></interface>
    <interface type='hostdev'><alias name='{value}'/><mac address='{value}'/><model type='{value}'/>
      <source><address type='pci' domain='{value}' bus='{value}' slot='{value}' function='{value}'/></source>
      <address type='pci' bus='{value}' slot='{value}'/>
      <teaming type='transient' persistent='{value}'/></interface>
    <hostdev mode='subsystem' type='pci'><teaming type='transient' persistent='{value}'/>
      <alias name='{value}'/></hostdev>
  </devices>
</domain>
"""
    (folder / "vm.xml").write_text(text, newline="")
    hosts = ("--caps", f"\x1b[31m{value}={CAPS}", "--caps", str(CAPS))
    concise = domlint("vm.xml", *hosts, "--output-format", "concise", cwd=folder)
    number = len(concise.stdout.splitlines())
    assert concise.status == 1
    assert number >= 3
    assert all(line.startswith("vm.xml:") for line in concise.stdout.split("\n")[:-1]), "one finding, one line"
    plain = domlint("vm.xml", *hosts, "--output-format", "text", "--output-format", "json=out.json", cwd=folder)
    assert sum(plain.stdout.count(f" {severity}[") for severity in ("error", "warning", "note")) == number
    machine = (folder / "out.json").read_bytes().decode("ascii")
    assert len(json.loads(machine)["findings"]) == number
    coloured = domlint("vm.xml", *hosts, "--color", "always", cwd=folder, clear=False)
    assert_only_own_colours(coloured.stdout)


def assert_only_own_colours(text: str) -> None:
    """Between the colours that domlint sets itself there is nothing that a terminal acts on."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert [character for character in plain if not character.isprintable() and character != "\n"] == []
    assert "\x1b[" in text


@pytest.mark.parametrize("escape", ["\x1b[31m", "\x1b]0;x\x07", "\x9b31m", "\u202e"])
def test_what_stands_in_a_line_that_is_shown(folder: Path, escape: str) -> None:
    """The excerpt of a file that is not well-formed shows the line, but none of its control characters."""
    result = domlint("-", cwd=folder, given=f"<domain>{escape}<a>{escape}</b></domain>".encode())
    assert result.status == 1
    assert escape not in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("\x1b[31m.xml",),
        ("-", "--stdin-filename", "\x1b[31mred\nline"),
        ("-", "--select", "\x1b[31m"),
        ("-", "--ignore", "\x9b31m\u202e"),
        ("-", "--output-format", "\x1b[31m"),
        ("-", "--output-format", "json=/no/\x1b[31m"),
        ("-", "--libvirt", "\x1b[31m"),
        ("-", "--caps", "\x1b[31m"),
        ("-", "--caps", "\x1b[31m=/no/\x1b[32m"),
        ("-", "--network", "\x1b[31m"),
        ("explain", "\x1b[31m"),
        ("explain", "\udcff"),
    ],
)
def test_arguments_are_shown_without_what_a_terminal_acts_on(folder: Path, arguments: tuple[str, ...]) -> None:
    result = domlint(*arguments, cwd=folder, given=STANDBY.encode())
    assert result.status in (1, 2)
    escaped = ("\\x1b[3", "\\x9b31m\\u202e", "\\udcff")
    assert any(text in result.stdout + result.stderr for text in escaped)


def test_an_output_that_does_not_take_every_character(folder: Path) -> None:
    (folder / "vm.xml").write_text(STANDBY.replace("ua-uplink", "ua-é家"))
    result = domlint("vm.xml", cwd=folder, environment={"PYTHONIOENCODING": "latin-1"}, clear=False)
    assert "bug in domlint" not in result.stderr
    assert result.status == 1
    assert "ua-\udce9\\u5bb6" in result.stdout  # é in Latin-1, the other as an escape
    result = domlint("explain", "TEAM040", cwd=folder, environment={"PYTHONIOENCODING": "ascii"})
    assert result.status == 0
