"""Walls and copies over HTTP: what an index answers is what a client is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from boilerplate_cases import Case, all_cases, parameters
from serving import serving
from shared_cases import shared_cases

from dedup import Client

NAMES = ("wall-under-teasers-24-words", "footer-53-words", "release-in-12-papers", "index_shared_wall.jsonl")
CASES = [case for case in (*all_cases(), *shared_cases()) if case.name in NAMES]


@pytest.mark.parametrize(("case", "door"), parameters(CASES, ["service"]))
def test_a_case_over_http(case: Case, door: str, tmp_path: Path) -> None:  # noqa: ARG001 - names the test
    with serving(tmp_path / "stories.db") as served, Client(served.url) as client:
        placed = [client.add(article) for article in case.articles]
        client.reconcile()
        stories = {frozenset(story.articles) for story in client.stories()}
        copies = {frozenset(group.articles) for story in client.stories() for group in story.copy_groups}
    assert stories == set(map(frozenset, case.stories or ()))
    assert copies == set(map(frozenset, case.copies or ()))
    together = {id_: set(group) for group in case.copies or () for id_ in group}
    assert all(one.copy_of in together.get(one.article, ()) for one in placed if one.copy_of)
