"""Metadata of an index in its store, and the check of settings and options against it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Self

from dedup.background import Background
from dedup.errors import EmbeddingError, SettingsError, StoreError
from dedup.index.store.protocol import Store
from dedup.settings import METHOD_VERSION, Settings

HOUR = 3_600.0
DAY = 24 * HOUR
SETTLE_HOURS = 72.0
"""Default of `settle_hours`."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Options that an index is created with and keeps; None if not given. See `StoreMetadata`."""

    store_text: bool | None = None
    keep_days: float | None = None
    settle_hours: float | None = None

    def faults(self) -> list[str]:
        """Return a message for each option out of range."""
        found = []
        if self.keep_days is not None and not self.keep_days > 0:
            found.append(f"keep_days must be above 0, or None to keep all, not {self.keep_days!r}")
        if self.settle_hours is not None and not self.settle_hours >= 0:
            found.append(f"settle_hours must not be below 0, not {self.settle_hours!r}")
        return found


@dataclass(frozen=True, slots=True)
class StoreMetadata:
    """Metadata of an index.

    Attributes:
        settings: settings by which its articles are grouped.
        method: version of the method that made its vectors.
        store_text: whether texts are kept.
        keep_days: days after which articles expire, None for never.
        settle_hours: hours without a change after which a story keeps its id permanently.
        fingerprint, version: those of its background.
        learned_from: number of articles that the background was learned from.
        now: latest time of its clock, in seconds since 1970.
        background: the background as bytes, empty if not loaded.
        embedding: name of its embedding, "" without one.
    """

    settings: Settings
    method: int
    store_text: bool
    keep_days: float | None
    settle_hours: float
    fingerprint: str
    version: int
    learned_from: int
    now: float = 0.0
    background: bytes = b""
    embedding: str = ""

    @property
    def settle_seconds(self) -> float:
        """Seconds without a change after which a story keeps its id permanently."""
        return self.settle_hours * HOUR

    @classmethod
    def new(
        cls, settings: Settings | None, background: Background | None, options: StoreOptions, embedding: str = ""
    ) -> Self:
        """Create the metadata of a new index; `embedding` is the name of its embedding.

        Raises:
            SettingsError: an option is out of range.
        """
        if faults := options.faults():
            raise SettingsError(faults)
        settle_hours = SETTLE_HOURS if options.settle_hours is None else options.settle_hours
        text, keep_days = options.store_text is not False, None if options.keep_days == math.inf else options.keep_days
        metadata = cls(
            settings or Settings(), METHOD_VERSION, text, keep_days, settle_hours, "", 0, 0, embedding=embedding
        )
        return metadata.with_background(background or Background.general(), 0)

    def with_background(self, background: Background, version: int) -> Self:
        """Return a copy with another background."""
        return replace(
            self,
            fingerprint=background.fingerprint,
            version=version,
            learned_from=background.articles,
            background=background.to_bytes(),
        )


def write_metadata(store: Store, metadata: StoreMetadata) -> None:
    """Write the metadata of an index. Must run inside a transaction."""
    store.put_metadata(
        {
            "settings": json.dumps(metadata.settings.method(), sort_keys=True),
            "method": str(metadata.method),
            "store_text": str(int(metadata.store_text)),
            "keep_days": "" if metadata.keep_days is None else repr(metadata.keep_days),
            "settle_hours": repr(metadata.settle_hours),
            "background": metadata.fingerprint,
            "background_version": str(metadata.version),
            "background_articles": str(metadata.learned_from),
            "now": repr(metadata.now),
            "embedding": metadata.embedding,
        }
    )
    if metadata.background:
        store.put_background(metadata.background)


def read_metadata(
    store: Store,
    settings: Settings | None,
    options: StoreOptions | None = None,
    *,
    method: bool = True,
    embedding: str | None = None,
) -> StoreMetadata:
    """Read the metadata of an index and check it.

    Args:
        store: store of the index.
        settings, options: required values, None for any.
        method: whether to require the method of this version.
        embedding: the required name of the embedding, None for any.

    Raises:
        EmbeddingError: the embedding differs.
        SettingsError: settings, options or method differ.
        StoreError: the metadata is missing or invalid.
    """
    known = store.metadata()
    try:
        metadata = StoreMetadata(
            Settings(**json.loads(known["settings"])),
            int(known["method"]),
            known["store_text"] == "1",
            float(known["keep_days"]) if known["keep_days"] else None,
            float(known["settle_hours"]),
            known["background"],
            int(known["background_version"]),
            int(known["background_articles"]),
            float(known["now"]),
            embedding=known.get("embedding", ""),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise StoreError(f"{store.where} does not say what index it holds ({error}): restore a copy of it") from error
    if method and metadata.method != METHOD_VERSION:
        problem = f"{store.where} was made by version {metadata.method} of the method, this is version {METHOD_VERSION}"
        advice = "bring it up to date with rebuild ('dedup index rebuild'; with --preview it shows what would change)"
        raise SettingsError([f"{problem}: {advice}"])
    if settings is not None and settings != metadata.settings:
        other = [
            f"{name} is {metadata.settings.method()[name]} there, not {value}"
            for name, value in settings.method().items()
            if metadata.settings.method()[name] != value
        ]
        problem = f"{store.where} was made with other settings ({'; '.join(other)})"
        raise SettingsError(
            [f"{problem}: open it without settings, or change them with rebuild ('dedup index rebuild')"]
        )
    if options is not None and (differing := _differing(metadata, options)):
        problem = f"{store.where} was made with other options ({'; '.join(differing)})"
        raise SettingsError(
            [f"{problem}: open it without them, or change them with change_options ('dedup index options')"]
        )
    if embedding is not None and embedding != metadata.embedding:
        raise other_embedding(store.where, metadata.embedding, embedding)
    if settings is not None:  # for those that do not affect results, such as threads
        metadata = replace(metadata, settings=settings)
    return metadata


def other_embedding(where: str, has: str, given: str) -> EmbeddingError:
    """Return the error of an index with one embedding, "" for none, that is opened with another, "" for none."""
    made = f"was made with the embedding {has!r}" if has else "was made without an embedding"
    opened = f"is opened with the embedding {given!r}" if given else "is opened without one"
    how = "name that one (embedding=…, '--embedding')" if has else "open it without one"
    change = "change it with rebuild (rebuild(embedding=…), 'dedup index rebuild --embedding')"
    return EmbeddingError(f"{where} {made}, and {opened}: {how}, or {change}")


def _differing(metadata: StoreMetadata, options: StoreOptions) -> list[str]:
    """Return a message for each option that differs."""
    return [
        f"{name} is {getattr(metadata, name)!r} there, not {given!r}"
        for name in ("store_text", "keep_days", "settle_hours")
        if (given := getattr(options, name)) is not None and given != getattr(metadata, name)
    ]
