from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from kerasseq.commands.windows import answer_windows, are_many_batches


def echo(texts: Sequence[str], batch_size: int) -> list[Any]:
    return list(texts)


def test_order_is_kept_and_texts_of_about_one_length_stand_together() -> None:
    asked = []

    def translate(texts: Sequence[str], batch_size: int) -> list[Any]:
        asked.append((list(texts), batch_size))
        return [text.upper() for text in texts]

    texts = ["ccc", "a", "bb", "a", "dddd", "e"]
    windows = list(answer_windows(translate, texts, batch_size=2, window=4))
    assert windows == [["CCC", "A", "BB", "A"], ["DDDD", "E"]]
    assert asked == [(["a", "a", "bb", "ccc"], 2), (["e", "dddd"], 2)]


def test_eight_batches_are_answered_together() -> None:
    asked = []

    def translate(texts: Sequence[str], batch_size: int) -> list[Any]:
        asked.append(len(texts))
        return list(texts)

    (window,) = answer_windows(translate, [str(number) for number in range(45)], batch_size=2)
    assert window == [str(number) for number in range(45)]
    assert asked == [16, 16, 13]


@pytest.mark.parametrize(
    ("total", "window", "many"),
    [
        *[(8, None, True), (7, None, False), (None, None, True), (100, 7, False)],
        *[(None, 1, False), (None, 8, True), (0, None, False)],
    ],
)
def test_two_full_batches_are_many(total: int | None, window: int | None, many: bool) -> None:
    assert are_many_batches(total, 4, window) is many


def test_no_more_is_read_than_a_window() -> None:
    read = []

    def texts() -> Iterator[str]:
        for number in range(10):
            read.append(number)
            yield str(number)

    windows = answer_windows(echo, texts(), window=3)
    assert next(windows) == ["0", "1", "2"]
    assert read == [0, 1, 2]


def test_rows_before_one_that_cannot_be_read_are_answered_first() -> None:
    def texts() -> Iterator[str]:
        yield from "abcd"
        raise ValueError("line 5 is no text")

    windows = answer_windows(echo, texts(), batch_size=2, window=3)
    assert next(windows) == ["a", "b", "c"]
    assert next(windows) == ["d"]
    with pytest.raises(ValueError, match="line 5 is no text"):
        next(windows)


def test_nothing_gives_nothing() -> None:
    assert list(answer_windows(lambda texts, batch_size: [], [])) == []


def test_batches_hold_something() -> None:
    with pytest.raises(ValueError, match=r"`batch_size` must be an integer of at least 1\. .*: 0"):
        list(answer_windows(lambda texts, batch_size: [], ["a"], batch_size=0))


def test_a_bar_counts_the_sentences_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(**options: Any) -> str:
        list(answer_windows(echo, ["a"] * 3, total=3, **options))
        return capsys.readouterr().err

    assert run() == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert "0/3 [" in run()
    assert run(show_progress=False) == ""
