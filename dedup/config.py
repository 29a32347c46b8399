"""Where settings come from: flags before the environment before a file before the defaults.

A file is `dedup.toml`, or the table `[tool.dedup]` of a `pyproject.toml`: the nearest one, from the folder in which the
command is run upward. Every value keeps its place, and all that is wrong in all the places is told together.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dedup.article import Article
from dedup.errors import SettingsError
from dedup.formats.quoting import quote
from dedup.settings import Settings, read_values

VARIABLE = "DEDUP_"
"""What the variables of the environment begin with: `DEDUP_WINDOW`, `DEDUP_FIELD_TEXT`, `DEDUP_DAYFIRST`."""

_CONFIG = "CONFIG"
_RESERVED = (_CONFIG, "TRACEBACK", "KERNELS", "DATA")
"""Variables of dedup that are no settings: the file to take settings from, and those for who works on dedup."""

SECTIONS = ("serve",)
"""Tables of the file, and variables (`DEDUP_SERVE_PORT`), that say something of a part of dedup: see `section`."""

_SECTION_VARIABLES = tuple(f"{name.upper()}_" for name in SECTIONS)
_DEFAULT = "default"
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
"""What a text says that is true, or false."""
_FIELD = "fields."
_ENDS = ("]", "}", "'''", '"""')  # of values that go over several lines

FIELD_NAMES = tuple(named.name for named in fields(Article) if named.name not in {"path", "where"})
"""The fields of an article that a record can have."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in effect, with what else can be set once for all runs, and where each comes from.

    Attributes:
        settings: how articles are compared and grouped.
        fields: where records have their fields, our name -> theirs, for `read_articles`.
        dayfirst: whether `01/02/2024` is the first of February, for `read_articles`.
        origins: by the name of each setting, of `dayfirst` and of each of `fields` (`fields.text`) its place:
            "default", `dedup.toml:3`, `DEDUP_WINDOW` or the flag.
        file: the file that was read, None where there is none.
    """

    settings: Settings
    fields: Mapping[str, str] = field(default_factory=dict)
    dayfirst: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None

    @property
    def told_by_file(self) -> str:
        """Which file sets what, as in `dedup.toml sets granularity, fields.text`; "" where none sets anything."""
        if self.file is None:
            return ""
        shown = _shown(self.file)
        names = [name for name, place in self.origins.items() if place.startswith(f"{shown}:")]
        return f"{shown} sets {', '.join(names)}" if names else ""


@dataclass(frozen=True, slots=True)
class _Given:
    """A value, under the name of a setting, `dayfirst` or `fields.text`, and its place."""

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
    """The settings in effect.

    Args:
        flags: what goes before all else, by the name of the setting (or `dayfirst`, `fields.text`).
        file: a TOML file to read; without it `DEDUP_CONFIG` names one, else the nearest `dedup.toml` or
            `pyproject.toml` with a table `[tool.dedup]` is taken.
        folder: where the search for one begins; it goes on upward.
        environment: variables by name, those of the process if not given.

    Raises:
        SettingsError: listing everything that is wrong in any of the places, each with its place.
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


def section(
    name: str,
    *,
    file: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] = ".",
    environment: Mapping[str, str] | None = None,
) -> tuple[dict[str, tuple[Any, str]], list[str]]:
    """What file and environment say of one of the `SECTIONS`: by name the value and its place; and what is wrong.

    The table `[serve]` stands in the file that `configure` reads, the variables begin with `DEDUP_SERVE_` and go first.

    Args:
        name: of the section.
        file, folder, environment: as for `configure`.
    """
    variables = os.environ if environment is None else environment
    faults: list[str] = []
    found = _file(file, folder, variables)
    values: dict[str, tuple[Any, str]] = {}
    for one in _of_file(found, faults, name) if found else ():
        values[one.name] = (one.value, one.place)
    begin = f"{VARIABLE}{name.upper()}_"
    for variable, value in sorted(variables.items()):
        if variable.startswith(begin):
            values[variable.removeprefix(begin).lower()] = (value, variable)
    return values, faults


def _effective(given: Sequence[_Given], faults: list[str], file: Path | None) -> Configuration:
    """The last value of each name; faults also of those that another one stands before."""
    last: dict[str, _Given] = {}
    for one in given:
        faults += _faults(one)
        last[one.name] = one
    origins = {knob.name: _DEFAULT for knob in fields(Settings)} | {"dayfirst": _DEFAULT}
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
        origins=MappingProxyType(origins),
        file=file,
    )


_SETTINGS = frozenset(knob.name for knob in fields(Settings))


def _faults(one: _Given) -> Iterator[str]:
    """What is wrong with a value by itself."""
    if one.name == "dayfirst":
        if _switch(one.value) is None:
            yield f"{one.place}: dayfirst must be true or false, not {quote(one.value)}"
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
    """The places that several settings come from, with a colon; nothing for the defaults."""
    places = [origins[name] for name in names if origins[name] != _DEFAULT]
    return f"{' and '.join(dict.fromkeys(places))}: " if places else ""


def _switch(value: Any) -> bool | None:
    """A value as true or false, None if it is neither."""
    if isinstance(value, str):
        return True if value.strip().lower() in YES else False if value.strip().lower() in NO else None
    return value if isinstance(value, bool) else None


def _flag(name: str) -> str:
    if name.startswith(_FIELD):
        return f"--field {name.removeprefix(_FIELD)}"
    return f"--{name}" if name in {"dayfirst", "threads", "memory"} else f"--set {name}"


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
    """The file to read, None where there is none: see `configure`."""
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
    """Whether a file has the table, or seems to: one that is not read stands in nobody's way."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False
    try:
        return "dedup" in tomllib.loads(text).get("tool", {})
    except (ValueError, AttributeError, TypeError, RecursionError):
        return bool(re.search(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*dedup\b", text, re.MULTILINE))


def _of_file(file: Path, faults: list[str], part: str = "") -> Iterator[_Given]:
    """What a file says of the settings, or of a section of it."""
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
    """A file as seen from here, if it lies below or not far above."""
    shown = os.path.relpath(file)
    return str(file) if shown.startswith(os.path.join(*[os.pardir] * 4)) else shown  # noqa: PTH118 - no path, a beginning


class _Lines:
    """Where in a TOML text its keys stand, which the parser does not tell: it is gone through statement by statement.

    Args:
        text: one that the parser takes.
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
        """The line in which a key is given, from 1."""
        return self._first[tuple(keys)]


def _keys(table: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The ways to all that is in a table."""
    for name, value in table.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *inner) for inner in _keys(value))
