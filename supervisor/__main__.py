"""Where `python -m supervisor` begins."""

import sys

# Ctrl-C while the imports still run needs no traceback; nothing has been started yet.
try:
    from supervisor.commands import main
except KeyboardInterrupt:
    sys.exit(130)

sys.exit(main(sys.argv[1:]))
