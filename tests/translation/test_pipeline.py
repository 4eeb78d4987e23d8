"""Given targets are scored and given beginnings completed by the graph that translates."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.translation import TargetScore, Translation, Translator
from kerasseq.translation.answers import perplexity_of
from kerasseq.translation.encoded_texts import tokens_of
from kerasseq.translation.pipeline import row_keys

TEXTS = ["how are you today?", "", "日本語", "a", "it's a small world", "e\u0301"]


def assert_same(received: Translation, expected: Translation) -> None:
    for field in ("source", "text", "finished", "truncated", "source_tokens", "target_tokens"):
        assert getattr(received, field) == getattr(expected, field)
    assert [each.text for each in received.alternatives] == (
        [each.text for each in expected.alternatives]
    )
    np.testing.assert_allclose(received.score, expected.score, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        received.attention_weights, expected.attention_weights, rtol=1e-5, atol=1e-5
    )


@pytest.fixture(scope="module")
def speaker(make_translator: Callable[..., Translator]) -> Translator:
    """Writes characters and nothing else, so that its texts are cut into its own tokens again."""
    search = {"name": "greedy", "constraints": {"banned_ids": [0, 1, 2]}}
    return make_translator(target="character", search=search)


def test_the_score_of_an_output_is_the_score_that_the_search_gave_it(speaker: Translator) -> None:
    answers = speaker(TEXTS)
    scores = speaker.score([(answer.source, answer.text) for answer in answers])
    for score, answer in zip(scores, answers, strict=True):
        assert (score.source, score.target) == (answer.source, answer.text)
        length = len(answer.target_tokens)  # the score of an output that was cut has the end too
        assert score.target_tokens == [*answer.text, "</s>"]
        assert score.target_tokens[:length] == answer.target_tokens
        np.testing.assert_allclose(score.token_scores[:length], answer.token_scores, rtol=1e-4)
        np.testing.assert_allclose(score.token_scores.sum(), score.score, rtol=1e-5)
        assert score.token_scores.shape == (len(score.target_tokens),)


def test_a_pair_is_scored_the_same_alone_and_in_a_batch(translator: Translator) -> None:
    pairs = [(text, other) for text in TEXTS[:4] for other in ("", "hello world", "not heard")]
    together = translator.score(pairs)
    for pair, expected in zip(pairs, together, strict=True):
        (alone,) = translator.score([pair])
        np.testing.assert_allclose(alone.score, expected.score, rtol=1e-5)
        assert alone.target_tokens == expected.target_tokens
        np.testing.assert_allclose(alone.token_scores, expected.token_scores, rtol=1e-4)
    assert [len(each.target_tokens) for each in together[:3]] == [1, 3, 3]


def test_a_score_is_the_log_probability_of_the_teacher_forced_network(
    translator: Translator,
) -> None:
    text, target = "how are you today?", "hello the world"
    end = translator.target_codec.end_id
    source_ids = [*translator.source_codec.encode([text]).to_list()[0], end]
    target_ids = translator.target_codec.encode([target]).to_list()[0]
    start = translator.target_codec.start_id
    logits = translator.network([tf.constant([source_ids]), tf.constant([[start, *target_ids]])])
    expected = tf.gather(tf.nn.log_softmax(logits)[0], [*target_ids, end], batch_dims=1)
    (score,) = translator.score([(text, target)])
    np.testing.assert_allclose(score.token_scores, expected, rtol=1e-4)


def test_a_target_that_is_too_long_is_cut_and_says_so(translator: Translator) -> None:
    short, long = translator.score([("a", "hello " * 137), ("a", "hello " * 138)])
    assert (short.truncated, len(short.target_tokens)) == (False, 138)
    assert (long.truncated, len(long.target_tokens)) == (True, 138)
    assert short.target_tokens[-1] == "</s>"
    assert long.target_tokens[-1] == "hello"


def test_a_limit_of_the_outputs_changes_no_score(
    translator: Translator, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = [("a", "hello the world what is this"), ("b c", "hello")]
    short = translator.with_search({"name": "greedy", "length_limits": {"max_length": 3}})
    assert translator.perplexity(pairs) == pytest.approx(short.perplexity(pairs), rel=1e-5)
    assert not caplog.messages
    long = translator.with_search(
        {"name": "greedy", "length_limits": {"max_length": 500, "max_ratio": None}}
    )
    assert not long.score([("a", "hello " * 400)])[0].truncated
    short.perplexity([("a", "hello " * 400)])
    assert caplog.messages == ["1 of 1 pairs are longer than what is read, and cut."]


def test_the_perplexity_of_what_is_impossible_is_infinite() -> None:
    impossible = TargetScore("a", "b", -1e6, False, ["b"], np.array([-1e6]))
    assert perplexity_of([impossible]) == float("inf")
    possible = TargetScore("a", "b", -1.0, False, ["b"], np.array([-1.0]))
    assert perplexity_of([impossible, *[possible] * 5000]) == float("inf")


@pytest.mark.parametrize("pairs", [["ab"], [("a", "b", "c")], [3], [("a", 3)]])
def test_what_are_no_pairs_is_an_error(translator: Translator, pairs: Any) -> None:
    with pytest.raises(TypeError, match=r"`pairs` must be a sequence of .*Received an element"):
        translator.score(pairs)


def test_outputs_begin_with_their_prefix(translator: Translator) -> None:
    texts = ["how are you today?", "", "日本語", "a"]
    prefixes = ["hello", "this is a hat", "", "world world"]
    answers = translator.complete(texts, prefixes)
    for answer, prefix in zip(answers, prefixes, strict=True):
        assert all(other.text.startswith(prefix) for other in answer.alternatives)
        assert not answer.truncated
    assert_same(answers[2], translator([texts[2]])[0])
    for text, prefix, expected in zip(texts, prefixes, answers, strict=True):
        assert_same(translator.complete([text], [prefix])[0], expected)


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("replace_unknown", [False, True])
@pytest.mark.parametrize("target", ["word", "subword", "character"])
def test_a_prefix_keeps_its_own_words_where_the_vocabulary_lacks_them(
    make_translator: Any, target: str, replace_unknown: bool
) -> None:
    translator = make_translator(
        target=target,
        search={"name": "beam", "num_beams": 3, "n_best": 2},
        replace_unknown=replace_unknown,
    )
    prefix = {"word": "zzz a Ärger", "subword": "aÜb Ü", "character": "Üh"}[target]
    unknown = translator.target_codec.unknown_id
    assert unknown in translator.target_codec.encode([prefix]).to_list()[0]
    (answer,) = translator.complete(["hello"], [prefix])
    assert all(other.text.startswith(prefix) for other in answer.alternatives)


def test_the_beginning_of_a_greedy_output_is_completed_to_that_output(speaker: Translator) -> None:
    answers = speaker(TEXTS)
    beginnings = [answer.text[: len(answer.text) // 2] for answer in answers]
    assert any(beginnings)
    completed = speaker.complete([answer.source for answer in answers], beginnings)
    for received, expected in zip(completed, answers, strict=True):
        assert_same(received, expected)


def test_a_prefix_counts_towards_the_limit_and_says_when_it_was_cut(
    translator: Translator,
) -> None:
    whole, cut = translator.complete(["a", "a"], ["hello " * 14, "hello " * 15])
    assert (whole.truncated, cut.truncated) == (False, True)
    assert (whole.finished, cut.finished) == (False, False)
    assert whole.text == cut.text == ("hello " * 14).strip()


def test_there_is_one_prefix_for_each_text(translator: Translator) -> None:
    with pytest.raises(ValueError, match="Received: 1 prefixes, 2 texts"):
        translator.complete(["a", "b"], ["c"])
    with pytest.raises(TypeError, match="`prefixes` must be a sequence of strings"):
        translator.complete(["a", "b"], "cd")


def test_a_sample_of_bytes_that_are_no_text_is_that_of_what_python_reads(
    make_translator: Any,
) -> None:
    """A request to a server may hold them; Python replaces them before."""
    broken = [b"\xff\xfe the cat", b"a\xc3 b", b"\xf0\x9f x"]
    read = [text.decode("utf-8", "replace") for text in broken]
    keys = row_keys(tf.constant(broken)).numpy().tolist()
    assert keys == row_keys(tf.constant(read)).numpy().tolist()
    assert len(set(keys)) == 3


def test_a_completion_says_that_its_source_was_cut(translator: Translator) -> None:
    short, long = translator.complete(["x" * 63, "x" * 64], ["hello", "hello"])
    assert (short.truncated, long.truncated) == (False, True)


def test_a_sampled_completion_depends_on_the_text_and_not_on_the_batch(
    translator: Translator,
) -> None:
    drawn = translator.with_search({"name": "sampling", "n_best": 3, "temperature": 2.0})
    texts, prefixes = TEXTS[:4], ["hello", "", "a", "hello"]
    together = drawn.complete(texts, prefixes)
    assert len({other.text for other in together[0].alternatives}) > 1
    for text, prefix, expected in zip(texts, prefixes, together, strict=True):
        assert_same(drawn.complete([text], [prefix])[0], expected)


def test_a_completion_begins_with_the_prefix_as_the_codec_reads_it(translator: Translator) -> None:
    (answer,) = translator.complete(["hello"], ["  zzz \t hello "])
    assert answer.text.startswith("zzz hello")


@pytest.mark.parametrize("name", ["translate", "complete", "score", "perplexity"])
def test_no_batch_is_larger_than_it_may_be(
    translator: Translator, name: str, batch_sizes: Callable[[Translator, str], list[int]]
) -> None:
    sizes = batch_sizes(translator, "_score" if name == "perplexity" else f"_{name}")
    texts = TEXTS[:3]
    if name == "complete":
        translator.complete(texts, texts, batch_size=2)
    elif name == "translate":
        translator(texts, batch_size=2)
    else:
        getattr(translator, name)([(text, text) for text in texts], batch_size=2)
    assert sorted(sizes) == [1, 2]


def test_no_pairs_have_no_perplexity(translator: Translator) -> None:
    with pytest.raises(ValueError, match=r"`pairs` must hold at least one pair\. Received: none"):
        translator.perplexity([])


def test_the_id_of_the_padding_is_shown_where_a_network_wrote_it(translator: Translator) -> None:
    codec = translator.target_codec
    word = codec.encode(["hello"]).to_list()[0][0]
    written = tf.constant([[word, codec.pad_id, codec.end_id, 0], [codec.end_id, 0, 0, 0]])
    shown = tokens_of(written, tf.constant([3, 1]), codec).numpy()
    assert shown.tolist() == [[b"hello", b"<unk>", b"</s>", b""], [b"</s>", b"", b"", b""]]
