import time

import pytest

import kerasseq
from kerasseq.evaluation import CharacterErrorRate, PhonemeErrorRate, WordErrorRate


def test_phoneme_error_rate_sums_edits_and_lengths_before_it_divides() -> None:
    # 1 edit in 3 phonemes, 0 in 1: 1 / 4, not the mean of 1 / 3 and 0.
    assert PhonemeErrorRate()(["K AE T", "A"], ["K AH T", "A"]) == 25.0


def test_the_nearest_reference_counts() -> None:
    references = [["T AH M AA T OW", "T AH M EY T"]]
    assert PhonemeErrorRate()(["T AH M EY T OW"], references) == pytest.approx(
        100 * 1 / 5  # 1 edit to both; the second is shorter
    )


def test_of_equally_near_references_the_shorter_counts_whatever_their_order() -> None:
    for references in (["A B C D", "A B"], ["A B", "A B C D"]):  # 1 edit to each of them
        assert PhonemeErrorRate()(["A B C"], [references]) == 50.0


def test_a_nearer_reference_counts_though_another_is_shorter() -> None:
    assert PhonemeErrorRate()(["A B C D"], [["A", "A B C E"]]) == 25.0


def test_word_error_rate_counts_edits_of_whole_words() -> None:
    assert WordErrorRate()(["the cat sits"], ["the cat sat down"]) == 50.0


def test_character_error_rate_counts_code_points_and_spaces() -> None:
    assert CharacterErrorRate()(["a b"], ["ab c"]) == 50.0  # - space, + space in four characters
    assert CharacterErrorRate()(["𝄞"], ["𝄢"]) == 100.0  # one character of four bytes


def test_a_rate_may_pass_100() -> None:
    assert WordErrorRate()(["a b c"], ["x"]) == 300.0


@pytest.mark.parametrize("metric", [CharacterErrorRate(), PhonemeErrorRate(), WordErrorRate()])
def test_empty_texts_have_defined_rates(
    metric: CharacterErrorRate | PhonemeErrorRate | WordErrorRate,
) -> None:
    assert metric([""], ["a"]) == 100.0
    assert metric(["", "a"], ["", "a"]) == 0.0
    assert metric([""], [""]) == 0.0
    assert metric(["a"], [""]) == 100.0  # references without a token count as one
    assert not metric.higher_is_better


def test_signatures_say_what_was_counted() -> None:
    version = f"version:kerasseq.{kerasseq.__version__}"
    references = [["a", "b"]]
    assert PhonemeErrorRate().signature(references) == (
        f"nrefs:2|unit:phoneme|case:mixed|tok:whitespace|nearest:shorter|{version}"
    )
    assert WordErrorRate().signature(references) == (
        f"nrefs:2|unit:word|case:mixed|tok:whitespace|nearest:shorter|{version}"
    )
    assert CharacterErrorRate().signature(references) == (
        f"nrefs:2|unit:character|case:mixed|nearest:shorter|{version}"
    )


def test_twelve_thousand_words_take_less_than_two_seconds() -> None:
    hypotheses = ["K AE T AH L AO G"] * 12_000
    references = [["K AE DX AH L AA G", "K AE T L AO G Z"]] * 12_000
    started = time.process_time()
    PhonemeErrorRate()(hypotheses, references)
    CharacterErrorRate()(hypotheses, references)
    assert time.process_time() - started < 2


@pytest.mark.parametrize("metric", [PhonemeErrorRate(), WordErrorRate()])
def test_spacing_alone_is_no_error(metric: PhonemeErrorRate | WordErrorRate) -> None:
    assert metric([" K  AE\tT\n"], ["K AE T"]) == 0.0
