"""Calls conclave-bench."""

import json
import pathlib
import shlex
import subprocess
import sys


class Bench:
    """The benchmark program, and what it noticed about the machine while it ran."""

    def __init__(self, program):
        self.program = pathlib.Path(program).resolve()
        if not self.program.exists():
            raise SystemExit(f"compare.py: there is no {program}; build it, or give --bench")
        self.interference_cores_max = 0.0

    def run(self, *arguments):
        """One run. Its report as a dictionary; ends the comparison when the run failed."""
        command = [str(self.program), "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"compare.py: {shlex.join(command)} failed\n{done.stderr}")
        print(f"  {done.stdout}", end="", file=sys.stderr, flush=True)
        figures = json.loads(done.stdout)
        self.interference_cores_max = max(self.interference_cores_max, figures.get("other_cpu_cores", 0.0))
        return figures
