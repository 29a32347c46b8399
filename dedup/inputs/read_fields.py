"""Count which names the fields of articles were read from, and collect the names that were not read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dedup.article import Article, Notice
from dedup.formats.escaping import quote
from dedup.inputs.dates import read_date
from dedup.inputs.fields import Layout
from dedup.inputs.names import field_of, is_summary
from dedup.inputs.values import is_web_address, text_of

_LOOKED_AT = 20
"""Records of one layout whose unread values are looked at."""
_MOST_NAMES = 1000
"""Maximum unread names that are remembered."""
_SHOWN = 5
"""Maximum unread names in a notice."""
_SAMPLE = 40
"""Maximum characters of a sample in a notice."""
_OWN = "dedup_"
"""Prefix of the fields that `--keep` adds."""
_LONG = 120
"""Characters from which on a value looks like a text, and not like a title."""

_WIDE = re.compile("[\u0e00-\u0fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|svg|mp[34])(?:[?#]|$)", re.IGNORECASE)


@dataclass(slots=True)
class Unread:
    """A name that nothing was read from.

    Attributes:
        count: articles that have a value there, of those that were looked at.
        sample: the longest of these values.
        field: the field that it looks like, "" for none.
        loaded: whether its values are known: of some tables only the columns that are read are loaded.
    """

    count: int = 0
    sample: str = ""
    field: str = ""
    loaded: bool = True


class ReadFields:
    """Counts the names that fields were read from, and collects those that were not read.

    Args:
        every: whether every article is looked at, not only the first of each layout, and all fields are counted.
    """

    def __init__(self, *, every: bool = False) -> None:
        self._every = every
        self._looked: Counter[tuple[str, ...]] = Counter()
        self._missing = {"text", "title", "published", "url"}
        self._first_summary, self._first_unread = "", ""
        self.texts: Counter[str] = Counter()
        self.names: dict[str, Counter[str]] = {}
        self.samples: dict[tuple[str, str], str] = {}
        self.unread: dict[str, Unread] = {}

    def see(
        self, record: Mapping[str, Any], layout: Layout, used: Mapping[str, str], article: Article, where: str
    ) -> None:
        """Count an article.

        Args:
            record: its values, with those of objects inside it.
            layout: the layout of the record.
            used: field -> the name that it was read from.
            article: the article.
            where: its position.
        """
        if text := used.get("text"):
            self.texts[text] += 1
            if self.texts[text] == 1 and not self._first_summary and is_summary(text):
                self._first_summary = where
        if not self._missing.isdisjoint(used):
            self._missing -= used.keys()
        if self._every:
            for field, name in used.items():
                self.names.setdefault(field, Counter())[name] += 1
                if (field, name) not in self.samples:
                    self.samples[field, name] = str(getattr(article, field))
        if layout.others and (self._every or self._looked[layout.others] < _LOOKED_AT):
            if len(self._looked) < _MOST_NAMES:
                self._looked[layout.others] += 1
            others = ((name, record[name]) for name in layout.others if name in record)
            self._look(others, where, {article.title.strip(), article.text.strip()})

    def see_unloaded(self, names: Iterable[str], where: str) -> None:
        """Collect the names of columns of a table that were not loaded."""
        for name in names:
            if len(self.unread) < _MOST_NAMES and name not in self.unread and not name.startswith(_OWN):
                self.unread[name] = Unread(loaded=False)
                self._first_unread = self._first_unread or where

    def _look(self, values: Iterable[tuple[Any, Any]], where: str, read: set[str]) -> None:
        """Collect values that were not read; one that says the same as a field that was read is no other content."""
        for name, value in values:
            if isinstance(value, Mapping):
                inner = ((f"{name}.{key}", one) for key, one in value.items() if isinstance(one, str))
                self._look(inner, where, read)
            elif isinstance(name, str) and name.strip() and not name.startswith(_OWN):
                if name not in self.unread and len(self.unread) >= _MOST_NAMES:
                    continue
                found = self.unread.setdefault(name, Unread())
                sample = "" if value is None or isinstance(value, bool | int | float) else text_of(value) or ""
                if sample.strip():
                    found.count += 1
                    if len(sample) > len(found.sample):
                        found.sample = sample.strip()
                        found.field = "" if found.sample in read else _likely_field(found.sample)
                    self._first_unread = self._first_unread or where

    def counted_texts(self) -> str:
        """Return the names that texts were read from, with counts; "" if all were read from `text`."""
        if set(self.texts) <= {"text"}:
            return ""
        return "text from " + ", ".join(f'"{name}": {count:,}' for name, count in self.texts.most_common())

    def likely_unread(self) -> Iterator[tuple[str, Unread]]:
        """Yield the unread names that look like content, the likeliest first."""
        order = ["text", "title", "published", "url"]
        bare = self._missing >= {"title", "published"}
        for one in self.unread.values():
            if not one.loaded:
                one.field = "title" if bare else ""
        found = [
            (field not in self._missing, order.index(field), name)
            for name, one in self.unread.items()
            if (field := one.field) in ("text", "title") or field in self._missing
        ]
        return ((name, self.unread[name]) for _, _, name in sorted(found, key=lambda one: one[:2]))

    def notices(self) -> Iterator[Notice]:
        """Yield a notice of the articles without a full text, and one of the names that were not read."""
        if summaries := sum(count for name, count in self.texts.items() if is_summary(name)):
            problem = f"{summaries:,} of {self.texts.total():,} articles have a summary and no full text"
            yield Notice(self._first_summary, problem, self.counted_texts(), skipped=False)
        unread = list(self.likely_unread())
        if unread:
            shown = [_shown(name, one) for name, one in unread[:_SHOWN]]
            others = f" and {len(unread) - _SHOWN:,} more" if len(unread) > _SHOWN else ""
            problem = f"nothing is read from {', '.join(shown)}{others}"
            yield Notice(self._first_unread, problem, "kept (dedup inspect shows each field)", skipped=False)


def unread_names(layout: Layout) -> tuple[str, ...]:
    """Return the names of a record that mean no field of an article, without those that `--keep` adds."""
    names = (str(name) for name in layout.others)
    return tuple(name for name in names if name.strip() and not name.startswith(_OWN))


def likely_text(record: Mapping[str, Any]) -> str:
    """Return the name, of those that are no field, of the longest string with words; "" if there is none."""
    strings = ((str(name), value) for name, value in record.items() if isinstance(value, str))
    texts = {name: value for name, value in strings if field_of(name) is None}
    longest = max(texts, key=lambda name: len(texts[name]), default="")
    return longest if longest and _likely_field(texts[longest]) in {"text", "title"} else ""


def _shown(name: str, one: Unread) -> str:
    sample = f'"{shortened(one.sample, _SAMPLE)}", ' if one.loaded else ""
    return f"{quote(name)} ({sample}--field {one.field}={name})"


def shortened(text: str, length: int) -> str:
    """Return a text on one line, cut to a length."""
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length else f"{line[:length].rstrip()}…"


def _likely_field(value: str) -> str:
    """Return the field that a value looks like, "" for none."""
    if is_web_address(value):
        return "" if _PICTURE.search(value) else "url"
    if any(mark.isdigit() for mark in value) and read_date(value).when is not None:
        return "published"
    if len(value.split()) >= 3 or len(_WIDE.findall(value)) >= 8:
        return "text" if len(value) >= _LONG else "title"
    return ""
