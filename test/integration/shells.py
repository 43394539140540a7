"""The command conclave in tests: one command at a time, or at a terminal that tmux provides."""

import json
import os
import shlex
import shutil
import subprocess
import time

import harness
from harness import await_that

TMUX = shutil.which("tmux")


def program():
    """The command is built beside conclaved."""
    return os.path.join(os.path.dirname(harness.PROGRAM), "conclave")


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.output = done.stdout
        self.errors = done.stderr

    def __repr__(self):
        return f"exit code {self.code}\n{self.output}\n{self.errors}"

    @property
    def lines(self):
        return self.output.splitlines()

    @property
    def json(self):
        return [json.loads(line) for line in self.lines]


def run(server, *words, options=(), stdin=None, environment=None):
    """Runs one command, or with `stdin` a script."""
    return Result(
        subprocess.run(
            [program(), "--server", getattr(server, "connect_string", server), *options, *words],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=harness.WAIT_S * 2,
            env=dict(os.environ, TZ="UTC", **(environment or {})),
        )
    )


class Terminal:
    """A shell in a terminal of its own. What is typed goes through tmux; what is seen comes from its screen."""

    def __init__(self, scratch, server, options=(), width=80, height=30, environment=None):
        self.socket = os.path.join(scratch, f"tmux-{time.monotonic_ns()}")
        variables = {"HOME": scratch, "TERM": "screen", "TZ": "UTC", "NO_COLOR": "1", **(environment or {})}
        variables.pop("XDG_STATE_HOME", None)
        words = ["env", "-u", "XDG_STATE_HOME", *(f"{name}={value}" for name, value in variables.items()),
                 program(), "--server", server.connect_string, *options]
        # The line behind the command shows that it has ended, and with what; `cat` keeps the screen.
        command = f"{shlex.join(words)}; echo exit code $?; cat"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), command)

    def tmux(self, *words):
        return subprocess.run(
            [TMUX, "-u", "-S", self.socket, *words], check=True, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, LC_ALL="C.UTF-8"),
        ).stdout

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def enter(self, text):
        self.type(text)
        self.press("Enter")

    def screen(self):
        return self.tmux("capture-pane", "-p").rstrip("\n")

    def lines(self):
        return [line.rstrip() for line in self.screen().splitlines()]

    def await_screen(self, condition, what):
        """Waits until `condition(lines)` holds; the lines."""
        seen = []

        def is_there():
            seen[:] = self.lines()
            return condition(seen)

        try:
            await_that(is_there, what)
        except AssertionError as failed:
            raise AssertionError(f"{failed}; the screen:\n" + "\n".join(seen)) from None
        return list(seen)

    def await_line(self, text):
        return self.await_screen(lambda lines: text in lines, f"the line {text!r}")

    def await_last(self, text):
        """The last line is this one: what was printed before it is complete."""
        return self.await_screen(lambda lines: lines and lines[-1] == text, f"the last line {text!r}")

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def end(self):
        subprocess.run([TMUX, "-S", self.socket, "kill-server"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=False)
