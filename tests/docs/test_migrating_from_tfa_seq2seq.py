"""The new code of the migration page runs, and the page names every public symbol."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "migrating_from_tfa_seq2seq.md"

# Everything in `tfa.seq2seq.__init__` of TensorFlow Addons 0.23, its last release.
# fmt: off
SYMBOLS = [
    "AttentionMechanism", "AttentionWrapper", "AttentionWrapperState", "BahdanauAttention",
    "BahdanauMonotonicAttention", "BaseDecoder", "BasicDecoder", "BasicDecoderOutput",
    "BeamSearchDecoder", "BeamSearchDecoderOutput", "BeamSearchDecoderState", "CustomSampler",
    "Decoder", "FinalBeamSearchDecoderOutput", "GreedyEmbeddingSampler", "InferenceSampler",
    "LuongAttention", "LuongMonotonicAttention", "SampleEmbeddingSampler", "Sampler",
    "ScheduledEmbeddingTrainingSampler", "ScheduledOutputTrainingSampler", "SequenceLoss",
    "TrainingSampler", "dynamic_decode", "gather_tree", "gather_tree_from_array", "hardmax",
    "monotonic_attention", "safe_cumprod", "sequence_loss", "tile_batch",
]
# fmt: on


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the blocks define, run from top to bottom as a reader would."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf8"), re.DOTALL)
    found: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), found)
    return found


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_symbol_has_a_row(symbol: str) -> None:
    table = PAGE.read_text(encoding="utf8").split("## All symbols")[1]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert any(f"`{symbol}`" in cell for cell in first_cells)


def test_the_decoder_gives_what_the_wrapper_gave(names: dict[str, Any]) -> None:
    assert tuple(names["outputs"].shape) == (2, 4, 6)
    np.testing.assert_allclose(
        np.asarray(names["step_outputs"]), np.asarray(names["outputs"])[:, 0], atol=1e-5
    )
    np.testing.assert_allclose(
        np.asarray(names["step_weights"]), np.asarray(names["attention_weights"])[:, 0], atol=1e-5
    )


def test_the_loss_is_the_mean_over_real_tokens(names: dict[str, Any]) -> None:
    logits, labels = np.asarray(names["logits"], "float64"), names["labels"]
    shifted = logits - logits.max(-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    of_labels = np.take_along_axis(log_probabilities, labels[..., None], -1)[..., 0]
    assert float(names["loss"]) == pytest.approx(-of_labels[labels != 0].mean(), abs=1e-5)


def test_the_searches_found_something(names: dict[str, Any]) -> None:
    assert names["result"].token_ids.shape[:2] == (2, 1)
    assert names["hypotheses"].token_ids.shape[:2] == (2, 3)
    best = np.asarray(names["hypotheses"].scores)
    assert (best[:, 0] <= 0).all()
    assert (np.asarray(names["own"].token_ids) != 5).all()
