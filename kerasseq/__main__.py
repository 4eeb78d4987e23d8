"""The command `kerasseq`, also as `python -m kerasseq`."""

import sys

from kerasseq.commands import main

if __name__ == "__main__":
    sys.exit(main())
