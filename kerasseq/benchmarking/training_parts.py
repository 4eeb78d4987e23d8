"""Which share of a training step each part takes, each of them run alone."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from kerasseq import data
from kerasseq.benchmarking.measuring import Stopwatch
from kerasseq.models import SequenceToSequence
from kerasseq.typing import Tensor

REPEATS = 5


def measure_parts(
    network: SequenceToSequence, batches: data.TokenBatches, batch: Any
) -> dict[str, float]:
    """Returns the share of CPU time of `input_pipeline`, `encoder`, `decoder`, `output_and_loss`
    and `optimizer`; together 1.

    All but the decoder are run alone, forward and backward; the decoder, with what Keras does
    around the parts, is what remains of the step.

    Args:
        network: a compiled network of the reference work.
        batches: what it is trained on.
        batch: the batch to do it with.
    """
    inputs, labels, weights = tf.nest.map_structure(tf.constant, batch)
    steps = iter(_repeated(batch, data.as_dataset(batches).element_spec))
    step = _cpu_seconds(lambda: network.train_function(steps))
    alone = {
        "input_pipeline": _pipeline_seconds(batches),
        "encoder": _cpu_seconds(_encoder_step(network, inputs[0])),
        "output_and_loss": _cpu_seconds(_output_step(network, labels, weights)),
        "optimizer": _cpu_seconds(_optimizer_step(network)),
    }
    whole = step + alone["input_pipeline"]
    shares = {name: round(seconds / whole, 4) for name, seconds in alone.items()}
    return {**shares, "decoder": round(1 - sum(shares.values()), 4)}


def _repeated(batch: Any, element_spec: Any) -> tf.data.Dataset:
    """One batch for ever, of unknown shape like those of training: another would be traced anew."""

    def forget(*tensors: Tensor) -> Any:
        unknown = [
            tf.compat.v1.placeholder_with_default(tensor, spec.shape)
            for tensor, spec in zip(tensors, tf.nest.flatten(element_spec), strict=True)
        ]
        return tf.nest.pack_sequence_as(element_spec, unknown)

    return tf.data.Dataset.from_tensors(tuple(tf.nest.flatten(batch))).repeat().map(forget)


def _cpu_seconds(work: Callable[[], Any]) -> float:
    """The CPU time of one run, the least of several, since nothing makes work faster than it is."""
    work()
    spans = []
    for _ in range(REPEATS):
        watch = Stopwatch()
        tf.nest.map_structure(lambda tensor: tensor.numpy(), work())
        spans.append(watch.read().cpu)
    return min(spans)


def _pipeline_seconds(batches: data.TokenBatches) -> float:
    """The CPU time of making one batch, in an epoch whose order is still to be drawn."""
    count = min(len(batches), 32)
    iterator = iter(data.as_dataset(batches, epoch=1, steps_per_epoch=count))
    watch = Stopwatch()
    for _ in range(count):
        next(iterator)
    return watch.read().cpu / count


def _encoder_step(network: SequenceToSequence, source_ids: Tensor) -> Callable[[], Tensor]:
    encoder = keras.Model(network.inputs[0], network.get_layer("encoder").output)
    return _gradient_step(
        lambda: encoder(source_ids, training=True)[0], encoder.trainable_variables
    )


def _output_step(
    network: SequenceToSequence, labels: Tensor, weights: Tensor
) -> Callable[[], Tensor]:
    head = network.get_layer("logits")
    size = network.decoder.output_size
    outputs = keras.Variable(keras.random.normal((*labels.shape, size), stddev=0.1))

    def loss() -> Tensor:
        logits = head(tf.cast(outputs, head.compute_dtype))
        return network.compute_loss(y=labels, y_pred=logits, sample_weight=weights)

    return _gradient_step(loss, [*head.trainable_variables, outputs])


def _gradient_step(forward: Callable[[], Tensor], variables: list[Any]) -> Callable[[], Any]:
    """Forward and backward in one graph; what comes out is one number a gradient."""
    values = [variable.value for variable in variables]

    @tf.function(autograph=False)
    def step() -> list[Tensor]:
        with tf.GradientTape() as tape:
            result = forward()
        gradients = tape.gradient(result, values)
        return [tf.reshape(gradient, [-1])[0] for gradient in gradients]

    return step


def _optimizer_step(network: SequenceToSequence) -> Callable[[], Any]:
    """An update by gradients of zero, clipping included."""
    gradients = [tf.zeros(variable.shape) for variable in network.trainable_variables]

    @tf.function(autograph=False)
    def step() -> Tensor:
        network.optimizer.apply(gradients, network.trainable_variables)
        return tf.convert_to_tensor(network.optimizer.iterations)

    return step
