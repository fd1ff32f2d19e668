"""On the path of processes whose clock is moved by libfaketime.

Since Python 3.11 `time.sleep` waits for an absolute time of the monotonic clock. libfaketime 0.9.10 moves
that time although it was told to leave the monotonic clock alone, and the kernel answers EINVAL. Waiting for
a while (select) it leaves alone.
"""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select((), (), (), seconds)


time.sleep = _sleep
