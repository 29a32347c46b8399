"""`dedup serve`: serve a story index over HTTP."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import dedup
from dedup.cli.conversion import Command, Group
from dedup.cli.index_options import KeepDaysOption, SettleHoursOption, WaitOption, settings_for
from dedup.cli.messages import begin_logging, say
from dedup.cli.options import (
    ConfigOption,
    EmbeddingOptions,
    LogJsonOption,
    SetOption,
    ThreadsOption,
    VerboseOption,
    configured,
    grouped,
)
from dedup.cli.progress import ProgressBar
from dedup.embedding import GIVEN
from dedup.errors import SettingsError
from dedup.formats.escaping import visible

if TYPE_CHECKING:
    from dedup.service.settings import ServiceSettings

HELP = """Serve a story index over HTTP: an API, pages for a browser, health checks and metrics.

The store is created if it does not exist. By default the service listens only on this machine, at
http://127.0.0.1:8080; on other addresses it requires tokens. On SIGTERM or SIGINT it finishes the requests in progress
and exits. Its address and its log go to standard error; nothing goes to standard output.

Each setting is taken from the first of these that has it: a flag; an environment variable (DEDUP_SERVE_PORT=9000); the
table [serve] of dedup.toml, or [tool.dedup.serve] of pyproject.toml; the default. Settings without a flag of their own
are limits: docs/service.md lists them, --limit sets them.

\b
Examples:
  dedup serve --store stories.db
  dedup serve token --tokens tokens.txt --name feed --scope write
  dedup serve --store stories.db --host 0.0.0.0 --tokens tokens.txt --log-json
  dedup serve --store stories.db --limit queue=5000 --limit text=50000

\b
Exit codes:
  0    ended by a signal
  1    a store, an address or a token file that cannot be used
  2    wrong usage: an unknown option or setting
"""

WORKER = (sys.executable, "-m", "dedup.cli.serve_reads")
"""Command of a process of `--workers`."""
_TOKENS = typer.Option("--tokens", metavar="FILE", help="The file with the accepted tokens.", show_default=False)


def group() -> typer.Typer:
    """Return the command `serve` with its subcommand `token`."""
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, cls=Group)
    app.callback(invoke_without_command=True)(serve)
    app.command("token", cls=Command)(token)
    return app


@grouped
def serve(
    context: typer.Context,
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="FILE", help="The file with the index.", show_default=False),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            "--host", metavar="ADDRESS", help="The address to listen on. Default: 127.0.0.1.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="The port. Default: 8080; 0: any.", show_default=False)
    ] = None,
    tokens: Annotated[str | None, _TOKENS] = None,
    without_tokens: Annotated[
        bool, typer.Option("--without-tokens", help="Listen on other addresses without tokens.")
    ] = False,
    names: Annotated[
        str | None,
        typer.Option("--names", metavar="HOST,…", help="The host names that requests may use.", show_default=False),
    ] = None,
    read_only: Annotated[
        bool,
        typer.Option("--read-only", help="Only read, beside the process that writes, or from a copy of the file."),
    ] = False,
    workers: Annotated[
        int,
        typer.Option("--workers", metavar="N", help="Processes that answer reads, beside one that writes.", min=0),
    ] = 0,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="NAME=VALUE",
            help="Change a limit: --limit queue=5000. Repeatable.",
            show_default=False,
        ),
    ] = None,
    keep_days: KeepDaysOption = None,
    settle_hours: SettleHoursOption = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Store no texts; those that are there are deleted.")
    ] = False,
    setting: SetOption = None,
    config: ConfigOption = None,
    threads: ThreadsOption = None,
    wait: WaitOption = None,
    verbose: VerboseOption = 0,
    log_json: LogJsonOption = False,
    *,
    embedding: EmbeddingOptions,
) -> None:
    """Serve a story index over HTTP."""
    if context.invoked_subcommand is not None:
        return
    if store is None:
        raise typer.BadParameter("name the file of the index: --store stories.db", param_hint="--store")
    if workers and read_only:
        raise typer.BadParameter("processes of --workers need the one that writes", param_hint="--read-only")
    if workers and sys.platform == "win32":
        raise typer.BadParameter("Windows cannot share a port among processes", param_hint="--workers")
    from dedup.service import require_packages

    require_packages()
    begin_logging(max(verbose, 1), as_json=log_json)
    flags: dict[str, Any] = {
        name: value
        for name, value in (("host", host), ("port", port), ("tokens", tokens), ("names", names))
        if value is not None
    }
    if without_tokens:
        flags["without_tokens"] = True
    service = _settings(flags, _limits(limit), config)
    given = configured(setting=setting, config=config, threads=threads)
    from dedup.service.workers import COUNTERS, Workers

    folder = tempfile.TemporaryDirectory(prefix="dedup-serve-") if workers else None
    if folder is not None:
        os.environ[COUNTERS] = folder.name
    from dedup.service.run import address_of, authenticator_for, check_exposure, listen, listen_in, run, share

    try:
        check_exposure(service)
        authenticator = authenticator_for(service)
    except SettingsError as error:
        raise typer.BadParameter(visible(str(error)), param_hint="--tokens") from None
    model = embedding.made()
    with listen(service) as listening, ExitStack() as opened:
        address = address_of(service, listening)
        if read_only:
            from dedup.service.read_file import ReadFile

            copies = opened.enter_context(ReadFile(store, model))
            say_address = partial(say, f"dedup serves {store}, to be read only, at {address}")
            run(copies.index, service, authenticator, listening, say_address, copies=copies)
            say("ended")
            return
        progress = opened.enter_context(ProgressBar())
        index = opened.enter_context(
            dedup.StoryIndex.open(
                store, settings_for(store, given), wait=wait or 0.0, embedding=model, progress=progress
            )
        )
        if model is None and (name := index.stats()["embedding"]) not in ("", GIVEN):
            raise typer.BadParameter(f"{store} has the embedding {visible(name)}: name it", param_hint="--embedding")
        index.change_options(store_text=False if no_text else None, keep_days=keep_days, settle_hours=settle_hours)
        say_address = partial(say, f"dedup serves {store} at {address}")
        if folder is not None:
            private = opened.enter_context(listen_in(Path(opened.enter_context(folder))))
            shared = opened.enter_context(share(listening))
            task = {
                "store": str(store),
                "settings": asdict(service),
                "verbose": max(verbose, 1),
                "as_json": log_json,
                "embedding": embedding.embedding,
                "embedding_cache": str(embedding.embedding_cache) if embedding.embedding_cache else None,
                "writer": private.getsockname(),
                "family": shared.family,
                "address": shared.getsockname(),
            }
            beside = Workers(workers, WORKER, task, service.stop_time)
            run(index, service, authenticator, private, say_address, workers=beside)
        else:
            run(index, service, authenticator, listening, say_address)
    say("ended: all acknowledged articles are on disk")


def token(
    tokens: Annotated[Path, _TOKENS],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Its name in the log.", show_default=False)],
    scope: Annotated[
        str, typer.Option("--scope", metavar="SCOPE", help="read, or write (includes read).", show_default=False)
    ],
) -> None:
    """Create a token and print it. The file stores only its hash. To revoke a token, delete its line."""
    begin_logging(0, as_json=False)
    if scope not in {"read", "write"}:
        raise typer.BadParameter(f"{visible(scope)} is neither read nor write", param_hint="--scope")
    from dedup.service.tokens import add_token

    try:
        secret = add_token(tokens, name, "write" if scope == "write" else "read")
    except SettingsError as error:
        raise typer.BadParameter(visible(str(error)), param_hint="--tokens") from None
    typer.echo(secret)
    say("This is shown once. Send it as 'Authorization: Bearer …'.")


def _settings(flags: dict[str, Any], limits: dict[str, str], config: Path | None) -> ServiceSettings:
    from dedup.service.settings import configure_service

    try:
        return configure_service(flags, limits=limits, file=config)
    except SettingsError as error:
        faults = "\n  ".join(visible(fault) for fault in error.faults)
        raise typer.BadParameter(f"{faults}\n'dedup serve --help' explains where settings come from.") from None


def _limits(values: list[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values or ():
        name, equals, text = value.partition("=")
        if not equals or not name or name in found:
            raise typer.BadParameter(f"{value!r} should read NAME=VALUE, each name once", param_hint="--limit")
        found[name] = text
    return found
