"""Options that several commands share, and how they are parsed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from dedup.cli.bounds import limit_process
from dedup.errors import EmbeddingError, SettingsError
from dedup.formats.escaping import visible

if TYPE_CHECKING:
    from dedup.config import Configuration
    from dedup.embedding import Embedding


def _complete_field(incomplete: str) -> list[str]:
    return [f"{name}=" for name in field_names() if name.startswith(incomplete)]


def _complete_setting(incomplete: str) -> list[str]:
    from dedup.settings import Settings

    return [f"{knob.name}=" for knob in fields(Settings) if knob.name.startswith(incomplete)]


FieldOption = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="FIELD=NAME",
        help="The name of a record's text, title, published, seen, source, url, author, section, kind, lang, id or "
        "story field, if it is unusual, or a path: --field text=fields.bodyText. Repeatable.",
        autocompletion=_complete_field,
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SETTING=VALUE",
        help="Change a setting: --set granularity=.4. Repeatable. 'dedup settings' lists all.",
        autocompletion=_complete_setting,
        show_default=False,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Read settings from this TOML file instead of the nearest dedup.toml or pyproject.toml.",
        show_default=False,
    ),
]
DayfirstOption = Annotated[
    bool, typer.Option("--dayfirst", help="Read 01/02/2024 as 1 February; by default it is not a date.")
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAMES",
        help="The columns of tables without a header: --columns id,title,text. A - is a column that is not read.",
        show_default=False,
    ),
]
TableOption = Annotated[
    str,
    typer.Option(
        "--table",
        metavar="NAME",
        help="The table to read of a SQLite database. Default: the only one with a text or title.",
        show_default=False,
    ),
]
ThreadsOption = Annotated[
    str | None,
    typer.Option(
        "--threads",
        metavar="N",
        help="The number of threads; results do not depend on it. Default: 0, one per processor.",
        show_default=False,
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Stop with a message before using more memory than this: 800MB, 4GB.",
        show_default=False,
    ),
]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="PICTURE",
        help="Draw a plot into this .png or .svg file (needs story-dedup[plot]).",
        show_default=False,
    ),
]
VerboseOption = Annotated[
    int,
    typer.Option("-v", count=True, help="Log to standard error; -vv: in detail.", show_default=False, metavar=""),
]
LogJsonOption = Annotated[
    bool, typer.Option("--log-json", help="Write messages on standard error as JSON, one per line.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]


EmbeddingOption = Annotated[
    str | None,
    typer.Option(
        "--embedding",
        metavar="MODEL",
        help="Add articles to stories by an embedding: python:MODULE:FUNCTION, sentence-transformers:FOLDER, or vector"
        " for the vectors that articles bring.",
        show_default=False,
    ),
]
EmbeddingCacheOption = Annotated[
    Path | None,
    typer.Option(
        "--embedding-cache",
        metavar="FILE",
        help="Keep the vectors in this file, by model and content, so that no text is embedded twice.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class EmbeddingOptions:
    """The options of a command that may use an embedding."""

    embedding: EmbeddingOption = None
    embedding_cache: EmbeddingCacheOption = None

    def made(self) -> Embedding | None:
        """Return the embedding, None without one; wrong usage ends the command."""
        if self.embedding is None:
            if self.embedding_cache is not None:
                raise typer.BadParameter("it needs --embedding", param_hint="--embedding-cache")
            return None
        from dedup.embedding import Embedding

        try:
            return Embedding.of(self.embedding, cache=self.embedding_cache)
        except EmbeddingError as error:
            raise typer.BadParameter(visible(str(error)), param_hint="--embedding") from None


def configured(
    *,
    field: Sequence[str] | None = None,
    setting: Sequence[str] | None = None,
    config: Path | None = None,
    dayfirst: bool = False,
    columns: str | None = None,
    table: str = "",
    threads: str | None = None,
    memory: str | None = None,
    apply: bool = True,
) -> Configuration:
    """Return the settings from flags, environment and file. Faults end the command, and are reported together."""
    from dedup.config import configure

    flags: dict[str, Any] = _pairs("--set", setting)
    for name, value in (("columns", columns), ("threads", threads), ("memory", memory)):
        if value is not None:
            if name in flags:
                raise typer.BadParameter(f"{name} is given twice", param_hint=f"--{name}")
            flags[name] = value
    flags |= {f"fields.{name}": value for name, value in _pairs("--field", field).items()}
    if dayfirst:
        flags["dayfirst"] = True
    try:
        found = replace(configure(flags, file=config), table=table)
    except SettingsError as error:
        faults = [visible(fault) for fault in error.faults]
        text = faults[0] if len(faults) == 1 else f"{len(faults)} faults in the settings\n  " + "\n  ".join(faults)
        raise typer.BadParameter(f"{text}\n'dedup settings --help' explains where settings come from.") from None
    log = logging.getLogger("dedup.settings")
    if found.file:
        log.info("settings from %s", found.file)
    for name, place in found.origins.items():
        if place != "default":
            log.debug("%s is set by %s", name, place)
    if apply:
        limit_process(found.settings)
    return found


@dataclass(frozen=True, slots=True)
class ConfigurationOptions:
    """The options of a command that reads and clusters articles."""

    field: FieldOption = None
    dayfirst: DayfirstOption = False
    columns: ColumnsOption = None
    table: TableOption = ""
    setting: SetOption = None
    config: ConfigOption = None
    threads: ThreadsOption = None
    memory: MemoryOption = None

    def configured(self, *, apply: bool = True) -> Configuration:
        """Return the settings from these options, the environment and a file; see the function `configured`."""
        return configured(
            field=self.field,
            setting=self.setting,
            config=self.config,
            dayfirst=self.dayfirst,
            columns=self.columns,
            table=self.table,
            threads=self.threads,
            memory=self.memory,
            apply=apply,
        )


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose parameters of a dataclass type are replaced by the fields of the dataclass, in place.

    typer reads the options of a command from its signature, so many options would need a function of as many
    parameters.
    """
    types = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in types.items() if isinstance(kind, type) and is_dataclass(kind)}
    parameters: list[Parameter] = []
    for parameter in signature(command).parameters.values():
        if parameter.name in groups:
            group = groups[parameter.name]
            hints = get_type_hints(group, include_extras=True)
            parameters += [
                Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
                for field in fields(group)
            ]
        else:
            parameters.append(parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=types[parameter.name]))

    @wraps(command)
    def run(**values: Any) -> None:
        objects = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**values, **objects)

    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined] # of functions, read by `inspect`
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def field_names() -> tuple[str, ...]:
    """Return the names of the fields that a record can have."""
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
