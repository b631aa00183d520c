"""A run that goes on, looked at from other processes: top, tap, and the live page's server."""

import json
import pathlib
import re
import subprocess
import unittest
import urllib.error
import urllib.request

from harness import ENGINE, HANG_S, PIPELINES, EngineTest, ProtocolServer, wait_until

SOCKET = pathlib.Path(".rare/rare-openai/live.sock")


class TopTest(EngineTest):
    def setUp(self):
        super().setUp()
        server = ProtocolServer("--latency-ms", 30)
        self.addCleanup(server.close)
        self.use_endpoint(server)

    def running(self, *arguments, documents=3000):
        corpus = self.write_corpus(documents)
        process = self.start(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--set",
                             f"nodes.documents.with.path={corpus}", "--progress", "none", "--set",
                             "services.teacher.with.max_in_flight=4", "--set", "grace_s=0", *arguments)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        wait_until((self.folder / SOCKET).exists)
        return process

    def stop(self, process):
        process.terminate()
        _, err = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 130, err)

    def test_top_tells_what_the_run_tells_and_says_when_it_ends(self):
        process = self.running()
        look = None

        def moves():
            nonlocal look
            once = self.run_engine("top", ".rare/rare-openai", "--once", "--json")
            self.assert_exit(once, 0)
            look = json.loads(once.stdout)
            return look["finished"] > 0

        wait_until(moves)
        self.assertEqual(look["state"], "running")
        self.assertEqual(look["services"]["teacher"]["limit"], 4)
        self.assertLessEqual(look["services"]["teacher"]["in_flight"], 4)
        self.assertIn(look["nodes"]["questions"]["status"], ("busy", "starved", "blocked"))
        self.assertGreaterEqual(look["read"], look["finished"])
        ledger = look["ledger"]
        self.assertEqual(sum(ledger[name] for name in ("read", "made", "copied")),
                         sum(ledger[name] for name in ("written", "filtered", "merged", "dropped", "dead")))
        self.assertGreaterEqual(look["read"], ledger["read"])
        watching = self.start("top", ".rare/rare-openai", "--every", 0.2)
        first = watching.stdout.readline()
        self.assertRegex(first, r"of [\d,]+ records read are finished")
        self.stop(process)
        _, err = watching.communicate(timeout=HANG_S)
        self.assertEqual(watching.returncode, 0, err)
        self.assertIn("the run has ended: interrupted; `rare-engine status .rare/rare-openai`", err)
        self.assertFalse((self.folder / SOCKET).exists())
        after = self.run_engine("top", ".rare/rare-openai")
        self.assert_exit(after, 2)
        self.assertIn("no run goes on in .rare/rare-openai: it is interrupted", after.stderr)

    def test_tap_shows_whole_records_that_leave_a_node(self):
        process = self.running()
        taken = self.run_engine("tap", ".rare/rare-openai", "questions", "--limit", 3)
        self.assert_exit(taken, 0)
        samples = [json.loads(line) for line in taken.stdout.splitlines()]
        self.assertEqual(len(samples), 3)
        for sample in samples:
            self.assertEqual(sample["port"], "out")
            self.assertRegex(sample["id"], r"^\d+$")
            self.assertTrue(sample["record"]["question"])
            self.assertNotIn("reasoning", sample["record"])
        self.assertRegex(taken.stderr, r"3 shown of \d+ that passed")
        sink = self.run_engine("tap", ".rare/rare-openai", "result", "--limit", 1)
        self.assertTrue(json.loads(sink.stdout)["record"]["reasoning"])
        unknown = self.run_engine("tap", ".rare/rare-openai", "question")
        self.assert_exit(unknown, 2)
        self.assertIn("there is no node 'question'; there are documents, questions", unknown.stderr)
        self.assertIn("did you mean 'questions'?", unknown.stderr)
        port = self.run_engine("tap", ".rare/rare-openai", "questions.left")
        self.assert_exit(port, 2)
        self.assertIn("node 'questions' has no port 'left'; it has out", port.stderr)
        self.stop(process)

    def get(self, url, headers=None):
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=HANG_S) as reply:
            return reply.read(), reply.headers

    def test_the_page_and_what_it_asks_are_served(self):
        process = self.running("--ui", 0)
        found = re.search(r"the run can be seen at (http://127\.0\.0\.1:\d+/)$", process.stderr.readline().rstrip())
        self.assertTrue(found)
        url = found.group(1)
        page, headers = self.get(url)
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertLess(len(page), 300_000)
        wait_until(lambda: json.loads(self.get(url + "api/history")[0])["points"])
        run = json.loads(self.get(url + "api/run")[0])
        self.assertEqual([node["name"] for node in run["nodes"]][:2], ["documents", "questions"])
        self.assertEqual(run["nodes"][1]["inputs"], [{"node": "documents", "port": "out"}])
        self.assertEqual(run["nodes"][1]["services"], ["teacher"])
        progress = json.loads(self.get(url + "api/progress")[0])
        self.assertEqual(set(progress["nodes"]), {node["name"] for node in run["nodes"]})
        log = json.loads(self.get(url + "api/log")[0])
        self.assertTrue(any("can be seen at" in line["message"] for line in log["lines"]))
        self.assertEqual(json.loads(self.get(f"{url}api/log?after={log['next']}")[0])["lines"], [])
        self.assertEqual(json.loads(self.get(url + "api/dead")[0]), {"reasons": []})
        # Another site's name for this machine is not answered.
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.get(url + "api/run", {"Host": "elsewhere.example"})
        self.assertEqual(refused.exception.code, 403)
        refused.exception.close()
        self.stop(process)

    def test_beyond_this_machine_a_token_is_asked_for(self):
        process = self.running("--ui", "0.0.0.0:0")
        found = re.search(r"seen at http://0\.0\.0\.0:(\d+)/\?token=([0-9a-f]{32})$",
                          process.stderr.readline().rstrip())
        self.assertTrue(found)
        url = f"http://127.0.0.1:{found.group(1)}/api/run"
        for wrong in ("", "?token=", "?token=" + "0" * 32):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.get(url + wrong)
            self.assertEqual(refused.exception.code, 403)
            refused.exception.close()
        self.assertIn(b"questions", self.get(f"{url}?token={found.group(2)}")[0])
        self.stop(process)

    def test_a_place_that_cannot_be_had_ends_the_run_before_it_begins(self):
        corpus = self.write_corpus(3)
        for place, told in (("nowhere", "expected PORT (of 127.0.0.1) or ADDRESS:PORT"),
                            ("127.0.0.1:70000", "got '127.0.0.1:70000'")):
            refused = self.run_engine(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--set",
                                      f"nodes.documents.with.path={corpus}", "--ui", place)
            self.assert_exit(refused, 2)
            self.assertIn("--ui: ", refused.stderr)
            self.assertIn(told, refused.stderr)
            self.assertFalse((self.folder / ".rare").exists())

    def test_a_run_of_a_deep_folder_is_found(self):
        deep = "/".join(["a-folder-with-a-long-name"] * 8)
        process = self.start(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--set",
                             f"nodes.documents.with.path={self.write_corpus(2000)}", "--progress", "none",
                             "--set", "grace_s=0", "--state-dir", deep)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        wait_until((self.folder / deep / "live.sock").exists)
        once = subprocess.run([ENGINE, "top", deep, "--once"], cwd=self.folder, capture_output=True, text=True,
                              timeout=HANG_S, check=False)
        self.assert_exit(once, 0)
        self.stop(process)


if __name__ == "__main__":
    unittest.main()
