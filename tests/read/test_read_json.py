from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import BODY, json_lines, read_all, read_quietly, write

from dedup.article import Article, Notice


def test_the_other_nine_lines_arrive(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"{BODY} {number}"}) for number in range(1, 11)]
    lines[6] = '{"text": "The harbour'
    path = write(tmp_path / "feed.jsonl", "\n".join(lines))
    articles, notices = read_all(path)
    assert [article.id for article in articles] == [f"feed.jsonl:{number}" for number in (1, 2, 3, 4, 5, 6, 8, 9, 10)]
    assert notices == [
        Notice(f"{path}:7", "broken JSON at column 10 (Unterminated string starting at)", "line skipped", skipped=True)
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[1, 2]", "a line has to hold one JSON object, this one holds a list"),
        ('"text"', "a line has to hold one JSON object, this one holds a string"),
        ("12", "a line has to hold one JSON object, this one holds a number"),
        ("null", "a line has to hold one JSON object, this one holds null"),
        ("{} {}", "broken JSON at column 4 (Extra data)"),
        ('{"text": "x"', "broken JSON at column 13 (Expecting ',' delimiter)"),
        ("[" * 200_000, "the JSON is nested too deeply"),
        ('{"text": ' * 200_000, "the JSON is nested too deeply"),
    ],
    ids=lambda value: value[:12],
)
def test_a_line_that_is_no_object(tmp_path: Path, line: str, problem: str) -> None:
    path = write(tmp_path / "a.jsonl", f'{line}\n{{"text": "x"}}\n')
    articles, notices = read_all(path)
    assert [article.id for article in articles] == ["a.jsonl:2"]
    assert notices == [Notice(f"{path}:1", problem, "line skipped", skipped=True)]


def test_odd_numbers(tmp_path: Path) -> None:
    lines = [
        '{"text": "x", "id": NaN, "date": Infinity}',
        '{"text": NaN, "title": "t"}',
        f'{{"text": "x", "id": {"7" * 100}, "date": {"7" * 100}}}',
        f'{{"text": "x", "id": {"7" * 5000}}}',
        '{"text": "x", "id": 1e400}',
    ]
    path = write(tmp_path / "a.jsonl", "\n".join(lines))
    articles, notices = read_all(path)
    assert [article.id for article in articles] == ["a.jsonl:1", "a.jsonl:2", "7" * 100, "inf"]
    assert [(notice.where.removeprefix(f"{path}:"), notice.skipped) for notice in notices] == [
        ("4", True),
        ("1 and 1 more", False),
    ]


def test_blank_lines_count_but_say_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", '\n{"text": "x"}\r\n\r\n  \n{"text": "y"}')
    assert [article.id for article in read_quietly(path)] == ["a.ndjson:2", "a.ndjson:5"]


def test_ids_of_ones_own_and_fields(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", json_lines([{"key": 5, "story_body": BODY}, {"story_body": BODY}]))
    articles = read_quietly(path, fields={"id": "key", "text": "story_body"})
    assert [(article.id, article.text, article.path) for article in articles] == [
        ("5", BODY, str(path)),
        ("a.jsonl:2", BODY, str(path)),
    ]


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ({"text": BODY}, ["a.json"]),
        ({"text": BODY, "id": "own", "items": [{"text": "x"}]}, ["own"]),
        ({"title": BODY, "text": None, "data": []}, ["a.json"]),
        ([{"text": BODY}, {"text": BODY, "id": 5}, {"text": BODY}], ["a.json:1", "5", "a.json:3"]),
        ({"status": "ok", "articles": [{"content": BODY}, {"content": BODY}]}, ["a.json:1", "a.json:2"]),
        ({"title": "The feed", "items": [{"content_text": BODY}]}, ["a.json:1"]),
        ({"response": {"status": "ok", "results": [{"body": BODY}]}}, ["a.json:1"]),
    ],
    ids=range(7),
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_what_a_json_file_can_be(tmp_path: Path, content: object, ids: list[str], indent: int, ending: str) -> None:
    path = write(tmp_path / f"a.json{ending}", json.dumps(content, indent=indent))
    wanted = [id_.replace("a.json", f"a.json{ending}") for id_ in ids]
    assert [article.id for article in read_quietly(path)] == wanted


def test_json_lines_under_the_name_of_json(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '\n{"text": "x"}\n{broken\n{"text": "y"}\n')
    articles, (notice,) = read_all(path)
    assert [article.id for article in articles] == ["a.json:2", "a.json:4"]
    assert notice.where == f"{path}:3"


def test_of_a_broken_list_the_whole_items_arrive(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '[\n{"text": "x"},\n{"text": "y"},\n{"text": z}, {"text": "w"}\n]')
    articles, notices = read_all(path)
    assert [(article.id, article.text) for article in articles] == [
        ("a.json:1", "x"),
        ("a.json:2", "y"),
        ("a.json:4", "w"),
    ]
    problem = "broken JSON at line 4, column 10 (Expecting value)"
    action = "what is broken is skipped, up to the next item"
    assert notices == [Notice(f"{path}:3", problem, action, skipped=True)]


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ('[{"text": "x"} {"text": "y"}]', ["x", "y"]),
        ('[{"text": "x"},, {"text": "y"}]', ["x", "y"]),
        ('[{"text": "x"}, {"text": "y", "a": {"text": 1', ["x"]),
        ('[{"text": "x"}, {"a": {"text": "no"}, "b": [{"c": 1}, {"d": 2}], z}, {"text": "y"}]', ["x", "y"]),
        ('[{"text": "x"}, {"text": "broken "quote""}, {"text": "y"}, 5, {"text": "z"}]', ["x", "y", "z"]),
        ('{"status": "ok", "Articles": [{"text": "x"}, {"text": y}, {"text": "z"}]}', ["x", "z"]),
        ('[{"text": "x"}, ' + '{"a":' * 200_000 + ', {"text": "y"}]', ["x", "y"]),
        ('[{"text": "x"}, {"n": ' + "9" * 5000 + '}, {"text": "y"}]', ["x", "y"]),
    ],
    ids=range(8),
)
def test_what_follows_a_break_arrives(tmp_path: Path, content: str, texts: list[str]) -> None:
    articles, notices = read_all(write(tmp_path / "a.json", content))
    assert [article.text for article in articles] == texts
    assert any(notice.skipped for notice in notices)


def test_a_long_list_is_read_piece_by_piece(tmp_path: Path) -> None:
    records = [{"text": "\u1234é\n" * (number % 7000), "id": str(number), "title": "t"} for number in range(300)]
    broken = json.dumps(records, indent=1, ensure_ascii=False).replace('"id": "299"', '"id": 2 99')
    articles, (notice,) = read_all(write(tmp_path / "a.json", broken))
    assert [(article.id, article.text) for article in articles] == [
        (record["id"], record["text"]) for record in records[:299]
    ]
    line = broken[: broken.index("2 99")].count("\n") + 1
    assert notice.problem == f"broken JSON at line {line}, column 11 (Expecting ',' delimiter)"


def test_the_place_of_a_break_in_a_long_line(tmp_path: Path) -> None:
    items = [json.dumps({"text": BODY})] * 5000
    content = f"[{', '.join(items)}, {{broken]"
    (notice,) = read_all(write(tmp_path / "a.json", content))[1]
    assert f"column {content.index('broken') + 1} (" in notice.problem


def test_names_that_stand_twice(tmp_path: Path) -> None:
    content = '{"text": "x", "a": {"b": 1, "b": 2}, "text": "y"}'
    for name, text, place in (("a.jsonl", content, ":1"), ("a.json", content, ""), ("b.json", f"[{content}]", ":1")):
        path = write(tmp_path / name, text)
        (article,), (notice,) = read_all(path)
        assert article.text == "y"
        problem = "several of its fields have one name: 'b', 'text'"
        assert notice == Notice(f"{path}{place}", problem, "the last of each is read", skipped=False)


@pytest.mark.parametrize(
    "content",
    [
        *('{"text": "x"', "{", "[", "[1", "[1,", "[,", "[}", '[{"text": "x"} {"text": "y"}]', '[{"text": "x"},]'),
        *('[{"text": "x"}] rest', "[] rest", "rest", "12", '"x"', "null", "[" * 200_000, '{"a":' * 200_000),
        *('[{"text": "x"} [{"text": "y"}]', "[1 []", "9" * 5000),
    ],
    ids=lambda value: value[:30],
)
def test_broken_json_files_are_told(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "a.json", content)
    _, notices = read_all(path)
    assert notices
    assert all(notice.skipped and notice.where.startswith(str(path)) for notice in notices)
    assert len(notices[-1].problem) < 200


@pytest.mark.parametrize("content", ["[]", " [ \n ] "])
def test_an_empty_list_is_told(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "a.json", content)
    assert read_all(path) == ([], [Notice(str(path), "there is no article in it", "skipped", skipped=True)])


def test_items_that_are_no_objects(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '["x", {"text": "y"}, null]')
    articles, notices = read_all(path)
    assert [article.id for article in articles] == ["a.json:2"]
    assert [str(notice) for notice in notices] == [
        f"{path}:1: an article has to be a JSON object, this is a string; skipped",
        f"{path}:3: an article has to be a JSON object, this is null; skipped",
    ]


names = st.text(st.characters(codec="utf-8", exclude_characters="\0<&")).map(str.strip)
bodies = st.text(st.characters(codec="utf-8", exclude_characters="\0<&"), min_size=1).filter(str.strip)
records = st.lists(
    st.fixed_dictionaries(
        {"id": names.filter(bool), "text": bodies},
        optional={"title": names, "source": names, "lang": names, "story": names.filter(bool)},
    ),
    min_size=1,
    max_size=5,
)


@given(records, st.sampled_from([".jsonl", ".json", ".jsonl.gz", ".json.gz"]), st.booleans())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, pile: list[dict[str, str]], ending: str, ascii_only: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / f"pile{ending}"
    if ".jsonl" in ending:
        write(path, "".join(json.dumps(record, ensure_ascii=ascii_only) + "\n" for record in pile))
    else:
        write(path, json.dumps(pile, ensure_ascii=ascii_only))
    assert read_quietly(path) == [
        Article(path=str(path), where=f"{path}:{number}", **record)  # type: ignore[arg-type] # by name
        for number, record in enumerate(pile, 1)
    ]
