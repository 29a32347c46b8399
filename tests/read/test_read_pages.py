"""Saved pages: twenty of our own making in ten languages, and odd ones. What is found is held against what is known."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from reading import BODY, read_all, read_quietly, write

from dedup.article import Article, Notice
from dedup.read.plain import split_front_matter

PAGES = Path(__file__).parent / "pages"
NAMES = sorted(path.stem for path in PAGES.glob("*.html"))

HEADLINE = "Harbour reopens after the winter storm"
PARAGRAPHS = "".join(f"<p>{BODY} Ferry number {number} sailed at noon.</p>" for number in range(9))
ARTICLE = f"<article><h1>{HEADLINE}</h1>{PARAGRAPHS}</article>"


def words(text: str) -> Counter[str]:
    """The words of a text; of Han, its characters."""
    return Counter(re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+", text))


def known(name: str) -> tuple[dict[str, str], str]:
    """The fields and the text of the article on a page."""
    return split_front_matter((PAGES / f"{name}.txt").read_text(encoding="utf-8"))


def found(name: str) -> Article:
    (article,) = read_quietly(PAGES / f"{name}.html")
    return article


def share(part: Counter[str], whole: Counter[str]) -> float:
    """The share of the words of `whole` that are in `part`, each as often as it stands there."""
    return (part & whole).total() / whole.total()


def test_there_are_twenty_pages_in_ten_languages() -> None:
    assert len(NAMES) == 20
    assert len({known(name)[0]["lang"] for name in NAMES}) == 10


@pytest.mark.parametrize("name", NAMES)
def test_the_words_of_the_article_and_no_others_are_found(name: str) -> None:
    """Every known word is found, and every found word is known: all the boilerplate around it is left out."""
    right, read = words(known(name)[1]), words(found(name).text)
    assert (share(read, right), share(right, read)) == (1, 1), (right - read, read - right)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_says_of_its_article_is_found(name: str) -> None:
    fields, article = known(name)[0], found(name)
    assert article.title == fields["title"]
    assert article.published == date.fromisoformat(fields["date"])
    assert article.source == fields["source"]
    assert article.lang == fields["lang"]


def test_the_pages_are_read_alike_together() -> None:
    """The two of a language have one host and two outlets: neither is changed by the other."""
    articles = read_quietly(*sorted(PAGES.glob("*.html")))
    assert [article.source for article in articles] == [known(name)[0]["source"] for name in NAMES]
    assert [article.title for article in articles] == [known(name)[0]["title"] for name in NAMES]


def test_the_measure_sees_what_is_missing_and_what_is_too_much() -> None:
    right = words("one two two 港口")
    assert right == {"one": 1, "two": 2, "港": 1, "口": 1}
    assert (share(words("one two 港口 three"), right), share(right, words("one two 港口 three"))) == (0.8, 0.8)


@pytest.mark.parametrize("ending", [".html", ".htm", ".HTML", ".xhtml", ".html.gz"])
def test_the_endings_of_pages(tmp_path: Path, ending: str) -> None:
    (tmp_path / "x").mkdir()
    path = write(tmp_path / f"x/a{ending}", f"<html>{ARTICLE}</html>")
    (article,) = read_quietly(path)
    assert (article.title, article.text.count(BODY), article.id) == (HEADLINE, 9, f"a{ending}")


def test_a_page_under_the_name_of_text(tmp_path: Path) -> None:
    (article,) = read_quietly(write(tmp_path / "a.txt", f"\n<!DOCTYPE html><html>{ARTICLE}</html>"))
    assert (article.title, article.text.count(BODY)) == (HEADLINE, 9)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        *(("windows-1251", "cp1251"), ("koi8-r", "koi8_r"), ("iso-8859-5", "iso8859_5"), ("ISO-8859-1", "utf-8")),
        *(("utf-8", "utf-8"), ("", "cp1251"), ("utf-8", "utf-16"), ("nonsense", "utf-8")),
    ],
)
def test_the_encoding_that_a_page_declares(tmp_path: Path, declared: str, encoding: str) -> None:
    """It is believed where the bytes are not UTF-8; where it declares none, the bytes tell."""
    text = "В понедельник порт снова открылся после шторма, и паромы вышли в море по расписанию."
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">' if declared else ""
    page = f"<html><head>{meta}<title>Порт</title></head><body><h1>Порт</h1>{f'<p>{text}</p>' * 5}</body></html>"
    articles, notices = read_all(write(tmp_path / "a.html", page.encode(encoding)))
    assert articles[0].text.count(text) == 5
    assert [notice.problem for notice in notices] == ([] if declared else ["it is not UTF-8, it looks like cp1251"])


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("Shift_JIS", "cp932", "月曜日に嵐が過ぎ去り、港が再び開かれた。フェリーは正午に出航した。"),
        ("EUC-JP", "euc_jp", "月曜日に嵐が過ぎ去り、港が再び開かれた。フェリーは正午に出航した。"),
        ("iso-2022-jp", "iso2022_jp", "月曜日に嵐が過ぎ去り、港が再び開かれた。フェリーは正午に出航した。"),
        ("gb2312", "gb18030", "暴风雨过后，港口于星期一重新开放，渡轮中午启航。"),
        ("big5", "big5", "暴風雨過後，港口於星期一重新開放，渡輪中午啟航。"),
        ("euc-kr", "cp949", "폭풍이 지나간 뒤 월요일에 항구가 다시 열렸다. 여객선은 정오에 출항했다."),
    ],
)
def test_older_encodings_of_east_asia(tmp_path: Path, declared: str, encoding: str, text: str) -> None:
    page = f"<html><head><meta charset={declared}></head><body><article>{f'<p>{text}</p>' * 9}</article></body></html>"
    (article,) = read_quietly(write(tmp_path / "a.html", page.encode(encoding)))
    assert article.text.count(text) == 9


def test_programs_styles_and_images_in_the_page_are_no_text(tmp_path: Path) -> None:
    head = f"<script>{'var word = 1;' * 100_000}</script><style>{'.word{}' * 10_000}</style>"
    image = f'<img src="data:image/png;base64,{"A" * 2_000_000}" alt="">'
    (article,) = read_quietly(
        write(tmp_path / "a.html", f"<html><head>{head}</head><body>{image}{ARTICLE}</body></html>")
    )
    assert (article.text.count(BODY), "word" in article.text) == (9, False)


def test_entities_are_the_characters_they_mean(tmp_path: Path) -> None:
    first = "<p>&Eacute;t&eacute; &#x1F6A2; &#8217;x&#8217; a&nbsp;b &bogus;</p>"
    page = f"<html><body><h1>Fish &amp; ships</h1>{first}{PARAGRAPHS}"
    (article,) = read_quietly(write(tmp_path / "a.html", page))
    assert article.title == "Fish & ships"
    assert "Été 🚢 ’x’ a b &bogus;" in " ".join(article.text.split())


def test_frames_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "pile/inner.htm.off", PARAGRAPHS)
    frames = "<frameset><frame src=inner.htm.off><frame src='file:///etc/passwd'></frameset>"
    path = write(tmp_path / "pile/a.html", f"<html><head><title>Front page</title></head>{frames}</html>")
    (article,), (notice,) = read_all(path)
    assert (article.title, article.text) == ("Front page", "")
    assert notice == Notice(
        str(path), "no text of an article is found on this page", "kept, judged by its title alone", skipped=False
    )


@pytest.mark.parametrize("page", ["<html></html>", "<html><body></body></html>", "<p></p>", "<!-- x -->", "<br>"])
def test_a_page_without_an_article_is_told(tmp_path: Path, page: str) -> None:
    articles, (notice,) = read_all(write(tmp_path / "a.html", page))
    assert (articles, notice.skipped) == ([], True)
    assert notice.problem in {"no article is found on this page", "there is no HTML in it"}


def test_null_bytes_and_damaged_bytes_are_counted(tmp_path: Path) -> None:
    page = (
        f"<html>{ARTICLE}<p>Été à la mer</p></html>".encode()
        .replace(b"noon", b"no\0n", 1)
        .replace(b"noon", b"no\xffn", 1)
    )
    (article,), notices = read_all(write(tmp_path / "a.html", page))
    assert article.text.count("no\ufffdn") == 2
    assert [(notice.problem, notice.action) for notice in notices] == [
        ("it has 1 null byte", "replaced by U+FFFD"),
        ("it has 1 lone surrogate or undecodable byte", "replaced by U+FFFD"),
    ]


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("<b>x</b>" * 60_000, "it has 60,002 elements, too many for the page of an article"),
        ("<i>" * 1_000_001, "it has 1,000,001 tags, too many for the page of an article"),
        (f"<p>{'x' * (1 << 24)}", "it has more than 16,777,216 characters, too many for an article"),
        (f"{'<div>' * 3000}{PARAGRAPHS}", "its tags are nested too deeply"),
    ],
)
def test_pages_beyond_all_measure_are_skipped(tmp_path: Path, page: str, problem: str) -> None:
    write(tmp_path / "a.html", page)
    write(tmp_path / "b.html", f"<html>{ARTICLE}</html>")
    articles, notices = read_all(tmp_path)
    assert articles[-1].id == "b.html"
    assert (notices[0].problem, notices[0].skipped) == (problem, True)


def test_the_outlet_in_the_heading_of_a_page(tmp_path: Path) -> None:
    for place, heading in enumerate((f"{HEADLINE} – The Echo", f"The Echo: {HEADLINE}", HEADLINE)):
        page = f"<html><head><title>{heading}</title></head><body>{ARTICLE}</body></html>"
        write(tmp_path / f"{place}.html", page)
    assert [article.source for article in read_quietly(tmp_path)] == ["The Echo", "The Echo", ""]


def test_dates_of_pages(tmp_path: Path) -> None:
    """A page's own date is read as any other: one in the future is none, and counted."""
    for name, day in (("a", "2024-03-01T08:00:00Z"), ("b", "2150-01-01"), ("c", "")):
        meta = f'<meta property="article:published_time" content="{day}">'
        write(tmp_path / f"{name}.html", f"<html><head>{meta}</head><body>{ARTICLE}</body></html>")
    articles, (notice,) = read_all(tmp_path)
    assert [article.published for article in articles] == [date(2024, 3, 1), None, None]
    assert "in the future" in notice.problem


def test_what_belongs_to_a_saved_page_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a.html", f"<html>{ARTICLE}</html>")
    write(tmp_path / "a_files/frame.html", f"<html>{ARTICLE}</html>")
    write(tmp_path / "b_files/c.html", f"<html>{ARTICLE}</html>")
    articles, notices = read_all(tmp_path)
    assert [article.id for article in articles] == ["a.html", "b_files/c.html"]
    assert [notice.problem for notice in notices] == ["1 folder belongs to a saved page beside"]


def test_news_please_leaves_pages_beside_their_articles(tmp_path: Path) -> None:
    write(tmp_path / "a.html", f"<html>{ARTICLE}</html>")
    record = {"maintext": BODY, "date_publish": "2024-03-01 08:00:00", "source_domain": "echo.example"}
    write(tmp_path / "a.html.json", json.dumps(record))
    (article,), (notice,) = read_all(tmp_path)
    assert (article.text, article.source) == (BODY, "echo.example")
    assert notice.problem == "1 page has its article in a .json file beside"


@pytest.fixture
def _no_trafilatura(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)


@pytest.mark.usefixtures("_no_trafilatura")
def test_without_trafilatura_the_command_that_installs_it_is_told(tmp_path: Path) -> None:
    write(tmp_path / "a.html", f"<html>{ARTICLE}</html>")
    write(tmp_path / "b.txt", BODY)
    articles, (notice,) = read_all(tmp_path)
    assert [article.id for article in articles] == ["b.txt"]
    assert notice.problem == "reading HTML needs the package trafilatura: pip install 'story-dedup[html]'"


def test_the_libraries_say_nothing_by_themselves(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    read_all(write(tmp_path / "a.html", "<html><body></body></html>"))
    assert capfd.readouterr() == ("", "")


def test_a_control_character_written_as_a_reference_is_no_obstacle(tmp_path: Path) -> None:
    """Found by fuzzing: lxml gives such a text, and does not take it back."""
    body = "".join(f"<p>{BODY}<script>x</script>&#1;{BODY}</p>" for _ in range(4))
    path = write(tmp_path / "a.html", f"<html><head><title>Harbour</title></head><body>{body}</body></html>")
    (article,), _ = read_all(path)
    assert article.title == "Harbour"
