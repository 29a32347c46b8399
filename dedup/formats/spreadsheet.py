"""Escape cells that a spreadsheet would evaluate as formulas."""

from __future__ import annotations

import re

_FORMULA = re.compile("'*[=+@\t\r-]")


def escape_formula(text: str) -> str:
    """Prefix an apostrophe to a text that is a formula, or a formula behind apostrophes."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    """Undo `escape_formula`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
