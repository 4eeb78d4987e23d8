"""Unknown tokens of an output replaced by the source words they attend to most."""

import tensorflow as tf

from kerasseq.search import SearchResult
from kerasseq.text import (
    UNKNOWN_MARKER,
    ByteTokenizer,
    SubwordTokenizer,
    TextCodec,
    WordTokenizer,
)
from kerasseq.text.word_tokenizer import JOINER
from kerasseq.typing import Tensor


def replace_unknown(
    outputs: Tensor,
    result: SearchResult,
    source_words: Tensor,
    codec: TextCodec,
    forced_lengths: Tensor | None = None,
) -> Tensor:
    """Returns the outputs with each unknown token's marker replaced.

    Where no word is attended to, as in a network without attention, the marker stays, and so do
    those of tokens that were forced: `write_prefix` knows what they stand for.

    Args:
        outputs: `(batch, n_best)` strings, unknown tokens shown as `UNKNOWN_MARKER`.
        result: the hypotheses that they are the texts of.
        source_words: `(batch, source_length)` strings: the word each source token belongs to,
            empty for the end and for padding.
        codec: the target codec.
        forced_lengths: `(batch,)` int32, how many tokens the outputs were told to begin with; None
            if nothing was forced.

    Reference:
        Luong et al., Addressing the Rare Word Problem in Neural Machine Translation, 2015; Jean et
        al., On Using Very Large Target Vocabulary for Neural Machine Translation, 2015.
    """
    batch, n_best, length = tf.unstack(tf.shape(result.token_ids))
    words = _attended_words(result.attention_weights, source_words)
    if forced_lengths is not None:
        is_forced = tf.sequence_mask(forced_lengths, length)[:, None]
        words = tf.where(is_forced, UNKNOWN_MARKER, words)
    # A marker that a known token is or has stays what it is.
    words = tf.where(tf.equal(result.token_ids, codec.unknown_id), words, UNKNOWN_MARKER)
    markers = tf.gather(_markers(codec), result.token_ids)
    markers = tf.where(tf.sequence_mask(result.lengths, length), markers, 0)
    replacements = tf.RaggedTensor.from_row_lengths(
        tf.repeat(tf.reshape(words, [-1]), tf.reshape(markers, [-1])),
        tf.reshape(tf.reduce_sum(markers, axis=-1), [-1]),
        validate=False,
    )
    return tf.reshape(_fill_in(tf.reshape(outputs, [-1]), replacements), [batch, n_best])


def _markers(codec: TextCodec) -> Tensor:
    """How many markers each token of a vocabulary is shown as, `(vocabulary_size,)` int64."""
    counts = [piece.count(UNKNOWN_MARKER) for piece in codec.vocabulary]
    counts[codec.unknown_id] = 1
    return tf.constant(counts, tf.int64)


def _attended_words(attention_weights: Tensor, source_words: Tensor) -> Tensor:
    """The word that each output token attends to most; the marker if that is none."""
    is_word = tf.not_equal(source_words, "")[:, None, None, :]
    weights, most_attended = tf.math.top_k(tf.where(is_word, attention_weights, -1.0), 1)
    words = tf.gather(source_words, most_attended[..., 0], batch_dims=1)
    return tf.where(weights[..., 0] > 0, words, UNKNOWN_MARKER)


def write_prefix(outputs: Tensor, prefixes: Tensor, token_ids: Tensor, codec: TextCodec) -> Tensor:
    """Returns outputs that begin with their prefix as it was given, unknown words and all.

    Args:
        outputs: `(batch, n_best)` strings.
        prefixes: `(batch,)` strings, what they were told to begin with.
        token_ids: `(batch, prefix_length)`, the ids of the prefixes, padded.
        codec: the target codec.
    """
    written = codec.decode(token_ids)[:, None]  # with markers
    given = codec.normalize(prefixes)[:, None]
    whole = tf.strings.length(outputs)
    length = tf.minimum(tf.strings.length(written), whole)
    begins = tf.equal(tf.strings.substr(outputs, tf.zeros_like(length), length), written)
    rest = tf.strings.substr(outputs, length, whole)
    # A prefix that is longer than its output may be was cut, and stays as it is.
    return tf.where(
        begins, tf.strings.join([tf.broadcast_to(given, tf.shape(rest)), rest]), outputs
    )


def words_of_tokens(texts: Tensor, token_ids: Tensor, codec: TextCodec) -> Tensor:
    """Returns the word that each source token belongs to, in the case it has in the text.

    Args:
        texts: `(batch,)` strings.
        token_ids: `(batch, source_length)`, the ids of the texts, cut and with their end.
        codec: the source codec.

    Returns:
        `(batch, source_length)` strings, empty for the end and for padding. Pieces of subwords
        give the whole word, bytes their character; tokens of the other tokenizers are their own.
    """
    width = tf.shape(token_ids)[1]
    pieces, as_written = _own_texts(texts, codec), codec
    if codec.lowercase:  # names, above all, are wanted with their capitals
        as_written = TextCodec(codec.tokenizer, codec.vocabulary, codec.normalization)
    if isinstance(codec.tokenizer, SubwordTokenizer):
        words = _dense(_whole_words(as_written.normalize(texts), pieces), width)
    else:
        written = _own_texts(texts, as_written)
        # A few characters become two in lower case, and then nobody can say whose is whose.
        fits = tf.equal(written.row_lengths(), pieces.row_lengths())
        words = tf.where(fits[:, None], _dense(written, width), _dense(pieces, width))
    if isinstance(codec.tokenizer, WordTokenizer) and codec.tokenizer.split_punctuation:
        words = tf.strings.regex_replace(words, JOINER, "")  # no text has one of its own
    is_text = (token_ids != codec.end_id) & (token_ids != codec.pad_id)
    return tf.where(is_text, words, "")


def _own_texts(texts: Tensor, codec: TextCodec) -> tf.RaggedTensor:
    """The piece of each token; of a byte the character that it is a part of."""
    if not isinstance(codec.tokenizer, ByteTokenizer):
        return codec.tokenize(texts)
    texts = codec.normalize(texts)
    characters = tf.strings.unicode_split(texts, "UTF-8").flat_values
    of_bytes = tf.repeat(characters, tf.strings.length(characters))
    lengths = tf.cast(tf.strings.length(texts), tf.int64)
    return tf.RaggedTensor.from_row_lengths(of_bytes, lengths, validate=False)


def _dense(pieces: tf.RaggedTensor, width: Tensor) -> Tensor:
    """The pieces, `(batch, width)`."""
    words = pieces.to_tensor("", shape=[None, None])
    return tf.pad(words, [[0, 0], [0, width]], constant_values="")[:, :width]


def _whole_words(texts: Tensor, pieces: tf.RaggedTensor) -> tf.RaggedTensor:
    """Each piece replaced by its word: a piece that begins with "▁" begins the next one."""
    words = tf.strings.split(texts)
    begins = tf.strings.regex_full_match(pieces.flat_values, "▁.*")
    begun = tf.cumsum(tf.cast(begins, tf.int64))
    before = tf.gather(tf.concat([[0], begun], 0), pieces.row_splits[:-1])
    word_in_row = begun - 1 - tf.gather(before, pieces.value_rowids())
    # Into the words of all rows: those of the rows before, and the piece's own in its row.
    position = tf.gather(words.row_splits[:-1], pieces.value_rowids()) + word_in_row
    last = tf.cast(tf.size(words.flat_values), tf.int64) - 1
    known = tf.gather(
        tf.concat([words.flat_values, [""]], 0), tf.clip_by_value(position, 0, tf.maximum(last, 0))
    )
    return pieces.with_flat_values(known)


def _fill_in(texts: Tensor, replacements: tf.RaggedTensor) -> Tensor:
    """Puts a row's replacements in place of its markers, in their order."""
    parts = tf.strings.split(texts, UNKNOWN_MARKER)
    gaps = parts.row_lengths()
    dense = replacements.to_tensor(UNKNOWN_MARKER, shape=[None, None])
    # One more column than any text has markers: behind its last part nothing is filled in.
    missing = tf.maximum(tf.reduce_max(gaps) - tf.cast(tf.shape(dense)[1], tf.int64), 0)
    dense = tf.pad(dense, [[0, 0], [0, missing]], constant_values=UNKNOWN_MARKER)
    dense = dense[:, : tf.maximum(tf.reduce_max(gaps), 0)]
    is_last = tf.range(tf.cast(tf.shape(dense)[1], tf.int64))[None] == gaps[:, None] - 1
    fillings = tf.RaggedTensor.from_tensor(tf.where(is_last, "", dense), gaps)
    joined = tf.strings.join([parts.flat_values, fillings.flat_values])
    return tf.strings.reduce_join(parts.with_flat_values(joined), axis=1)
