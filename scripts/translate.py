"""The command `kerasseq translate` as a script: see `python scripts/translate.py --help`."""

import sys

import kerasseq

if __name__ == "__main__":
    sys.exit(kerasseq.commands.translate())
