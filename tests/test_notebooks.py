"""The notebooks of the documentation run and have the stored output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient", reason="notebooks need the extra docs")

from notebooks import NOTEBOOKS, read, run
from pages import name_of


def given(cell: Any) -> list[Any]:
    """Return the output of a cell without the HTML of pandas, which depends on its version."""
    outputs = cell.get("outputs", [])
    for output in outputs:
        if 'class="dataframe"' in output.get("data", {}).get("text/html", ""):
            del output["data"]["text/html"]
    return list(outputs)


@pytest.mark.filterwarnings("default")  # those of the machinery of notebooks are not ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_notebook_shows_what_it_gives(path: Path) -> None:
    shown = read(path)
    fresh = run(shown)
    assert [given(cell) for cell in fresh.cells] == [given(cell) for cell in shown.cells]


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS
