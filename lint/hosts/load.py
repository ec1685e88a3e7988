"""From a path to a host."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from domlint.hosts.errors import HostError

if TYPE_CHECKING:
    from domlint.hosts.model import Host

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes; the largest capabilities file known is under 1 MiB."""


def load_host(spec: str | os.PathLike[str], id: str | None = None) -> Host:  # noqa: A002 - the field's name
    """Read the capabilities file at a path.

    ``id`` labels the host in reports; without it the file's name does, less its ``.xml``.
    Raises HostError when the file is missing, cannot be read, is larger than 16 MiB, or is no usable
    capabilities file.
    """
    source = os.fspath(spec)
    data = _read(source)
    from domlint.hosts.qemucaps import read_qemucaps

    return read_qemucaps(data, source, default_id(source) if id is None else id)


def default_id(path: str) -> str:
    """The label of a host whose file is at this path: the file's name without ``.xml``."""
    name = os.path.basename(path)
    return name.removesuffix(".xml") or name


def _read(source: str) -> bytes:
    try:
        if os.path.isdir(source):
            raise HostError(source, "this is a directory, not a capabilities file", help_="give one of the files in it")
        with open(source, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise HostError(source, "no such file") from None
    except OSError as error:
        raise HostError(source, f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise HostError(source, f"not a path: {error}") from None
    if len(data) > LARGEST_FILE:
        raise HostError(source, f"larger than {LARGEST_FILE // 1024 // 1024} MiB, so not a capabilities file")
    return data
