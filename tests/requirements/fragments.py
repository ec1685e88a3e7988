"""Domains made from selectors: one that is selected, and ones that are not for a single reason each."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from domlint.capability import MACHINES, Capability
from domlint.domain.machine import architectures_of
from domlint.selector import TEXT, Condition, Selector, Step

VERSIONED = {"i440fx": "pc", "q35": "q35", "virt": "virt", "pseries": "pseries", "ccw": "s390-ccw-virtio"}


def domain_for(row: Capability, selector: Selector) -> etree._Element:
    """A domain in which the selector selects one element, of the kind that the row is about."""
    arch, machine = kind_of(row)
    domain = etree.Element("domain", type=row.types[0] if row.types else "kvm")
    etree.SubElement(domain, "name").text = "example"
    kind = etree.SubElement(etree.SubElement(domain, "os"), "type", arch=arch, machine=machine)
    kind.text = "hvm"
    fulfil(domain, selector.steps[0])
    element = domain
    for step in selector.steps[1:]:
        child = element.find(step.name) if element.tag == "domain" else None
        element = etree.SubElement(element, step.name) if child is None else child
        fulfil(element, step)
    return domain


def kind_of(row: Capability) -> tuple[str, str]:
    """An architecture and a machine that the row is about."""
    if row.machines:
        architectures = [arch for kind in MACHINES[row.machines[0]] for arch in architectures_of(kind)]
        arch = next(arch for arch in architectures if not row.architectures or arch in row.architectures)
        return arch, VERSIONED[row.machines[0]]
    arch = row.architectures[0] if row.architectures else "x86_64"
    machines = {"s390x": "s390-ccw-virtio", "ppc64": "pseries", "x86_64": "q35"}
    return arch, machines.get(arch, "virt")


def fulfil(element: etree._Element, step: Step) -> None:
    for group in step.conditions:
        condition = group[0]
        if not condition.negated:
            make(element, condition)


def make(element: etree._Element, condition: Condition) -> None:
    for name in condition.children:
        child = element.find(name)
        element = etree.SubElement(element, name) if child is None else child
    value = {"": "1", "=": condition.values[0] if condition.values else "", "!=": "other", ">": "9"}[condition.operator]
    if condition.attribute == TEXT:
        element.text = value
    elif condition.attribute and (condition.operator or element.get(condition.attribute) is None):
        element.set(condition.attribute, value)


def near_misses(row: Capability, selector: Selector) -> Iterator[tuple[str, etree._Element]]:
    """Domains that lack one thing that the selector asks for, each with what it is."""
    for depth, step in enumerate(selector.steps):
        for group in step.conditions:
            for condition in group:
                domain = domain_for(row, selector)
                if len(group) == 1 and spoil(chain(domain, selector)[depth], condition):
                    yield f"{step.name}{condition}", domain


def chain(domain: etree._Element, selector: Selector) -> list[etree._Element]:
    found = [domain]
    for step in selector.steps[1:]:
        found.append(found[-1].find(step.name))
    return found


def spoil(element: etree._Element, condition: Condition) -> bool:
    """Make the condition false. Returns False where that changes nothing that can be seen."""
    if condition.negated:
        make(element, condition._replace(negated=False))
        return True
    parent = element
    for name in condition.children:
        parent, element = element, element.find(name)
    if condition.attribute == TEXT:
        element.text = "0"
    elif condition.attribute:
        values = {"": None, "=": "something-else", "!=": condition.values and condition.values[0], ">": "0"}
        value = values[condition.operator]
        if value is None:
            del element.attrib[condition.attribute]
        else:
            element.set(condition.attribute, value)
    elif condition.children:
        parent.remove(element)
    else:
        return False
    return True
