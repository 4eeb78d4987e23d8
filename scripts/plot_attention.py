"""The command `kerasseq plot` as a script: see `python scripts/plot_attention.py --help`."""

import sys

import kerasseq

if __name__ == "__main__":
    sys.exit(kerasseq.commands.plot())
