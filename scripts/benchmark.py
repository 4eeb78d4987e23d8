"""The command `kerasseq benchmark` as a script: see `python scripts/benchmark.py --help`."""

import sys

import kerasseq

if __name__ == "__main__":
    sys.exit(kerasseq.commands.benchmark())
