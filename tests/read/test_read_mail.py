"""Newsletters, one in a file and many in a mailbox."""

from __future__ import annotations

import mailbox
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import BODY, read_all, read_quietly, write

from dedup.article import Notice


def mail(text: str = BODY, html: str = "", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = headers.pop("sender", "The Morning Brief <brief@echo.example>")
    message["Subject"] = headers.pop("subject", "Häfen öffnen wieder")
    message["Date"] = headers.pop("date", "Mon, 15 Jan 2024 07:30:00 +0100")
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return message


def test_a_mail_is_an_article(tmp_path: Path) -> None:
    message = mail(Message_ID="<one@echo.example>", Archived_At="<https://echo.example/1>")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
    message["Content-Language"] = "de"
    (article,) = read_quietly(write(tmp_path / "a.eml", message.as_bytes(policy=SMTP)))
    assert (article.id, article.title, article.text) == ("one@echo.example", "Häfen öffnen wieder", f"{BODY}\n")
    assert article.published == datetime(2024, 1, 15, 7, 30, tzinfo=timezone(timedelta(hours=1)))
    assert (article.source, article.lang, article.url) == ("The Morning Brief", "de", "https://echo.example/1")


def test_the_html_is_read_where_the_plain_text_says_nothing(tmp_path: Path) -> None:
    html = f"<html><head><style>p{{}}</style></head><body><h1>Ports</h1><p>{BODY}</p><ul><li>One</li><li>Two</li></ul>"
    write(tmp_path / "a.eml", mail("Open in a browser.", html).as_bytes())
    write(tmp_path / "b.eml", mail(BODY, "<p>Short.</p>").as_bytes())
    assert [article.text for article in read_quietly(tmp_path)] == [f"Ports\n\n{BODY}\n\nOne\nTwo", f"{BODY}\n"]


def test_when_it_was_received_stands_in_for_its_date(tmp_path: Path) -> None:
    message = mail(Received="from a by b (Postfix); Tue, 16 Jan 2024 07:30:00 +0000 (UTC)")
    del message["Date"]
    (article,) = read_quietly(write(tmp_path / "a.eml", message.as_bytes()))
    assert (article.published, article.seen) == (None, datetime(2024, 1, 16, 7, 30, tzinfo=UTC))


@pytest.mark.parametrize("ending", [".mbox", ".mbox.gz"])
def test_a_mailbox(tmp_path: Path, ending: str) -> None:
    box = mailbox.mbox(tmp_path / "box")
    texts = [f"{BODY} {number}\n\nFrom the harbour we hear more.\n>From where?\n" for number in range(5)]
    for text in texts:
        box.add(mail(text))
    box.flush()
    box.close()
    path = write(tmp_path / f"a{ending}", (tmp_path / "box").read_bytes())
    articles = read_quietly(path)
    assert [article.text.rstrip() for article in articles] == [text.replace(">From", "From").rstrip() for text in texts]
    assert [article.id for article in articles] == [f"a{ending}:{number}" for number in range(1, 6)]


def test_a_maildir(tmp_path: Path) -> None:
    """Its mails are read in every folder, and not those that are being delivered."""
    box = mailbox.Maildir(tmp_path / "Mail")
    archive = box.add_folder("Archive")
    for number, folder in enumerate((box, box, archive)):
        kept = mailbox.MaildirMessage(mail(f"{BODY} {number}"))
        kept.set_subdir("cur" if number else "new")
        kept.set_flags("S" if number else "")
        folder.add(kept)
    write(tmp_path / "Mail/tmp/1700000000.M2.host", mail("not yet").as_bytes())
    articles = read_quietly(tmp_path)
    assert sorted(article.text.strip()[-1] for article in articles) == ["0", "1", "2"]
    assert sorted(article.id.rpartition("/")[0] for article in articles) == [
        "Mail/.Archive/cur",
        "Mail/cur",
        "Mail/new",
    ]


def test_other_files_of_a_maildir_are_named(tmp_path: Path) -> None:
    for name in ("1700000000.M1P2.host", "1700000001.M1P2.host:2,RS", "1700000002_0.host!2,", "message:2,S", "x.eml"):
        write(tmp_path / "cur" / name, mail(name).as_bytes())
    write(tmp_path / "new/README", "x")
    write(tmp_path / "subscriptions", "x")
    articles, notices = read_all(tmp_path / "cur", tmp_path / "new", tmp_path / "subscriptions")
    assert len(articles) == 5
    kinds = ["dedup does not read files of this kind (no extension)"] * 2
    assert [notice.problem for notice in notices] == kinds


def test_a_mail_beyond_all_measure_is_skipped_and_the_next_arrives(tmp_path: Path) -> None:
    huge = b"From a@b.example Mon Jan 15 07:30:00 2024\nSubject: x\n\n" + b"x" * ((1 << 24) + 1) + b"\n\n"
    last = b"From a@b.example Mon Jan 15 07:30:00 2024\n" + mail().as_bytes()
    articles, (notice,) = read_all(write(tmp_path / "a.mbox", huge + last))
    assert [article.id for article in articles] == ["a.mbox:2"]
    assert notice.problem == "a mail of more than 16,777,216 bytes, too many for an article"


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("iso-8859-1", "latin-1"), ("unheard-of", "utf-8"), ("utf-8", "utf-8"), ("koi8-r", "koi8-r")],
)
def test_encodings_of_mails(tmp_path: Path, charset: str, encoding: str) -> None:
    text = "Порт открыт." if charset == "koi8-r" else "Été à la mer."
    head = f"Subject: x\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    (article,) = read_quietly(write(tmp_path / "a.eml", head.encode() + text.encode(encoding)))
    assert article.text == text


def test_damaged_bytes_are_counted(tmp_path: Path) -> None:
    content = b"Subject: x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nThe \xff port\n"
    (article,), (notice,) = read_all(write(tmp_path / "a.eml", content))
    assert article.text == "The \ufffd port\n"
    assert notice.problem == "its text has 1 lone surrogate or undecodable byte"


@pytest.mark.parametrize("content", ["no headers at all", "\n\n\nbody", "<html></html>"])
def test_what_is_no_mail_is_told(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "a.eml", content)
    assert read_all(path) == ([], [Notice(str(path), "it is no mail: it has no headers", "skipped", skipped=True)])


@pytest.mark.parametrize(
    "headers",
    [
        "From: <<<>>> , ;\nSubject: =?utf-8?q?broken=ZZ?= =?nonsense?b?!!?=",
        "Date: not a date\nFrom: =?utf-8?b?gA==?= <x@y>",
        "Content-Type: multipart/mixed\nSubject: no boundary",
        "Content-Type: text/plain; charset*=utf-8''%ZZ\nSubject: x",
        "Subject: " + "x" * 100_000,
    ],
)
def test_odd_headers_stop_nothing(tmp_path: Path, headers: str) -> None:
    write(tmp_path / "a.eml", f"{headers}\n\n{BODY}\n")
    write(tmp_path / "b.eml", mail().as_bytes())
    articles, notices = read_all(tmp_path)
    assert articles[-1].id == "b.eml"
    assert len(articles) == 2 or notices[0].skipped


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("mails")
    write(folder / "a.eml", content)
    write(folder / "b.mbox", content)
    articles, notices = read_all(folder)
    assert articles or notices
