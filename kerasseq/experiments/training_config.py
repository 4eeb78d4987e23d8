"""How a network learns, and what it begins with. Imports no TensorFlow."""

import dataclasses
from typing import Any

from kerasseq import checks

SCHEDULES = ("constant", "cosine", "noam", "inverse_square_root", "plateau")
DTYPES = ("float32", "mixed_bfloat16", "auto")
AVERAGES = ("best", "last")
PARALLELISM = ("intra_op", "inter_op", "both", "auto")
VOCABULARIES = ("keep", "new")


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How the network learns.

    Args:
        epochs: times that all pairs are seen, at most; with `steps_per_epoch`, stretches of so
            many updates.
        stop_after: epochs after which it ends, the learning rate on its way as for all `epochs`;
            null for all of them.
        steps_per_epoch: batches of an epoch, to save and to validate more often or less; null
            for all pairs once.
        batch_tokens: tokens of a batch, on its longer side, padding included.
        batch_size: pairs of a batch, in place of `batch_tokens`.
        optimizer: fused_adam, or any of Keras by its name (adam, adamw, sgd, lion and others); or
            a mapping with `name` and options.
        accumulation_steps: batches whose gradients are averaged for one update.
        learning_rate: the highest, whatever the schedule.
        schedule: constant, cosine, noam, inverse_square_root or plateau.
        warmup_steps: batches over which the learning rate rises to its highest; with plateau it
            is there from the beginning.
        plateau_patience: with plateau, epochs without a better val_loss before the best weights
            come back with a lower rate.
        plateau_factor: with plateau, what the learning rate is multiplied with.
        clip_norm: the gradient's norm is cut to it; null for no limit.
        label_smoothing: share of the label spread over the whole vocabulary.
        sampling: share of the sources that are cut anew into subwords each epoch.
        ema_momentum: share of the old value in a moving average of the weights, such as 0.999;
            scores and saved weights are then the average's. null for none.
        monitor: what chooses the best weights and stops: a validation metric such as val_bleu,
            val_chrf, val_exact_match, or val_loss.
        patience: evaluations without improvement before it stops; null to run all epochs.
        evaluate_every: epochs from one evaluation on held-out sentences to the next.
        valid_sentences: held-out sentences to translate at an evaluation; null for all.
        average: which epochs the final weights are the mean of: best or last.
        keep_average_of: of how many epochs; 1 keeps the best epoch, or the last one. So does a mean
            that is clearly worse.
        dtype: float32, mixed_bfloat16, or auto: bfloat16 where the CPU has units for it.
        threads: threads of TensorFlow; null for all cores.
        parallelism: intra_op, threads share each operation; inter_op, operations that do not wait
            for one another run side by side, which is faster for small networks and gives the
            same weights for any number of threads; both, which is fastest for large ones; or auto:
            inter_op on up to two threads for fewer than 4,000 target tokens, else both.
    """

    epochs: int = 10
    stop_after: int | None = None
    steps_per_epoch: int | None = None
    batch_tokens: int | None = 512
    batch_size: int | None = None
    optimizer: str | dict[str, Any] = "fused_adam"
    accumulation_steps: int = 1
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    warmup_steps: int = 100
    plateau_patience: int = 1
    plateau_factor: float = 0.5
    clip_norm: float | None = 1.0
    label_smoothing: float = 0.1
    sampling: float = 0.0
    ema_momentum: float | None = None
    monitor: str = "val_bleu"
    patience: int | None = None
    evaluate_every: int = 1
    valid_sentences: int | None = 500
    average: str = "best"
    keep_average_of: int = 1
    dtype: str = "float32"
    threads: int | None = None
    parallelism: str = "auto"

    def __post_init__(self) -> None:
        for name in ("epochs", "accumulation_steps", "plateau_patience", "evaluate_every"):
            checks.check_positive_integer(f"training.{name}", getattr(self, name))
        checks.check_positive_integer("training.keep_average_of", self.keep_average_of)
        checks.check_positive("training.learning_rate", self.learning_rate)
        checks.check_integer("training.warmup_steps", self.warmup_steps, minimum=0)
        checks.check_positive("training.plateau_factor", self.plateau_factor)
        for name in ("label_smoothing", "plateau_factor"):
            checks.check_rate(f"training.{name}", getattr(self, name))
        checks.check_one_of("training.schedule", self.schedule, SCHEDULES)
        checks.check_one_of("training.average", self.average, AVERAGES)
        checks.check_one_of("training.dtype", self.dtype, DTYPES)
        checks.check_one_of("training.parallelism", self.parallelism, PARALLELISM)
        checks.check_probability("training.sampling", self.sampling)
        self._check_optional()
        if self.schedule == "plateau" and self.evaluate_every > 1:
            raise ValueError(
                "`training.evaluate_every` must be 1 with the schedule 'plateau', which reads "
                f"val_loss after each epoch. Received: {self.evaluate_every}. "
                "Make the epochs longer with `training.steps_per_epoch`."
            )

    def _check_optional(self) -> None:
        if self.clip_norm is not None:
            checks.check_positive("training.clip_norm", self.clip_norm)
        if self.ema_momentum is not None:
            checks.check_positive("training.ema_momentum", self.ema_momentum)
            checks.check_rate("training.ema_momentum", self.ema_momentum)
        for name in (
            *("batch_tokens", "batch_size", "steps_per_epoch", "stop_after"),
            *("patience", "valid_sentences", "threads"),
        ):
            if getattr(self, name) is not None:
                checks.check_positive_integer(f"training.{name}", getattr(self, name))


@dataclasses.dataclass(frozen=True)
class FineTuningConfig:
    """A trained translator to begin with, in place of a new network.

    Args:
        model: its `.keras` file; null for a new network.
        vocabulary: keep (the file's), or new: trained on the new pairs as source_text and
            target_text say. Tokens in both keep what they have learnt, by token.
        freeze: parts that keep their weights: source_embedding, target_embedding, encoder, bridge,
            decoder, output, or a layer by its name.
    """

    model: str | None = None
    vocabulary: str = "keep"
    freeze: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        checks.check_one_of("fine_tuning.vocabulary", self.vocabulary, VOCABULARIES)
        if self.model is None and (self.freeze or self.vocabulary != "keep"):
            raise ValueError(
                "`fine_tuning.model` must name the `.keras` file to begin with. Received: null, "
                f"with vocabulary {self.vocabulary!r} and freeze {self.freeze}."
            )


@dataclasses.dataclass(frozen=True)
class DistillationConfig:
    """Trained networks whose distributions are learnt beside the labels.

    Several are an ensemble: their probabilities are averaged.

    Args:
        teachers: `.keras` files of translators with the tokens of the run.
        recipe: a configuration, a file or the name of a recipe, of teachers that the run trains
            before, on its own pairs and tokens, with its threads and dtype, in `teachers/` of its
            folder.
        seeds: of those teachers, one each.
        epochs: of those teachers; null for what the recipe says.
        at_once: how many of them are trained at the same time: a gain where operations run side by
            side (`training.parallelism`), since one small network does not fill two threads. Each
            takes as much memory as one alone.
        weight: the share of all teachers in the loss.
    """

    teachers: list[str] = dataclasses.field(default_factory=list)
    recipe: str | None = None
    seeds: list[int] = dataclasses.field(default_factory=list)
    epochs: int | None = None
    at_once: int = 1
    weight: float = 0.5

    def __post_init__(self) -> None:
        if self.teachers:
            checks.check_strings("distillation.teachers", self.teachers)
        for seed in self.seeds:
            checks.check_seed("distillation.seeds", seed)
        if (self.recipe is None) != (not self.seeds) or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(
                "`distillation.seeds` must name another seed for each teacher of "
                f"`distillation.recipe`. Received: recipe {self.recipe!r}, seeds {self.seeds}."
            )
        if self.epochs is not None:
            checks.check_positive_integer("distillation.epochs", self.epochs)
            if self.recipe is None:
                raise ValueError(
                    "`distillation.epochs` are those of the teachers of `distillation.recipe`. "
                    f"Received: {self.epochs}, and no recipe."
                )
        checks.check_positive_integer("distillation.at_once", self.at_once)
        checks.check_positive("distillation.weight", self.weight)
        checks.check_probability("distillation.weight", self.weight)
