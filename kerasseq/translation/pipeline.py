"""Strings to strings in one graph: what Python, the saved file and the SavedModel all run."""

from typing import Protocol

import tensorflow as tf

from kerasseq.models import SequenceToSequence
from kerasseq.search import LengthLimits, Search, SearchResult, score_tokens
from kerasseq.text import TextCodec
from kerasseq.translation.backend import check_backend
from kerasseq.translation.encoded_texts import (
    EncodedTexts,
    decode_hypotheses,
    encode_prefix,
    encode_source,
    encode_target,
    tokens_of,
)
from kerasseq.translation.ensemble import Ensemble
from kerasseq.translation.source_positions import weights_of_tokens
from kerasseq.translation.unknown_words import (
    replace_unknown,
    words_of_tokens,
    write_prefix,
)
from kerasseq.typing import Tensor

Answers = dict[str, Tensor]

# Keys of samples are int32, and never negative.
LARGEST_KEY = 2**31 - 1


class Parts(Protocol):
    """What a translation is made by; a `Translator` has it all.

    Attributes:
        source_codec: source strings to ids.
        target_codec: ids to target strings.
        network: the trained network.
        search: how outputs are found.
        max_source_length: source tokens that are read, the end included.
        replace_unknown: whether unknown tokens give way to the source words they attend to.
    """

    source_codec: TextCodec
    target_codec: TextCodec
    network: SequenceToSequence | Ensemble
    search: Search
    max_source_length: int
    replace_unknown: bool


def translate(parts: Parts, texts: Tensor) -> Answers:
    """Translates texts.

    Args:
        parts: what translates.
        texts: `(batch,)` strings.

    Returns:
        A dictionary of tensors. Of the best output: `text`, `score`, `finished` and `truncated`
        `(batch,)`, `source_tokens` `(batch, source_length)`, `target_tokens` `(batch,
        target_length)` with `source_lengths` and `target_lengths` `(batch,)`, and
        `attention_weights` `(batch, target_length, source_length)`. Of all, with an axis of
        `n_best` after the batch: `alternatives`, and `alternative_scores`, `_finished`, `_tokens`,
        `_lengths`, `_token_scores` and `_attention_weights`.
    """
    check_backend()
    source = encode_source(texts, parts.source_codec, parts.max_source_length)
    result = search_source(source, parts.network, parts.search, row_keys(texts))
    return _answers(parts, texts, source, result, source.truncated)


def complete(parts: Parts, texts: Tensor, prefixes: Tensor) -> Answers:
    """Translates texts with outputs that begin as they are told to.

    Args:
        parts: what translates.
        texts: `(batch,)` strings.
        prefixes: `(batch,)` strings; an empty one forces nothing. A prefix counts towards its
            row's limit; one that is longer is cut there, and `truncated` says so.

    Returns:
        As `translate`; the texts begin with the prefix, with its own words where the vocabulary
        lacks them.
    """
    check_backend()
    source = encode_source(texts, parts.source_codec, parts.max_source_length)
    _, limits = parts.search.limits(source.lengths)
    prefix = encode_prefix(prefixes, parts.target_codec, limits)
    result = search_source(source, parts.network, parts.search, row_keys(texts), prefix)
    answers = _answers(
        parts, texts, source, result, source.truncated | prefix.truncated, prefix.lengths
    )
    codec = parts.target_codec
    alternatives = write_prefix(answers["alternatives"], prefixes, prefix.token_ids, codec)
    return {**answers, "alternatives": alternatives, "text": alternatives[:, 0]}


def score(parts: Parts, texts: Tensor, targets: Tensor) -> Answers:
    """Computes how likely given targets are, the end token included.

    Args:
        parts: what translates.
        texts: `(batch,)` strings.
        targets: `(batch,)` strings. One with more tokens than `longest_target` is cut there; its
            score is that of the tokens before.

    Returns:
        A dictionary of tensors: `score` `(batch,)`, the summed natural log probability; `lengths`
        `(batch,)`, the tokens that it sums over; `truncated` `(batch,)`, whether text or target
        was cut; `target_tokens` and `token_scores` `(batch, target_length)`.
    """
    check_backend()
    source = encode_source(texts, parts.source_codec, parts.max_source_length)
    target = encode_target(targets, parts.target_codec, longest_target(parts))
    width = tf.shape(target.token_ids)[1]
    step, state, source_mask = parts.network.start_search(source.token_ids, width)
    scores = score_tokens(
        step,
        state,
        target.token_ids[:, None],
        target.lengths[:, None],
        tf.shape(source_mask)[1],
        parts.search.start_id,
    )
    return {
        "score": scores.scores[:, 0],
        "lengths": target.lengths,
        "truncated": source.truncated | target.truncated,
        "target_tokens": tokens_of(target.token_ids, target.lengths, parts.target_codec),
        "token_scores": scores.token_log_probabilities[:, 0],
    }


def longest_output(parts: Parts) -> int:
    """Returns the most tokens that the search of any text may find."""
    with tf.init_scope():
        return int(parts.search.limits([parts.max_source_length]).max_lengths[0])


def longest_target(parts: Parts) -> int:
    """Returns the most tokens of a given target that are scored.

    As many as a search may find that nobody has limited, so that a limit of the outputs changes
    no score; and more if the outputs of this one may be longer.
    """
    with tf.init_scope():
        usual = int(LengthLimits()([parts.max_source_length]).max_lengths[0])
    return max(usual, longest_output(parts))


def row_keys(texts: Tensor) -> Tensor:
    """Returns `(batch,)` int32: what a sample depends on besides the seed.

    The text itself, so that who else is in the batch changes nothing.
    """
    # A request to a server may hold bytes that are no text; Python has replaced them before.
    texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
    return tf.cast(tf.strings.to_hash_bucket_fast(texts, LARGEST_KEY), tf.int32)


def search_source(
    source: EncodedTexts,
    network: SequenceToSequence | Ensemble,
    search: Search,
    keys: Tensor | None = None,
    prefix: EncodedTexts | None = None,
) -> SearchResult:
    """Encodes the source once and searches its outputs.

    Args:
        source: the source ids.
        network: the trained network.
        search: how outputs are found.
        keys: `(batch,)` int32, what samples depend on.
        prefix: how each output must begin.
    """
    min_lengths, max_lengths = search.limits(source.lengths)
    longest = tf.maximum(tf.reduce_max(max_lengths), 1)
    step, state, source_mask = network.start_search(source.token_ids, longest)
    result = search(
        step,
        state,
        max_lengths,
        tf.shape(source_mask)[1],
        min_lengths=min_lengths,
        source_mask=source_mask,
        prefix_ids=None if prefix is None else prefix.token_ids,
        prefix_lengths=None if prefix is None else prefix.lengths,
        row_keys=keys,
    )
    weights = weights_of_tokens(
        result.attention_weights, source.lengths, source.token_ids, network.memory_reduction
    )
    return result._replace(attention_weights=weights)


def output_texts(
    parts: Parts,
    texts: Tensor,
    source: EncodedTexts,
    result: SearchResult,
    forced_lengths: Tensor | None = None,
) -> Tensor:
    """Returns the texts of all hypotheses, `(batch, n_best)` strings.

    Args:
        parts: what translates.
        texts: `(batch,)` strings.
        source: their ids.
        result: what was found.
        forced_lengths: `(batch,)` int32, how many tokens they were told to begin with, if any.
    """
    outputs = decode_hypotheses(result.token_ids, parts.target_codec)
    if not parts.replace_unknown:
        return outputs
    words = words_of_tokens(texts, source.token_ids, parts.source_codec)
    return replace_unknown(outputs, result, words, parts.target_codec, forced_lengths)


def _answers(
    parts: Parts,
    texts: Tensor,
    source: EncodedTexts,
    result: SearchResult,
    truncated: Tensor,
    forced_lengths: Tensor | None = None,
) -> Answers:
    alternatives = output_texts(parts, texts, source, result, forced_lengths)
    lengths = result.lengths
    width = tf.maximum(tf.reduce_max(lengths), 1)
    rows, n_best = tf.unstack(tf.shape(lengths))
    tokens = tokens_of(
        tf.reshape(result.token_ids[:, :, :width], [rows * n_best, width]),
        tf.reshape(lengths, [rows * n_best]),
        parts.target_codec,
    )
    tokens = tf.reshape(tokens, [rows, n_best, width])
    best_width = tf.maximum(tf.reduce_max(lengths[:, 0]), 1)
    return {
        "text": alternatives[:, 0],
        "score": result.scores[:, 0],
        "finished": result.finished[:, 0],
        "truncated": truncated,
        "source_tokens": tokens_of(source.token_ids, source.lengths, parts.source_codec),
        "source_lengths": source.lengths,
        "target_tokens": tokens[:, 0, :best_width],
        "target_lengths": lengths[:, 0],
        "attention_weights": result.attention_weights[:, 0, :best_width],
        "alternatives": alternatives,
        "alternative_scores": result.scores,
        "alternative_finished": result.finished,
        "alternative_tokens": tokens,
        "alternative_lengths": lengths,
        "alternative_token_scores": result.token_log_probabilities[:, :, :width],
        "alternative_attention_weights": result.attention_weights[:, :, :width],
    }
