"""``domlint config``: the configuration that a file is linted with, and where each value is from."""

from __future__ import annotations

import os
from typing import Any

import click

from domlint.commands import completing, options
from domlint.commands.console import wants_color
from domlint.findings import Severity
from domlint.reports import FORMATS


@click.command()
@click.argument("path", default=".", shell_complete=completing.files)
@options.given_options()
@options.fail_on_option(Severity.WARNING, "What domlint check would be told.")
@options.output_option(FORMATS)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
@options.hidden_color_option
def config(path: str, as_json: bool, color: str, **given: Any) -> None:
    """Show the configuration of a file or folder, and where each value is from.

    Takes the options of domlint check that a configuration file has keys for, as they would count there.
    """
    from domlint.configuration.effective import effective
    from domlint.reports import configuration as reports
    from domlint.rules import names

    lookup = options.lookup_of(given)
    with options.failing():
        for selector in given["select"] + given["extend_select"] + given["ignore"]:
            names().chosen(selector)
    with options.failing():
        settings = lookup.of_folder(path) if os.path.isdir(path) else lookup.of_file(path)
    entries = list(effective(settings.file, lookup.given))
    file = None if settings.file is None else settings.file.path
    render = reports.as_json if as_json else reports.as_text
    click.echo(render(entries, file, path), nl=False, color=wants_color(color))
