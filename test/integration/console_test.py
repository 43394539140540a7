#!/usr/bin/python3
"""The console in a real browser: console_test.py CONCLAVED

Every view is loaded with real data and used by mouse and by keyboard. Screenshots of all are left in
CONCLAVE_SCREENSHOTS, light and dark, wide and as on a phone, for a person to look at. Exit code 77 (skipped) without
chromium and chromedriver (scripts/install-dependencies.sh browser).
"""

import os
import sys

import browser
import harness
from harness import LOOPBACK, TestCase, await_that, free_port

VIEWS = ("overview", "tree", "live", "sessions", "locks", "traffic", "slow", "why", "ensemble", "configuration")
TOKEN = "token-of-sixteen-and-more"
SCREENSHOTS = os.environ.get("CONCLAVE_SCREENSHOTS", "")

# Found with chromium alone, and no fault of the page: a stream that a view has ended, a node that is not there, a server
# that a test has killed.
EXPECTED_COMPLAINTS = ("status of 404", "status of 401", "status of 409", "status of 412",
                       "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET")


class WithConsole(TestCase):

    settings = {}

    def setUp(self):
        super().setUp()
        self.port = free_port()
        token = os.path.join(self.scratch, "token")
        with open(token, "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        self.server = self.node({"admin.enableServer": "true", "admin.serverPort": self.port, "admin.tokenFile": token,
                                 "slowRequestThresholdMs": 1, **self.settings}).start()
        self.browser = browser.Browser(self.scratch)
        self.addCleanup(self.browser.close)
        self.fill()
        self.browser.open(f"http://{LOOPBACK}:{self.port}/")

    def fill(self):
        """What there is to see."""
        self.client = client = self.session(self.server, timeout_ms=20000)
        self.other = other = self.session(self.server, timeout_ms=20000)
        for path, data in (("/app", b""), ("/app/config", b'{"host": "db-1", "port": 5432, "replicas": [1, 2, 3]}'),
                           ("/app/features", b"dark-mode=on\nbeta=off\n"), ("/app/blob", bytes(range(256))),
                           ("/services", b""), ("/locks", b""), ("/locks/db", b""), ("/many", b"")):
            client.must("create", path=path, data=data)
        for number in range(250):
            client.start("create", path=f"/many/node-{number:04}", data=b"x" * number)
        for _ in range(250):
            client.reply()
        for number in range(3):
            client.must("create", path=f"/services/web-{number}", flags=1, data=f"10.0.0.{number}:80".encode())
        for contender in (client, other):
            contender.must("create", path="/locks/db/c-lock-", flags=3, data=b"host-1")
        client.must("getData", path="/app/config", watch=True)
        for number in range(40):
            client.start("setData", path="/app/features", data=b"x" * 50000)
        for number in range(40):
            client.reply()
        client.must("setData", path="/app/features", data=b"dark-mode=on\nbeta=off\n")
        client.must("create", path="/zookeeper/quota/app")
        client.must("create", path="/zookeeper/quota/app/zookeeper_limits", data=b"count=10,bytes=100000")
        client.must("create", path="/zookeeper/quota/app/zookeeper_stats", data=b"count=4,bytes=0")
        gone = self.session(self.server)
        gone.must("create", path="/services/gone", flags=1)
        gone.must("closeSession")

    def tearDown(self):
        complaints = [each for each in self.browser.complaints()
                      if not any(expected in each for expected in EXPECTED_COMPLAINTS)]
        self.assertEqual(complaints, [])
        super().tearDown()

    def go(self, view):
        self.browser.click("nav a", {"traffic": "Traffic"}.get(view, view.capitalize()))

    def sign_in(self):
        self.browser.click("#sign-in")
        self.browser.type("#token", TOKEN)
        self.browser.click("#sign-in-dialog button.primary")
        self.browser.await_text("Signed in", "#sign-in")

    def keep(self, name):
        if SCREENSHOTS:
            self.browser.screenshot(os.path.join(SCREENSHOTS, name + ".png"))

    def assert_fits(self, view, width):
        """Nothing sticks out at the side of the page. (A phone's own idea of its width grows with the page.)"""
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width, f"{view} at {width}")


class Views(WithConsole):

    def await_view(self, view):
        self.browser.await_text({
            "overview": "Latency since the start", "tree": "many", "live": "Changes, the newest first",
            "sessions": "Ended lately", "locks": "c-lock-0000000000", "traffic": "/app", "slow": "slowRequestThresholdMs",
            "why": "slowest disk is that of server 1", "ensemble": "What this server knows",
            "configuration": "admin.tokenFile"}[view])

    def test_every_view_shows_what_there_is(self):
        page = self.browser
        await_that(lambda: page.text("#health") == "healthy", "health is shown")
        for theme in ("light", "dark"):
            page.run("setTheme(arguments[0])", theme)
            for width, height in ((1280, 900), (390, 844)):
                page.set_size(width, height)
                for view in VIEWS:
                    page.run("location.hash = '#/' + arguments[0]", {"tree": "tree/app/config", "locks": "locks/locks/db"}
                             .get(view, view))
                    self.await_view(view)
                    self.assertEqual(page.text("#alert"), "", view)
                    self.assert_fits(view, width)
                    self.keep(f"{view}-{theme}-{width}")

    def test_overview_moves(self):
        self.browser.await_text("Requests", ".charts")
        points = "return document.querySelector('.chart polyline').getAttribute('points') ?? ''"
        await_that(lambda: self.browser.run(points).count(",") >= 3, "the chart has points")
        self.browser.await_text("standalone")
        self.browser.await_text("a server alone")

    def test_the_tree_is_walked_with_mouse_and_keys(self):
        page = self.browser
        self.go("tree")
        page.click(".tree .item", "app")
        page.await_text("child count")
        self.assertIn("/app", page.text("h2.mono"))
        page.click(".tree .item[data-path='/app']")
        page.click(".tree .item", "config")
        page.await_text('"host": "db-1"')
        page.await_text("world:anyone")
        page.await_text("Quota of /app")
        page.click(".tabs button", "hex")
        page.await_text("7b 22 68 6f 73 74")
        page.press("ArrowDown")
        page.click(".tree .item", "blob")
        page.await_text("000000  00 01 02 03")
        page.press("ArrowUp")
        page.press("Enter")
        page.await_text("/app", "h2.mono")

    def test_a_large_family_is_read_page_by_page(self):
        page = self.browser
        page.run("location.hash = '#/tree/many/node-0000'")
        page.await_text("node-0099", ".tree")
        self.assertNotIn("node-0100", page.text(".tree"))
        page.click(".tree .item", "more ...")
        page.await_text("node-0199", ".tree")

    def test_a_node_is_found_by_the_beginning_of_its_name(self):
        page = self.browser
        self.go("tree")
        page.press("/")
        page.type("#path", "/many/node-012")
        page.await_text("/many/node-0129", ".found")
        self.assertEqual(len(page.text(".found").split()), 10)
        page.press("ArrowDown", "ArrowDown", "Enter")
        page.await_text("/many/node-0121", "h2.mono")

    def test_changes_appear_live(self):
        page = self.browser
        page.run("location.hash = '#/live/app'")
        page.await_text("watching /app")
        self.client.must("create", path="/app/new", data=b"hello")
        self.client.must("setData", path="/app/new", data=b"world")
        self.client.must("delete", path="/app/new")
        page.await_text("deleted")
        for text in ("created", "data changed", "/app/new", "world"):
            page.await_text(text)
        self.keep("live-with-changes")

    def test_changes_appear_live_across_a_crash_of_the_server(self):
        page = self.browser
        page.run("location.hash = '#/live/app'")
        page.await_text("watching /app")
        page.run("""
            window.told = [];
            const source = new EventSource('/v1/watch/app?recursive');
            for (const name of ['created', 'deleted', 'reset'])
              source.addEventListener(name, event => window.told.push(name + ' ' + JSON.parse(event.data).path));
            source.addEventListener('ready', () => { window.isReady = true; });
            """)
        await_that(lambda: page.run("return window.isReady"), "the stream has begun")
        self.client.must("create", path="/app/before")
        await_that(lambda: page.run("return window.told.length") == 1, "it is told")
        self.server.kill()
        self.server.settings["admin.enableServer"] = "false"    # so that nobody is told of what comes now
        self.server.start()
        session = self.session(self.server)
        session.must("create", path="/app/missed")
        session.must("delete", path="/app/before")
        self.server.kill()
        self.server.settings["admin.enableServer"] = "true"
        self.server.start()
        self.session(self.server).must("create", path="/app/after")
        page.await_text("/app/after")
        page.await_text("/app/missed")
        await_that(lambda: page.run("return window.told") == [
            "created /app/before", "created /app/missed", "deleted /app/before", "created /app/after"], "all are told, in order")
        self.keep("live-after-a-crash")

    def test_coming_back_to_the_tab_loses_nothing(self):
        page = self.browser
        page.run("location.hash = '#/live/app'")
        page.await_text("watching /app")
        self.client.must("create", path="/app/seen", data=b"x")
        page.await_text("/app/seen")
        page.run("document.dispatchEvent(new Event('visibilitychange'))")
        self.client.must("create", path="/app/later", data=b"x")
        page.await_text("/app/later")
        page.await_text("/app/seen")

    def test_what_is_clicked_leaves_one_loop_of_questions(self):
        page = self.browser
        self.go("sessions")
        page.await_text("Sessions")
        page.run("""
            window.waiting = new Set(); window.mostWaiting = 0; window.asked = 0;
            const [set, clear, ask] = [window.setTimeout, window.clearTimeout, window.fetch];
            window.setTimeout = (what, ms) => {
              const id = set(() => { window.waiting.delete(id); what(); }, ms);
              if (ms >= 1000 && ms < 6000) window.waiting.add(id);
              window.mostWaiting = Math.max(window.mostWaiting, window.waiting.size);
              return id;
            };
            window.clearTimeout = id => { window.waiting.delete(id); clear(id); };
            window.fetch = (...words) => { window.asked += String(words[0]).includes('/readyz'); return ask(...words); };
            for (let count = 0; count < 5; count++) document.querySelector('[data-key^="0x"]').click();
            """)
        await_that(lambda: page.run("return window.asked") >= 7, "the view is refreshed by itself")
        self.assertEqual(page.run("return window.mostWaiting"), 1)

    def test_sessions_and_what_they_own(self):
        page = self.browser
        self.go("sessions")
        page.click("button.mono", f"{self.client.session_id:#x}")
        page.await_text("/services/web-2")
        page.await_text("/app/config")
        page.await_text("closed")
        self.keep("session-detail")
        self.assertEqual(page.run("return [...document.querySelectorAll('button')].filter(b => b.innerText === 'End session').length"), 0)

    def test_a_lock_shows_holder_and_waiters(self):
        page = self.browser
        self.go("locks")
        page.click("a.mono", "/locks/db")
        page.await_text("holds it")
        page.await_text("waits, place 1")
        self.keep("lock-detail")
        self.client.must("closeSession")
        await_that(lambda: "waits, place 1" not in self.browser.text(), "the next one holds it")

    def test_keys_alone_are_enough(self):
        page = self.browser
        for key, text in (("2", "many"), ("6", "The busiest parts"), ("7", "Slow requests"), ("8", "Why is there no leader?"),
                          ("0", "Configuration in effect"), ("1", "Latency since the start")):
            page.press(key)
            page.await_text(text)
        theme = page.run("return document.documentElement.dataset.theme")
        page.press("t")
        self.assertNotEqual(page.run("return document.documentElement.dataset.theme"), theme)

    def test_nothing_can_be_changed_unless_it_is_enabled(self):
        page = self.browser
        self.sign_in()
        page.run("location.hash = '#/tree/app/config'")
        page.await_text("db-1")
        self.assertNotIn("Delete", page.text())


class Changes(WithConsole):

    settings = {"admin.enableWrites": "true"}

    def test_without_signing_in_there_are_no_buttons(self):
        self.browser.run("location.hash = '#/tree/app/config'")
        self.browser.await_text("db-1")
        self.assertNotIn("Delete", self.browser.text())

    def test_a_node_is_created_edited_and_deleted(self):
        page = self.browser
        self.sign_in()
        page.run("location.hash = '#/tree/app'")
        page.click("button", "Create child")
        page.type("dialog input[name=name]", "made")
        page.type("dialog textarea", "by hand")
        self.keep("create-dialog")
        page.click("dialog button.primary")
        page.await_text("/app/made", "h2.mono")
        self.assertEqual(self.client.must("getData", path="/app/made")["data"], b"by hand")
        page.click("button", "Edit")
        page.type("dialog textarea", "one\ntwo")
        page.click("dialog button.primary")
        await_that(lambda: self.client.must("getData", path="/app/made")["data"] == b"one\ntwo", "it is saved")
        page.await_text("two", "#data")
        page.click("button", "Delete")
        self.keep("delete-dialog")
        page.press("Escape")
        self.client.must("exists", path="/app/made")
        page.click("button", "Delete")
        page.click("dialog button.danger")
        await_that(lambda: self.client.call("exists", path="/app/made")["err"] != 0, "it is gone")
        page.await_text("/app", "h2.mono")

    def test_a_change_in_between_is_not_overwritten(self):
        page = self.browser
        self.sign_in()
        page.run("location.hash = '#/tree/app/config'")
        page.click("button", "Edit")
        self.client.must("setData", path="/app/config", data=b"newer")
        page.click("dialog button.primary")
        page.await_text("another one", "#note")
        self.assertEqual(self.client.must("getData", path="/app/config")["data"], b"newer")

    def test_a_session_is_ended_after_asking(self):
        page = self.browser
        self.sign_in()
        self.go("sessions")
        page.click("button.mono", f"{self.other.session_id:#x}")
        page.click("button", "End session")
        page.click("dialog button.danger")
        self.other.await_close()


if __name__ == "__main__":
    if not browser.is_installed():
        print("skipped: there is no chromium with chromedriver", file=sys.stderr)
        sys.exit(77)
    harness.main()
