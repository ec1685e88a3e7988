"""The language of selectors: what is read, what is refused, and what is selected."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from domlint.selector import SelectorError, Selectors, parse_selector

DOMAIN = etree.fromstring("""\
<domain type='kvm'>
  <name>one</name>
  <iothreads> 4 </iothreads>
  <cpu mode='custom'><model fallback='forbid'>Haswell</model><topology dies='2' cores='x'/></cpu>
  <devices>
    <disk id='a' device='disk'><driver io='native' queues='4'/><target dev='vda' bus='virtio'/></disk>
    <disk id='b' device='lun'><driver queues='{{ queues }}'/><target dev='sda' bus='scsi'/></disk>
    <disk id='c'><target dev='sdb' bus='${bus}'/><driver io='x'/><driver io='y'/></disk>
    <interface id='d'><model type='virtio'/></interface>
    <x:disk id='e' xmlns:x='urn:x'/>
  </devices>
  <devices><disk id='f'/></devices>
</domain>
""")


def ids(text: str) -> list[str]:
    found = []
    for _value, element, attribute in Selectors([(parse_selector(text), None)]).select(DOMAIN):
        owner = next((one for one in (element, *element.iterancestors()) if one.get("id")), element)
        found.append(f"{owner.get('id') or owner.tag}{'@' + attribute if attribute else ''}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("devices/disk", ["a", "b", "c", "f"]),
        ("devices/*", ["a", "b", "c", "d", "f"]),
        ("devices/*/target", ["a", "b", "c"]),
        ("devices/disk[@device]", ["a", "b"]),
        ("devices/disk[@device='lun']", ["b"]),
        ("devices/disk[@device=('lun', 'disk')]", ["a", "b"]),
        ("devices/disk[@device!='lun']", ["a"]),
        ("devices/disk[not(@device='lun')]", ["a", "c", "f"]),
        ("devices/disk[not(@device)]", ["c", "f"]),
        ("devices/disk[@device='lun' or @device='disk']", ["a", "b"]),
        ("devices/disk[@device or not(driver)]", ["a", "b", "f"]),
        ("devices/disk[@device][@id='a']", ["a"]),
        ("devices/disk[driver]", ["a", "b", "c"]),
        ("devices/disk[not(driver)]", ["f"]),
        ("devices/disk[target/@bus='virtio']/driver/@io", ["a@io"]),
        ("devices/disk[target/@bus='virtio']/driver/@io='threads'", []),
        ("devices/disk[driver/@io='x']", ["c"]),
        ("devices/disk[driver/@io='y']", []),
        ("devices/disk/driver/@io='y'", []),
        ("devices/disk/driver/@queues", ["a@queues"]),
        ("devices/disk/driver/@queues>3", ["a@queues"]),
        ("devices/disk/driver/@queues>4", []),
        ("devices/disk[target/@bus='virtio']", ["a"]),
        ("devices/disk[not(target/@bus='virtio')]", ["b", "f"]),
        ("devices/disk[target/@bus!='virtio']", ["b"]),
        ("cpu/topology/@dies>1", ["topology@dies"]),
        ("cpu/topology/@cores>1", []),
        ("cpu/model[text()='Haswell']", ["model"]),
        ("cpu/model[text()='Broadwell']", []),
        ("iothreads[text()>3]", ["iothreads"]),
        ("name[text()]", ["name"]),
        ("devices/disk[text()]", []),
        (".", ["domain"]),
        (".[@type='kvm']", ["domain"]),
        (".[@type='qemu']", []),
        (".[cpu/topology]/devices/disk[@id='f']", ["f"]),
        (".[cpu/numa]/devices/disk", []),
        ("./devices/disk[@id='f']", ["f"]),
        ("name/other", []),
    ],
)
def test_what_is_selected(text: str, expected: list[str]) -> None:
    assert ids(text) == expected


def test_many_selectors_are_found_in_one_walk_each_with_its_value() -> None:
    texts = ("devices/disk[@device='lun']", "devices/disk/driver/@io='native'", "devices/vsock")
    selectors = Selectors((parse_selector(text), text) for text in texts)
    assert [value for value, _element, _attribute in selectors.select(DOMAIN)] == [texts[1], texts[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "character 1: expected a name or a number"),
        ("devices/", "character 9: expected a name or a number"),
        ("devices//disk", "character 9: expected a name or a number"),
        ("devices/disk[", "character 14: expected a name or a number"),
        ("devices/disk[@device='lun'", "character 27: expected ']'"),
        ("devices/disk[@device=lun]", 'character 22: expected "\'"'),
        ("devices/disk[@device='lun]", "character 23: expected a closing quote"),
        ("devices/disk[not(@device]", "character 25: expected ')'"),
        ("devices/disk[@device=('a' 'b')]", "character 26: expected ')'"),
        ("devices/disk[@queues>many]", "character 22: expected a name or a number"),
        ("devices/disk/@device/x", "character 21: expected the end"),
        ("devices disk", "character 8: expected the end"),
        ("..", "character 2: expected the end"),
    ],
)
def test_what_is_no_selector_is_refused(text: str, expected: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_selector(text)
    assert expected in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab/@[]()'=!>*. ,not1", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        selector = parse_selector(text)
    except SelectorError:
        return
    list(Selectors([(selector, None)]).select(DOMAIN))
