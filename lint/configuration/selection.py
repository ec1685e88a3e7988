"""The choice of rules, layer by layer."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domlint.rule import Names


class Selection(NamedTuple):
    """One layer of the choice of rules, by selectors (see domlint.rule).

    Where ``select`` is given, it takes the place of all layers below; the others change what those leave. ``off`` are
    rules, by code, that a severity of "off" turns off.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    off: frozenset[str] = frozenset()

    def of(self, names: "Names", codes: "Iterable[str]") -> list[str]:
        """What the layer makes of the rules, by code, that those below leave. Raises UnknownSelectorError."""
        chosen = codes if self.select is None else ()
        refined = names.refine(chosen, (*(self.select or ()), *self.extend_select), self.ignore)
        return [code for code in refined if code not in self.off] if self.off else refined
