import copy
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.models.graph import Parts
from kerasseq.models.search_step import bind_step
from kerasseq.serialization import register
from kerasseq.typing import State, StepFunction, Tensor


@register
class SequenceToSequence(keras.Model):
    """A functional Keras model that also knows how to take one decoding step.

    From the graph between its inputs and its output it finds the one decoder layer, and so three
    parts: what makes memory and state from the source, what embeds a target token, and what turns
    decoder outputs into logits. Training runs the graph; search and export run the parts. All use
    the same layers and weights.

    The layers around ours may be any. Those between target and decoder, and behind the decoder,
    must treat each position alone (`Dense`, `Dropout`, `LayerNormalization`); `check()` tries it.
    The head may also read the target embedding and tensors made from the source alone.

    Args:
        source_ids: the symbolic input of the source, `(batch, source_length)` integers.
        target_ids: the symbolic input of the target, `(batch, target_length)` integers; in training
            the target behind a start token.
        logits: the symbolic output, `(batch, target_length, vocabulary_size)`, unnormalised log
            probabilities of the token that follows each position.
        name: the model's name.

    Raises:
        ValueError: if the logits do not come from exactly one call of one decoder, if what the
            decoder reads is not made from the right input, or if a mask of the source is lost on
            the way to the decoder.

    Example:

    >>> import kerasseq
    >>> source_ids = keras.Input((None,), dtype="int32")
    >>> target_ids = keras.Input((None,), dtype="int32")
    >>> embed = kerasseq.layers.TokenEmbedding(20, 8)
    >>> memory, state = kerasseq.layers.RecurrentEncoder(8, cell="gru")(embed(source_ids))
    >>> decoder = kerasseq.layers.AttentionDecoder(8, cell="gru", attention="dot")
    >>> outputs, _, _ = decoder(embed(target_ids), memory, state)
    >>> logits = keras.layers.Dense(20)(outputs)
    >>> network = SequenceToSequence(source_ids, target_ids, logits)
    >>> tuple(network([keras.ops.ones((2, 5), "int32"), keras.ops.ones((2, 3), "int32")]).shape)
    (2, 3, 20)
    """

    def __init__(
        self, source_ids: Tensor, target_ids: Tensor, logits: Tensor, name: str | None = None
    ) -> None:
        for argument, tensor in (
            ("source_ids", source_ids),
            ("target_ids", target_ids),
            ("logits", logits),
        ):
            if not isinstance(tensor, keras.KerasTensor):
                raise TypeError(
                    f"`{argument}` must be a symbolic tensor, as from `keras.Input`. "
                    f"Received: {type(tensor).__name__}."
                )
        parts = Parts(source_ids, target_ids, logits)
        super().__init__(inputs=[source_ids, target_ids], outputs=logits, name=name)
        self._parts = parts

    @property
    def decoder(self) -> Any:
        """The decoder layer that was found in the graph."""
        return self._parts.decoder

    @property
    def vocabulary_size(self) -> int:
        """Number of target token ids: the width of the logits."""
        return int(self.outputs[0].shape[-1])

    def start_search(
        self, source_ids: Tensor, max_length: Tensor | int
    ) -> tuple[StepFunction, State, Tensor]:
        """Encodes a source once, and returns what a search needs.

        Args:
            source_ids: `(batch, source_length)` integers.
            max_length: the most steps that will follow.

        Returns:
            `(step, state, source_mask)`: the step function, the state before the first step, a list
            of `(batch, ...)` tensors, and what of the source is real, boolean `(batch,
            source_length)`. The step closes over what is the same at every step.
        """
        return bind_step(self._parts, source_ids, max_length)

    def check(self, tolerance: float = 1e-3) -> None:
        """Runs one tiny random batch as a whole and step by step, and compares the logits.

        Raises:
            ValueError: if they differ: a layer around the decoder mixes positions.
        """
        generator = np.random.default_rng(0)
        source_ids = generator.integers(1, 4, (2, 5)).astype("int32")
        target_ids = generator.integers(1, min(self.vocabulary_size, 4), (2, 4)).astype("int32")
        whole = ops.log_softmax(ops.cast(self([source_ids, target_ids]), "float32"))
        step, state, _ = self.start_search(ops.convert_to_tensor(source_ids), target_ids.shape[1])
        difference = 0.0
        for position in range(target_ids.shape[1]):
            stepped, state, _ = step(ops.convert_to_tensor(target_ids[:, position]), state)
            difference = max(difference, float(ops.max(ops.abs(stepped - whole[:, position]))))
        if self.dtype_policy.compute_dtype != "float32":
            tolerance = max(tolerance, 0.25)
        if not difference <= tolerance:
            suspects = self._parts.suspects()
            raise ValueError(
                "The layers between `target_ids` and decoder, and behind it, must treat each "
                "position alone, since search takes one step at a time. The logits of a whole "
                f"target and of its steps differ by {difference:.3g}. Suspects: "
                f"{', '.join(map(repr, suspects)) or 'none by type'}."
            )

    def get_config(self) -> dict[str, Any]:
        # The plain functional config; ours has another constructor.
        config = keras.Model(self.inputs, self.outputs[0], name=self.name).get_config()
        return {"graph": config, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        # Reading a functional config pops its keys.
        graph = keras.Model.from_config(
            copy.deepcopy(config["graph"]), custom_objects=custom_objects
        )
        source_ids, target_ids = graph.inputs
        return cls(source_ids, target_ids, graph.outputs[0], name=config["name"])
