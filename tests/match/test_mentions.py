"""Names, numbers and dates of two texts, in both and in one alone."""

from __future__ import annotations

import pytest

from dedup.comparison import Mentions
from dedup.match.mentions import dates, names, numbers
from dedup.text.dateline import find_dates


def test_names_are_shown_in_full_and_found_at_the_beginning_of_a_sentence() -> None:
    first = "In Port Ellery the mayor, Joan Abara, met Paul Lindqvist."
    second = "Lindqvist was not there. The mayor of Port Ellery, Abara, saw Irene Maddox."
    assert names(first, second) == Mentions(
        ("Port Ellery", "Abara"), ("Joan Abara", "Paul Lindqvist"), ("Irene Maddox",)
    )


def test_a_name_is_known_by_all_its_words() -> None:
    assert names("Asked about it, Joan Abara left.", "Abara, first name Joan, left.").both == ("Joan Abara",)


def test_numbers_in_other_writing_are_one_number() -> None:
    found = numbers("It cost 1,200 or 3.5% of 0.125; 14 saw it.", "It cost 1.200 or 3,5 % of 125. 15 saw it. B2")
    assert found == Mentions(("1,200", "3.5%"), ("0.125", "14"), ("125", "15"))


def test_groups_of_three_digits_are_thousands_and_others_decimals() -> None:
    found = numbers("1,200 and 3.5 and 1,234,567 and 0.125", "1200 and 35 and 1234567 and 125")
    assert found == Mentions(("1,200", "1,234,567"), ("3.5", "0.125"), ("35", "125"))


def test_dates_are_no_numbers() -> None:
    assert numbers("On 15 June 2024, 9 died.", "On June 16 9 died.") == Mentions(("9",), (), ())


def test_a_date_without_a_year_is_any_years() -> None:
    found = dates("On 15 June 2024 and May 2.", "It was June 15. On 2 May 2023 and 2024-05-03.")
    assert found == Mentions(("15 June 2024", "May 2"), (), ("2024-05-03",))
    assert dates("15 June 2024", "15 June 2023") == Mentions((), ("15 June 2024",), ("15 June 2023",))


def test_dates_of_several_languages() -> None:
    text = "El 3 de junio de 2024, am 4. Juni 2024, 2024年6月5日, 6月7日"
    assert [day for _, _, day in find_dates(text)] == [(2024, 6, 3), (2024, 6, 4), (2024, 6, 5), (None, 6, 7)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The court heard Justice N. V. Ramana on Friday.", ("Justice N. V. Ramana", "Friday")),
        ("The court heard Justice N V Ramana.", ("Justice N V Ramana",)),
        ("They went by Plan B. The council agreed, and the mayor too.", ("Plan",)),
        ("Doors open at 9 AM, close at 5 PM, and he got an A in it.", ()),
        ("It was 10 AM Tuesday when J. K. Holm spoke.", ("Tuesday", "J. K. Holm")),
        ("It was said by Justice N in the morning.", ("Justice",)),
    ],
)
def test_initials_belong_to_a_name_and_are_none(text: str, shown: tuple[str, ...]) -> None:
    found = names(text, "")
    assert found.only_a == shown
