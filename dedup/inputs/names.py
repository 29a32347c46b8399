"""The usual names of the fields of an article in records, in many languages.

Names are compared without case, accents, spaces, hyphens, underscores, `@` and `:`: `publishedAt`, `Published At` and
`published_at` are one name, and so are `título` and `titulo`, `_id` and `@id`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FULL = _names(
    """
    fulltext fullcontent text body bodies content article maintext articletext articlebody articlecontent bodytext
    contenttext textcontent contentencoded storytext posttext newstext pagecontent plaintext plain selftext
    messagetext paragraphs blocks bodyhtml contenthtml html rawtext rawcontent markdown document fullarticle
    bodycontent textbody htmlcontent transcript news volltext artikeltext inhalt haupttext texte contenu corps texto
    contenido cuerpo conteudo corpo testo contenuto tekst inhoud bericht tresc тексттела текст содержание содержимое
    тело вміст зміст 正文 内容 內容 文章 全文 本文 記事 記事本文 본문 내용 metin icerik النص المحتوى brodtext
    innehall tresctekst
    """
)
_SUMMARIES = _names(
    """
    leadparagraph lead abstract summary description excerpt snippet standfirst trailtext teaser extract blurb dek
    preview intro introduction subtitle subheadline contentsnippet descriptiontext descriptionhtml metadescription
    shortdescription synopsis desc shortdesc lede deck strapline brief zusammenfassung beschreibung vorspann
    kurzfassung anriss resume chapo chapeau extrait resumen entradilla descripcion extracto resumo descricao
    sommario riassunto descrizione estratto occhiello samenvatting beschrijving inleiding streszczenie opis zajawka
    аннотация описание анонс лид краткоесодержание резюме опис анотація 摘要 简介 描述 导语 概要 要約 説明 リード
    요약 ozet ملخص ingress sammanfattning
    """
)

USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": _names(
        """
        id guid uuid articleid docid documentid newsid postid itemid entryid objectid pageid identifier uri pk
        kennung identifiant identificador identificatore идентификатор ідентифікатор 编号 文章id 記事id 番号
        """
    ),
    "text": (*_FULL, *_SUMMARIES),
    "title": _names(
        """
        title headline heading head articletitle newstitle posttitle webtitle pagetitle resolvedtitle storytitle
        headlinetext subject titletext titel uberschrift ueberschrift schlagzeile artikeltitel titre intitule titulo
        titular encabezado manchete titolo titolone kop krantenkop tytul naglowek заголовок название заглавие назва
        标题 標題 题目 题名 タイトル 見出し 題名 件名 제목 baslik العنوان عنوان nadpis otsikko overskrift name
        """
    ),
    "published": _names(
        """
        publishedgmt publishedutc dategmt dateutc postdategmt datetimepub published publishedat publishedon
        publisheddate publishdate publishtime datepublished datepublish publishedtime publisheddatetime pubdate
        pubtime publicationdate publicationtime publishdatetime publicationdatetime pubdatetime timepublished
        providerpublishtime publishts webpublicationdate firstpublished firstpublishedat firstpublicationdate
        releasedate issued datetime date postdate postedat posted postedon dateposted posteddate articledate
        newsdate posttime newstime displaydate issuedate dateissued editiondate releasetime time timestamp day
        created createdat createdutc datecreated creationdate createddate createdtime contentcreated
        firstcreated versioncreated publishedparsed updated updatedat datum veroffentlicht veroffentlichtam
        veroffentlichungsdatum
        erscheinungsdatum erschienen veroeffentlicht veroeffentlichtam veroeffentlichungsdatum datedepublication
        datepublication publiele datepubli fecha fechapublicacion fechadepublicacion publicado data datapublicacao
        datadepublicacao publicadoem datapubblicazione datadipubblicazione pubblicato pubblicatoil publicatiedatum
        gepubliceerd gepubliceerdop verschenen datapublikacji opublikowano дата датапубликации опубликовано
        датапублікації опубліковано 日期 时间 時間 发布时间 发布日期 發布時間 發佈日期 日付 日時 公開日 公開日時
        掲載日 配信日 発行日 날짜 게시일 tarih التاريخ تاريخ paivays dato
        """
    ),
    "seen": _names(
        """
        seen seenat seendate dateseen firstseen fetched fetchedat fetchtime crawled crawledat crawldate crawltime
        datecrawled datedownload downloaded downloadedat downloaddate retrieved retrievedat accessed accessedat
        scraped scrapedat scrapedate collectedat indexedat indexeddate filedate dateadded timeadded addedat
        abgerufen abgerufenam abrufdatum consultele recuperado consultado 抓取时间 爬取时间 取得日
        """
    ),
    "source": _names(
        """
        sourcehostname source outlet publisher publication publicationname sourcename medianame namesource feedtitle
        sourcetitle sourcedomain domain site sitename newspaper provider hostname mediaoutlet newssource newsoutlet
        newssite outletname publishername paper papername newspapername sourcesite website domainname origin feed
        channel agency infosource infosources sourceid domainurl copyrightholder quelle zeitung herausgeber verlag
        journal editeur fuente medio periodico
        fonte veiculo jornal testata giornale bron krant zrodlo gazeta источник издание джерело видання 来源 媒体
        出处 來源 媒體 出典 媒体名 新聞社 掲載元 情報源 출처 언론사 kaynak المصدر kalla
        """
    ),
    "url": _names(
        """
        url link weburl articleurl articlelink newsurl posturl storyurl newslink sourcelink postlink fullurl
        permalink canonicalurl canonical alternate href webpage pageurl originalurl externalurl shareurl resolvedurl
        givenurl links sourceurl mainentityofpage ogurl adresse webadresse lien enlace vinculo ligacao collegamento
        indirizzo adres ссылка адрес посилання адреса 链接 網址 网址 連結 リンク 링크 baglanti الرابط
        """
    ),
    "author": _names(
        """
        author authors byline creator writer reporter journalist authorname postauthor by contributor createdby
        writtenby postedby account autor autoren verfasser auteur auteurs autores autore autori autorzy автор авторы
        автори 作者 记者 記者 著者 執筆者 筆者 저자 기자 yazar الكاتب
        """
    ),
    "section": _names(
        """
        section sectionname sectiontitle articlesection category categories categoryname rubric desk newsdesk
        department primarytag topic topics subreddit ressort rubrik kategorie sparte rubrique categorie seccion
        categoria editoria secao sezione rubriek kategoria dzial rubryka рубрика категория раздел категорія розділ
        栏目 分类 类别 版面 欄目 分類 カテゴリ カテゴリー ジャンル 카테고리 kategori
        """
    ),
    "lang": _names(
        """
        lang language langcode languagecode inlanguage contentlanguage sourcelanguage isolanguage languageid
        humanlanguage locale sprache langue idioma lengua lingua taal jezyk язык мова 语言 語言 言語 언어 dil اللغة
        sprak
        """
    ),
    "story": ("story",),
    "storyline": ("storyline",),
}
"""The usual names of each field of an `Article`, in the order in which they are tried; see `squeeze`."""

NEEDS_URL = "name"
"""A name that is a title only beside a url: that of a person or an outlet has the same name."""

ANNEXES = frozenset(
    (
        *("_source", "fields", "attributes", "node", "data", "doc", "document", "item", "post", "article", "content"),
        *("thread", "metadata", "meta", "properties", "payload", "record", "sys", "object", "value", "news", "result"),
        *("resource", "entity", "extra"),
    )
)
"""Names of objects inside a record that hold some of its fields."""

WRAPPERS = frozenset(
    (
        *("rendered", "value", "#text", "text", "main", "name", "title", "displayname", "content", "html", "plain"),
        *("raw", "href", "original", "label", "$date", "$oid"),
    )
)
"""Names of a value that is wrapped in an object: `{"title": {"rendered": "…"}}`."""

_PREFIXES = (
    *("article", "news", "post", "item", "entry", "document", "doc", "web", "page", "raw", "cleaned", "clean", "full"),
    *("original", "main", "og", "dcterms", "dc", "schema", "twitter", "rss", "prism", "artikel", "the"),
)
_SUFFIXES = ("text", "html", "raw", "plain", "cleaned", "clean", "original", "utc", "gmt", "iso", "string", "str", "s")
_ALONE = frozenset(
    (
        "article",
        "document",
        "id",
        "pk",
        "uri",
        "url",
        "by",
        "day",
        "time",
        "data",
        "head",
        "name",
        "story",
        "lead",
        "feed",
        "site",
    )
)
"""Names that a prefix or a suffix makes another one of: `story_id`, `site_name`."""

_LATER = 1000
"""Added to the rank of a name that is recognised without its prefix or suffix only."""
_LONGEST = 100
"""Maximum characters of a name that is looked up."""

_DROPPED = str.maketrans(
    {**dict.fromkeys(" -_\t\ufeff@:'’"), "ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"}
)


@lru_cache(maxsize=1 << 12)
def squeeze(name: Any) -> str:
    """Return a name without case, accents and separators."""
    plain = str(name).casefold()
    if not plain.isascii():
        plain = "".join(mark for mark in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(mark))
        plain = unicodedata.normalize("NFC", plain)
    return plain.translate(_DROPPED)


@lru_cache(maxsize=1 << 12)
def field_of(name: str) -> tuple[str, int] | None:
    """Return the field that a name means and its rank among the names of the field, 0 for the first; None if unknown.

    A name with a dot is a place in an object inside the record: `fields.headline`, `source.name`.
    """
    if len(name) > _LONGEST:
        return None
    parts = [part for part in name.split(".") if part]
    start = next((place for place, part in enumerate(parts[:-1]) if part.lower() not in ANNEXES), len(parts) - 1)
    for begin in (start, 0):
        squeezed = [squeeze(part) for part in parts[max(begin, 0) :]]
        while squeezed:
            if found := _lookup("".join(squeezed)):
                return found
            if squeezed.pop() not in WRAPPERS:
                break
    return None


def is_summary(name: str) -> bool:
    """Return whether a name of a text is that of a summary, and not of the whole article."""
    field, rank = field_of(name) or ("", 0)
    return field == "text" and rank % _LATER >= len(_FULL)


def _lookup(name: str) -> tuple[str, int] | None:
    places = _places()
    if name in places:
        return places[name]
    shorter = [name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)]
    shorter += [one.removesuffix(suffix) for one in (name, *shorter) for suffix in _SUFFIXES if one.endswith(suffix)]
    known = [places[one] for one in shorter if one in places and one not in _ALONE]
    field, rank = min(known, key=lambda place: place[1], default=("", 0))
    return (field, rank + _LATER) if field else None


@cache
def _places() -> Mapping[str, tuple[str, int]]:
    return {squeeze(name): (field, rank) for field in USUAL_NAMES for rank, name in enumerate(USUAL_NAMES[field])}
