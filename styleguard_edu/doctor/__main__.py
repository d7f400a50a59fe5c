"""``python -m styleguard_edu.doctor``: print the report; the exit code is 1 if a check failed."""

import sys

from . import report

sys.exit(not report())
