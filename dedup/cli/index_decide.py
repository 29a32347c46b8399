"""`dedup index decide`, `undo` and `decisions`: the decisions of editors."""

from __future__ import annotations

from typing import Annotated

import typer

from dedup.cli.index_options import StoreOption, WaitOption, opened, opened_to_read, write_lines
from dedup.cli.messages import begin_logging


def decide(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="together, apart, split, move, title or canonical.", show_default=False),
    ],
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of articles.", show_default=False)],
    store: StoreOption,
    apart_from: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="ID", help="For apart: an article of the others.", show_default=False),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="ID", help="For move: an article of the other story.", show_default=False),
    ] = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="For title.", show_default=False)] = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides.", show_default=False)] = "",
    supersede: Annotated[
        bool, typer.Option("--supersede", help="Overrule earlier decisions that this contradicts.")
    ] = False,
    wait: WaitOption = None,
) -> None:
    """Keep a decision of an editor, whatever is added, reconciled or rebuilt later.

    together: the articles are of one story. apart: they are in no story with those of --from. split: they leave their
    story for one of their own. move: they leave it for the story of --into. title: the story of the article has the
    title. canonical: its story shows the article. A JSON line says what was decided, the story of each article, and
    the changes.
    """
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        done = index.decide(
            kind,  # type: ignore[arg-type]
            ids,
            apart_from=apart_from or (),
            title=title,
            into=into,
            by=by,
            supersede=supersede,
        )
    write_lines([done.to_record()])


def undo(
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="Id of the decision.", show_default=False)],
    store: StoreOption,
    wait: WaitOption = None,
) -> None:
    """Undo a decision of an editor. A JSON line says where its articles are now, and the changes."""
    begin_logging(0, as_json=False)
    with opened(store, wait) as index:
        done = index.undo(decision)
    write_lines([done.to_record()])


def decisions(store: StoreOption) -> None:
    """List the decisions of editors as JSON lines, the oldest first."""
    begin_logging(0, as_json=False)
    with opened_to_read(store) as index:
        found, _ = index.decisions()
    write_lines(decision.to_record() for decision in found)
