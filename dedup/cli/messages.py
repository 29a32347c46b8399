"""What is said to a person on standard error."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from dedup.article import Notice
from dedup.report import visible

_SHOWN = 10  # groups of notices
_PLACES = 3  # of one group


def say(message: str) -> None:
    """One line on standard error. File names and texts in it cannot do harm there."""
    typer.echo(visible(message), err=True)


def tell(notices: Sequence[Notice]) -> None:
    """What was skipped and what was kept with a change, and why: alike ones together, ten groups of each kind."""
    for skipped, heading in ((True, "Skipped"), (False, "Kept, with a change")):
        kind = [notice for notice in notices if notice.skipped is skipped]
        if kind:
            say(f"{heading}: {len(kind):,}")
            _tell_kind(kind)


def _tell_kind(notices: Sequence[Notice]) -> None:
    groups: dict[tuple[str, str], list[str]] = {}
    for notice in notices:
        groups.setdefault((notice.problem, notice.action), []).append(notice.where)
    for (problem, action), places in list(groups.items())[:_SHOWN]:
        others = f" … and {len(places) - _PLACES:,} more" if len(places) > _PLACES else ""
        say(f"  {', '.join(places[:_PLACES])}{others}: {problem}; {action}")
    rest = sum(len(places) for places in list(groups.values())[_SHOWN:])
    if rest:
        say(f"  … and {rest:,} more (dedup cluster --format json lists all)")
