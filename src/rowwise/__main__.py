"""`rowwise`, and `python -m rowwise` → the command line.

Ctrl-C amid an import would be a traceback: until the command's own handlers stand, the system ends the process.
"""

import signal
import sys


def main() -> int:
    """What pip's script calls."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, as behind `nohup`
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from rowwise.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
