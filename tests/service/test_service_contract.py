"""Answers match the OpenAPI document, without a 500, by schemathesis, links included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from serving import Served, serving

from dedup.service.tokens import add_token

EXAMPLES = int(os.environ.get("DEDUP_SERVICE_EXAMPLES", "6"))
"""Generated requests of each operation, and walks along links."""
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=EXAMPLES < 50,
    database=None,
)


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    folder = tmp_path_factory.mktemp("contract")
    secret = add_token(folder / "tokens", "all", "write")
    limits = ("--limit", "news_time=0.1", "--limit", "listen_time=0.2")
    with serving(folder / "stories.db", "--tokens", str(folder / "tokens"), *limits) as served:
        yield served, secret
        assert served.ready()
        assert not [line for line in served.lines if "Traceback" in line or "a fault" in line]


@pytest.fixture(scope="module")
def document(contract: tuple[Served, str]) -> Any:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    from schemathesis.config import SchemathesisConfig

    served, secret = contract
    # That a cursor was given out, and that a day is in the calendar, is more than a schema can say.
    # Every request has the token of `headers`, also one that is to be refused: `test_service_tokens` sends wrong ones.
    checks = {"positive_data_acceptance": {"enabled": False}, "ignored_auth": {"enabled": False}}
    config = SchemathesisConfig.from_dict({"headers": {"Authorization": f"Bearer {secret}"}, "checks": checks})
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json", config=config)


def test_every_operation_matches_the_document(document: Any) -> None:
    from schemathesis import GenerationMode

    count = 0
    for found in document.get_all_operations():
        operation = found.ok()

        @BOUNDED
        @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def holds(case: Any) -> None:
            case.call_and_validate(timeout=60)

        holds()
        count += 1
    assert count > 18


def test_walks_along_the_links(document: Any) -> None:
    machine = document.as_state_machine()
    machine.run(settings=settings(BOUNDED, stateful_step_count=8))


def test_the_document_is_complete(contract: tuple[Served, str]) -> None:
    served, _ = contract
    told = httpx.get(f"{served.url}/openapi.json").json()
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert {"400", "408", "429", "500", "503"} <= set(answers), (method, path)
            assert operation["summary"]
            if path.startswith("/v1"):
                assert {"401", "403"} <= set(answers), (method, path)
                assert operation["security"]
            for status, answer in answers.items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
