"""The notebooks of the documentation: reading, running and writing."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from pages import ROOT

NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def run(notebook: Any) -> Any:
    """Run a notebook in the root of the repository; return it without times and execution counts."""
    fresh = copy.deepcopy(notebook)
    NotebookClient(fresh, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    number = 0
    for cell in fresh.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            number += 1
            cell.execution_count = number
            for output in cell.outputs:
                output.pop("execution_count", None)
                if output.output_type == "execute_result":
                    output["execution_count"] = number
    return fresh


def write(notebook: Any, path: Path) -> None:
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
