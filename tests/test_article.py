"""Values that `Article` refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dedup import Article, InputError


@pytest.mark.parametrize("field", ["id", "text", "title", "source", "url", "lang", "path", "where"])
@pytest.mark.parametrize("value", [None, 7, b"bytes", float("nan")])
def test_words_are_strings(field: str, value: Any) -> None:
    values: dict[str, Any] = {"id": "a", "text": "b", field: value}
    with pytest.raises(InputError, match=rf"^Article\.{field} must be a string, not {type(value).__name__}$"):
        Article(**values)


@pytest.mark.parametrize("value", [pd.NaT, np.datetime64("NaT", "s"), "1999-03-12", 921196800, float("nan")])
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"^Article\.published must be a date, a datetime or None, not .*from_record"):
        Article(id="a", text="b", published=value)


@pytest.mark.parametrize(
    "value", [None, date(1999, 3, 12), datetime(1999, 3, 12, tzinfo=UTC), pd.Timestamp(1999, 3, 12)]
)
def test_what_is_a_date_is_kept(value: date | None) -> None:
    assert Article(id="a", text="b", published=value).published is value
