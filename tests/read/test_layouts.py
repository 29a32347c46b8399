from __future__ import annotations

from pathlib import Path

import pytest
from layouts import ARTICLES, LAYOUTS, expected
from reading import read_all, write


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_is_read(tmp_path: Path, name: str) -> None:
    layout = LAYOUTS[name]
    path = write(tmp_path / layout.file, layout.content(ARTICLES))
    articles, notices = read_all(path, fields=layout.options)
    assert len(articles) == len(ARTICLES)
    for article, row in zip(articles, ARTICLES, strict=True):
        wanted = expected(layout, row)
        if not wanted["id"]:
            wanted["id"] = article.id
            assert article.id.startswith(layout.file)
        assert {field: getattr(article, field) for field in wanted} == wanted
    assert not [notice for notice in notices if notice.skipped]


def test_at_least_38_layouts_need_no_option() -> None:
    assert sum(not layout.options for layout in LAYOUTS.values()) >= 38
