from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import BODY, json_lines, read_all, read_quietly, write

from dedup.article import Notice

SCRIPTS = {
    "Arabic": "أعيد فتح الميناء يوم الاثنين بعد مرور العاصفة.",
    "Chinese": "风暴过去后，港口于星期一重新开放。",
    "Hindi": "तूफान गुजरने के बाद सोमवार को बंदरगाह फिर से खुल गया।",
    "Thai": "ท่าเรือเปิดอีกครั้งในวันจันทร์หลังจากพายุผ่านไป",
    "Russian": "Порт вновь открылся в понедельник после того, как шторм прошёл.",
    "emoji": "The harbour is open 🎉⚓️👩‍🚒 again.",
    "controls": "One\u2028two\u0085three\x0cfour.",
}


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_in_every_unicode_encoding(tmp_path: Path, script: str, encoding: str, ending: str) -> None:
    text = SCRIPTS[script]
    write(tmp_path / f"a.txt{ending}", text.encode(encoding))
    write(tmp_path / f"b.jsonl{ending}", json_lines([{"text": text}]).encode(encoding))
    write(tmp_path / f"c.csv{ending}", f'id,text\r\n1,"{text}"\r\n'.encode(encoding))
    write(tmp_path / f"d.json{ending}", f'{{"text": "{text}"}}'.replace("\x0c", "\\f").encode(encoding))
    write(tmp_path / f"e.md{ending}", f"# Harbour\n{text}".encode(encoding))
    assert [article.text for article in read_quietly(tmp_path)] == [text] * 5


LEGACY = {
    "cp1252": "Le port a rouvert lundi, après la tempête qui l’avait fermé dès samedi ; l’été s’achève à la côte.",
    "latin-1": "El puerto reabrió el lunes después de la tormenta; mañana habrá más días de sol en España.",
    "cp1251": "Порт вновь открылся в понедельник после того, как шторм прошёл мимо города.",
    "koi8-r": "Порт вновь открылся в понедельник после того, как шторм прошёл мимо города.",
    "cp1250": "Port został ponownie otwarty w poniedziałek, po tym jak sztorm minął; żegluga powróciła.",
    "cp1256": "أعيد فتح الميناء يوم الاثنين بعد مرور العاصفة على المدينة.",
    "shift_jis": "嵐が過ぎた後、港は月曜日に再び開かれた。市は喜んでいる。",
    "gb18030": "风暴过去后，港口于星期一重新开放，渔民们回到了海上。",
    "big5": "風暴過去後，港口於星期一重新開放，漁民們回到了海上。",
}


@pytest.mark.parametrize("encoding", LEGACY)
def test_older_encodings_are_found(tmp_path: Path, encoding: str) -> None:
    text = LEGACY[encoding]
    path = write(tmp_path / "a.txt", text.encode(encoding))
    (article,), (notice,) = read_all(path)
    assert article.text == text
    assert notice.where == str(path)
    assert notice.problem.startswith("it is not UTF-8, it looks like ")
    assert not notice.skipped
    write(tmp_path / "b.jsonl", f'{{"text": "{text}"}}\n'.encode(encoding))
    write(tmp_path / "c.csv", f'text\n"{text}"\n'.encode(encoding))
    articles, notices = read_all(tmp_path)
    assert [article.text for article in articles] == [text] * 3
    assert len(notices) == 3


def test_the_encoding_is_found_far_inside_a_file(tmp_path: Path) -> None:
    lines = json_lines([{"text": BODY}]).encode() * 20_000  # more than a block
    path = write(tmp_path / "a.jsonl", lines + f'{{"text": "{LEGACY["cp1252"]}"}}\n'.encode("cp1252"))
    articles, notices = read_all(path)
    assert len(articles) == 20_001
    assert articles[-1].text == LEGACY["cp1252"]
    assert len(notices) == 1


def test_a_few_damaged_bytes_leave_a_file_utf8(tmp_path: Path) -> None:
    data = (
        json_lines([{"text": "x"}] * 2).encode() + '{"text": "L’été à la côte"}\n'.encode() + b'{"text": "cass\xe9"}\n'
    )
    articles, (notice,) = read_all(write(tmp_path / "a.jsonl", data))
    assert [article.text for article in articles[2:]] == ["L’été à la côte", "cass\ufffd"]
    assert notice.where == f"{tmp_path / 'a.jsonl'}:4"
    assert notice.problem == "its text has 1 lone surrogate or undecodable byte"


def test_damaged_utf16_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", BODY.encode("utf-16") + b"\0\xd8\x20\0")
    (article,), (notice,) = read_all(path)
    assert article.text == BODY + "\ufffd "
    assert "1 lone surrogate" in notice.problem
    articles, (notice,) = read_all(write(path, BODY.encode("utf-16") + b"\0"))
    assert articles == []
    assert notice.problem.startswith("it cannot be decoded")
    assert notice.skipped


def test_characters_across_blocks_are_whole(tmp_path: Path) -> None:
    text = "x" + "港" * 700_000  # three bytes each, so that blocks end inside a character
    (article,) = read_quietly(write(tmp_path / "a.txt", text))
    assert article.text == text


def test_null_bytes_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", BODY + "\0" + BODY)
    write(tmp_path / "b.jsonl", '{"text": "a\\u0000b\\ud800c"}\n')
    write(tmp_path / "c.csv", f"text\n{BODY}\0\n")
    articles, notices = read_all(tmp_path)
    assert [article.text for article in articles] == [f"{BODY}\ufffd{BODY}", "a\ufffdb\ufffdc", f"{BODY}\ufffd"]
    assert [notice.problem for notice in notices] == [
        "its text has 1 null byte",
        "its text has 1 null byte",
        "its text has 1 lone surrogate or undecodable byte",
        "its text has 1 null byte",
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_told_by_its_null_bytes(tmp_path: Path, encoding: str) -> None:
    text = f"Hafen wieder geöffnet nach dem Sturm\n\n{BODY} \U0001f6a2\n" * 2000
    path = write(tmp_path / "a.txt", text.encode(encoding))
    (article,), (notice,) = read_all(path)
    assert article.text == text.split("\n", 1)[1]
    assert (notice.problem, notice.skipped) == (f"it is not UTF-8, it looks like {encoding}", False)


NOISE = random.Random(7).randbytes(50_000)  # noqa: S311 - noise that is the same every time
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"
PNG += b"\0\0\0\nIDATx\x9cc\0\1\0\0\5\0\1\r\n-\xb4"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.json", "a.jsonl", "a.csv", "a.txt.gz"])
@pytest.mark.parametrize("data", [PNG, b"\0", b"\0" * 90, b"\0\0\0t" * 9, NOISE])
def test_what_is_not_text_is_skipped(tmp_path: Path, name: str, data: bytes) -> None:
    path = write(tmp_path / name, data)
    assert read_all(path) == ([], [Notice(str(path), "it is not text", "skipped", skipped=True)])


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.json", "a.jsonl", "a.csv", "a.txt.gz", "a.json.gz"])
@pytest.mark.parametrize("content", ["", " \n\n\t", "\ufeff"])
def test_an_empty_file_is_told(tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path / name, content)
    assert read_all(path) == ([], [Notice(str(path), "there is no article in it", "skipped", skipped=True)])


@pytest.mark.parametrize("ending", [".gz", ".zst", ".bz2", ".xz"])
def test_what_is_not_packed_though_its_name_says_so_is_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.jsonl{ending}"
    path.write_text(json_lines([{"text": BODY}]))
    (article,), (notice,) = read_all(path)
    assert article.text == BODY
    assert str(notice) == f"{path}: its name says that it is packed, and it is not; read so"
    assert not notice.skipped


def test_of_a_cut_gz_the_beginning_arrives(tmp_path: Path) -> None:
    draw = random.Random(3)  # noqa: S311 - text that does not pack too well, the same every time
    records = [{"id": number, "text": f"{BODY} {draw.random()}"} for number in range(3000)]
    path = write(tmp_path / "a.jsonl.gz", json_lines(records))
    packed = path.read_bytes()
    path.write_bytes(packed[: len(packed) // 2])
    articles, notices = read_all(path)
    assert 1000 < len(articles) < 2000
    assert [article.text for article in articles] == [record["text"] for record in records[: len(articles)]]
    gz, line = notices
    assert line.where == f"{path}:{len(articles) + 1}"
    assert gz.problem.startswith("it is not a whole gzip file")
    assert "kept" in gz.action
    assert gz.skipped


@pytest.mark.parametrize("name", ["a.txt.gz", "a.json.gz", "a.csv.gz", "a.md.gz"])
def test_a_cut_gz_of_any_kind_is_told(tmp_path: Path, name: str) -> None:
    contents = {"a.json.gz": json_lines([{"text": BODY}])[:-1], "a.csv.gz": f"text\n{BODY}\n{BODY}\n"}
    path = write(tmp_path / name, contents.get(name, BODY))
    path.write_bytes(path.read_bytes()[:-6])  # the check sum is cut, the text is whole
    articles, (notice,) = read_all(path)
    assert articles[0].text == BODY
    assert "not a whole gzip file" in notice.problem


def test_a_gz_in_several_pieces_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(b"".join(gzip.compress(json_lines([{"text": BODY}]).encode()) for _ in range(3)))
    assert len(read_quietly(path)) == 3


@given(
    st.binary(max_size=300) | st.text('{}[]",:\\ud8\n\r\t;|-#ab0', max_size=200).map(str.encode),
    st.sampled_from([".txt", ".md", ".json", ".jsonl", ".csv", ".tsv", ".txt.gz", ".jsonl.gz", ".csv.gz"]),
    st.booleans(),
)
def test_no_bytes_raise_and_none_go_without_a_word(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str, packed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / f"noise{ending}"
    path.write_bytes(gzip.compress(data) if packed else data)
    articles, notices = read_all(path)
    assert articles or any(notice.skipped for notice in notices)
    for shown in (*map(str, notices), *(article.text + article.title + article.id for article in articles)):
        shown.encode()
