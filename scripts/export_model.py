"""The command `kerasseq export` as a script: see `python scripts/export_model.py --help`."""

import sys

import kerasseq

if __name__ == "__main__":
    sys.exit(kerasseq.commands.export())
