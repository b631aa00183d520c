"""Shards on Ray: whatever is killed, the output is that of one machine, and nothing is paid for twice but what was in flight."""

import collections
import json
import os
import signal
import subprocess
import sys
import time
import unittest

from harness import ENGINE, HANG_S, EngineTest, ProtocolServer, read_jsonl, wait_until
from ray_cluster import RayCluster, environment, need_ray, processes

RECORDS = int(os.environ.get("RARE_SCALE_RECORDS", 4000))
SHARDS, IN_FLIGHT, STEPS = 16, 8, 2
PIPELINE = """
name: scaled
services:
  teacher: { use: llm.openai, with: { base_url: "${RARE_LLM_URL}", model: "${RARE_LLM_MODEL}", max_in_flight: IN_FLIGHT } }
  corpus: { use: bm25.index, with: { prebuilt: index } }
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: questions, use: Doc2Query, with: { llm: teacher } }
  - { name: negatives, use: BM25HardNeg, with: { index: corpus, num_neg: 3, query: "{{question}}" } }
  - { name: reasoning, use: ReasonDistill, with: { llm: teacher } }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl, meta: true } }
""".replace("IN_FLIGHT", str(IN_FLIGHT))
DRIVER = """
import json, sys
import ray, rare_engine.ray
address, engine, variables = sys.argv[1:4]
ray.init(address, log_to_driver=False)
sys.exit(rare_engine.ray.run("scaled.yaml", out="shared", shards=%d, cpus_per_shard=1, engine=engine, environment=json.loads(variables)))
""" % SHARDS
GONE_S = 20  # an engine has two seconds to end after its parent; ten times as much on a busy machine


class RayTest(EngineTest):
    @classmethod
    def setUpClass(cls):
        need_ray()
        cls.cluster = RayCluster()
        cls.addClassCleanup(cls.cluster.close)

    def setUp(self):
        super().setUp()
        self.server = ProtocolServer("--latency-ms", 200)
        self.addCleanup(self.server.close)
        self.write_corpus(RECORDS)
        self.write("scaled.yaml", PIPELINE)
        self.use_endpoint(self.server)
        self.assert_exit(self.run_engine("index", "build", "--corpus", "corpus.jsonl", "--out", "index"), 0)

    def drive(self):
        variables = {name: self.environment[name] for name in ("RARE_LLM_URL", "RARE_LLM_MODEL")}
        return subprocess.Popen([sys.executable, "-c", DRIVER, self.cluster.address, ENGINE, json.dumps(variables)], cwd=self.folder,
                                env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end_of(self, driver):
        said, _ = driver.communicate(timeout=HANG_S)
        self.assertEqual(driver.returncode, 0, said)

    def engines(self):
        """(pid, parent) of the engines that run shards of this test."""
        shared = str(self.folder / "shared")
        return [(pid, parent) for pid, parent, words in processes() if words[0] == str(ENGINE) and "--shard" in words and shared in words]

    def calls(self):
        return self.server.stats()["calls"]

    def kill(self, pid):
        """And the engines that it started end soon."""
        children = [engine for engine, parent in self.engines() if parent == pid]
        os.kill(pid, signal.SIGKILL)
        self.assert_gone(children)
        return len(children)

    def assert_gone(self, pids):
        end = time.monotonic() + GONE_S
        while left := {pid for pid, _ in self.engines()} & set(pids):
            self.assertLess(time.monotonic(), end, f"still alive: {left}")
            time.sleep(0.05)

    def progress_beyond(self, driver, calls):
        wait_until(lambda: driver.poll() is not None or (self.calls() >= calls and self.engines()))
        if driver.poll() is not None:
            self.fail(f"the run ended before that: {driver.communicate()[0]}")

    def check_output(self, killed):
        """`killed`: engines that ended with calls in flight."""
        self.assertLessEqual(self.calls(), RECORDS * STEPS + killed * IN_FLIGHT)
        rows = [row for part in sorted((self.folder / "shared/rows").iterdir()) for row in read_jsonl(part)]
        self.assertEqual(len(rows), RECORDS)
        one = self.folder / "one"
        self.assert_exit(self.run_engine("scaled.yaml", "--progress", "none", "--state-dir", one / "state", "--cache", one / "replies.db",
                                         "--set", f"nodes.rows.with.path={one}/rows.jsonl"), 0)
        as_lines = lambda rows: collections.Counter(json.dumps(row, sort_keys=True) for row in rows)  # noqa: E731
        self.assertEqual(as_lines(rows), as_lines(read_jsonl(one / "rows.jsonl")))
        records = json.loads((self.folder / "shared/_rare/manifest.json").read_text())["records"]
        self.assertEqual((records["read"], records["written"], records["dead"]), (RECORDS, RECORDS, 0))
        newest = max((path for path in (self.folder / "shared").rglob("*") if path.is_file()), key=lambda path: path.stat().st_mtime_ns)
        self.assertEqual(newest.name, "_SUCCESS")

    def test_engine_worker_and_node_are_killed(self):
        driver = self.drive()
        self.progress_beyond(driver, RECORDS * STEPS // 8)
        os.kill(self.engines()[0][0], signal.SIGKILL)
        killed = 1
        self.progress_beyond(driver, RECORDS * STEPS // 4)
        killed += self.kill(self.engines()[0][1])
        self.progress_beyond(driver, RECORDS * STEPS // 2)
        of_node = self.engines_below(self.cluster.raylet(1))
        os.kill(self.cluster.raylet(1), signal.SIGKILL)
        self.assert_gone(of_node)
        self.cluster.start("again", f"--address={self.cluster.address}", f"--node-ip-address={self.cluster.ip(1)}", "--num-cpus=2")
        self.end_of(driver)
        self.check_output(killed + len(of_node))
        calls, stamp = self.calls(), (self.folder / "shared/_SUCCESS").stat().st_mtime_ns
        self.end_of(self.drive())
        self.assertEqual((self.calls(), (self.folder / "shared/_SUCCESS").stat().st_mtime_ns), (calls, stamp))

    def engines_below(self, raylet):
        workers = {pid for pid, parent, _ in processes() if parent == raylet}
        return [engine for engine, parent in self.engines() if parent in workers]

    def test_the_driver_is_killed_at_half_and_begun_again(self):
        driver = self.drive()
        self.progress_beyond(driver, RECORDS * STEPS // 2)
        killed = len(self.engines())
        driver.kill()
        driver.communicate(timeout=HANG_S)
        wait_until(lambda: not self.engines())  # Ray ends what nobody waits for
        self.end_of(self.drive())
        self.check_output(killed)


if __name__ == "__main__":
    unittest.main()
