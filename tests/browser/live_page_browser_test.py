"""The live page as a user sees it, over a scripted run: it draws, moves on, opens, is read by keys and by screen readers."""

import json
import os
import pathlib
import time
import unittest
from base64 import b64decode

from live_server import EVIL, LiveServer, chain
from web_driver import Browser

SOURCE = pathlib.Path(os.environ["RARE_TEST_SOURCE"])
UI = SOURCE / "engine/observe/ui"
PICTURES = pathlib.Path(os.environ["RARE_TEST_BUILD"]) / "pictures"
HANG_S = 60
HEAP_S = float(os.environ.get("RARE_HEAP_SECONDS", 15))
TAB, ENTER, ESCAPE, RIGHT = "\ue004", "\ue007", "\ue00c", "\ue014"


class LivePageBrowserTest(unittest.TestCase):
    def open(self, count=3, width=1280, height=900, dark=False, **run):
        server = LiveServer(UI / "dist/page.html", chain(count), **run)
        self.addCleanup(server.close)
        browser = Browser(width=width, height=height, dark=dark)
        self.addCleanup(browser.close)
        browser.open(server.url)
        return server, browser

    def wait(self, browser, condition, *arguments):
        """Until an expression of JavaScript is true."""
        end = time.monotonic() + HANG_S
        while not browser.run(f"return Boolean({condition})", *arguments):
            self.assertLess(time.monotonic(), end, f"never: {condition}: {browser.run('return document.body.innerText')[:2000]}")
            time.sleep(0.1)

    def ready(self, browser):
        self.wait(browser, "document.documentElement.dataset.ready === 'yes' && document.querySelectorAll('.chart[data-drawn]').length >= 7")

    def assert_clean(self, browser):
        self.assertIsNone(browser.run("return document.documentElement.dataset.faults ?? null"))
        self.assertEqual([entry for entry in browser.log() if entry["level"] in ("SEVERE", "WARNING")], [])

    def picture(self, browser, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        taken = browser.command("/goog/cdp/execute", {"cmd": "Page.captureScreenshot", "params": {"captureBeyondViewport": True}})
        (PICTURES / f"{name}.png").write_bytes(b64decode(taken["data"]))

    def assert_accessible(self, browser):
        axe = UI / "node_modules/axe-core/axe.min.js"
        if not axe.is_file():
            print("axe-core is not here (./dev page fetches it): the page is not searched for barriers")
            return
        browser.run(axe.read_text())
        browser.run("axe.run().then(found => { window.found = found; }, fault => { window.found = { fault: String(fault) }; })")
        self.wait(browser, "window.found")
        found = browser.run("const f = window.found; window.found = undefined; return f.fault ?? f.violations"
                            ".map(v => [v.impact, v.id, v.nodes.slice(0, 5).map(n => n.html.slice(0, 200) + ' ' + n.failureSummary)])")
        self.assertEqual([v for v in found if v[0] in ("serious", "critical")], [])

    def test_it_draws_moves_on_and_opens_a_node_with_its_records(self):
        server, browser = self.open()
        self.ready(browser)
        self.assertEqual(browser.run("return document.querySelectorAll('svg .node').length"), 3)
        self.assertEqual(browser.run("return document.querySelectorAll('svg .edge').length"), 2)
        self.assertTrue(all(browser.run("""return [...document.querySelectorAll(".chart canvas")].map(canvas =>
            canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0))""")))
        finished = browser.run("return document.querySelector('header .figures').textContent")
        self.wait(browser, "document.querySelector('header .figures').textContent !== arguments[0]", finished)
        self.wait(browser, "document.querySelector('svg .edge text')?.textContent.endsWith('/s')")
        words = browser.run("return document.querySelector('[data-node=node1]').getAttribute('aria-label')")
        for word in ("node1", "basic.map", "blocked", "40 of 64", "2 dead"):
            self.assertIn(word, words)
        self.picture(browser, "three-nodes")
        browser.click("[data-node=node1]")
        self.wait(browser, "document.querySelector('#tap details')")
        shown = browser.run("return document.getElementById('panel').textContent")
        for text in ("throttled for 3 s", "800 ms", "12 s", "model", "Why is the sky blue?"):
            self.assertIn(text, shown)
        self.picture(browser, "panel")
        self.assert_accessible(browser)
        browser.click("#tap-pause")
        time.sleep(1)  # what was asked for before may still come
        asked = server.asked.count("/api/tap")
        until = server.second + 3
        self.wait_for(lambda: server.second >= until)
        self.assertEqual(server.asked.count("/api/tap"), asked)
        browser.run("document.querySelector('svg .edge').dispatchEvent(new MouseEvent('click', { bubbles: true }))")
        self.wait(browser, "document.getElementById('panel-title').textContent === 'node0 → node1'")
        self.wait(browser, "document.querySelector('#tap details')")
        browser.press([ESCAPE])
        self.wait(browser, "!document.getElementById('panel')")
        self.assert_clean(browser)

    def wait_for(self, condition):
        end = time.monotonic() + HANG_S
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def test_keys_alone_reach_everything(self):
        _, browser = self.open()
        self.ready(browser)
        self.wait(browser, "document.querySelector('#dead details')")
        stops = []
        for _ in range(60):
            browser.press([TAB])
            stops.append(browser.run("const e = document.activeElement; return e.id || e.dataset.node || e.textContent.slice(0, 30)"))
            if stops[-1] == "node0":
                break
        self.assertEqual(stops[-1], "node0", stops)
        browser.press([RIGHT])
        self.assertEqual(browser.run("return document.activeElement.dataset.node"), "node1")
        browser.press([ENTER])
        self.wait(browser, "document.activeElement.id === 'panel-title'")
        browser.press([TAB, TAB, ENTER])  # Close stands first, then the edge that comes in
        self.wait(browser, "document.getElementById('panel-title').textContent === 'node0 → node1'")
        browser.press([ESCAPE])
        self.wait(browser, "!document.getElementById('panel') && document.activeElement.dataset.node === 'node0'")
        seen = set()
        for _ in range(40):
            browser.press([TAB])
            seen.add(browser.run("return document.activeElement.closest('section')?.id ?? ''"))
        self.assertLessEqual({"nodes", "services", "charts", "dead", "log", "configuration"}, seen)
        self.assert_clean(browser)

    def test_narrow_light_and_dark(self):
        for dark in (False, True):
            _, browser = self.open(count=5, width=360, height=740, dark=dark)
            self.ready(browser)
            self.assertEqual(browser.run("return document.documentElement.dataset.theme"), "dark" if dark else "light")
            self.assertLessEqual(browser.run("return document.documentElement.scrollWidth"), 360)
            self.assert_accessible(browser)
            self.picture(browser, f"narrow-{'dark' if dark else 'light'}")
            browser.run("document.querySelector('[data-row=node2] button').click()")
            self.wait(browser, "document.querySelector('#tap details')")
            self.assertLessEqual(browser.run("return document.documentElement.scrollWidth"), 360)
            self.picture(browser, f"narrow-panel-{'dark' if dark else 'light'}")
            other = "light" if dark else "dark"
            browser.run("const s = document.getElementById('theme'); s.value = arguments[0]; s.dispatchEvent(new Event('change', { bubbles: true }))", other)
            self.wait(browser, f"document.documentElement.dataset.theme === '{other}'")
            self.assert_clean(browser)

    def test_markup_in_names_records_and_messages_stays_text(self):
        _, browser = self.open(hostile=True)
        self.ready(browser)
        browser.click("[data-node=node1]")
        self.wait(browser, "document.querySelector('#tap details') && document.querySelector('#dead details')")
        self.wait(browser, "document.body.textContent.split(arguments[0]).length > 10", EVIL)
        self.assertEqual(browser.run("return document.querySelectorAll('img, iframe, script[src]').length"), 0)
        self.assertIsNone(browser.run("return document.documentElement.dataset.evil ?? null"))
        self.assert_clean(browser)

    def test_a_run_that_ends_and_one_that_is_lost(self):
        for last, words in (("ended", "The run has ended"), ("running", "Connection lost at")):
            server, browser = self.open()
            self.ready(browser)
            server.state = last
            until = server.second + 2
            self.wait_for(lambda: server.second >= until)
            server.end()
            self.wait(browser, "document.getElementById('state').textContent.startsWith(arguments[0])", words)
            self.wait(browser, "document.querySelector('[role=status]').textContent.startsWith(arguments[0])", words)
            self.assertEqual(browser.run("return document.querySelectorAll('svg .node').length"), 3)
            self.assertIsNone(browser.run("return document.documentElement.dataset.faults ?? null"))

    def test_a_token_that_is_wrong_is_said_and_the_right_one_goes_along(self):
        server, browser = self.open(token="sesame")
        self.ready(browser)
        self.assert_clean(browser)
        browser.open(server.url.replace("sesame", "wrong"))
        self.wait(browser, "document.getElementById('state').textContent.includes('the token is missing or wrong')")

    def test_a_hundred_nodes_and_a_heap_that_does_not_grow(self):
        server, browser = self.open(count=100, width=1280, height=900)
        self.ready(browser)
        self.assertEqual(browser.run("return document.querySelectorAll('svg .node').length"), 100)
        self.picture(browser, "hundred-nodes")
        browser.click("[data-row=node1] button")
        self.wait(browser, "document.querySelectorAll('#tap details').length >= 30")
        self.assert_accessible(browser)

        def used():
            for _ in range(2):
                browser.command("/goog/cdp/execute", {"cmd": "HeapProfiler.collectGarbage", "params": {}})
            return browser.command("/goog/cdp/execute", {"cmd": "Runtime.getHeapUsage", "params": {}})["usedSize"]

        before, elements = used(), browser.run("return document.querySelectorAll('*').length")
        time.sleep(HEAP_S)
        after = used()
        print(f"heap of 100 nodes: {before >> 10} KiB, after {HEAP_S:.0f} s {after >> 10} KiB")
        self.assertLess(after, before + (3 << 20))
        self.assertLess(browser.run("return document.querySelectorAll('*').length"), elements + 200)
        paint = browser.run("return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null")
        print(f"first contentful paint after {paint} ms; {json.dumps(sorted(set(server.asked)))}")
        self.assert_clean(browser)


if __name__ == "__main__":
    unittest.main()
