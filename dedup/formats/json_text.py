"""Write strict JSON on one line, safe to print."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def finite(value: Any) -> Any:
    """Return the value, or None for an infinite or NaN float, which JSON cannot represent."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(value: Any) -> str:
    """Serialize a value as one line of strict JSON.

    Letters of all scripts stay readable. Line ends of every kind, terminal control characters and lone surrogates are
    escaped, so they survive readers that split at line ends, terminals and UTF-8.

    Raises:
        ValueError: a number is infinite or NaN, which JSON cannot represent.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)  # these occur inside strings only
