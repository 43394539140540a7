"""Processes of recipes-contender, and what they have written down (turns.hpp)."""

import os
import signal
import subprocess
from collections import Counter


class Contender:
    def __init__(self, command, output):
        self.output = output
        with open(output, "wb") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file)
        self.is_stopped = False

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)
        self.is_stopped = True

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)
        self.is_stopped = False

    def end(self, timeout_s):
        """SIGTERM, and its exit code."""
        self.go_on()
        self.process.terminate()
        return self.process.wait(timeout_s)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def lines(self):
        """Whole lines, in their order."""
        with open(self.output, encoding="ascii") as file:
            return [line.rstrip("\n").split(" ") for line in file if line.endswith("\n")]

    def size(self):
        return os.path.getsize(self.output)


def lines_of(contenders):
    return [line for each in contenders for line in each.lines()]


def words_after(verb, lines):
    return [line[1] for line in lines if line[0] == verb]


def overlaps(lines, shared_max):
    """Violations: moments at which somebody held alone beside others, or more than `shared_max` shared."""
    begins, ends = 0, 1
    moments = []
    for line in lines:
        if line[0] == "held":
            _, kind, token, since, until = line
            moments += [(int(since), begins, kind, token), (int(until), ends, kind, token)]
    found, holders = [], {}
    for _, what, kind, token in sorted(moments):
        if what == ends:
            holders.pop(token, None)
            continue
        holders[token] = kind
        is_crowded = "alone" in holders.values() if len(holders) > 1 else False
        if is_crowded or len(holders) > shared_max:
            found.append(dict(holders))
    return found


def items_out_of_place(lines):
    """What is wrong with the items of a queue that has been emptied: none lost, none made up, none done twice."""
    put, maybe_put = set(words_after("put", lines)), set(words_after("maybe-put", lines))
    done = Counter(words_after("done", lines))
    maybe_done = set(words_after("maybe-done", lines))
    return {
        "done twice": [item for item, count in done.items() if count > 1],
        "lost": sorted(put - set(done) - maybe_done),
        "made up": sorted((set(done) | maybe_done) - put - maybe_put),
    }
