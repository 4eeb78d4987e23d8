"""The pairs of a run, and the codecs made for them."""

import logging
from typing import Any, Literal, NamedTuple, cast

from kerasseq import data
from kerasseq.data import Pairs
from kerasseq.experiments.config import DataConfig, ExperimentConfig, TextConfig
from kerasseq.experiments.training_config import TrainingConfig
from kerasseq.text import TextCodec
from kerasseq.translation import Translator

logger = logging.getLogger(__name__)


COLUMNS = ("source_column", "target_column", "header")
SPLITS = ("train", "valid", "test")
FILES = tuple(f"{split}{side}" for split in SPLITS for side in ("", "_target"))


class RunData(NamedTuple):
    """The three splits; `test` is `None` where there is none.

    Attributes:
        train: what the network learns from.
        valid: what chooses and stops.
        test: what is translated once, at the end.
    """

    train: Pairs
    valid: Pairs
    test: Pairs | None


def read_data(config: DataConfig) -> RunData:
    """Reads the pairs that a configuration names.

    Args:
        config: a shipped sample, or files.

    Raises:
        ValueError: if neither is named, or both, or columns are named where there are none.
    """
    if config.sample is not None:
        for name in FILES:
            path = getattr(config, name)
            if path is not None:
                raise ValueError(
                    f"`data.sample` and `data.{name}` exclude each other. "
                    f"Received: {config.sample!r} and {path!r}."
                )
        _refuse_columns(config, f"`data.sample`, {config.sample!r}, which has its own")
        train, valid, test = data.load_sample(config.sample)
        return RunData(train, _held_out(config, valid), _held_out(config, test))
    if config.train is None or config.valid is None:
        raise ValueError(
            "`data.train` and `data.valid` must name files, or `data.sample` a shipped sample. "
            f"Received: train {config.train!r}, valid {config.valid!r}."
        )
    if config.test is None and config.test_target is not None:
        raise ValueError(
            f"`data.test_target` needs `data.test` beside it. Received: {config.test_target!r}."
        )
    if all(getattr(config, f"{split}_target") or not getattr(config, split) for split in SPLITS):
        _refuse_columns(config, "files of plain lines, which have none")
    return RunData(
        _read_pairs(config, config.train, config.train_target),
        _held_out(config, _read_pairs(config, config.valid, config.valid_target)),
        None
        if config.test is None
        else _held_out(config, _read_pairs(config, config.test, config.test_target)),
    )


def named_files(config: ExperimentConfig) -> dict[str, str]:
    """Returns the paths of the files that a run reads, by their fields in the configuration.

    Args:
        config: the run's configuration.
    """
    files = {f"data.{name}": getattr(config.data, name) for name in FILES}
    files["fine_tuning.model"] = config.fine_tuning.model
    files |= {f"distillation.teachers.{n}": t for n, t in enumerate(config.distillation.teachers)}
    return {name: path for name, path in files.items() if path is not None}


def evaluated_pairs(config: TrainingConfig, pairs: Pairs) -> Pairs:
    """Returns the held-out pairs that are translated at each evaluation of a training.

    Args:
        config: how many there shall be.
        pairs: all held-out ones.
    """
    count = len(pairs)
    wanted = min(config.valid_sentences or count, count)
    # From the whole file, since files are often sorted by length.
    rows = [number * count // wanted for number in range(wanted)]
    sides: tuple[list[Any], ...] = (pairs.sources, pairs.targets, pairs.references)
    return Pairs(*([side[row] for row in rows] for side in sides))


def evaluation_data(config: DataConfig, pairs: Pairs, translator: Translator) -> Any:
    """Returns the dataset on which a network's loss is measured, each target forced.

    Args:
        config: what pairs a run has.
        pairs: held-out ones.
        translator: whose codecs encode them.
    """
    return data.evaluation_dataset(
        pairs,
        translator.source_codec,
        translator.target_codec,
        batch_tokens=4096,
        max_length=config.max_length,
    )


def _refuse_columns(config: DataConfig, beside: str) -> None:
    """Columns and headers are those of TSV files: nobody else would read what is said of them."""
    unsaid = DataConfig()
    for name in COLUMNS:
        value = getattr(config, name)
        if value != getattr(unsaid, name):
            raise ValueError(
                f"`data.{name}` is for TSV files. Received: {value!r} beside {beside}."
            )


def _held_out(config: DataConfig, pairs: Pairs) -> Pairs:
    return pairs.group() if config.group_references else pairs


def _read_pairs(config: DataConfig, path: str, target_path: str | None) -> Pairs:
    empty = cast(Literal["error", "drop"], config.empty)  # the configuration has checked it
    if target_path is not None:
        return data.read_parallel(path, target_path, empty=empty)
    return data.read_tsv(
        path, config.source_column, config.target_column, config.header, empty=empty
    )


def train_codecs(config: ExperimentConfig, train: Pairs) -> tuple[TextCodec, TextCodec]:
    """Makes the codecs of both sides from the training pairs.

    Args:
        config: the sides' configurations, and whether they share one codec.
        train: the training pairs.
    """
    if config.share_vocabulary:
        codec = train_codec(config.source_text, [*train.sources, *train.targets], config.seed)
        return codec, codec
    return (
        train_codec(config.source_text, train.sources, config.seed),
        train_codec(config.target_text, train.targets, config.seed),
    )


def train_codec(config: TextConfig, texts: list[str], seed: int) -> TextCodec:
    """Makes the codec of one side.

    Args:
        config: how its strings become ids.
        texts: the training texts of that side.
        seed: where training draws at random.

    Raises:
        ValueError: if the tokenizer is given what the configuration says in another field.
    """
    options = dict(config.tokenizer) if isinstance(config.tokenizer, dict) else {}
    name = options.pop("name", config.tokenizer)
    for option in ("vocabulary_size", "normalization", "lowercase", "seed"):
        if option in options:
            beside = "`seed`" if option == "seed" else f"`{option}` beside `tokenizer`"
            raise ValueError(
                f"A tokenizer has no option {option!r} here: say it with {beside}. "
                f"Received: {config.tokenizer}."
            )
    return TextCodec.train(
        texts,
        tokenizer=name,
        vocabulary_size=config.vocabulary_size,
        normalization=config.normalization,
        lowercase=config.lowercase,
        seed=seed,
        **options,
    )


def log_report(
    run_data: RunData, source_codec: TextCodec, target_codec: TextCodec, max_length: int
) -> None:
    """Logs what the pairs look like, before anything is trained on them."""
    report = data.report_pairs(run_data.train, source_codec, target_codec, max_length)
    logger.info("Training pairs:\n%s", report)
    for name, pairs in (("valid", run_data.valid), ("test", run_data.test)):
        if pairs is not None:
            logger.info("%s: %s sources", name, f"{len(pairs):,}")
