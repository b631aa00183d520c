"""A report as a user sees it: charts, records, the filter, keys, a narrow window, no network, no error."""

import json
import unittest

from harness import EngineTest, PIPELINES, ProtocolServer, read_jsonl, wait_until
from web_driver import Browser

ESCAPE = "\ue00c"
EVIL = "</script><img src=x onerror=\"document.documentElement.dataset.evil='yes'\">"


class ReportBrowserTest(EngineTest):
    def make_report(self):
        """Of a run over a part of the sample with one passage planted twice, one nearly so, and some dead letters."""
        sample = read_jsonl(PIPELINES / "data" / "passages.jsonl")[:40]
        planted = dict(sample[7], id="<img src=x onerror=alert(1)>")
        near = dict(sample[9], text=sample[9]["text"].replace(" the ", " planted ", 1))
        lines = [json.dumps(row) for row in (*sample, planted, near)] + ["{", "{"]
        self.write("in.jsonl", "\n".join(lines) + "\n")
        with ProtocolServer() as server:
            self.use_endpoint(server)
            process = self.run_engine(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none",
                                      "-f", PIPELINES / "scores.yaml",
                                      "--set", f"nodes.documents.with.path={self.folder / 'in.jsonl'}")
        self.assertEqual(process.returncode, 3, process.stderr)
        made = self.run_engine("report", ".rare/rare-openai", "--out", "report.html")
        self.assert_exit(made, 0)
        self.planted_rows = [8, 41]
        return (self.folder / "report.html").as_uri()

    def browser(self, **options):
        browser = Browser(**options)
        self.addCleanup(browser.close)
        return browser

    def assert_clean(self, browser):
        self.assertEqual(browser.run("return document.documentElement.dataset.ready"), "yes")
        self.assertIsNone(browser.run("return document.documentElement.dataset.faults ?? null"))
        self.assertEqual([entry for entry in browser.log() if entry["level"] in ("SEVERE", "WARNING")], [])

    def test_charts_records_filter_and_the_planted_document(self):
        url = self.make_report()
        browser = self.browser()
        browser.open(url)
        self.assert_clean(browser)
        # Charts: drawn, and not blank.
        charts = browser.run("""return [...document.querySelectorAll(".chart")].map(chart => {
            const canvas = chart.querySelector("canvas");
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return [chart.dataset.drawn, pixels.some(value => value > 0)];
        })""")
        self.assertGreaterEqual(len(charts), 3)
        self.assertEqual(charts, [["yes", True]] * len(charts))
        browser.run("const s = document.getElementById('length'); s.value = 'characters/reasoning';"
                    "s.dispatchEvent(new Event('change'))")
        # The planted document.
        twins = browser.run("return [...document.querySelectorAll('.twin')].map(e => e.textContent)")
        self.assertIn(f"2 records: {self.planted_rows[0]}, {self.planted_rows[1]}", twins)
        twins = browser.run("return [...document.querySelectorAll('.near-twin')].map(e => e.textContent)")
        self.assertEqual([line.split(":")[0] for line in twins], ["records 10 and 42"])
        # A random record.
        browser.click("#sample button.open")
        self.assertTrue(browser.run("return !document.getElementById('record').hidden"))
        first = browser.run("return document.getElementById('record-title').textContent")
        number = int(first.split()[1])
        row = read_jsonl(self.folder / "out" / "rare-openai.jsonl")[number - 1]
        shown = browser.run("return document.getElementById('record-fields').textContent")
        for text in (row["text"], row["question"], *row["hard_negatives"], row["reasoning"]):
            self.assertIn(text, shown)
        browser.press("j")
        self.assertNotEqual(browser.run("return document.getElementById('record-title').textContent"), first)
        browser.press([ESCAPE])
        self.assertTrue(browser.run("return document.getElementById('record').hidden"))
        # The filter.
        visible = ("return [...document.querySelectorAll('#nodes tr[data-node], #dead [data-node]')]"
                   ".filter(e => e.offsetParent !== null).map(e => e.dataset.node)")
        self.assertIn("documents", browser.run(visible))
        choose = ("const s = document.getElementById('node'); s.value = arguments[0];"
                  "s.dispatchEvent(new Event('change'))")
        browser.run(choose, "documents")
        self.assertEqual(set(browser.run(visible)), {"documents"})
        browser.run(choose, "negatives")
        self.assertEqual(set(browser.run(visible)), {"negatives"})
        browser.run(choose, "")
        self.assertIn("questions", browser.run(visible))
        # Nothing was asked of anybody.
        self.assertEqual(browser.run("return performance.getEntriesByType('resource').length"), 0)
        self.assert_clean(browser)

    def test_markup_of_records_and_dead_letters_stays_text(self):
        record = {"id": EVIL, "question": f"Why {EVIL}?", "text": f"Because {EVIL}", "hard_negatives": [EVIL, EVIL],
                  "reasoning": f"So {EVIL}", EVIL: f"Of a name {EVIL}", "more": {EVIL: [EVIL]}, **{f"field {n}": n for n in range(80)}}
        others = [dict(record, id=name) for name in ("dull", "dead")]
        self.write("in.jsonl", "".join(json.dumps(row) + "\n" for row in (record, record, *others)) + f"{EVIL}\n")
        where = 'if .id == "dead" then error("Reason " + .reasoning) else .id != "dull" end'
        self.write("evil.yaml", f"""
name: evil
max_errors: 10
nodes:
  - {{ name: rows, use: files.read, with: {{ path: in.jsonl }} }}
  - {{ name: kept, use: basic.filter, with: {json.dumps({"where": where, "reason": EVIL})} }}
  - {{ name: result, use: files.write, with: {{ path: out/rows.jsonl }} }}
""")
        self.assert_exit(self.run_engine("evil.yaml", "--progress", "none"), 0)
        data = json.loads(self.run_engine("status", "evil.yaml", "--json").stdout)
        self.assertEqual((data["records"]["written"], data["records"]["dead"], data["records"]["filtered"]), (2, 2, 1))
        self.assert_exit(self.run_engine("report", "evil.yaml", "--out", "report.html"), 0)
        browser = self.browser()
        browser.open((self.folder / "report.html").as_uri())
        self.assert_clean(browser)
        browser.click("#sample button.open")
        shown = browser.run("return document.getElementById('record-fields').textContent")
        for text in (record["question"], record["text"], record["reasoning"], f"1. {EVIL}", record[EVIL], EVIL + record[EVIL]):
            self.assertIn(text, shown)
        body = browser.run("return document.body.textContent")
        self.assertIn(f"Reason So {EVIL}", body)  # of a dead letter
        self.assertIn(f"{EVIL}: 1", body)  # why a record was filtered
        self.assertIn("The 64 fields that most records have; 23 more are left out.", body)
        self.assertEqual(browser.run("return document.querySelectorAll('img, script[src], link, iframe').length"), 0)
        self.assertIsNone(browser.run("return document.documentElement.dataset.evil ?? null"))
        self.assert_clean(browser)

    def test_a_narrow_window_a_dark_one_and_a_link_to_a_record(self):
        url = self.make_report()
        for dark in (False, True):
            browser = self.browser(width=360, height=640, dark=dark)
            browser.open(url)
            self.assert_clean(browser)
            wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]")
            self.assertEqual(wide[1], 360)
            self.assertLessEqual(wide[0], 360)
            row = browser.run("return JSON.parse(document.getElementById('data').textContent).rows.sampled[3].row")
            browser.open("about:blank")
            browser.open(f"{url}#record={row}&node=negatives")
            self.assertEqual(browser.run("return document.getElementById('record-title').textContent"), f"Record {row}")
            self.assertEqual(browser.run("return document.getElementById('node').value"), "negatives")

    def test_first_paint(self):
        browser = self.browser()
        browser.open(self.make_report())
        paint = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
        wait_until(lambda: browser.run(paint) is not None)  # it is told after the page is there
        print(f"first contentful paint after {browser.run(paint):.0f} ms")


if __name__ == "__main__":
    unittest.main()
