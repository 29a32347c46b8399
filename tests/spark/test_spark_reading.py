"""Rows of a data frame are read as articles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="dedup.spark needs pyarrow")

from dedup.inputs.preferences import Preferences
from dedup.settings import Settings
from dedup.spark.reading import _row

OWN = Preferences(Settings(ungrouped="source:Stars"))


def test_the_id_of_a_row_without_one_depends_on_its_content() -> None:
    today = datetime(2024, 6, 1, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {"id": None, "text": "A text."},
        {"text": "A text.", "id": " "},
        {"id": "", "text": "Another."},
    ]
    first, second, third = (_row(row, ["id"], {}, today, OWN)[0] for row in rows)
    assert first["id"].startswith("row-")
    assert len({first["id"], third["id"]}) == 2
    assert "it has no id; named after what it holds" in second["notices"]
    assert _row({"id": 7, "text": "A text."}, ["id"], {}, today, OWN)[0]["id"] == "7"
    assert _row({"id": 7, "text": None}, ["id"], {}, today, OWN)[0]["blank"]
    assert _row({"id": 8, "text": "A text.", "source": "stars"}, ["id"], {}, today, OWN)[0]["blank"]
    assert _row({"id": 8, "text": "A text.", "source": "stars"}, ["id"], {}, today, OWN)[1:] == ("", "")
