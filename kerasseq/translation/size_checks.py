"""Whether a network has a row for each id of the codecs around it."""

import tensorflow as tf

from kerasseq.models import SequenceToSequence
from kerasseq.text import TextCodec
from kerasseq.translation.ensemble import Ensemble


def check_sizes(
    source_codec: TextCodec, target_codec: TextCodec, network: SequenceToSequence | Ensemble
) -> None:
    """Raises unless a network can read and write every id of its codecs.

    Args:
        source_codec: source strings to ids.
        target_codec: ids to target strings.
        network: the network, or several.

    Raises:
        ValueError: if there are not as many logits as target ids, or fewer embeddings than ids.
    """
    if network.vocabulary_size != target_codec.vocabulary_size:
        raise ValueError(
            "`target_codec` must have as many ids as the network has logits. Received: "
            f"{target_codec.vocabulary_size} ids, {network.vocabulary_size} logits."
        )
    networks = network.networks if isinstance(network, Ensemble) else [network]
    for each in networks:
        if _reads(each, source_codec.vocabulary_size - 1, target_codec.vocabulary_size - 1):
            continue
        is_source = not _reads(each, source_codec.vocabulary_size - 1, target_codec.start_id)
        side, codec = ("source", source_codec) if is_source else ("target", target_codec)
        raise ValueError(
            f"`{side}_codec` must have no more ids than the network embeds. Received: "
            f"{codec.vocabulary_size} ids, and network {each.name!r} cannot read the last."
        )


def _reads(network: SequenceToSequence, source_id: int, target_id: int) -> bool:
    """Whether a network can read two ids.

    It is tried: a network may have other embeddings, of positions or features, with fewer rows.
    """
    try:
        # Several positions: of a softmax over one, Keras thinks that it is a mistake.
        network([tf.fill([1, 5], each) for each in (source_id, target_id)], training=False)
    except tf.errors.InvalidArgumentError:
        return False
    return True
