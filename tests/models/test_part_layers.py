"""Which weights have a row for each token, whoever owns them; what part each layer plays."""

from collections.abc import Callable
from typing import Any

import keras
import pytest

from kerasseq import layers, models
from kerasseq.models import SequenceToSequence

UNITS = {"embedding_units": 3, "encoder_units": 2, "decoder_units": 4, "cell": "gru"}


def found(network: SequenceToSequence) -> dict[str, tuple[int, str]]:
    """Axis and sides of each weight, by its path."""
    weights = network.vocabulary_weights()
    return {each.variable.path: (each.axis, " ".join(sorted(each.sides))) for each in weights}


def with_head(composition: Any, head: keras.layers.Layer, **options: Any) -> SequenceToSequence:
    memory, state = composition.encode(**options)
    embedded = composition.embed("target_embedding")(composition.target_ids)
    outputs, _, _ = composition.decoder()(embedded, memory, state)
    return composition.network(head(outputs))


def test_tables_have_a_row_for_each_token_and_the_output_a_column() -> None:
    network = models.build("bidirectional_luong", 20, 30, **UNITS)
    assert found(network) == {
        "source_embedding/embeddings": (0, "source"),
        "target_embedding/embeddings": (0, "target"),
        "logits/kernel": (1, "target"),
        "logits/bias": (0, "target"),
    }


def test_an_output_may_have_no_bias(composition: Any) -> None:
    network = with_head(composition, keras.layers.Dense(12, use_bias=False, name="logits"))
    assert "logits/kernel" in found(network)
    assert len(found(network)) == 3


@pytest.mark.parametrize(
    ("tie", "expected"),
    [
        (
            "target",
            {
                "source_embedding/embeddings": (0, "source"),
                "target_embedding/embeddings": (0, "target"),
                "target_embedding/bias": (0, "target"),
            },
        ),
        (
            "three_way",
            {
                "embedding/embeddings": (0, "source target"),
                "embedding/bias": (0, "source target"),
            },
        ),
    ],
)
def test_what_is_tied_belongs_to_all_its_sides(tie: str, expected: dict[str, Any]) -> None:
    network = models.build("bidirectional_luong", 30, 30, tie=tie, **UNITS)
    assert found(network) == expected
    for weight in network.vocabulary_weights():
        assert weight.variable.shape[weight.axis] == 30


def test_an_output_of_another_kind_is_named(composition: Any) -> None:
    network = with_head(composition, keras.layers.Activation("tanh", name="squashed"))
    message = r"made by a `Dense` or a tied `TokenEmbedding`\. Received: 'squashed', a Activation\."
    with pytest.raises(ValueError, match=message):
        network.vocabulary_weights()


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_side_whose_ids_no_table_reads_is_named(composition: Any, side: str) -> None:
    def one_hot(token_ids: Any) -> Any:
        return keras.ops.one_hot(token_ids, 12)

    read = {name: composition.embed(f"{name}_embedding") for name in ("source", "target")}
    read[side] = one_hot
    memory, state = composition.encode(read["source"](composition.source_ids))
    outputs, _, _ = composition.decoder()(read["target"](composition.target_ids), memory, state)
    network = composition.network(composition.head()(outputs))
    with pytest.raises(ValueError, match=f"a network in which none reads those of the {side}"):
        network.vocabulary_weights()


def enable_on_output(network: SequenceToSequence) -> None:
    network.get_layer("logits").enable_lora(2)


def enable_on_embedding(network: SequenceToSequence) -> None:
    network.get_layer("source_embedding").enable_lora(2)


@pytest.mark.parametrize(
    ("enable", "name"), [(enable_on_output, "logits"), (enable_on_embedding, "source_embedding")]
)
def test_low_rank_additions_are_refused_by_the_name_of_the_layer(
    composition: Any, enable: Callable[[SequenceToSequence], None], name: str
) -> None:
    """What they add has the old number of tokens."""
    embed = keras.layers.Embedding(12, 6, mask_zero=True, name="source_embedding")
    network = with_head(composition, composition.head(), embedded=embed(composition.source_ids))
    assert len(network.vocabulary_weights()) == 4
    enable(network)
    with pytest.raises(ValueError, match=f"LoRA cannot be changed. Received: '{name}' with it"):
        network.vocabulary_weights()


def test_a_layer_stands_in_every_part_that_it_plays(composition: Any) -> None:
    embed = composition.embed("embedding")
    memory, state = composition.encode(embed(composition.source_ids))
    outputs, _, _ = composition.decoder()(embed(composition.target_ids), memory, state)
    outputs = keras.layers.Dropout(0.1)(outputs)  # without weights
    by_part = composition.network(composition.head()(outputs)).layers_by_part()
    names = {part: [layer.name for layer in members] for part, members in by_part.items()}
    assert names == {
        "source_embedding": ["embedding"],
        "target_embedding": ["embedding"],
        "encoder": ["encoder"],
        "bridge": ["bridge"],
        "decoder": ["decoder"],
        "output": ["logits"],
    }
    outputs, _, _ = layers.RecurrentDecoder(4)(embed(composition.target_ids), memory)
    assert "output" not in composition.network(outputs).layers_by_part()
