"""What the quick look keeps of one document must not make it pass over a mistake in the next one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from documents import compared, root_of

from domlint.quick_look import QuickLook
from domlint.tables import tables_of

RIGHT = """\
<domain type='kvm'>
  <name>web{number}</name>
  <metadata>
    <owner xmlns='urn:example'>team {number}</owner>
  </metadata>
  <memory unit='KiB'>4194304</memory>
  <os>
    <type arch='x86_64' machine='pc-q35-8.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/web{number}.qcow2'>
        <seclabel model='dac' relabel='no'/>
      </source>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x0{number}' slot='0x00' function='0x0'/>
    </disk>
    <interface type='hostdev' managed='yes'>
      <mac address='52:54:00:00:00:0{number}'/>
      <source>
        <address type='pci' domain='0x0000' bus='0x0{number}' slot='0x10' function='0x0'/>
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
    "a missing element": ("  <name>web7</name>\n", ""),
    "a missing attribute": (" type='virtio' heads='1'", " heads='1'"),
    "quotes of the other sort around quotes": ("file='/srv/web7.qcow2'", "file=\"/srv/' slot='\" files=''"),
}


CHANGES: dict[str, Callable[[str], str]] = {
    "as it is": lambda one: one,
    "with other quotes": lambda one: one if '"' in one else one.replace("'", '"'),
    "laid out otherwise": lambda one: one.replace("\n  ", "\n\t ").replace("<boot", "\n<boot"),
    "with other line ends": lambda one: one.replace("\n", "\r\n"),
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


def test_what_differs_in_values_alone_is_not_read_again() -> None:
    look = looked()
    known = [len(kind.shapes) for kind in look._types.values()]
    assert look.at(text(8).encode()).is_right
    assert [len(kind.shapes) for kind in look._types.values()] == known
    assert sum(len(kind.layouts) for kind in look._types.values()) > 0


def test_nothing_is_kept_of_a_document_that_is_very_large() -> None:
    look = QuickLook(tables_of("domain"))
    assert look.at(text(1).replace("team 1", "x" * 1024 * 1024).encode()).is_right
    assert not look._types
