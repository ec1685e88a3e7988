"""From what a command line or a program names to hosts: files, directories of files, and bundled profiles."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NoReturn

from domlint.hosts.errors import HostError
from domlint.reading import read_at_most, xml_files

if TYPE_CHECKING:
    from domlint.hosts.model import Host

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes; the largest capabilities file known is under 1 MiB."""


def load_host(spec: str | os.PathLike[str], id: str | None = None) -> Host:  # noqa: A002 - the field's name
    """Read the host that a file, directory or profile describes, where it has one emulator.

    ``id`` labels the host in reports; without it the file's name does, less its ``.xml``.
    Raises HostError as load_hosts does, and where there are several hosts or emulators.
    """
    source = os.fspath(spec)
    hosts = load_hosts([source]) if id is None else _labelled(source, id, _raise)
    if len(hosts) > 1:
        raise HostError(source, "several emulators are described here", help_="load_hosts reads all of them")
    return hosts[0]


def load_hosts(specs: Iterable[str], refuse: Callable[[HostError], None] | None = None) -> list[Host]:
    """Read hosts: each spec is a file, a directory of files, the name of a bundled profile, or LABEL= one of those.

    Everything given with one label is of one host, and each emulator of it is one of the values returned. A host
    without a label is called by its file's or profile's name, and by its path where two would have the same.
    In a directory, the files of each folder below it are of one host, called by the folder, where they can be of one;
    so are those of the directory itself where libvirt's cache or files of several kinds are in it. All others are
    hosts of their own.
    ``refuse`` is called with the error of each file that cannot be used, and all others are read.
    Without it, raises HostError for the first that cannot be read or is no capability file, for a directory without
    such a file, and where files with one label contradict each other.
    """
    refuse = refuse or _raise
    labelled: dict[str, list[Host]] = {}
    unlabelled: dict[str, list[Host]] = {}
    order: dict[tuple[str, bool], None] = {}
    for spec in specs:
        label, _equals, what = spec.partition("=")
        try:
            if not label or not what or os.path.exists(spec):
                for place, found in _unlabelled(spec, refuse):
                    order[place, False] = None
                    unlabelled[place] = found
            else:
                labelled.setdefault(label, []).extend(_labelled(what, label, refuse))
                order[label, True] = None
        except HostError as error:
            refuse(error)
    names = Counter([*(found[0].id for found in unlabelled.values()), *labelled])
    hosts: list[Host] = []
    for name, is_label in order:
        if not is_label:
            found = unlabelled[name]
            hosts += _renamed(found, name) if names[found[0].id] > 1 else found
        elif labelled[name]:
            try:
                hosts += _together(labelled[name])
            except HostError as error:
                refuse(error)
    return hosts


def _together(parts: list[Host]) -> list[Host]:
    if len(parts) == 1:
        return parts
    from domlint.hosts.combine import combine

    return combine(parts)


def _raise(error: HostError) -> NoReturn:
    raise error


def _unlabelled(spec: str, refuse: Callable[[HostError], None]) -> Iterable[tuple[str, list[Host]]]:
    """The hosts of a spec without a label, each with its place and its emulators."""
    if os.path.isdir(spec):
        return _hosts_of_directory(spec, refuse)
    return [(spec, _hosts_of(spec, default_id(spec)))]


def _labelled(what: str, label: str, refuse: Callable[[HostError], None]) -> list[Host]:
    """All that a spec with a label says of that one host."""
    if os.path.isdir(what):
        return [host for _path, hosts in _read_directory(what, refuse) for host in _renamed(hosts, label)]
    return _hosts_of(what, label)


def _hosts_of(what: str, id_: str) -> list[Host]:
    if not os.path.exists(what) and _may_be_profile(what):
        from domlint.hosts.profiles import find_profile

        return [find_profile(what)._replace(id=id_)]
    return read_host_file(_of_right_size(_read(what), what), what, id_)


def _may_be_profile(what: str) -> bool:
    return os.sep not in what and not what.endswith(".xml") and what.isprintable()


def _hosts_of_directory(folder: str, refuse: Callable[[HostError], None]) -> Iterator[tuple[str, list[Host]]]:
    """The hosts in a directory, each with its place and its emulators."""
    from domlint.hosts.combine import combine, contradiction

    for place, group in groupby(_read_directory(folder, refuse), key=lambda found: os.path.dirname(found[0])):
        files = list(group)
        relative = os.path.relpath(place, folder)
        parts = [part for _path, found in files for part in found]
        if (relative != "." or _is_one_host(files)) and not contradiction(parts):
            name = default_id(os.path.abspath(folder)) if relative == "." else relative
            yield place, combine(_renamed(parts, name))
        else:
            below = "" if relative == "." else f"{relative}/"
            for path, found in files:
                yield path, _renamed(found, f"{below}{default_id(path)}")


def _is_one_host(files: list[tuple[str, list[Host]]]) -> bool:
    """Tell whether files that lie side by side look like those of one host.

    libvirt's cache names each file by the SHA-256 of the emulator's path; and who keeps files of several kinds
    together does so for one host.
    """
    kinds = {host.kind for _path, hosts in files for host in hosts}
    return len(kinds) > 1 or all(re.fullmatch(r"[0-9a-f]{64}\.xml", os.path.basename(path)) for path, _hosts in files)


def _read_directory(folder: str, refuse: Callable[[HostError], None]) -> Iterator[tuple[str, list[Host]]]:
    """The capability files below a directory, folder by folder, with the hosts in them."""
    from domlint.broken import first_tag
    from domlint.hosts.tree import ROOTS

    found = False
    for path in sorted(xml_files(folder), key=lambda path: (os.path.dirname(path), path)):
        try:
            data = _read(path)
            if first_tag(data) in ROOTS:
                found = True
                yield path, read_host_file(_of_right_size(data, path), path, default_id(path))
        except HostError as error:
            refuse(error)
    if not found:
        refuse(HostError(folder, "no capabilities file is in this directory"))


def _renamed(hosts: Iterable[Host], id_: str) -> list[Host]:
    return [host._replace(id=id_) for host in hosts]


def read_host_file(data: bytes, source: str, id_: str) -> list[Host]:
    """The emulators that a capability file of any kind tells of. Raises HostError."""
    from domlint.hosts.tree import parse_root

    root = parse_root(data, source)
    if root.tag == "qemuCaps":
        from domlint.hosts.qemucaps import read_qemucaps_root

        return [read_qemucaps_root(root, data, source, id_)]
    if root.tag == "domainCapabilities":
        from domlint.hosts.domaincaps import read_domaincaps_root

        return [read_domaincaps_root(root, source, id_)]
    from domlint.hosts.capabilities import read_capabilities_root

    return read_capabilities_root(root, source, id_)


def default_id(path: str) -> str:
    """The label of a host whose file is at this path: the file's name without ``.xml``."""
    name = os.path.basename(path)
    return name.removesuffix(".xml") or name


def _read(source: str) -> bytes:
    try:
        return read_at_most(source, LARGEST_FILE)
    except FileNotFoundError:
        raise HostError(source, "no such file") from None
    except OSError as error:
        raise HostError(source, f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise HostError(source, f"not a path: {error}") from None


def _of_right_size(data: bytes, source: str) -> bytes:
    if len(data) > LARGEST_FILE:
        raise HostError(source, f"larger than {LARGEST_FILE // 1024 // 1024} MiB, so not a capabilities file")
    return data
