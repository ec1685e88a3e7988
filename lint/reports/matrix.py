"""--matrix: how each VM fares on each host, as a table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from string import ascii_uppercase
from typing import Final, NamedTuple

from click import style

from domlint.matrix import Cell, Row, Status, matrix
from domlint.printable import printable
from domlint.reports.words import WIDTH, columns_of, counted, names_in_words, wrapped
from domlint.run import Report

_GAP: Final = 2
_MOST_NAMED: Final = 8
"""Hosts that get a column each where there is room for them."""

_LONGEST_HEAD: Final = 24
"""Columns of a host's name in the head of the table."""

_SHORTEST_FILE: Final = 24
_LONGEST_FILE: Final = 60
"""Columns for the name of a file, where the hosts need the room and where they do not."""

_MOST_LISTED: Final = 60
"""Hosts that are named of those in one column."""

_COLOURS: Final = {
    Status.OK: "green",
    Status.WARNINGS: "yellow",
    Status.BROKEN: "magenta",
    Status.NOT_READ: "magenta",
    Status.REFUSED: "red",
}

_SHORT: Final = {Status.BROKEN: "brk", Status.NOT_READ: "?", Status.REFUSED: "ref", Status.NO_EMULATOR: "-"}


class _Column(NamedTuple):
    """A column of the table: its head, the hosts that stand in it, and, where the head does not name them, its letters.

    Below the table, ``legend`` says behind the letters which hosts those are.
    """

    head: str
    hosts: tuple[str, ...]
    letters: str = ""
    legend: str = ""


class _Layout(NamedTuple):
    """A way to draw the table."""

    columns: list[_Column]
    is_short: bool

    def text(self, cell: Cell) -> str:
        """A cell, as words or as very short ones."""
        if cell.status is Status.WARNINGS:
            return f"w{cell.warnings}" if self.is_short else counted(cell.warnings, "warning")
        if self.is_short and cell.status in _SHORT:
            return _SHORT[cell.status]
        if cell.status is Status.NOT_ASKED:
            return "."
        return "-" if cell.status is Status.NO_EMULATOR else cell.status.value.replace("-", " ")

    def width_of(self, column: _Column, rows: Sequence[Row]) -> int:
        """The width of a column."""
        texts = {self.text(row.hosts[column.hosts[0]]) for row in rows}
        return max(map(columns_of, (column.head, *texts)))


def render(report: Report, columns: int | None = None) -> str:
    """Write the table, with colours that tell nothing that is not written, too.

    Each host has a column where there are few and they have room. Else those on which all VMs fare alike share one,
    then cells become very short, and what is still too wide continues below. ``columns`` is the width of the terminal,
    None where there is none.
    """
    width = columns or WIDTH
    rows = matrix(report.checked, report.host_ids)
    if not rows:
        return ""
    files = [_file_in_words(row) for row in rows]
    longest = min(max(map(columns_of, files)), _LONGEST_FILE)
    shortest = min(longest, _SHORTEST_FILE)
    layout, fits = _layout(rows, report.host_ids, width - shortest)
    widths = [layout.width_of(column, rows) + _GAP for column in layout.columns]
    room = max(shortest, min(longest, width - sum(widths))) if fits else shortest
    lines: list[str] = []
    for part in _parts(widths, width - room):
        if lines:
            lines.append("")
        heads = "".join(f"{'':{_GAP}}{_padded(layout.columns[at].head, widths[at] - _GAP)}" for at in part)
        lines.append(style(f"{'VM':{room}}{heads}".rstrip(), bold=True))
        for row, file in zip(rows, files, strict=True):
            found = [row.hosts[layout.columns[at].hosts[0]] for at in part]
            texts = [_padded(layout.text(cell), widths[at] - _GAP) for cell, at in zip(found, part, strict=True)]
            texts[-1] = texts[-1].rstrip()
            drawn = "".join(f"{'':{_GAP}}{_coloured(text, cell)}" for text, cell in zip(texts, found, strict=True))
            lines.append(f"{_padded(_cut(file, room), room)}{drawn}")
    for legend in (_legend_of_hosts(layout), _legend_of_cells(layout, rows)):
        lines += ["", *_listed(legend, width)] if legend else []
    return "".join(f"{line}\n" for line in (*lines, ""))


def _layout(rows: Sequence[Row], hosts: Sequence[str], width: int) -> tuple[_Layout, bool]:
    """The first layout that is no wider, or the last one; and whether it is no wider."""
    if len(hosts) <= _MOST_NAMED:
        named = _Layout([_Column(_cut(printable(host), _LONGEST_HEAD), (host,)) for host in hosts], False)
        if _total(named, rows) <= width:
            return named, True
    groups: dict[tuple[Cell, ...], list[str]] = {}
    for host in hosts:
        groups.setdefault(tuple(row.hosts[host] for row in rows), []).append(host)
    if len(groups) == 1:
        return _Layout([_Column(f"all {len(hosts)} hosts" if len(hosts) > 1 else hosts[0], tuple(hosts))], False), True
    members = [tuple(group) for group in groups.values()]
    words = _Layout(_columns_of_groups(members, False), False)
    if _total(words, rows) <= width:
        return words, True
    short = _Layout(_columns_of_groups(members, True), True)
    return short, _total(short, rows) <= width


def _total(layout: _Layout, rows: Sequence[Row]) -> int:
    return sum(layout.width_of(column, rows) + _GAP for column in layout.columns)


def _columns_of_groups(groups: Iterable[tuple[str, ...]], is_short: bool) -> list[_Column]:
    columns: list[_Column] = []
    lettered = 0
    for hosts in groups:
        name = printable(hosts[0])
        if len(hosts) == 1 and not is_short and columns_of(name) <= _LONGEST_HEAD:
            columns.append(_Column(name, hosts))
            continue
        letters = _letters(lettered)
        lettered += 1
        number = counted(len(hosts), "host")
        head = letters if is_short else f"{letters}: {number}"
        legend = names_in_words(hosts, _MOST_LISTED)
        columns.append(_Column(head, hosts, letters, legend if len(hosts) == 1 else f"{number}: {legend}"))
    return columns


def _letters(number: int) -> str:
    """A to Z, AA to AZ, BA …"""
    letters = ""
    while number >= 0:
        letters = ascii_uppercase[number % 26] + letters
        number = number // 26 - 1
    return letters


def _parts(widths: Sequence[int], width: int) -> list[list[int]]:
    """The places of the columns, in as many parts as it takes for none to be wider."""
    parts: list[list[int]] = [[]]
    left = width
    for at, wanted in enumerate(widths):
        if parts[-1] and wanted > left:
            parts.append([])
            left = width
        parts[-1].append(at)
        left -= wanted
    return parts


class _Entry(NamedTuple):
    """What stands in the table, as it is drawn there, and what it means."""

    text: str
    drawn: str
    meaning: str


def _legend_of_hosts(layout: _Layout) -> list[_Entry]:
    lettered = (column for column in layout.columns if column.letters)
    return [_Entry(column.letters, style(column.letters, bold=True), column.legend) for column in lettered]


def _legend_of_cells(layout: _Layout, rows: Sequence[Row]) -> list[_Entry]:
    found = {cell.status: cell for row in rows for cell in row.hosts.values()}
    explained = (status for status in Status if status in found and status is not Status.OK)
    entries = []
    for status in explained:
        if status is not Status.WARNINGS:
            text = layout.text(found[status])
        elif layout.is_short:
            text = "w1, w2"
        else:
            continue
        entries.append(_Entry(text, _coloured(text, found[status]), status.in_words))
    return entries


def _listed(legend: Sequence[_Entry], width: int) -> Iterator[str]:
    longest = max(len(entry.text) for entry in legend)
    for entry in legend:
        first, *others = wrapped(entry.meaning, max(min(width, WIDTH) - longest - _GAP, _SHORTEST_FILE))
        yield f"{entry.drawn}{'':{longest - len(entry.text) + _GAP}}{first}"
        for row in others:
            yield f"{'':{longest + _GAP}}{row}"


def _file_in_words(row: Row) -> str:
    """The file, and the domain in it where its name is another."""
    stem = os.path.basename(row.file).removesuffix(".xml")
    return printable(row.file if not row.domain or row.domain == stem else f"{row.file} ({row.domain})")


def _cut(text: str, width: int) -> str:
    """The end of a text, which tells files and hosts apart better than the beginning."""
    if columns_of(text) <= width:
        return text
    kept = text[-(width - 3) :]
    while columns_of(kept) > width - 3:
        kept = kept[1:]
    return f"...{kept}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns_of(text))


def _coloured(text: str, cell: Cell) -> str:
    if cell.status in (Status.NO_EMULATOR, Status.NOT_ASKED):
        return style(text, dim=True)
    return style(text, fg=_COLOURS[cell.status], bold=True if cell.status is Status.REFUSED else None)
