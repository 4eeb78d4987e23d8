"""Importing kerasseq is cheap, pulls in nothing costly, and registers its classes in time."""

import functools
import json
import subprocess
import sys
from typing import Any

import pytest

COSTLY = ("tensorflow_text", "sentencepiece", "keras_tuner", "matplotlib")
REGISTERED = ("TokenEmbedding", "RecurrentEncoder", "AttentionDecoder", "SequenceToSequence")
# The costly modules are made to fail, since `import keras` itself takes matplotlib if it is there.
REPORT = f"""
import json, sys, time
sys.modules.update(dict.fromkeys({COSTLY}))
import {{first}}
start = time.process_time()
import {{second}}
seconds = time.process_time() - start
registered = [
    name
    for name in {REGISTERED}
    if keras.saving.get_registered_object("kerasseq>" + name) is not None
]
print(json.dumps(dict(seconds=seconds, registered=registered)))
"""


def fresh_process(code: str) -> str:
    """Returns the last line that `code` prints in a Python that has imported nothing."""
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]


@functools.cache
def report(first: str, second: str, attempt: int) -> dict[str, Any]:
    return json.loads(fresh_process(REPORT.format(first=first, second=second)))


def test_importing_kerasseq_costs_at_most_half_a_second_beyond_keras() -> None:
    """CPU time, best of three, since a busy machine is not our cost."""
    assert any(report("keras", "kerasseq", attempt)["seconds"] <= 0.5 for attempt in range(3))


@pytest.mark.parametrize(("first", "second"), [("keras", "kerasseq"), ("kerasseq", "keras")])
def test_classes_are_registered_whichever_import_comes_first(first: str, second: str) -> None:
    """And without the costly modules, which are made to fail here."""
    assert report(first, second, 0)["registered"] == list(REGISTERED)


@pytest.mark.parametrize("module", ["kerasseq", "kerasseq.commands", "kerasseq.__main__"])
def test_the_command_line_is_described_without_tensorflow(module: str) -> None:
    code = f"import sys, {module}; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert fresh_process(code) == "False"
