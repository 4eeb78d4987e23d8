"""Whether a network has a row for each id of the codecs around it."""

from typing import Any

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
        by_part = each.layers_by_part()
        for side, codec in (("source", source_codec), ("target", target_codec)):
            for layer in by_part.get(f"{side}_embedding", []):
                rows = _rows(layer)
                if rows is not None and rows < codec.vocabulary_size:
                    raise ValueError(
                        f"`{side}_codec` must have no more ids than the network embeds. Received: "
                        f"{codec.vocabulary_size} ids, and layer {layer.name!r} has {rows}."
                    )


def _rows(layer: Any) -> int | None:
    """How many ids an embedding knows, ours or Keras' own."""
    return getattr(layer, "vocabulary_size", None) or getattr(layer, "input_dim", None)
