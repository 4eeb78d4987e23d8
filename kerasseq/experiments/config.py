"""What an experiment is made of: a tree of frozen dataclasses. Imports no TensorFlow.

The command line, YAML files and the tuner all write this tree. It turns into plain keyword
arguments before it reaches a layer.
"""

import dataclasses
import os
from typing import Any

from kerasseq import checks
from kerasseq.experiments import config_files
from kerasseq.experiments.training_config import (
    DistillationConfig,
    FineTuningConfig,
    TrainingConfig,
)


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Where the pairs come from.

    Args:
        sample: name of a shipped sample, in place of files: tatoeba_eng_swe.
        train: training pairs: a TSV file, or the file of sources if `train_target` is given.
        valid: held-out pairs, to choose and to stop by.
        test: pairs that are translated once, at the end.
        train_target: the file of targets, line by line beside `train`.
        valid_target: the file of targets beside `valid`.
        test_target: the file of targets beside `test`.
        source_column: name or number (from 0) of the sources' column in a TSV file.
        target_column: name or number of the targets' column.
        header: whether TSV files begin with a line of names; named columns imply it.
        empty: what to do with a line that has an empty side: error or drop.
        group_references: whether lines of one source in the held-out files are references of one
            another: an output may equal any of them. Else every line counts by itself.
        max_length: longest pair to train on, in tokens.
        long_pairs: what to do with longer ones: drop or cut.
    """

    sample: str | None = None
    train: str | None = None
    valid: str | None = None
    test: str | None = None
    train_target: str | None = None
    valid_target: str | None = None
    test_target: str | None = None
    source_column: int | str = 0
    target_column: int | str = 1
    header: bool | None = None
    empty: str = "error"
    group_references: bool = False
    max_length: int = 128
    long_pairs: str = "drop"

    def __post_init__(self) -> None:
        for split in ("train", "valid", "test"):
            for name in (split, f"{split}_target"):
                if isinstance(path := getattr(self, name), os.PathLike):
                    object.__setattr__(self, name, os.fspath(path))  # what YAML can hold
        for side in ("source_column", "target_column"):
            if not isinstance(getattr(self, side), str):
                checks.check_integer(f"data.{side}", getattr(self, side), minimum=0)
        checks.check_positive_integer("data.max_length", self.max_length)
        checks.check_one_of("data.long_pairs", self.long_pairs, ("drop", "cut"))
        checks.check_one_of("data.empty", self.empty, ("error", "drop"))


@dataclasses.dataclass(frozen=True)
class TextConfig:
    """How strings of one side become ids.

    Args:
        tokenizer: subword, word, character, byte or regex; or a mapping with `name` and options.
        vocabulary_size: most ids, the four special ones included.
        normalization: Unicode form: none, nfc or nfkc.
        lowercase: whether to lower the case.
    """

    tokenizer: str | dict[str, Any] = "subword"
    vocabulary_size: int = 2000
    normalization: str = "none"
    lowercase: bool = False

    def check(self, name: str) -> None:
        """Raises if a value is out of range.

        Args:
            name: of the side, for the message.
        """
        checks.check_positive_integer(f"{name}.vocabulary_size", self.vocabulary_size)
        forms = ("none", "nfc", "nfkc")
        checks.check_one_of(f"{name}.normalization", self.normalization, forms)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The network: a named one of the catalogue, and what differs from it.

    An option that is left out (`null`) is what the named model says.

    Args:
        name: a model of the catalogue: bidirectional_luong, luong_2015, bahdanau_2015, cho_2014,
            sutskever_2014, gnmt_2016.
        embedding_units: size of the token vectors.
        encoder: recurrent or pyramidal.
        encoder_units: size of the encoder's cells, in each direction.
        encoder_layers: cells above one another in the encoder.
        bidirectional: true, false or first.
        reverse_source: whether the encoder reads the source from its last word to the first.
        cell: lstm, gru, simple and others; or a mapping with `name` and options.
        bridge: what the decoder starts from: dense, last_state, mean and others.
        decoder: attention or recurrent (without attention).
        decoder_units: size of the decoder's cells.
        decoder_layers: cells above one another in the decoder.
        context: without attention, where the context enters: initial_state, input or both.
        attention: general, dot, additive and others; or a mapping with `name` and options.
        attention_units: size of the hidden layer of scores that have one.
        attention_layer: whose state is the query: top or first.
        wiring: luong, bahdanau or conditional.
        input_feeding: whether the decoder reads its last output.
        readout: attentional, deep or hidden.
        readout_units: size of the decoder's output.
        residual_from: first layer, counted from 0, with a residual connection.
        dropout: share dropped of embeddings, between layers and of the output.
        recurrent_dropout: share dropped of the state, the same at every step.
        word_dropout: share of tokens that training replaces by the unknown token.
        tie: none, target (output and target embedding share a table) or three_way.
        doubly_stochastic: weight of the penalty on uneven attention (Xu et al. 2015).
        scheduled_sampling: rate at which training reads the model's own token; a number, or a
            mapping with the `name` of a schedule and its options.
    """

    name: str = "bidirectional_luong"
    embedding_units: int | None = None
    encoder: str | None = None
    encoder_units: int | None = None
    encoder_layers: int | None = None
    bidirectional: bool | str | None = None
    reverse_source: bool | None = None
    cell: str | dict[str, Any] | None = None
    bridge: str | dict[str, Any] | None = None
    decoder: str | None = None
    decoder_units: int | None = None
    decoder_layers: int | None = None
    context: str | None = None
    attention: str | dict[str, Any] | None = None
    attention_units: int | None = None
    attention_layer: str | None = None
    wiring: str | None = None
    input_feeding: bool | None = None
    readout: str | dict[str, Any] | None = None
    readout_units: int | None = None
    residual_from: int | None = None
    dropout: float | None = None
    recurrent_dropout: float | None = None
    word_dropout: float | None = None
    tie: str | None = None
    doubly_stochastic: float | None = None
    scheduled_sampling: float | dict[str, Any] | None = None

    def options(self) -> dict[str, Any]:
        """Returns what is said here, without what is left to the named model."""
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclasses.dataclass(frozen=True)
class SearchConfig:
    """How outputs are found.

    Args:
        name: beam, greedy or sampling.
        options: arguments of the search, such as num_beams, n_best, length_penalty.
        max_source_length: source tokens that are read; a longer text is cut, and says so.
        replace_unknown: whether unknown tokens give way to the source words they attend to.
    """

    name: str = "beam"
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    max_source_length: int = 256
    replace_unknown: bool = False

    def __post_init__(self) -> None:
        checks.check_integer("search.max_source_length", self.max_source_length, minimum=2)


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """Everything that decides what a training run gives.

    Args:
        data: where the pairs come from.
        source_text: how source strings become ids.
        target_text: how target strings become ids.
        share_vocabulary: one codec, trained on both sides, as `source_text` says.
        model: the network.
        fine_tuning: a trained network to begin with, in place of a new one.
        distillation: trained networks to learn from, beside the labels.
        training: how it learns.
        search: how outputs are found.
        metrics: what is computed on held-out and test pairs: bleu, chrf, exact_match and others.
        seed: seed of everything that is drawn: initial weights, order, dropout, tokenizers.
    """

    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    source_text: TextConfig = dataclasses.field(default_factory=TextConfig)
    target_text: TextConfig = dataclasses.field(default_factory=TextConfig)
    share_vocabulary: bool = False
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    fine_tuning: FineTuningConfig = dataclasses.field(default_factory=FineTuningConfig)
    distillation: DistillationConfig = dataclasses.field(default_factory=DistillationConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    search: SearchConfig = dataclasses.field(default_factory=SearchConfig)
    metrics: list[str] = dataclasses.field(default_factory=lambda: ["bleu", "chrf", "exact_match"])
    seed: int = 1

    def __post_init__(self) -> None:
        checks.check_seed("seed", self.seed)
        self.source_text.check("source_text")
        self.target_text.check("target_text")

    @property
    def target_tokens(self) -> int:
        """How many ids the target vocabulary has at most."""
        return (self.source_text if self.share_vocabulary else self.target_text).vocabulary_size

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "ExperimentConfig":
        """Reads a configuration from a YAML file, or a recipe by its name.

        Args:
            path: a file, or the name of a recipe that ships with kerasseq.

        Raises:
            FileNotFoundError: if there is neither.
            ValueError: if a key is unknown or a value does not fit.
        """
        return config_files.read(cls, path)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the configuration as YAML that `read` takes.

        Args:
            path: the file.
        """
        config_files.write(self, path)

    def to_dict(self) -> dict[str, Any]:
        """Returns the tree as plain dictionaries."""
        return dataclasses.asdict(self)
