"""Room 5, training: losses, metrics, schedules, the optimiser, callbacks.

What comes in: logits, labels and sample weights; and, for the callback that translates, plain
functions of strings. What goes out: a loss for `compile`, numbers in the logs. The room works with
any Keras model and imports no other room. Start at `token_crossentropy.py`.

Keras' own does the rest: gradient clipping is `global_clipnorm=1.0` of any optimiser, moving
averages `use_ema=True` with `SwapAverages`, accumulation `gradient_accumulation_steps`, cosine
decay with warm-up `keras.optimizers.schedules.CosineDecay`.
"""

from kerasseq.training.attention_images import AttentionImages
from kerasseq.training.callback_order import check_callback_order
from kerasseq.training.distillation import Distillation
from kerasseq.training.fused_adam import FusedAdam
from kerasseq.training.reload_on_plateau import ReloadOnPlateau
from kerasseq.training.sampling_rates import (
    SAMPLING_RATES,
    ConstantRate,
    ExponentialRate,
    InverseSigmoidRate,
    LinearRate,
    SamplingRate,
)
from kerasseq.training.schedules import SCHEDULES, InverseSquareRoot, Noam
from kerasseq.training.swap_averages import SwapAverages
from kerasseq.training.terminate_on_invalid_loss import InvalidLossError, TerminateOnInvalidLoss
from kerasseq.training.token_crossentropy import TokenCrossentropy
from kerasseq.training.token_metrics import (
    Perplexity,
    SequenceAccuracy,
    TokenAccuracy,
    TokenMetric,
)
from kerasseq.training.translation_metrics import TranslationMetrics
from kerasseq.training.weight_averaging import average_weights, best_positions

__all__ = [
    "SAMPLING_RATES",
    "SCHEDULES",
    "AttentionImages",
    "ConstantRate",
    "Distillation",
    "ExponentialRate",
    "FusedAdam",
    "InvalidLossError",
    "InverseSigmoidRate",
    "InverseSquareRoot",
    "LinearRate",
    "Noam",
    "Perplexity",
    "ReloadOnPlateau",
    "SamplingRate",
    "SequenceAccuracy",
    "SwapAverages",
    "TerminateOnInvalidLoss",
    "TokenAccuracy",
    "TokenCrossentropy",
    "TokenMetric",
    "TranslationMetrics",
    "average_weights",
    "best_positions",
    "check_callback_order",
]
