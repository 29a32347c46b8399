"""What a service says that is not ready, and that this is no error."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import httpx
import pytest
from serving import serving

from dedup import StoryIndex
from dedup.service.problems import Problem
from dedup.service.settings import ServiceSettings
from dedup.service.state import State
from dedup.service.tokens import Authenticator

sys.path.append(str(Path(__file__).resolve().parents[1] / "index"))
from made_articles import stream


def test_it_says_what_it_waits_for(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "s.db") as index:
        state = State(index, ServiceSettings(), Authenticator(None))
        for unready, status, said in (
            ("starting", 503, r"it reads the 0 articles of its store into memory, \d+ s so far"),
            ("failed", 503, "the articles of its store could not be read"),
        ):
            state.unready = unready
            with pytest.raises(Problem) as error:
                state.require_ready()
            assert error.value.status == status
            assert re.fullmatch(said, error.value.faults[0].problem)


def test_starting_and_stopping_are_no_errors(tmp_path: Path) -> None:
    with StoryIndex.open(tmp_path / "s.db") as index:
        index.add_many(stream(3, 80))
    with serving(tmp_path / "s.db", "--log-json", wait=False) as served:
        until, statuses = time.monotonic() + 100, set[int]()
        while 200 not in statuses:
            assert time.monotonic() < until
            answer = httpx.get(f"{served.url}/readyz")
            statuses.add(answer.status_code)
            if answer.status_code == 503:
                assert "it reads the 80 articles" in answer.json()["detail"]
        assert statuses <= {200, 503}
        assert served.stop() == 0
    levels = {json.loads(line)["level"].lower() for line in served.lines if line.startswith("{")}
    assert levels
    assert not levels & {"error", "critical"}, served.lines
