#!/usr/bin/env python3
"""check-history as other programs use it: what it reads, prints and answers.

    check_history_test.py CHECK_HISTORY
"""

import json
import subprocess
import sys
import unittest

PROGRAM = ""


def operation(kind, path, invoked, completed, **more):
    return {"type": "operation", "session": "1", "kind": kind, "path": path, "invoked": invoked,
            "completed": completed, "outcome": "ok", **more}


def check(lines, *arguments):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, timeout=60)


class CheckHistory(unittest.TestCase):
    def test_a_good_history_holds(self):
        result = check([
            operation("create", "/a", 0, 1, value="x", version=0, zxid="0x100000001"),
            operation("synced_read", "/a", 2, 3, value="x", version=0, zxid="0x100000001"),
        ], "-")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout, "holds: 2 operations, 0 records, 0 events, 0 findings\n")

    def test_a_violation_is_explained_with_its_line(self):
        result = check([
            operation("create", "/a", 0, 1, value="x"),
            operation("synced_read", "/a", 2, 3, outcome="failed", error="no_node"),
        ], "-")
        self.assertEqual(result.returncode, 1)
        self.assertIn("violated: 2 operations", result.stdout)
        self.assertIn("line 2: session 1 [2 3] synced_read /a -> failed no_node", result.stdout)

    def test_a_search_without_end_is_undecided(self):
        lines = [operation("create", "/a", 0, 1, value="x")]
        lines += [operation("write", "/a", 2, 50, value=f"v{number}") for number in range(20)]
        lines += [operation("synced_read", "/a", 60 + number, 99, value=f"v{number}") for number in range(20)]
        result = check(lines, "--steps", "500", "-")
        self.assertEqual(result.returncode, 2)
        self.assertIn("/a: undecided after 500 attempts", result.stdout)

    def test_what_cannot_be_read_is_told(self):
        result = check([{"type": "operation"}], "-")
        self.assertEqual(result.returncode, 3)
        self.assertEqual(result.stderr, 'check-history: -: line 1: "session" is missing\n')
        self.assertEqual(check([], "/nonexistent/history").returncode, 3)
        self.assertEqual(check([]).returncode, 3)
        self.assertEqual(check([], "--steps", "many", "-").returncode, 3)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
