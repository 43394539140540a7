"""Waiting for what has to become true, in every test with processes."""

import time

WAIT_S = 30.0       # for anything that a healthy server does at once, on a machine that is busy with other tests
POLL_S = 0.01


def await_that(condition, what, timeout_s=WAIT_S):
    """The first true value of `condition()`; the test fails with `what` if there is none in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(POLL_S)
