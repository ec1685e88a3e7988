"""Writing a file so that it has its old bytes or the new ones at any time, and stays who it was otherwise."""

import contextlib
import os
import stat

from domlint.reading import read_at_most


def replace_file(path: str, data: bytes) -> bool:
    """Give a file these bytes, and tell whether it had others. One that is not there is made.

    Mode and owner stay, and so does a link that leads to the file. What is no regular file, such as a pipe, is written
    to. Raises OSError, and ValueError for a path that no file can have.
    """
    try:
        status: os.stat_result | None = os.stat(path)
    except FileNotFoundError:
        status = None
    if status is not None and not stat.S_ISREG(status.st_mode):
        with open(path, "wb") as file:
            file.write(data)
        return True
    path = os.path.realpath(path)
    if status is not None and status.st_size == len(data) and read_at_most(path, len(data)) == data:
        return False
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:100]}.{os.getpid()}.tmp")
    mode = 0o666 if status is None else 0o600
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with open(descriptor, "wb") as file:
            if status is not None:
                # Only root may give a file away; the group is kept where that is allowed.
                with contextlib.suppress(OSError):
                    os.fchown(descriptor, status.st_uid, status.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return True
