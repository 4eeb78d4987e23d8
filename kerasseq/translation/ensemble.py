from collections.abc import Sequence
from typing import Any

import keras

from kerasseq import checks
from kerasseq.models import SequenceToSequence
from kerasseq.search import ensemble_step
from kerasseq.serialization import register
from kerasseq.typing import State, StepFunction, Tensor

MEANS = ("probabilities", "log_probabilities")


@register
class Ensemble(keras.Model):
    """Several networks that search as one, in a `Translator`, its file and its export alike.

    The networks must have been trained with the same vocabularies. What a search records are the
    log probabilities of the ensemble; the attention weights are the mean of those networks that
    attend.

    Args:
        networks: the trained networks.
        mean: `"probabilities"`: a token is as likely as the networks find on average;
            `"log_probabilities"`: the geometric mean, normalised again.

    Raises:
        TypeError: if one of them is an ensemble, or anything else than a network.
        ValueError: if there is no network, their vocabularies differ in size, or one reads the
            source in other steps than the others.

    Reference:
        Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014.
    """

    def __init__(
        self, networks: Sequence[SequenceToSequence], mean: str = "probabilities", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        others = [each for each in networks if not isinstance(each, SequenceToSequence)]
        if others:
            raise TypeError(
                "`networks` must be single networks. Received: one of them is of the class "
                f"{type(others[0]).__name__}. Pass the `network` of a `Translator`, the `networks` "
                "of an `Ensemble`."
            )
        sizes = [network.vocabulary_size for network in networks]
        if len(set(sizes)) != 1:
            raise ValueError(
                "`networks` must be at least one, all with the same target vocabulary. "
                f"Received: vocabularies of {sizes}."
            )
        reductions = [network.memory_reduction for network in networks]
        if len(set(reductions)) != 1:
            raise ValueError(
                "`networks` must attend to equally many positions of a source. Received: encoders "
                f"that make it {reductions} times shorter."
            )
        checks.check_one_of("mean", mean, MEANS)
        self.networks = list(networks)
        self.mean = mean
        self.built = True

    @property
    def vocabulary_size(self) -> int:
        """Number of target token ids."""
        return self.networks[0].vocabulary_size

    @property
    def memory_reduction(self) -> int:
        """How many source positions one that is attended to stands for."""
        return self.networks[0].memory_reduction

    def start_search(
        self, source_ids: Tensor, max_length: Tensor | int
    ) -> tuple[StepFunction, State, Tensor]:
        """Encodes a source with every network; see `SequenceToSequence.start_search`."""
        starts = [network.start_search(source_ids, max_length) for network in self.networks]
        step, state = ensemble_step(
            [start[0] for start in starts], [start[1] for start in starts], self.mean
        )
        return step, state, starts[0][2]

    def check(self) -> None:
        """Checks every network; see `SequenceToSequence.check`."""
        for network in self.networks:
            network.check()

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            "networks": [serialize(network) for network in self.networks],
            "mean": self.mean,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Ensemble":
        networks = [
            keras.saving.deserialize_keras_object(network, custom_objects)
            for network in config["networks"]
        ]
        return cls(**{**config, "networks": networks})


def copied(network: SequenceToSequence | Ensemble) -> SequenceToSequence | Ensemble:
    """Returns a network with weights of its own, not compiled.

    A network, or a layer, that two of an ensemble share is copied twice.

    Args:
        network: the network, or several.
    """
    if isinstance(network, Ensemble):
        members = [_copied(each) for each in network.networks]
        return Ensemble(members, network.mean, name=network.name)
    return _copied(network)


def _copied(network: SequenceToSequence) -> SequenceToSequence:
    copy = type(network).from_config(network.get_config())
    copy.set_weights(network.get_weights())
    return copy
