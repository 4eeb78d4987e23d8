"""Attention maps of held-out sentences in TensorBoard, while a network trains."""

import importlib.util
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerasseq import Translation, Translator
    from kerasseq.data import Pairs
    from kerasseq.training import AttentionImages

logger = logging.getLogger(__name__)

SENTENCES = 3


def attention_images(
    output: str, every: int = 1
) -> "Sequence[Callable[[Translator, Pairs], AttentionImages]]":
    """Returns what makes the callback of a run, or nothing if TensorBoard is not installed.

    Args:
        output: the run's folder; its `tensorboard/` gets the images.
        every: epochs from one time to the next.
    """
    if importlib.util.find_spec("tensorboard") is None:
        return []

    def make(translator: "Translator", valid: "Pairs") -> "AttentionImages":
        from kerasseq import training

        # Spread over the list: files are often sorted, and the first lines all alike.
        texts = valid.sources[:: -(-len(valid) // SENTENCES)]
        return training.AttentionImages(
            lambda: draw_attention(translator(texts)), Path(output) / "tensorboard", every
        )

    return [make]


def draw_attention(translations: "Sequence[Translation]") -> dict[str, bytes]:
    """Returns an attention map of each translation by name, as PNG files.

    None of a network without attention, and none of a text that no installed font has: a picture
    is no reason to end a training.

    Args:
        translations: what to draw.
    """
    from kerasseq import visualization

    pictures = {}
    for place, each in enumerate(translations):
        if not each.attention_weights.any():
            continue
        try:
            figure = visualization.plot_attention(
                each.attention_weights, each.source_tokens, each.target_tokens, title=each.text
            )
        except ValueError as error:
            logger.warning("No attention map of %r: %s", each.source, error)
            continue
        pictures[f"attention/{place}"] = visualization.encode_figure(figure)
    return pictures
