"""What a translator does with one text, step by step: for pictures, and for a closer look."""

import numpy as np
import tensorflow as tf
from keras import ops

from kerasseq import checks
from kerasseq.models import SequenceToSequence
from kerasseq.search import BeamSearch, SearchResult, beam_nodes
from kerasseq.text import TextCodec
from kerasseq.translation.batches import check_texts
from kerasseq.translation.encoded_texts import EncodedTexts, encode_source
from kerasseq.translation.pipeline import Parts, output_texts, row_keys, search_source
from kerasseq.translation.source_positions import weights_of_tokens
from kerasseq.translation.traced_steps import TracedSteps, as_array, tokens_of
from kerasseq.typing import BeamNode, Trace


def trace(translator: Parts, text: str, rank: int = 0, num_candidates: int = 5) -> Trace:
    """Returns what the network did while it read a text and wrote its translation.

    The search finds the output; the network then writes it once more, eagerly, while all that
    attention computes is recorded.

    Args:
        translator: a `Translator` of one network.
        text: the text to translate.
        rank: which of the `n_best` outputs, best first.
        num_candidates: how many of the likeliest tokens are kept of each step.

    Raises:
        TypeError: if `text` is no string, or the translator has an ensemble.
        ValueError: if the search found no output of that rank.
    """
    network = _network_of(translator)
    text = _checked(text)
    checks.check_integer("rank", rank, minimum=0)
    checks.check_positive_integer("num_candidates", num_candidates)
    source = _encode(translator, text)
    result = _search(translator, text, source)
    found = int((as_array(result.lengths)[0] > 0).sum())
    if rank >= found:
        raise ValueError(
            f"`rank` must be below {found}, the number of outputs that the search found. "
            f"Received: {rank}."
        )
    texts = output_texts(translator, tf.constant([text]), source, result)
    length = int(as_array(result.lengths)[0, rank])
    source_ids = as_array(source.token_ids)[0]
    target_ids = as_array(result.token_ids)[0, rank, :length]
    steps = TracedSteps(translator.target_codec, num_candidates)
    steps.write(network, source.token_ids, [translator.search.start_id, *target_ids.tolist()])
    memories, handed_on = _read(network, source_ids, translator.source_codec)
    return Trace(
        text=texts.numpy()[0, rank].decode("utf-8", "replace"),
        source_tokens=tokens_of(translator.source_codec, source_ids),
        target_tokens=tokens_of(translator.target_codec, target_ids),
        memories=memories,
        handed_on=handed_on,
        wiring=getattr(network.decoder, "wiring", ""),
        **{**steps.columns(), **_same_contexts(network, handed_on[-1], length)},
    )


def weights_by_head(translator: Parts, trace: Trace) -> np.ndarray:
    """Returns the attention weights of a trace, told by the tokens of its source.

    Args:
        translator: what was traced.
        trace: what `trace` gave.

    Returns:
        `(heads, target_length, source_length)`.
    """
    weights = np.swapaxes(trace.attention_weights, 0, 1)[None]
    width = len(trace.source_tokens)
    nothing = np.zeros((1, width), "int32")
    reduction = translator.network.memory_reduction
    return as_array(weights_of_tokens(weights, np.array([width]), nothing, reduction))[0]


def trace_beams(translator: Parts, text: str) -> list[BeamNode]:
    """Returns the tree of a beam search: every beginning of an output that it followed.

    Args:
        translator: a `Translator` that searches with beams, of one network or an ensemble.
        text: the text to translate.

    Returns:
        The nodes, parents before their children; the paths to those with a `rank` are the outputs.

    Raises:
        TypeError: if `text` is no string, or the search is another one.
    """
    search = translator.search
    if not isinstance(search, BeamSearch):
        raise TypeError(
            "`translator` must search with beams. "
            f"Received: {type(search).__name__}. Use `translator.with_search('beam')`."
        )
    text = _checked(text)
    source = _encode(translator, text)
    min_lengths, max_lengths = search.limits(source.lengths)
    longest = max(int(max_lengths[0]), 1)
    step, state, mask = translator.network.start_search(source.token_ids, longest)
    request = search.request(
        step,
        state,
        max_lengths,
        int(mask.shape[1]),
        min_lengths=min_lengths,
        source_mask=mask,
        row_keys=row_keys(tf.constant([text])),
    )
    codec = translator.target_codec
    return beam_nodes(search.trace(request), 0, lambda each: tokens_of(codec, [each])[0])


def _network_of(translator: Parts) -> SequenceToSequence:
    if not isinstance(translator.network, SequenceToSequence):
        raise TypeError(
            "`translator` must have one network, whose steps are shown. "
            f"Received: {type(translator.network).__name__}. "
            "Make a translator of one of its `networks`."
        )
    return translator.network


def _checked(text: str) -> str:
    checks.check_string("text", text)
    return check_texts("text", [text])[0]


def _encode(translator: Parts, text: str) -> EncodedTexts:
    texts = tf.constant([text])
    return encode_source(texts, translator.source_codec, translator.max_source_length)


def _search(translator: Parts, text: str, source: EncodedTexts) -> SearchResult:
    keys = row_keys(tf.constant([text]))
    return search_source(source, translator.network, translator.search, keys)


def _read(
    network: SequenceToSequence, token_ids: np.ndarray, codec: TextCodec
) -> tuple[np.ndarray, np.ndarray]:
    """The memory of every beginning of a source, and what each hands on to the decoder."""
    length = len(token_ids)
    is_read = np.tril(np.ones((length, length), dtype=bool))
    beginnings = np.where(is_read, token_ids, codec.pad_id).astype("int32")
    memory, initial_state = network.encode(ops.convert_to_tensor(beginnings))
    handed_on = as_array(initial_state[0]) if initial_state else np.zeros((length, 0))
    return as_array(memory), handed_on


def _same_contexts(
    network: SequenceToSequence, context: np.ndarray, length: int
) -> dict[str, np.ndarray]:
    """The context of a decoder without attention that reads it at every step."""
    if not getattr(network.decoder, "reads_context", False):
        return {}
    return {"contexts": np.tile(context, (length, 1))}
