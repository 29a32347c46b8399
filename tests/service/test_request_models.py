"""Request models: their schemas and the validation agree, and errors of pydantic become the promised problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import Article, StoryIndex
from dedup.service.app import document, inner_application
from dedup.service.problems import FAULTS, Fault, Problem
from dedup.service.request_models import RequestModels, read_date
from dedup.service.settings import ServiceSettings
from dedup.service.state import State
from dedup.service.tokens import Authenticator

SERVICE = ServiceSettings(text=40, batch=3)
MODELS = RequestModels(SERVICE)
STRINGS = st.text(max_size=45) | st.sampled_from(["", " x", "a\nb", "\ud800", "\ud800" * 50, "x" * 513, "x" * 5_001])
VALUES = (
    STRINGS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([[], {}, [0.5, -2], "2024-01-31", "2024-01-31T12:30Z"])
)


def records() -> st.SearchStrategy[dict[str, Any]]:
    """Objects of the fields of the model, of an unknown one, and of any values."""
    names = [*MODELS.article.model_fields, "path", "\ud800"]
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES))


@pytest.mark.parametrize("needs_id", [True, False])
@settings(max_examples=400, deadline=None)
@given(record=records())
def test_a_record_is_refused_exactly_where_its_schema_refuses_it(needs_id: bool, record: dict[str, Any]) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = (MODELS.article if needs_id else MODELS.unnamed).model_json_schema()
    wrong = {name for name in schema["required"] if name not in record}
    for name, value in record.items():
        half = isinstance(value, str) and "\ud800" in value  # the schema cannot exclude it, nor days of no calendar
        date = name in {"published", "seen"} and isinstance(value, str) and read_date(value) is None
        if half or date or not validator(schema["properties"].get(name, False)).is_valid(value):
            wrong.add(name)
    article: Article | None = None
    faults: tuple[Fault, ...] = ()
    try:
        article = MODELS.read_article(record, where="articles.3", needs_id=needs_id)
    except Problem as error:
        faults = error.faults
    assert {fault.field for fault in faults} == {f"articles.3.{name}" for name in wrong}
    assert all(fault.problem and fault.remedy for fault in faults)
    assert (article is None) == bool(wrong)
    if article is not None:
        strings = record.keys() - {"published", "seen", "vector"}
        assert {name: getattr(article, name) for name in strings} == {name: record[name] or "" for name in strings}
        assert article.vector == (None if record.get("vector") is None else tuple(record["vector"]))


def test_markup_is_removed() -> None:
    given = {"id": "a", "text": "<p>Fire on a <b>ferry</b></p>", "title": "Fire &amp; <i>smoke</i>"}
    article = MODELS.read_article(given)
    assert (article.text, article.title) == ("Fire on a ferry", "Fire & smoke")
    with pytest.raises(Problem):
        MODELS.read_article({"id": "a", "text": "<br/><br/>"}, needs_words=True)


def test_faults_are_bounded_and_in_order() -> None:
    many = {f"x{number}": 1 for number in range(50)}
    with pytest.raises(Problem) as error:
        MODELS.read_article({"text": 5, **many})
    assert [fault.field for fault in error.value.faults] == list(many)[:FAULTS]
    with pytest.raises(Problem) as error:
        MODELS.read_article({"seen": "x", "text": 5, "path": "", "title": 5})
    assert [fault.field for fault in error.value.faults] == ["path", "id", "text", "title", "seen"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (None, "it is no list"),
        ({"articles": {}}, "it is no list"),
        ({"articles": [], "more": 1}, "it is no list"),
        ({"articles": [1] * 4}, "there are 4 articles"),
    ],
)
def test_a_batch_is_refused_as_one(body: Any, problem: str) -> None:
    with pytest.raises(Problem) as error:
        MODELS.read_batch(body)
    (fault,) = error.value.faults
    assert fault.field == "articles"
    assert fault.problem.startswith(problem)
    assert MODELS.read_batch({"articles": [1, None, {}]}) == [1, None, {}]


def test_the_document_has_the_models(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "s.db") as index:
        state = State(index, SERVICE, Authenticator(None))
        told = document(inner_application(state), state.request_models)
    components = told["components"]["schemas"]
    template = "#/components/schemas/{model}"
    for model in state.request_models.all:
        schema = model.model_json_schema(ref_template=template)
        schema.pop("$defs", None)
        assert components[model.__name__] == schema
    assert components["ArticleToAdd"]["properties"]["text"]["maxLength"] == SERVICE.text
    assert components["Batch"]["properties"]["articles"]["maxItems"] == SERVICE.batch
    for operations in told["paths"].values():
        for operation in operations.values():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            for schema in [] if body is None else [body["schema"], *body["schema"].get("anyOf", ())]:
                assert "anyOf" in schema or schema.get("$ref", "/Pair").rpartition("/")[2] in components
