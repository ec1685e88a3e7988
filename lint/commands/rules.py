"""``domlint rules``: the list of all rules."""

from __future__ import annotations

from typing import Any

import click

from domlint.commands import options
from domlint.commands.console import wants_color


@click.command()
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.hidden_color_option
def rules(output_format: str, color: str) -> None:
    """List all rules."""
    from domlint.explain import rule_list, rule_objects
    from domlint.rules import catalogue

    if output_format == "json":
        import json

        objects: list[dict[str, Any]] = rule_objects(catalogue())
        click.echo(json.dumps(objects, indent=2))
    else:
        click.echo(rule_list(catalogue()), nl=False, color=wants_color(color))
