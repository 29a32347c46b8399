"""Cells that a spreadsheet shows as they are: it would take some texts for formulas, and compute them."""

from __future__ import annotations

import re

_FORMULA = re.compile("'*[=+@\t\r-]")


def escape_formula(text: str) -> str:
    """The text, with an apostrophe before one that would be a formula, or that is one behind apostrophes."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(cell: str) -> str:
    """The text that `escape_formula` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
