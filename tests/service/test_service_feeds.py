"""Stories as JSON Feed and RSS, and by growth, size and date over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import httpx
import pytest
from serving import assert_problem, serving

import dedup

TEXTS = {
    "ferry": "Fire broke out on the ferry off Corran at dawn and forty people were taken ashore by a trawler",
    "bridge": "The bridge of Dunmere reopened <b>after</b> two years & its arches had been mended stone by stone",
    "vote": "Voters in Valmora chose a new council which promised lower fares and a tram to the harbour",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("feeds") / "stories.db") as found, found.client() as client:
        now, articles = datetime.now(UTC), []
        for place, (story, text) in enumerate(TEXTS.items()):
            for number in range(3 - place):
                published = now - timedelta(days=9) if story == "ferry" else now - timedelta(minutes=number)
                articles.append(
                    {
                        "id": f"{story}{number}",
                        "title": f"{story.title()} <news> & more",
                        "text": text,
                        "source": f"Outlet {number}",
                        "published": published.isoformat(),
                        "url": f"https://paper.example/{story}?a=1&b=2" if number == 0 else "javascript:alert(1)",
                    }
                )
        assert client.post("/v1/articles/batch", json={"articles": articles}).status_code == 200
        yield client


def test_stories_are_ordered_and_filtered(served: httpx.Client) -> None:
    def listed(**wanted: object) -> list[str]:
        answer = served.get("/v1/stories", params=wanted)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return [one["title"].split()[0] for one in answer.json()["stories"]]

    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    assert listed(order="size") == ["Ferry", "Bridge", "Vote"]
    assert listed(order="growth") == ["Bridge", "Vote", "Ferry"]
    assert listed(order="date")[-1] == "Ferry"
    assert listed(published_since=day, order="size") == ["Bridge", "Vote"]
    assert listed(published_until=day) == ["Ferry"]
    assert listed(min_growth=0.3, order="size") == ["Bridge"]
    assert listed(outlet="Outlet 1", order="size") == ["Ferry", "Bridge"]
    first = served.get("/v1/stories", params={"order": "growth", "limit": 1}).json()
    second = served.get("/v1/stories", params={"order": "growth", "limit": 1, "cursor": first["next"]}).json()
    assert second["stories"][0]["title"].startswith("Vote")
    growth = first["stories"][0]["growth"]
    assert (growth["hours"], growth["articles"], growth["articles_per_hour"]) == (6, 2, 0.3333)
    story = served.get(f"/v1/stories/{first['stories'][0]['id']}", params={"growth_hours": 1}).json()
    assert story["growth"]["articles_per_hour"] == 2
    assert_problem(served.get("/v1/stories", params={"cursor": first["next"]}), 422, "cursor")
    for name, value in (("order", "best"), ("min_growth", -1), ("growth_hours", 0), ("published_since", "soon")):
        assert_problem(served.get("/v1/stories", params={name: value}), 422, name)
    assert_problem(served.get("/v1/stories", params={"sort": "size"}), 422, "sort")


def test_the_client_has_the_same(served: httpx.Client) -> None:
    with dedup.Client(str(served.base_url)) as client:
        page = client.page(order="growth", growth_hours=2)
        assert [one.articles for one in page.growth] == [2, 1, 0]
        assert client.growth(page.stories[0].id, hours=1).articles_per_hour == 2
        assert [len(one.articles) for one in client.stories(order="size", min_growth=0.1)] == [2, 1]


def test_json_feed(served: httpx.Client) -> None:
    answer = served.get("/feeds/stories.json", params={"order": "size", "limit": 2})
    assert answer.headers["content-type"] == "application/feed+json"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["title"] for item in feed["items"]] == ["Ferry <news> & more", "Bridge <news> & more"]
    ferry = feed["items"][0]
    assert ferry["external_url"] == "https://paper.example/ferry?a=1&b=2"
    assert ferry["content_text"] == TEXTS["ferry"]
    assert ferry["tags"] == ["Outlet 0", "Outlet 1", "Outlet 2"]
    assert ferry["_dedup"]["size"] == 3
    rest = served.get(feed["next_url"]).json()
    assert [item["title"] for item in rest["items"]] == ["Vote <news> & more"]
    assert "next_url" not in rest
    known = {"If-None-Match": answer.headers["etag"]}
    again = served.get("/feeds/stories.json", params={"order": "size", "limit": 2}, headers=known)
    assert (again.status_code, again.content) == (304, b"")


def test_rss(served: httpx.Client) -> None:
    answer = served.get("/feeds/stories.rss", params={"order": "size"})
    assert answer.headers["content-type"].startswith("application/rss+xml")
    items = ET.fromstring(answer.content).findall("channel/item")  # noqa: S314 - made by the service
    assert [item.findtext("title") for item in items] == [f"{name.title()} <news> & more" for name in TEXTS]
    assert items[0].findtext("link") == "https://paper.example/ferry?a=1&b=2"
    assert {category.text for category in items[0].findall("category")} == {"Outlet 0", "Outlet 1", "Outlet 2"}
    assert "javascript" not in answer.text


def test_odd_letters_make_no_broken_feed(served: httpx.Client) -> None:
    odd = "Control \x01 letter \x0b and \ufffe end ]]> <![CDATA["
    article = {
        "id": "odd",
        "title": odd,
        "text": f"{odd} of words that nobody else has",
        "url": "https://paper.example/odd",
    }
    assert served.post("/v1/articles", json=article).status_code == 201
    answer = served.get("/feeds/stories.rss")
    assert any(
        "Control" in str(item.findtext("title"))
        for item in ET.fromstring(answer.content).iter("item")  # noqa: S314 - made by the service
    )
    assert served.get("/feeds/stories.json").json()["items"]
