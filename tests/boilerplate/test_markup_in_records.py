"""Markup in the text of records is not counted as words: the result is that of the text alone."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from boilerplate_cases import strangers

from dedup import cluster, read_articles

MARKUP: dict[str, Callable[[str, int], str]] = {
    "paragraphs": lambda text, n: (
        f'<div class="article-body story-{n}"><p>{text}</p><p><a href="https://a.example/{n}">'
        "Continue reading</a></p></div>"
    ),
    "figure": lambda text, n: (
        '<figure class="lead-image wide"><img src="https://i.example/upload/c_fit,q_80,w_636/'
        f'{n:x}.jpg" alt="" width="636" height="358" loading="lazy" decoding="async"/></figure>\n<p>{text}<br /></p>'
    ),
    "blocks": lambda text, n: (
        '<!-- wp:paragraph {"dropCap":true,"style":{"spacing":{"margin":{"top":"0","bottom":"0"}}}} -->'
        f'\n<p class="has-drop-cap" style="margin-top:0" data-id="{n}">{text}</p>\n<!-- /wp:paragraph -->'
    ),
    "escaped": lambda text, n: html.escape(f'<p class="p1" data-n="{n}"><span class="s1">{text}</span></p>'),
    "script": lambda text, n: (
        f"<p>{text}</p><script>window.dataLayer = window.dataLayer || []; dataLayer.push({{'page':"
        f" '{n}', 'type': 'article', 'paywall': false}});</script><style>.s1 {{ color: red; margin: 0 auto }}</style>"
    ),
}
TOLD = strangers(6, 0)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
@pytest.mark.parametrize("kind", MARKUP)
def test_markup_makes_no_difference(kind: str, suffix: str, tmp_path: Path) -> None:
    rows = [{"title": one.title, "text": MARKUP[kind](one.brief(2), n)} for n, one in enumerate(TOLD)]
    path = tmp_path / f"records.{suffix}"
    if suffix == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["title", "text"])
            writer.writeheader()
            writer.writerows(rows)
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        path.write_text(json.dumps(rows), encoding="utf-8")
    articles = list(read_articles(path, notices=[]))
    for article, one in zip(articles, TOLD, strict=True):
        assert article.text.replace("Continue reading", "").split() == one.brief(2).split()
    clustering = cluster(articles)
    assert len(clustering.stories) == len(TOLD)
    assert set(clustering.copy_labels) == {-1}


def test_signs_that_are_no_markup_stay(tmp_path: Path) -> None:
    text = "Sales rose by 4 % in June <5 % in May>, he wrote, if a < b and b > c: see R&D & more."
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps({"title": "Figures", "text": text}), encoding="utf-8")
    (article,) = read_articles(path, notices=[])
    assert article.text == text
