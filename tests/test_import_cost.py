"""Importing kerasseq is cheap, pulls in nothing costly, and registers its classes in time."""

import functools
import json
import subprocess
import sys
from typing import Any

import pytest

COSTLY = ("tensorflow_text", "keras_tuner", "matplotlib", "sentencepiece")
REGISTERED = ("TokenEmbedding", "RecurrentEncoder", "AttentionDecoder", "SequenceToSequence")
REPORT = f"""
import json, sys, time
import {{first}}
start = time.process_time()
import {{second}}
seconds = time.process_time() - start
registered = [
    name
    for name in {REGISTERED}
    if keras.saving.get_registered_object("kerasseq>" + name) is not None
]
loaded = [name for name in {COSTLY} if name in sys.modules]
print(json.dumps(dict(seconds=seconds, registered=registered, loaded=loaded)))
"""


def fresh_process(code: str) -> str:
    """Returns the last line that `code` prints in a Python that has imported nothing."""
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return result.stdout.splitlines()[-1]


@functools.cache
def keras_first(attempt: int = 0) -> dict[str, Any]:
    return json.loads(fresh_process(REPORT.format(first="keras", second="kerasseq")))


@functools.cache
def kerasseq_first() -> dict[str, Any]:
    return json.loads(fresh_process(REPORT.format(first="kerasseq", second="keras")))


def test_importing_kerasseq_costs_at_most_half_a_second_beyond_keras() -> None:
    """CPU time, best of three, since a busy machine is not our cost."""
    assert any(keras_first(attempt)["seconds"] <= 0.5 for attempt in range(3))


def test_importing_kerasseq_imports_nothing_costly() -> None:
    assert keras_first()["loaded"] == []
    assert kerasseq_first()["loaded"] == []


def test_classes_are_registered_whichever_import_comes_first() -> None:
    assert keras_first()["registered"] == list(REGISTERED)
    assert kerasseq_first()["registered"] == list(REGISTERED)


@pytest.mark.parametrize("module", ["kerasseq", "kerasseq.commands", "kerasseq.__main__"])
def test_the_command_line_is_described_without_tensorflow(module: str) -> None:
    code = f"import sys, {module}; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert fresh_process(code) == "False"
