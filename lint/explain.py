"""What is known of rules, written for people and for programs: the terminal, the rule reference, and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from click import style

from domlint.examples import example_hosts, whole_document
from domlint.reports.text import COLOURS
from domlint.rule import Example, Needs, Rule

FAMILIES: Final = {
    "ADDR": "Addresses of the guest's devices: their kinds, ccw, spapr-vio, zPCI",
    "ALIAS": "Aliases: the names that users give to devices",
    "BOOT": "Booting: what a domain boots from, and what its BIOS is told",
    "CAPS": "Capabilities: what the elements of a domain need, and the host's QEMU lacks",
    "CHR": "Serial and parallel ports, consoles, channels and smartcards",
    "CLOCK": "The clock and timers of a domain",
    "CPU": "The CPU that a domain asks for",
    "CTRL": "Controllers: those for disks, channels and smart cards",
    "DEV": "Small devices: panic, watchdog, shmem, IOMMU, rng, vsock, memballoon …",
    "DISK": "Disks, and what they are read from",
    "FEAT": "Features of the hypervisor",
    "FS": "Filesystems: folders of the host that the guest sees",
    "FW": "Firmware: named by a path, or chosen by libvirt",
    "GFX": "Displays: where they listen, and who may look",
    "HOST": "Hosts: can a host that was given run the domain at all",
    "HOSTDEV": "Host devices given to the guest",
    "INPUT": "Keyboards, mice and tablets",
    "MEM": "Memory: how much there is, what backs it, and memory modules",
    "NET": "Network interfaces: by their type, and what stands in them",
    "NUMA": "NUMA: the cells of the guest, and the nodes of the host that back them",
    "PCI": "PCI of the guest: its controllers, and where devices are plugged in",
    "POOL": "Networks of host devices, from which a transient device comes",
    "SCHEMA": "Structure: what libvirt does not know, or does not take",
    "SEC": "Security: labels, encrypted memory, wrapped keys",
    "SOUND": "Sound cards, and where their sound goes",
    "SUP": "Suppressions: what a file says that shall not be told of it",
    "SYS": "The domain as a whole: its names, life cycle, firmware tables, operating system",
    "TEAM": "Failover pairs: a virtio NIC teamed with an assigned one",
    "TPM": "TPMs",
    "TUNE": "Tuning: what the domain gets of the host's CPUs, caches, threads and devices",
    "USB": "USB: controllers, hubs, ports and redirection",
    "VCPU": "vCPUs: how many, which of them at the start, and their topology",
    "VIDEO": "Graphics cards",
    "XML": "The file itself",
}
"""The families of rules, by the letters of their codes."""


def family(rule: Rule) -> str:
    """The letters of a rule's code."""
    return rule.code.rstrip("0123456789")


def needs_in_words(rule: Rule) -> str:
    """What a rule asks beside the domain."""
    parts = ["the domain"]
    if rule.needs & (Needs.HOST | Needs.ALL_HOSTS):
        parts.append("the host's capabilities (--caps)")
    if Needs.MACHINE in rule.needs:
        parts.append("which machine the host gives it, where it names none or an alias (--caps)")
    if Needs.OFFERS in rule.needs:
        parts[-1] = "what the host offers (a file of virsh domcapabilities given with --caps)"
    if Needs.NETWORKS in rule.needs:
        parts.append("the networks' definitions (--network)")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def versions_in_words(rule: Rule) -> str:
    """The releases of libvirt that do what a rule says, and what else it says of versions; "" for all."""
    if rule.asked is not None and rule.until is not None:
        parts = [f"libvirt {rule.asked} and newer, until {rule.until}"]
    elif rule.asked is not None:
        parts = [f"libvirt {rule.asked}"]
    else:
        parts = [f"older than libvirt {rule.until}"] if rule.until is not None else []
    return "; ".join([*parts, *([rule.since] if rule.since else [])])


def fragment(example: Example) -> str:
    """What an example shows: its devices, or its whole document where it is about more."""
    return example.devices or whole_document(example)


def setting(example: Example) -> str:
    """What an example is held against, in words; "" where it is nothing out of the ordinary."""
    parts = []
    if example.devices and example.machine != "pc-q35-8.2":
        parts.append(f"machine {example.machine}")
    if example.host:
        parts.append(f"on a host with {example.host.replace('qemu-', 'QEMU ').replace('-snapshot', ' (a snapshot)')}")
    if example.capabilities:
        parts.append(f"on a host where {_offers(example)}")
    if example.libvirt:
        parts.append(f"libvirt {example.libvirt}")
    if example.type != "kvm":
        parts.append(f"domain type {example.type}")
    return ", ".join(parts)


def _offers(example: Example) -> str:
    """What the domainCapabilities of an example's host hold, in words."""
    capabilities = example_hosts(example)[-1].domain_capabilities[0]
    lists = [
        f"{path} is {' or '.join(sorted(values)) or 'nothing'}" for path, values in capabilities.enumerations.items()
    ]
    supported = [
        f"{path} is {'' if is_there else 'not '}supported"
        for path, is_there in capabilities.supported.items()
        if not any(name.startswith(f"{path}/") for name in capabilities.enumerations)
    ]
    return ", and ".join((*supported, *lists))


def explanation(rule: Rule) -> str:
    """All of a rule, for a terminal."""
    colour = COLOURS[rule.severity]
    lines = [
        f"{style(rule.code, fg=colour, bold=True)} {style(rule.name, bold=True)}",
        "",
        rule.documentation,
        "",
        f"{style('Outcome:', bold=True)}  {rule.outcome.value} ({rule.outcome.in_words})",
        f"{style('Severity:', bold=True)} {rule.severity.value}",
        f"{style('Asks:', bold=True)}     {needs_in_words(rule)}",
    ]
    if versions := versions_in_words(rule):
        lines.append(f"{style('Since:', bold=True)}    {versions}")
    if rule.fixable is not None:
        lines.append(f"{style('Fix:', bold=True)}      {rule.fixable.in_words}")
    lines.append(f"{style('Source:', bold=True)}   {rule.source}")
    for title, example in (("Reported", rule.bad), ("Not reported", rule.good)):
        where = setting(example)
        lines += ["", style(f"{title}{f' ({where})' if where else ''}:", bold=True), ""]
        lines += [f"    {line}" for line in fragment(example).splitlines()]
    return "\n".join(lines) + "\n"


def rule_list(rules: Iterable[Rule]) -> str:
    """Rules, a line each, by family."""
    lines = []
    for letters, members in groupby(rules, family):
        lines += [style(FAMILIES[letters], bold=True), "", *map(_in_a_line, members), ""]
    return "\n".join([*lines, _MORE]) + "\n"


def overview(rules: Iterable[Rule]) -> str:
    """Rules by family, each with what it is about in a sentence."""
    lines = []
    for letters, members in groupby(rules, family):
        lines += [style(FAMILIES[letters], bold=True), ""]
        for rule in members:
            lines += [_in_a_line(rule), f"      {rule.summary}", ""]
    return "\n".join([*lines, _MORE]) + "\n"


def _in_a_line(rule: Rule) -> str:
    severity = style(f"{rule.severity.value:<7}", fg=COLOURS[rule.severity])
    return f"  {rule.code:<9} {severity}  {rule.outcome.value:<7}  {rule.name}"


_MORE: Final = "domlint explain CODE tells what a rule is about, and shows examples."


def rule_objects(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """All rules as JSON's values."""
    return [
        {
            "code": rule.code,
            "name": rule.name,
            "summary": rule.summary,
            "outcome": rule.outcome.value,
            "severity": rule.severity.value,
            "needs": [need.name.lower() for need in Needs if need.name and need in rule.needs],
            "since": versions_in_words(rule),
            "fixable": rule.fixable.value if rule.fixable is not None else None,
            "source": rule.source,
            "documentation": rule.documentation,
            "bad": fragment(rule.bad),
            "good": fragment(rule.good),
            "url": rule.url,
        }
        for rule in rules
    ]


def rule_reference(rules: Iterable[Rule]) -> str:
    """The rule reference, in Markdown."""
    rules = list(rules)
    lines = [
        "# Rules",
        "",
        "Made from the rules themselves by `python tools/update_documents.py`; do not edit.",
        "",
        "`domlint explain CODE` shows the same in a terminal. The outcome says what the host does:",
        "",
        *_outcome_table(),
        "",
    ]
    for letters, members in groupby(rules, family):
        lines += [
            f"## {letters}",
            "",
            f"{FAMILIES[letters]}.",
            "",
            "| code | name | outcome | severity | fix |",
            "|---|---|---|---|---|",
        ]
        listed = list(members)
        lines += [
            f"| [{rule.code}](#{rule.code.lower()}) | {rule.name} | {rule.outcome.value} | {rule.severity.value} | "
            f"{rule.fixable.value if rule.fixable is not None else ''} |"
            for rule in listed
        ]
        lines.append("")
        for rule in listed:
            lines += _reference(rule)
    return "\n".join(lines).rstrip() + "\n"


def _outcome_table() -> list[str]:
    from domlint.findings import Outcome

    rows = [f"| {outcome.value} | {outcome.in_words} | {outcome.severity.value} |" for outcome in Outcome]
    return ["| outcome | meaning | severity, unless the rule says otherwise |", "|---|---|---|", *rows]


def _reference(rule: Rule) -> list[str]:
    return [f'### <a id="{rule.code.lower()}"></a>{rule.code} {rule.name}', "", *markdown(rule).split("\n")]


def markdown(rule: Rule) -> str:
    """All of a rule in Markdown, without a heading."""
    lines = [rule.documentation, ""]
    lines.append(f"- Outcome: **{rule.outcome.value}**, {rule.outcome.in_words}; severity {rule.severity.value}")
    lines.append(f"- Asks: {needs_in_words(rule)}")
    if versions := versions_in_words(rule):
        lines.append(f"- Since: {versions}")
    if rule.fixable is not None:
        lines.append(f"- Fix: {rule.fixable.in_words}")
    lines += [f"- Source: {rule.source}", ""]
    for title, example in (("Reported", rule.bad), ("Not reported", rule.good)):
        where = setting(example)
        lines += [f"{title}{f' ({where})' if where else ''}:", "", "```xml", fragment(example).rstrip("\n"), "```", ""]
    return "\n".join(lines)
