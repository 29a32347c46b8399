"""Read the rows of a data frame as articles; equal ones count once, numbered by content hash.

The counterpart of `dedup.inputs.collection.ArticleReader`. Distinct articles are numbered in the order of their
content hashes, as on one machine, so that steps that depend on the order of articles give the same result.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from dedup.article import Article, Notice
from dedup.errors import InputError
from dedup.inputs.addresses import PageKey, page_keys
from dedup.inputs.collection import content_hash, find_dateline, published_seconds
from dedup.inputs.fields import find_columns, find_fields
from dedup.inputs.items import is_blank, to_article
from dedup.inputs.preferences import Preferences
from dedup.inputs.record import Corrections
from dedup.inputs.values import is_missing
from dedup.kinds import read_content, told_by
from dedup.match.series import undated
from dedup.settings import Settings
from dedup.spark.arrow import numbers, words_columns
from dedup.spark.job import Job, broadcast, column, worker_backend
from dedup.spark.partitions import HOME_BITS, HOME_ROWS, PART_BITS, PLACE_BITS, at_home, places_in
from dedup.spark.revisions import ADDRESSES, find_revisions
from dedup.spark.substitutes import DISTINCT, distinct_column, find_substitutes, with_substitutes
from dedup.text.kill_notices import named_titles, title_key
from dedup.vectorize.features import HashedWords

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ARTICLES = (
    "uid long, home int, id string, content binary, blank boolean, length int, published double, told double,"
    " seen double, source string, kind string, names array<string>, beside array<string>, withdraws boolean,"
    f" addresses {ADDRESSES}, titled binary, named array<binary>, preference int, undated string, rest string,"
    f" notices string, title int, hashes binary, flags binary, distinct {DISTINCT}"
)
WORDS_OF = "home int, n long, seconds double, length int, source string, title int, hashes binary, flags binary"
_PREFIX = 12
"""Bits of a content hash by which articles are partitioned for numbering."""
_SHARED = r"^(.*)#([1-9][0-9]{0,17})$"


def read_articles(
    job: Job, frame: DataFrame, fields: Mapping[str, str], today: datetime
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Read the articles of a data frame.

    Returns:
        `members`: a row per article: its unique `id`, the number `n` and `name` of the distinct article it equals,
            whether it is the `lead` of those, whether there are `several`, and whether it is `revised`: an
            earlier version of a page, with the number of the latest.
        `distinct`: a row per distinct article: `n`, `content` hash, `name` (from the hash), the `uid` of the first
            published, the number of `members`, `seconds`, `length`, `source`, its `kind`, its `names` and those
            `beside` them, its title `undated`, the `uid` of the `lead`, the article to show of the equal ones, whether
            that is `gone`: withdrawn, and its rank by the `preference` of the user.
        `words`: the words of each distinct article, with `seconds`, `length` and `source`.

    Raises:
        InputError: no column holds a text or a title.
    """
    from pyspark.sql import functions as F

    columns = _columns(frame, fields)
    checkpoints, settings = job.checkpoints, job.settings
    given = dict(fields)

    def read(batches: Iterable[Any]) -> Iterator[Any]:
        return _read(batches, given, today, settings)

    articles = checkpoints.step("articles", lambda: frame.select(*columns).mapInArrow(read, ARTICLES), by="home")
    count = checkpoints.rows("articles")
    named = checkpoints.step("names", lambda: _with_unique_ids(articles), rows=count)

    revised = find_revisions(job, articles)
    latest = named if revised is None else named.join(revised, "uid", "left_anti")

    latest = _with_withdrawn(latest)

    def distinct_ones() -> DataFrame:
        first = F.min(
            F.struct(F.isnull("published").alias("unknown"), F.coalesce("published", F.lit(0.0)), "id", "uid")
        )
        by_date = F.struct(F.isnull("published"), F.coalesce("published", F.lit(0.0)), "id")
        shown = F.struct("gone", "preference", by_date.alias("date"), "uid")
        found = latest.groupBy("content").agg(
            first.alias("first"),
            F.min(shown).alias("shown"),
            F.count("*").alias("members"),
            F.max("told").alias("told"),
            F.min_by("published", by_date).alias("p"),
            F.min_by("seen", by_date).alias("seen"),
            F.first("length").alias("length"),
            F.min_by("kind", by_date).alias("kind"),
            F.min_by("names", by_date).alias("names"),
            F.min_by("beside", by_date).alias("beside"),
            F.first("undated").alias("undated"),
            F.min(F.when(F.col("source") != "", F.col("source"))).alias("low"),
            F.max(F.when(F.col("source") != "", F.col("source"))).alias("high"),
        )
        return found.select(
            "content",
            F.col("first.uid").alias("uid"),
            "members",
            F.coalesce("p", "told", "seen").alias("seconds"),
            "length",
            "kind",
            "names",
            "beside",
            "undated",
            F.col("shown.uid").alias("lead"),
            F.col("shown.gone").alias("gone"),
            F.col("shown.preference").alias("preference"),
            F.when(F.col("low") == F.col("high"), F.col("low")).otherwise("").alias("source"),
        )

    unnumbered = checkpoints.step("unnumbered", distinct_ones)
    distinct = checkpoints.step(
        "distinct", lambda: _number_by_content(job, unnumbered), rows=checkpoints.rows("unnumbered")
    )
    of = distinct.select("content", "n", "name", "members", "lead")

    def members_of() -> DataFrame:
        is_lead, several = (F.col("uid") == F.col("lead")).alias("lead"), (F.col("members") > 1).alias("several")
        no = F.lit(False)
        found = latest.select("uid", "id", "content").join(of, "content")
        found = found.select("id", "n", "name", is_lead, several, no.alias("revised"))
        if revised is None:
            return found
        last = named.select(F.col("uid").alias("latest"), "content").join(of, "content").select("latest", "n", "name")
        earlier = named.select("uid", "id").join(revised, "uid").join(last, "latest")
        flags = (no.alias("lead"), no.alias("several"), F.lit(True).alias("revised"))
        return found.union(earlier.select("id", "n", "name", *flags))

    members = checkpoints.step("members", members_of, rows=count)
    firsts = distinct.select("uid", "n", "seconds", "length", "source")
    home = F.shiftright("uid", PLACE_BITS).cast("int")

    def words_of_firsts() -> DataFrame:
        hash_of = find_substitutes(job, articles)
        shared = broadcast(job.spark, hash_of)

        def first(rows: Any, firsts: Any) -> Any:
            return _first_with_content(with_substitutes(rows, shared.value) if shared.value else rows, firsts)

        large = articles.select("home", "uid", "title", "hashes", "flags", *["distinct"] * bool(hash_of))
        return at_home(large, firsts, first, WORDS_OF, home=home)

    words = checkpoints.step("words", words_of_firsts, rows=checkpoints.rows("distinct"), by="home")
    checkpoints.values("noticed", lambda: _notice_summary(articles))
    return members, distinct, words


def _columns(frame: DataFrame, fields: Mapping[str, str]) -> list[Any]:
    """Return the columns with fields of articles.

    Raises:
        InputError: two columns have one name, or none holds a text or a title.
    """
    if len({name.lower() for name in frame.columns}) < len(frame.columns):
        raise InputError(f"the data frame has a duplicate column: {', '.join(frame.columns)}")
    found = find_fields(frame.columns, fields)
    if not found["text"] and not found["title"]:
        raise InputError(
            f"no column holds a text or a title (columns: {', '.join(frame.columns)}): name them with `fields`"
        )
    wanted = find_columns(frame.columns, fields)
    return [column(name) for name in frame.columns if name in wanted]


def _read(batches: Iterable[Any], fields: Mapping[str, str], today: datetime, settings: Settings) -> Iterator[Any]:
    import pyarrow as pa
    from pyspark import TaskContext

    context = TaskContext.get()
    partition = context.partitionId() if context else 0
    part, place = 0, 0
    backend, preferences = worker_backend(settings), Preferences(settings)
    for batch in batches:
        ids = find_fields(batch.schema.names, fields)["id"]
        rows = [_row(item, ids, fields, today, preferences) for item in batch.to_pylist()]
        if not rows:
            continue
        blocks = backend.blocks((title, text) for _, title, text in rows)
        found = {name: [row[name] for row, _, _ in rows] for name in rows[0][0]}
        if place + len(rows) > HOME_ROWS:
            part, place = part + 1, 0
        home = partition << PART_BITS | part
        if home >> HOME_BITS or part >> PART_BITS:
            raise ValueError(
                f"partition {partition} has more than {HOME_ROWS << PART_BITS:,} rows, or there are more than"
                f" {1 << (HOME_BITS - PART_BITS):,}: repartition the data frame"
            )
        uid = (home << PLACE_BITS) + np.arange(place, place + len(rows))
        place += len(rows)
        table: dict[str, Any] = {
            "uid": uid,
            "home": np.full(len(rows), home, np.int32),
            **found,
            **words_columns(HashedWords.joined(blocks)),
            "distinct": distinct_column(blocks),
        }
        kinds = {"content": pa.binary(), "length": pa.int32(), "notices": pa.string()}
        kinds |= dict.fromkeys(("published", "told", "seen"), pa.float64())
        kinds |= {"titled": pa.binary(), "named": pa.list_(pa.binary()), "preference": pa.int32()}
        kinds["addresses"] = pa.list_(pa.struct([("key", pa.binary()), ("specific", pa.bool_())]))
        yield from pa.table(
            {name: pa.array(column, kinds[name]) if name in kinds else column for name, column in table.items()}
        ).to_batches()


def _row(
    item: Mapping[str, Any], ids: Iterable[Any], fields: Mapping[str, str], today: datetime, preferences: Preferences
) -> tuple[dict[str, Any], str, str]:
    """Return the fields of an article (without its words), its title and its text."""
    named = next((str(item[name]) for name in ids if not is_missing(item[name])), None)
    notices: list[Notice] = []
    corrections = Corrections(today=today)
    article = to_article(item, named if named is not None else _digest(item), notices, corrections, fields=fields)
    if named is None:
        notices.append(Notice(f"article {article.id}", "it has no id", "named after what it holds", skipped=False))
    notices.extend(corrections.notices())
    told = told_by(article, read_content(article.title, article.text))
    addresses = page_keys(article)
    if named is not None and article.source:  # an id under which an outlet has several texts is an address too
        addresses.append(PageKey("\0".join((article.source, article.id)).encode(errors="replace"), specific=False))
    dateline = None if article.published is not None else find_dateline(article)
    alone = preferences.is_ungrouped(article)
    return (
        {
            "id": article.id,
            "content": content_hash(article),
            "blank": alone or is_blank(article),
            "length": len(article.text),
            "published": _seconds(article.published),
            "told": _seconds(dateline),
            "seen": _seconds(article.seen),
            "source": " ".join(article.source.casefold().split()),
            "kind": told.kind.kind,
            "names": list(told.names),
            "beside": list(told.beside),
            "withdraws": told.withdraws,
            "addresses": [{"key": key.digest, "specific": key.specific} for key in addresses],
            "titled": _titled(article.source, title_key(article.title)),
            "named": _named(article) if told.withdraws else [],
            "preference": preferences.rank(article),
            "undated": undated(article.title),
            "rest": repr(replace(article, title="", text="")),
            "notices": "\n".join(f"{notice.problem}; {notice.action}" for notice in notices) or None,
        },
        "" if alone else article.title,
        "" if alone else article.text,
    )


def _titled(source: str, title: str) -> bytes:
    """Return what an article of an outlet and a title is withdrawn by."""
    return hashlib.blake2b(f"{source}\0{title}".encode(errors="surrogatepass"), digest_size=8).digest()


def _named(notice: Article) -> list[bytes]:
    """Return what articles are withdrawn by a notice by."""
    return [_titled(notice.source, title) for title in {*named_titles(notice.title, notice.text)}]


def _with_withdrawn(articles: DataFrame) -> DataFrame:
    """Add whether articles are `gone`: withdrawn, or a notice that withdraws, as in `StoredEvidence.withdrawn`."""
    from pyspark.sql import functions as F

    notices = articles.where("withdraws")
    if not notices.take(1):
        return articles.withColumn("gone", F.lit(False))
    named = notices.select(F.explode("named").alias("titled")).distinct().withColumn("is_named", F.lit(True))
    found = articles.join(named, "titled", "left")
    return found.withColumn("gone", F.col("withdraws") | F.coalesce("is_named", F.lit(False))).drop("is_named")


def _first_with_content(rows: Any, firsts: Any) -> Any:
    """Return the words of the articles of a home that are the first with their content, with their other columns."""
    place = places_in(numbers(rows["uid"]), numbers(firsts["uid"]))
    firsts = firsts.select(["n", "seconds", "length", "source"])
    return {"home": rows["home"].take(place), **dict(zip(firsts.column_names, firsts.columns, strict=True)),
            **{name: rows[name].take(place) for name in ("title", "hashes", "flags")}}  # fmt: skip


def _digest(item: Mapping[str, Any]) -> str:
    """Return an id for a row without one, from its content, so that it does not depend on the order of rows."""
    held = repr(sorted((name, value) for name, value in item.items() if value is not None))
    return f"row-{hashlib.blake2b(held.encode(errors='surrogatepass'), digest_size=8).hexdigest()}"


def _seconds(day: Any) -> float | None:
    seconds = published_seconds(day)
    return None if math.isnan(seconds) else seconds


def _with_unique_ids(articles: DataFrame) -> DataFrame:
    """Make ids unique: articles that share one get `id#2`, `id#3`, …, in the order of their content."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    columns = ["uid", "id", "content", "blank", "length", "published", "told", "seen", "source", "kind", "names"]
    columns += ["beside", "withdraws", "titled", "named", "preference", "undated"]
    shared = articles.groupBy("id").count().where("count > 1").select("id")
    found = articles.select(*columns)
    if shared.take(1):
        order = Window.partitionBy("id").orderBy(
            "content", F.isnull("published"), F.coalesce("published", F.lit(0.0)), "rest", "uid"
        )
        taken = (
            articles.select(
                F.regexp_extract("id", _SHARED, 1).alias("base"), F.regexp_extract("id", _SHARED, 2).alias("number")
            )
            .where("number != ''")
            .groupBy("base")
            .agg(F.collect_set(F.col("number").cast("long")).alias("taken"))
            .withColumnRenamed("base", "id")
        )
        ranked = (
            articles.join(shared, "id", "left_semi")
            .select("uid", "id", (F.row_number().over(order) - 1).alias("rank"))
            .where("rank > 0")
            .join(taken, "id", "left")
        )
        renamed = ranked.mapInArrow(_renamed, "uid long, name string")
        found = found.join(renamed, "uid", "left").withColumn("id", F.coalesce("name", "id")).drop("name")
    # Blank articles equal no other: their content hash is that of their id.
    return found.mapInArrow(_distinguish_blank, found.schema)


def _renamed(batches: Iterable[Any]) -> Iterator[Any]:
    import pyarrow as pa

    for batch in batches:
        names = []
        for row in batch.to_pylist():
            number = row["rank"] + 1
            for taken in sorted(row["taken"] or ()):
                number += 1 < taken <= number
            names.append(f"{row['id']}#{number}")
        yield from pa.table({"uid": batch["uid"], "name": names}).to_batches()


def _distinguish_blank(batches: Iterable[Any]) -> Iterator[Any]:
    import pyarrow as pa

    for batch in batches:
        blank = batch["blank"].to_pylist()
        if not any(blank):
            yield batch
            continue
        content = [
            content_hash(Article(id=name, text="")) if is_empty_one else content
            for name, content, is_empty_one in zip(
                batch["id"].to_pylist(), batch["content"].to_pylist(), blank, strict=True
            )
        ]
        yield batch.set_column(batch.schema.names.index("content"), "content", pa.array(content, pa.binary()))


def _number_by_content(job: Job, distinct: DataFrame) -> DataFrame:
    """Number articles in the order of their content hashes, in ranges; the low bits contain the home."""
    import pyarrow as pa
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    stretch = F.conv(F.hex(F.substring("content", 1, 2)), 16, 10).cast("int")
    dealt = distinct.withColumn("stretch", F.shiftright(stretch, 16 - _PREFIX))
    before, starts = 0, [0] * (1 << _PREFIX)
    for row in sorted(dealt.groupBy("stretch").count().collect()):
        starts[row["stretch"]] = before
        before += row["count"]
    starting = {"stretch": np.arange(len(starts), dtype=np.int32), "start": np.array(starts, np.int64)}
    first = job.spark.createDataFrame(pa.table(starting))
    rank = F.row_number().over(Window.partitionBy("stretch").orderBy("content")) - 1
    name = F.conv(F.hex(F.substring("content", 1, 6)), 16, 10).cast("long")  # as in `story` and `copy_group`
    number = F.shiftleft(F.col("start") + F.col("rank"), HOME_BITS).bitwiseOR(F.shiftright("uid", PLACE_BITS))
    return dealt.withColumn("rank", rank).join(F.broadcast(first), "stretch").withColumn(
        "n", number.cast("long")
    ).withColumn("name", name).drop("stretch", "start", "rank")  # fmt: skip


def _notice_summary(articles: DataFrame) -> dict[str, Any]:
    """Return the number of articles with notices, and the first ones by id."""
    noticed = articles.where("notices is not null").select("id", "notices")
    count = noticed.count()
    first = noticed.orderBy("id", "notices").take(20) if count else []
    return {"articles": count, "first": [f"{row['id']}: {row['notices']}" for row in first]}
