"""Files with the structure of real exports, dumps and answers of APIs, in words of our own.

Each of `LAYOUTS` is the name of a file, a function from the articles to its content, and the fields that it does not
have. Everything else in `ARTICLES` must be read from it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = Mapping[str, str]

ARTICLES: tuple[Row, ...] = (
    {
        "id": "a-1",
        "title": "Ferry catches fire off Harwick, forty taken off",
        "text": "A passenger ferry caught fire on Monday off the port of Harwick. Forty people were taken off by"
        " lifeboats, the coastguard said, and nobody was hurt. The vessel is being towed to a dock.",
        "summary": "A ferry burned off Harwick and forty people were taken off.",
        "published": "2025-04-07T10:30:00Z",
        "source": "The Harwick Echo",
        "lang": "en",
        "url": "https://echo.example/ferry",
        "author": "Mara Lund",
        "section": "Region",
    },
    {
        "id": "b-2",
        "title": "Council of Brindlemoor votes to close its library",
        "text": "Councillors in Brindlemoor voted by nine to four to close the town library in June. A petition against"
        " it has six thousand names, and the reading groups will look for other rooms.",
        "summary": "The library of Brindlemoor closes in June.",
        "published": "2025-04-08T18:05:00Z",
        "source": "Moor Gazette",
        "lang": "en",
        "url": "https://gazette.example/library",
        "author": "Jon Peel",
        "section": "Culture",
    },
    {
        "id": "c-3",
        "title": "Bridge over the Tarn opens two years late",
        "text": "The new bridge over the Tarn was opened on Wednesday, two years later than planned. It cost a third"
        " more than was estimated, and lorries will have to take the old road until autumn.",
        "summary": "The Tarn has its new bridge at last.",
        "published": "2025-04-09T07:45:00Z",
        "source": "Tarn Courier",
        "lang": "en",
        "url": "https://courier.example/bridge",
        "author": "Ida Moss",
        "section": "Traffic",
    },
)


@dataclass(frozen=True)
class Layout:
    """A layout.

    Attributes:
        file: the name of the file.
        content: returns its content.
        without: the fields that it does not have.
        values: field -> how the layout gives it, if not as in `ARTICLES`.
        options: what `--field` needs.
    """

    file: str
    content: Callable[[Sequence[Row]], str]
    without: frozenset[str] = frozenset()
    values: Mapping[str, Callable[[Row], Any]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


def _when(row: Row) -> datetime:
    return datetime.fromisoformat(row["published"])


def _epoch(row: Row) -> int:
    return int(_when(row).timestamp())


def _day(row: Row) -> str:
    return row["published"][:10]


def _html(row: Row) -> str:
    return f"<p>{row['text']}</p>"


def _rfc(row: Row) -> str:
    return _when(row).strftime("%a, %d %b %Y %H:%M:%S GMT")


def _newsapi(rows: Sequence[Row]) -> Any:
    articles = [
        {
            "source": {"id": None, "name": row["source"]},
            "author": row["author"],
            "title": row["title"],
            "description": row["summary"],
            "url": row["url"],
            "urlToImage": row["url"] + ".jpg",
            "publishedAt": row["published"],
            "content": row["text"],
        }
        for row in rows
    ]
    return {"status": "ok", "totalResults": len(rows), "articles": articles}


def _newsapi_cut(rows: Sequence[Row]) -> Any:
    answer = _newsapi(rows)
    for article, row in zip(answer["articles"], rows, strict=True):
        article["content"] = row["text"][:40] + "… [+2101 chars]"
        article["full_content"] = row["text"]
    return answer


def _newsapi_null(rows: Sequence[Row]) -> Any:
    answer = _newsapi(rows)
    for article, row in zip(answer["articles"], rows, strict=True):
        article |= {"content": None, "description": row["text"]}
    return answer


def _gnews(rows: Sequence[Row]) -> Any:
    articles = [
        {
            "id": row["id"],
            "title": row["title"],
            "description": row["summary"],
            "content": row["text"],
            "url": row["url"],
            "image": row["url"] + ".jpg",
            "publishedAt": row["published"],
            "lang": "en",
            "source": {"id": "s" + row["id"], "name": row["source"], "url": "https://outlet.example", "country": "gb"},
        }
        for row in rows
    ]
    return {"information": {"realTimeArticles": {"message": "…"}}, "totalArticles": len(rows), "articles": articles}


def _mediastack(rows: Sequence[Row]) -> Any:
    data = [
        {
            "author": row["author"],
            "title": row["title"],
            "description": row["text"],
            "url": row["url"],
            "source": row["source"],
            "image": None,
            "category": row["section"],
            "language": "en",
            "country": "gb",
            "published_at": row["published"].replace("Z", "+00:00"),
        }
        for row in rows
    ]
    return {"pagination": {"limit": 25, "offset": 0, "count": len(rows), "total": 293}, "data": data}


def _event_registry(rows: Sequence[Row]) -> Any:
    results = [
        {
            "uri": row["id"],
            "lang": "eng",
            "isDuplicate": False,
            "date": _day(row),
            "time": row["published"][11:19],
            "dateTime": row["published"],
            "dateTimePub": row["published"],
            "dataType": "news",
            "sim": 0,
            "url": row["url"],
            "title": row["title"],
            "body": row["text"],
            "source": {"uri": "outlet.example", "dataType": "news", "title": row["source"]},
            "authors": [{"uri": "x@outlet.example", "name": row["author"], "type": "author", "isAgency": False}],
            "image": row["url"] + ".jpg",
            "eventUri": "eng-1",
            "sentiment": -0.2,
            "wgt": 1,
        }
        for row in rows
    ]
    return {"articles": {"page": 1, "pages": 1, "totalResults": len(rows), "results": results}}


def _gdelt(rows: Sequence[Row]) -> Any:
    articles = [
        {
            "url": row["url"],
            "url_mobile": "",
            "title": row["title"],
            "seendate": row["published"].replace("-", "").replace(":", ""),
            "socialimage": "",
            "domain": row["source"],
            "language": "English",
            "sourcecountry": "United Kingdom",
        }
        for row in rows
    ]
    return {"articles": articles}


def _guardian(rows: Sequence[Row]) -> Any:
    results = [
        {
            "id": row["id"],
            "type": "article",
            "sectionId": row["section"].lower(),
            "sectionName": row["section"],
            "webPublicationDate": row["published"],
            "webTitle": row["title"],
            "webUrl": row["url"],
            "apiUrl": "https://api.example/" + row["id"],
            "fields": {
                "headline": row["title"],
                "trailText": row["summary"],
                "byline": row["author"],
                "body": _html(row),
                "wordcount": "31",
                "bodyText": row["text"],
                "publication": row["source"],
                "lang": "en",
            },
            "isHosted": False,
            "pillarId": "pillar/news",
            "pillarName": "News",
        }
        for row in rows
    ]
    return {"response": {"status": "ok", "userTier": "developer", "total": 3, "currentPage": 1, "results": results}}


def _nyt(rows: Sequence[Row]) -> Any:
    docs = [
        {
            "abstract": row["text"],
            "web_url": row["url"],
            "snippet": row["summary"],
            "lead_paragraph": row["text"],
            "source": row["source"],
            "multimedia": [{"rank": 0, "subtype": "xlarge", "caption": None, "url": "images/a.jpg"}],
            "headline": {"main": row["title"], "kicker": None, "print_headline": "Ferry", "name": None},
            "keywords": [{"name": "subject", "value": "Ferries", "rank": 1}],
            "pub_date": row["published"].replace("Z", "+0000"),
            "document_type": "article",
            "news_desk": row["section"],
            "section_name": row["section"],
            "byline": {"original": row["author"], "person": [{"firstname": "M"}], "organization": None},
            "type_of_material": "News",
            "_id": row["id"],
            "word_count": 31,
            "uri": "nyt://article/" + row["id"],
        }
        for row in rows
    ]
    return {"status": "OK", "copyright": "(c)", "response": {"docs": docs, "meta": {"hits": 3, "offset": 0}}}


def _aylien(rows: Sequence[Row]) -> Any:
    stories = [
        {
            "author": {"id": 5, "name": row["author"]},
            "body": row["text"],
            "categories": [{"id": "01000000", "taxonomy": "iptc-subjectcode", "label": row["section"]}],
            "characters_count": 200,
            "id": row["id"],
            "keywords": ["ferry"],
            "language": "en",
            "links": {"permalink": row["url"], "canonical": None, "related_stories": "/related", "coverages": None},
            "media": [{"format": "JPEG", "type": "image", "url": row["url"] + ".jpg"}],
            "published_at": row["published"],
            "sentiment": {"body": {"polarity": "neutral", "score": 0.5}, "title": {"polarity": "neutral"}},
            "source": {
                "id": 7,
                "domain": "outlet.example",
                "home_page_url": "https://o.example",
                "name": row["source"],
            },
            "summary": {"sentences": [row["summary"]]},
            "title": row["title"],
        }
        for row in rows
    ]
    return {"stories": stories, "next_page_cursor": "x", "published_at.end": "NOW"}


def _webz(rows: Sequence[Row]) -> Any:
    posts = [
        {
            "thread": {
                "uuid": row["id"],
                "url": row["url"],
                "site_full": "www.outlet.example",
                "site": row["source"],
                "site_section": "https://outlet.example",
                "site_categories": ["media", "news"],
                "section_title": row["section"],
                "title": row["title"],
                "title_full": row["title"],
                "published": row["published"],
                "country": "GB",
                "main_image": row["url"] + ".jpg",
                "social": {"updated": row["published"], "facebook": {"likes": 1, "comments": 0}},
            },
            "uuid": row["id"],
            "url": row["url"],
            "ord_in_thread": 0,
            "parent_url": None,
            "author": row["author"],
            "published": row["published"],
            "title": row["title"],
            "text": row["text"],
            "highlightText": "",
            "language": "en",
            "external_links": [],
            "entities": {"persons": [], "organizations": [{"name": "Coastguard", "sentiment": "none"}]},
            "crawled": "2025-04-10T09:00:00.000+03:00",
        }
        for row in rows
    ]
    return {"posts": posts, "totalResults": 3, "moreResultsAvailable": 0, "next": "/filter?x", "requestsLeft": 9}


def _bing(rows: Sequence[Row]) -> Any:
    value = [
        {
            "name": row["title"],
            "url": row["url"],
            "image": {"thumbnail": {"contentUrl": "https://b.example/th", "width": 700, "height": 466}},
            "description": row["text"],
            "about": [{"readLink": "https://api.example/1", "name": "Harwick"}],
            "provider": [{"_type": "Organization", "name": row["source"], "image": {"thumbnail": {"contentUrl": "x"}}}],
            "datePublished": row["published"].replace("Z", ".0000000Z"),
            "category": row["section"],
        }
        for row in rows
    ]
    sort = [{"name": "Best match", "id": "relevance", "isSelected": True, "url": "https://api.example/s"}]
    return {"_type": "News", "readLink": "https://api.example", "queryContext": {"originalQuery": "x"}, "sort": sort,
            "totalEstimatedMatches": 3, "value": value}  # fmt: skip


def _wordpress(rows: Sequence[Row]) -> Any:
    return [
        {
            "id": row["id"],
            "date": row["published"].replace("Z", "").replace("T0", "T1"),
            "date_gmt": row["published"].replace("Z", ""),
            "guid": {"rendered": "https://blog.example/?p=" + row["id"]},
            "modified": "2025-04-10T10:00:00",
            "slug": "ferry",
            "status": "publish",
            "type": "post",
            "link": row["url"],
            "title": {"rendered": row["title"]},
            "content": {"rendered": _html(row) + "\n", "protected": False},
            "excerpt": {"rendered": f"<p>{row['summary']} [&hellip;]</p>\n", "protected": False},
            "author": 3,
            "categories": [5, 12],
            "_links": {"self": [{"href": "https://blog.example/wp-json/wp/v2/posts/1"}]},
        }
        for row in rows
    ]


def _json_feed(rows: Sequence[Row]) -> Any:
    items = [
        {
            "id": row["id"],
            "url": row["url"],
            "title": row["title"],
            "content_html": _html(row),
            "summary": row["summary"],
            "date_published": row["published"],
            "authors": [{"name": row["author"], "url": "https://echo.example/who"}],
            "tags": ["ferry"],
        }
        for row in rows
    ]
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "The Harwick Echo",
        "description": "All that is new in Harwick, every day of the year.",
        "home_page_url": "https://echo.example/",
        "feed_url": "https://echo.example/feed.json",
        "language": "en",
        "items": items,
    }


def _ninjs(rows: Sequence[Row]) -> Any:
    return [
        {
            "uri": row["id"],
            "type": "text",
            "mimetype": "text/html",
            "versioncreated": row["published"],
            "pubstatus": "usable",
            "urgency": 3,
            "language": "en",
            "headline": row["title"],
            "byline": row["author"],
            "subject": [{"code": "04000000", "name": "economy", "scheme": "iptc"}],
            "description_text": row["summary"],
            "body_html": _html(row),
            "source": row["source"],
        }
        for row in rows
    ]


def _feedparser(rows: Sequence[Row]) -> Any:
    entries = [
        {
            "id": row["id"],
            "guidislink": False,
            "title": row["title"],
            "title_detail": {"type": "text/plain", "language": None, "base": "", "value": row["title"]},
            "summary": f"<p>{row['summary']}</p>",
            "content": [
                {"type": "text/html", "language": None, "base": "", "value": _html(row)},
                {"type": "text/plain", "language": None, "base": "", "value": row["text"]},
            ],
            "links": [{"rel": "alternate", "type": "text/html", "href": row["url"]}],
            "link": row["url"],
            "author": row["author"],
            "authors": [{"name": row["author"]}],
            "tags": [{"term": "ferry", "scheme": None, "label": None}],
            "published": _rfc(row),
            "published_parsed": [2025, 4, 7, 10, 30, 0, 0, 97, 0],
        }
        for row in rows
    ]
    feed = {"title": "The Harwick Echo", "link": "https://echo.example", "subtitle": "New every day", "language": "en"}
    return {"bozo": False, "entries": entries, "feed": feed, "headers": {}, "encoding": "utf-8", "version": "rss20"}


def _freshrss(rows: Sequence[Row]) -> Any:
    items = [
        {
            "frss:id": "1744000000000001",
            "id": row["id"],
            "crawlTimeMsec": str(_epoch(row) * 1000 + 60_000),
            "timestampUsec": str(_epoch(row) * 1_000_000),
            "published": _epoch(row),
            "title": row["title"],
            "canonical": [{"href": row["url"]}],
            "alternate": [{"href": row["url"], "type": "text/html"}],
            "categories": ["user/-/state/com.google/reading-list", "user/-/label/Region"],
            "origin": {"streamId": "feed/3", "htmlUrl": "https://echo.example", "title": row["source"]},
            "summary": {"content": _html(row)},
            "author": row["author"],
        }
        for row in rows
    ]
    return {"id": "user/-/state/com.google/reading-list", "updated": 1744300000, "items": items}


def _feedly(rows: Sequence[Row]) -> Any:
    items = [
        {
            "id": row["id"],
            "originId": row["url"],
            "fingerprint": "3b2a",
            "content": {"content": _html(row), "direction": "ltr"},
            "title": row["title"],
            "published": _epoch(row) * 1000,
            "crawled": _epoch(row) * 1000 + 5000,
            "origin": {"streamId": "feed/x", "title": row["source"], "htmlUrl": "https://echo.example"},
            "canonicalUrl": row["url"],
            "author": row["author"],
            "summary": {"content": row["summary"], "direction": "ltr"},
            "language": "en",
            "unread": True,
        }
        for row in rows
    ]
    return {"id": "user/1/category/global.all", "continuation": "x", "items": items}


def _elastic(rows: Sequence[Row]) -> Any:
    hits = [
        {
            "_index": "news-2025",
            "_id": row["id"],
            "_score": 1.2,
            "_source": {
                "title": row["title"],
                "body": row["text"],
                "published": row["published"],
                "outlet": {"name": row["source"], "country": "gb"},
                "language": "en",
                "url": row["url"],
                "author": row["author"],
                "section": row["section"],
            },
        }
        for row in rows
    ]
    return {"took": 3, "timed_out": False, "_shards": {"total": 1}, "hits": {"total": {"value": 3}, "hits": hits}}


def _elastic_dump(rows: Sequence[Row]) -> str:
    return _lines(_elastic(rows)["hits"]["hits"])


def _scrapy(rows: Sequence[Row]) -> Any:
    return [
        {
            "url": row["url"],
            "id": row["id"],
            "headline": [row["title"]],
            "body": [sentence + "." for sentence in row["text"].rstrip(".").split(". ")],
            "date": [row["published"]],
            "author": [row["author"]],
            "source": [row["source"]],
            "lang": ["en"],
            "section": [row["section"]],
        }
        for row in rows
    ]


def _plain(rows: Sequence[Row], *, named: bool = False) -> list[dict[str, str]]:
    names = {"title": "title", "text": "content", "published": "published_at", "source": "source_name"}
    names |= {"lang": "language", "url": "url", "author": "author", "section": "category"}
    if named:
        names |= {"id": "id"}
    return [{theirs: row[ours] for ours, theirs in names.items()} for row in rows]


def _pandas_columns(rows: Sequence[Row]) -> Any:
    plain = _plain(rows, named=True)
    return {name: {str(place): row[name] for place, row in enumerate(plain)} for name in plain[0]}


def _pandas_index(rows: Sequence[Row]) -> Any:
    return {row["id"]: plain for row, plain in zip(rows, _plain(rows), strict=True)}


def _pandas_split(rows: Sequence[Row]) -> Any:
    plain = _plain(rows, named=True)
    return {"columns": [*plain[0]], "index": [0, 1, 2], "data": [[*row.values()] for row in plain]}


def _pandas_table(rows: Sequence[Row]) -> Any:
    plain = _plain(rows, named=True)
    columns = [{"name": "index", "type": "integer"}, *({"name": name, "type": "string"} for name in plain[0])]
    schema = {"fields": columns, "primaryKey": ["index"], "pandas_version": "1.4.0"}
    return {"schema": schema, "data": [{"index": place, **row} for place, row in enumerate(plain)]}


def _to_dict_list(rows: Sequence[Row]) -> Any:
    plain = _plain(rows, named=True)
    return {name: [row[name] for row in plain] for name in plain[0]}


def _by_url(rows: Sequence[Row]) -> Any:
    return {row["url"]: {**plain, "url": None, "id": row["id"]} for row, plain in zip(rows, _plain(rows), strict=True)}


def _by_day(rows: Sequence[Row]) -> Any:
    return {
        _day(row): [{name: value for name, value in plain.items() if name != "published_at"}]
        for row, plain in zip(rows, _plain(rows, named=True), strict=True)
    }


def _by_section(rows: Sequence[Row]) -> Any:
    return {
        row["section"]: [{name: value for name, value in plain.items() if name != "category"}]
        for row, plain in zip(rows, _plain(rows, named=True), strict=True)
    }


def _newsdata(rows: Sequence[Row]) -> Any:
    results = [
        {
            "article_id": row["id"],
            "title": row["title"],
            "link": row["url"],
            "keywords": None,
            "creator": [row["author"]],
            "video_url": None,
            "description": row["text"],
            "content": "ONLY AVAILABLE IN PAID PLANS",
            "pubDate": row["published"].replace("T", " ").replace("Z", ""),
            "pubDateTZ": "UTC",
            "source_id": "echo",
            "source_name": row["source"],
            "source_url": "https://outlet.example",
            "language": "en",
            "country": ["united kingdom"],
            "category": [row["section"]],
            "ai_tag": "ONLY AVAILABLE IN PROFESSIONAL AND CORPORATE PLANS",
            "duplicate": False,
        }
        for row in rows
    ]
    return {"status": "success", "totalResults": 3, "results": results, "nextPage": "174"}


def _newscatcher(rows: Sequence[Row]) -> Any:
    articles = [
        {
            "title": row["title"],
            "author": row["author"],
            "published_date": row["published"].replace("T", " ").replace("Z", ""),
            "published_date_precision": "full",
            "link": row["url"],
            "domain_url": "outlet.example",
            "name_source": row["source"],
            "is_headline": False,
            "description": row["summary"],
            "content": row["text"],
            "country": "GB",
            "rights": "outlet.example",
            "rank": 5,
            "media": row["url"] + ".jpg",
            "language": "en",
            "id": row["id"],
            "score": 8.1,
        }
        for row in rows
    ]
    return {
        "status": "ok",
        "total_hits": 3,
        "page": 1,
        "articles": articles,
        "user_input": {"q": "ferry", "lang": ["en"]},
    }


def _the_news_api(rows: Sequence[Row]) -> Any:
    data = [
        {
            "uuid": row["id"],
            "title": row["title"],
            "description": row["text"],
            "keywords": "",
            "snippet": row["text"][:30] + "...",
            "url": row["url"],
            "image_url": row["url"] + ".jpg",
            "language": "en",
            "published_at": row["published"].replace("Z", ".000000Z"),
            "source": row["source"],
            "categories": [row["section"]],
            "relevance_score": None,
        }
        for row in rows
    ]
    return {"meta": {"found": 3, "returned": 3, "limit": 3, "page": 1}, "data": data}


def _currents(rows: Sequence[Row]) -> Any:
    news = [
        {
            "id": row["id"],
            "title": row["title"],
            "description": row["text"],
            "url": row["url"],
            "author": row["author"],
            "image": "None",
            "language": "en",
            "category": [row["section"]],
            "published": row["published"].replace("T", " ").replace("Z", " +0000"),
        }
        for row in rows
    ]
    return {"status": "ok", "news": news, "page": 1}


def _media_cloud(rows: Sequence[Row]) -> Any:
    stories = [
        {
            "id": row["id"],
            "title": row["title"],
            "media_name": row["source"],
            "media_url": "outlet.example",
            "url": row["url"],
            "publish_date": row["published"],
            "indexed_date": "2025-04-10T08:00:00Z",
            "language": "en",
            "text": row["text"],
        }
        for row in rows
    ]
    return {"stories": stories, "pagination_token": None}


def _json_api(rows: Sequence[Row]) -> Any:
    data = [
        {
            "type": "node--article",
            "id": row["id"],
            "links": {"self": {"href": row["url"]}},
            "attributes": {
                "status": True,
                "title": row["title"],
                "created": row["published"],
                "langcode": "en",
                "body": {"value": _html(row), "format": "html", "processed": _html(row), "summary": row["summary"]},
                "publisher": row["source"],
            },
            "relationships": {"uid": {"data": {"type": "user--user", "id": "u1"}}},
        }
        for row in rows
    ]
    return {"jsonapi": {"version": "1.0"}, "data": data, "links": {"self": {"href": "https://cms.example"}}}


def _graphql(rows: Sequence[Row]) -> Any:
    edges = [
        {
            "cursor": "x",
            "node": {
                "id": row["id"],
                "headline": row["title"],
                "body": row["text"],
                "publishedAt": row["published"],
                "outlet": {"name": row["source"]},
                "language": {"code": "en", "name": "English"},
                "url": row["url"],
                "authors": [{"name": row["author"]}],
                "section": {"title": row["section"]},
            },
        }
        for row in rows
    ]
    return {"data": {"articles": {"totalCount": 3, "edges": edges, "pageInfo": {"hasNextPage": False}}}}


def _strapi(rows: Sequence[Row]) -> Any:
    data = [
        {
            "id": row["id"],
            "attributes": {
                "title": row["title"],
                "content": [{"type": "paragraph", "children": [{"type": "text", "text": row["text"]}]}],
                "publishedAt": row["published"],
                "locale": "en",
                "source": row["source"],
                "url": row["url"],
            },
        }
        for row in rows
    ]
    return {"data": data, "meta": {"pagination": {"page": 1, "pageSize": 25, "pageCount": 1, "total": 3}}}


def _contentful(rows: Sequence[Row]) -> Any:
    def document(text: str) -> Any:
        node = {"nodeType": "text", "value": text, "marks": [], "data": {}}
        return {
            "nodeType": "document",
            "data": {},
            "content": [{"nodeType": "paragraph", "content": [node], "data": {}}],
        }

    items = [
        {
            "metadata": {"tags": []},
            "sys": {"id": row["id"], "type": "Entry", "createdAt": row["published"], "locale": "en"},
            "fields": {
                "title": row["title"],
                "body": document(row["text"]),
                "publisher": row["source"],
                "url": row["url"],
            },
        }
        for row in rows
    ]
    return {"sys": {"type": "Array"}, "total": 3, "skip": 0, "limit": 100, "items": items}


def _sanity(rows: Sequence[Row]) -> Any:
    result = [
        {
            "_id": row["id"],
            "_type": "article",
            "_createdAt": "2025-04-01T00:00:00Z",
            "publishedAt": row["published"],
            "title": row["title"],
            "body": [
                {"_type": "block", "style": "normal", "children": [{"_type": "span", "marks": [], "text": row["text"]}]}
            ],
            "publisher": {"name": row["source"]},
            "language": "en",
        }
        for row in rows
    ]
    return {"ms": 12, "query": "*[_type == 'article']", "result": result}


def _json_ld(rows: Sequence[Row]) -> Any:
    graph = [
        {
            "@type": "NewsArticle",
            "@id": row["id"],
            "headline": row["title"],
            "articleBody": row["text"],
            "description": row["summary"],
            "datePublished": row["published"],
            "dateModified": "2025-04-10T10:00:00Z",
            "inLanguage": "en",
            "author": [{"@type": "Person", "name": row["author"]}],
            "publisher": {
                "@type": "NewsMediaOrganization",
                "name": row["source"],
                "logo": {"url": "https://l.example"},
            },
            "mainEntityOfPage": {"@type": "WebPage", "@id": row["url"]},
            "articleSection": row["section"],
        }
        for row in rows
    ]
    return {"@context": "https://schema.org", "@graph": graph}


def _xml_to_json(rows: Sequence[Row]) -> Any:
    items = [
        {
            "title": row["title"],
            "link": row["url"],
            "guid": {"@isPermaLink": "false", "#text": row["id"]},
            "pubDate": _rfc(row),
            "dc:creator": row["author"],
            "category": row["section"],
            "description": row["summary"],
            "content:encoded": _html(row),
        }
        for row in rows
    ]
    channel = {"title": "The Harwick Echo", "link": "https://echo.example", "description": "News", "language": "en",
               "lastBuildDate": "Thu, 10 Apr 2025 10:00:00 GMT", "item": items}  # fmt: skip
    return {"rss": {"@version": "2.0", "channel": channel}}


def _rss2json(rows: Sequence[Row]) -> Any:
    items = [
        {
            "title": row["title"],
            "pubDate": row["published"].replace("T", " ").replace("Z", ""),
            "link": row["url"],
            "guid": row["id"],
            "author": row["author"],
            "thumbnail": "",
            "description": row["summary"],
            "content": _html(row),
            "enclosure": {},
            "categories": [row["section"]],
        }
        for row in rows
    ]
    feed = {"url": "https://echo.example/rss", "title": "The Harwick Echo", "link": "https://echo.example",
            "author": "", "description": "News", "image": ""}  # fmt: skip
    return {"status": "ok", "feed": feed, "items": items}


def _miniflux(rows: Sequence[Row]) -> Any:
    entries = [
        {
            "id": row["id"],
            "user_id": 1,
            "feed_id": 42,
            "status": "unread",
            "hash": "5f1d",
            "title": row["title"],
            "url": row["url"],
            "comments_url": "",
            "published_at": row["published"],
            "created_at": "2025-04-10T10:00:00Z",
            "content": _html(row),
            "author": row["author"],
            "starred": False,
            "feed": {
                "id": 42,
                "title": row["source"],
                "site_url": "https://echo.example",
                "feed_url": "https://echo.example/rss",
                "category": {"id": 2, "title": "News"},
            },
        }
        for row in rows
    ]
    return {"total": 3, "entries": entries}


def _solr(rows: Sequence[Row]) -> Any:
    docs = [
        {
            "id": row["id"],
            "title": [row["title"]],
            "content": [row["text"]],
            "date": [row["published"]],
            "source": [row["source"]],
            "language": ["en"],
            "url": [row["url"]],
            "_version_": 1_829_000_000_000_000_000,
        }
        for row in rows
    ]
    return {
        "responseHeader": {"status": 0, "QTime": 2, "params": {"q": "*:*"}},
        "response": {"numFound": 3, "docs": docs},
    }


def _mongo(rows: Sequence[Row]) -> str:
    return _lines(
        {
            "_id": {"$oid": row["id"]},
            "title": row["title"],
            "text": row["text"],
            "published": {"$date": {"$numberLong": str(_epoch(row) * 1000)}},
            "source": {"name": row["source"]},
            "lang": "en",
            "url": row["url"],
            "authors": [row["author"]],
            "__v": 0,
        }
        for row in rows
    )


def _news_please(rows: Sequence[Row]) -> str:
    return _lines(
        {
            "authors": [row["author"]],
            "date_download": "2025-04-10 10:00:00",
            "date_modify": None,
            "date_publish": row["published"].replace("T", " ").replace("Z", ""),
            "description": row["summary"],
            "filename": "x.html",
            "image_url": row["url"] + ".jpg",
            "language": "en",
            "localpath": None,
            "source_domain": row["source"],
            "maintext": row["text"],
            "title": row["title"],
            "title_page": None,
            "title_rss": None,
            "url": row["url"],
            "id": row["id"],
        }
        for row in rows
    )


def _answers_in_lines(rows: Sequence[Row]) -> str:
    return _lines(
        {"status": "ok", "page": place, "articles": [row]} for place, row in enumerate(_plain(rows, named=True))
    )


def _langchain(rows: Sequence[Row]) -> str:
    return _lines(
        {
            "id": row["id"],
            "type": "Document",
            "page_content": row["text"],
            "metadata": {
                "title": row["title"],
                "source": row["source"],
                "publish_date": row["published"],
                "language": "en",
                "url": row["url"],
            },
        }
        for row in rows
    )


def _reddit(rows: Sequence[Row]) -> Any:
    children = [
        {
            "kind": "t3",
            "data": {
                "id": row["id"],
                "subreddit": row["section"],
                "title": row["title"],
                "selftext": row["text"],
                "author": row["author"],
                "created_utc": float(_epoch(row)),
                "url": row["url"],
                "domain": row["source"],
                "num_comments": 4,
                "lang": "en",
            },
        }
        for row in rows
    ]
    return {"kind": "Listing", "data": {"after": "t3_x", "dist": 3, "children": children}}


def _rows_with_header(rows: Sequence[Row]) -> Any:
    plain = _plain(rows, named=True)
    return {
        "range": "Sheet1!A1:I4",
        "majorDimension": "ROWS",
        "values": [[*plain[0]], *([*row.values()] for row in plain)],
    }


def _normalized(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    names = [
        "id",
        "title",
        "content.rendered",
        "publishedAt",
        "source.id",
        "source.name",
        "fields.lang",
        "url",
        "author.name",
    ]
    table = csv.writer(out)
    table.writerow(names)
    for row in rows:
        cells = [row[name] for name in ("id", "title", "text", "published")]
        table.writerow([*cells, "7", row["source"], "en", row["url"], row["author"]])
    return out.getvalue()


_GERMAN = {
    "id": "Kennung",
    "title": "Überschrift",
    "text": "Artikeltext",
    "published": "Veröffentlicht am",
    "source": "Zeitung",
    "lang": "Sprache",
    "url": "Adresse",
    "author": "Verfasser",
    "section": "Ressort",
}
_SPANISH = {
    "id": "identificador",
    "title": "título",
    "text": "contenido",
    "published": "fecha_publicación",
    "source": "medio",
    "lang": "idioma",
    "url": "enlace",
    "author": "autor",
    "section": "sección",
}
_RUSSIAN = {
    "id": "идентификатор",
    "title": "Заголовок",
    "text": "Текст",
    "published": "Дата публикации",
    "source": "Источник",
    "lang": "Язык",
    "url": "Ссылка",
    "author": "Автор",
    "section": "Рубрика",
}
_CHINESE = {
    "id": "编号",
    "title": "标题",
    "text": "正文",
    "published": "发布时间",
    "source": "来源",
    "lang": "语言",
    "url": "链接",
    "author": "作者",
    "section": "栏目",
}


def _renamed(names: Mapping[str, str]) -> Callable[[Sequence[Row]], str]:
    return lambda rows: _lines({theirs: row[ours] for ours, theirs in names.items()} for row in rows)


def _lines(records: Any) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _odd(rows: Sequence[Row]) -> Any:
    return [
        {"nr": row["id"], "payload_x": {"kop_x": row["title"]}, "tekstblok_x": row["text"], "stamp_x": row["published"]}
        for row in rows
    ]


def _json(make: Callable[[Sequence[Row]], Any]) -> Callable[[Sequence[Row]], str]:
    return lambda rows: json.dumps(make(rows), ensure_ascii=False, indent=1)


def _layout(make: Callable[[Sequence[Row]], Any], *without: str, **values: Callable[[Row], Any]) -> Layout:
    return Layout("a.json", _json(make), frozenset(without), values)


def _of_lines(make: Callable[[Sequence[Row]], str], *without: str, **values: Callable[[Row], Any]) -> Layout:
    return Layout("a.jsonl", make, frozenset(without), values)


def _naive(row: Row) -> datetime:
    return _when(row).replace(tzinfo=None)


def _one_outlet(_: Row) -> str:
    return "The Harwick Echo"


LAYOUTS: Mapping[str, Layout] = {
    "NewsAPI": _layout(_newsapi, "id", "lang", "section"),
    "NewsAPI, cut content beside a full one": _layout(_newsapi_cut, "id", "lang", "section"),
    "NewsAPI, null content": _layout(_newsapi_null, "id", "lang", "section"),
    "GNews": _layout(_gnews, "author", "section"),
    "Mediastack": _layout(_mediastack, "id"),
    "Event Registry": _layout(_event_registry, "section", lang=lambda _: "eng"),
    "GDELT DOC": _layout(_gdelt, "id", "text", "published", "author", "section", lang=lambda _: "English"),
    "Guardian": _layout(_guardian),
    "NYT article search": _layout(_nyt, "lang"),
    "Aylien": _layout(_aylien),
    "webz.io": _layout(_webz),
    "Bing News": _layout(_bing, "id", "lang", "author"),
    "WordPress REST": _layout(_wordpress, "source", "lang", "section", published=_naive, author=lambda _: "3"),
    "JSON Feed": _layout(_json_feed, "section", source=_one_outlet),
    "ninjs": _layout(_ninjs, "url", "section"),
    "feedparser": _layout(_feedparser, "section", source=_one_outlet),
    "FreshRSS": _layout(_freshrss, "lang", "section"),
    "Feedly": _layout(_feedly, "section"),
    "Elasticsearch hits": _layout(_elastic),
    "elasticdump": _of_lines(_elastic_dump),
    "Scrapy": _layout(_scrapy, text=lambda row: row["text"].replace(". ", ".\n")),
    "pandas records": _layout(lambda rows: _plain(rows, named=True)),
    "pandas columns": _layout(_pandas_columns),
    "pandas index": _layout(_pandas_index),
    "pandas split": _layout(_pandas_split),
    "pandas table": _layout(_pandas_table),
    "columns as lists": _layout(_to_dict_list),
    "by URL": _layout(_by_url),
    "by day": _layout(_by_day, published=lambda row: _when(row).date()),
    "by section": _layout(_by_section),
    "NewsData.io": _layout(_newsdata, published=_naive),
    "NewsCatcher": _layout(_newscatcher, "section", published=_naive),
    "TheNewsAPI": _layout(_the_news_api, "author"),
    "Currents": _layout(_currents, "source"),
    "Media Cloud": _layout(_media_cloud, "author", "section"),
    "JSON:API of Drupal": _layout(_json_api, "author", "section"),
    "GraphQL connection": _layout(_graphql),
    "Strapi": _layout(_strapi, "author", "section"),
    "Contentful": _layout(_contentful, "author", "section"),
    "Sanity": _layout(_sanity, "url", "author", "section"),
    "JSON-LD graph": _layout(_json_ld),
    "RSS as JSON": _layout(_xml_to_json, source=_one_outlet),
    "rss2json": _layout(_rss2json, "lang", source=_one_outlet, published=_naive),
    "Miniflux": _layout(_miniflux, "lang", "section"),
    "Solr": _layout(_solr, "author", "section"),
    "mongoexport": _of_lines(_mongo, "section"),
    "news-please": _of_lines(_news_please, "section", published=_naive),
    "answers in lines": _of_lines(_answers_in_lines),
    "LangChain documents": _of_lines(_langchain, "author", "section"),
    "Reddit listing": _layout(_reddit),
    "Google Sheets": _layout(_rows_with_header),
    "json_normalize in CSV": Layout("a.csv", _normalized, frozenset(("section",))),
    "German names": _of_lines(_renamed(_GERMAN)),
    "Spanish names": _of_lines(_renamed(_SPANISH)),
    "Russian names": _of_lines(_renamed(_RUSSIAN)),
    "Chinese names": _of_lines(_renamed(_CHINESE)),
    "names of no language": Layout(
        "a.json",
        _json(_odd),
        frozenset(("source", "lang", "url", "author", "section")),
        options={"id": "nr", "title": "payload_x.kop_x", "text": "tekstblok_x", "published": "stamp_x"},
    ),
}


def expected(layout: Layout, row: Row) -> dict[str, Any]:
    """Return the fields that must be read of an article."""
    fields: dict[str, Any] = {name: row[name] for name in row if name != "summary"} | {"published": _when(row)}
    fields |= {name: make(row) for name, make in layout.values.items()}
    return {
        name: ({"published": None}.get(name, "") if name in layout.without else value) for name, value in fields.items()
    }
