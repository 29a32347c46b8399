"""Print the lowest versions that `pyproject.toml` allows for dedup with all extras, to test on these.

In an empty environment:

    pip install $(python tests/lowest.py) hypothesis jsonschema polars pytest pytest-xdist
    pip install --no-deps . && python -m pytest
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_BOUND = re.compile(r"([\w-]+)(\[[\w,]+\])?>=([\w.]+)")


def lowest() -> list[str]:
    """Return `name==version` for each, sorted."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    (everything,) = extras["all"]
    names = everything.partition("[")[2].rstrip("]").split(",")
    asked = {*project["dependencies"], *(one for name in names for one in extras[name])}
    bounds = (_BOUND.match(one) for one in asked if not one.startswith("story-dedup"))
    return sorted(f"{bound[1]}=={bound[3]}" for bound in bounds if bound)


if __name__ == "__main__":
    print("\n".join(lowest()))  # noqa: T201 - what it is for
