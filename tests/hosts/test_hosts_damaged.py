"""Damaged files of the kinds that virsh prints: an error for people, with its line, and nothing else."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kinds_builder import capabilities, domaincaps, guest

from domlint.hosts import Host, HostError
from domlint.hosts.load import read_host_file

ROOT = Path(__file__).resolve().parents[2]
REAL = [*sorted((ROOT / "tests" / "realcaps").glob("*.xml")), ROOT / "examples" / "caps" / "debian-12-x86_64.xml"]


SCRAPS = [
    *(b"'", b"<", b">", b"</a>", b"<!--", b"<?a?>", b"&#1;", b"&a;", b"\xc2\x9b", b"-1", b"9" * 30),
    *(b"<enum/>", b"<machine/>", b"<value>x</value>", b"<mode name='a'/>", b" supported='x'", b" name=''"),
]


def read(data: bytes) -> list[Host]:
    return read_host_file(data, "dir/host.xml", "host")


BAD_DOMAINS = {
    "no arch": (domaincaps().replace(b"<arch>x86_64</arch>", b""), "<arch> is missing", 1),
    "empty arch": (domaincaps(arch=" "), "<arch> is missing", 1),
    "no domain type": (domaincaps(virt_type=""), "<domain> is missing", 1),
    "vcpu": (domaincaps(tail="<vcpu max='many'/>"), "'max' of <vcpu> should be a number, not 'many'", 6),
    "vcpu endless": (domaincaps(tail=f"<vcpu max='{'9' * 5000}'/>"), "should be a number", 6),
    "supported": (domaincaps(tail="<iothreads supported='1'/>"), "'supported' of <iothreads> is '1', not", 6),
    "supported in devices": (domaincaps(tail="<devices>\n<disk supported=''/></devices>"), "<disk> has no", 7),
    "enumeration": (domaincaps(tail="<devices><disk>\n<enum/></disk></devices>"), "<enum> has no 'name'", 7),
    "mode": (domaincaps(tail="<cpu>\n<mode supported='yes'/></cpu>"), "<mode> has no 'name'", 7),
    "mode supported": (domaincaps(tail="<cpu><mode name='custom'/></cpu>"), "<mode> has no 'supported'", 6),
    "feature": (
        domaincaps(tail="<cpu><mode name='host-model' supported='yes'>\n<feature/></mode></cpu>"),
        "<feature> has no 'name'",
        7,
    ),
    "blocker": (
        domaincaps(
            tail="<cpu><mode name='custom' supported='yes'>\n<blockers model='a'>\n<feature/></blockers></mode></cpu>"
        ),
        "<feature> has no 'name'",
        8,
    ),
}

BAD_HOSTS = {
    "no guest": (capabilities("<later/>"), "the host runs no guests", None),
    "empty": (b"<capabilities/>", "the host runs no guests", None),
    "guest without arch": (capabilities("<guest>\n<os_type>hvm</os_type></guest>"), "a <guest> has no <arch>", 5),
    "arch without name": (capabilities(guest(arch="")), "<arch> has no 'name'", 7),
    "domain without type": (capabilities(guest(within="<domain/>")), "<domain> has no 'type'", 8),
    "machine without name": (capabilities(guest(within="\n<machine/>")), "a <machine> has no name", 9),
    "alias without name": (capabilities(guest(within="<machine canonical='a'> </machine>")), "has no name", 8),
    "machine count": (capabilities(guest(within="<machine maxCpus='x'>a</machine>")), "'maxCpus' of <machine>", 8),
    "pages": (capabilities(host="<cpu><pages unit='KiB'/></cpu>"), "<pages> has no 'size'", 3),
    "host feature": (capabilities(host="<cpu>\n<feature/></cpu>"), "<feature> has no 'name'", 4),
    "cell": (capabilities(host="<topology><cells><cell/></cells></topology>"), "<cell> has no 'id'", 3),
}


@pytest.mark.parametrize("case", BAD_DOMAINS | BAD_HOSTS)
def test_damaged(case: str) -> None:
    data, words, line = (BAD_DOMAINS | BAD_HOSTS)[case]
    with pytest.raises(HostError) as caught:
        read(data)
    error = caught.value
    assert words in error.message
    assert (error.source, error.line) == ("dir/host.xml", line)
    assert all(part.isprintable() for part in str(error).split("\n"))
    if line is not None:
        command = "virsh domcapabilities" if case in BAD_DOMAINS else "virsh capabilities"
        assert error.help.startswith(f"make it again with '{command}")


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_a_file_that_is_cut(path: Path) -> None:
    data = path.read_bytes()
    for end in range(1, len(data) - 20, len(data) // 40):
        with pytest.raises(HostError) as caught:
            read(data[:end])
        assert caught.value.line is not None or caught.value.help


@settings(deadline=None, max_examples=300)
@given(
    path=st.sampled_from(REAL),
    where=st.floats(0, 1),
    cut=st.integers(0, 60),
    put=st.one_of(
        st.binary(max_size=4),
        st.sampled_from(SCRAPS),
    ),
)
@example(path=REAL[0], where=0.0, cut=0, put=b"\xff\xfe")
@example(path=REAL[0], where=1.0, cut=0, put=b"\0")
def test_any_change_of_a_real_file(path: Path, where: float, cut: int, put: bytes) -> None:
    data = path.read_bytes()
    place = int(where * len(data))
    try:
        hosts = read(data[:place] + put + data[place + cut :])
    except HostError as error:
        said = str(error)
        hosts = []
    else:
        said = ""
        assert hosts
    assert all(part.isprintable() for part in said.split("\n"))
    assert pickle.loads(pickle.dumps(hosts)) == hosts
    for host in hosts:
        assert host.arch
        assert isinstance(host.virt_types, tuple)
        host.provides("kvm")
        host.machine("q35")
        host.answer("virtio-net.failover")


@pytest.mark.parametrize(
    "data",
    [
        domaincaps(
            tail="<devices><disk supported='yes'><enum name='bus'>"
            + "".join(f"<value>v{number}</value>" for number in range(100_000))
            + "</enum></disk></devices>"
        ),
        domaincaps(
            tail="<cpu><mode name='custom' supported='yes'>"
            + "".join(
                f"<model usable='no'>m{number}</model><blockers model='m{number}'><feature name='a'/></blockers>"
                for number in range(50_000)
            )
            + "</mode></cpu>"
        ),
        domaincaps(
            tail="<devices>" + "".join(f"<d{number} supported='no'/>" for number in range(100_000)) + "</devices>"
        ),
        capabilities(
            guest(
                within="".join(f"<machine>m{number}</machine>" for number in range(50_000))
                + "".join(f"<machine canonical='m{number}'>a{number}</machine>" for number in range(50_000))
            )
        ),
        capabilities(guest(within="<machine>m</machine>" * 50_000 + "<machine canonical='m'>a</machine>" * 50_000)),
        capabilities(
            guest(
                within="<machine>m</machine>" * 50_000
                + "".join(f"<machine canonical='m'>a{number}</machine>" for number in range(50_000))
            )
        ),
        capabilities(*(guest(within=f"<emulator>/e{number}</emulator>") for number in range(50_000))),
        capabilities(*(guest(within="<machine>a</machine><domain type='kvm'/>") for _number in range(50_000))),
    ],
    ids=["values", "models", "devices", "aliases", "repeats", "many aliases of one", "emulators", "guests"],
)
def test_large_files_take_time_by_their_size(data: bytes) -> None:
    start = time.monotonic()
    assert read(data)
    assert time.monotonic() - start < 5
