"""Render the page from its templates: the first stories as HTML, all stories as data for its script."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from dedup.errors import InputError
from dedup.report.summary import summarise
from dedup.report.table import dates
from dedup.results.clustering import NO_TEXTS, Clustering, copies_in

if TYPE_CHECKING:
    from jinja2 import Environment

    from dedup.archive import Arrivals
    from dedup.results.clustering import Story

FIRST = 60
"""Number of stories, and of notices of skipped input, that the page shows without its script."""
OUTLETS = 4
"""Outlets that an entry of the list names, those with the most articles."""
LEAD = 220
"""Characters of an article that the list shows."""
SCRIPTS = ("dom.js", "texts.js", "address.js", "list.js", "story.js", "judge.js", "page.js")
"""The scripts of the page in order; the source of its stories comes between `address.js` and `list.js`."""


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
    found.filters["outlets"] = list
    return found


def write_html(found: Clustering | Arrivals, out: TextIO, *, title: str = "Stories", made: str = "") -> None:
    """Write a clustering as one page that contains its style, script, all texts and the merge tree.

    It is a snapshot of the pages of the service, made from the same templates and scripts. For arrivals only stories
    with a new article are listed, marked as new, as continuing archived ones or as copies.

    A content security policy allows only its own style and script, by their hashes: the page loads nothing, and content
    of articles cannot run. It needs a browser of 2023 or later; older ones show only the first stories, with a note.

    Args:
        found: a clustering with texts and evidence, or arrivals of such a one.
        out: a UTF-8 text stream.
        title: title of the page.
        made: a line below it, such as what the page was made from, and when.

    Raises:
        InputError: the clustering was made without evidence, or without keeping the texts.
    """
    from dedup import __version__
    from dedup.report.html.payload import packed_index, packed_texts
    from dedup.results.revisions import without_earlier_versions

    clustering = found if isinstance(found, Clustering) else found.clustering
    if not clustering.has_texts:
        raise InputError(NO_TEXTS)
    summary = summarise(found)
    if isinstance(found, Clustering):
        found = clustering = without_earlier_versions(found)
    skipped = list(islice((notice for notice in clustering.notices if notice.skipped), FIRST))
    weight = Counter(article.source for article in clustering.articles)
    templates = environment()
    templates.filters["outlets"] = lambda sources: sorted(sources, key=weight.__getitem__, reverse=True)[:OUTLETS]
    style, script = template_source("page.css"), page_script(template_source("snapshot.js"))
    stories = found.stories[:FIRST]
    stream = templates.get_template("page.html").stream(
        live=False,
        title=title,
        made=made,
        version=__version__,
        summary=summary,
        stories=stories,
        leads=[_lead(clustering, story) for story in stories],
        skipped=skipped,
        shown=sum(notice.count for notice in skipped),
        granularity=clustering.settings.granularity,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        index=packed_index(found),
        texts=packed_texts(clustering.articles),
    )
    for piece in stream:
        out.write(piece.encode("utf-8", "replace").decode("utf-8"))  # UTF-8 cannot encode lone surrogates


def template_source(name: str) -> str:
    """Return a style or script of the page."""
    return (files("dedup.report.html") / "templates" / name).read_text(encoding="utf-8")


def page_script(source: str) -> str:
    """Return the script of the page, given the part of it that gets the stories."""
    scripts = [*map(template_source, SCRIPTS)]
    return "".join([*scripts[:3], source, *scripts[3:]])


def _lead(clustering: Clustering, story: Story) -> str:
    """Return the first words of the article to show."""
    article = clustering.articles[clustering.place(story.canonical)]
    line = " ".join(article.text[: 3 * LEAD].split())
    head = " ".join(article.title.split()) or story.title
    words = line.removeprefix(head).lstrip(" .:–—-") if head and line.startswith(head) else line
    return words if len(words) <= LEAD else words[:LEAD].rsplit(" ", 1)[0] + "…"


def _hash(text: str) -> str:
    """Return the hash of a script or style, as a content security policy lists it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
