"""Templates: a value that is filled in later is not known, and no rule finds fault with it or because of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from domains import ASSIGNED, PLAIN, POOLED, STANDBY, TRANSIENTS, Bad, Run, edit, second, vm
from lxml import etree
from team_cases import BAD

PLACEHOLDERS = ("{{ value }}", "${value}", "$VALUE", "%s", "%(value)s")

PAIRS = {name: vm(STANDBY, device) for name, device in TRANSIENTS.items()}

# Where something is wrong whatever the placeholder stands for, another rule may say so: of two crossed pairs with one
# address unknown, the other pair is mismatched still; a name that no alias matches is found nowhere, whichever device
# was meant; without a transient device, a persistent one has no partner on any network; and a second function shares
# its slot with whichever device is the first; and of two devices with one MAC address, either may be the third.
STILL_WRONG = {
    ("TEAM041", "TEAM040"),
    ("TEAM030", "TEAM033"),
    ("TEAM031", "TEAM033"),
    ("TEAM025", "TEAM037"),
    ("TEAM056", "TEAM055"),
    ("TEAM043", "TEAM043"),
}


def with_one_placeholder(text: str, placeholder: str) -> Iterator[tuple[str, str]]:
    """The text with a placeholder in one attribute, for each attribute that a rule may look at."""
    domain = etree.fromstring(text.encode())
    elements = [*domain.iterfind("os/type"), *domain.iterfind("cpu/feature")]
    for kind in ("interface", "hostdev", "controller", "shmem"):
        for device in domain.iterfind(f"devices/{kind}"):
            elements += device.iter("*")
    for element in elements:
        for name, value in element.items():
            element.set(name, placeholder)
            yield f"{element.tag} {name}={value}", etree.tostring(domain, encoding="unicode")
            element.set(name, value)


def found(run: Run, text: str) -> set[tuple[str, int]]:
    return {(one.code, one.location.line) for one in run.findings(text)}


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
@pytest.mark.parametrize("form", PAIRS)
def test_a_pair_as_it_should_be_stays_clean(form: str, placeholder: str) -> None:
    for networks in (Run().networks, ()):
        run = Run(networks=networks)
        before = found(run, PAIRS[form])
        for what, text in with_one_placeholder(PAIRS[form], placeholder):
            assert found(run, text) <= before, what


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.code}-{case.name}") for case in BAD])
def test_a_placeholder_adds_nothing_to_a_mistake(case: Bad) -> None:
    before = found(case.run, case.text)
    for what, text in with_one_placeholder(case.text, "{{ value }}"):
        added = {one for one in found(case.run, text) - before if (case.code, one[0]) not in STILL_WRONG}
        assert added == set(), what


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
@pytest.mark.parametrize(
    "code, device, old, new",
    [
        ("TEAM010", POOLED, "type='transient'", "type='{}'"),
        ("TEAM012", POOLED, "persistent='ua-uplink'", "persistent='{}'"),
        ("TEAM022", POOLED, "<interface type='network'>", "<interface type='{}'>"),
        ("TEAM033", POOLED, "persistent='ua-uplink'", "persistent='ua-{}'"),
        ("TEAM040", POOLED, "52:54:00:1d:0e:4a", "52:54:00:{}"),
        ("TEAM053", ASSIGNED, "</interface>", "  <address type='pci' bus='0' slot='{}'/>\n</interface>"),
        ("TEAM055", ASSIGNED, "</interface>", "  <address type='pci' bus='1' function='{}'/>\n</interface>"),
        ("TEAM057", POOLED, "<model type='virtio'/>", "<model type='{}'/>"),
        ("TEAM058", PLAIN, "managed='yes'", "managed='yes' ramfb='{}'"),
        ("TEAM061", POOLED, "</interface>", "  <vlan><tag id='{}'/></vlan>\n</interface>"),
        ("TEAM070", ASSIGNED, "</interface>", "  <boot order='{}'/>\n</interface>"),
        ("TEAM083", ASSIGNED, "managed='yes'", "managed='{}'"),
    ],
)
def test_a_placeholder_is_no_mistake(code: str, device: str, old: str, new: str, placeholder: str) -> None:
    text = vm(STANDBY, edit(device, (old, new.format(placeholder))))
    assert code not in {finding.code for finding in Run().findings(text)}


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_an_alias_filled_in_later_may_be_any(placeholder: str) -> None:
    alias = ("<alias name='ua-uplink'/>", f"<alias name='{placeholder}'/>")
    assert found(Run(), vm(edit(STANDBY, alias), POOLED)) == set()
    assert found(Run(), vm(STANDBY, edit(POOLED, ("'ua-uplink'", f"'{placeholder}'")))) == set()
    both = vm(edit(STANDBY, alias), second(STANDBY), second(POOLED), POOLED)
    assert found(Run(), both) == set()


def test_a_machine_filled_in_later_may_be_any() -> None:
    assert found(Run(), vm(STANDBY, POOLED, machine="{{ machine }}")) == set()
    assert found(Run(), vm(STANDBY, POOLED, arch="{{ arch }}", machine="pc")) == set()
