"""Reading a file's bytes without ever taking in more than a limit."""

import os
import stat
from collections.abc import Iterator
from typing import Final

_CHUNK: Final = 1024 * 1024


def read_at_most(path: str, limit: int) -> bytes:
    """The bytes of a file: all of them, or ``limit`` + 1 where it has more.

    Raises OSError where it cannot be read, and ValueError for a path that no file can have.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(21, "Is a directory", path)
        # A buffer of the limit's size for each small file would cost more than reading it.
        is_regular = stat.S_ISREG(status.st_mode)
        wanted = min(status.st_size, limit) + 1 if is_regular else _CHUNK
        parts, size = [], 0
        while size <= limit:
            part = os.read(descriptor, min(wanted, limit + 1 - size))
            parts.append(part)
            size += len(part)
            if not part or (is_regular and size < wanted):
                break
            wanted = _CHUNK
        return parts[0] if len(parts) == 1 else b"".join(parts)
    finally:
        os.close(descriptor)


def xml_files(folder: str) -> Iterator[str]:
    """The regular files ``*.xml`` below a directory, by name."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(place, name)
            if name.endswith(".xml") and os.path.isfile(path):
                yield path
