"""KerasTuner, or a word on where to get it."""

try:
    import keras_tuner
except ImportError as error:
    raise ImportError(
        "`kerasseq.tuning` needs KerasTuner. Install it with `pip install 'kerasseq[tune]'`."
    ) from error

__all__ = ["keras_tuner"]
