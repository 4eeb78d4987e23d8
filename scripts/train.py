"""The command `kerasseq train` as a script: see `python scripts/train.py --help`."""

import sys

import kerasseq

if __name__ == "__main__":
    sys.exit(kerasseq.commands.train())
