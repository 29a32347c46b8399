"""`dedup settings`: list all settings with their values and where these come from."""

from __future__ import annotations

import math
import textwrap
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from dedup.cli.options import ConfigurationOptions, JsonOption, grouped
from dedup.cli.output import standard_output
from dedup.formats.escaping import visible
from dedup.formats.json_text import json_text
from dedup.report import finite
from dedup.settings import Settings

if TYPE_CHECKING:
    from dedup.config import Configuration

HELP = """List every setting with its value, the origin of the value, its range and its meaning.

The defaults are meant to suit every collection.

Each setting is taken from the first of these that has it: a flag (--set, --threads, --memory, --field, --dayfirst,
--columns); an environment variable (DEDUP_WINDOW=7, DEDUP_FIELD_TEXT=body, DEDUP_DAYFIRST=1); a file, namely that of
--config or DEDUP_CONFIG, or else the nearest dedup.toml, or pyproject.toml with a table [tool.dedup], in this folder or
one above; the default.

\b
Examples:
  dedup settings
  dedup settings --set granularity=.4 --json
  dedup cluster news/ --set granularity=.4 --set window=7

\b
A dedup.toml:
  granularity = 0.4
  memory = "4GB"
  dayfirst = true
  [fields]
  text = "story_body"

The list goes to standard output. Exit codes: 0 done, 2 wrong usage; all faults are reported together, with location.
"""


@grouped
def command(
    configuration: ConfigurationOptions,
    json: JsonOption = False,
) -> None:
    """Print the settings."""
    given = configuration.configured(apply=False)
    with standard_output() as out:
        if json:
            out.write(json_text(_record(given)) + "\n")
            return
        for knob in fields(Settings):
            value, origin = getattr(given.settings, knob.name), given.origins[knob.name]
            default = "" if origin == "default" else f"; default {knob.default}; from {visible(origin)}"
            value = visible(value) if isinstance(value, str) else value
            out.write(f"{knob.name} = {value}   ({_span(knob.metadata['low'], knob.metadata['high'])}{default})\n")
            out.write(textwrap.indent(knob.metadata["help"], "    ") + "\n")
        origin = given.origins["dayfirst"]
        default = "" if origin == "default" else f"; default false; from {visible(origin)}"
        out.write(f"dayfirst = {str(given.dayfirst).lower()}   (true or false{default})\n")
        out.write("    whether 01/02/2024 is the first of February\n")
        if given.columns:
            out.write(f"columns = {visible(','.join(given.columns))}   (from {visible(given.origins['columns'])})\n")
        for name, theirs in given.fields.items():
            origin = given.origins[f"fields.{name}"]
            out.write(f"fields.{name} = {visible(theirs)}   (from {visible(origin)})\n")


def _record(given: Configuration) -> dict[str, Any]:
    """Return the settings by name, with infinity as null."""
    knobs: dict[str, Any] = {
        knob.name: {
            "value": finite(getattr(given.settings, knob.name)),
            "origin": given.origins[knob.name],
            "default": finite(knob.default),
            "low": knob.metadata["low"],
            "high": finite(knob.metadata["high"]),
            "help": knob.metadata["help"],
        }
        for knob in fields(Settings)
    }
    knobs["dayfirst"] = {"value": given.dayfirst, "origin": given.origins["dayfirst"], "default": False}
    if given.columns:
        knobs["columns"] = {"value": list(given.columns), "origin": given.origins["columns"], "default": None}
    for name, theirs in given.fields.items():
        knobs[f"fields.{name}"] = {"value": theirs, "origin": given.origins[f"fields.{name}"], "default": None}
    return knobs


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "a list"
    return f"{low} or more" if math.isinf(high) else f"{low} to {high}"
