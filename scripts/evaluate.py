"""The command `kerasseq evaluate` as a script: see `python scripts/evaluate.py --help`."""

import sys

import kerasseq

if __name__ == "__main__":
    sys.exit(kerasseq.commands.evaluate())
