"""The options that several commands share, and how their text is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated

import typer

from dedup.article import Article
from dedup.errors import SettingsError

if TYPE_CHECKING:
    from dedup.settings import Settings


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
DayfirstOption = Annotated[
    bool, typer.Option("--dayfirst", help="01/02/2024 is the first of February; without this it is no date.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]


def field_names() -> tuple[str, ...]:
    """The fields of an article that a record can have."""
    return tuple(field.name for field in fields(Article) if field.name not in {"path", "where"})


def parse_fields(values: Sequence[str] | None) -> dict[str, str]:
    """`["text=story_body"]` as `{"text": "story_body"}`; wrong usage ends the command."""
    parsed = _pairs("--field", values)
    for name, column in parsed.items():
        if name not in field_names():
            problem = f"an article has no field {name!r} (it has: {', '.join(field_names())})"
            raise typer.BadParameter(problem, param_hint="--field")
        if not column:
            raise typer.BadParameter(f"{name}= names no field of the record", param_hint="--field")
    return parsed


def parse_settings(values: Sequence[str] | None) -> Settings:
    """`["granularity=.4"]` as settings; wrong usage ends the command."""
    from dedup.settings import Settings

    try:
        return Settings.from_strings(_pairs("--set", values))
    except SettingsError as error:
        raise typer.BadParameter(f"{error}. 'dedup settings' explains them.", param_hint="--set") from None


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
