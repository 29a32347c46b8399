"""Find the fields of an article among the names of a record, also in objects inside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dedup.errors import InputError
from dedup.formats.escaping import quote_list
from dedup.inputs.names import ANNEXES, NEEDS_URL, USUAL_NAMES, field_of, is_summary, squeeze

_HOST, _ADDRESS = "sourcehostname", "source"
"""Names in the JSON of trafilatura: if the first holds the outlet, the second holds the address of the page."""

_LINES = ("title", "id", "source", "url", "author", "section", "lang", "story", "storyline")

_DEEPEST = 4
"""Maximum depth of objects in a record that are searched for fields."""

_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which names of a record hold which field.

    Attributes:
        keys: field of an `Article` -> the names that can hold it, in the order to try them.
        lines: those of the fields that are one line, but for dates.
        full: whether one of them holds a text that is no summary.
        annexes: names of objects that may hold further fields.
        paths: names given for a field that are no name of the record, and have a dot.
        others: the names that are no field.
    """

    keys: Mapping[str, Sequence[Any]]
    lines: tuple[tuple[str, Sequence[Any]], ...]
    full: bool
    annexes: tuple[str, ...]
    paths: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def is_article(self) -> bool:
        """Whether an object with these names is an article by itself: it has a text, or a title and a date."""
        return self.full or bool(self.keys["title"] and (self.keys["text"] or self.keys["published"]))


def find_fields(names: Iterable[Any], fields: Mapping[str, str] | None = None) -> Mapping[str, Sequence[Any]]:
    """Map each field of an `Article` to those of `names` that can hold it, in the order to try them.

    Raises:
        InputError: `fields` has a name that is not a field of an article.
    """
    return _layout(tuple(names), tuple((fields or {}).items())).keys


def has_text(record: Mapping[str, Any], fields: Mapping[str, str]) -> bool:
    """Return whether a record, and not an object in it, has a string under a name of a text that is no summary."""
    layout = _layout(tuple(record), tuple(fields.items()))
    if layout.full:
        for name in layout.keys["text"]:  # kept fast: a loop takes half the time of `any`
            if type(record[name]) is str:
                return True
    return False


def find_columns(names: Sequence[str], fields: Mapping[str, str]) -> set[str]:
    """Return those of the columns that hold a field, or an object with some."""
    layout = _layout(tuple(names), tuple(fields.items()))
    held = {name for found in layout.keys.values() for name in found}
    return held.union(layout.annexes, map(_root, layout.paths)).intersection(names)


def has_path(names: Sequence[str], fields: Mapping[str, str], field: str) -> bool:
    """Return whether `fields` has a path for a field that begins at one of the names."""
    return _root(fields.get(field, "")) in names


def _root(path: str) -> str:
    return re.split(r"[.\[]", path)[0]


def flatten(record: Mapping[str, Any], fields: Mapping[str, str] | None = None) -> tuple[Mapping[str, Any], Layout]:
    """Return a record with the fields of objects inside it under dotted names (`fields.bodyText`), and its layout."""
    return _flatten(record, tuple((fields or {}).items()), _DEEPEST)


def _flatten(
    record: Mapping[str, Any], pairs: tuple[tuple[str, str], ...], depth: int, *, enveloped: bool = False
) -> tuple[Mapping[str, Any], Layout]:
    layout = _layout(tuple(record), pairs)
    if not depth or (layout.full and not layout.annexes and not layout.paths):
        return record, layout
    flat: dict[str, Any] = {}
    replaced: set[str] = set()
    for name in layout.annexes if layout.full or enveloped else (*layout.annexes, *layout.others):
        value = record[name]
        if not isinstance(value, Mapping) or not value:
            continue
        inner, found = _flatten(value, (), depth - 1, enveloped=enveloped or name in layout.others)
        if name in layout.annexes:
            if field_of(name) is None or found.is_article:
                replaced.add(name)
                flat.update((f"{name}.{key}", one) for key, one in inner.items())
        elif found.is_article:  # an envelope of any name
            replaced.add(name)
            for key, one in inner.items():
                if key not in record:
                    flat.setdefault(key, one)
    for path in layout.paths:
        found_there = follow(record, path)
        if found_there is not None:
            flat[path] = found_there
    if not flat:
        return record, layout
    flat = {**{name: value for name, value in record.items() if name not in replaced}, **flat}
    return flat, _layout(tuple(flat), pairs)


def follow(value: Any, path: str) -> Any:
    """Return the value at a path such as `fields.body` or `links[0].href`, None if there is none.

    A name after a list without a number stands for that of every item.
    """
    steps = [step for step in _INDEX.sub(r".\1", path).split(".") if step]
    for place, step in enumerate(steps):
        if isinstance(value, Mapping):
            names = [step] if step in value else [name for name in value if squeeze(name) == squeeze(step)]
            value = value[names[0]] if names else None
        elif isinstance(value, list | tuple) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, list | tuple):
            rest = ".".join(steps[place:])
            found = (follow(one, rest) for one in value if isinstance(one, Mapping))
            return [one for one in found if one is not None] or None
        else:
            return None
    return value


@lru_cache(maxsize=256)  # records of a file mostly share their names
def _layout(names: tuple[Any, ...], pairs: tuple[tuple[str, str], ...]) -> Layout:
    fields = dict(pairs)
    if unknown := fields.keys() - USUAL_NAMES.keys():
        raise InputError(f"an article has no field {quote_list(sorted(unknown))} (it has: {', '.join(USUAL_NAMES)})")
    named = {ours: _named(theirs, names) for ours, theirs in fields.items()}
    taken = {name for found in named.values() for name in found}
    ranked: dict[str, list[tuple[tuple[int, int, int], Any]]] = {ours: [] for ours in USUAL_NAMES}
    others: list[str] = []
    for name in names:
        if name in taken:
            continue
        if (meaning := field_of(str(name))) is None:
            others.append(name)
            continue
        field, rank = meaning
        depth = str(name).count(".")
        # A date of the record itself may be that of its storing, with a name of a lower rank.
        order = (0, rank, depth) if field == "published" else (is_summary(str(name)), depth, rank)
        ranked[field].append((order, name))
    keys = {ours: tuple(name for _, name in sorted(found, key=lambda one: one[0])) for ours, found in ranked.items()}
    if not keys["url"] and keys["title"]:
        keys["title"] = tuple(name for name in keys["title"] if squeeze(str(name).rpartition(".")[2]) != NEEDS_URL)
    if any(squeeze(name) == _HOST for name in keys["source"]):
        addresses = tuple(name for name in keys["source"] if squeeze(name) == _ADDRESS)
        keys["source"] = tuple(name for name in keys["source"] if name not in addresses)
        keys["url"] = (*keys["url"], *addresses)
    keys |= named
    return Layout(
        keys,
        tuple((field, keys[field]) for field in _LINES if keys[field]),
        any(not is_summary(str(name)) for name in keys["text"]) or bool(named.get("text")),
        tuple(name for name in names if str(name).lower() in ANNEXES and name not in taken),
        tuple(theirs for ours, theirs in fields.items() if not named[ours] and ("." in theirs or "[" in theirs)),
        tuple(others),
    )


def _named(theirs: str, names: Sequence[Any]) -> tuple[Any, ...]:
    if theirs in names:
        return (theirs,)
    wanted = squeeze(theirs)
    return tuple(name for name in names if squeeze(name) == wanted)
