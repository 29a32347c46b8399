"""Embeddings of articles: a model of the caller, checked, rounded and kept in a file.

dedup ships and downloads no model. An `Embedding` calls a function of the caller, or a sentence-transformers model in a
folder, with the title and lead of articles, or takes the vectors that the articles bring (`Article.vector`).

Vectors are scaled to length 1 and rounded to multiples of `GRAIN`. So the sums of products in a cosine are exact, in
whatever order they are computed, and a vector that was kept is the same as a new one.
"""

from __future__ import annotations

import hashlib
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dedup.errors import EmbeddingError, MissingDependencyError

if TYPE_CHECKING:
    import os

    import numpy as np
    from numpy.typing import NDArray

    from dedup.progress import Progress

Embed = Callable[[list[str]], Any]
"""Texts to vectors: an array of shape (texts, dimensions), of any scale and any number of dimensions."""

LEAD = 1000
"""Characters of title and text that are embedded: what most sentence models read of them."""
BATCH = 64
"""Texts of one call."""
SECONDS = 600.0
"""Seconds that one call may take by default; the first may load the model."""
GRAIN = 2.0**-11
"""Coordinates are rounded to multiples of this: products of unit vectors are then exact in 32-bit floats."""
LARGEST = 16_384
"""The most dimensions."""
GIVEN = "vector"
"""The name of the embedding that articles bring themselves."""
NONE = "none"
"""What takes the embedding of an index away."""
_FOLDER = "sentence-transformers"
_APPLICATION = 0x64656D62
_PAGE = 16_384
"""Bytes of a page of the cache: several vectors fit into one, so little room is lost."""
_SHAPE = "the embedding must give one vector for each text"


class Embedding:
    """A model that maps texts to vectors, in which texts of similar meaning are close.

    Args:
        embed: function that maps a list of texts to an array of shape (texts, dimensions). It is called with at most 64
            texts of up to 1,000 characters: title, empty line, beginning of the text. None to use only the vectors that
            articles bring.
        name: identifies the model in caches and stores. Another model needs another name.
        cache: file that keeps the vectors, by model and content; None to keep none.
        seconds: the longest that one call may take.

    Raises:
        EmbeddingError: `embed` is no function, `seconds` is not positive, or the cache cannot be used.
    """

    def __init__(
        self,
        embed: Embed | None,
        name: str = "",
        *,
        cache: str | os.PathLike[str] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        if embed is not None and not callable(embed):
            raise EmbeddingError(f"an embedding is a function from texts to vectors, not {type(embed).__name__}")
        if not seconds > 0:
            raise EmbeddingError(f"the seconds of one call must be positive, not {seconds!r}")
        self._name = name or (_name_of(embed) if embed else GIVEN)
        self._dimension = 0
        self._embed, self._seconds = embed, seconds
        self._cache = Path(cache) if cache is not None else None
        if self._cache:
            with self._opened():
                pass

    @classmethod
    def of(
        cls,
        given: Self | Embed | str,
        *,
        cache: str | os.PathLike[str] | None = None,
        seconds: float = SECONDS,
    ) -> Self:
        """Return an embedding from a function, or from its name on the command line.

        Args:
            given: a function, an `Embedding`, which is returned unchanged, or one of
                `python:MODULE:FUNCTION`, a function that can be imported;
                `sentence-transformers:FOLDER`, a model in a folder (needs the extra `embedding`);
                `vector`, the vectors that articles bring.
            cache: see `Embedding`.
            seconds: see `Embedding`.

        Raises:
            EmbeddingError: there is no such function or model.
            MissingDependencyError: the package sentence-transformers is not installed.
        """
        if isinstance(given, cls):
            return given
        if not isinstance(given, str):
            return cls(given, cache=cache, seconds=seconds)  # type: ignore[arg-type] # checked there
        kind, _, rest = given.partition(":")
        if given == GIVEN:
            return cls(None, cache=cache, seconds=seconds)
        if kind == "python" and rest:
            return cls(_imported(rest), given, cache=cache, seconds=seconds)
        if kind == _FOLDER and rest:
            embed, name = _sentence_model(Path(rest))
            return cls(embed, name, cache=cache, seconds=seconds)
        raise EmbeddingError(
            f"there is no embedding {given!r}: give python:MODULE:FUNCTION, {_FOLDER}:FOLDER, or {GIVEN} for the"
            " vectors that articles bring"
        )

    @property
    def name(self) -> str:
        """The name that identifies the model."""
        return self._name

    @property
    def dimension(self) -> int:
        """Dimensions of the vectors; 0 until the first is known."""
        return self._dimension

    def __repr__(self) -> str:
        return f"<Embedding {self.name}>"

    def expect(self, dimension: int) -> None:
        """Set the dimensions that vectors must have, as those that a store has of this model.

        Raises:
            EmbeddingError: it has given vectors of other dimensions.
        """
        if self._dimension not in (0, dimension):
            raise EmbeddingError(
                f"the embedding {self.name} gives vectors of {self._dimension} dimensions, not {dimension} as before:"
                " give the model another name"
            )
        self._dimension = dimension

    def vectors(
        self,
        texts: Sequence[str],
        given: Sequence[Sequence[float] | None] | None = None,
        progress: Progress | None = None,
    ) -> NDArray[np.int16]:
        """Return the vectors of texts, in units of `GRAIN`, shape (texts, dimensions).

        Equal texts are embedded once. Each batch is kept in the cache as soon as it is there, so a model that fails
        later has lost nothing.

        Args:
            texts: title and lead of each article, see `lead`.
            given: the vectors that articles bring, None for an article without; None if none brings one.
            progress: called with the number of texts embedded, and of all.

        Raises:
            EmbeddingError: the model failed or took too long, or a result is not one finite vector per text, of the
                same dimensions as all others.
        """
        import numpy as np

        known: dict[str, NDArray[np.int16]] = {}
        own: dict[int, NDArray[np.int16]] = {}
        for place, vector in enumerate(given or ()):
            if vector is not None:
                own[place] = self._checked([vector], 1, "the vectors of articles must be alike")[0]
        wanted = sorted({text for place, text in enumerate(texts) if place not in own}) if self._embed else []
        if wanted:
            with self._opened() as cache:
                keys = {
                    text: hashlib.blake2b(text.encode(errors="replace"), digest_size=16).digest() for text in wanted
                }
                known = self._kept(cache, keys)
                missing = [text for text in wanted if text not in known]
                for start, batch, found in self._embedded(missing):
                    self._keep(cache, [keys[text] for text in batch], found)
                    known.update(zip(batch, found, strict=True))
                    if progress:
                        progress("embedding", start + len(batch), len(missing))
        result = np.zeros((len(texts), self.dimension), np.int16)
        for place, text in enumerate(texts):
            row = own.get(place, known.get(text))
            if row is not None:
                result[place] = row
        return result

    def _embedded(self, texts: list[str]) -> Iterator[tuple[int, list[str], NDArray[np.int16]]]:
        """Yield the place of each batch of texts, the batch and its vectors."""
        if self._embed is None or not texts:
            return
        worker = _Worker(self._embed)
        try:
            for start in range(0, len(texts), BATCH):
                batch = texts[start : start + BATCH]
                yield start, batch, self._checked(self._answer(worker, batch), len(batch), _SHAPE)
        finally:
            worker.stop()

    def _answer(self, worker: _Worker, batch: list[str]) -> Any:
        try:
            return worker.call(batch, self._seconds)
        except TimeoutError:
            raise EmbeddingError(
                f"the embedding {self.name} took more than {self._seconds:g} seconds for {len(batch)} texts: give it"
                " more seconds, or another model"
            ) from None
        except RuntimeError as error:
            raise EmbeddingError(
                f"the embedding {self.name} failed on {len(batch)} texts: {error}"
            ) from error.__cause__

    def _checked(self, vectors: Any, count: int, wanted: str) -> NDArray[np.int16]:
        """Return vectors of the right shape and of finite numbers as rounded unit vectors."""
        import numpy as np

        try:
            found = np.asarray(vectors, np.float64)
        except (TypeError, ValueError) as error:
            raise EmbeddingError(f"{wanted}, of numbers: {error}") from error
        shape = f"{wanted}, an array of shape ({count}, dimensions)"
        if found.ndim != 2 or len(found) != count or not 0 < found.shape[1] <= LARGEST:
            raise EmbeddingError(f"{shape}, not {found.shape}")
        if self.dimension and found.shape[1] != self.dimension:
            raise EmbeddingError(f"{shape}, {self.dimension} dimensions as before, not {found.shape[1]}")
        if not np.isfinite(found).all():
            raise EmbeddingError(f"the embedding {self.name} gave numbers that are infinite or none at all (NaN)")
        self._dimension = found.shape[1]
        largest = np.abs(found).max(axis=1, keepdims=True)
        found = found / np.where(largest > 0, largest, 1.0)  # squares of large numbers would be infinite
        length = np.sqrt((found**2).sum(axis=1, keepdims=True))
        return np.rint(found / np.where(length > 0, length, 1.0) / GRAIN).astype(np.int16)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection | None]:
        """Open the cache; None without one. What is wrong with it becomes an `EmbeddingError`."""
        if self._cache is None:
            yield None
            return
        try:
            with closing(sqlite3.connect(self._cache, timeout=60.0)) as cache:
                (application,) = cache.execute("PRAGMA application_id").fetchone()
                (tables,) = cache.execute("SELECT count(*) FROM sqlite_master").fetchone()
                if tables and application != _APPLICATION:
                    raise EmbeddingError(f"{self._cache} is not a cache of embeddings: give another file")
                cache.execute(f"PRAGMA page_size = {_PAGE}")
                with cache:
                    cache.execute(f"PRAGMA application_id = {_APPLICATION}")
                    cache.execute(
                        "CREATE TABLE IF NOT EXISTS vectors"
                        " (model TEXT, content BLOB, vector BLOB, PRIMARY KEY (model, content))"
                    )
                yield cache
        except sqlite3.Error as error:
            raise EmbeddingError(f"{self._cache} cannot be used as a cache of embeddings: {error}") from error

    def _kept(self, cache: sqlite3.Connection | None, keys: dict[str, bytes]) -> dict[str, NDArray[np.int16]]:
        import numpy as np

        found: dict[str, NDArray[np.int16]] = {}
        if cache is None:
            return found
        for text, key in keys.items():
            row = cache.execute(
                "SELECT vector FROM vectors WHERE model = ? AND content = ?", (self.name, key)
            ).fetchone()
            if row is None:
                continue
            if len(row[0]) % 2 or (self.dimension and len(row[0]) != 2 * self.dimension):
                raise EmbeddingError(
                    f"{self._cache} has vectors of another length under the name {self.name}: delete it, or give the"
                    " model another name"
                )
            found[text] = np.frombuffer(row[0], "<i2").astype(np.int16)
            self._dimension = len(found[text])
        return found

    def _keep(self, cache: sqlite3.Connection | None, keys: list[bytes], vectors: NDArray[np.int16]) -> None:
        if cache:
            rows = ((self.name, key, row.astype("<i2").tobytes()) for key, row in zip(keys, vectors, strict=True))
            with cache:
                cache.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)", rows)


class _Worker:
    """Calls a function in a daemon thread, which is left behind if it hangs."""

    def __init__(self, function: Embed) -> None:
        self._asked: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
        self._answered: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._function = function
        threading.Thread(target=self._run, name="dedup-embedding", daemon=True).start()

    def call(self, batch: list[str], seconds: float) -> Any:
        """Return what the function returns.

        Raises:
            TimeoutError: it takes too long.
            RuntimeError: it failed; the cause is what it raised.
        """
        self._asked.put(batch)
        try:
            found, error = self._answered.get(timeout=min(seconds, threading.TIMEOUT_MAX))
        except queue.Empty:
            raise TimeoutError from None
        if error is not None:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        return found

    def stop(self) -> None:
        """End the thread after its last call."""
        self._asked.put(None)

    def _run(self) -> None:
        while (batch := self._asked.get()) is not None:
            try:
                self._answered.put((self._function(batch), None))
            except BaseException as error:
                self._answered.put((None, error))


def lead(title: str, text: str) -> str:
    """Return what is embedded of an article: the beginning of its title, an empty line and its text."""
    return f"{title}\n\n{text[:LEAD]}".strip()[:LEAD]


def _name_of(embed: Embed) -> str:
    kind = embed if hasattr(embed, "__qualname__") else type(embed)
    return f"{kind.__module__}:{kind.__qualname__}"


def _imported(path: str) -> Embed:
    """Import the function of `MODULE:FUNCTION`; modules in the current folder are found, as by `python -m`."""
    name, _, attribute = path.partition(":")
    if not name or not attribute:
        raise EmbeddingError(f"python:{path} should read python:MODULE:FUNCTION, as in python:my_model:embed")
    here = str(Path.cwd())
    if added := here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = import_module(name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as error:
        raise EmbeddingError(f"python:{path} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        if added:
            sys.path.remove(here)
    if not callable(found):
        raise EmbeddingError(f"python:{path} is not a function, but {type(found).__name__}")
    embed: Embed = found
    return embed


def _sentence_model(folder: Path) -> tuple[Embed, str]:
    """Return the function and the name of a sentence-transformers model in a folder; it is loaded when it is used."""
    if not folder.is_dir():
        raise EmbeddingError(f"there is no folder {folder} with a sentence-transformers model")
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".json", ".safetensors", ".bin", ".txt"})
    if not any(path.name == "modules.json" for path in files):
        raise EmbeddingError(f"{folder} has no sentence-transformers model: modules.json is missing")
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingDependencyError(f"{_FOLDER}:{folder}", _FOLDER, extra="embedding") from error
    digest = hashlib.blake2b(digest_size=8)
    for path in files:
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    loaded: list[Any] = []

    def embed(texts: list[str]) -> Any:
        if not loaded:
            loaded.append(SentenceTransformer(str(folder), local_files_only=True))
        return loaded[0].encode(texts, show_progress_bar=False)

    return embed, f"{_FOLDER}:{folder.resolve().name}:{digest.hexdigest()}"
