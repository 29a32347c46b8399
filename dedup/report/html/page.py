"""The page from its templates: what is shown before the script runs is written into it, the rest is data."""

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
"""Stories that the page shows without its script, and notices of what was skipped."""


def environment() -> Environment:
    """The templates, which escape whatever is put into them. `blocks.html` has those that other pages share."""
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
    """The clustering as one page that needs nothing else: style, script, all texts and the merge tree are in it.

    A content security policy in it forbids everything but its own style and script, by their hashes: nothing is
    fetched, and no article can run anything. Made for browsers of 2023 and later, which unpack what is in it; an older
    one shows the first stories, and says so.

    Args:
        clustering: one that kept its texts.
        out: a UTF-8 text stream.
        title: of the page.

    Raises:
        InputError: it was made without evidence, or without keeping the texts.
    """
    from dedup import __version__
    from dedup.report.html.payload import packed_index, packed_texts

    if not clustering.has_texts:
        raise InputError(NO_TEXTS)
    skipped = list(islice((notice for notice in clustering.notices if notice.skipped), FIRST))
    templates = environment()
    style, script = _source("page.css"), _source("shown.js") + _source("page.js")
    stream = templates.get_template("page.html").stream(
        title=title,
        version=__version__,
        summary=summarise(clustering),
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
        out.write(piece.encode("utf-8", "replace").decode("utf-8"))  # a lone surrogate has no UTF-8 form


def _source(name: str) -> str:
    return (files("dedup.report.html") / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the hash of a script or style, as a content security policy lists it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
