"""`--profile`: what nodes and records cost, as a table and as a trace that Perfetto reads."""

import json
import unittest
from collections import defaultdict

from harness import PIPELINES, EngineTest, ProtocolServer

NODES = ["documents", "questions", "negatives", "reasoning", "result"]


class ProfileTest(EngineTest):
    def profiled(self, documents, *arguments):
        corpus = self.write_corpus(documents)
        with ProtocolServer("--latency-ms", 20) as server:
            self.use_endpoint(server)
            run = self.run_engine("run", PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--set",
                                  f"nodes.documents.with.path={corpus}", "--progress", "none", "--profile", *arguments)
        self.assert_exit(run, 0)
        return run

    def state(self, name):
        return self.folder / ".rare" / "rare-openai" / name

    def test_the_table_says_where_the_time_went(self):
        run = self.profiled(60)
        text = self.state("profile.txt").read_text()
        self.assertIn(text, run.stderr)
        self.assertIn("; trace for ui.perfetto.dev: .rare/rare-openai/trace.json\n", run.stderr)
        lines = text.splitlines()
        self.assertRegex(lines[0], r"^profile of [\d.]+ m?s, with [\d.]+ m?s of CPU time in nodes$")
        rows = {line.split()[0]: line.split() for line in lines[2:2 + len(NODES)]}
        self.assertEqual(list(rows), NODES)
        for name, row in rows.items():
            self.assertEqual(row[1], "60", name)
        for name in ("questions", "reasoning"):
            self.assertRegex(" ".join(rows[name]), r" 60 [2-9]\d[\d.]* ms ", name)  # calls, 20 ms and more each
        self.assertEqual(lines[2 + len(NODES)], "slowest records")
        slowest = [line.split() for line in lines[4 + len(NODES):]]
        self.assertEqual(len(slowest), 10)
        self.assertEqual({row[1] for row in slowest} - {"questions", "reasoning"}, set())

    def test_the_trace_follows_the_rules_of_its_format(self):
        self.profiled(60)
        trace = json.loads(self.state("trace.json").read_text())
        self.assertEqual(trace["otherData"]["kept"], "1 of 1 source records")
        tracks, slices, processes = defaultdict(list), defaultdict(list), {}
        for event in trace["traceEvents"]:
            place = (event["pid"], event["tid"])
            if event["ph"] == "M":
                if event["name"] == "process_name":
                    processes[event["pid"]] = event["args"]["name"]
                continue
            self.assertIn(event["ph"], "Xbe")
            tracks[place].append(event)
            if event["ph"] != "X":
                slices[event["pid"], event["cat"], event["id"]].append(event)
        self.assertEqual([processes[pid] for pid in sorted(processes)], NODES)
        for events in tracks.values():
            times = [event["ts"] for event in events]
            self.assertEqual(times, sorted(times))
            complete = [event for event in events if event["ph"] == "X"]
            for before, event in zip(complete, complete[1:]):
                self.assertLessEqual(before["ts"] + before["dur"], event["ts"] + 0.002)
        for events in slices.values():
            open_slices = []
            for event in events:
                if event["ph"] == "b":
                    open_slices.append(event["name"])
                else:
                    self.assertEqual(open_slices.pop(), event["name"])
            self.assertEqual(open_slices, [])
        begun = [(processes[event["pid"]], event["name"]) for event in trace["traceEvents"] if event["ph"] == "b"]
        self.assertEqual(begun.count(("questions", "questions")), 60)
        self.assertEqual(begun.count(("questions", "teacher")), 60)
        calls = [event for event in trace["traceEvents"] if event["ph"] == "b" and event["name"] == "teacher"]
        self.assertTrue(all(event["args"]["completion_tokens"] > 0 for event in calls))

    def test_json_logs_stay_json_and_nothing_is_written_unasked(self):
        run = self.profiled(3, "--log-format", "json")
        for line in run.stderr.splitlines():
            json.loads(line)
        self.assertTrue(self.state("profile.txt").exists())
        self.state("profile.txt").unlink()
        with ProtocolServer() as server:
            self.use_endpoint(server)
            again = self.run_engine("run", PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--fresh", "--set",
                                    f"nodes.documents.with.path={self.folder / 'corpus.jsonl'}")
        self.assert_exit(again, 0)
        self.assertNotIn("profile", again.stderr)
        self.assertFalse(self.state("profile.txt").exists())


if __name__ == "__main__":
    unittest.main()
