"""What is written is what the schemas that ship say, in the order of columns that they say."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import jsonschema
import pytest
from made_clustering import example

import dedup
from dedup.archive import Archived
from dedup.keep import ADDED, ADDED_AGAINST, added_fields
from dedup.report import (
    COLUMNS_AGAINST,
    SCHEMAS,
    json_text,
    read_schema,
    write_csv,
    write_json,
    write_jsonl,
    write_parquet,
)
from dedup.results.clustering import COLUMNS

TEXTS = ["Fire broke out on the ferry off Corran.", "Fire broke out on the ferry off Corran.", "Rain in Kallby."]


def checker(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(read_schema(name))


@pytest.fixture(params=["made", "found", "arrivals"])
def found(request: pytest.FixtureRequest) -> Any:
    if request.param == "made":
        return example()
    articles = [{"id": str(number), "text": text, "seen": "2024-01-02"} for number, text in enumerate(TEXTS)]
    if request.param == "found":
        return dedup.cluster(articles)
    return dedup.cluster_against(articles, [Archived(dedup.Article(id="x", text=TEXTS[0]), "s")])


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_describes_everything(name: str) -> None:
    schema = read_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)

    def described(part: Any) -> None:
        for key, inner in part.get("properties", {}).items():
            held = inner.get("items", inner)
            assert inner.get("description") or "const" in inner or held.get("properties"), key
            described(held)

    described(schema)


def test_there_is_no_other_schema() -> None:
    with pytest.raises(KeyError):
        read_schema("../secret")


def test_columns_are_those_of_the_schema_in_its_order() -> None:
    assert tuple(read_schema("jsonl")["properties"]) == COLUMNS_AGAINST
    assert tuple(read_schema("jsonl")["required"]) == COLUMNS
    assert tuple(read_schema("kept")["properties"]) == (*ADDED, *ADDED_AGAINST)
    assert tuple(read_schema("kept")["required"]) == ADDED


def test_lines(found: Any) -> None:
    out = io.StringIO()
    write_jsonl(found, out)
    for line in out.getvalue().splitlines():
        record = json.loads(line)
        checker("jsonl").validate(record)
        assert tuple(record) in {COLUMNS, COLUMNS_AGAINST}


def test_rows(found: Any) -> None:
    out = io.StringIO(newline="")
    write_csv(found, out)
    assert tuple(next(csv.reader(io.StringIO(out.getvalue(), newline="")))) in {COLUMNS, COLUMNS_AGAINST}


def test_columns_of_parquet(found: Any) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    write_parquet(found, out)
    rows = parquet.read_table(io.BytesIO(out.getvalue())).to_pylist()
    assert rows == found.to_records()
    for row in rows:
        checker("jsonl").validate(row)


def test_the_document(found: Any) -> None:
    out = io.StringIO()
    write_json(found, out)
    document = json.loads(out.getvalue())
    checker("json").validate(document)

    def keys(schema: Any, value: Any, where: str = "") -> None:
        if isinstance(value, dict) and "properties" in schema:
            optional = set(schema["properties"]) - set(schema["required"])
            if where != ".settings":
                assert set(value) - optional == set(schema["required"]), where
            for key, inner in value.items():
                keys(schema["properties"].get(key, {}), inner, f"{where}.{key}")
        elif isinstance(value, list):
            for inner in value:
                keys(schema.get("items", {}), inner, f"{where}[]")

    keys(read_schema("json"), document)


def test_added_fields(found: Any) -> None:
    for added in added_fields(found):
        checker("kept").validate(json.loads(json_text(added)))


def test_a_wrong_value_is_found() -> None:
    record = dict.fromkeys(COLUMNS, "x")
    assert not checker("jsonl").is_valid(record)
