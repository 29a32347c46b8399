"""Group news articles into stories, find the copies inside them, and explain why.

`dedup.cluster(articles)` accepts articles in many forms and returns a `Clustering`. Names are imported on first use, so
that importing this package is fast.
"""

from __future__ import annotations

import logging as _logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedup.archive import Archived as Archived
    from dedup.archive import Arrivals as Arrivals
    from dedup.archive import cluster_against as cluster_against
    from dedup.archive import read_archive as read_archive
    from dedup.article import Article as Article
    from dedup.article import Notice as Notice
    from dedup.background import Background as Background
    from dedup.client import Client as Client
    from dedup.comparison import Mentions as Mentions
    from dedup.comparison import Part as Part
    from dedup.comparison import Passage as Passage
    from dedup.comparison import Piece as Piece
    from dedup.config import Configuration as Configuration
    from dedup.config import configure as configure
    from dedup.embedding import Embedding as Embedding
    from dedup.errors import ConflictError as ConflictError
    from dedup.errors import CursorError as CursorError
    from dedup.errors import DedupError as DedupError
    from dedup.errors import EmbeddingError as EmbeddingError
    from dedup.errors import EngineError as EngineError
    from dedup.errors import InputError as InputError
    from dedup.errors import MissingDependencyError as MissingDependencyError
    from dedup.errors import SecondOpinionError as SecondOpinionError
    from dedup.errors import ServiceError as ServiceError
    from dedup.errors import SettingsError as SettingsError
    from dedup.errors import StoreError as StoreError
    from dedup.errors import StoreLockedError as StoreLockedError
    from dedup.errors import UnknownArticleError as UnknownArticleError
    from dedup.estimators import MinHashVectorizer as MinHashVectorizer
    from dedup.estimators import StoryClusterer as StoryClusterer
    from dedup.estimators import StoryTfidfVectorizer as StoryTfidfVectorizer
    from dedup.evaluation.judgements import JudgedScores as JudgedScores
    from dedup.evaluation.judgements import Judgement as Judgement
    from dedup.evaluation.judgements import offered as offered
    from dedup.evaluation.judgements import read_judgements as read_judgements
    from dedup.evaluation.judgements import score_judgements as score_judgements
    from dedup.evaluation.scores import Scores as Scores
    from dedup.evaluation.scores import score as score
    from dedup.index import Change as Change
    from dedup.index import IndexedArticle as IndexedArticle
    from dedup.index import Placement as Placement
    from dedup.index import StoryIndex as StoryIndex
    from dedup.index import StoryPage as StoryPage
    from dedup.inputs.record import from_record as from_record
    from dedup.kinds import FoundKind as FoundKind
    from dedup.pipeline import cluster as cluster
    from dedup.pipeline import compare as compare
    from dedup.pipeline import learn_background as learn_background
    from dedup.read import read_articles as read_articles
    from dedup.results.clustering import Clustering as Clustering
    from dedup.results.clustering import CopyGroup as CopyGroup
    from dedup.results.clustering import Explanation as Explanation
    from dedup.results.clustering import Link as Link
    from dedup.results.clustering import SharedWord as SharedWord
    from dedup.results.clustering import Story as Story
    from dedup.results.clustering import Storyline as Storyline
    from dedup.results.origins import Origins as Origins
    from dedup.results.provenance import Appearance as Appearance
    from dedup.results.provenance import Provenance as Provenance
    from dedup.results.provenance import Version as Version
    from dedup.results.provenance import timeline as timeline
    from dedup.results.provenance import trace as trace
    from dedup.settings import Settings as Settings

_HOMES = {
    "Appearance": "results.provenance",
    "Archived": "archive",
    "Arrivals": "archive",
    "Article": "article",
    "Background": "background",
    "Change": "index",
    "Client": "client",
    "Clustering": "results.clustering",
    "Configuration": "config",
    "ConflictError": "errors",
    "CopyGroup": "results.clustering",
    "CursorError": "errors",
    "DedupError": "errors",
    "Embedding": "embedding",
    "EmbeddingError": "errors",
    "EngineError": "errors",
    "Explanation": "results.clustering",
    "FoundKind": "kinds",
    "IndexedArticle": "index",
    "InputError": "errors",
    "JudgedScores": "evaluation.judgements",
    "Judgement": "evaluation.judgements",
    "Link": "results.clustering",
    "Mentions": "comparison",
    "MinHashVectorizer": "estimators",
    "MissingDependencyError": "errors",
    "Notice": "article",
    "Origins": "results.origins",
    "Part": "comparison",
    "Passage": "comparison",
    "Piece": "comparison",
    "Placement": "index",
    "Provenance": "results.provenance",
    "Scores": "evaluation.scores",
    "SecondOpinionError": "errors",
    "ServiceError": "errors",
    "Settings": "settings",
    "SettingsError": "errors",
    "SharedWord": "results.clustering",
    "StoreError": "errors",
    "StoreLockedError": "errors",
    "Story": "results.clustering",
    "StoryClusterer": "estimators",
    "StoryIndex": "index",
    "StoryPage": "index",
    "StoryTfidfVectorizer": "estimators",
    "Storyline": "results.clustering",
    "UnknownArticleError": "errors",
    "Version": "results.provenance",
    "cluster": "pipeline",
    "cluster_against": "archive",
    "compare": "pipeline",
    "configure": "config",
    "from_record": "inputs.record",
    "learn_background": "pipeline",
    "offered": "evaluation.judgements",
    "read_archive": "archive",
    "read_articles": "read",
    "read_judgements": "evaluation.judgements",
    "score": "evaluation.scores",
    "score_judgements": "evaluation.judgements",
    "timeline": "results.provenance",
    "trace": "results.provenance",
}

_logging.getLogger(__name__).addHandler(_logging.NullHandler())  # silent unless the application configures logging

__version__ = "0.2.0"
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - the keys are strings; a test compares them with the imports above


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dedup' has no attribute {name!r}")
    value = getattr(import_module(f"dedup.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
