"""`python -m rowwise` → the command line."""

import sys

from rowwise.cli import main

sys.exit(main())
