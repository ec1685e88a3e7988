"""Does a host have a capability? More than looking whether it is listed.

libvirt stops listing a capability once the oldest QEMU it supports always has it ("retires" it), so a file of a new
libvirt does not list what a file of an old one does. The table ``flag_table`` beside this module says when each
capability came and when it was retired.
"""

import re
from functools import cache
from typing import Any, NamedTuple

from domlint.hosts.answer import Answer, Presence
from domlint.hosts.model import Host
from domlint.versions import Version


class Flag(NamedTuple):
    """What is known of one capability.

    ``known_after`` is the newest libvirt read whose table does not have it (None: the oldest one read has it),
    ``known_in`` the oldest that has it (None: newer than all that were read). ``order`` is its place in libvirt's
    enumeration: a later place is a later capability (None: taken out of the enumeration).
    ``listed_until`` is the newest libvirt read that has not retired it (None: in use),
    ``retired_from`` is the earliest libvirt that may have retired it (None: in use), ``retired_by`` the oldest one
    read that has (None although retired: newer than all that were read), ``qemu_min`` the oldest QEMU that this
    libvirt supports (None: of before libvirt had such a limit). ``facts`` are those of ``flag_table``.
    """

    known_after: Version | None
    known_in: Version | None
    order: int | None
    listed_until: Version | None
    retired_from: Version | None
    retired_by: Version | None
    qemu_min: Version | None
    facts: dict[str, Any]


_SNAPSHOT = r"v(\d{1,4}\.\d{1,4}\.\d{1,4})(?:-rc\d+)?-\d+-g[0-9a-f]+"
"""What ``git describe`` says of a commit after a tag; QEMU built from a checkout has it as its package."""


def find_answer(host: Host, flag: str) -> Answer:
    """Whether ``host`` has the capability ``flag``. Raises nothing."""
    if flag in host.flags:
        return host.answer(flag)
    known = _named(flag)
    if known is None:
        return Answer(flag, Presence.UNKNOWN, _unknown_name(flag))
    if not host.lists_flags:
        return Answer(flag, Presence.UNKNOWN, "no file given for the host lists the capabilities of its QEMU")
    if flag in host.unsure_flags:
        from domlint.hosts.profiles import unsure_reason

        return Answer(flag, Presence.UNKNOWN, unsure_reason(host, flag))
    if host.is_profile:
        return Answer(flag, Presence.ABSENT, f"QEMU {host.qemu_version} does not have it")
    presence, reason = _unlisted(host, flag, known)
    return Answer(flag, presence, reason)


@cache
def table() -> dict[str, Flag]:
    """Every capability that is known, by name."""
    from domlint.hosts.flag_table import FLAGS

    return {name: flag for name in FLAGS if (flag := _named(name)) is not None}


@cache
def _named(name: str) -> Flag | None:
    """One capability, without the cost of making all of them."""
    from domlint.hosts.flag_table import FACTS, FLAGS

    row = FLAGS.get(name)
    if row is None:
        return None
    known_after, known_in, order, listed_until, retired_from, retired_by, qemu_min = row
    return Flag(
        _version(known_after),
        _version(known_in),
        order,
        _version(listed_until),
        _version(retired_from),
        _version(retired_by),
        _version(qemu_min),
        FACTS.get(name, {}),
    )


def _unlisted(host: Host, name: str, flag: Flag) -> tuple[Presence, str]:
    lack = _lack(host, name, flag)
    if lack:
        return Presence.ABSENT, lack
    if flag.retired_from is None:
        return _in_use(host, flag)
    writer = host.libvirt_version
    if writer is not None:
        if writer < flag.retired_from:
            return Presence.ABSENT, f"not listed, and {_would_have_listed(writer, flag)}"
        sure = flag.retired_by is not None and writer >= flag.retired_by
        by_whom = (
            f"libvirt {writer}, which wrote this file, {'no longer lists it' if sure else 'may no longer list it'}"
        )
        return _retired(host, name, flag, by_whom)
    if witness := _oldest_retired(host, flag):
        return Presence.ABSENT, (
            f"not listed, although '{witness}' is, which libvirt stopped listing no later: the libvirt that wrote "
            "this file would have listed it"
        )
    if witness := _introduced_since(host, flag):
        return _retired(
            host, name, flag, f"'{witness}' is listed, so this file is of a libvirt that may no longer list it"
        )
    return Presence.UNKNOWN, "not listed, and the file does not tell which libvirt wrote it"


def _lack(host: Host, name: str, flag: Flag) -> str | None:
    """Why this QEMU cannot have the capability, whichever libvirt wrote the file; None when it can."""
    qemu = host.qemu_version
    facts = flag.facts
    since = _version(facts.get("qemu_since"))
    if since and qemu and qemu < since:
        return f"QEMU {qemu} is older than {_release(since)}, the first to have it"
    gone = _version(facts.get("gone_in"))
    if gone and qemu and qemu >= gone:
        return f"QEMU {gone} and newer do not have it; this is QEMU {qemu}"
    architectures = facts.get("arch")
    if architectures and host.arch not in architectures:
        return f"it is a matter of {' and '.join(architectures)}; this QEMU is for {host.arch}"
    needed = facts.get("requires") or device_of(name)
    if needed and needed not in host.flags:
        reason = f"not listed, and neither is '{needed}', which it is part of"
        needed_flag = _named(needed)
        if (
            needed_flag is None
            or needed_flag.retired_from is None
            or find_answer(host, needed).presence is Presence.ABSENT
        ):
            return reason
    return None


def _release(version: Version) -> str:
    """A version of QEMU for people: in development, QEMU counts from micro 50 towards the next release."""
    if version.micro < 50:
        return str(version)
    return f"{version.major}.{version.minor + 1}.0 ({version} in development)"


def _in_use(host: Host, flag: Flag) -> tuple[Presence, str]:
    """The answer for a capability that libvirt still lists, and this file does not."""
    writer = host.libvirt_version
    if writer is not None:
        return Presence.ABSENT, f"not listed, and {_would_have_listed(writer, flag)}"
    if flag.order is not None:
        known = table()
        for listed in sorted(host.flags & known.keys()):
            other = known.get(listed)
            if other and other.order is not None and other.order > flag.order:
                return Presence.ABSENT, (
                    f"not listed, although '{listed}' is, which came later: the libvirt that wrote this file would "
                    "have listed it"
                )
    return Presence.UNKNOWN, (
        "not listed, and the file does not tell whether the libvirt that wrote it knows this capability"
    )


def _would_have_listed(writer: Version, flag: Flag) -> str:
    if flag.known_in is not None and writer >= flag.known_in:
        return f"libvirt {writer}, which wrote this file, would have listed it"
    if flag.known_after is not None and writer <= flag.known_after:
        return f"libvirt {writer}, which wrote this file, does not know it yet"
    return f"libvirt {writer}, which wrote this file, lists it or does not know it yet"


def _retired(host: Host, name: str, flag: Flag, by_whom: str) -> tuple[Presence, str]:
    """The answer for a capability that the libvirt of this file has retired, or may have."""
    qemu = host.qemu_version
    if why := flag.facts.get("never_implied"):
        return Presence.UNKNOWN, f"not listed, but {by_whom}; {why}"
    needed = flag.facts.get("requires") or device_of(name)
    if needed and needed not in host.flags and find_answer(host, needed).presence is Presence.UNKNOWN:
        return Presence.UNKNOWN, f"not listed, but {by_whom}; whether QEMU has '{needed}' is not known either"
    if flag.qemu_min is not None:
        if qemu is None or qemu < flag.qemu_min:
            shown = f"QEMU {qemu}" if qemu else "this QEMU"
            return Presence.UNKNOWN, (
                f"not listed, but {by_whom}; {shown} is older than {flag.qemu_min}, which is sure to have it"
            )
        package = host.qemu_package.strip().strip("()")
        snapshot = re.fullmatch(_SNAPSHOT, package) if "-g" in package else None
        if snapshot and Version.parse(snapshot[1]) < flag.qemu_min:
            return Presence.UNKNOWN, (
                f"not listed, but {by_whom}; QEMU's package {snapshot[0]} is a snapshot of before {flag.qemu_min}, "
                "which is sure to have it"
            )
    return Presence.IMPLIED, f"not listed, but {by_whom}; QEMU {qemu} has it"


def _oldest_retired(host: Host, flag: Flag) -> str | None:
    """A listed capability that was retired no later than this one: its writer had not retired this one either."""
    known = table()
    for listed in sorted(host.flags & known.keys()):
        other = known.get(listed)
        if other and other.retired_by and (flag.retired_by is None or other.retired_by <= flag.retired_by):
            return listed
    return None


def _introduced_since(host: Host, flag: Flag) -> str | None:
    """A listed capability that is newer than the last libvirt known to list this one."""
    known = table()
    for listed in sorted(host.flags & known.keys()):
        other = known.get(listed)
        if other and other.known_after and flag.listed_until and other.known_after >= flag.listed_until:
            return listed
    return None


def device_of(name: str) -> str | None:
    """The capability that a dotted name is part of: 'virtio-net' for 'virtio-net.rss'; None when there is none."""
    from domlint.hosts.flag_table import FLAGS

    while "." in name:
        name = name.rpartition(".")[0]
        if name in FLAGS:
            return name
    return None


def _unknown_name(name: str) -> str:
    from difflib import get_close_matches

    from domlint.hosts.errors import quoted

    reason = f"domlint knows no capability named {quoted(name)}"
    nearest = get_close_matches(name, table(), n=1)
    return f"{reason}; the nearest it knows is '{nearest[0]}'" if nearest else reason


@cache  # A few dozen versions stand for thousands of entries.
def _version(text: str | None) -> Version | None:
    return None if text is None else Version.parse(text)
