"""Room 14, commands: a command line -> calls of public functions.

What comes in: the arguments of `kerasseq train|evaluate|translate|tune|export|plot|benchmark`, or
of the scripts, which call the same functions. What goes out: text or JSON on standard output,
files, an exit code: 0, or 2 for anything that the user can mend, with a last line on standard
error that says it all.

Start at `translate_command.py`; `process.py` is what all commands share. Nothing here is worth
testing twice: a command parses, calls one public function and prints. TensorFlow loads after the
arguments have been read, so that `--help` is quick.

To add a command: copy `export_command.py`, add its name to `COMMANDS` and below, its test to
`tests/commands/`, and its script to `scripts/`.
"""

from kerasseq.commands.benchmark_command import benchmark
from kerasseq.commands.evaluate_command import evaluate
from kerasseq.commands.export_command import export
from kerasseq.commands.main_command import COMMANDS, main
from kerasseq.commands.plot_command import plot
from kerasseq.commands.train_command import train
from kerasseq.commands.translate_command import translate
from kerasseq.commands.tune_command import tune

__all__ = [
    "COMMANDS",
    "benchmark",
    "evaluate",
    "export",
    "main",
    "plot",
    "train",
    "translate",
    "tune",
]
