"""Messages on standard error: text, or with --log-json one line of JSON each.

They go through the logger `dedup` of the standard library's logging, which is silent by default.
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
from dedup.formats.escaping import visible
from dedup.formats.json_text import json_text

_SHOWN = 10  # groups of notices
_PLACES = 3  # shown per group
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_DETAILS = "details"


def begin_logging(verbosity: int, *, as_json: bool) -> None:
    """Send the library's log to standard error: warnings, with `-v` also info, with `-vv` also debug messages."""
    logger = logging.getLogger("dedup")
    for handler in [one for one in logger.handlers if isinstance(one, _Handler)]:
        logger.removeHandler(handler)  # left by an earlier command in the same process
    logger.setLevel(min(_LEVELS[min(verbosity, 2)], logging.INFO if as_json else logging.WARNING))
    logger.propagate = False
    logger.addHandler(_JsonHandler() if as_json else _Handler())


class _Handler(logging.Handler):
    """Writes a line to the current standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            typer.echo(visible(self.format(record)), err=True)
        except OSError:
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {record.getMessage()}"


class _JsonHandler(_Handler):
    """Writes a line of JSON: `time`, `level`, `logger`, `message`, and the details of the message."""

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
    """Write one message to standard error, on one line unless `keep_lines`. Control characters are escaped."""
    if is_json():
        level = logging.ERROR if message.startswith("Error: ") else level
        message = message.removeprefix("Error: ").strip()
        logging.getLogger("dedup.command").log(level, "%s", message, extra={_DETAILS: details or {}})
    else:
        typer.echo("\n".join(map(visible, message.split("\n") if keep_lines else [message])), err=True)


def report(notices: Sequence[Notice]) -> None:
    """Report notices on standard error, grouped by problem: at most ten groups of skipped input, ten of changed."""
    if is_json():
        for notice in notices:
            say(str(notice), level=logging.WARNING, details=asdict(notice))
        return
    for skipped, heading in ((True, "Skipped"), (False, "Kept, with a change")):
        kind = [notice for notice in notices if notice.skipped is skipped]
        if kind:
            say(f"{heading}: {sum(notice.count for notice in kind):,}")
            _report_groups(kind)


def is_json() -> bool:
    """Return whether messages are written as JSON."""
    return any(isinstance(handler, _JsonHandler) for handler in logging.getLogger("dedup").handlers)


def _report_groups(notices: Sequence[Notice]) -> None:
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
