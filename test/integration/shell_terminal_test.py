#!/usr/bin/python3
"""The command conclave at a terminal, which tmux provides: shell_terminal_test.py CONCLAVED"""

import os
import sys

import harness
import shells

SKIPPED = 77


class ShellTerminal(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.node().start()
        self.prompt = f"{self.server.connect_string}>"

    def terminal(self, **options):
        made = shells.Terminal(self.scratch, self.server, **options)
        self.addCleanup(made.end)
        made.await_last(self.prompt)
        return made

    def make(self, *paths):
        for path in paths:
            self.assertEqual(shells.run(self.server, "create", path, "data").code, 0)

    def test_a_command_answers_and_the_prompt_comes_back(self):
        terminal = self.terminal()
        terminal.enter("create /a hello")
        terminal.await_last(self.prompt)
        terminal.enter("get /a")
        lines = terminal.await_screen(lambda lines: "hello" in lines and lines[-1] == self.prompt, "the data")
        self.assertEqual(lines, [f"{self.prompt} create /a hello", "created /a", f"{self.prompt} get /a", "hello",
                                 self.prompt])

    def test_tab_completes_commands_and_paths(self):
        self.make("/first", "/first/alpha", "/first/beta", "/second")
        terminal = self.terminal()
        terminal.type("getAc")
        terminal.press("Tab")
        terminal.await_last(f"{self.prompt} getAcl")
        terminal.type("/fi")
        terminal.press("Tab")
        terminal.await_last(f"{self.prompt} getAcl /first/")
        terminal.press("Tab")
        lines = terminal.await_screen(lambda lines: "alpha  beta" in lines, "the choices")
        self.assertEqual(lines[-1], f"{self.prompt} getAcl /first/")
        terminal.type("al")
        terminal.press("Tab")
        terminal.await_last(f"{self.prompt} getAcl /first/alpha")
        terminal.press("Enter")
        terminal.await_screen(lambda lines: any("cdrwa" in line for line in lines) and lines[-1] == self.prompt,
                              "the list")

    def test_the_history_outlives_the_shell_and_keeps_no_secrets(self):
        terminal = self.terminal()
        terminal.enter("create /remembered")
        terminal.await_line("created /remembered")
        terminal.enter("addauth digest bob:secret")
        terminal.enter("quit")
        terminal.await_line("exit code 0")
        again = self.terminal()
        again.press("Up")
        again.await_last(f"{self.prompt} quit")
        again.press("Up")
        again.await_last(f"{self.prompt} create /remembered")
        file = os.path.join(self.scratch, ".local", "state", "conclave", "history")
        self.assertEqual(os.stat(file).st_mode & 0o077, 0)
        with open(file, encoding="utf-8") as history:
            self.assertNotIn("secret", history.read())

    def test_an_event_does_not_break_the_line_being_edited(self):
        self.make("/w")
        terminal = self.terminal()
        terminal.enter("addWatch /w")
        terminal.await_last(self.prompt)
        terminal.type("set /w half-typ")
        terminal.await_last(f"{self.prompt} set /w half-typ")
        self.make("/w/child")
        lines = terminal.await_screen(lambda lines: any("/w/child" in line for line in lines)
                                      and lines[-1] == f"{self.prompt} set /w half-typ", "event above the line")
        self.assertTrue(lines[-2].startswith("created   /w/child  zxid "), lines)
        terminal.enter("ed")
        terminal.await_screen(lambda lines: any(line.startswith("changed   /w ") for line in lines), "the own change")
        self.assertEqual(shells.run(self.server, "get", "/w").output, "half-typed\n")

    def test_an_event_above_a_line_that_is_longer_than_the_terminal(self):
        self.make("/w")
        terminal = self.terminal(width=40)
        terminal.enter("addWatch /w")
        terminal.await_last(self.prompt)
        text = "create /long " + "x" * 50
        terminal.type(text)
        whole = f"{self.prompt} {text}"
        rows = [whole[at:at + 40] for at in range(0, len(whole), 40)]
        terminal.await_screen(lambda lines: lines[-len(rows):] == rows, "the wrapped line")
        self.make("/w/child")
        lines = terminal.await_screen(lambda lines: any("/w/child" in line for line in lines)
                                      and lines[-len(rows):] == rows, "the event above the wrapped line")
        self.assertEqual(sum(line.startswith(self.prompt) for line in lines), 2, lines)

    def test_ctrl_c_gives_up_the_line_and_ctrl_d_ends_the_shell(self):
        terminal = self.terminal()
        terminal.type("delete /important")
        terminal.await_last(f"{self.prompt} delete /important")
        terminal.press("C-c")
        lines = terminal.await_last(self.prompt)
        self.assertTrue(lines[-2].endswith("^C"), lines)
        terminal.press("C-d")
        terminal.await_line("exit code 0")

    def test_ctrl_c_ends_a_command_that_waits(self):
        self.make("/w")
        terminal = self.terminal()
        terminal.enter("watch -r /w")
        terminal.await_line("watching /w; Ctrl-C ends that")
        self.make("/w/seen")
        terminal.await_screen(lambda lines: any("/w/seen" in line for line in lines), "the event")
        terminal.press("C-c")
        terminal.await_last(self.prompt)
        terminal.enter("get /w")
        terminal.await_line("data")

    def test_ctrl_c_reaches_a_program_that_is_run_once(self):
        program = os.path.join(self.scratch, "program")
        with open(program, "w", encoding="utf-8") as script:
            script.write("import signal\n"
                         "heard = []\n"
                         "signal.signal(signal.SIGINT, lambda *_: (heard.append(1), print('heard', flush=True)))\n"
                         "print('runs', flush=True)\n"
                         "input()\n"
                         "print('interrupts:', len(heard))\n")
        terminal = self.terminal()
        terminal.enter(f"lock /lock -- {sys.executable} {program}")
        terminal.await_line("runs")
        terminal.press("C-c")
        terminal.await_screen(lambda lines: any(line.endswith("heard") for line in lines), "the interrupt")
        terminal.press("Enter")
        terminal.await_line("interrupts: 1")
        terminal.await_last(self.prompt)

    def test_a_terminal_may_change_its_size(self):
        self.make(*(f"/node-number-{number}" for number in range(10, 20)))
        terminal = self.terminal(width=100)
        terminal.enter("ls /")
        terminal.await_screen(lambda lines: len([line for line in lines if "node-number" in line]) in (2, 3), "columns")
        terminal.resize(28, 40)
        terminal.enter("ls /")
        terminal.await_screen(lambda lines: "node-number-19" in lines and lines[-1] == self.prompt, "one column")

    def test_a_server_that_goes_is_told_and_so_is_its_return(self):
        terminal = self.terminal()
        terminal.enter("create -e /mine x")
        terminal.await_line("created /mine")
        self.server.kill()
        terminal.await_last(f"{self.server.connect_string} (connection lost)>")
        self.server.start()
        terminal.await_line("connected again")
        terminal.await_last(self.prompt)
        terminal.enter("get /mine")
        terminal.await_line("x")

    def test_the_prompt_of_zkcli(self):
        terminal = shells.Terminal(self.scratch, self.server, options=("--zkcli",))
        self.addCleanup(terminal.end)
        prompt = f"[zk: {self.server.connect_string}(CONNECTED) 0]"
        terminal.await_last(prompt)
        terminal.enter("ls /")
        terminal.await_last(f"[zk: {self.server.connect_string}(CONNECTED) 1]")
        self.assertIn("[zookeeper]", terminal.lines())


if __name__ == "__main__":
    if shells.TMUX is None:
        print("tmux is not installed")
        sys.exit(SKIPPED)
    harness.main()
