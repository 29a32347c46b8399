"""What an index says of itself in its store, and whether it may be opened with the settings at hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Self

from dedup.background import Background
from dedup.errors import SettingsError, StoreError
from dedup.index.store.protocol import Store
from dedup.settings import METHOD_VERSION, Settings

HOUR = 3_600.0
DAY = 24 * HOUR
SETTLE_HOURS = 72.0
"""Where nothing is said of them."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """What an index is made with besides its settings, and has for good; None for what is not said. See `Facts`."""

    store_text: bool | None = None
    keep_days: float | None = None
    settle_hours: float | None = None

    def faults(self) -> list[str]:
        """What is no such number."""
        found = []
        if self.keep_days is not None and not self.keep_days > 0:
            found.append(f"keep_days must be above 0, or None to keep all, not {self.keep_days!r}")
        if self.settle_hours is not None and not self.settle_hours >= 0:
            found.append(f"settle_hours must not be below 0, not {self.settle_hours!r}")
        return found


@dataclass(frozen=True, slots=True)
class StoreMetadata:
    """What holds for an index as a whole.

    Attributes:
        settings: by which its articles are judged.
        method: the version of the method that its vectors are of.
        store_text: whether it keeps texts.
        keep_days: days after which articles are let go of, None for never.
        settle_hours: hours after which a story keeps its id for good.
        fingerprint, version, learned_from: of its background, and of how many articles that was learned.
        now: the latest time it has seen, in seconds since 1970.
        background: the background itself, empty where it is not at hand.
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

    @classmethod
    def new(cls, settings: Settings | None, background: Background | None, options: StoreOptions) -> Self:
        """Those of a new index.

        Raises:
            SettingsError: days or hours are no such.
        """
        if faults := options.faults():
            raise SettingsError(faults)
        settle_hours = SETTLE_HOURS if options.settle_hours is None else options.settle_hours
        text = options.store_text is not False
        facts = cls(settings or Settings(), METHOD_VERSION, text, options.keep_days, settle_hours, "", 0, 0)
        return facts.with_background(background or Background.general(), 0)

    def with_background(self, background: Background, version: int) -> Self:
        """The same with another background."""
        return replace(
            self,
            fingerprint=background.fingerprint,
            version=version,
            learned_from=background.articles,
            background=background.to_bytes(),
        )


def write_metadata(store: Store, facts: StoreMetadata) -> None:
    """Writes what an index says of itself; inside a transaction."""
    store.put_metadata(
        {
            "settings": json.dumps(facts.settings.method(), sort_keys=True),
            "method": str(facts.method),
            "store_text": str(int(facts.store_text)),
            "keep_days": "" if facts.keep_days is None else repr(facts.keep_days),
            "settle_hours": repr(facts.settle_hours),
            "background": facts.fingerprint,
            "background_version": str(facts.version),
            "background_articles": str(facts.learned_from),
            "now": repr(facts.now),
        }
    )
    if facts.background:
        store.put_background(facts.background)


def read_metadata(
    store: Store, settings: Settings | None, options: StoreOptions | None = None, *, method: bool = True
) -> StoreMetadata:
    """What an index says of itself.

    Args:
        store: of the index.
        settings, options: that it has to have, None for any.
        method: whether it has to be of this version's method.

    Raises:
        SettingsError: it has others, or is of another method.
        StoreError: it does not say.
    """
    known = store.metadata()
    try:
        facts = StoreMetadata(
            Settings(**json.loads(known["settings"])),
            int(known["method"]),
            known["store_text"] == "1",
            float(known["keep_days"]) if known["keep_days"] else None,
            float(known["settle_hours"]),
            known["background"],
            int(known["background_version"]),
            int(known["background_articles"]),
            float(known["now"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise StoreError(f"{store.where} does not say what index it holds ({error}): restore a copy of it") from error
    if method and facts.method != METHOD_VERSION:
        problem = f"{store.where} was made by version {facts.method} of the method, this is version {METHOD_VERSION}"
        raise SettingsError([f"{problem}: bring it up to date with rebuild ('dedup index rebuild')"])
    if settings is not None and settings != facts.settings:
        other = [
            f"{name} is {facts.settings.method()[name]} there, not {value}"
            for name, value in settings.method().items()
            if facts.settings.method()[name] != value
        ]
        problem = f"{store.where} was made with other settings ({'; '.join(other)})"
        raise SettingsError(
            [f"{problem}: open it without settings, or change them with rebuild ('dedup index rebuild')"]
        )
    if options is not None and (unlike := _unlike(facts, options)):
        problem = f"{store.where} was made with other options ({'; '.join(unlike)})"
        raise SettingsError([f"{problem}: open it without them, for they stay as they are, or make it anew"])
    if settings is not None:  # how many threads work and such, which change nothing
        facts = replace(facts, settings=settings)
    return facts


def _unlike(facts: StoreMetadata, options: StoreOptions) -> list[str]:
    """What an index has otherwise than was said."""
    return [
        f"{name} is {getattr(facts, name)!r} there, not {said!r}"
        for name in ("store_text", "keep_days", "settle_hours")
        if (said := getattr(options, name)) is not None and said != getattr(facts, name)
    ]
