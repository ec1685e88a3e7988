"""The command line: which commands there are. Each is a module of ``domlint.commands``, imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from domlint.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS: Final = ("check", "hosts", "requires", "upgrade", "explain", "rules", "config", "baseline")
"""The commands, in the order of the help."""

_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _CheckByDefault(click.Group):
    """A group whose command ``check`` need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"-h", "--help", "--version"}
        if args and args[0] not in COMMANDS and args[0] not in own:
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        own = super().shell_complete(ctx, incomplete)
        if own and not incomplete.startswith("-"):
            return own
        from domlint.commands.check import check

        context = check.make_context("check", [], ctx, resilient_parsing=True)
        if not incomplete.startswith("-"):
            return check.params[0].shell_complete(context, incomplete)
        named = {item.value for item in own}
        return [*own, *(item for item in check.shell_complete(context, incomplete) if item.value not in named)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f"domlint.commands.{cmd_name}"), cmd_name)
        return found


@click.group(cls=_CheckByDefault, context_settings=_CONTEXT)
@click.version_option(VERSION, prog_name="domlint")
def command() -> None:
    """Find what is wrong with libvirt domain XML on the hosts that shall run it.

    "domlint vm.xml --caps caps.xml" is short for "domlint check vm.xml --caps caps.xml".
    """
