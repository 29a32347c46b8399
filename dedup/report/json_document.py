"""Write a result as one JSON document; and the JSON schemas of all formats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TextIO

from dedup.article import Notice
from dedup.formats.json_text import finite, json_rows, json_text
from dedup.report.rows import COLUMNS_AGAINST, table_of
from dedup.report.summary import summarise
from dedup.results.clustering import Clustering, Link
from dedup.settings import Settings

if TYPE_CHECKING:
    from dedup.archive import Arrivals

SCHEMA = 1
"""Version of the document. Incremented when a key is removed or changes its meaning, not when one is added."""

SCHEMAS = ("jsonl", "json", "kept")
"""Names of the JSON schemas: of a row of `jsonl`, `csv` or `parquet`, of the `json` document, of what `--keep` adds."""

_STORY_KEYS = (
    *("id", "title", "canonical", "start", "end", "sources", "origins", "copy_groups", "storyline", "revisions"),
)


def write_json(found: Clustering | Arrivals, out: TextIO) -> None:
    """Write a clustering as one JSON document, one story or link per line.

    For arrivals, only stories with a new article are written.

    Keys:
        schema, dedup: versions of this layout and of the package.
        settings: the settings by name, with their `fingerprint`; an infinite window is null. `embedding` is the name of
            the embedding, if there was one.
        summary: the numbers of `Summary`.
        stories: the largest first; each with `id`, `title`, `canonical`, `start`, `end`, `sources`, `copy_groups`
            (`id`, `canonical`, `articles` as ids), `storyline` (its id) and `articles`, in order of publication, with
            the keys of `to_records`; archived articles are included. `revisions` has the ids of the versions of each
            page with several, the oldest first, and `earlier` the versions that are not in `articles`.
        storylines: those of these stories, the largest first, with the fields of `Storyline`.
        links: the scored pairs inside the stories, with the fields of `Link`.
        notices: problems of the input, with the fields of `Notice`.
    """
    from dedup import __version__

    clustering = found if isinstance(found, Clustering) else found.clustering
    out.write("{\n")
    for key, value in (
        ("schema", SCHEMA),
        ("dedup", __version__),
        ("settings", settings_record(clustering.settings, clustering.embedding)),
        ("summary", summarise(found).to_dict()),
    ):
        out.write(f'"{key}": {json_text(value)},\n')
    _write_list("stories", _stories(found), out)
    out.write(",\n")
    written = {article for story in found.stories for article in story.articles}
    lines = {story.storyline for story in found.stories}
    storylines = (json_text(line.to_record()) for line in clustering.storylines if line.id in lines)
    _write_list("storylines", storylines, out)
    out.write(",\n")
    _write_list("links", _rows(Link, [link for link in clustering.links if link.a in written]), out)
    out.write(",\n")
    _write_list("notices", _rows(Notice, clustering.notices), out)
    out.write("\n}\n")


def settings_record(settings: Settings, embedding: str = "") -> dict[str, float | str | None]:
    """Return the settings that change the result, ready for JSON: infinity is None, `fingerprint` is added.

    The name of an embedding is added as `embedding`, and counts in the fingerprint.
    """
    record = {name: finite(value) for name, value in settings.method().items()}
    if not embedding:
        return {**record, "fingerprint": settings.fingerprint}
    return {**record, "embedding": embedding, "fingerprint": settings.fingerprint_with(embedding)}


def _write_list(key: str, items: Iterable[str], out: TextIO) -> None:
    out.write(f'"{key}": [')
    separator = "\n"
    for item in items:
        out.write(separator + item)
        separator = ",\n"
    out.write("]" if separator == "\n" else "\n]")


def _rows(kind: type[Link] | type[Notice], items: Sequence[Link | Notice]) -> Iterator[str]:
    """Yield the fields of each item as JSON."""
    return json_rows({field.name: [getattr(item, field.name) for item in items] for field in fields(kind)})


def _stories(found: Clustering | Arrivals) -> Iterator[str]:
    """Yield each story as JSON, with its articles, each of which is written once for all."""
    table = table_of(found) if isinstance(found, Clustering) else _table(found.to_records(archived=True))
    rows = dict(zip(table["id"], json_rows(table), strict=True))
    for story in found.stories:
        record = story.to_record()
        head = json_text({key: record[key] for key in _STORY_KEYS}).removesuffix("}")
        articles = ", ".join(map(rows.__getitem__, story.articles))
        earlier = ", ".join(rows[name] for versions in story.revisions for name in versions[:-1])
        yield f'{head}, "articles": [{articles}], "earlier": [{earlier}]}}'


def _table(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {column: [record[column] for record in records] for column in COLUMNS_AGAINST}


def read_schema(name: str) -> dict[str, Any]:
    """Return one of the JSON schemas (2020-12) that ship with the package.

    Raises:
        KeyError: there is no schema of this name.
    """
    if name not in SCHEMAS:
        raise KeyError(name)
    schema: dict[str, Any] = json.loads((files("dedup.report") / "schemas" / f"{name}.json").read_text("utf-8"))
    return schema
