import datetime
import random

import pytest

from kerasseq.data import generate_dates
from kerasseq.data.dates import FIRST_DATE, FORMATS, LAST_DATE


def test_every_format_of_one_date() -> None:
    assert [write(datetime.date(2005, 4, 3)) for write in FORMATS] == [
        "3 April 2005",
        "April 3, 2005",
        "Sunday, 3 April 2005",
        "3rd of April 2005",
        "april 3rd, '05",
        "3-Apr-2005",
        "APR 03 2005",
        "Sun 3 Apr 2005",
        "3.4.2005",
        "03.04.05",
        "03/04/2005",
        "2005/4/3",
        "20050403",
    ]


@pytest.mark.parametrize(
    ("day", "text"),
    [(1, "1st"), (2, "2nd"), (11, "11th"), (12, "12th"), (23, "23rd"), (31, "31st")],
)
def test_ordinals(day: int, text: str) -> None:
    assert FORMATS[3](datetime.date(2000, 1, day)) == f"{text} of January 2000"


def test_no_text_stands_for_two_dates() -> None:
    seen: dict[str, datetime.date] = {}
    for days in range(0, (LAST_DATE - FIRST_DATE).days + 1, 7):
        date = FIRST_DATE + datetime.timedelta(days=days)
        for write in FORMATS:
            assert seen.setdefault(write(date), date) == date


def test_a_seed_gives_the_same_pairs_and_a_longer_list_begins_with_them() -> None:
    pairs = generate_dates(50, seed=3)
    assert pairs[0] == generate_dates(1, seed=3)[0]
    assert list(pairs) == list(generate_dates(80, seed=3))[:50]
    assert pairs != generate_dates(50, seed=4)


def test_targets_are_iso_dates_of_the_range() -> None:
    for target in generate_dates(200).targets:
        assert FIRST_DATE <= datetime.date.fromisoformat(target) <= LAST_DATE


def test_size_and_seed_are_checked() -> None:
    with pytest.raises(ValueError, match=r"`size` must be an integer of at least 1\. .* 0\."):
        generate_dates(0)
    with pytest.raises(ValueError, match=r"`seed` must be an integer of at least 0\. .* -1\."):
        generate_dates(1, seed=-1)


@pytest.mark.parametrize(("drawn", "target"), [(0.0, "1950-01-01"), (1 - 2.0**-53, "2049-12-31")])
def test_the_first_and_the_last_day_may_be_drawn(
    monkeypatch: pytest.MonkeyPatch, drawn: float, target: str
) -> None:
    monkeypatch.setattr(random.Random, "random", lambda generator: drawn)
    assert generate_dates(1).targets == [target]
