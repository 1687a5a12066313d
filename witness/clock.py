"""The only reader of time here, for the time that a cosignature states."""

import time


def now() -> int:
    """Return POSIX seconds."""
    return int(time.time())
