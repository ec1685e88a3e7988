"""The command's entry: makes a short process short."""

import contextlib
import errno
import gc
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


def main() -> None:
    """Run the command and leave with its status.

    What a linter allocates lives until it ends, so that looking for garbage, and tearing every module down at the end,
    only costs time: together they are a quarter of the run over one file. The cycle collector gets a high threshold
    instead, and the process ends at once when all output is written.
    """
    gc.set_threshold(200_000, 20, 20)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding has no letters for must not end the run.
            stream.reconfigure(errors="backslashreplace")
    status = 0
    try:
        from domlint.cli import command

        status = _run(command)
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 1 if ending.code else 0
    except KeyboardInterrupt:
        status = INTERRUPTED
    except Exception as error:
        status = 2
        if isinstance(error, OSError) and error.errno in _CANNOT_BE_WRITTEN:
            _say(f"the output cannot be written: {error.strerror}")
        else:
            _confess(error)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has gone (domlint ... | head): nobody is left to tell.
        status = status or 1
    except OSError as error:
        if status != 2:
            _say(f"the output cannot be written: {error.strerror}")
        status = 2
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.flush()
    os._exit(status)


INTERRUPTED = 130
"""What shells report for a command that Ctrl-C ended: 128 and the number of the signal."""


def _run(command: "click.Command") -> int:
    import click

    try:
        status = command.main(prog_name="domlint", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    return status if isinstance(status, int) else 0


_CANNOT_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        print(f"domlint: error: {text}", file=sys.stderr)


def _confess(error: Exception) -> None:
    from domlint.printable import printable

    print(
        f"domlint: error: {type(error).__name__}: {printable(str(error))}; this is a bug in domlint "
        "(DOMLINT_DEBUG=1 shows where)",
        file=sys.stderr,
    )
    if os.environ.get("DOMLINT_DEBUG"):
        import traceback

        traceback.print_exception(error)


if __name__ == "__main__":
    main()
