"""`dedup settings`: what can be changed with --set."""

from __future__ import annotations

import math
import textwrap
from dataclasses import fields

from dedup.cli.options import JsonOption
from dedup.cli.output import standard_output
from dedup.report import json_text
from dedup.settings import Settings

SHORT_HELP = "List every setting: default, range, meaning."
HELP = """Lists every setting with its default, its range and its meaning.

The defaults are meant for every collection: no collection needs others. Change one with --set.

\b
Examples:
  dedup settings
  dedup cluster news/ --set granularity=.4 --set window=7

The list goes to standard output. Exit codes: 0 done, 2 wrong usage.
"""


def command(json: JsonOption = False) -> None:
    """Prints the settings."""
    with standard_output() as out:
        if json:
            knobs = {
                knob.name: {
                    "default": knob.default,
                    "low": knob.metadata["low"],
                    "high": None if math.isinf(knob.metadata["high"]) else knob.metadata["high"],
                    "help": knob.metadata["help"],
                }
                for knob in fields(Settings)
            }
            out.write(json_text(knobs) + "\n")
            return
        for knob in fields(Settings):
            span = _span(knob.metadata["low"], knob.metadata["high"])
            out.write(f"{knob.name} = {knob.default}   ({span})\n")
            out.write(textwrap.indent(knob.metadata["help"], "    ") + "\n")


def _span(low: float, high: float) -> str:
    return f"{low} or more" if math.isinf(high) else f"{low} to {high}"
