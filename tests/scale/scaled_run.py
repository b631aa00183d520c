"""A run in shards under some scheduler, and what has to be true of it whatever was killed."""

import json
import os
import pathlib
import signal
import time

from harness import EngineTest, ProtocolServer, read_jsonl, wait_until

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
GONE_S = 20  # an engine has two seconds to end after its parent; ten times as much on a busy machine


def processes():
    """(pid, parent, words) of every process that can be read."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        yield int(entry.name), parent, [word.decode(errors="replace") for word in words]


def variable(pid, name):
    """Of the environment that a process was started with, or None."""
    try:
        pairs = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    return dict(pair.decode(errors="replace").split("=", 1) for pair in pairs if b"=" in pair).get(name)


class ScaledRun(EngineTest):
    """A test that has `records` passages in its folder, an index of them, and a server that counts calls."""

    records = 0

    def setUp(self):
        super().setUp()
        self.server = ProtocolServer("--latency-ms", 200)
        self.addCleanup(self.server.close)
        self.write_corpus(self.records)
        self.write("rare.yaml", PIPELINE)
        self.use_endpoint(self.server)
        self.assert_exit(self.run_engine("index", "build", "--corpus", "corpus.jsonl", "--out", "index"), 0)

    def engines(self):
        """(pid, parent) of the engines that run shards of this test."""
        shared = str(self.folder / "shared")
        return [(pid, parent) for pid, parent, words in processes()
                if pathlib.Path(words[0]).name == "rare-engine" and "--shard" in words and shared in words]

    def calls(self):
        return self.server.stats()["calls"]

    def assert_gone(self, pids):
        end = time.monotonic() + GONE_S
        while left := {pid for pid, _ in self.engines()} & set(pids):
            self.assertLess(time.monotonic(), end, f"still alive: {left}")
            time.sleep(0.05)

    def stand_still(self, pids):
        self.addCleanup(self.go_on, pids)  # what stands still ends by itself after no signal but SIGKILL
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)

    @staticmethod
    def go_on(pids):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    def kill(self, pid):
        """And the engines that it started end soon."""
        children = [engine for engine, parent in self.engines() if parent == pid]
        os.kill(pid, signal.SIGKILL)
        self.assert_gone(children)
        return len(children)

    def progress_beyond(self, calls, ended):
        """Waits for so many calls and an engine; `ended()`: what the run said, once it has ended."""
        said = []

        def there():
            said[:] = [words for words in [ended()] if words is not None]
            return said or (self.calls() >= calls and self.engines())

        wait_until(there)
        if said:
            self.fail(f"the run ended before {calls} calls: {said[0]}")

    def stamp(self):
        return (self.folder / "shared/_SUCCESS").stat().st_mtime_ns

    def check_output(self, asked_again):
        """`asked_again`: calls, at the most; of a killed engine those in flight."""
        self.assertLessEqual(self.calls(), self.records * STEPS + asked_again)
        rows = [row for part in sorted((self.folder / "shared/rows").iterdir()) for row in read_jsonl(part)]
        one = self.folder / "one"
        self.assert_exit(self.run_engine("rare.yaml", "--progress", "none", "--state-dir", one / "state", "--cache", one / "replies.db",
                                         "--set", f"nodes.rows.with.path={one}/rows.jsonl",
                                         "--set", "services.teacher.with.max_in_flight=128"), 0)
        expected = read_jsonl(one / "rows.jsonl")
        self.assertEqual([row["_rare"]["id"] for row in rows], [row["_rare"]["id"] for row in expected])
        self.assertEqual(len(rows), self.records)
        self.assertEqual([row for row, other in zip(rows, expected) if row != other], [])
        records = json.loads((self.folder / "shared/_rare/manifest.json").read_text())["records"]
        self.assertEqual((records["read"], records["written"], records["dead"]), (self.records, self.records, 0))
        newest = max((path for path in (self.folder / "shared").rglob("*") if path.is_file()), key=lambda path: path.stat().st_mtime_ns)
        self.assertEqual(newest.name, "_SUCCESS")
