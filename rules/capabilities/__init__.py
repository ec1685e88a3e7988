"""CAPS: what the elements of a domain need of QEMU, as data, a file for each subject.

The rows say what needs what; ``domlint requires`` reads them as they are. Those whose outcome is known are findings
where a host lacks what they need: a rule for each subject, and one walk for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from domlint.document import Document, Element
from domlint.domain import Context
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problems, Rule, rule
from domlint.versions import Version
from domlint.vocabulary import Vocabulary

if TYPE_CHECKING:
    from domlint.capability import Capability
    from domlint.hosts import Host
    from domlint.rules.capabilities.missing import Missing

SUBJECTS: Final = (
    "disk",
    "controller",
    "interface",
    "virtio",
    "hostdev",
    "filesystem",
    "video",
    "graphics",
    "sound",
    "input",
    "character",
    "tpm",
    "rng",
    "memory",
    "iommu",
    "device",
    "features",
    "cpu",
    "system",
    "security",
)
"""The files of rows, in the order of their codes."""


def rows() -> dict[str, tuple[str, Capability]]:
    """All rows by name, each with its subject. Raises ValueError where two have the same name."""
    from domlint.capability import all_of

    return all_of((subject, import_module(f"{__name__}.{subject}").ROWS) for subject in SUBJECTS)


_Clue: TypeAlias = tuple[Any, ...]
"""A domlint.capability.Clue, whose class nearly no run needs."""


def _needing_what_is_missing(hosts: Sequence[Host], libvirt: Version | None) -> frozenset[str]:
    """The domain, if it has a word without which nothing in it needs what one of the hosts lacks."""
    asking = [(host, _asking_libvirt(host, libvirt)) for host in hosts]
    words = {word.decode() for host, asks in asking if asks is not None for word in _not_listed(host, asks).words}
    if not words:
        return frozenset()
    return frozenset(["." if not words.isdisjoint(_IN_MOST_DOMAINS) else " ".join((".", *sorted(words)))])


_IN_MOST_DOMAINS: Final = frozenset({"devices", "controller", "disk", "interface", "video", "os", "cpu", "features"})


def _each_missing(context: Context, domain: Element) -> Iterable[Missing]:
    """What the host lacks of the domain's needs, as far as the libvirt that reads it asks."""
    host = context.host
    libvirt = None if host is None else _asking_libvirt(host, context.libvirt)
    if host is None or libvirt is None:
        return ()
    clues = _not_listed(host, libvirt).clues_in(context.document)
    if not clues or not context.domain.runs_on_qemu:
        return ()
    from domlint.capability import Clue
    from domlint.rules.capabilities.missing import missing_of

    return missing_of(context, domain, map(Clue._make, clues), host, libvirt)


def _asking_libvirt(host: Host, libvirt: Version | None) -> Version | None:
    """The libvirt whose questions count for a host; None where that, or what the host lacks, is not known."""
    if not host.lists_flags:
        return None
    return libvirt or host.libvirt_version or (_NEWEST if host.is_profile else None)


_NEWEST: Final = Version(11, 3, 0)
"""The libvirt that is meant where a profile of a QEMU is given and none is named: the newest whose source was read."""


class _NotListed:
    """The clues to what a libvirt asks for and a host does not list, so may lack, in groups of one first text each."""

    def __init__(self, groups: Iterable[tuple[bytes, tuple[_Clue, ...]]]) -> None:
        self.groups = tuple(groups)
        self._by_word: dict[bytes, list[tuple[bytes, tuple[_Clue, ...]]]] = {}
        for text, group in self.groups:
            self._by_word.setdefault(text.lstrip(b"<"), []).append((text, group))
        self._vocabulary = Vocabulary(self._by_word)

    @property
    def words(self) -> Iterable[bytes]:
        """The words without any of which a file has none of the clues."""
        return self._by_word

    def clues_in(self, document: Document) -> list[_Clue]:
        """The clues that a file has: that is faster than to look into the tree."""
        data, groups = document.data, self.groups
        if not document.is_plain:
            return [clue for _text, group in groups for clue in group]
        if len(groups) > _FEW and len(data) < _SHORT:
            found = self._vocabulary.words_in(data)
            if not found:
                return []
            groups = tuple([one for word in found for one in self._by_word[word]])
        return [clue for text, group in groups if text in data for clue in group if clue[0][-1] in data]


_FEW: Final = 6
"""To look for so many texts, one after the other, takes as long as to split a file into words."""

_SHORT: Final = 100_000
"""The bytes of a file that may be split into words, which take many times its memory."""


@lru_cache(maxsize=64)
def _not_listed(host: Host, libvirt: Version) -> _NotListed:
    """The clues to what this libvirt asks for and the host does not list, so may lack."""
    from domlint.hosts.fit import serves
    from domlint.rules.capabilities.table import CLUES

    flags, arch = host.flags, host.arch
    groups: dict[bytes, tuple[_Clue, ...]] = {}
    for clue in CLUES:
        texts, _subject, _name, _number, alternatives, since, until, architectures, _path = clue
        if since > libvirt or (until is not None and until <= libvirt):
            continue
        for needed in alternatives:
            if flags.issuperset(needed):
                break
        else:
            if not architectures or any(serves(arch, guest) for guest in architectures):
                groups[texts[0]] = (*groups.get(texts[0], ()), clue)
    return _NotListed(groups.items())


# One rule for each subject.

_OLD_HOST: Final = "qemu-6.2"
_Q35: Final = "pc-q35-6.2"


def _subject(
    number: int, subject: str, element: str, examples: tuple[Example, Example], outcome: Outcome = Outcome.DEFINE
) -> Rule:
    def body(_context: Context, missing: Missing) -> Problems:
        from domlint.rules.capabilities.missing import problem_of

        if missing.subject == subject:
            yield problem_of(missing)

    body.__doc__ = f"""The host's QEMU lacks something that {element} needs.

    libvirt asks for the capability when the domain is defined, or when it is started, and refuses. Which element needs
    what is listed in docs/needs.md; `domlint requires` tells from which QEMU and libvirt on there is what domains need.
    """
    return rule(
        f"CAPS{number:03}",
        f"{subject}-capability-missing",
        outcome=outcome,
        on=".",
        each=_each_missing,
        where=_needing_what_is_missing,
        needs=Needs.HOST,
        source=f"the rows in rules/capabilities/{subject}.py, each with its own",
        bad=examples[0],
        good=examples[1],
    )(body)


def _pair(bad: str, good: str, **details: Any) -> tuple[Example, Example]:
    """An element that needs what QEMU 6.2 lacks, and one that does not."""
    example = Example("", host=_OLD_HOST, machine=_Q35)._replace(**details)
    return example._replace(devices=bad), example._replace(devices=good)


def _around(bad: str, good: str) -> tuple[Example, Example]:
    example = Example("", host=_OLD_HOST, machine=_Q35)
    return example._replace(around=bad), example._replace(around=good)


disk_missing = _subject(
    10,
    "disk",
    "`<disk>`",
    _pair(
        """\
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2' discard='unmap' discard_no_unref='on'/> <!-- CAPS010 -->
  <source file='/srv/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>
""",
        """\
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2' discard='unmap'/>
  <source file='/srv/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>
""",
    ),
)

controller_missing = _subject(
    20,
    "controller",
    "`<controller>`",
    _pair(
        """\
<controller type='scsi' index='0' model='lsilogic'/> <!-- CAPS020 -->
""",
        """\
<controller type='scsi' index='0' model='virtio-scsi'/>
""",
    ),
)

interface_missing = _subject(
    30,
    "interface",
    "`<interface>`",
    _pair(
        """\
<interface type='user'>
  <backend type='passt'/> <!-- CAPS030 -->
  <model type='virtio'/>
</interface>
""",
        """\
<interface type='user'>
  <model type='virtio'/>
</interface>
""",
    ),
)

virtio_missing = _subject(
    40,
    "virtio",
    "an option of virtio devices",
    _pair(
        """\
<rng model='virtio'>
  <driver packed='on'/> <!-- CAPS040 -->
  <backend model='random'>/dev/urandom</backend>
</rng>
""",
        """\
<rng model='virtio'>
  <backend model='random'>/dev/urandom</backend>
</rng>
""",
        host="qemu-4.1",
        libvirt="7.0.0",
        machine="pc-q35-4.1",
    ),
)

hostdev_missing = _subject(
    50,
    "hostdev",
    "`<hostdev>`",
    _pair(
        """\
<hostdev mode='subsystem' type='scsi_host'>
  <source protocol='vhost' wwpn='naa.5123456789abcde0'/> <!-- CAPS050 -->
</hostdev>
""",
        """\
<hostdev mode='subsystem' type='pci' managed='yes'>
  <driver name='vfio'/>
  <source>
    <address domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>
  </source>
</hostdev>
""",
    ),
)

filesystem_missing = _subject(
    60,
    "filesystem",
    "`<filesystem>`",
    _pair(
        """\
<filesystem type='mount' accessmode='passthrough'>
  <driver type='mtp'/> <!-- CAPS060 -->
  <source dir='/srv/share'/>
  <target dir='share'/>
</filesystem>
""",
        """\
<filesystem type='mount' accessmode='passthrough'>
  <source dir='/srv/share'/>
  <target dir='share'/>
</filesystem>
""",
    ),
)

video_missing = _subject(
    70,
    "video",
    "`<video>`",
    _pair(
        """\
<video>
  <model type='vmvga' vram='16384'/> <!-- CAPS070 -->
</video>
""",
        """\
<video>
  <model type='virtio' heads='1'/>
</video>
""",
    ),
)

graphics_missing = _subject(
    80,
    "graphics",
    "`<graphics>` or `<audio>`",
    _pair(
        """\
<graphics type='dbus'/> <!-- CAPS080 -->
""",
        """\
<graphics type='vnc' port='-1' autoport='yes'/>
""",
    ),
)

sound_missing = _subject(
    90,
    "sound",
    "`<sound>`",
    _pair(
        """\
<sound model='virtio'/> <!-- CAPS090 -->
""",
        """\
<sound model='ich9'/>
""",
    ),
)

input_missing = _subject(
    100,
    "input",
    "`<input>` or `<hub>`",
    _pair(
        """\
<input type='passthrough' bus='virtio'> <!-- CAPS100 -->
  <source evdev='/dev/input/event1'/>
</input>
""",
        """\
<input type='tablet' bus='usb'/>
""",
    ),
)

character_missing = _subject(
    110,
    "character",
    "a serial port, console, channel, smartcard or redirected USB device",
    _pair(
        """\
<smartcard mode='host'/> <!-- CAPS110 -->
""",
        """\
<serial type='pty'/>
""",
    ),
)

tpm_missing = _subject(
    120,
    "tpm",
    "`<tpm>`",
    _pair(
        """\
<tpm model='tpm-tis'>
  <backend type='passthrough'> <!-- CAPS120 -->
    <device path='/dev/tpm0'/>
  </backend>
</tpm>
""",
        """\
<tpm model='tpm-tis'>
  <backend type='emulator' version='2.0'/>
</tpm>
""",
    ),
)

rng_missing = _subject(
    130,
    "rng",
    "`<rng>`",
    _pair(
        """\
<rng model='virtio'>
  <backend model='egd' type='tcp'> <!-- CAPS130 -->
    <source mode='connect' host='192.0.2.7' service='708'/>
  </backend>
</rng>
""",
        """\
<rng model='virtio'>
  <backend model='random'>/dev/urandom</backend>
</rng>
""",
    ),
)

_WITH_NODE = """\
<maxMemory slots='4' unit='GiB'>16</maxMemory>
<cpu mode='host-passthrough'>
  <numa>
    <cell id='0' cpus='0' memory='1024' unit='MiB'/>
  </numa>
</cpu>
"""

memory_missing = _subject(
    140,
    "memory",
    "`<memory>`, `<memballoon>` or `<shmem>`",
    _pair(
        """\
<memory model='virtio-mem'>
  <target dynamicMemslots='yes'> <!-- CAPS140 -->
    <size unit='GiB'>8</size>
    <node>0</node>
    <block unit='MiB'>2</block>
    <requested unit='GiB'>2</requested>
  </target>
</memory>
""",
        """\
<memory model='virtio-mem'>
  <target>
    <size unit='GiB'>8</size>
    <node>0</node>
    <block unit='MiB'>2</block>
    <requested unit='GiB'>2</requested>
  </target>
</memory>
""",
        around=_WITH_NODE,
    ),
)

iommu_missing = _subject(
    150,
    "iommu",
    "`<iommu>`",
    _pair(
        """\
<iommu model='virtio'/> <!-- CAPS150 -->
""",
        """\
<iommu model='intel'/>
""",
        around="<features>\n  <acpi/>\n</features>",
    ),
)

device_missing = _subject(
    160,
    "device",
    "`<vsock>`, `<crypto>`, `<panic>`, `<pstore>` or `<nvram>`",
    _pair(
        """\
<pstore backend='acpi-erst'> <!-- CAPS160 -->
  <path>/srv/pstore/web1</path>
  <size unit='KiB'>64</size>
</pstore>
""",
        """\
<panic model='isa'/>
""",
    ),
)

features_missing = _subject(
    170,
    "features",
    "`<features>` or `<clock>`",
    _around(
        """\
<features>
  <async-teardown enabled='yes'/> <!-- CAPS170 -->
</features>
""",
        """\
<features>
  <acpi/>
</features>
""",
    ),
)

cpu_missing = _subject(
    180,
    "cpu",
    "`<cpu>`",
    _around(
        """\
<vcpu>4</vcpu>
<cpu mode='host-passthrough'>
  <topology sockets='1' dies='1' clusters='2' cores='2' threads='1'/> <!-- CAPS180 -->
</cpu>
""",
        """\
<vcpu>4</vcpu>
<cpu mode='host-passthrough'>
  <topology sockets='1' dies='1' cores='4' threads='1'/>
</cpu>
""",
    ),
    outcome=Outcome.START,
)

system_missing = _subject(
    190,
    "system",
    "`<os>`, `<memoryBacking>`, `<iothreads>` or another part of the domain that is no device",
    _around(
        """\
<memoryBacking>
  <hugepages/>
  <allocation mode='immediate' threads='8'/> <!-- CAPS190 -->
</memoryBacking>
""",
        """\
<memoryBacking>
  <hugepages/>
  <allocation mode='immediate'/>
</memoryBacking>
""",
    ),
)

security_missing = _subject(
    200,
    "security",
    "`<launchSecurity>`",
    _around(
        """\
<launchSecurity type='sev-snp'> <!-- CAPS200 -->
  <policy>0x00030000</policy>
</launchSecurity>
""",
        """\
<memtune>
  <hard_limit unit='GiB'>4</hard_limit>
</memtune>
""",
    ),
)
