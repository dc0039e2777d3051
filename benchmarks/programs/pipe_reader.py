"""The least that wakes another process: reads when a line was sent, and says how many nanoseconds ago that was."""

import sys
import time

for line in sys.stdin:
    print(time.time_ns() - int(line), flush=True)
