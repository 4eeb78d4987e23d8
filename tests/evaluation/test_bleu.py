import logging
import math
import re
from typing import Any

import pytest
import sacrebleu

from kerasseq.evaluation import BLEU


def test_equals_the_formula() -> None:
    # n-grams that match: 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3; equal length.
    expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** (1 / 4)
    assert BLEU()(["the cat sat on the mat"], ["the cat sat on a mat"]) == pytest.approx(expected)


def test_a_short_output_pays_the_brevity_penalty() -> None:
    assert BLEU()(["a b c d"], ["a b c d e"]) == pytest.approx(100 * math.exp(1 - 5 / 4))


def test_of_several_references_the_nearest_length_counts() -> None:
    references = [["a b c d e f", "x y z w"]]
    assert BLEU()(["a b c d"], references) == pytest.approx(100.0)


def test_counts_are_summed_over_the_corpus_before_they_are_divided() -> None:
    # 4 + 4 words, 3 + 3 pairs, 2 + 2 triples, 1 + 1 fours, of which the first sentence's match.
    assert BLEU()(["a b c d", "p q r s"], ["a b c d", "t u v w"]) == pytest.approx(50.0)


def test_raw_text_is_tokenized_by_sacrebleu_and_cased() -> None:
    assert BLEU()(["The cat sat."], ["The cat sat ."]) == pytest.approx(100.0)
    assert BLEU()(["The cat sat."], ["the cat sat."]) < 100
    assert BLEU(lowercase=True)(["The cat sat."], ["the cat sat."]) == pytest.approx(100.0)


def test_tokens_that_are_tokens_already_stay_as_they_are() -> None:
    # "a.b" is one token here and three for the default tokenizer.
    assert BLEU(tokenizer="none")(["w x y a.b"], ["w x y a.c"]) == pytest.approx(
        sacrebleu.corpus_bleu(["w x y a.b"], [["w x y a.c"]], tokenize="none", force=True).score
    )


def test_equals_the_public_corpus_score_with_references_of_differing_count() -> None:
    hypotheses = ["Hej på dig!", "Jag vet inte vad du heter.", "Nej."]
    references = [["Hej på er!", "Tjena på dig!"], ["Jag vet inte vad hon heter."], ["Ja.", "Nä."]]
    streams: list[list[Any]] = [
        ["Hej på er!", references[1][0], "Ja."],
        ["Tjena på dig!", None, "Nä."],
    ]
    assert BLEU()(hypotheses, references) == sacrebleu.corpus_bleu(hypotheses, streams).score


def test_the_signature_is_sacrebleus() -> None:
    version = sacrebleu.__version__
    assert BLEU().signature([["a"], ["b"]]) == (
        f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}"
    )
    assert BLEU(lowercase=True, tokenizer="none").signature([["a"], ["b", "c"]]) == (
        f"nrefs:var|case:lc|eff:no|tok:none|smooth:exp|version:{version}"
    )


def test_short_texts_count_the_n_grams_that_they_have() -> None:
    hypotheses, references = ["a b", "c"], ["a b", "d"]
    assert BLEU()(hypotheses, references) == 0
    scorer = sacrebleu.BLEU(effective_order=True)
    expected = scorer.corpus_score(hypotheses, [references]).score
    assert BLEU(effective_order=True)(hypotheses, references) == expected > 50
    assert "|eff:yes|" in BLEU(effective_order=True).signature([["a"]])


def test_messages() -> None:
    message = "`tokenizer` must be one of '13a', 'char',"
    with pytest.raises(ValueError, match=re.escape(message) + ".*Received: 'moses'"):
        BLEU(tokenizer="moses")
    with pytest.raises(TypeError, match=r"`lowercase` must be True or False\. Received: 1\."):
        BLEU(lowercase=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"`effective_order` must be True or False\. Received: 0"):
        BLEU(effective_order=0)  # type: ignore[arg-type]


def test_text_that_is_said_to_be_tokenized_brings_no_warning_that_it_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("sacrebleu"), "propagate", True)
    texts = ["the cat sat ."] * 101
    BLEU(tokenizer="none")(texts, texts)
    assert not caplog.messages
    BLEU()(texts, texts)
    assert "tokenized period" in caplog.text
