"""Run the command line with ``python -m mlrun``."""

import sys

from mlrun.cli import main

sys.exit(main())
