"""What an hour of speech costs, as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from translate.cost import Cost, Price

__all__ = ["table"]


def table(cost: Cost, prices: Sequence[Price]) -> Table:
    """One hour of speech, here and elsewhere."""
    into = f", translated into {cost.languages} language{'s' * (cost.languages != 1)}" if cost.languages else ""
    made = Table(title=f"An hour of speech{into}", caption_justify="left")
    made.add_column("where")
    made.add_column("an hour", justify="right")
    made.add_column("what it is")
    how = (
        "processor's own counter, all programs" if cost.measured_j is not None else f"{cost.watts_per_core:g} W a core"
    )
    made.add_row("this machine", f"{cost.cpu_s_per_hour:.0f} CPU s", f"{cost.cpu_s_per_hour / 3600:.2f} cores busy")
    made.add_row("", f"{cost.wh_per_hour:.1f} Wh", how)
    for price in prices:
        scope = "translated" if price.per_language else "recognition only"
        made.add_row(price.name, f"{price.hour(cost.languages):.2f} {price.currency}", f"{scope}; {price.source}")
    made.caption = "Prices are examples from a file; see --prices."
    return made
