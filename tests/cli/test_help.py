"""Help that teaches: everything has a text, every setting is listed, nothing is wider than a terminal."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import fields

import pytest
import typer
from typer.testing import CliRunner

import dedup
from dedup.cli import application
from dedup.settings import Settings

COMMANDS = ("cluster", "compare", "evaluate", "index", "inspect", "judge", "kernels", "schema", "serve", "settings")


def help_of(*command: str) -> str:
    result = CliRunner().invoke(application(), [*command, "--help"], prog_name="dedup", terminal_width=80)
    assert result.exit_code == 0
    return result.stdout


def test_every_option_and_argument_has_a_help_text() -> None:
    group = typer.main.get_command(application())
    commands = group.commands  # type: ignore[attr-defined] # a group has them; typer's types say a command
    assert set(commands) == set(COMMANDS)
    for command in (group, *commands.values()):
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{command.name} {parameter.name}"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_streams_and_exit_codes(command: str) -> None:
    text = " ".join(help_of(command).split())  # where a line ends is not its matter
    assert "Examples:" in text
    assert f"dedup {command}" in text
    assert "standard output" in text
    assert "Exit codes:" in text


@pytest.mark.parametrize("command", [(), *((command,) for command in COMMANDS)])
def test_help_fits_eighty_columns(command: tuple[str, ...]) -> None:
    assert [line for line in help_of(*command).splitlines() if len(line) > 80] == []


def test_the_list_of_settings_is_whole() -> None:
    listed = CliRunner().invoke(application(), ["settings"]).stdout
    as_json = json.loads(CliRunner().invoke(application(), ["settings", "--json"]).stdout)
    assert list(as_json) == [*(knob.name for knob in fields(Settings)), "dayfirst"]
    for knob in fields(Settings):
        assert f"{knob.name} = {knob.default} " in listed
        assert knob.metadata["help"] in listed
        default = None if knob.default == math.inf else knob.default
        assert (as_json[knob.name]["default"], as_json[knob.name]["value"]) == (default, default)
        assert as_json[knob.name]["origin"] == "default"
    assert as_json["window"]["high"] is None


def test_bare_command_shows_the_help() -> None:
    result = CliRunner().invoke(application(), [])
    assert result.exit_code == 0
    assert "Commands:" in result.stdout


def test_version() -> None:
    result = CliRunner().invoke(application(), ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"dedup {dedup.__version__}\n")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("dedup cl", ["cluster"]),
        ("dedup cluster --set gr", ["granularity="]),
        ("dedup cluster --field pub", ["published="]),
        ("dedup cluster --format js", ["json", "jsonl"]),
    ],
)
def test_completion(typed: str, offered: list[str]) -> None:
    result = CliRunner().invoke(
        application(),
        [],
        prog_name="dedup",
        env={
            "_DEDUP_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(len(typed.split()) - 1),
            "_TYPER_COMPLETE_ARGS": typed,
        },
    )
    assert result.stdout.split() == offered


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from dedup.cli import main; sys.argv = ['dedup', 'cluster', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sorted({'numpy', 'scipy', 'sklearn', 'datasketch', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == "\n"
