import gc
import weakref

import pytest
import tensorflow as tf

from kerasseq.training import InvalidLossError
from kerasseq.tuning.failure import Failure


class AllocationError(MemoryError):
    """As NumPy has one of its own."""


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (InvalidLossError("nan\nby step 3", 3, 1, 2), "nan", "InvalidLossError: nan by step 3"),
        (MemoryError(), "memory", "MemoryError"),
        (AllocationError("(9,)"), "memory", "AllocationError: (9,)"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM"), "memory", "ResourceExhaustedError: "),
        (ZeroDivisionError("x" * 900), "crash", "ZeroDivisionError: xxx"),
        (RuntimeError(), "crash", "RuntimeError"),
    ],
)
def test_an_error_becomes_a_kind_and_a_line(error: Exception, kind: str, reason: str) -> None:
    failure = Failure.of(error)
    assert failure.kind == kind
    assert failure.reason.startswith(reason)
    assert len(failure.reason) < 600
    assert "\n" not in failure.reason


def test_the_cause_of_an_error_tells_its_kind() -> None:
    error = RuntimeError("the pipeline broke")
    error.__cause__ = MemoryError("no room")
    failure = Failure.of(error)
    assert failure.kind == "memory"
    assert failure.reason == "RuntimeError: the pipeline broke"
    assert "MemoryError: no room" in failure.details


class Network:
    """What a failed trial would hold on to."""


def test_nothing_of_the_trial_is_kept() -> None:
    def train() -> weakref.ref[Network]:
        network = Network()
        reference = weakref.ref(network)
        try:
            raise ValueError(reference)
        except ValueError as error:
            failures.append(Failure.of(error))
        return reference

    failures: list[Failure] = []
    reference = train()
    gc.collect()
    assert reference() is None
    assert "in train" in failures[0].details


def test_what_was_being_handled_when_it_failed_says_the_kind_too() -> None:
    def fail() -> None:
        try:
            raise MemoryError("cannot allocate")
        except MemoryError:
            raise RuntimeError("cleaning up failed")  # noqa: B904 (that is the point)

    with pytest.raises(RuntimeError) as caught:
        fail()
    assert Failure.of(caught.value)[:2] == ("memory", "RuntimeError: cleaning up failed")
