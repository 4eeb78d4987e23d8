import pytest

import kerasseq
from kerasseq.evaluation import ExactMatch, SequenceErrorRate


def test_exact_match_is_the_share_that_equals_any_reference() -> None:
    references = ["a", ["b", "c"], ["d", "e"], "f"]
    assert ExactMatch()(["a", "c", "x", "F"], references) == 50.0  # case counts


def test_sequence_error_rate_is_the_share_that_equals_no_reference() -> None:
    references = ["K AE T", ["D AO G", "D AA G"], "B"]
    assert SequenceErrorRate()(["K AE T", "D AA G", "P"], references) == pytest.approx(100 / 3)


def test_white_space_alone_is_an_exact_mismatch_but_no_sequence_error() -> None:
    assert ExactMatch()(["K  AE T "], ["K AE T"]) == 0.0
    assert SequenceErrorRate()(["K  AE T "], ["K AE T"]) == 0.0


def test_an_empty_output_is_right_only_where_the_reference_is_empty() -> None:
    assert ExactMatch()(["", ""], ["", "a"]) == 50.0
    assert SequenceErrorRate()(["", ""], ["", "a"]) == 50.0


def test_directions() -> None:
    assert ExactMatch.higher_is_better
    assert not SequenceErrorRate.higher_is_better


def test_signatures_name_references_unit_and_version() -> None:
    version = f"version:kerasseq.{kerasseq.__version__}"
    assert ExactMatch().signature([["a"]]) == f"nrefs:1|unit:sentence|case:mixed|{version}"
    assert SequenceErrorRate().signature([["a"], ["b", "c"]]) == (
        f"nrefs:var|unit:sequence|case:mixed|tok:whitespace|{version}"
    )
