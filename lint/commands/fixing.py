"""``--fix`` and ``--diff`` of ``domlint check``: files are mended, or it is shown how they would be."""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

import click

from domlint.commands.console import EXIT_CLEAN, EXIT_FAILURE, EXIT_FINDINGS, complain, hint, wants_color
from domlint.commands.linting import tell_what_failed
from domlint.printable import printable

if TYPE_CHECKING:
    from domlint.engine import FileReport
    from domlint.files import Input
    from domlint.fixing import Fixed, Told
    from domlint.run import Report, Task


class Mending(NamedTuple):
    """What ``--fix``, ``--unsafe-fixes`` and ``--diff`` ask for."""

    writes: bool
    with_unsafe: bool
    shows: bool

    @property
    def is_wanted(self) -> bool:
        """Tell whether files are to be mended, on the disk or for show."""
        return self.writes or self.shows

    def check(self, paths: tuple[str, ...]) -> None:
        """Raises UsageError where that cannot be done with files."""
        if self.with_unsafe and not self.is_wanted:
            raise click.UsageError("--unsafe-fixes goes with --fix or --diff")
        if self.writes and not self.shows and "-" in paths and len(set(paths)) > 1:
            raise click.UsageError("--fix writes standard input (-) to standard output: give no other files with it")


class Mended(NamedTuple):
    """What came of mending: the report on the files as they are now, and how many findings in how many files it took.

    ``failed`` tells whether a file could not be written; ``whole`` is what came of standard input.
    """

    report: "Report"
    findings: int = 0
    files: int = 0
    failed: bool = False
    whole: bytes | None = None

    def in_words(self, done: str) -> str:
        """How much was mended, in a line that begins with ``done``."""
        from domlint.reports.words import counted

        return f"{done} {counted(self.findings, 'finding')} in {counted(self.files, 'file')}."


def hold(tasks: "Iterable[Task]") -> "list[Task]":
    """The tasks, those for standard input with its bytes: it can be read only once.

    What cannot be read stays as it is: the run tells so.
    """
    return [task._replace(input=_held(task)) if task.input.path is None else task for task in tasks]


def _held(task: "Task") -> "Input":
    try:
        return task.input._replace(data=task.input.read())
    except (OSError, ValueError):
        return task.input


def mend(
    report: "Report", tasks: "Iterable[Task]", mending: Mending, only_new: "Callable[[Report], Report]", color: str
) -> Mended:
    """Mend the files of a report, or show how they would be mended.

    A file that cannot be written is told of, and stays in the report as it is. What ``only_new`` takes out of a report
    is not mended.
    """

    def told(file: "FileReport") -> "FileReport":
        return only_new(report._replace(checked=(file,))).checked[0]

    by_name = {task.input.name: task for task in tasks}
    mended = Mended(report)
    checked = []
    for file in report.checked:
        task = by_name[file.file]
        try:
            old, fixed = _fixed(task, file, mending.with_unsafe, told)
            if fixed.data != old:
                _put(task, old, fixed.data, mending, color)
                mended = mended._replace(findings=mended.findings + len(fixed.fixed), files=mended.files + 1)
            if task.input.path is None:
                mended = mended._replace(whole=fixed.data)
            checked.append(fixed.report._replace(against=file.against))
        except OSError as error:
            complain(f"{file.file}: cannot be fixed: {error.strerror or error}")
            mended = mended._replace(failed=True)
            checked.append(file)
    return mended._replace(report=report._replace(checked=tuple(checked)))


def _fixed(task: "Task", report: "FileReport", with_unsafe: bool, told: "Told") -> "tuple[bytes, Fixed]":
    """The bytes of a file, and what comes of mending it. Raises OSError."""
    from domlint.engine import Source
    from domlint.fixing import Fixed, fix

    is_needless = not any(one.remedy_for(with_unsafe) for one in told(report).findings)
    if is_needless and task.input.path is not None:
        return b"", Fixed(b"", (), report)
    data = task.input.read()
    if is_needless:
        return data, Fixed(data, (), report)
    return data, fix(task.plan, Source(task.input.name, data, task.input.from_directory), with_unsafe, told)


def _put(task: "Task", old: bytes, new: bytes, mending: Mending, color: str) -> None:
    """Show what changes, or write it; what comes of standard input is written at the end. Raises OSError."""
    if mending.shows:
        _show(task.input.name, old, new, color)
    elif task.input.path is not None:
        from domlint.writing import rewrite_file

        rewrite_file(task.input.path, old, new)


_COLOURS: Final = {b"+": "green", b"-": "red", b"@": "cyan"}


def _show(name: str, old: bytes, new: bytes, color: str) -> None:
    """Write a unified diff, on a terminal with all that could act on it made visible."""
    from difflib import diff_bytes, unified_diff
    from io import BytesIO

    written = printable(name).encode("utf-8", "backslashreplace")
    lines = diff_bytes(unified_diff, BytesIO(old).readlines(), BytesIO(new).readlines(), written, written)
    if not sys.stdout.isatty() and color != "always":
        write_whole(b"".join(line if line.endswith(b"\n") else line + _NO_END for line in lines))
        return
    for line in lines:
        shown = printable(line.decode("utf-8", "backslashreplace").rstrip("\r\n"))
        click.echo(click.style(shown, fg=_COLOURS.get(line[:1])), color=wants_color(color))


_NO_END: Final = b"\n\\ No newline at end of file\n"


def end_with_diff(mended: Mended, quiet: bool) -> NoReturn:
    """End a run of ``--diff``: with 1 where there is something to mend, with 2 where not all could be done."""
    if not quiet:
        hint(mended.in_words("Would fix") if mended.files else "nothing to fix")
    tell_what_failed(mended.report, quiet)
    sys.exit(EXIT_FAILURE if mended.failed else EXIT_FINDINGS if mended.files else EXIT_CLEAN)


def write_whole(data: bytes) -> None:
    """Write something to standard output, byte for byte."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
