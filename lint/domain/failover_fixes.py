"""How what is wrong with failover pairs can be mended, where there is one way out."""

from lxml.etree import _Comment

from domlint.changes import AddElement, Change, Fix, RemoveAttribute, RemoveElement, SetAttribute
from domlint.document import Element
from domlint.domain.devices import describe, interface_type, is_user_alias
from domlint.domain.failover import Failover, Pair, Partner, Role, Teaming
from domlint.domain.values import attribute, child

_WITHOUT_PARTNER = (Partner.NOT_NAMED, Partner.NOT_FOUND, Partner.ITSELF, Partner.NOT_PERSISTENT)


def only_partner(failover: Failover, transient: Teaming) -> Teaming | None:
    """The one persistent device that can be meant by a device whose partner is missing; None where none or several can.

    It is the only one without a partner that has the device's MAC address, or the only one at all, where this device
    is the only one that seeks a partner.
    """
    claimed = {pair.persistent.element for pair in failover.pairs}
    free = [
        one
        for one in failover.persistents
        if one.element not in claimed and one.device is not transient.device and not failover.is_assigned(one)
    ]
    if isinstance(transient.mac, int):
        alike = [one for one in free if one.mac == transient.mac]
        if alike:
            return alike[0] if len(alike) == 1 and _seeking_with(failover, transient.mac) <= 1 else None
    others = [match for match in failover.matches.values() if match.partner is not Partner.PERSISTENT]
    is_alone = all(match.transient is transient for match in others)
    is_alone = is_alone and not any(one.role in (Role.UNKNOWN, Role.DEFECTIVE) for one in failover.teamings)
    return free[0] if len(free) == 1 and is_alone else None


def _seeking_with(failover: Failover, mac: int) -> int:
    return sum(match.transient.mac == mac and match.partner in _WITHOUT_PARTNER for match in failover.matches.values())


def name_partner(failover: Failover, transient: Teaming, free_alias: str) -> Fix | None:
    """Name the only partner that can be meant. One without an alias that it may have gets ``free_alias``."""
    partner = only_partner(failover, transient)
    if partner is None or not (partner.alias is None or isinstance(partner.alias, str)):
        return None
    if isinstance(partner.alias, str):
        if not is_user_alias(partner.alias) or len(failover.aliases.get(partner.alias, ())) != 1:
            return None
        change = SetAttribute(transient.element, "persistent", partner.alias)
        return Fix(f"write persistent='{partner.alias}', the alias of {describe(partner.device)}", (change,))
    alias = _set_alias(partner, free_alias)
    if alias is None:
        return None
    words = f"give {describe(partner.device)} the alias '{free_alias}', and name it here"
    return Fix(words, (alias, SetAttribute(transient.element, "persistent", free_alias)))


def _set_alias(teaming: Teaming, alias: str) -> Change | None:
    """Give a device an alias; None where it has an element for it that says something else."""
    element = child(teaming.device, "alias")
    if element is None:
        return AddElement(teaming.device, f"<alias name='{alias}'/>")
    return SetAttribute(element, "name", alias) if attribute(element, "name") in (None, "") else None


def give_alias(failover: Failover, persistent: Teaming, transient: Teaming, alias: str) -> Fix | None:
    """Give a persistent device the alias that a transient one shall name."""
    change = _set_alias(persistent, alias)
    if change is None or alias in failover.aliases:
        return None
    if transient.partner_name == alias:
        return Fix(f"add <alias name='{alias}'/> to this device", (change,))
    words = f"add <alias name='{alias}'/> to this device, and name it in the transient one"
    return Fix(words, (change, SetAttribute(transient.element, "persistent", alias)))


def rename_alias(failover: Failover, persistent: Teaming, alias: str) -> Fix | None:
    """Give a persistent device another alias, and name it by that wherever it is named, or seems to be meant."""
    element = child(persistent.device, "alias")
    if element is None or (alias in failover.aliases and alias != persistent.alias):
        return None
    if len(failover.aliases.get(str(persistent.alias), ())) > 1:
        return None
    meaning_it = [one.element for one in failover.transients_meaning(persistent)]
    naming_it = [one.element for one in failover.transients if one.partner_name == persistent.alias]
    changes: list[Change] = [SetAttribute(element, "name", alias)]
    changes += [SetAttribute(one, "persistent", alias) for one in dict.fromkeys((*meaning_it, *naming_it))]
    where = ", here and where it is named" if len(changes) > 1 else ""
    return Fix(f"make the alias '{alias}'{where}", tuple(changes))


def make_persistent(device: Element) -> Fix:
    """Make the device that a transient one names a persistent one."""
    words = f"add <teaming type='persistent'/> to {describe(device)}"
    return Fix(words, (AddElement(device, "<teaming type='persistent'/>"),))


def make_macs_equal(pair: Pair) -> Fix | None:
    """Give one half of a pair the MAC address of the other: the transient one, where both have one."""
    source, target = (pair.persistent, pair.transient)
    if source.mac is None:
        source, target = target, source
    if not isinstance(source.mac, int):
        return None
    which = "the persistent" if source is pair.persistent else "the transient"
    words = f"give this pair the MAC address of {which} half, {source.mac_text}"
    element = child(target.device, "mac")
    change: Change
    if element is None:
        change = AddElement(target.device, f"<mac address={_quoted(source.mac_text)}/>")
    else:
        change = SetAttribute(element, "address", source.mac_text)
    return Fix(f"{words}; the guest sees another address", (change,), is_safe=False)


def remove_address(address: Element) -> Fix:
    """Leave the place of a device to libvirt."""
    return Fix("remove this <address>: libvirt chooses a place", (RemoveElement(address),))


def allow_hotplug(port: Element) -> Fix | None:
    """Let a port be hotplugged into."""
    target = child(port, "target")
    if target is None:
        return None
    is_all = list(map(str, target.keys())) == ["hotplug"] and len(target) == 0
    change = RemoveElement(target) if is_all else RemoveAttribute(target, "hotplug")
    return Fix("remove hotplug='off' from the port of this device", (change,))


def move_to_persistent(failover: Failover, transient: Teaming, element: Element, *, is_safe: bool = True) -> Fix | None:
    """Move an element from the transient half of a pair to the persistent one.

    Where that has such an element already, it is only removed. None where there is no pair.
    """
    pair = failover.pair_of(transient)
    if pair is None:
        return None
    name = str(element.tag)
    if child(pair.persistent.device, name) is not None:
        words = f"remove <{name}> here: the persistent half has its own"
        return Fix(words, (RemoveElement(element),), is_safe)
    xml = _in_one_line(element)
    if xml is None:
        return None
    changes = (RemoveElement(element), AddElement(pair.persistent.device, xml))
    return Fix(f"move <{name}> to {describe(pair.persistent.device)}", changes, is_safe)


def _in_one_line(element: Element) -> str | None:
    """An element as text without a line end; None where text, or what is of another namespace, is in it."""
    if isinstance(element, _Comment):
        text = str(element.text or "")
        return None if "\n" in text or "\r" in text else f"<!--{text}-->"
    if not isinstance(element.tag, str) or "{" in element.tag or (element.text or "").strip():
        return None
    named = [(str(name), str(value)) for name, value in element.items()]
    if any("{" in name for name, _value in named):
        return None
    attributes = "".join(f" {name}={_quoted(value)}" for name, value in named)
    inner = []
    for one in element:
        if (one.tail or "").strip():
            return None
        xml = _in_one_line(one)
        if xml is None:
            return None
        inner.append(xml)
    name = str(element.tag)
    return f"<{name}{attributes}>{''.join(inner)}</{name}>" if inner else f"<{name}{attributes}/>"


def _quoted(value: str) -> str:
    # xml.sax.saxutils has this, but takes 18 ms to import.
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&apos;"), ("\n", "&#10;")):
        value = value.replace(character, entity)
    return f"'{value}'"


def move_isolation(failover: Failover, transient: Teaming, port: Element) -> Fix:
    """Take the isolation of a port away from an assigned device; where its partner is on a bridge, it gets it."""
    whole = list(map(str, port.keys())) == ["isolated"] and len(port) == 0
    removed = RemoveElement(port) if whole else RemoveAttribute(port, "isolated")
    pair = failover.pair_of(transient)
    if pair is not None and interface_type(pair.persistent.device) == "bridge":
        partner = pair.persistent.device
        if child(partner, "port") is None:
            added = AddElement(partner, "<port isolated='yes'/>")
            return Fix(f"move isolated='yes' to {describe(partner)}", (removed, added))
    return Fix("remove isolated='yes'", (removed,))
