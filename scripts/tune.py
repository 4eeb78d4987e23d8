"""The command `kerasseq tune` as a script: see `python scripts/tune.py --help`."""

import sys

import kerasseq

if __name__ == "__main__":
    sys.exit(kerasseq.commands.tune())
