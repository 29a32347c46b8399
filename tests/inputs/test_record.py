from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.inputs.fields import find_fields
from dedup.inputs.names import USUAL_NAMES
from dedup.inputs.record import Corrections, from_record, read_record

BODY = "The harbour reopened on Monday."


def made(record: Mapping[str, Any], fields: Mapping[str, str] | None = None) -> tuple[Article, list[Notice]]:
    article, notices = from_record(record, where="feed:1", default_id="default", fields=fields)
    assert article is not None
    return article, notices


def quietly(record: Mapping[str, Any], fields: Mapping[str, str] | None = None) -> Article:
    article, notices = made(record, fields)
    assert notices == []
    return article


def refused(record: Mapping[str, Any], fields: Mapping[str, str] | None = None) -> Notice:
    article, notices = from_record(record, where="feed:1", default_id="default", fields=fields)
    assert article is None
    (notice,) = notices
    assert notice.skipped
    assert notice.where == "feed:1"
    return notice


def test_every_field_arrives() -> None:
    record = {
        "id": "a1",
        "title": "Harbour reopens",
        "text": BODY,
        "published": "2020-01-01",
        "source": "The Echo",
        "url": "https://echo.example/1",
        "lang": "en",
        "story": "s1",
        "section": "local",
    }
    assert quietly(record) == Article(
        id="a1",
        text=BODY,
        title="Harbour reopens",
        published=date(2020, 1, 1),
        source="The Echo",
        url="https://echo.example/1",
        section="local",
        lang="en",
        story="s1",
    )


@pytest.mark.parametrize(("field", "name"), [(field, name) for field in USUAL_NAMES for name in USUAL_NAMES[field]])
def test_every_usual_name_is_recognised(field: str, name: str) -> None:
    value = {"published": "2020-01-01", "seen": "2020-01-01", "url": "https://echo.example/1"}.get(field, "value")
    beside = {"text": BODY, "url": "https://echo.example/1"} if field == "title" else {"text": BODY}
    article = quietly(beside | {name: value} if field != "text" else {name: value})
    assert str(getattr(article, field)) == value


@pytest.mark.parametrize("name", ["publishedAt", "published_at", "Published At", "PUBLISHED-AT", "\ufeffpublished at"])
def test_the_way_a_name_is_written_does_not_matter(name: str) -> None:
    assert quietly({"Text": BODY, name: "2020-01-01"}).published == date(2020, 1, 1)


def test_mongo_and_news_api_and_new_york_times_records() -> None:
    article = quietly(
        {
            "_id": {"$oid": "5f1d"},
            "headline": {"main": "Harbour reopens", "kicker": None},
            "content": BODY,
            "source": {"id": None, "name": "The Echo"},
            "publishedAt": {"$date": {"$numberLong": "1580553000000"}},
        }
    )
    assert (article.id, article.title, article.source) == ("5f1d", "Harbour reopens", "The Echo")
    assert article.published == datetime(2020, 2, 1, 10, 30, tzinfo=UTC)


def test_the_gold_label_is_never_the_text() -> None:
    assert refused({"story": BODY}).problem == "it has no text and no title among its fields 'story'"
    article = quietly({"story": BODY}, {"text": "story"})
    assert (article.text, article.story) == (BODY, None)


def test_fields_win_over_the_usual_names() -> None:
    record = {"text": "teaser", "Story_Body": BODY, "title": "Harbour reopens", "kicker": "Port"}
    article = quietly(record, {"text": "story_body", "title": "kicker"})
    assert (article.text, article.title) == (BODY, "Port")


def test_a_name_in_fields_is_first_taken_exactly() -> None:
    assert quietly({"Main_Body": "other", "mainbody": BODY}, {"text": "mainbody"}).text == BODY


def test_a_name_in_fields_that_is_not_there_is_not_replaced_by_a_guess() -> None:
    notice = refused({"text": BODY}, {"text": "bodyy"})
    assert "'text'" in notice.problem
    assert "--field text=NAME" in notice.action


def test_unknown_names_of_ours_are_an_error() -> None:
    with pytest.raises(InputError, match=r"no field 'txt'.*it has: id, text, title"):
        from_record({"text": BODY}, where="", default_id="", fields={"txt": "body"})


def test_without_text_and_title_the_fields_are_named() -> None:
    notice = refused({"story_body": BODY, "when": "2020"})
    assert notice.problem == "it has no text and no title among its fields 'story_body', 'when'"
    assert notice.action == "skipped (--field text=story_body reads its longest field)"


def test_of_many_fields_some_are_named() -> None:
    assert "'f11' and 88 more" in refused({f"f{number}": 1 for number in range(100)}).problem


def test_an_empty_record_is_refused() -> None:
    assert refused({}).problem == "it has no fields at all"


@pytest.mark.parametrize("empty", ["", "  \n", None, math.nan, pd.NA, pd.NaT])
def test_an_empty_text_is_missing(empty: Any) -> None:
    assert refused({"text": empty}).problem == "its text is empty and it has no title"
    assert quietly({"text": empty, "title": "Harbour reopens"}).text == ""
    assert quietly({"text": empty, "body": BODY}).text == BODY


def test_a_title_alone_is_kept_with_a_notice() -> None:
    article, (notice,) = made({"title": "Harbour reopens", "section": "local"})
    assert (article.title, article.text) == ("Harbour reopens", "")
    assert not notice.skipped
    assert notice.problem == "it has no text among its fields 'title', 'section'"


@pytest.mark.parametrize(
    ("value", "kind"), [(12, "a number"), ({"a": 1}, "an object"), ([1, 2], "a list"), (True, "true or false")]
)
def test_a_text_that_is_none(value: Any, kind: str) -> None:
    assert refused({"text": value}).problem == f"its field 'text' is {kind}, not text, and it has no title"
    article, (notice,) = made({"text": value, "title": "Harbour reopens"})
    assert article.text == ""
    assert notice == Notice(
        "feed:1", f"its field 'text' is {kind}, not text", "kept, judged by its title alone", skipped=False
    )
    assert quietly({"text": value, "body": BODY}).text == BODY


def test_paragraphs_are_joined() -> None:
    assert quietly({"text": ["One.", "Two."]}).text == "One.\nTwo."
    assert quietly({"text": np.array(["One.", "Two."])}).text == "One.\nTwo."


def test_the_text_is_kept_as_it_is_and_names_lose_their_white_space() -> None:
    article = quietly({"text": f"  {BODY}\r\n\t", "title": " Harbour reopens\n", "source": " The Echo "})
    assert (article.text, article.title, article.source) == (f"  {BODY}\r\n\t", "Harbour reopens", "The Echo")


@pytest.mark.parametrize(
    ("value", "id_"),
    [
        (7, "7"),
        (7.0, "7"),
        (np.int64(7), "7"),
        (np.float64(7), "7"),
        (0, "0"),
        (10**100, str(10**100)),
        (uuid.UUID(int=5), str(uuid.UUID(int=5))),
        ("", "default"),
        (None, "default"),
        (math.nan, "default"),
        (np.float64("nan"), "default"),
    ],
)
def test_ids(value: Any, id_: str) -> None:
    assert quietly({"text": BODY, "id": value}).id == id_


def test_an_id_that_is_none_is_told() -> None:
    article, (notice,) = made({"text": BODY, "id": {"a": 1}})
    assert article.id == "default"
    assert notice.problem == "its field 'id' is an object, which is no id"
    assert notice.action == "kept without an own id"


def test_a_number_too_long_to_write_is_told() -> None:
    article, (notice,) = made({"text": BODY, "id": 10**5000})
    assert article.id == "default"
    assert "a number" in notice.problem


def test_a_date_that_is_none_is_told() -> None:
    article, notices = made({"text": BODY, "date": "foo"})
    assert article.published is None
    assert notices == [Notice("feed:1", "date 'foo' is not understood", "kept without a date", skipped=False)]
    assert str(notices[0]) == "feed:1: date 'foo' is not understood; kept without a date"


def test_the_second_date_is_taken_where_the_first_is_none() -> None:
    assert quietly({"text": BODY, "published": "soon", "date": "2020-01-01"}).published == date(2020, 1, 1)


def test_an_unknown_zone_is_told() -> None:
    article, (notice,) = made({"text": BODY, "date": "24 Jan 2020 10:15 IST"})
    assert article.published == date(2020, 1, 24)
    assert notice.action == "only its day is known"


def test_a_date_counts_from_when_it_was_seen() -> None:
    record = {"text": BODY, "date": "2 hours ago", "seen": "2020-05-12T10:30:00Z"}
    assert quietly(record).published == datetime.fromisoformat("2020-05-12T08:30:00Z")
    article, (notice,) = made({"text": BODY, "date": "2 hours ago"})
    assert article.published is None
    assert "is counted from when it was seen, which is not known" in notice.problem


def test_lone_surrogates_and_null_bytes_are_replaced_and_counted() -> None:
    article, notices = made({"text": "a\ud800b\udfff c\0", "title": "x\ud83d", "id": "i\0"})
    assert (article.text, article.title, article.id) == ("a\ufffdb\ufffd c\ufffd", "x\ufffd", "i\ufffd")
    assert sorted(notice.problem for notice in notices) == [
        "its id has 1 null byte",
        "its text has 1 null byte",
        "its text has 2 lone surrogates or undecodable bytes",
        "its title has 1 lone surrogate or undecodable byte",
    ]
    assert {notice.action for notice in notices} == {"replaced by U+FFFD"}


def test_names_of_odd_types_are_no_matter() -> None:
    assert quietly({0: "x", None: "y", "text": BODY}).text == BODY  # type: ignore[dict-item] # what a data frame has


def test_a_row_of_a_data_frame() -> None:
    frame = pd.DataFrame(
        {"id": [1, 2], "text": [BODY, None], "title": [None, "T"], "date": [pd.Timestamp("2020-01-01"), pd.NaT]}
    )
    first, second = (quietly({str(name): value for name, value in row.items()}) for _, row in frame.iterrows())
    assert (first.id, first.text, first.title, first.published) == (
        "1",
        BODY,
        "",
        pd.Timestamp("2020-01-01").to_pydatetime(),
    )
    assert (second.id, second.text, second.title, second.published) == ("2", "", "T", None)


def test_find_fields_gives_the_names_in_the_order_of_trying() -> None:
    assert find_fields(["content", "Text", "x"])["text"] == ("Text", "content")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([names[0] for names in USUAL_NAMES.values()]) | st.text(), values))
def test_no_record_raises_and_nothing_is_lost_without_a_notice(record: dict[str, Any]) -> None:
    article, notices = from_record(record, where="feed:1", default_id="default")
    if article is None:
        assert [notice.skipped for notice in notices] == [True]
    else:
        assert not any(notice.skipped for notice in notices)
        article.text.encode()
        assert "\0" not in article.text + article.title + article.id
    for notice in notices:
        str(notice).encode()


def test_when_it_was_seen() -> None:
    article = quietly({"text": BODY, "date_download": "2020-01-03 10:00:00", "date_publish": "2020-01-01"})
    assert (article.published, article.seen) == (date(2020, 1, 1), datetime(2020, 1, 3, 10))  # noqa: DTZ001
    article = quietly({"text": BODY, "fetched_at": 1580553000})
    assert (article.published, article.seen) == (None, datetime(2020, 2, 1, 10, 30, tzinfo=UTC))


def test_what_was_published_long_after_it_was_seen_has_no_date() -> None:
    article, (notice,) = made({"text": BODY, "crawled": "2020-01-03", "date": "2020-01-09"})
    assert (article.published, article.seen) == (None, date(2020, 1, 3))
    assert str(notice) == "feed:1: date '2020-01-09' is in the future; dated by when it was seen"


def test_days_first_and_today() -> None:
    record = {"text": BODY, "date": "01/02/2020"}
    assert made(record)[0].published is None
    assert from_record(record, where="", default_id="a", dayfirst=True)[0].published == date(2020, 2, 1)  # type: ignore[union-attr]
    article, (notice,) = from_record(record, where="", default_id="a", dayfirst=True, today=date(2020, 1, 1))
    assert article is not None
    assert article.published is None
    assert "in the future" in notice.problem


def test_dates_that_are_none_are_counted() -> None:
    corrections = Corrections(today=date(2020, 6, 1))
    values = ["2020-05-01", "soon", "1970-01-01", "0", "2020-07-01", "1 May 2020 9:00 IST", "01/02/2020", "soon"]
    for number, value in enumerate(values):
        record = {"text": BODY, "date": value}
        article, found = read_record(
            record, where=f"feed:{number}", default_id="a", fields=None, path="", corrections=corrections
        )
        assert article is not None
        assert found == []
    undated, unzoned = corrections.notices()
    assert undated.where == "feed:1 and 5 more"
    assert undated.problem.startswith("6 dates are not as they should be: 3 not understood (date 'soon' is not")
    assert "1 in the future (date '2020-07-01' is in the future)" in undated.problem
    assert (
        "1 open to two readings (--dayfirst) (date '01/02/2020' can mean 2020-01-02 or 2020-02-01)" in undated.problem
    )
    assert undated.action == "kept without a date"
    assert str(unzoned) == "feed:5: time zone 'IST' is not understood; only its day is known"


def test_records_of_trafilatura_and_news_please() -> None:
    article = quietly(
        {
            "title": "Harbour reopens",
            "hostname": "echo.example",
            "date": "2020-01-01",
            "id": None,
            "raw_text": "other",
            "text": BODY,
            "language": "en",
            "filedate": "2020-01-03",
            "source": "https://echo.example/1",
            "source-hostname": "The Echo",
        }
    )
    assert (article.text, article.source, article.url) == (BODY, "The Echo", "https://echo.example/1")
    assert (article.published, article.seen, article.lang) == (date(2020, 1, 1), date(2020, 1, 3), "en")
    article = quietly(
        {
            "maintext": BODY,
            "source_domain": "echo.example",
            "date_download": "2020-01-03 10:00:00",
            "date_publish": "2020-01-01 08:00:00",
            "title_rss": None,
            "url": "https://echo.example/1",
        }
    )
    assert (article.text, article.source, article.url) == (BODY, "echo.example", "https://echo.example/1")


def test_entities_in_outlets_authors_and_sections_are_decoded() -> None:
    record = {
        "text": "x",
        "source": "Hill &amp; Sons",
        "author": "J&eacute;r&ocirc;me &#8217;",
        "section": "Arts &amp; Life",
    }
    article, _ = from_record(record, where="a", default_id="a")
    assert article is not None
    assert (article.source, article.author, article.section) == ("Hill & Sons", "Jérôme ’", "Arts & Life")
    article, _ = from_record({"text": "x", "source": "R&D", "author": "AT&T;"}, where="a", default_id="a")
    assert article is not None
    assert (article.source, article.author) == ("R&D", "AT&T;")
