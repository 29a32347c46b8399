"""The options that several commands share, and how their text is read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli.bounds import hold_to
from dedup.errors import SettingsError
from dedup.report import visible

if TYPE_CHECKING:
    from dedup.config import Configuration


def _field_starts(incomplete: str) -> list[str]:
    return [f"{name}=" for name in field_names() if name.startswith(incomplete)]


def _setting_starts(incomplete: str) -> list[str]:
    from dedup.settings import Settings

    return [f"{knob.name}=" for knob in fields(Settings) if knob.name.startswith(incomplete)]


FieldOption = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="FIELD=NAME",
        help="Where a record has its text, title, published, seen, source, url, lang, id or story, when it has it "
        "under an unusual name: --field text=story_body. Repeat for more.",
        autocompletion=_field_starts,
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SETTING=VALUE",
        help="Change a setting: --set granularity=.4. Repeat for more. 'dedup settings' lists them all.",
        autocompletion=_setting_starts,
        show_default=False,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Take settings from this TOML file, and from no dedup.toml or pyproject.toml that lies about.",
        show_default=False,
    ),
]
DayfirstOption = Annotated[
    bool, typer.Option("--dayfirst", help="01/02/2024 is the first of February; without this it is no date.")
]
ThreadsOption = Annotated[
    str | None,
    typer.Option(
        "--threads",
        metavar="N",
        help="How many work at a time; no result depends on it. 0, and unset: one on each processor.",
        show_default=False,
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Stop, with a message, before taking more memory than this: 800MB, 4GB.",
        show_default=False,
    ),
]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="PICTURE",
        help="Draw a picture into this file, which ends in .png or .svg (needs story-dedup[plot]).",
        show_default=False,
    ),
]
VerboseOption = Annotated[
    int,
    typer.Option(
        "-v", count=True, help="Say on standard error what is done; -vv: in detail.", show_default=False, metavar=""
    ),
]
LogJsonOption = Annotated[
    bool, typer.Option("--log-json", help="Everything on standard error as JSON, a line for each message.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]


def configured(
    *,
    field: Sequence[str] | None = None,
    setting: Sequence[str] | None = None,
    config: Path | None = None,
    dayfirst: bool = False,
    threads: str | None = None,
    memory: str | None = None,
    apply: bool = True,
) -> Configuration:
    """The settings in effect, of flags, environment and file; wrong usage ends the command, with all that is wrong."""
    from dedup.config import configure

    flags: dict[str, Any] = _pairs("--set", setting)
    for name, value in (("threads", threads), ("memory", memory)):
        if value is not None:
            if name in flags:
                raise typer.BadParameter(f"{name} is given twice", param_hint=f"--{name}")
            flags[name] = value
    flags |= {f"fields.{name}": value for name, value in _pairs("--field", field).items()}
    if dayfirst:
        flags["dayfirst"] = True
    try:
        found = configure(flags, file=config)
    except SettingsError as error:
        faults = [visible(fault) for fault in error.faults]
        told = faults[0] if len(faults) == 1 else f"{len(faults)} faults in the settings\n  " + "\n  ".join(faults)
        raise typer.BadParameter(f"{told}\n'dedup settings --help' says where settings come from.") from None
    log = logging.getLogger("dedup.settings")
    if found.file:
        log.info("settings from %s", found.file)
    for name, place in found.origins.items():
        if place != "default":
            log.debug("%s is set by %s", name, place)
    if apply:
        hold_to(found.settings)
    return found


def field_names() -> tuple[str, ...]:
    """The fields of an article that a record can have."""
    from dedup.config import FIELD_NAMES

    return FIELD_NAMES


def _pairs(option: str, values: Sequence[str] | None) -> dict[str, str]:
    parsed: dict[str, str] = {}
    for value in values or ():
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{value!r} should read NAME=VALUE", param_hint=option)
        if name in parsed:
            raise typer.BadParameter(f"{name} is given twice", param_hint=option)
        parsed[name] = text
    return parsed
