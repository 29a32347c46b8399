"""What is said to a person on standard error; under --log-json to a program, a line of JSON for each message.

The standard library's logging carries it: `dedup` is the logger of the library, which is silent by default.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer

from dedup.article import Notice
from dedup.formats.json_text import json_text
from dedup.report import visible

_SHOWN = 10  # groups of notices
_PLACES = 3  # of one group
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_DETAILS = "details"


def begin_logging(verbosity: int, *, as_json: bool) -> None:
    """Sends what the library logs to standard error: warnings, with `-v` what is done, with `-vv` in detail."""
    logger = logging.getLogger("dedup")
    for handler in [one for one in logger.handlers if isinstance(one, _Handler)]:
        logger.removeHandler(handler)  # of a command before this one, in the same process
    logger.setLevel(min(_LEVELS[min(verbosity, 2)], logging.INFO if as_json else logging.WARNING))
    logger.propagate = False
    logger.addHandler(_JsonHandler() if as_json else _Handler())


class _Handler(logging.Handler):
    """A line on standard error, wherever that is now."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            typer.echo(visible(self.format(record)), err=True)
        except OSError:
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {record.getMessage()}"


class _JsonHandler(_Handler):
    """A line of JSON: `time`, `level`, `logger`, `message`, and what else belongs to the message."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, _DETAILS, {}),
        }
        return json_text(line)


def say(
    message: str, *, level: int = logging.INFO, details: Mapping[str, Any] | None = None, keep_lines: bool = False
) -> None:
    """One message on standard error, on one line unless its lines are kept. Names and texts in it can do no harm."""
    if is_json():
        level = logging.ERROR if message.startswith("Error: ") else level
        message = message.removeprefix("Error: ").strip()
        logging.getLogger("dedup.command").log(level, "%s", message, extra={_DETAILS: details or {}})
    else:
        typer.echo("\n".join(map(visible, message.split("\n") if keep_lines else [message])), err=True)


def tell(notices: Sequence[Notice]) -> None:
    """Report notices on standard error, grouped by problem: at most ten groups skipped, and ten kept with a change."""
    if is_json():
        for notice in notices:
            say(str(notice), level=logging.WARNING, details=asdict(notice))
        return
    for skipped, heading in ((True, "Skipped"), (False, "Kept, with a change")):
        kind = [notice for notice in notices if notice.skipped is skipped]
        if kind:
            say(f"{heading}: {sum(notice.count for notice in kind):,}")
            _tell_kind(kind)


def is_json() -> bool:
    """Whether messages are for a program."""
    return any(isinstance(handler, _JsonHandler) for handler in logging.getLogger("dedup").handlers)


def _tell_kind(notices: Sequence[Notice]) -> None:
    groups: dict[tuple[str, str], list[str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for notice in notices:
        groups.setdefault((notice.problem, notice.action), []).append(notice.where)
        counts[notice.problem, notice.action] += notice.count
    for (problem, action), places in list(groups.items())[:_SHOWN]:
        others = f" … and {len(places) - _PLACES:,} more" if len(places) > _PLACES else ""
        say(f"  {', '.join(places[:_PLACES])}{others}: {problem}; {action}")
    rest = sum(counts[group] for group in list(groups)[_SHOWN:])
    if rest:
        say(f"  … and {rest:,} more (dedup cluster --format json lists all)")
