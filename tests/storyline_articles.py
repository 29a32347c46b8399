"""Made-up articles of one storyline: a sale, a strike against it and a judgment on it, and of matters beside it."""

from __future__ import annotations

from dedup import Article

_MATTERS = {
    "sale": (
        "Oakvale sells its port to Brintex for nine billion crowns",
        "The city of Oakvale sold its port to the shipping group Brintex for nine billion crowns on Monday. Mayor Ilse"
        " Tarnow signed the contract in the customs house; Brintex will run the container terminal for forty years.",
    ),
    "strike": (
        "Dockers lay down work over fears for wages under Brintex",
        "Nine hundred dockers laid down their work on Wednesday. Their union fears that shifts will be cut and crane"
        " drivers dismissed; pickets with braziers blocked the gates of Oakvale until the evening, lorries queued for"
        " miles, and not one container was unloaded. Shop steward Bram Hessel spoke of a warning to the new owners.",
    ),
    "judgment": (
        "Judges dismiss complaint of residents against harbour deal",
        "An administrative court dismissed the complaint of eleven residents on Friday. The council had voted in time,"
        " presiding judge Anselm Roth ruled, and noise limits were kept. Their lawyer will appeal to a higher bench;"
        " Brintex said that building in Oakvale begins in spring, with deeper berths and a longer breakwater.",
    ),
    "volcano": (
        "Ash of the volcano Teylak falls on Mirano",
        "The volcano Teylak threw ash over the town of Mirano on Tuesday. Schools were closed, and the road to the"
        " crater was barred; seismologist Petra Solano expects further eruptions this week.",
    ),
    "museum": (
        "Kallby museum opens a hall of clocks",
        "After two years of work the museum of Kallby opens a hall with four hundred clocks on Sunday. Curator Lene"
        " Vestergaard has had all of them repaired; a carillon plays at noon.",
    ),
}


def storyline_articles() -> list[Article]:
    """Three articles on each matter, by three outlets."""
    return [
        Article(
            id=f"{matter}-{outlet}",
            title=title,
            text=f"{text} {outlet.title()} has {len(matter) + number} pictures of it.",
            source=outlet,
            published=None,
        )
        for matter, (title, text) in _MATTERS.items()
        for number, outlet in enumerate(("herald", "courier", "tribune"))
    ]
