from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import BODY, read_all, read_quietly, write
from shared_cases import ABSENT, CASES

from dedup.read.plain import split_front_matter, split_title

HEADLINE = "Harbour reopens after the winter storm"
LONG = "The harbour master said on Monday that all the quays were free again and that the ferries would sail. " * 2


@pytest.mark.parametrize(
    "above",
    [
        *("", "\n\n", "Wire News\n\n", "World / Asia / More\n\n", "Home > News > Ports > North\n\n", "Read more:\n\n"),
        *("By Anna Lind and Per Holm\n\n", "This page was saved on January 5, 2020\n\n", "Wire\n\nPorts\n\n", "- \n\n"),
        *("* Harbour and ferries and storm\n\n", "From our man in the north\n\n", "\ufeff\n"),
    ],
)
def test_the_headline_is_found_below_what_is_none(above: str) -> None:
    assert split_title(f"{above}{HEADLINE}\n\n{BODY}\n") == (HEADLINE, f"{above}\n{BODY}\n")


@pytest.mark.parametrize(
    "headline",
    [
        *("Is the harbour open again?", "“We are back,” says harbour master", "Ferries sail home from the U.S."),
        *(
            "Port: four ships in, two out",
            "Storm – harbour reopens after winter",
            "风暴过后港口于星期一重新开放渔民返回海上",
        ),
        *(
            "ท่าเรือเปิดอีกครั้งในวันจันทร์",
            "तूफान के बाद बंदरगाह फिर खुला",
            "إعادة فتح الميناء بعد العاصفة",
            "Порт открылся после зимнего шторма",
        ),
    ],
)
def test_what_reads_as_a_headline(headline: str) -> None:
    assert split_title(f"{headline}\n\n{BODY}")[0] == headline


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        HEADLINE,
        f"{HEADLINE}\n\n  \n",
        f"{BODY}\n\n{BODY}",
        f"Wire News\n\n{BODY}",
        f"World / Asia\n\n{BODY}",
        f"{LONG}\n\n{HEADLINE}\n\n{BODY}",
        "The harbour reopened on Monday after\nthe storm had passed and all ferries\nsailed again at noon.",
        "The harbour reopened on Monday after\nThe Storm had passed and all ferries\nsailed again at noon.",
        f"Harbour.\n\nFerries.\n\nStorm.\n\nQuays.\n\nShips.\n\nWind.\n\n{HEADLINE}\n\n{BODY}",
        "",
        "\n\n",
    ],
)
def test_without_a_clear_title_the_text_stays_whole(text: str) -> None:
    assert split_title(text) == ("", text)


def test_a_headline_straight_above_a_paragraph() -> None:
    assert split_title(f"{HEADLINE}\n{LONG}") == (HEADLINE, LONG)


@given(st.lists(st.sampled_from([HEADLINE, BODY, LONG, "Wire", "A / B", "", " ", "\r", "x"])), st.text())
def test_nothing_is_lost_but_the_line_of_the_title(lines: list[str], end: str) -> None:
    text = "\n".join(lines) + end
    title, rest = split_title(text)
    if title:
        assert sorted((rest + "\n" + title).split()) == sorted(text.split())
        assert len(text) - len(rest) >= len(title)
    else:
        assert rest == text


def test_a_text_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", f"{HEADLINE}\r\n\r\n{BODY}\r\n")
    (article,) = read_quietly(path, fields={"title": "kicker", "text": "story_body"})
    assert (article.id, article.title, article.text, article.path) == ("a.txt", HEADLINE, f"\n{BODY}\n", str(path))
    assert article.published is None


def markdown(tmp_path: Path, content: str, **fields: str) -> tuple[str, str]:
    (article,) = read_quietly(write(tmp_path / "a.md", content), fields=fields)
    return article.title, article.text


@pytest.mark.parametrize(
    "heading",
    [
        *(f"# {HEADLINE}", f"#  {HEADLINE} ##", f"#\t{HEADLINE}\r", f"{HEADLINE}\n=====", f" {HEADLINE} \n="),
        *(f"# *{HEADLINE}*", f"# [{HEADLINE}](https://echo.example/1)", f"**{HEADLINE}**\n==="),
        "# Harbour reopens<br>after the `winter` ![](wave.png)storm",
    ],
)
def test_the_first_heading_is_the_title(tmp_path: Path, heading: str) -> None:
    assert markdown(tmp_path, f"Wire\n\n{heading}\n\n{BODY}\n\n# More\n") == (HEADLINE, f"Wire\n\n{BODY}\n\nMore")


def test_code_and_lower_headings_are_no_title(tmp_path: Path) -> None:
    text = f"```\n# not this one\n```\n## Nor this\n#nor this\n{BODY}\n"
    assert markdown(tmp_path, text) == ("", f"# not this one\n\nNor this\n\n#nor this\n{BODY}")


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("*one* **two** ***three*** __four__ _five_ ~~six~~", "one two three four five six"),
        ("snake_case and 2 * 3 * 4", "snake_case and 2 * 3 * 4"),
        ('the [quarry](https://kiln.example/q?utm=1 "A title") road', "the quarry road"),
        ("the [quarry][1] road\n\n[1]: https://kiln.example/q 'A title'", "the quarry road"),
        ("see <https://kiln.example/q> there", "see  there"),
        ("see [https://kiln.example/q](https://kiln.example/q) there", "see  there"),
        ("a ![photo of a kiln](kiln.jpg) b", "a  b"),
        ("a <!-- no words --> b\n\n<!-- none\n\nhere -->\n\nc", "a  b\n\nc"),
        ("`a` of ``b``\n\n```python title=x\nc\n```\n\n    d", "a of b\n\nc\n\nd"),
        ("one<br>two <b>three</b> &amp; \\*four\\*", "one\ntwo three & *four*"),
        ("<div><p>one</p></div>", "one"),
        ("> one\n> two\n>> three", "one\ntwo\n\nthree"),
        ("* one\n* two\n\n1. three\n2. four", "- one\n- two\n\n1. three\n2. four"),
        ("| a | b |\n|---|--:|\n| c | d |", "a b\n c d"),
        ("one[^1] two\n\n[^1]: three", "one two\n\nthree"),
        ("one\n\n***\n\ntwo\n\n---\n\nthree", "one\n\ntwo\n\nthree"),
    ],
)
def test_marks_of_markdown_are_no_words(tmp_path: Path, marked: str, words: str) -> None:
    assert markdown(tmp_path, f"# {HEADLINE}\n\n{marked}\n") == (HEADLINE, words)


@pytest.mark.skipif(not CASES.exists(), reason=ABSENT)
def test_the_newsletter_of_a_shared_case() -> None:
    (article,) = read_quietly(CASES / "markdown_setext")
    assert article.title == "The Weekly Kiln — 2024.03.20 edition"
    assert article.text.startswith("Clay prices, a drowned village, and a chess title.\n\nClay prices. A slide buried")
    assert "kiln.example" not in article.text


def test_more_marks_than_an_article_has_are_not_parsed(tmp_path: Path) -> None:
    text = f"{BODY} " + "*" * 100_001
    (article,), (notice,) = read_all(write(tmp_path / "a.md", text))
    assert article.text == text
    assert notice.problem == "it has 100,001 lines and marks, too many for an article in Markdown"


def test_markdown_without_a_heading_is_plain_text(tmp_path: Path) -> None:
    assert markdown(tmp_path, f"{HEADLINE}\n\n{BODY}\n") == (HEADLINE, f"\n{BODY}")


def test_front_matter_gives_the_fields(tmp_path: Path) -> None:
    front = (
        "---\nTitle: \"Harbour: it's open\"\ndate: 2020-01-01\nsource: 'The Echo'\nurl: https://echo.example/1\n"
        "tags:\n  - port\n- ferry\n# a remark\nlang:\n\n---\n"
    )
    (article,) = read_quietly(write(tmp_path / "a.md", f"{front}# Heading\n\n{BODY}\n"))
    assert (article.title, article.text) == ("Harbour: it's open", f"Heading\n\n{BODY}")
    assert (article.published, article.source, article.url) == (date(2020, 1, 1), "The Echo", "https://echo.example/1")


def test_front_matter_without_a_title(tmp_path: Path) -> None:
    front = "---\nkicker: Ports\ntext: not this\nbody: nor this\n---\n"
    assert markdown(tmp_path, f"{front}# {HEADLINE}\n\n{BODY}") == (HEADLINE, BODY)
    assert markdown(tmp_path, f"{front}# {HEADLINE}\n\n{BODY}", title="kicker") == ("Ports", f"{HEADLINE}\n\n{BODY}")
    assert markdown(tmp_path, f"{front}# {HEADLINE}\n\n{BODY}", text="body") == (HEADLINE, BODY)


def test_front_matter_in_toml(tmp_path: Path) -> None:
    front = f'+++\ntitle = "{HEADLINE}"\ndate = 2020-01-01T08:00:00Z\ntags = ["port"]\n+++\n'
    (article,) = read_quietly(write(tmp_path / "a.md", f"{front}# {HEADLINE}\n\n{BODY}\n"))
    assert (article.title, article.text) == (HEADLINE, BODY)
    assert article.published == datetime(2020, 1, 1, 8, tzinfo=UTC)
    assert markdown(tmp_path, f"+++\nno toml\n+++\n\n{BODY}")[0] == ""


@pytest.mark.parametrize("text", [f"---\n{BODY}\n---\n{BODY}", f"---\n{BODY}", f"---\na: b\n{BODY}"])
def test_rules_are_no_front_matter(text: str) -> None:
    assert split_front_matter(text) == ({}, text)


def test_front_matter_alone_can_be_judged_by_its_title(tmp_path: Path) -> None:
    assert markdown(tmp_path, f"---\ntitle: {HEADLINE}\n---\n") == (HEADLINE, "")
