"""Dead letters of a run in shards, asked for anew: from the shared folder alone, at no other cost, on any machine."""

import fcntl
import json
import shutil
import signal
import unittest

from harness import EngineTest, HANG_S, ProtocolServer, read_jsonl, wait_until
from shard_test import DRAWING

RECORDS = 90
SHARDS = 3
PIPELINE = """
name: asking
order: input
max_errors: 0
stop_after_errors: 100%
services:
  teacher: { use: llm.openai, with: { base_url: "${RARE_LLM_URL}", model: "${RARE_LLM_MODEL}", max_in_flight: 8 } }
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: questions, use: Doc2Query, with: { llm: teacher, max_attempts: 1 } }
  - { name: answers, use: llm.generate, with: { llm: teacher, prompt: "Answer {{question}}", max_attempts: 1 } }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl } }
  - { name: some, use: files.write, from: answers, with: { path: out/some.jsonl, max_records_per_file: 25 } }
  - name: training
    use: export.sft
    from: answers
    with: { path: out/training, validation: 0.3, input_reasoning_key: scenario, prompt: "{{question}}" }
"""
# Gives another text each time, and none of every ninth record while there is a file `broken`.
NOISE = """
import os
def process(record):
    if os.path.exists("broken") and int(record["id"].rsplit("-")[-1]) % 9 == 4: raise ValueError("broken")
    return record | {"text": record["text"] + " " + os.urandom(8).hex()}
"""
QUIET = ("--progress", "none")
OUTPUTS = ("rows", "some", "training")


class ShardRetryTest(EngineTest):
    def setUp(self):
        super().setUp()
        self.write("asking.yaml", PIPELINE)
        self.write_corpus(RECORDS)

    def command(self, verb, *more):
        """On a machine that has nothing of the others but the shared folder."""
        self.machines = getattr(self, "machines", 0) + 1
        machine = f"machine-{self.machines}"
        return (verb, "asking.yaml", *QUIET, "--out", "shared", "--state-dir", machine, "--cache", f"{machine}.db", *more)

    def call(self, *command, code=0):
        process = self.run_engine(*command)
        self.assert_exit(process, code)
        return process

    def run_shards(self, *server_options, finish=3):
        with ProtocolServer(*server_options) as server:
            self.use_endpoint(server)
            for shard in range(SHARDS):
                self.call(*self.command("run", "--shard", f"{shard}/{SHARDS}"))
        if finish is not None:
            self.call("finish", "shared", code=finish)

    def retry(self, *more, truncated=0, code=0):
        """What it says, and the calls that it made."""
        with ProtocolServer("--truncated", truncated, "--seed", 5) as server:
            self.use_endpoint(server)
            return self.call(*self.command("retry", *more), code=code).stdout, server.stats()["calls"]

    def dead(self):
        file = self.folder / "shared/dead_letters.jsonl"
        return read_jsonl(file) if file.exists() else []

    def calls_for(self, letters):
        """One that died before the answers is asked twice; of one that died at them the first reply is there."""
        return sum(1 if letter["node"] == "answers" else 2 for letter in letters)

    def draw(self):
        """The pipeline with a program whose text is another one each time."""
        self.write("noise.py", NOISE)
        self.write("asking.yaml", PIPELINE.replace("corpus.jsonl } }", "corpus.jsonl } }" + DRAWING))

    def rows(self):
        """Those of all shards, by id."""
        return {row["id"]: row for shard in range(SHARDS)
                for row in read_jsonl(self.folder / f"shared/rows/rows-0000{shard}.jsonl")}

    def output(self):
        return {path.relative_to(self.folder / "shared"): path.read_bytes()
                for name in OUTPUTS for path in sorted((self.folder / "shared" / name).rglob("*")) if path.is_file()}

    def undisturbed(self):
        """What the shards make when nothing fails."""
        self.run_shards(finish=0)
        output = self.output()
        self.assertEqual(len(read_jsonl(self.folder / "shared/rows/rows-00000.jsonl")), RECORDS // SHARDS)
        shutil.rmtree(self.folder / "shared")
        return output

    def check_output(self, output):
        now = self.output()
        self.assertEqual(sorted(now), sorted(output))
        for file, content in output.items():
            self.assertEqual(now[file].splitlines(), content.splitlines(), file)

    def check_whole(self, output):
        self.check_output(output)
        self.assertEqual(self.dead(), [])
        manifest = json.loads((self.folder / "shared/_rare/manifest.json").read_text())
        self.assertEqual((manifest["records"]["read"], manifest["records"]["dead"]), (RECORDS, 0))
        self.assertTrue((self.folder / "shared/_SUCCESS").exists())

    def test_rows_stand_where_they_would_have_stood(self):
        output = self.undisturbed()
        self.run_shards("--truncated", 15, "--seed", 1)
        dead = self.dead()
        self.assertGreater(len({letter["node"] for letter in dead}), 1)
        said, calls = self.retry()
        self.assertIn(f"complete, {SHARDS} shards", said)
        self.assertEqual(calls, self.calls_for(dead))
        self.check_whole(output)
        before = self.output()
        self.assertEqual(self.retry()[1], 0)
        self.assertIn("complete", self.call(*self.command("run", "--shard", "1/3")).stdout)
        self.call("finish", "shared")
        self.check_output(before)

    def test_what_dies_again_is_asked_again(self):
        output = self.undisturbed()
        self.run_shards("--truncated", 15, "--seed", 1)
        for _ in range(2):
            before = self.dead()
            _, calls = self.retry(truncated=50, code=3)
            self.assertGreater(len(before), len(self.dead()))
            self.assertTrue(self.dead())
            self.assertLessEqual(calls, self.calls_for(before))
            self.assertEqual(len(read_jsonl(self.folder / "shared/rows/rows-00001.jsonl")),
                             RECORDS // SHARDS - sum(30 <= int(letter["id"]) < 60 for letter in self.dead()))
        left = self.dead()
        self.assertEqual(self.retry()[1], self.calls_for(left))
        self.check_whole(output)

    def test_a_finished_shard_whose_part_was_damaged_is_run_again_and_finished(self):
        output = self.undisturbed()
        self.run_shards(finish=0)
        part = self.folder / "shared/_rare/part-00001.json"
        part.write_text("{")
        self.assertIn("part-00001.json", self.call("finish", "shared", code=1).stderr)
        part.unlink()
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.call(*self.command("run", "--shard", "1/3"))
            self.assertEqual(server.stats()["calls"], 0)
        self.call("finish", "shared")
        self.check_whole(output)

    def test_one_shard_alone_and_before_the_end(self):
        output = self.undisturbed()
        self.run_shards("--truncated", 15, "--seed", 1, finish=None)
        said, _ = self.retry("--shard", "1/3")
        self.assertIn("shard 1 of 3 is complete", said)
        self.call("finish", "shared", code=3)
        left = self.dead()
        self.assertTrue(left)
        self.assertFalse([letter for letter in left if 30 <= int(letter["id"]) < 60])
        self.retry("--shard", "0/3")
        self.assertEqual(self.dead(), left)  # until it is finished again
        self.call("finish", "shared", code=3)
        left = [letter for letter in left if int(letter["id"]) >= 60]
        self.assertEqual(self.dead(), left)
        self.assertEqual(self.retry()[1], self.calls_for(left))
        self.check_whole(output)

    def test_below_a_program_only_what_died_is_made_anew(self):
        self.draw()
        self.write("broken", "")
        self.run_shards("--truncated", 15, "--seed", 1)
        (self.folder / "broken").unlink()
        dead, good = self.dead(), self.rows()
        self.assertEqual({letter["node"] for letter in dead}, {"noise", "questions", "answers"})
        self.assertEqual(len(good), RECORDS - len(dead))
        _, calls = self.retry(truncated=50, code=3)
        self.assertLessEqual(calls, self.calls_for(dead))
        dead, now = self.dead(), self.rows()
        self.assertTrue(dead)
        self.assertGreater(len(now), len(good))
        self.assertEqual({name: now[name] for name in good}, good)
        self.assertEqual(self.retry()[1], self.calls_for(dead))
        all_rows = self.rows()
        self.assertEqual(len(all_rows), RECORDS)
        self.assertEqual({name: all_rows[name] for name in now}, now)
        self.assertEqual(self.dead(), [])

    def test_a_retry_rests_on_the_attempt_that_counts(self):
        """Of two at each shard, which drew other texts, and paid for them, at the same time."""
        self.draw()
        with ProtocolServer("--truncated", 15, "--seed", 1, "--latency-ms", 100) as server:
            self.use_endpoint(server)
            attempts = [self.start(*self.command("run", "--shard", f"{shard}/{SHARDS}"))
                        for shard in range(SHARDS) for _ in range(2)]
            for attempt in attempts:
                _, error = attempt.communicate(timeout=HANG_S)
                self.assertEqual(attempt.returncode, 0, error)
        self.call("finish", "shared", code=3)
        dead, good = self.dead(), self.rows()
        self.assertTrue(dead)
        self.assertLessEqual(self.retry()[1], self.calls_for(dead))
        now = self.rows()
        self.assertEqual(len(now), RECORDS)
        self.assertEqual({name: now[name] for name in good}, good)

    def test_a_shard_that_is_not_committed(self):
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.call(*self.command("run", "--shard", "0/3"))
            refused = self.call(*self.command("retry", "--shard", "1/3"), code=4)
        self.assertIn("shard 1 of 3 is not committed", refused.stderr)
        self.assertIn("--out", self.call("retry", "asking.yaml", "--shard", "1/3", code=2).stderr)
        self.assertIn("expected the folder of a run in shards", self.call("retry", "asking.yaml", "--out", ".", code=2).stderr)

    def test_killed_again_and_again(self):
        output = self.undisturbed()
        self.run_shards("--truncated", 15, "--seed", 1)
        finished = self.output()
        dead = self.dead()
        with ProtocolServer("--latency-ms", 100) as server:
            self.use_endpoint(server)
            command = self.command("retry")
            for kill in range(3):
                process = self.start(*command)
                wait_until(lambda: server.stats()["calls"] > 2 * kill or process.poll() is not None)
                process.kill()
                process.communicate(timeout=HANG_S)
                self.check_output(finished)
                self.assertTrue((self.folder / "shared/_SUCCESS").exists())
            self.call(*command)
            # What was in flight, or received and not logged yet, at each kill may be asked once more.
            self.assertLessEqual(server.stats()["calls"], self.calls_for(dead) + 3 * 16)
        self.check_whole(output)

    def test_a_finish_meanwhile_leaves_a_retry_alone(self):
        output = self.undisturbed()
        self.run_shards("--truncated", 15, "--seed", 1)
        finished = self.output()
        with ProtocolServer("--latency-ms", 300) as server:
            self.use_endpoint(server)
            retry = self.start(*self.command("retry"))
            wait_until(lambda: server.stats()["calls"] > 0 or retry.poll() is not None)
            self.assertIn("a retry is under way", self.call("finish", "shared", code=3).stderr)
            self.check_output(finished)
            out, error = retry.communicate(timeout=HANG_S)
            self.assertEqual(retry.returncode, 0, out + error)
        self.check_whole(output)

    def test_what_a_retry_made_and_is_gone_is_not_taken_from_the_run(self):
        """Rows of the same length, and folders, too: nothing old passes for what the retry wrote."""
        output = self.undisturbed()
        self.run_shards("--truncated", 15, "--seed", 1)
        self.retry("--shard", "1/3")
        attempts = self.folder / "shared/_rare/attempts"
        shutil.rmtree(attempts / "00001")
        part = self.folder / "shared/_rare/part-00001.retry-1.json"
        said = self.call("finish", "shared", code=2).stderr
        self.assertIn(f"Remove {part}", said)
        self.assertFalse((self.folder / "shared/_SUCCESS").exists())
        part.write_text('{"retry": "1"}')
        self.assertIn(f"{part}: expected the account of a shard", self.call("finish", "shared", code=1).stderr)
        part.unlink()
        self.retry("--shard", "1/3")
        self.call("finish", "shared", code=3)
        self.retry()
        self.check_whole(output)

    def test_one_finish_at_a_time(self):
        self.run_shards(finish=None)
        lock = self.folder / "shared/_rare/lock"
        with open(lock, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertIn("one is under way", self.call("finish", "shared", code=4).stderr)
        self.call("finish", "shared")

    def test_a_zombie_changes_nothing(self):
        output = self.undisturbed()
        self.run_shards("--truncated", 15, "--seed", 1)
        with ProtocolServer("--latency-ms", 200) as server:
            self.use_endpoint(server)
            zombie = self.start(*self.command("retry", "--shard", "1/3"))
            wait_until(lambda: server.stats()["calls"] > 0 or zombie.poll() is not None)
            zombie.send_signal(signal.SIGSTOP)
            self.call(*self.command("retry"))
            self.check_whole(output)
            zombie.send_signal(signal.SIGCONT)
            zombie.communicate(timeout=HANG_S)
            self.call("finish", "shared")
        self.check_whole(output)


if __name__ == "__main__":
    unittest.main()
