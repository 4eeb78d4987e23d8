"""Parallel files as data of the reference work."""

from kerasseq import data, text
from kerasseq.benchmarking.reference import Reference


def read_pairs(source: str | None, target: str | None) -> data.Pairs:
    """Returns the pairs of two files.

    Args:
        source: one sentence a line.
        target: their translations.

    Raises:
        ValueError: if one of the two is missing, or the files are not parallel.
    """
    if source is None or target is None:
        raise ValueError(
            f"`source` and `target` must be given together. Received: {source!r} and {target!r}."
        )
    return data.read_parallel(source, target)


def train_codec(pairs: data.Pairs, reference: Reference) -> text.TextCodec:
    """Returns the joint subword codec of both sides."""
    texts = [*pairs.sources, *pairs.targets]
    return text.TextCodec.train(
        texts, tokenizer="subword", vocabulary_size=reference.target_vocabulary_size
    )


def training_batches(
    source: str | None, target: str | None, reference: Reference, batch_size: int
) -> tuple[Reference, data.TokenBatches]:
    """Returns the batches of two files under a joint codec, and the reference of its size.

    Args:
        source: one sentence a line.
        target: their translations.
        reference: says how large the vocabulary is to be.
        batch_size: pairs in a batch.
    """
    pairs = read_pairs(source, target)
    codec = train_codec(pairs, reference)
    batches = data.training_batches(pairs, codec, codec, batch_size=batch_size)
    return reference.with_vocabulary_size(codec.vocabulary_size), batches
