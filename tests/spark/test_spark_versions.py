"""Pages of many addresses, withdrawn articles, preferences and matches: the same choices as on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from match_articles import matches
from spark_runs import Rows, expected, frame, labels
from spark_runs import row as row_of

import dedup
from dedup.spark import cluster

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]

FIRE = (
    "Twelve people died when a fire swept through a paper mill on the edge of Harlow on Tuesday evening, the county"
    " fire service said. Crews from nine stations fought the blaze until dawn. The cause is not known, said chief"
    " officer Ann Bell, who asked residents to keep their windows closed."
)
VOTE = (
    "The council of Brackwell voted to close the Dunmere library at the end of the year. Mayor Ada Quill cast the vote"
    " that decided, after 1,400 readers of the library had signed a petition against its closing."
)
TITLES = {FIRE: "Fire kills twelve at Harlow mill", VOTE: "Dunmere library of Brackwell closes"}


def row(name: str, text: str, source: str = "", day: int = 1, url: str = "", **fields: str) -> dict[str, str]:
    title = next(title for body, title in TITLES.items() if text.startswith(body[:20]))
    given = {"id": name, "title": title, "text": text, "source": source, "url": url, "published": f"2024-05-{day:02}"}
    return {**given, **fields}


MOBILE = "https://m.echo.example/2024/05/fire-at-harlow-mill#top"
PAGE = "https://echo.example/2024/05/fire-at-harlow-mill"
ROWS: Rows = [
    row("page", FIRE, "Echo", 1, f"{PAGE}?utm_source=feed"),
    row("page amp", f"{FIRE} Two more were hurt.", "Echo", 2, f"{PAGE}/amp"),
    row("page mobile", f"{FIRE} Two more were hurt. It burned all night.", "Echo", 3, MOBILE),
    row("elsewhere", f"{FIRE} Two more were hurt.", "Post", 4, PAGE.replace("echo", "post")),
    row("wire", FIRE, "Wire", 1),
    row("paper", FIRE, "Paper", 2),
    row("closed", f"{FIRE} It was raining.", "Closed", 1),
    row("stars", FIRE, "Stars", 1),
    row("vote", VOTE, "Wire", 1),
    row("vote too", VOTE, "Closed", 1),
    row("vote page", f"{VOTE} More on Monday.", "Paper", 3, "https://paper.example/vote-on-the-library"),
    {**row("kill", VOTE, "Wire", 2), "title": f"MANDATORY KILL: {TITLES[VOTE]}", "text": "Do not use it."},
    row("digest", f"{VOTE} {FIRE}", "Echo", 3, kind="digest"),
    *(row_of(one, one.id) for one in matches("en")),
]  # fmt: skip


def test_versions_withdrawals_and_preferences(spark: SparkSession) -> None:
    settings = dedup.Settings(preferred_outlets="Paper, Post", paywalled_outlets="closed", ungrouped="source:Stars")
    wanted = expected(ROWS, settings)
    story, canonical = ({name: found[place] for name, found in wanted.items()} for place in (0, 2))
    assert {name for name, is_shown in canonical.items() if is_shown} >= {"paper", "stars", "vote page"}
    assert story["page"] == story["page mobile"] == story["wire"] != story["stars"]
    assert labels(cluster(frame(spark, ROWS), settings, partitions=3, chunk=5)) == wanted


def test_what_is_withdrawn_is_shown_last(spark: SparkSession) -> None:
    rows = [one for one in ROWS if one["id"] != "vote page"]
    wanted = expected(rows)
    assert wanted["vote too"][2]
    assert not wanted["vote"][2]
    assert labels(cluster(frame(spark, rows), partitions=2, chunk=100)) == wanted
