from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from reading import BODY, json_lines, read_all, read_quietly, write

from dedup.article import Notice
from dedup.errors import InputError
from dedup.read import read_articles


def ids(*paths: str | os.PathLike[str]) -> list[str]:
    return [article.id for article in read_quietly(*paths)]


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/b/c.md", "c.jsonl", "A.txt"):
        write(tmp_path / "pile" / name, json_lines([{"text": BODY}]) if name.endswith("l") else BODY)
    assert ids(tmp_path / "pile") == ["A.txt", "a/b/c.md", "a/z.txt", "b.txt", "c.jsonl:1"]


def test_paths_and_places_are_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "pile/nato/a.txt", BODY)
    write(tmp_path / "pile/feed.jsonl", "{\n")
    monkeypatch.chdir(tmp_path)
    for argument in ("pile", "pile/"):
        (article,), (notice,) = read_all(argument)
        assert (article.id, article.path, notice.where) == ("nato/a.txt", "pile/nato/a.txt", "pile/feed.jsonl:1")
    (article,), _ = read_all("pile/nato/a.txt")
    assert (article.id, article.path) == ("a.txt", "pile/nato/a.txt")


def test_several_arguments_do_not_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("north/a.txt", "south/a.txt", "south/news/a.txt", "north/news/a.txt"):
        write(tmp_path / name, BODY)
    monkeypatch.chdir(tmp_path)
    assert ids("north", "south/a.txt") == ["north/a.txt", "north/news/a.txt", "a.txt"]
    assert ids("north/news", "south/news/") == ["north/news/a.txt", "south/news/a.txt"]
    assert ids("north/a.txt", "south/a.txt") == ["north/a.txt", "south/a.txt"]


def test_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "pile/a.txt", BODY)
    write(tmp_path / "more/a.txt", BODY)
    monkeypatch.chdir(tmp_path / "pile")
    assert ids(".") == ["a.txt"]
    assert ids(".", "../more") == ["pile/a.txt", "more/a.txt"]


def test_one_path_is_no_list_of_letters(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", BODY)
    assert [article.id for article in read_articles(str(path))] == ["a.txt"]
    assert [article.id for article in read_articles(path)] == ["a.txt"]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", BODY)
    write(tmp_path / ".b.txt", BODY)
    write(tmp_path / ".git/c.txt", BODY)
    assert [article.id for article in read_all(tmp_path)[0]] == ["a.txt"]
    assert ids(tmp_path / ".b.txt") == [".b.txt"]


def test_links_that_go_round_are_read_once(tmp_path: Path) -> None:
    write(tmp_path / "pile/a/a.txt", BODY)
    write(tmp_path / "pile/b/b.txt", BODY)
    (tmp_path / "pile/a/up").symlink_to(tmp_path / "pile")
    (tmp_path / "pile/a/over").symlink_to(tmp_path / "pile/b")
    (tmp_path / "pile/b/back").symlink_to(tmp_path / "pile/a")
    (tmp_path / "pile/self").symlink_to(tmp_path / "pile/self")
    articles, (itself, again) = read_all(tmp_path / "pile")
    assert sorted(Path(article.id).name for article in articles) == ["a.txt", "b.txt"]
    assert (Path(itself.where).name, itself.skipped) == ("self", True)
    assert "files of this kind (no extension)" in itself.problem
    assert str(again) == f"{tmp_path / 'pile'}: 3 links lead to folders read already; not read again"


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone.txt")
    _, (notice,) = read_all(tmp_path)
    assert notice == Notice(
        str(tmp_path / "a.txt"), "it is no ordinary file, or a link to nothing", "skipped", skipped=True
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert [notice.skipped for notice in read_all(tmp_path)[1]] == [True]
    assert [notice.problem for notice in read_all(tmp_path / "a.txt")[1]] == ["it is no ordinary file"]


def test_folders_of_any_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        os.mkdir("d")  # noqa: PTH102 - the whole path would be too long for the system
        os.chdir("d")
    monkeypatch.chdir(tmp_path)
    assert [notice.problem for notice in read_all("d")[1]] == ["the folder is empty"]
    for depth in range(1200, 0, -1):  # pytest cannot remove it
        os.rmdir("d/" * depth)  # noqa: PTH106 - as above


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "gone.txt"
    assert read_all(path)[1] == [Notice(str(path), "there is no such file or folder", "skipped", skipped=True)]
    assert [notice.skipped for notice in read_all("a\0b.txt")[1]] == [True]


def test_files_of_other_kinds_and_empty_ones_are_named_each(tmp_path: Path) -> None:
    others = {"Makefile": "no extension", "a.png": ".png", "b/c.PNG": ".png", "d.toml": ".toml"}
    for name in (*others, "e.txt"):
        write(tmp_path / name, BODY)
    for name in ("f.txt", "g.jsonl"):
        (tmp_path / name).touch()
    articles, notices = read_all(tmp_path)
    assert [article.id for article in articles] == ["e.txt"]
    assert notices == [
        *(
            Notice(str(tmp_path / name), f"dedup does not read files of this kind ({kind})", "skipped", skipped=True)
            for name, kind in others.items()
        ),
        *(
            Notice(str(tmp_path / name), "there is no article in it", "skipped", skipped=True)
            for name in ("f.txt", "g.jsonl")
        ),
    ]


def test_hidden_files_that_would_be_read_are_counted(tmp_path: Path) -> None:
    for name in ("a.txt", ".b.txt", "c/.d.jsonl", ".git/e.txt", ".DS_Store", ".dedup.jsonl"):
        write(tmp_path / name, BODY)
    (notice,) = read_all(tmp_path)[1]
    problem = "2 files are hidden (the name begins with a dot)"
    assert notice == Notice(str(tmp_path), problem, "not read", skipped=False)
    assert read_all(tmp_path / "*.txt")[1] == []
    articles, (_, empty) = read_all(tmp_path / "c")
    assert (articles, empty.problem) == ([], "there is no file in it but hidden ones")


def test_a_file_of_another_kind_named_directly(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", BODY)
    (notice,) = read_all(path)[1]
    assert notice == Notice(str(path), "dedup does not read files of this kind (.png)", "skipped", skipped=True)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assert read_all(tmp_path)[1] == [Notice(str(tmp_path), "the folder is empty", "nothing read from it", skipped=True)]


def test_endings_in_capitals(tmp_path: Path) -> None:
    write(tmp_path / "FEED.JSONL.GZ", json_lines([{"text": BODY}]))
    write(tmp_path / "A.TXT", BODY)
    (tmp_path / "FEED.JSONL.GZ").rename(tmp_path / "b.gz")
    write(tmp_path / "x.gz", json_lines([{"text": BODY}])).rename(tmp_path / "FEED.JSONL.GZ")
    (tmp_path / "b.gz").unlink()
    assert ids(tmp_path) == ["A.TXT", "FEED.JSONL.GZ:1"]


@pytest.mark.skipif(sys.platform != "linux", reason="only here can a file's name be no text")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    write(tmp_path / os.fsdecode(b"caf\xe9.txt"), BODY)
    (article,) = read_quietly(tmp_path)
    assert article.id == "caf\ufffd.txt"
    assert article.text == BODY


def test_standard_input_is_json_lines() -> None:
    lines = json_lines([{"text": BODY}, {"text": BODY, "id": "own"}]) + "{broken\n" + json_lines([{"text": BODY}])
    articles, (notice,) = read_all("-", stdin=io.BytesIO(lines.encode()))
    assert [(article.id, article.path) for article in articles] == [("-:1", "-"), ("own", "-"), ("-:4", "-")]
    assert notice.where == "-:3"


def test_standard_input_beside_files(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", BODY)
    stdin = io.BytesIO(json_lines([{"text": BODY}]).encode())
    articles, _ = read_all("-", tmp_path / "a.txt", stdin=stdin)
    assert [article.id for article in articles] == ["-:1", "a.txt"]
    assert not stdin.closed


def test_standard_input_is_read_as_it_comes() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb", buffering=0) as feed:
        articles = read_articles("-", stdin=stdin)
        for number in range(3):
            feed.write(json_lines([{"text": BODY, "id": number}]).encode())
            assert next(articles).id == str(number)
        feed.close()
        assert list(articles) == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_standard_input_with_damaged_bytes(mark: bytes) -> None:
    lines = mark + b'{"text": "caf\xe9 in town"}\n' + '{"text": "café in town"}\n'.encode()
    (first, second), (notice,) = read_all("-", stdin=io.BytesIO(lines))
    assert (first.text, second.text) == ("caf\ufffd in town", "café in town")
    assert notice.where == "-:1"
    assert "undecodable" in notice.problem


def test_empty_standard_input_is_told() -> None:
    (notice,) = read_all("-", stdin=io.BytesIO())[1]
    assert (notice.where, notice.skipped) == ("-", True)


def test_without_a_list_the_notices_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "dedup"):
        assert list(read_articles(tmp_path / "gone")) == []
    assert "no such file" in caplog.text


def test_wrong_fields_are_told_before_anything_is_read_articles() -> None:
    with pytest.raises(InputError, match="txt"):
        read_articles("nowhere", fields={"txt": "body"})


def test_files_are_opened_when_their_turn_comes(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", BODY)
    write(tmp_path / "b.txt", BODY)
    articles = read_articles(tmp_path)
    assert next(articles).id == "a.txt"
    (tmp_path / "b.txt").write_text("Another body, written late.")
    assert next(articles).text == "Another body, written late."


CLOSED = """
import os, sys
from dedup.read import read_articles
if os.geteuid() == 0:  # who may read everything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
notices = []
print([article.id for article in read_articles(sys.argv[1], notices=notices)])
print(*notices, sep="\\n")
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has other permissions")
def test_what_may_not_be_read_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:  # not below tmp_path, which only its owner may enter
        folder = Path(name)
        folder.chmod(0o755)
        write(folder / "a.txt", BODY)
        write(folder / "b.txt", BODY).chmod(0)
        write(folder / "closed/c.txt", BODY)
        (folder / "closed").chmod(0)
        command = [sys.executable, "-c", CLOSED, name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        (folder / "closed").chmod(0o755)
    assert done.stderr == ""
    assert done.stdout.replace(f"{name}/", "").splitlines() == [
        "['a.txt']",
        "b.txt: it cannot be read (Permission denied); skipped",
        "closed: the folder cannot be read (Permission denied); skipped",
    ]
