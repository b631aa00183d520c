"""The folder that shards share: without hard links, full, seen by machines whose clocks differ, and killed in."""

import json
import unittest

from harness import EngineTest, HANG_S, ProtocolServer, read_jsonl, wait_until
from power_loss import faulty_environment, rules_file

RECORDS = 200
SHARDS = 2
IN_FLIGHT = 8
# What is in flight when a shard ends, and received but not in its log yet: each may be paid again.
CALLS_LOST = 2 * IN_FLIGHT
PIPELINE = f"""
name: shared
order: input
services:
  teacher: {{ use: llm.openai, with: {{ base_url: "${{RARE_LLM_URL}}", model: "${{RARE_LLM_MODEL}}", max_in_flight: {IN_FLIGHT} }} }}
nodes:
  - {{ name: documents, use: files.read, with: {{ path: corpus.jsonl }} }}
  - {{ name: answers, use: llm.generate, with: {{ llm: teacher, prompt: "Say something of {{{{text}}}}" }} }}
  - {{ name: rows, use: files.write, with: {{ path: out/rows.jsonl, meta: true }} }}
"""


class ShardFolderTest(EngineTest):
    def setUp(self):
        super().setUp()
        self.folder = self.folder.resolve() / "run"
        self.folder.mkdir()
        self.write("shared.yaml", PIPELINE)
        self.write_corpus(RECORDS)
        self.peaceful = self.environment
        self.rules = rules_file(self.folder)
        server = self.enterContext(ProtocolServer("--latency-ms", 10))
        self.stats = server.stats
        self.use_endpoint(server)
        self.environment.update(faulty_environment(self.folder))

    def command(self, shard):
        """Each shard on a machine of its own: what it does not share is not there."""
        return ("run", "shared.yaml", "--progress", "none", "--shard", f"{shard}/{SHARDS}", "--out", "shared",
                "--state-dir", f"machine-{shard}/state", "--cache", f"machine-{shard}/replies.db")

    def shard(self, shard, code=0):
        process = self.run_engine(*self.command(shard))
        self.assert_exit(process, code)
        return process

    def finish(self, code=0):
        process = self.run_engine("finish", "shared")
        self.assert_exit(process, code)
        return process

    def check_finished(self):
        rows = [row for part in sorted((self.folder / "shared/rows").iterdir()) for row in read_jsonl(part)]
        self.assertEqual([row["_rare"]["id"] for row in rows], [str(number) for number in range(RECORDS)])
        manifest = json.loads((self.folder / "shared/_rare/manifest.json").read_text())
        self.assertEqual((manifest["status"], manifest["records"]["read"], manifest["records"]["written"]),
                         ("complete", RECORDS, RECORDS))
        self.assertTrue((self.folder / "shared/_SUCCESS").exists())
        return manifest

    def test_a_file_system_without_hard_links_is_refused_before_anything_is_paid(self):
        self.rules.write_text("nolinks /shared/\n")
        refused = self.shard(0, code=2)
        self.assertIn("expected a file system with hard links", refused.stderr)
        self.assertIn("--out DIR", refused.stderr)
        self.assertEqual(self.stats()["calls"], 0)
        self.rules.unlink()
        for shard in range(SHARDS):
            self.shard(shard)
        self.finish()
        self.check_finished()

    def fill_up(self, text, at_call):
        """Shard 1 finds files whose path holds `text` full; the next attempt, with room, completes it."""
        self.shard(0)
        before = self.stats()["calls"]
        process = self.start(*self.command(1))
        if at_call:
            wait_until(lambda: self.stats()["calls"] >= before + at_call or process.poll() is not None)
        self.rules.write_text(f"full {text} 0\n")
        _, error = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 4, error)
        self.assertIn("ree some ", error)  # "free some space", "Free some room"
        self.assertIn("/shared/", error)
        self.assertFalse((self.folder / "shared/_rare/part-00001.json").exists())
        self.assertIn("1 of 2 are missing: 1", self.finish(code=4).stderr)
        self.rules.unlink()
        self.shard(1)
        self.finish()
        self.check_finished()
        self.assertLessEqual(self.stats()["calls"], RECORDS + CALLS_LOST)

    def test_the_disk_is_full_where_rows_go(self):
        self.fill_up("shared/_rare/attempts/", at_call=30)

    def test_the_disk_is_full_where_replies_go(self):
        self.fill_up("shared/_rare/replies/", at_call=30)

    def test_the_disk_is_full_when_a_shard_is_committed(self):
        self.fill_up("shared/_rare/tmp/", at_call=RECORDS // SHARDS // 2)

    def test_the_disk_is_full_at_the_plan(self):
        self.rules.write_text("full shared/_rare/tmp/ 0\n")
        refused = self.shard(0, code=4)
        self.assertIn("ree some ", refused.stderr)
        self.assertFalse((self.folder / "shared/_rare/plan.json").exists())
        self.assertEqual(self.stats()["calls"], 0)

    def test_the_disk_is_full_when_it_is_finished(self):
        for shard in range(SHARDS):
            self.shard(shard)
        self.rules.write_text("full shared/_rare/ 0\n")
        refused = self.finish(code=4)
        self.assertIn("ree some ", refused.stderr)
        self.assertFalse((self.folder / "shared/_SUCCESS").exists())
        self.rules.unlink()
        self.finish()
        self.check_finished()

    def test_killed_when_it_commits(self):
        self.shard(0)
        for name in ("part-00001.json", "shared/_rare/tmp"):
            self.rules.write_text(f"die {name} 1\n")
            self.assertEqual(self.run_engine(*self.command(1)).returncode, -9)
            self.rules.unlink()
        self.assertFalse((self.folder / "shared/_rare/part-00001.json").exists())
        calls = self.stats()["calls"]
        self.shard(1)
        self.assertEqual(self.stats()["calls"], calls)
        for name in ("manifest.json", "_SUCCESS"):
            self.rules.write_text(f"die {name} 1\n")
            self.assertEqual(self.run_engine("finish", "shared").returncode, -9)
            self.rules.unlink()
            self.assertFalse((self.folder / "shared/_SUCCESS").exists())
        self.finish()
        self.check_finished()

    def test_killed_when_it_finishes_what_was_retried(self):
        one_attempt = ("--set", "nodes.answers.with.max_attempts=1", "--set", "stop_after_errors=100%",
                       "--set", "max_errors=100%")
        with ProtocolServer("--truncated", 15, "--seed", 1) as server:
            self.use_endpoint(server)
            for shard in range(SHARDS):
                self.assert_exit(self.run_engine(*self.command(shard), *one_attempt), 0)
        self.finish()
        self.assertTrue(read_jsonl(self.folder / "shared/dead_letters.jsonl"))
        self.attempts = json.loads((self.folder / "shared/_rare/manifest.json").read_text())["attempts"]
        with ProtocolServer() as server:
            self.use_endpoint(server)
            for shard in range(SHARDS):
                command = ("retry", *self.command(shard)[1:], *one_attempt)
                self.assert_exit(self.run_engine(*command), 0)
        for name in ("_SUCCESS", "rows-00000.jsonl", "rows-00001.jsonl", "dead_letters.jsonl", "manifest.json", "swept",
                     "_SUCCESS"):
            self.rules.write_text(f"die {name} 1\n")
            self.assertEqual(self.run_engine("finish", "shared").returncode, -9, name)
            self.rules.unlink()
            # Until it is all there again, it is not said to be; but for the first time, when nothing was changed.
            self.assertEqual((self.folder / "shared/_SUCCESS").exists(), name == "_SUCCESS" and not self.began_again())
        self.finish()
        self.check_finished()
        self.assertFalse((self.folder / "shared/dead_letters.jsonl").exists())

    def began_again(self):
        manifest = json.loads((self.folder / "shared/_rare/manifest.json").read_text())
        return manifest["attempts"] != self.attempts

    def test_machines_whose_clocks_differ(self):
        for shard, offset_s in enumerate((-86_400, 86_400)):
            self.rules.write_text(f"clock {offset_s}\n")
            self.shard(shard)
        self.rules.write_text("clock -172800\n")
        self.finish()
        manifest = self.check_finished()
        self.assertGreaterEqual(manifest["elapsed_s"], 0)
        self.assertLess(manifest["elapsed_s"], HANG_S)
        self.assertEqual(self.stats()["calls"], RECORDS)
        self.rules.unlink()
        self.assertIn("shard 1 of 2 is complete", self.shard(1).stdout)


if __name__ == "__main__":
    unittest.main()
