"""``python -m styleguard_edu``: the same as the command ``styleguard-edu``."""

import sys

from .cli import main

sys.exit(main())
