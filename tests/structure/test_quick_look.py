"""What the quick look keeps of one document must not make it pass over a mistake in the next one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from documents import compared, root_of

from domlint.quick_look import Look, QuickLook, _Block, _Type
from domlint.tables import tables_of

RIGHT = """\
<domain type='kvm'>
  <name>web{number}</name>
  <metadata><owner xmlns='urn:example'>team {number}</owner></metadata>
  <memory unit='KiB'>4194304</memory>
  <os>
    <type arch='x86_64' machine='pc-q35-8.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <clock offset='utc'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/web{number}.qcow2'>
        <seclabel model='dac' relabel='no'/>
      </source>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x0{number}' slot='0x00' function='0x0'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:00:00:0{number}'/>
      <source network='net{number}'/>
    </interface>
    <interface type='hostdev' managed='yes'>
      <mac address='52:54:00:00:00:00'/>
      <source>
        <address type='pci' domain='0x0000' bus='0x07' slot='0x10' function='0x0'/>
      </source>
    </interface>
    <video><model type='virtio' heads='1'/></video>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""


def text(number: int) -> str:
    return RIGHT.replace("{number}", str(number))


def looked() -> QuickLook:
    """A quick look that has met such documents several times."""
    look = QuickLook(tables_of("domain"))
    for number in range(4):
        assert look.at(text(number).encode()).is_right
    return look


MISTAKES = {
    "a value out of range": ("slot='0x00'", "slot='0x20'"),
    "a value of another kind": ("52:54:00:00:00:07", "52:54:00:00:00"),
    "a value that is written otherwise": ("heads='1'", "heads='&#120;'"),
    "another type": ("<disk type='file'", "<disk type='network'"),
    "another type below": (
        "<address type='pci' domain='0x0000' bus='0x07' slot='0x10'",
        "<address type='usb' domain='0x0000' bus='0x07' slot='0x10'",
    ),
    "an unknown attribute": ("relabel='no'", "label='no'"),
    "an unknown element": ("<boot dev='hd'/>", "<boots dev='hd'/>"),
    "an element too often": ("<memory unit", "<name>x</name>\n  <memory unit"),
    "an element too often on one line": ("</name>", "</name><name>x</name>"),
    "a device too often": ("<memballoon", "<memballoon model='none'/>\n    <memballoon"),
    "text behind a start tag": ("<os>", "<os> x"),
    "text behind a start tag before a comment": (
        "<source file='/srv/web7.qcow2'>",
        "<source file='/srv/web7.qcow2'> 7 <!-- b -->",
    ),
    "text behind an end tag": ("</source>", "</source> x"),
    "text behind an open element": ("</metadata>", "</metadata>x"),
    "text between comments": ("<os>", "<!-- a -->x<os> <!-- b -->"),
    "an element between comments": ("<os>", "<!-- a --><os/>\n  <os> <!-- b -->"),
    "text behind an empty element": ("<boot dev='hd'/>", "<boot dev='hd'/>x"),
    "text in pieces": ("<video><model", "<video>x<model"),
    "an open element twice": ("</metadata>", "</metadata><metadata/>"),
    "what is in an empty element": (
        "<memballoon model='virtio'/>",
        "<memballoon model='virtio'>\n      x\n    </memballoon>",
    ),
    "what follows an open element on its line": ("</metadata>", "</metadata><boot/>"),
    "text in front of the first element": ("<name>", "x<name>"),
    "text in front of the first element of a device": ("<driver", "x<driver"),
    "a space of another script": ("<os>", "<os>\u00a0"),
    "a missing element": ("  <name>web7</name>\n", ""),
    "a missing attribute that must be there": (" offset='utc'", ""),
    "a missing attribute": (" type='virtio' heads='1'", " heads='1'"),
    "quotes of the other sort around quotes": ("file='/srv/web7.qcow2'", "file=\"/srv/' slot='\" files=''"),
}


CHANGES: dict[str, Callable[[str], str]] = {
    "as it is": lambda one: one,
    "with other quotes": lambda one: one if '"' in one else one.replace("'", '"'),
    "laid out otherwise": lambda one: one.replace("\n  ", "\n\t ").replace("<boot", "\n<boot"),
    "with other line ends": lambda one: one.replace("\n", "\r\n"),
    "with an open element in lines": lambda one: re.sub("(<metadata>)(.*)(</metadata>)", r"\1\n    \2\n  \3", one),
    "with a declaration": lambda one: f"<?xml version='1.0' encoding='utf-8'?>\n<!-- a comment -->\n{one}",
    "in one line": lambda one: re.sub("\n *", "", one),
}


@pytest.mark.parametrize("what", MISTAKES)
@pytest.mark.parametrize("how", CHANGES)
def test_a_mistake_is_seen_whatever_was_met_before(what: str, how: str) -> None:
    before, after = MISTAKES[what]
    right, wrong = (CHANGES[how](one).encode() for one in (text(7), text(7).replace(before, after, 1)))
    look = looked()
    assert look.at(right).is_right
    root = root_of(wrong)
    assert root is not None
    assert compared(root)
    assert not look.at(wrong).is_right


class Counting(QuickLook):
    """A quick look that notes what it reads: the name of each block, and of each element that it takes in pieces."""

    def __init__(self) -> None:
        super().__init__(tables_of("domain"))
        self.read: list[str] = []
        self.opened: list[str] = []
        self.taken_in_pieces: list[str] = []

    def _block(self, parent: _Type, text: str, level: int) -> _Block | None:
        self.read.append(re.split("[ >/]", text, maxsplit=1)[0])
        return super()._block(parent, text, level)

    def _inside(self, kind: _Type, start: str, blocks: list[str], level: int) -> str | None:
        self.opened.append(start.partition(" ")[0])
        return super()._inside(kind, start, blocks, level)

    def _in_pieces(self, parent: _Type, text: str) -> _Block | None:
        self.taken_in_pieces.append(re.split("[ >/]", text, maxsplit=1)[0])
        return super()._in_pieces(parent, text)

    def look(self, document: str) -> tuple[set[str], set[str], set[str]]:
        """What it reads of a document that is right."""
        self.read, self.opened, self.taken_in_pieces = [], [], []
        assert self.at(document.encode()).is_right
        return set(self.read), set(self.opened), set(self.taken_in_pieces)


def test_what_was_met_is_not_read_again() -> None:
    look = Counting()
    everything = {"name", "metadata", "memory", "os", "type", "boot", "devices", "disk", "driver", "source", "seclabel",
                  "target", "address", "interface", "mac", "video", "memballoon", "clock"}  # fmt: skip
    within = {"domain", "os", "devices", "disk", "source", "interface"}
    # Only what has elements on one line is taken in pieces.
    assert look.look(text(1)) == (everything, within, {"video"})
    assert look.look(text(1)) == ({"devices"}, {"domain", "devices"}, set())
    # The second time that elements differ in values alone, it is kept what they have in common.
    assert look.look(text(2))[1] == {"domain", "devices", "disk", "source", "interface"}
    unlike = {"name", "metadata", "devices", "disk", "interface"}
    assert look.look(text(3)) == (unlike, {"domain", "devices"}, set())
    # Conditions look at the attributes of the one that is a host device, so that it is read again.
    assert look.look(text(4).replace("'", '"'))[1:] == ({"domain", "os", "devices", "interface", "source"}, {"video"})


def test_what_decides_is_kept_apart() -> None:
    """Elements that differ in values which decide what the others mean: each is known for itself."""
    look = Counting()

    def disk(kind: str, number: int) -> str:
        source = {
            "file": f"file='/srv/{number}'",
            "block": f"dev='/dev/{number}'",
            "volume": f"pool='a' volume='{number}'",
        }[kind]
        inside = f"<source {source}>\n        <seclabel model='dac' relabel='no'/>\n      </source>"
        whole = re.sub("<source file=.*?</source>", inside, text(number), flags=re.DOTALL)
        return whole.replace("type='file'", f"type='{kind}'")

    for kind in ("file", "block", "volume", "file", "block", "volume"):
        for number in (1, 2, 3):
            look.look(disk(kind, number))
    for kind in ("file", "block", "volume"):
        assert "disk" not in look.look(disk(kind, 5))[1]
        wrong = disk(kind, 6).replace("<source ", "<source startupPolicy='7' ")
        assert not look.at(wrong.encode()).is_right


def test_values_that_a_condition_asks_for_decide() -> None:
    look = looked()

    def xen(arch: str) -> bytes:
        system = text(1).replace("<boot dev='hd'/>", "<kernel>/k</kernel>").replace("hvm", "linux")
        return system.replace("arch='x86_64' machine='pc-q35-8.2'", f"arch='{arch}' machine='xenpv'").encode()

    for arch in ("x86_64", "i686", "ia64"):
        assert look.at(xen(arch)).is_right
    assert compared(root_of(xen("armv7l")))  # type: ignore[arg-type]
    assert not look.at(xen("armv7l")).is_right


def test_the_text_that_a_condition_asks_for_is_told_apart() -> None:
    look = looked()
    wrong = text(1).replace("hvm", "exe").encode()
    assert compared(root_of(wrong))  # type: ignore[arg-type]
    assert not look.at(wrong).is_right


@pytest.mark.parametrize(
    ("before", "after", "is_right"),
    [
        ("web1</name>", "web1</name>\n  <title>a &lt; b</title>", True),
        ("web1</name>", "web1</name><title>a &lt; b</title>", True),
        ("web1</name>", "web1</name><title>a &amp;lt; b</title>", False),
        ("type='file'", "type='{{ type }}'", False),
        ("hd", "{{ device }}", True),
        ("<domain ", "<domain xmlns='urn:example' ", False),
        ("<domain ", "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' ", True),
        ("<domain ", "<domain xmlns:qemu='urn:example' ", False),
        ("<domain ", "<domain xmlns:a='urn:example' ", True),
        ("</domain>", "  <a:b xmlns:a='urn:example'/>\n</domain>", False),
        (
            "</domain>",
            "  <qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n    <qemu:arg value='-S'/>\n"
            "  </qemu:commandline>\n</domain>",
            True,
        ),
        ("<name>", '<description>"it\'s"</description>\n  <name>', True),
        ("file='/srv/web1.qcow2'", 'file="/srv/it\'s.qcow2"', True),
        ("<os>", "<os\n  >", True),
        ("bus='virtio'/>", "\n        bus = 'virtio' />", True),
    ],
)
def test_what_is_seldom_met(before: str, after: str, is_right: bool) -> None:
    """Where it is sure, and right for the comparison, too."""
    document = text(1).replace(before, after, 1).encode()
    assert document != text(1).encode()
    for look in (QuickLook(tables_of("domain")), looked()):
        assert look.at(document).is_right == is_right
    assert not is_right or compared(root_of(document)) == []  # type: ignore[arg-type]


def test_conditions_of_an_element_with_text() -> None:
    look = looked()
    for attributes, is_right in ((" template='/t'", True), (" template='/u' templateFormat='raw'", True),
                                 (" templateFormat='raw'", False)):  # fmt: skip
        document = text(1).replace("    <boot ", f"    <nvram{attributes}>/n</nvram>\n    <boot ").encode()
        assert (compared(root_of(document)) == []) == is_right  # type: ignore[arg-type]
        assert look.at(document).is_right == is_right


@pytest.mark.parametrize("rare", ["<?a b?>", "<![CDATA[ ]]>", "<!-- a --><![CDATA[ ]]>"])
def test_what_is_rare_is_not_sure(rare: str) -> None:
    assert not looked().at(text(1).replace("<os>", f"{rare}<os>").encode()).is_right
    assert not looked().at(text(1).encode("utf-16")).is_right


@pytest.mark.parametrize(
    ("before", "after", "since"),
    [
        ("<boot dev='hd'/>", "<boot dev='hd'/>\n    <shim>/s</shim>", "11.2.0"),
        ("<target dev='vda' bus='virtio'/>", "<target dev='vda' bus='virtio' rotation_rate='1'/>", "7.3.0"),
        ("<name>", "<throttlegroups/>\n  <name>", "11.2.0"),
        ("type='virtio'", "type='none'", ""),
    ],
)
def test_the_oldest_libvirt_that_knows_all(before: str, after: str, since: str) -> None:
    look = looked()
    for number in (1, 1, 2, 3):
        assert look.at(text(number).replace(before, after).encode()) == Look(True, since)
        assert look.at(text(number).encode()) == Look(True, "")


def chain(levels: int, innermost: str) -> bytes:
    """A domain with a disk that has a chain of images below it, the last of which holds something."""
    lines = [f"{'  ' * (level + 3)}<backingStore type='file'>\n" for level in range(levels)]
    ends = [f"{'  ' * (level + 3)}</backingStore>\n" for level in reversed(range(levels))]
    within = [f"{'  ' * (level + 4)}<format type='qcow2'/>\n{'  ' * (level + 4)}<source file='/{level}'/>\n"
              for level in range(levels)]  # fmt: skip
    inside = "".join(a + b for a, b in zip(lines, within, strict=True)) + innermost + "".join(ends)
    return text(1).replace("    </disk>\n", f"{inside}    </disk>\n").encode()


@pytest.mark.parametrize("levels", [3, 30, 60, 200])
def test_elements_in_elements(levels: int) -> None:
    for innermost, is_right in (("", True), ("<bad/>\n", False)):
        document = chain(levels, innermost)
        root = root_of(document)
        assert root is not None
        assert (compared(root) == []) == is_right
        assert looked().at(document).is_right == is_right


def test_a_mistake_below_many_levels_does_not_take_long() -> None:
    """It would, if what is in each of them was looked at again for each level above."""
    document = chain(240, "<bad/>\n" * 100_000)
    begin = time.process_time()
    assert not looked().at(document).is_right
    assert time.process_time() - begin < 1


def test_nothing_is_kept_of_a_document_that_is_very_large() -> None:
    look = QuickLook(tables_of("domain"))
    assert look.at(text(1).replace("team 1", "x" * 1024 * 1024).encode()).is_right
    assert not look._types
