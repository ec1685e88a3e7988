"""Writing a file so that it has its old bytes or the new ones at any time, and stays who it was otherwise."""

import contextlib
import errno
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
    _put(path, status, data)
    return True


class ChangedMeanwhileError(OSError):
    """The file is no longer what was read."""

    def __init__(self) -> None:
        super().__init__(errno.EAGAIN, "it changed while domlint was looking at it")


def rewrite_file(path: str, old: bytes, new: bytes) -> None:
    """Give a file other bytes, if it still has the old ones.

    Mode and owner stay, and so does a link that leads to the file. Raises OSError where it cannot be done, for what is
    no regular file or has a second name as well, and ChangedMeanwhileError; the file is as it was then.
    """
    path = os.path.realpath(path)
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    if status.st_nlink > 1:
        raise OSError(errno.EMLINK, "it has another name (a hard link), which would keep the old text")
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    _put(path, status, new, old)


def _put(path: str, status: os.stat_result | None, data: bytes, expected: bytes | None = None) -> None:
    """Put a new file in the place of another one; where bytes are expected, only if it has these."""
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
        if expected is not None and read_at_most(path, len(expected)) != expected:
            raise ChangedMeanwhileError
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
