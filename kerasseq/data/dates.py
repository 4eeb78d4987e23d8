"""A generated task: dates as people write them -> dates as ISO 8601 writes them."""

import datetime
import random
from collections.abc import Callable

from kerasseq import checks
from kerasseq.data.pairs import Pairs

# Not strftime, whose names depend on the machine's language.
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# A hundred years, so that two digits name one year.
FIRST_DATE = datetime.date(1950, 1, 1)
LAST_DATE = datetime.date(2049, 12, 31)


def _month(date: datetime.date) -> str:
    return MONTHS[date.month - 1]


def _ordinal(day: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
    return f"{day}{endings.get(day, 'th')}"


# No text may stand for two dates: with dots and slashes the day comes first, except after a year
# of four digits.
FORMATS: tuple[Callable[[datetime.date], str], ...] = (
    lambda date: f"{date.day} {_month(date)} {date.year}",
    lambda date: f"{_month(date)} {date.day}, {date.year}",
    lambda date: f"{WEEKDAYS[date.weekday()]}, {date.day} {_month(date)} {date.year}",
    lambda date: f"{_ordinal(date.day)} of {_month(date)} {date.year}",
    lambda date: f"{_month(date).lower()} {_ordinal(date.day)}, '{date.year % 100:02}",
    lambda date: f"{date.day}-{_month(date)[:3]}-{date.year}",
    lambda date: f"{_month(date)[:3].upper()} {date.day:02} {date.year}",
    lambda date: f"{WEEKDAYS[date.weekday()][:3]} {date.day} {_month(date)[:3]} {date.year}",
    lambda date: f"{date.day}.{date.month}.{date.year}",
    lambda date: f"{date.day:02}.{date.month:02}.{date.year % 100:02}",
    lambda date: f"{date.day:02}/{date.month:02}/{date.year}",
    lambda date: f"{date.year}/{date.month}/{date.day}",
    lambda date: f"{date.year}{date.month:02}{date.day:02}",
)


def generate_dates(size: int, seed: int = 0) -> Pairs:
    """Generates pairs of a date as people write it and the same date as `YYYY-MM-DD`.

    A task that a small network learns in a minute on a CPU, and whose every answer can be checked:
    for tests, and for a first look at what attention does.

    Args:
        size: how many pairs. The first pairs of a longer list are those of a shorter one.
        seed: which pairs; the same on every machine. Lists of two seeds may share a few pairs.

    Example:

    >>> list(generate_dates(2, seed=1))
    [('1963/6/9', '1963-06-09'), ('18th of May 2026', '2026-05-18')]
    """
    checks.check_positive_integer("size", size)
    checks.check_integer("seed", seed, minimum=0)
    generator = random.Random(seed)  # `random()` alone is promised to stay the same
    days = (LAST_DATE - FIRST_DATE).days + 1
    tuples = []
    for _ in range(size):
        date = FIRST_DATE + datetime.timedelta(days=int(generator.random() * days))
        write = FORMATS[int(generator.random() * len(FORMATS))]
        tuples.append((write(date), date.isoformat()))
    return Pairs.from_tuples(tuples)
