"""The live page over a real run: what the engine serves is what the page shows, until the run has ended."""

import re
import unittest

import live_page_browser_test
from harness import EngineTest, HANG_S, PIPELINES, ProtocolServer
from web_driver import Browser


class LiveRunBrowserTest(EngineTest):
    # The ways of looking alone, not the cases.
    wait = live_page_browser_test.LivePageBrowserTest.wait
    picture = live_page_browser_test.LivePageBrowserTest.picture
    assert_clean = live_page_browser_test.LivePageBrowserTest.assert_clean
    assert_accessible = live_page_browser_test.LivePageBrowserTest.assert_accessible

    def test_a_run_is_seen_while_it_goes_on_and_after_it_has_ended(self):
        server = ProtocolServer("--latency-ms", 50)
        self.addCleanup(server.close)
        self.use_endpoint(server)
        corpus = self.write_corpus(5000)
        process = self.start(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--set",
                             f"nodes.documents.with.path={corpus}", "--progress", "none", "--set", "grace_s=0",
                             "--set", "services.teacher.with.max_in_flight=4", "--ui", "0")
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        url = re.search(r"seen at (http\S+)", process.stderr.readline()).group(1)
        browser = Browser(width=1280, height=1000)
        self.addCleanup(browser.close)
        browser.open(url)
        self.wait(browser, "document.documentElement.dataset.ready === 'yes'")
        self.assertEqual(browser.run("return document.querySelectorAll('svg .node').length"), 5)
        self.assertEqual(browser.run("return document.querySelectorAll('svg .edge').length"), 4)
        self.wait(browser, "document.getElementById('chart-service').value === 'teacher'")
        self.wait(browser, "document.querySelectorAll('.chart[data-drawn]').length >= 6")
        self.wait(browser, "document.querySelector('svg .edge text')?.textContent.endsWith('/s')")
        words = browser.run("return document.querySelector('[data-node=questions]').getAttribute('aria-label')")
        for word in ("questions", "Doc2Query", "busy"):
            self.assertIn(word, words)
        browser.click("[data-node=questions]")
        self.wait(browser, "document.querySelector('#tap details')")
        shown = browser.run("return document.getElementById('panel').textContent")
        for text in ("question", "max_attempts"):
            self.assertIn(text, shown)
        self.wait(browser, "/[1-9]\\d* read .*= [1-9]\\d* written/.test(document.getElementById('equation').textContent)")
        self.picture(browser, "real-run")
        self.assert_accessible(browser)
        self.assert_clean(browser)
        process.terminate()
        process.communicate(timeout=HANG_S)
        self.wait(browser, "/ended|lost/.test(document.querySelector('header').innerText)")


if __name__ == "__main__":
    unittest.main()
