"""Notices of one form are no copies and no story; versions of one report that differ as little are one text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dedup import Article, compare

MONDAY, DAY = datetime(2025, 3, 3, 8, tzinfo=UTC), timedelta(days=1)
FORMS: dict[str, tuple[str, str, list[list[str]]]] = {
    "job": (
        "Vacancy: {0}",
        "{1} is looking for a {0} to join its team in {2}. You have {3} and enjoy working with other people. We"
        " offer {4},"
        " thirty days of leave and a canteen that cooks every day. Please send your application with references to the"
        " personnel office by the end of the month. We welcome applications from people of every background. Interviews"
        " take place in the two weeks after the closing date, and travel costs are paid.",
        [
            ["night nurse", "Larch House", "Weldon", "a diploma in geriatric care", "a bonus for nights"],
            ["payroll clerk", "Sorbo Shipping", "Tann", "three years in an accounts department", "flexible mornings"],
            ["gardener", "Corran Council", "Corran", "green fingers and a licence for tractors", "a flat at low rent"],
        ],
    ),
    "match": (
        "{0} {2} {1}",
        "{0} beat {1} {2} at home in the regional league on Saturday. {3} opened the scoring before the break"
        " and {4} made"
        " sure of the points late on. The visitors had more of the ball but found no way through. The referee showed no"
        " cards. All tables and fixtures of the regional league can be found on our sports page, where readers can also"
        " vote for the player of the day.",
        [
            ["Weldon Rovers", "Orsa Town", "2-0", "Hruby", "Lind"],
            ["Kelmar 1908", "Gorlau Union", "3-1", "Moss", "Adebayo"],
            ["Tann Athletic", "Luden Steel", "4-2", "Pichler", "Oduya"],
        ],
    ),
    "shares": (
        "{0} shares {1}",
        "Shares of {0} {1} in early trading in Mirstad on {2}, after the company reported {3}. Analysts had"
        " expected less"
        " movement. Trading volume was above the average of the last thirty days. The index of the fifty largest"
        " companies was little changed. This text was written by a program from data of the exchange and was"
        " not edited;"
        " it is no advice to buy or sell securities.",
        [
            ["Norvik Bank", "fell 3.1 percent", "Monday", "a loss of 40 million crowns"],
            ["Sorbo Shipping", "rose 1.7 percent", "Tuesday", "more orders than last year"],
            ["Ridge Metals", "gained 6.2 percent", "Monday", "the sale of its oldest pit"],
        ],
    ),
    "court": (
        "Magistrates: {0}",
        "{0}, {1}, of {2}, admitted {3} when he appeared before Weldon magistrates. He was fined {4} crowns and"
        " ordered to"
        " pay costs and a victim surcharge. The bench took his early plea into account. Results from the magistrates'"
        " court are published every week as a record of cases that were heard in open court, and names are"
        " never left out"
        " on request.",
        [
            ["Pavel Dorn", "34", "Mill Lane, Orsa", "driving without insurance", "300"],
            ["Gareth Simms", "51", "Bridge Street, Tann", "stealing a bicycle from the station", "120"],
            ["Luis Ferrant", "27", "Castle Road, Weldon", "letting off fireworks after midnight", "80"],
        ],
    ),
    "recipe": (
        "Recipe of the day: {0}",
        "For {0} you need {1}. Wash and chop everything, heat two spoons of oil in a heavy pan and fry the"
        " onions until they"
        " are soft. {2}. Season with salt and pepper, cover the pan and let it stand for ten minutes before you"
        " serve it"
        " with bread. Send us your own favourite: each week we cook one recipe of a reader in the test kitchen, and the"
        " winner receives a book of our hundred best dishes.",
        [
            ["barley with mushrooms", "a cup of barley, mushrooms and an onion", "Add the barley and stir in stock"],
            [
                "lentils with lemon",
                "brown lentils, two lemons, onions and mint",
                "Pour in water, simmer it, squeeze lemons",
            ],
            [
                "bean pot",
                "white beans that soaked overnight, leeks and onions",
                "Let the beans bubble gently until tender",
            ],
        ],
    ),
    "horoscope": (
        "Your stars: {0}",
        "{0}: {1}. In love, {2}. Money matters should be left to the end of the week, when the moon is kinder"
        " to all signs."
        " {3}. Our astrologer answers letters of readers every Thursday on the last page; please enclose a stamped"
        " envelope and the hour of your birth, as precisely as you know it.",
        [
            ["Aries", "A colleague tests your patience", "somebody shy waits for a word", "Eat more greens"],
            [
                "Pisces",
                "Old plans come back to life this month",
                "silence says more than flowers",
                "Sleep before midnight",
            ],
            ["Leo", "You will be asked for advice, so give it", "an argument clears the air", "Leave the car at home"],
        ],
    ),
    "estate": (
        "For sale: {0} in {1}",
        "{0} in {1}, {2} square metres, {3} rooms, {4}. Asking price {5} crowns. The agent charges the usual"
        " fee, payable by"
        " the buyer when the contract is signed. Viewing by appointment only. All particulars come from the"
        " owner and are"
        " given without liability. An energy certificate is available for inspection. More offers of our agency"
        " are shown"
        " in the window on the market square.",
        [
            ["Terraced house", "Tann", "112", "five", "with a garden that faces south", "240,000"],
            ["Attic flat", "Gorlau", "64", "two", "view of the harbour, no lift", "155,000"],
            ["Farmhouse", "Corran", "230", "nine", "barn and well included", "310,000"],
        ],
    ),
    "earthquake": (
        "Magnitude {0} quake strikes near {1}",
        "An earthquake of magnitude {0} struck {2} kilometres {3} of {1} on {4}, the seismological institute"
        " said. Its centre"
        " was at a depth of {5} kilometres. There were no immediate reports of damage or of casualties. The institute"
        " registers about nine hundred quakes in the country every year, most of which nobody feels. People who"
        " noticed it"
        " are asked to fill in the form on the institute's page.",
        [
            ["4.1", "Gorlau", "12", "north", "Sunday evening", "9"],
            ["3.6", "Kelmar", "31", "south-west", "Tuesday night", "14"],
            ["4.8", "Corran", "7", "east", "Friday at noon", "6"],
        ],
    ),
    "traffic": (
        "Delays on {0}",
        "Drivers face delays on {0} between {1} and {2} because of {3}. One lane is closed in both directions"
        " and traffic is"
        " moving slowly past the spot. Motorists are advised to leave early or to use the train. The road"
        " authority expects"
        " the lane to be open again by the evening. Live information on all roads can be heard every half hour"
        " on the radio"
        " or read on the page of the authority.",
        [
            ["the E45", "Orsa", "Tann", "a lorry that lost its load of planks"],
            ["the coast road", "Luden", "Mirstad", "roadworks on a crumbling bridge"],
            ["Route 9", "Weldon", "Kelmar", "fallen trees after the night's storm"],
        ],
    ),
    "pollen": (
        "Pollen count for {0}",
        "The pollen count for {0} is {1} today. {2} is the main source, followed by grasses. People with"
        " allergies should keep"
        " windows closed in the morning and wash their hair before going to bed. Rain brings relief for some hours. The"
        " count is taken on the roof of the clinic and published by the health office every morning from March until"
        " September.",
        [["Orsa", "high", "Birch"], ["Tann", "moderate", "Hazel"], ["Gorlau", "low", "Alder"]],
    ),
    "appointment": (
        "{0} appoints {1}",
        "{0} today announced the appointment of {1} as {2}, effective from the first of next month. Prior to"
        " this, {3}. The"
        " chair of the board said that the company was delighted to have found a leader of such experience, and"
        " thanked the"
        " predecessor for years of dedicated service. The appointment is subject to the approval of the regulator. This"
        " release contains statements about the future that involve risks.",
        [
            ["Norvik Bank", "Hanna Tveit", "head of risk", "she ran the audit of a savings bank in Luden"],
            ["Ridge Metals", "Oskar Prell", "director of mines", "he spent eleven years at a quarry near Corran"],
            ["Sorbo Shipping", "Ines Calder", "treasurer", "she advised port authorities on their debts"],
        ],
    ),
    "missing": (
        "Police search for missing {0}",
        "Police are asking for help in the search for {0}, {1}, who was last seen {2}. {3}. Anyone who has seen"
        " the person or"
        " knows where the person might be is asked to call the police station in Weldon or any other station. Hints are"
        " treated in confidence. The police ask people not to search fields and woods on their own, because tracks that"
        " dogs could follow are easily lost.",
        [
            ["Edith Marr", "82", "at the bus stop by Larch House", "She wears a green coat and walks with a stick"],
            ["Timo Rausch", "15", "leaving school on a red bicycle", "He is tall, has braces and carries a guitar"],
            ["Bruno Keller", "67", "in the car park of the hospital", "He may be confused and needs insulin"],
        ],
    ),
}

REPORT = (
    "Firefighters from {0} stations fought a blaze at a furniture warehouse in {1} for {2} hours on Monday. The"
    " fire broke out"
    " shortly after noon in the varnish shop, said brigade commander {3}. Two workers were treated for smoke"
    " inhalation and"
    " have left hospital. The owner, Holm Interiors, puts the loss at {4} crowns. Smoke drifted over the"
    " motorway, which"
    " police closed until the evening. Investigators suspect a faulty heater, which had been reported twice"
    " this winter. The"
    " town council will discuss on Thursday whether the shop may be rebuilt so close to the school."
)
GIVEN = ("six", "Gorlau", "nine", "Ivo Stern", "2.4 million")
VERSIONS = {
    "a number is corrected": ("seven", *GIVEN[1:]),
    "a name is corrected": (*GIVEN[:3], "Ivo Sterne", GIVEN[4]),
    "a person is named instead of another": (*GIVEN[:3], "Lars Adler", GIVEN[4]),
    "house style": ("6", "Gorlau", "9", "Ivo Stern", "2.4m"),
}


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("days", [0, 1, 7])
def test_notices_of_one_form_are_apart(kind: str, pair: tuple[int, int], days: int) -> None:
    title, text, values = FORMS[kind]
    one, other = (
        Article(
            id=str(k),
            title=title.format(*values[k]),
            text=text.format(*values[k]),
            published=MONDAY + days * place * DAY,
        )
        for place, k in enumerate(pair)
    )
    found = compare(one, other)
    assert not found.same_text
    assert not found.same_story


@pytest.mark.parametrize("change", VERSIONS)
def test_versions_of_one_report_are_one_text(change: str) -> None:
    one, other = (
        Article(
            id=str(after),
            title="Blaze at furniture warehouse",
            text=REPORT.format(*values),
            published=MONDAY + after * DAY,
        )
        for values, after in ((GIVEN, 0), (VERSIONS[change], 0.2))
    )
    assert compare(one, other).same_text
