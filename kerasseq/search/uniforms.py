"""Uniform numbers as a pure function of keys: no generator, no state, no shape that matters.

`keras.random` takes no tensor seeds on TensorFlow, and what it draws for a row depends on the
shape of the whole batch. Here the number for (seed, row, draw, position) is a hash of the four,
so that neighbours, padding and longer limits change nothing, and a saved graph holds core ops.
"""

from keras import ops

from kerasseq.typing import Tensor

WORD = 0xFFFFFFFF
GOLDEN = 0x9E3779B9  # 2 ** 32 over the golden ratio: neighbouring keys end up far apart


def uniforms(seed: int, row_keys: Tensor, draws: int, length: Tensor) -> Tensor:
    """Returns `(length, batch * draws)` float32 numbers in [0, 1).

    Args:
        seed: any integer; its lowest 32 bits count.
        row_keys: `(batch,)` int32.
        draws: how many independent rows each key has.
        length: scalar, how many numbers a row gets.

    Reference:
        The mixer is Chris Wellons' search for 32-bit hash functions with the least bias,
        https://github.com/skeeto/hash-prospector.
    """
    rows = ops.cast(row_keys, "uint32")[:, None]  # (batch, 1)
    draw = ops.cast(ops.arange(draws, dtype="int32"), "uint32")  # (draws,)
    streams = _mix(_mix(rows + _word(seed)) + draw)  # (batch, draws)
    # 64 bits tell streams apart: two that agree in the first word differ in the second.
    others = _mix(_mix(rows ^ _mix(_word(seed + GOLDEN))) ^ draw)
    position = ops.cast(ops.arange(length, dtype="int32"), "uint32")[:, None, None]
    hashed = _mix(_mix(streams + position * _word(GOLDEN)) ^ others)  # (length, batch, draws)
    numbers = ops.cast(ops.right_shift(hashed, _word(8)), "float32") * 2.0**-24
    return ops.reshape(numbers, (length, -1))


def _word(value: int) -> Tensor:
    return ops.convert_to_tensor(value & WORD, dtype="uint32")


def _mix(words: Tensor) -> Tensor:
    words = words + _word(GOLDEN)  # 0 would stay 0
    words = ops.bitwise_xor(words, ops.right_shift(words, _word(16))) * _word(0x21F0AAAD)
    words = ops.bitwise_xor(words, ops.right_shift(words, _word(15))) * _word(0xD35A2D97)
    return ops.bitwise_xor(words, ops.right_shift(words, _word(15)))
