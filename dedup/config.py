"""Configuration from flags, environment, file and defaults, in this order of precedence.

The file is the nearest `dedup.toml`, or `pyproject.toml` with a table `[tool.dedup]` in the working directory or
a folder above. Each value keeps its origin, and all faults of all origins are reported together.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from dedup.article import Article
from dedup.errors import SettingsError
from dedup.formats.escaping import quote
from dedup.settings import SWITCHES, Settings, read_value, read_values

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

VARIABLE = "DEDUP_"
"""Prefix of environment variables: `DEDUP_WINDOW`, `DEDUP_FIELD_TEXT`, `DEDUP_DAYFIRST`."""

_CONFIG = "CONFIG"
_RESERVED = (_CONFIG, "TRACEBACK", "KERNELS", "DATA")
"""Environment variables that are not settings: the file to read, and those for development."""

SECTIONS = ("serve",)
"""Tables of the file, and prefixes of variables (`DEDUP_SERVE_PORT`), for a part of dedup: see `configure_section`."""

_SECTION_VARIABLES = tuple(f"{name.upper()}_" for name in SECTIONS)
_DEFAULT = "default"
_FIELD = "fields."
_ENDS = ("]", "}", "'''", '"""')  # of values that go over several lines

FIELD_NAMES = tuple(named.name for named in fields(Article) if named.name not in {"path", "where"})
"""Fields of an article that a record can have."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in effect, with fields and date order for reading, and the origin of each.

    Attributes:
        settings: how articles are compared and grouped.
        fields: names of the fields in records, by field of an article, for `read_articles`.
        dayfirst: whether `01/02/2024` is the first of February, for `read_articles`.
        columns: names of the columns of tables without a header, for `read_articles`.
        table: the table of a database to read, for `read_articles`.
        origins: origin of each setting, of `dayfirst`, of `columns` and of each of `fields` (`fields.text`): "default",
            `dedup.toml:3`, `DEDUP_WINDOW` or the flag.
        file: the file that was read, or None.
    """

    settings: Settings
    fields: Mapping[str, str] = field(default_factory=dict)
    dayfirst: bool = False
    columns: Sequence[str] = ()
    table: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """The arguments for `read_articles`."""
        return {"fields": self.fields, "dayfirst": self.dayfirst, "columns": self.columns, "table": self.table}

    @property
    def told_by_file(self) -> str:
        """Names set by the file, as in `dedup.toml sets granularity, fields.text`; "" without any."""
        if self.file is None:
            return ""
        shown = _shown(self.file)
        names = [name for name, place in self.origins.items() if place.startswith(f"{shown}:")]
        return f"{shown} sets {', '.join(names)}" if names else ""


@dataclass(frozen=True, slots=True)
class _Given:
    """A value with its name (a setting, `dayfirst`, `columns` or `fields.text`) and its origin."""

    name: str
    value: Any
    place: str


def configure(
    flags: Mapping[str, Any] | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] = ".",
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Return the settings in effect.

    Args:
        flags: values of highest precedence, by the name of the setting (or `dayfirst`, `columns`, `fields.text`).
        file: the TOML file to read; by default the one named by `DEDUP_CONFIG`, else the nearest `dedup.toml` or
            `pyproject.toml` with a table `[tool.dedup]`.
        folder: where to begin the search, which continues in the folders above.
        environment: variables by name; by default those of the process.

    Raises:
        SettingsError: listing all faults of all origins, each with its origin.
    """
    variables = os.environ if environment is None else environment
    faults: list[str] = []
    found = _file(file, folder, variables)
    given = [
        *(_of_file(found, faults) if found else ()),
        *_of_environment(variables),
        *(_Given(name, value, _flag(name)) for name, value in (flags or {}).items()),
    ]
    return _effective(given, faults, found)


def configure_section(
    kind: type[T],
    name: str,
    options: Sequence[tuple[str, Any, str]] = (),
    *,
    file: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] = ".",
    environment: Mapping[str, str] | None = None,
) -> T:
    """Return the settings in effect of a part of dedup.

    Those of `serve` come from the table `[serve]` of the file that `configure` reads, the variables `DEDUP_SERVE_…`,
    and options, in rising precedence.

    Args:
        kind: dataclass of the settings, with fields from `dedup.settings.setting`.
        name: one of `SECTIONS`.
        options: name, value and option, in rising precedence.
        file, folder, environment: as for `configure`.

    Raises:
        SettingsError: listing all faults of the values in effect, each with its origin.
    """
    variables = os.environ if environment is None else environment
    faults: list[str] = []
    found = _file(file, folder, variables)
    begin = f"{VARIABLE}{name.upper()}_"
    named = sorted(item for item in variables.items() if item[0].startswith(begin))
    given = [
        *(_of_file(found, faults, name) if found else ()),
        *(_Given(variable.removeprefix(begin).lower(), value, variable) for variable, value in named),
        *(_Given(*option) for option in options),
    ]
    known = {knob.name: knob for knob in fields(kind)}
    values: dict[str, Any] = {}
    for one in {one.name: one for one in given}.values():
        if one.name not in known:
            near = get_close_matches(one.name, known, 1)
            advice = f"; did you mean {near[0]}?" if near else f" (it has: {', '.join(known)})"
            faults.append(f"{one.place}: dedup {name} has no setting {quote(one.name)}{advice}")
            continue
        try:
            values[one.name] = read_value(known[one.name], one.value)
        except ValueError as error:
            faults.append(f"{one.place}: {error}")
    if faults:
        raise SettingsError(faults)
    return kind(**values)


def _effective(given: Sequence[_Given], faults: list[str], file: Path | None) -> Configuration:
    """Merge values, the last of each name wins; overridden values are validated too."""
    last: dict[str, _Given] = {}
    for one in given:
        faults += _faults(one)
        last[one.name] = one
    origins = {knob.name: _DEFAULT for knob in fields(Settings)} | {"dayfirst": _DEFAULT, "columns": _DEFAULT}
    origins |= {name: one.place for name, one in last.items()}
    settings = {name: one.value for name, one in last.items() if name in _SETTINGS}
    if not faults:
        read, together = read_values(settings)
        faults += [f"{_places(origins, ('num_perm', 'bands'))}{fault}" for _, fault in together]
    if faults:
        raise SettingsError(faults)
    return Configuration(
        settings=Settings(**read),
        fields=MappingProxyType(
            {name.removeprefix(_FIELD): one.value for name, one in last.items() if name.startswith(_FIELD)}
        ),
        dayfirst=_switch(last["dayfirst"].value) or False if "dayfirst" in last else False,
        columns=_columns(last["columns"].value) if "columns" in last else (),
        origins=MappingProxyType(origins),
        file=file,
    )


_SETTINGS = frozenset(knob.name for knob in fields(Settings))


def _faults(one: _Given) -> Iterator[str]:
    """Yield the faults of a single value."""
    if one.name == "dayfirst":
        if _switch(one.value) is None:
            yield f"{one.place}: dayfirst must be true or false, not {quote(one.value)}"
    elif one.name == "columns":
        if not any(_columns(one.value)):
            yield f"{one.place}: columns must be names, as in id,title,text, not {quote(one.value)}"
    elif one.name.startswith(_FIELD):
        name = one.name.removeprefix(_FIELD)
        if name not in FIELD_NAMES:
            yield f"{one.place}: an article has no field {quote(name)} (it has: {', '.join(FIELD_NAMES)})"
        elif not one.value:
            yield f"{one.place}: {name}= names no field of the records"
        elif not isinstance(one.value, str):
            yield f"{one.place}: {name} must be the name of a field of the records, not {quote(one.value)}"
    else:
        alone = {"num_perm": {"bands": 1}, "bands": {"num_perm": one.value}}.get(one.name, {})
        for name, fault in read_values({**alone, one.name: one.value})[1]:
            if name == one.name and not (alone and fault.startswith("num_perm (")):
                yield f"{one.place}: {fault}"


def _places(origins: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the origins of several settings, followed by a colon; "" if all are defaults."""
    places = [origins[name] for name in names if origins[name] != _DEFAULT]
    return f"{' and '.join(dict.fromkeys(places))}: " if places else ""


def _switch(value: Any) -> bool | None:
    """Return a value as a boolean, None if it is neither true nor false."""
    if isinstance(value, str):
        return SWITCHES.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _columns(value: Any) -> tuple[str, ...]:
    """Return names between commas, or in a list; empty for anything else."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return ()
    return tuple(name.strip() for name in names)


def _flag(name: str) -> str:
    if name.startswith(_FIELD):
        return f"--field {name.removeprefix(_FIELD)}"
    return f"--{name}" if name in {"dayfirst", "columns", "threads", "memory"} else f"--set {name}"


def _of_environment(variables: Mapping[str, str]) -> Iterator[_Given]:
    for variable, value in sorted(variables.items()):
        name = variable.removeprefix(VARIABLE)
        if name != variable and name not in _RESERVED and not name.startswith(_SECTION_VARIABLES):
            name = name.lower()
            name = _FIELD + name.removeprefix("field_") if name.startswith("field_") else name
            yield _Given(name, value, variable)


def _file(
    file: str | os.PathLike[str] | None, folder: str | os.PathLike[str], variables: Mapping[str, str]
) -> Path | None:
    """Return the file to read, or None; see `configure`."""
    named = file or variables.get(VARIABLE + _CONFIG)
    return Path(named) if named else _nearest(Path(folder).absolute())


def _nearest(folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        if (file := place / "dedup.toml").is_file():
            return file
        if (file := place / "pyproject.toml").is_file() and _holds_table(file):
            return file
    return None


def _holds_table(file: Path) -> bool:
    """Return whether a file has the table `[tool.dedup]`; invalid TOML is searched for its header."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False
    try:
        return "dedup" in tomllib.loads(text).get("tool", {})
    except (ValueError, AttributeError, TypeError, RecursionError):
        return bool(re.search(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*dedup\b", text, re.MULTILINE))


def _of_file(file: Path, faults: list[str], part: str = "") -> Iterator[_Given]:
    """Yield the values of a file, or of one of its sections; append faults to `faults`."""
    shown = _shown(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except OSError as error:
        faults.append(f"{shown} cannot be read ({error.strerror or error})")
        return
    except UnicodeError:
        faults.append(f"{shown} is not UTF-8")
        return
    except (ValueError, RecursionError) as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line, problem = (f":{place[1]}", str(error)[: place.start()]) if place else ("", str(error))
        faults.append(f"{shown}{line}: not TOML ({problem[0].lower()}{problem[1:]})")
        return
    above: tuple[str, ...] = ("tool", "dedup") if file.name == "pyproject.toml" else ()
    above = (*above, part) if part else above
    for key in above:
        table = table.get(key, {})
        if not isinstance(table, dict):
            faults.append(f"{shown}: {'.'.join(above)} must be a table")
            return
    lines = _Lines(text)
    for name, value in table.items():
        if not part and name in SECTIONS and isinstance(value, dict):
            continue
        if not part and name == "fields" and isinstance(value, dict):
            for own, theirs in value.items():
                yield _Given(_FIELD + own, theirs, f"{shown}:{lines.of((*above, name, own))}")
        else:
            yield _Given(name, value, f"{shown}:{lines.of((*above, name))}")


def _shown(file: Path) -> str:
    """Return the path relative to the working directory, or in full if that is more than three folders up."""
    shown = os.path.relpath(file)
    return str(file) if shown.startswith(os.path.join(*[os.pardir] * 4)) else shown  # noqa: PTH118 - no path, a beginning


class _Lines:
    """Line numbers of the keys of a TOML text, which the parser does not report.

    The text is parsed statement by statement.

    Args:
        text: valid TOML.
    """

    def __init__(self, text: str) -> None:
        self._first: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        begin, held = 1, ""
        for number, line in enumerate(text.splitlines(keepends=True), 1):
            begin = begin if held else number
            goes_on = bool(held)
            held += line
            if goes_on and not any(sign in line for sign in _ENDS):
                continue
            try:
                statement = tomllib.loads(held)
            except tomllib.TOMLDecodeError:
                continue  # in the midst of a value of several lines
            keys = list(_keys(statement))
            if is_header := held.lstrip().startswith("["):
                table = max(keys, key=len)
            for key in keys:
                self._first.setdefault(key if is_header else (*table, *key), begin)
            held = ""

    def of(self, keys: Sequence[str]) -> int:
        """Return the line of a key, from 1."""
        return self._first[tuple(keys)]


def _keys(table: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key in a table."""
    for name, value in table.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *inner) for inner in _keys(value))
