from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from serving import Served, serving


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for all tests that leave it as it was, or mind nothing that is in it."""
    with serving(tmp_path_factory.mktemp("service") / "stories.db") as served:
        yield served


@pytest.fixture
def http(shared_service: Served) -> Iterator[httpx.Client]:
    with shared_service.client() as client:
        yield client
