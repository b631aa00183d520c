"""`rare-engine report`: the page's data for runs of every kind. How a browser shows it: tests/browser."""

import json
import re
import signal
import unittest

from harness import EngineTest, HANG_S, PIPELINES, ProtocolServer, read_jsonl, wait_until

COPY = """
name: copy
max_errors: 10
nodes:
  - {{ name: rows, use: files.read, with: {{ path: {path} }} }}
  - {{ name: slow, use: basic.delay, parallelism: 1, with: {{ ms: {ms} }} }}
  - {{ name: kept, use: basic.filter, with: {{ where: "{where}", reason: too dull }} }}
  - {{ name: result, use: files.write, with: {{ path: {out} }} }}
"""


def rare_record(number):
    return {"id": f"d{number}", "text": f"Salt number {number} keeps the roads of town {number} wet through the winter.",
            "question": f"Why are the streets of town {number} never white?",
            "hard_negatives": [f"Sugar number {number} is sweet.", f"Town {number} has a mayor."],
            "reasoning": f"Salt {number} lowers the freezing point."}


class ReportTest(EngineTest):
    def write_rows(self, rows, name="in.jsonl"):
        return self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def write_copy(self, path, ms=0, where="true", out="out/rows.jsonl"):
        self.write("copy.yaml", COPY.format(path=path, ms=ms, where=where, out=out))

    def report(self, *arguments):
        """The page's data."""
        made = self.run_engine("report", *arguments)
        self.assert_exit(made, 0)
        page = (self.folder / made.stdout.strip()).read_text()
        self.page_bytes = len(page)
        return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])

    def test_a_planted_document_is_found_in_a_run_of_the_sample(self):
        sample = read_jsonl(PIPELINES / "data" / "passages.jsonl")[:30]
        planted = dict(sample[4], text=sample[4]["text"].upper() + " ")
        near = dict(sample[9], text=sample[9]["text"].replace(" the ", " planted ", 1))
        self.write_rows([*sample, planted, near])
        with ProtocolServer() as server:
            self.use_endpoint(server)
            process = self.run_engine(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none",
                                      "-f", PIPELINES / "scores.yaml",
                                      "--set", f"nodes.documents.with.path={self.folder / 'in.jsonl'}")
            self.assert_exit(process, 0)
        data = self.report(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "-f", PIPELINES / "scores.yaml")
        self.assertEqual(data["title"], "rare-openai")
        self.assertEqual(data["run"]["status"], "complete")
        self.assertEqual(data["run"]["records"]["written"], 32)
        rows = data["rows"]
        self.assertEqual(rows["analysis"]["rows"], 32)
        texts = rows["twins"]["texts"]
        self.assertEqual((texts["groups"], texts["rows"]), (1, 2))
        self.assertEqual(texts["shown"][0]["rows"], [5, 31])
        self.assertTrue(texts["shown"][0]["excerpt"].startswith(sample[4]["text"][:60]))
        near = rows["twins"]["near_texts"]
        self.assertEqual((near["groups"], near["rows"], near["shown"][0]["pair"]), (1, 2, [10, 32]))
        self.assertGreater(near["shown"][0]["share"], 0.75)
        self.assertLess(near["shown"][0]["share"], 1)
        self.assertEqual(["planted" in part for part in near["shown"][0]["excerpts"]], [False, True])
        self.assertEqual(len(rows["sampled"]), 20)
        written = read_jsonl(self.folder / "out" / "rare-openai.jsonl")
        for shown in rows["sampled"]:
            self.assertEqual(shown["fields"], written[shown["row"] - 1])
        drawn = {name: {s["name"]: s["count"] for s in rows["analysis"][name]["series"]}
                 for name in ("overlap", "scores", "ranks")}
        negatives = sum(len(row["hard_negatives"]) for row in written)
        placed = sum(row["positive_rank"] is not None for row in written)
        self.assertGreater(placed, 0)
        self.assertEqual(drawn["overlap"]["document"], 32)
        self.assertEqual(drawn["scores"], {"document": placed, "negatives": negatives})
        self.assertEqual(drawn["ranks"], {"document": placed, "negatives": negatives})
        self.assertEqual(data["hints"], [])
        self.assertGreater(data["run"]["services"]["teacher"]["calls"], 60)
        again = self.report(PIPELINES / "rare.yaml", "--set", "name=rare-openai")
        self.assertEqual(again["rows"], rows)
        seeded = self.report("none.yaml", "--state-dir", ".rare/rare-openai", "--seed", "1")
        self.assertNotEqual([r["row"] for r in seeded["rows"]["sampled"]], [r["row"] for r in rows["sampled"]])

    def test_dead_letters_and_filtered_records_are_told_by_node_and_reason(self):
        path = self.write("in.jsonl", "".join(json.dumps(rare_record(n)) + "\n" for n in range(9)) + "{\n{\n")
        self.write_copy(path, where=".id != \\\"d3\\\"")
        self.assert_exit(self.run_engine("copy.yaml", "--progress", "none"), 0)
        data = self.report("copy.yaml", "--out", "page.html")
        self.assertTrue((self.folder / "page.html").exists())
        self.assertEqual(data["run"]["nodes"]["kept"]["filter_reasons"], {"too dull": 1})
        self.assertEqual(sum(d["records"] for d in data["run"]["dead_letters"]), 2)
        self.assertEqual({d["node"] for d in data["dead"]}, {"rows"})
        self.assertEqual(data["rows"]["analysis"]["rows"], 8)
        self.assertEqual(data["rows"]["analysis"]["suspects"], [])
        self.assertEqual(len(data["hints"]), 3)  # how to get scores and ranks

    def test_a_running_run_and_one_that_was_ended(self):
        path = self.write_rows(rare_record(n) for n in range(4000))
        self.write_copy(path, ms=5)
        process = self.start("copy.yaml", "--progress", "none")
        try:
            part = self.folder / "out" / "rows.jsonl.part"

            def committed():
                if not part.exists():
                    return False
                return json.loads(self.run_engine("status", "copy.yaml", "--json").stdout)["records"]["written"] > 0

            wait_until(committed)
            data = self.report("copy.yaml")
            self.assertEqual(data["run"]["status"], "running")
            rows = data["rows"]["analysis"]
            self.assertEqual(rows["rows"], data["run"]["records"]["written"])
            self.assertEqual(rows["unreadable"]["rows"], 0)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=HANG_S)
        data = self.report("copy.yaml")
        self.assertEqual(data["run"]["status"], "interrupted")
        self.assertEqual(data["rows"]["analysis"]["rows"], data["run"]["records"]["written"])

    def test_a_failed_run_says_what_ended_it(self):
        self.write_copy(self.write("in.jsonl", "{\n" * 400))
        self.assert_exit(self.run_engine("copy.yaml", "--progress", "none"), 1)
        data = self.report("copy.yaml")
        self.assertEqual(data["run"]["status"], "failed")
        self.assertIn("stop_after_errors", data["run"]["fault"])
        self.assertGreater(len(data["run"]["dead_letters"]), 0)

    def test_rows_of_another_pipeline_empty_output_and_one_record(self):
        self.write_copy(self.write("in.jsonl", '{"a": 1, "b": [1, "x"], "question": 7}\n'))
        self.assert_exit(self.run_engine("copy.yaml", "--progress", "none"), 0)
        rows = self.report("copy.yaml")["rows"]
        self.assertEqual([f["name"] for f in rows["analysis"]["fields"]], ["a", "b", "question"])
        self.assertIn("'question' is no text but number", [p["what"] for p in rows["analysis"]["problems"]])
        self.assertEqual(rows["sampled"], [{"row": 1, "fields": {"a": 1, "b": [1, "x"], "question": 7}}])
        self.write_copy(self.write("in.jsonl", ""))
        self.assert_exit(self.run_engine("copy.yaml", "--progress", "none", "--fresh"), 0)
        rows = self.report("copy.yaml")["rows"]
        self.assertEqual((rows["analysis"]["rows"], rows["sampled"]), (0, []))
        (self.folder / "out" / "rows.jsonl").unlink()
        data = self.report("copy.yaml")
        self.assertIsNone(data["rows"])
        self.assertIn("is not there", data["outputs"][0]["note"])

    def test_a_folder_for_trainers_and_an_output_of_several_files(self):
        self.write_rows(rare_record(n) for n in range(30))
        self.write("sets.yaml", """
name: sets
nodes:
  - { name: rows, use: files.read, with: { path: in.jsonl } }
  - { name: a_set, use: export.retriever, from: rows, with: { path: out/set, validation: 0 } }
  - { name: parts, use: files.write, from: rows, with: { path: out/rows.jsonl, max_records_per_file: 20 } }
""")
        self.assert_exit(self.run_engine("sets.yaml", "--progress", "none"), 0)
        data = self.report("sets.yaml")
        self.assertEqual([(o["node"], o["file"], o["looked_at"]) for o in data["outputs"]],
                         [("a_set", "out/set/train.jsonl", True), ("parts", "out/rows-00000.jsonl", False)])
        self.assertEqual((data["rows"]["analysis"]["rows"], data["rows_fault"]), (30, ""))
        self.assertEqual(self.report("sets.yaml", "--node", "parts")["rows"]["analysis"]["rows"], 20)
        for part in ("train", "validation"):
            (self.folder / f"out/set/{part}.jsonl").unlink()
        data = self.report("sets.yaml")  # the first that is there
        self.assertEqual([o["looked_at"] for o in data["outputs"]], [False, True])
        self.assertIn("is not there", data["outputs"][0]["note"])

    def test_other_formats_and_a_file_that_is_named(self):
        near = rare_record(7)
        near["text"] += " Always."
        path = self.write_rows([*(rare_record(n) for n in range(30)), near])
        for name in ("rows.jsonl.gz", "rows.json"):
            self.write_copy(path, out=f"out/{name}")
            self.assert_exit(self.run_engine("copy.yaml", "--progress", "none", "--fresh"), 0)
            data = self.report("copy.yaml")
            self.assertEqual(data["rows"]["analysis"]["rows"], 31, name)
            twins = data["rows"]["twins"]["near_texts"]["shown"]
            self.assertEqual([(group["pair"], round(group["share"], 2)) for group in twins], [([8, 31], 0.92)])
            self.assertEqual(len(data["rows"]["sampled"]), 20)
        scored = dict(rare_record(1), own={"score": 3}, score=3.5, rank=1)
        self.write_rows([scored] * 3, "other.jsonl")
        data = self.report("copy.yaml", "--file", "other.jsonl", "--positive-score", "score", "--positive-rank", "rank")
        self.assertEqual(data["rows"]["analysis"]["scores"]["series"][0]["most"], 3.5)
        self.assertEqual(data["rows"]["analysis"]["ranks"]["series"][0]["most"], 2)
        self.assertEqual(data["rows"]["twins"]["texts"]["shown"][0]["rows"], [1, 2, 3])
        missing = self.run_engine("report", "copy.yaml", "--file", "no.jsonl")
        self.assert_exit(missing, 2)
        self.assertIn("no.jsonl", missing.stderr)

    def test_near_twins_by_their_sketches_alone_are_counted_and_windows_over_a_text_are_shown(self):
        def texts(number, same):
            """Of 60 words, of which the first are the same."""
            return [" ".join(f"w{number}x{word}" if word < same else f"v{number}x{part}x{word}" for word in range(60))
                    for part in (0, 1)]

        windows = [" ".join(f"u{word}" for word in range(2 * n, 2 * n + 60)) for n in range(40)]
        rows = [text for number in range(300) for text in texts(number, 48)]  # 46 of 70 runs
        rows += [windows[n * 7 % 40] for n in range(40)]
        self.write_copy(self.write_rows({"id": f"d{n}", "question": f"Which is {n}?", "text": text}
                                        for n, text in enumerate(rows)))
        self.assert_exit(self.run_engine("copy.yaml", "--progress", "none"), 0)
        near = self.report("copy.yaml")["rows"]["twins"]["near_texts"]
        self.assertGreater(near["dropped"], 0)
        self.assertGreater(len(near["shown"]), 0)
        self.assertLessEqual(near["dropped"] + len(near["shown"]), near["groups"])
        for group in near["shown"]:
            self.assertGreaterEqual(group["share"], 0.8)
            self.assertGreater(min(group["pair"]), 600)

    def test_markup_in_records_stays_text_and_long_records_leave_a_small_page(self):
        evil = dict(rare_record(1), text="</script><script>alert(1)</script>", id="<img src=x>")
        long = dict(rare_record(2), text="salt " * 2_000_000)
        self.write_copy(self.write_rows([evil, long]))
        self.assert_exit(self.run_engine("copy.yaml", "--progress", "none"), 0)
        data = self.report("copy.yaml")
        self.assertEqual(data["rows"]["sampled"][0]["fields"]["text"], evil["text"])
        self.assertIn("[cut: the first", data["rows"]["sampled"][1]["fields"]["text"])
        self.assertLess(self.page_bytes, 300_000)

    def test_what_is_no_run_is_refused(self):
        self.write_copy("in.jsonl")
        for run, said in (("copy.yaml", "no run is kept in .rare/copy"), ("none.yaml", "none.yaml")):
            refused = self.run_engine("report", run)
            self.assert_exit(refused, 2)
            self.assertIn(said, refused.stderr)
        for more, said in ((["-f", "none.yaml"], "none.yaml"), (["--set", "name"], "name"),
                           (["--state-dir", "none"], "no run is kept in none")):
            refused = self.run_engine("report", "copy.yaml", *more)
            self.assert_exit(refused, 2)
            self.assertIn(said, refused.stderr)
        self.write("in.jsonl", "{}\n")
        self.assert_exit(self.run_engine("copy.yaml", "--progress", "none"), 0)
        refused = self.run_engine("report", "copy.yaml", "--node", "rows")
        self.assert_exit(refused, 2)
        self.assertIn("expected a sink of this run that has written: result", refused.stderr)
        refused = self.run_engine("report", "copy.yaml", "--out", "none/page.html")
        self.assert_exit(refused, 2)
        self.assertIn("choose another place by --out", refused.stderr)


if __name__ == "__main__":
    unittest.main()
