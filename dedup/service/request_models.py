"""Request models: what a body may hold, and the problems that pydantic's validation errors become."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SkipValidation,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import PydanticCustomError

from dedup.article import Article
from dedup.inputs.markup import to_plain, to_plain_line
from dedup.service.problems import FAULTS, Fault, Problem, problem
from dedup.service.settings import ServiceSettings
from dedup.service.tolerant import Received, read_tolerantly

ID = 512
"""Characters of an id."""
LENGTHS = {"title": 5_000, "source": 500, "url": 8_000, "author": 1_000, "section": 500, "kind": 100, "lang": 100}
"""Characters of the optional strings of an article."""
DIMENSIONS = 4_096
"""Numbers of a vector."""
NAMED = 1_000
"""Articles that a decision names, on each side."""
PASTED = 50_000
"""Characters of a text that is compared with another without being stored."""
ID_PATTERN = r"^[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
"""An id: no control characters, and no space at the start."""
DATE_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
"""A date or a time of ISO 8601."""
WORDS_PATTERN = r"\S"
"""A query: anything but white space."""
_PATTERN_FAULTS = {
    DATE_PATTERN: ("is no date", "write 2024-01-31 or 2024-01-31T12:30:00Z"),
    ID_PATTERN: ("begins with a space or has control characters", "give an id of visible characters"),
    WORDS_PATTERN: ("has no words", "give one to twelve words"),
}
"""Problem and remedy of a parameter that does not match a pattern."""
_DATE = re.compile(DATE_PATTERN[:-1] + r"\Z")
_DAY = len("2024-01-31")


def read_date(value: Any) -> date | datetime | None:
    """Return a date or a time of ISO 8601 or RFC 3339, None for anything else.

    A leap second becomes the second before it.
    """
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    try:
        if len(value) <= _DAY:
            return date.fromisoformat(value)
        found = datetime.fromisoformat(re.sub(r"(?<=:\d\d):60", ":59", value.upper().replace(",", ".")))
        found.timestamp()
    except (ValueError, OverflowError):
        return None
    return found


def _moment(value: Any) -> date | datetime:
    found = read_date(value)
    if found is None:
        raise PydanticCustomError("no_date", "not a date")
    return found


def _vector(value: Any) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) and 0 < len(value) <= DIMENSIONS else [None]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
        raise PydanticCustomError("no_vector", "not a vector")
    try:
        found = tuple(map(float, numbers))
    except OverflowError:
        raise PydanticCustomError("no_vector", "not a vector") from None
    if not all(map(math.isfinite, found)):
        raise PydanticCustomError("no_vector", "not a vector")
    return found


_Id = Annotated[str, Field(min_length=1, max_length=ID, pattern=ID_PATTERN)]
_Moment = Annotated[
    date | datetime,
    PlainValidator(_moment),
    WithJsonSchema(  # with patterns, since a validator may ignore `format`
        {
            "anyOf": [
                {"type": "string", "format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
                {"type": "string", "format": "date-time", "pattern": DATE_PATTERN},
            ]
        }
    ),
]
_Vector = Annotated[
    tuple[float, ...],
    PlainValidator(_vector),
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": DIMENSIONS}),
]
_EXAMPLE = {
    "id": "a",
    "title": "Ferry burns off Corran",
    "text": "Fire broke out on the ferry.",
    "published": "2024-06-15",
}


def _config(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [example]})


class _ArticleToMatch(BaseModel):
    """An article that is not stored, or whose id is in the address."""

    model_config = _config({"text": _EXAMPLE["text"]})

    id: _Id | None = None
    text: str
    title: Annotated[str, Field(max_length=LENGTHS["title"])] | None = None
    source: Annotated[str, Field(max_length=LENGTHS["source"])] | None = None
    url: Annotated[str, Field(max_length=LENGTHS["url"])] | None = None
    author: Annotated[str, Field(max_length=LENGTHS["author"])] | None = None
    section: Annotated[str, Field(max_length=LENGTHS["section"])] | None = None
    kind: Annotated[str, Field(max_length=LENGTHS["kind"])] | None = None
    lang: Annotated[str, Field(max_length=LENGTHS["lang"])] | None = None
    published: _Moment | None = None
    seen: _Moment | None = None
    vector: _Vector | None = None

    def to_article(self) -> Article:
        return Article(
            id=self.id or "",
            text=to_plain(self.text),
            title=to_plain_line(self.title or ""),
            source=self.source or "",
            url=self.url or "",
            author=self.author or "",
            section=self.section or "",
            kind=self.kind or "",
            lang=self.lang or "",
            published=self.published,
            seen=self.seen,
            vector=self.vector,
        )


class _ArticleToAdd(_ArticleToMatch):
    """An article to store under its id."""

    model_config = _config(_EXAMPLE)

    id: _Id


class DecisionToKeep(BaseModel):
    """A decision of an editor, see `StoryIndex.decide`."""

    model_config = _config({"kind": "together", "articles": ["a", "b"], "by": "Ann"})

    kind: Literal["together", "apart", "title", "canonical", "move", "split"]
    articles: Annotated[list[_Id], Field(min_length=1, max_length=NAMED)]
    apart_from: Annotated[list[_Id], Field(max_length=NAMED)] | None = None
    title: Annotated[str, Field(max_length=LENGTHS["title"])] | None = None
    into: _Id | None = None
    by: Annotated[str, Field(max_length=LENGTHS["author"])] | None = None
    supersede: bool | None = None


class RequestModels:
    """The request models under the limits of a service, and their validation.

    Attributes:
        article: an article with an id.
        unnamed: an article that needs no id.
        batch: many articles; each is validated by itself.
        pair: two articles to compare; each is validated by itself.
        decision: a decision of an editor.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        def limited(name: str, base: type[_ArticleToMatch], text: int) -> type[_ArticleToMatch]:
            limit: Any = (Annotated[str, Field(max_length=text)], ...)
            return create_model(name, __base__=base, __doc__=base.__doc__, text=limit)

        self._limits = {"id": ID, "text": settings.text, **LENGTHS}
        self.article = limited("ArticleToAdd", _ArticleToAdd, settings.text)
        self.unnamed = limited("ArticleToMatch", _ArticleToMatch, settings.text)
        pasted: Any = limited("ArticleToCompare", _ArticleToMatch, min(PASTED, settings.text))
        article: Any = self.article
        any_value = Annotated[Any, Field(description="Each is validated by itself and answered in its place.")]
        self.batch = create_model(
            "Batch",
            __config__=_config({"articles": [_EXAMPLE]}),
            articles=(list[Annotated[article | any_value, SkipValidation]], Field(max_length=settings.batch)),
        )
        self.pair = create_model(
            "Pair",
            __config__=_config({"a": {"text": "Fire on the ferry."}, "b": {"text": "A ferry burned."}}),
            a=(Annotated[pasted, SkipValidation], ...),
            b=(Annotated[pasted, SkipValidation], ...),
        )
        self.decision = DecisionToKeep
        self.all: tuple[type[BaseModel], ...] = (
            self.article,
            self.unnamed,
            pasted,
            self.batch,
            self.pair,
            self.decision,
        )

    def receive(
        self, record: Any, *, where: str = "", needs_id: bool = True, needs_words: bool = False, strict: bool = False
    ) -> Received:
        """Read the record of an article as those of files are read, with a notice of what was not understood.

        Args:
            record, where, needs_id, needs_words: see `read_article`.
            strict: whether all but the fields of an article is refused, as by `read_article`.

        Raises:
            Problem: it has no id, neither text nor title, or one of them is too long.
        """
        options: dict[str, Any] = {"where": where, "needs_id": needs_id, "needs_words": needs_words}
        try:
            return Received(self.read_article(record, **options))
        except Problem as error:
            if strict or not isinstance(record, dict):
                raise
            return read_tolerantly(record, error, self._limits, **options)

    def read_article(
        self, record: Any, *, where: str = "", needs_id: bool = True, needs_words: bool = False
    ) -> Article:
        """Validate the record of an article.

        Args:
            record: any JSON value.
            where: what precedes the names of fields in a problem: "articles.3".
            needs_id: whether an id is required.
            needs_words: whether text and title may not both be empty.

        Raises:
            Problem: listing the fields that are wrong, at most `FAULTS`: unknown ones first, then in model order.
        """
        begin, faults = f"{where}." if where else "", []
        if isinstance(record, dict) and not record.keys() <= _NAMES:
            # Pydantic stops at a name with half a surrogate pair, and collects an error for each of a million names.
            remedy = f"leave it out; it has: {', '.join(_ArticleToMatch.model_fields)}"
            unknown = islice((name for name in record if name not in _NAMES), FAULTS)
            faults = [Fault(f"{begin}{name[:100]}", "an article has no such field", remedy) for name in unknown]
            record = {name: value for name, value in record.items() if name in _NAMES}
        try:
            found = (self.article if needs_id else self.unnamed).model_validate(record)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                field = str(one["loc"][0]) if one["loc"] else ""
                faults.append(Fault(begin + field if field else where or "body", *self._fault(field, one)))
        else:
            article = found.to_article()
            if needs_words and not faults and not article.text.strip() and not article.title.strip():
                faults.append(
                    Fault(f"{begin}text", "it is empty, and there is no title", "give a text, a title, or both")
                )
            if not faults:
                return article
        raise Problem("invalid", *faults[:FAULTS])

    def read_batch(self, record: Any) -> list[Any]:
        """Validate a batch but for its articles, and return their records.

        Raises:
            Problem: it is no list of articles, or too long.
        """
        try:
            return list(_validated(self.batch, record).articles)
        except ValidationError as error:
            (first,) = error.errors(include_url=False)
            what, remedy = "it is no list, or there are other fields", 'send {"articles": […]}, and nothing else'
            if first["type"] == "too_long":
                what = f"there are {len(first['input']):,} articles"
                remedy = f"send at most {first['ctx']['max_length']:,} at a time, or lines (NDJSON)"
            raise problem("invalid", "articles", what, remedy) from None

    def read_pair(self, record: Any) -> tuple[Article, Article]:
        """Validate the two articles of a comparison; their ids become "a" and "b".

        Raises:
            Problem: it is no pair, or one of its articles is wrong.
        """
        try:
            _validated(self.pair, record)
        except ValidationError:
            remedy = 'send {"a": {…}, "b": {…}}'
            raise problem("invalid", "body", "it has not just the fields a and b", remedy) from None
        a, b = (replace(self.read_article(record[name], where=name, needs_id=False), id=name) for name in ("a", "b"))
        for article in (a, b):
            if len(article.text) > PASTED:
                what = f"it has {len(article.text):,} characters"
                raise problem("invalid", f"{article.id}.text", what, f"give at most {PASTED:,}")
        return a, b

    def read_decision(self, record: Any) -> dict[str, Any]:
        """Validate a decision, and return the arguments of `StoryIndex.decide` that it has.

        Raises:
            Problem: a field is missing, unknown or wrong.
        """
        try:
            return dict(_validated(self.decision, record).model_dump(exclude_none=True))
        except ValidationError as error:
            known = not isinstance(record, dict) or record.keys() <= DecisionToKeep.model_fields.keys()
            fields = ", ".join(DecisionToKeep.model_fields)
            if not isinstance(record, dict) or not known:
                remedy = f"send a JSON object with: {fields}"
                raise problem("invalid", "body", "it is no object, or has other fields", remedy) from None
            faults = [
                Fault(".".join(map(str, one["loc"]))[:200], one["msg"], "see /openapi.json")
                for one in error.errors(include_url=False, include_input=False, include_context=False)[:FAULTS]
            ]
            raise Problem("invalid", *faults) from None

    def _fault(self, field: str, error: Any) -> tuple[str, str]:
        """Return problem and remedy of an error of pydantic's in the record of an article."""
        kind, value = error["type"], error["input"]
        if kind == "model_type":
            return f"it is {_kind(value)}", "send an article as a JSON object"
        if kind == "no_date":
            what = f"{value[:40]!r} is no date" if isinstance(value, str) else f"it is {_kind(value)}"
            return what, "write it as ISO 8601 has it: 2024-01-31 or 2024-01-31T12:30:00Z"
        if kind == "no_vector":
            what = f"it is no list of 1 to {DIMENSIONS:,} finite numbers"
            return what, "give the embedding of the article, or leave it out"
        if kind == "missing" or value is None:
            return "it is missing", f"give {'an id by which you know the article' if field == 'id' else 'a string'}"
        if kind == "string_type":
            return f"it is {_kind(value)}", "give a string"
        if len(value) > self._limits[field]:  # checked here too: pydantic reports half a surrogate pair first
            return f"it has {len(value):,} characters", f"give at most {self._limits[field]:,}"
        if kind == "string_unicode":
            return "it has half of a surrogate pair", "write the character as UTF-8, or as both halves"
        return "it is empty, begins with a space or has control characters", "give an id of visible characters"


_NAMES = frozenset(_ArticleToMatch.model_fields)


def _validated(model: type[BaseModel], record: Any) -> Any:
    """Validate an object; one with unknown fields is refused as a whole, without an error for each of them."""
    known = not isinstance(record, dict) or record.keys() <= model.model_fields.keys()
    return model.model_validate(record if known else None)


def parameter_problem(errors: Sequence[Any]) -> Problem:
    """Return the problem of a request whose parameters FastAPI has refused, from its validation errors."""
    faults = []
    for one in errors[:FAULTS]:
        pattern = one.get("ctx", {}).get("pattern")  # a regular expression helps nobody
        what, remedy = _PATTERN_FAULTS.get(pattern, (str(one["msg"]), "see /openapi.json"))
        given = f"{str(one['input'])[:40]!r} " if pattern in _PATTERN_FAULTS else ""
        faults.append(Fault(".".join(str(part) for part in one["loc"][1:]) or "body", f"{given}{what}", remedy))
    return Problem("invalid", *faults)


ANY_RECORD = {
    "title": "RecordWithOtherNames",
    "type": "object",
    "description": "Any other record is read as those of files are: by the usual names of fields, with a notice of each"
    " name that means no field and of each value that is none. `strict=true` refuses it.",
}
"""The schema of an article with other fields, for OpenAPI."""


def request_body(
    model: type[BaseModel], *, tolerant: bool = False, others: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the request body of a route for OpenAPI: a model as JSON, any record if tolerant, others by media type."""
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {
        "application/json": {"schema": {"anyOf": [schema, ANY_RECORD]} if tolerant else schema},
        **(others or {}),
    }
    return {"requestBody": {"required": True, "content": content}}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "of another type")
