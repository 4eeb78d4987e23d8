from typing import Any

import pytest
import sacrebleu

from kerasseq.evaluation import CHRF


def test_equals_the_formula() -> None:
    # Precision (2/2 + 1/1) / 2 and recall (2/3 + 1/2) / 2 over the two orders that both have.
    expected = 100 * 5 * 1 * (7 / 12) / (4 * 1 + 7 / 12)
    assert CHRF()(["ab"], ["abc"]) == pytest.approx(expected)


def test_the_best_reference_counts() -> None:
    assert CHRF()(["god natt"], [["hej", "god natt", "god dag"]]) == pytest.approx(100.0)


@pytest.mark.parametrize("word_order", [0, 2])
def test_equals_the_public_corpus_score_with_references_of_differing_count(word_order: int) -> None:
    hypotheses = ["Hej på dig!", "Jag vet inte vad du heter.", ""]
    references = [["Hej på er!", "Tjena på dig!"], ["Jag vet inte vad hon heter."], ["Ja.", "Nä."]]
    streams: list[list[Any]] = [
        ["Hej på er!", references[1][0], "Ja."],
        ["Tjena på dig!", None, "Nä."],
    ]
    expected = sacrebleu.corpus_chrf(hypotheses, streams, word_order=word_order).score
    assert CHRF(word_order=word_order)(hypotheses, references) == expected


def test_case_counts_unless_told_otherwise() -> None:
    assert CHRF()(["ABC"], ["abc"]) == 0
    assert CHRF(lowercase=True)(["ABC"], ["abc"]) == pytest.approx(100.0)


def test_the_signature_is_sacrebleus() -> None:
    assert CHRF(word_order=2).signature([["a", "b"]]) == (
        f"nrefs:2|case:mixed|eff:yes|nc:6|nw:2|space:no|version:{sacrebleu.__version__}"
    )


def test_messages() -> None:
    with pytest.raises(
        ValueError, match=r"`word_order` must be an integer of at least 0\. Received: -1\."
    ):
        CHRF(word_order=-1)
    with pytest.raises(TypeError, match=r"`lowercase` must be True or False\. Received: 'no'\."):
        CHRF(lowercase="no")  # type: ignore[arg-type]
