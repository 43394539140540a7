"""A real browser for the tests of the console: Debian's chromium through chromedriver, whose protocol (W3C WebDriver) is
JSON over HTTP, so nothing else is needed."""

import base64
import http.client
import json
import os
import shutil
import subprocess
import time

from harness import LOOPBACK, await_that, free_port

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"ArrowDown": "\ue015", "ArrowUp": "\ue013", "ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Enter": "\ue007",
        "Escape": "\ue00c", "Tab": "\ue004"}


def is_installed():
    return all(shutil.which(name) for name in ("chromium", "chromedriver"))


class Browser:
    """One window. Everything that is asked of it waits for what it needs."""

    def __init__(self, directory, width=1280, height=900):
        self.port = free_port()
        self.log = open(os.path.join(directory, "chromedriver"), "wb")  # pylint: disable=consider-using-with
        environment = dict(os.environ, HOME=directory, XDG_CONFIG_HOME=directory, XDG_CACHE_HOME=directory)
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}", "--allowed-ips=127.0.0.1"],
                                       stdout=self.log, stderr=self.log, env=environment, start_new_session=True)
        self.session = None
        await_that(self.is_ready, "chromedriver answers", 60)
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--no-first-run", "--disable-extensions", "--disable-background-networking", "--password-store=basic",
                     f"--window-size={width},{height}", f"--user-data-dir={os.path.join(directory, 'profile')}"]
        capabilities = {"browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
                        "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": arguments}}
        answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.session = answer["sessionId"]

    def is_ready(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except OSError:
            return False

    def ask(self, method, path, body=None):
        """The value of an answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=90)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            response = connection.getresponse()
            value = json.loads(response.read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and value.get("error"):
            raise AssertionError(f"{path}: {value['error']}: {value.get('message', '')[:500]}")
        return value

    def command(self, method, path, body=None):
        return self.ask(method, f"/session/{self.session}{path}", body)

    def close(self):
        try:
            if self.session:
                self.command("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.log.close()

    # ---- the page ----

    def open(self, url):
        self.command("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.command("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def set_size(self, width, height):
        """Of the page itself, as a phone would have it."""
        self.command("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}})

    def text(self, selector="main"):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def await_text(self, text, selector="main"):
        await_that(lambda: text in self.text(selector), f"{selector} shows: {text}; it shows {self.text(selector)[:1500]}")

    def find(self, selector, text=None):
        """The element that matches and is shown; with `text`, the first that holds it."""
        script = """const [selector, text] = arguments;
            return [...document.querySelectorAll(selector)].find(each =>
                each.getClientRects().length && (text === null || each.innerText.includes(text))) ?? null"""
        return await_that(lambda: self.run(script, selector, text), f"{selector} with {text}")

    def click(self, selector, text=None):
        """What is clicked on may just be replaced by its successor."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.command("POST", f"/element/{self.find(selector, text)[ELEMENT]}/click", {})
            except AssertionError as failure:
                if "stale" not in str(failure) or time.monotonic() > deadline:
                    raise

    def type(self, selector, text):
        element = self.find(selector)[ELEMENT]
        self.command("POST", f"/element/{element}/clear", {})
        self.command("POST", f"/element/{element}/value", {"text": text})

    def press(self, *keys):
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self.command("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def screenshot(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.command("GET", "/screenshot")))

    def complaints(self):
        """What the page has written to its console as an error, since the last call."""
        return [each["message"] for each in self.command("POST", "/se/log", {"type": "browser"}) if each["level"] == "SEVERE"]
