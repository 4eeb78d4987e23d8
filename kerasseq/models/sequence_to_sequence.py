import contextlib
import copy
from typing import Any

import keras
from keras import ops

from kerasseq import layers
from kerasseq.models import consistency
from kerasseq.models.graph import mask_of, time_reduction
from kerasseq.models.part_layers import VocabularyWeight, layers_by_part, vocabulary_weights
from kerasseq.models.parts import Parts
from kerasseq.models.scheduled_sampling import ScheduledSampling, read_rate
from kerasseq.models.search_step import bind_step, encode
from kerasseq.models.training_model import TrainingModel
from kerasseq.serialization import register
from kerasseq.typing import State, StepFunction, Tensor


@register
class SequenceToSequence(TrainingModel):
    """A functional Keras model that also knows how to take one decoding step.

    From the graph between its inputs and its output it finds the one decoder layer, and so three
    parts: what makes memory and state from the source, what embeds a target token, and what turns
    decoder outputs into logits. Training runs the graph; search and export run the parts. All use
    the same layers and weights.

    The layers around ours may be any. Those between target and decoder, and behind the decoder,
    must treat each position alone (`Dense`, `Dropout`, `LayerNormalization`); `check()` tries it.
    The head may also read the target embedding and tensors made from the source alone.

    To learn from other networks too, set the attribute `distillation` to a
    `kerasseq.training.Distillation` before `fit`; it is not saved, and `None` ends it. Labels may
    be `(labels, soft_labels)` then, with what those networks say of the batch.

    `keras.models.clone_model` gives a plain functional model; a copy of this kind is
    `SequenceToSequence.from_config(network.get_config())`. TensorFlow's XLA (`jit_compile`)
    cannot train its loops, JAX's can.

    Args:
        source_ids: the symbolic input of the source, `(batch, source_length)` integers.
        target_ids: the symbolic input of the target, `(batch, target_length)` integers; in training
            the target behind a start token.
        logits: the symbolic output, `(batch, target_length, vocabulary_size)`, unnormalised log
            probabilities of the token that follows each position.
        scheduled_sampling: how often training reads the network's own token in place of the data's:
            a probability, or a function of the number of updates made so far, such as
            `kerasseq.training.LinearRate` or any other that Keras can serialize. 0 means never.
            Evaluation and search do not change. A function reads the count of the optimizer that
            the model is compiled with, and 0 without one; on JAX only a number can be trained with.
        seed: seed of the draws of scheduled sampling.
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

    Reference:
        Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014; Bengio et al.,
        Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks, 2015.
    """

    def __init__(
        self,
        source_ids: Tensor,
        target_ids: Tensor,
        logits: Tensor,
        scheduled_sampling: Any = 0.0,
        seed: int | None = None,
        name: str | None = None,
    ) -> None:
        _check_symbolic(source_ids=source_ids, target_ids=target_ids, logits=logits)
        rate = read_rate(scheduled_sampling)
        parts = Parts(source_ids, target_ids, logits)
        super().__init__(inputs=[source_ids, target_ids], outputs=logits, name=name)
        # TensorFlow's XLA fails at the loops, and Keras would choose it where there is a GPU. JAX
        # has nothing else: a step that is not compiled whole compiles its loops each time.
        self.supports_jit = keras.backend.backend() == "jax"
        self.scheduled_sampling = scheduled_sampling
        self.seed = seed
        self._parts = parts
        self._sampling = None if rate == 0 else ScheduledSampling(rate, seed)
        if self._sampling is not None:
            # Keras finds a generator, to save its state and to pass it on, only on a layer itself.
            self._sampling_seed = self._sampling.seed_generator

    @property
    def decoder(self) -> Any:
        """The decoder layer that was found in the graph."""
        return self._parts.decoder

    @property
    def vocabulary_size(self) -> int:
        """Number of target token ids: the width of the logits."""
        return int(self.outputs[0].shape[-1])

    @property
    def memory_reduction(self) -> int:
        """How many source positions one of the decoder's memory stands for: encoders say so."""
        return time_reduction(self._parts.memory)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Tensor:
        if training and self._sampling is not None:
            source_ids, target_ids = self._two_inputs(inputs)
            rate = self._sampling.rate_after(getattr(self, "optimizer", None))
            inputs = [
                source_ids,
                self._sampling.replace(self._parts, source_ids, target_ids, rate),
            ]
        logits = super().call(inputs, training=training, mask=mask)
        if mask_of(self.outputs[0]) is not None:
            # A mask comes through a head that reads the target embedding. On the logits it would
            # make Keras average the loss for each replica; another view of them has none.
            logits = ops.squeeze(ops.expand_dims(logits, -1), -1)
        return logits

    def start_search(
        self, source_ids: Tensor, max_length: Tensor | int
    ) -> tuple[StepFunction, State, Tensor]:
        """Encodes a source once, and returns what a search needs.

        Args:
            source_ids: `(batch, source_length)` integers.
            max_length: the most steps that will follow.

        Returns:
            `(step, state, source_mask)`: the step function, the state before the first step, a list
            of `(batch, ...)` tensors, and what of the memory is real, boolean `(batch,
            memory_length)`, which is as long as the source unless an encoder makes it shorter. The
            step closes over what is the same at every step.
        """
        return bind_step(self._parts, source_ids, max_length)

    def encode(self, source_ids: Tensor) -> tuple[Tensor, State]:
        """Runs the part of the network that reads the source, to look at what it gives.

        Args:
            source_ids: `(batch, source_length)` integers.

        Returns:
            `(memory, initial_state)`: `(batch, memory_length, memory_size)` and the list of
            `(batch, units)` tensors that the decoder starts from, empty if it starts from zeros.
        """
        return encode(self._parts, source_ids)

    def recorded_attention(self) -> contextlib.AbstractContextManager[list[layers.AttentionRecord]]:
        """Returns a context whose list tells what attention computes in it, run eagerly.

        One `kerasseq.layers.AttentionRecord` a call: scores, weights of each head, context.
        """
        return layers.recorded_attention()

    def check(self, tolerance: float = 1e-3) -> None:
        """Tries on one tiny random batch that search will see the network that is trained.

        Args:
            tolerance: by how much log probabilities may differ; at least 0.25 in half precision.

        Raises:
            ValueError: if a whole target and its steps give other logits: a layer around the
                decoder mixes positions. If more padding of the source does: a layer reads it. Or if
                the mask of the source is made inside a nested model or layer, where search cannot
                see it: give the decoder `memory_mask`, or embed the source in the graph itself.
        """
        # The model's own policy is whichever was in force when its file was read.
        if self.decoder.compute_dtype != "float32":
            tolerance = max(tolerance, 0.25)
        consistency.check_network(self, self._parts, tolerance)

    def layers_by_part(self) -> dict[str, list[Any]]:
        """Returns the layers with weights by the part they play, whatever their names.

        The parts are `source_embedding`, `target_embedding`, `encoder`, `bridge`, `decoder` and
        `output`; to freeze one, set `trainable = False` on its layers. Tied layers stand in several
        parts, and a part that has no layer of its own is left out.
        """
        return layers_by_part(self._parts)

    def vocabulary_weights(self) -> list[VocabularyWeight]:
        """Returns the weights that have a row or a column for each token.

        Raises:
            ValueError: if the layers that embed tokens or make logits are of an unknown kind.
        """
        return vocabulary_weights(self._parts, self.outputs[0])

    def get_config(self) -> dict[str, Any]:
        rate = self.scheduled_sampling
        return {
            # The plain functional config; ours has another constructor.
            "graph": keras.Model(self.inputs, self.outputs[0], name=self.name).get_config(),
            "scheduled_sampling": (
                keras.saving.serialize_keras_object(rate) if callable(rate) else rate
            ),
            "seed": self.seed,
            "name": self.name,
            "trainable": self.trainable,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = copy.deepcopy(config)  # reading a functional config pops its keys
        trainable = config.pop("trainable", True)
        graph = keras.Model.from_config(config.pop("graph"), custom_objects=custom_objects)
        source_ids, target_ids = graph.inputs
        network = cls(source_ids, target_ids, graph.outputs[0], **config)
        if not trainable:
            network.trainable = False
        return network


def _check_symbolic(**tensors: Any) -> None:
    for argument, tensor in tensors.items():
        if not isinstance(tensor, keras.KerasTensor):
            raise TypeError(
                f"`{argument}` must be a symbolic tensor, as from `keras.Input`. "
                f"Received: {type(tensor).__name__}."
            )
