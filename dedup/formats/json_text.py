"""JSON that every parser takes, on one line, and that is safe to print."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def finite(value: Any) -> Any:
    """The value; None in place of a number that is infinite or none, which JSON does not have."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(value: Any) -> str:
    """The value as one line of strict JSON.

    Letters of all scripts stay readable. Escaped, and so unharmed on the way back, are: line ends of any kind, since
    many a reader of JSON lines splits at them; what a terminal would obey; lone surrogates, which UTF-8 cannot carry.

    Raises:
        ValueError: a number that is infinite or not a number; JSON has no such numbers.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)  # these occur inside strings only
