"""As much of a client of WebDriver (W3C) as the tests need: chromedriver and a headless Chromium."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

HANG_S = 60


class Browser:
    def __init__(self, width=1200, height=900, dark=False):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = None
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     f"--window-size={width},{height}", *(["--force-dark-mode"] if dark else [])]
        self.wait_for_driver()
        self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments}}}})["sessionId"]
        # A window has a least width of its own; the page is told another one.
        self.command("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}})

    def wait_for_driver(self):
        end = time.monotonic() + HANG_S
        while True:
            try:
                return self.call("GET", "/status")
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=HANG_S) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def command(self, path, body=None):
        return self.call("POST", f"/session/{self.session}{path}", body or {})

    def open(self, url):
        self.command("/url", {"url": url})

    def run(self, script, *arguments):
        """What a function body of JavaScript returns."""
        return self.command("/execute/sync", {"script": script, "args": list(arguments)})

    def element(self, selector):
        found = self.command("/element", {"using": "css selector", "value": selector})
        return next(iter(found.values()))

    def click(self, selector):
        self.command(f"/element/{self.element(selector)}/click")

    def press(self, keys):
        self.command("/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]}]})

    def log(self):
        return self.command("/se/log", {"type": "browser"})

    def close(self):
        if self.session:
            self.call("DELETE", f"/session/{self.session}")
        self.driver.terminate()
        self.driver.wait(timeout=HANG_S)
