"""Render the page from its templates: the first stories as HTML, all stories as data for its script."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from dedup.errors import InputError
from dedup.report.summary import summarise
from dedup.report.table import dates
from dedup.results.clustering import NO_TEXTS, copies_in

if TYPE_CHECKING:
    from jinja2 import Environment

    from dedup.results.clustering import Clustering

FIRST = 60
"""Number of stories, and of notices of skipped input, that the page shows without its script."""


def environment() -> Environment:
    """Return the template environment, with autoescaping. `blocks.html` has blocks that other pages share."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("dedup.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["days"] = lambda story: dates(story.start, story.end)
    found.filters["copies"] = copies_in
    return found


def write_html(clustering: Clustering, out: TextIO, *, title: str = "Stories") -> None:
    """Write a clustering as one page that contains its style, script, all texts and the merge tree.

    A content security policy allows only its own style and script, by their hashes: the page loads nothing, and content
    of articles cannot run. It needs a browser of 2023 or later; older ones show only the first stories, with a note.

    Args:
        clustering: a clustering with texts and evidence.
        out: a UTF-8 text stream.
        title: title of the page.

    Raises:
        InputError: the clustering was made without evidence, or without keeping the texts.
    """
    from dedup import __version__
    from dedup.report.html.payload import packed_index, packed_texts
    from dedup.results.revisions import without_earlier_versions

    if not clustering.has_texts:
        raise InputError(NO_TEXTS)
    summary, clustering = summarise(clustering), without_earlier_versions(clustering)
    skipped = list(islice((notice for notice in clustering.notices if notice.skipped), FIRST))
    templates = environment()
    style, script = _source("page.css"), _source("shown.js") + _source("page.js")
    stream = templates.get_template("page.html").stream(
        title=title,
        version=__version__,
        summary=summary,
        stories=clustering.stories[:FIRST],
        skipped=skipped,
        shown=sum(notice.count for notice in skipped),
        granularity=clustering.settings.granularity,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        index=packed_index(clustering),
        texts=packed_texts(clustering.articles),
    )
    for piece in stream:
        out.write(piece.encode("utf-8", "replace").decode("utf-8"))  # UTF-8 cannot encode lone surrogates


def _source(name: str) -> str:
    return (files("dedup.report.html") / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the hash of a script or style, as a content security policy lists it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
