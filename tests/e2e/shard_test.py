"""A run in shards: together they make what one machine makes, whatever happens to each."""

import gzip
import json
import random
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness import (ENGINE, SOURCE, ChatHandler, EngineTest, HANG_S, HandledServer, ProtocolServer, read_jsonl,
                     wait_until)

PIPELINE = """
name: sharded
max_errors: 2
nodes:
  - { name: documents, use: files.read, with: { path: [a.jsonl, b.csv, c.jsonl.gz] } }
  - { name: slow, use: basic.delay, with: { ms: 1 }, parallelism: 4 }
  - { name: kept, use: basic.filter, with: { where: "(.n | tonumber) % 7 != 3" } }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl, meta: true } }
  - { name: parts, use: files.write, from: kept, with: { path: out/rows.csv, fields: [n], max_records_per_file: 40 } }
"""
ASKING = """
name: asking
services:
  teacher: { use: llm.openai, with: { base_url: "${RARE_LLM_URL}", model: "${RARE_LLM_MODEL}", max_in_flight: 4 } }
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: answers, use: llm.generate, with: { llm: teacher, prompt: "Say something of {{text}}" } }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl, meta: true } }
"""
DRAWING = f"""
  - {{ name: noise, use: basic.exec, with: {{ command: [python3, {SOURCE}/sdk/python/rare_exec.py, noise.py] }} }}"""
QUIET = ("--progress", "none")
COUNT = 600


def listening(many):
    """What is asked, an event for when so many were, and what answers."""
    asked, enough = [], threading.Event()

    class Handler(ChatHandler):
        def reply(self, prompt):
            asked.append(prompt)
            if len(asked) >= many:
                enough.set()
            return f"It has {len(prompt)} letters."

    return asked, enough, Handler


class ShardTest(EngineTest):
    def lay_out(self, more=""):
        lines = [json.dumps({"n": n}) for n in range(COUNT)]
        lines[100] = "no record"
        self.write("a.jsonl", "\n".join(lines[:300]) + "\n")
        self.write("b.csv", "n\n" + "".join(f"{n}\n" for n in range(300, 400)))
        self.write("c.jsonl.gz", gzip.compress(("\n".join(lines[400:]) + "\n").encode()))
        self.write("sharded.yaml", PIPELINE + more)

    def shard(self, which, *more, code=0, pipeline="sharded.yaml", out="out"):
        process = self.run_engine("run", pipeline, *QUIET, "--shard", which, "--out", out, *more)
        self.assert_exit(process, code)
        return process

    def finish(self, code=0):
        process = self.run_engine("finish", "out")
        self.assert_exit(process, code)
        return process

    def rows_of_one_machine(self):
        """What a run of the whole makes, with the records' ids."""
        one = self.folder / "one"
        self.assert_exit(self.run_engine("sharded.yaml", *QUIET, "--state-dir", one / "state",
                                         "--set", f"nodes.rows.with.path={one}/rows.jsonl",
                                         "--set", f"nodes.parts.with.path={one}/rows.csv",
                                         "--set", "nodes.slow.parallelism=64"), 0)
        return read_jsonl(one / "rows.jsonl")

    def finished_rows(self):
        return [row for part in sorted((self.folder / "out/rows").iterdir()) for row in read_jsonl(part)]

    def test_shards_make_what_one_machine_makes(self):
        self.lay_out()
        for shard in (4, 0, 3, 1):
            self.shard(f"{shard}/5")
        missing = self.finish(code=4)
        self.assertIn("1 of 5 are missing: 2.", missing.stderr)
        self.assertFalse((self.folder / "out/rows").exists())
        self.assertIn("missing: 2\n", self.run_engine("status", "out").stdout)
        self.shard("2/5")
        written = (self.folder / "out/_rare/part-00002.json").read_text()
        self.assertIn("shard 2 of 5 is complete", self.shard("2/5").stdout)
        self.assertEqual((self.folder / "out/_rare/part-00002.json").read_text(), written)
        for _ in range(2):
            done = self.finish()
            self.assertIn("complete, 5 shards", done.stdout)
        self.assertEqual(self.finished_rows(), self.rows_of_one_machine())
        numbers = sorted(int(line.strip('"')) for part in (self.folder / "out/parts").iterdir()
                         for line in part.read_text().split()[1:])
        self.assertEqual(numbers, [n for n in range(COUNT) if n % 7 != 3 and n != 100])
        self.assertEqual([letter["id"] for letter in read_jsonl(self.folder / "out/dead_letters.jsonl")], ["100"])
        manifest = json.loads((self.folder / "out/_rare/manifest.json").read_text())
        self.assertEqual((manifest["records"]["read"], manifest["records"]["dead"]), (COUNT, 1))
        self.assertTrue((self.folder / "out/_SUCCESS").exists())
        self.assertFalse((self.folder / "out/_rare/attempts").exists())
        self.assertIn("shard 2 of 5 is complete", self.shard("2/5", "--state-dir", "elsewhere").stdout)

    def test_more_shards_than_records(self):
        self.lay_out()
        self.write("a.jsonl", '{"n": 1}\n{"n": 2}\n')
        self.write("sharded.yaml", PIPELINE.replace("[a.jsonl, b.csv, c.jsonl.gz]", "a.jsonl"))
        for shard in range(4):
            self.shard(f"{shard}/4")
        self.finish()
        self.assertEqual(self.finished_rows(), self.rows_of_one_machine())

    def test_too_many_dead_letters_are_the_whole_runs(self):
        self.lay_out()
        self.write("sharded.yaml", PIPELINE.replace("max_errors: 2", "max_errors: 0"))
        for shard in range(2):
            self.shard(f"{shard}/2")
        self.finish(code=3)

    def test_killed_and_gone_on_with(self):
        self.lay_out()
        self.write("sharded.yaml", PIPELINE.replace("ms: 1", "ms: 10"))
        process = self.start("run", "sharded.yaml", *QUIET, "--shard", "1/2", "--out", "out")
        attempts = self.folder / "out/_rare/attempts/00001"
        wait_until(lambda: any(file.stat().st_size for file in attempts.glob("*/rows/*.part"))
                   or process.poll() is not None)
        process.kill()
        process.communicate(timeout=HANG_S)
        self.shard("1/2")
        self.shard("0/2")
        self.assertEqual(len(list(attempts.iterdir())), 1)  # it went on in the same attempt
        self.finish()
        self.assertEqual(self.finished_rows(), self.rows_of_one_machine())

    def test_a_zombie_changes_nothing(self):
        """An attempt that was thought dead goes on after another was committed, and after the end."""
        self.lay_out()
        self.write("sharded.yaml", PIPELINE.replace("ms: 1", "ms: 25"))
        self.shard("0/2", "--set", "nodes.slow.parallelism=64")
        zombies = []
        for name in ("first", "second"):
            zombie = self.start("run", "sharded.yaml", *QUIET, "--shard", "1/2", "--out", "out", "--state-dir", name)
            zombies.append(zombie)
            begun = self.folder / "out/_rare/attempts/00001"
            wait_until(lambda: begun.exists() and len(list(begun.glob("*/rows/*"))) == len(zombies))
            zombie.send_signal(signal.SIGSTOP)
        self.shard("1/2", "--state-dir", "third", "--set", "nodes.slow.parallelism=64")
        committed = (self.folder / "out/_rare/part-00001.json").read_bytes()
        zombies[0].send_signal(signal.SIGCONT)
        out, error = zombies[0].communicate(timeout=HANG_S)
        self.assertEqual(zombies[0].returncode, 0, error)
        self.assertIn("another attempt was committed before", error)
        self.finish()
        rows = self.finished_rows()
        zombies[1].send_signal(signal.SIGCONT)
        zombies[1].communicate(timeout=HANG_S)  # its files are swept: it may fail
        self.assertEqual((self.folder / "out/_rare/part-00001.json").read_bytes(), committed)
        self.finish()
        self.assertEqual(self.finished_rows(), rows)
        self.assertEqual(rows, self.rows_of_one_machine())

    def test_all_at_once_plan_once(self):
        self.lay_out()
        processes = [self.start("run", "sharded.yaml", *QUIET, "--shard", f"{shard}/3", "--out", "out")
                     for shard in range(3)]
        for process in processes:
            _, error = process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 0, error)
        self.finish()
        self.assertEqual(self.finished_rows(), self.rows_of_one_machine())

    def test_the_number_from_an_array_of_jobs(self):
        self.lay_out()
        self.assertIn("neither is set", self.shard("auto", code=2).stderr)
        self.environment["SLURM_ARRAY_TASK_ID"] = "1"
        self.assertIn("say it as --shard auto/N", self.shard("auto", code=2).stderr)
        self.assertIn("shard 1 of 2 is complete", self.shard("auto/2").stdout)
        del self.environment["SLURM_ARRAY_TASK_ID"]
        self.environment["JOB_COMPLETION_INDEX"] = "0"
        self.assertIn("shard 0 of 2 is complete", self.shard("auto").stdout)
        self.environment["JOB_COMPLETION_INDEX"] = "2"
        self.assertIn("expected a number from 0 to 1, came 2", self.shard("auto", code=2).stderr)
        self.finish()

    def test_refused_is_what_would_be_another_run(self):
        self.lay_out()
        self.shard("0/2")
        self.assertIn("expected 2 shards", self.shard("0/3", code=2).stderr)
        self.assertIn("nodes.kept.with.where: was",
                      self.shard("1/2", "--set", "nodes.kept.with.where=true", code=2).stderr)
        before = (self.folder / "b.csv").read_bytes()
        (self.folder / "b.csv").write_bytes(before + b"400\n")
        self.assertIn("the input changed since", self.shard("1/2", code=2).stderr)
        (self.folder / "b.csv").write_bytes(before)
        self.assertIn("the input changed since", self.shard("1/2", code=2).stderr)  # it has another time
        part = self.folder / "out/_rare/part-00000.json"
        (self.folder / "out/_rare/part-00001.json").write_text(
            json.dumps(json.loads(part.read_text()) | {"shard": 1, "plan": "0123456789abcdef"}))
        self.assertIn("part-00001.json", self.finish(code=1).stderr)
        self.assertFalse((self.folder / "out/rows").exists())
        for which in ("2/2", "1", "x/2", "0/0", "-1/2"):
            self.assertIn("expected I/N", self.shard(which, code=2).stderr)
        self.assertIn("--out", self.run_engine("run", "sharded.yaml", "--shard", "0/2").stderr)
        self.assertIn("expected the folder of a run in shards", self.run_engine("finish", ".").stderr)

    def test_refused_is_what_needs_the_whole_set(self):
        self.lay_out()
        first = "  - { name: first, use: basic.limit, from: slow, with: { count: 50 } }\n"
        whole = PIPELINE.replace("  - { name: kept,", first + "  - { name: kept, from: first,")
        self.write("sharded.yaml", whole)
        self.assertIn("node 'first' (basic.limit) works over the whole set", self.shard("0/2", code=2).stderr)
        self.write("sharded.yaml", "per_shard: true\n" + whole)
        for shard in range(2):
            self.shard(f"{shard}/2")
        self.finish()
        self.assertEqual(json.loads((self.folder / "out/_rare/manifest.json").read_text())["nodes"]["first"]["out"], 100)
        index = ("services:\n  index: { use: bm25.index, with: { CORPUS } }\n"
                 "nodes:\n  - { name: documents, use: files.read, with: { path: corpus.jsonl } }\n"
                 "  - { name: negatives, use: BM25HardNeg, with: { index: index, query: '{{text}}', input_question_key: text } }\n"
                 "  - { name: rows, use: files.write, with: { path: out/rows.jsonl } }\n")
        self.write_corpus(20)
        for corpus in ("from: documents", "path: corpus.jsonl"):
            self.write("index.yaml", index.replace("CORPUS", corpus))
            refused = self.shard("0/2", code=2, pipeline="index.yaml", out="other")
            self.assertIn(f"service 'index' (bm25.index): `{corpus.split(':')[0]}` makes it read a whole corpus",
                          refused.stderr)
        self.assert_exit(self.run_engine("index", "build", "--corpus", "corpus.jsonl", "--out", "made"), 0)
        self.write("index.yaml", index.replace("CORPUS", "prebuilt: made"))
        for shard in range(2):
            self.shard(f"{shard}/2", pipeline="index.yaml", out="mined")
        self.assert_exit(self.run_engine("index.yaml", *QUIET), 0)
        mined = [row for part in sorted((self.folder / "mined/_rare/attempts").glob("*/*/rows/*.jsonl"))
                 for row in read_jsonl(part)]
        self.assertEqual(mined, read_jsonl(self.folder / "out/rows.jsonl"))
        self.write_corpus(40)
        foreign = self.shard("1/2", "--state-dir", "foreign-state", code=2, pipeline="index.yaml",
                             out="foreign")  # the index has the first 20 alone
        self.assertIn("that is not in the index's corpus", foreign.stderr)
        self.assertFalse((self.folder / "foreign/_rare/part-00001.json").exists())
        self.write("grows.yaml", "nodes:\n  - { name: d, use: files.read, with: { path: corpus.jsonl, append: true } }\n"
                                 "  - { name: rows, use: files.write, with: { path: out/rows.jsonl } }\n")
        self.assertIn("`append` says that the input grows",
                      self.shard("0/2", code=2, pipeline="grows.yaml", out="other").stderr)
        self.assertFalse((self.folder / "other/_rare/plan.json").exists())

    def test_it_ends_with_who_started_it(self):
        self.lay_out()
        self.write("sharded.yaml", PIPELINE.replace("ms: 1", "ms: 200"))
        process = self.start("run", "sharded.yaml", *QUIET, "--shard", "0/2", "--out", "out",
                             "--set", "grace_s=0")
        attempts = self.folder / "out/_rare/attempts"
        wait_until(lambda: any(file.stat().st_size for file in attempts.glob("*/*/rows/*.part")))
        process.stdout.close()
        _, error = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 130, error)
        self.assertIn("nobody reads the standard output", error)

    def test_it_ends_when_its_parent_is_killed(self):
        self.lay_out()
        self.write("sharded.yaml", PIPELINE.replace("ms: 1", "ms: 3600000"))
        parent = subprocess.Popen(
            ["sh", "-c", f"'{ENGINE}' run sharded.yaml --progress none --shard 0/2 --out out --set grace_s=3600"
                         " > account 2> log & wait"],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL)
        attempts = self.folder / "out/_rare/attempts"
        wait_until(lambda: any(attempts.glob("*/*/rows/*")))
        parent.kill()
        parent.wait(timeout=HANG_S)
        log = self.folder / "log"
        wait_until(lambda: "the same command goes on from here" in log.read_text())
        self.assertIn("the process that started this shard has ended", log.read_text())

    def test_finish_is_killed_again_and_again(self):
        """Two hundred parts: those of the first shard, under all numbers."""
        self.lay_out()
        self.write("a.jsonl", "".join(f'{{"n": {n}}}\n' for n in range(200)))
        self.write("sharded.yaml", PIPELINE.replace("[a.jsonl, b.csv, c.jsonl.gz]", "a.jsonl"))
        self.shard("0/200")
        inner = self.folder / "out/_rare"
        part = json.loads((inner / "part-00000.json").read_text())
        for shard in range(1, 200):
            number = f"{shard:05}"
            attempt = inner / "attempts" / number / part["attempt"]
            files = []
            for file in part["files"]:
                name = file["name"].replace("-00000.", f"-{number}.", 1) if file["node"] == "rows" else \
                    file["name"].replace("rows-00000", f"rows-{number}", 1)
                folder = attempt / file["node"]
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(inner / "attempts/00000" / part["attempt"] / file["node"] / file["name"], folder / name)
                files.append({"node": file["node"], "name": name})
            (inner / f"part-{number}.json").write_text(json.dumps({**part, "shard": shard, "files": files}))
        chance = random.Random(17)
        for _ in range(6):
            process = self.start("finish", "out")
            try:
                process.communicate(timeout=chance.uniform(0.01, 0.15))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate(timeout=HANG_S)
        done = self.finish()
        self.assertIn("complete, 200 shards\nledger: 200 read + 200 copied = 400 written", done.stdout)
        self.assertEqual([row["n"] for row in self.finished_rows()], [0] * 200)
        self.assertEqual(len(list((self.folder / "out/parts").iterdir())), 200)
        self.assertTrue((self.folder / "out/_SUCCESS").exists())
        self.assertFalse((inner / "attempts").exists() or (inner / "swept").exists())

    def test_a_budget_is_divided(self):
        asked = []

        class Handler(ChatHandler):
            def reply(self, prompt):
                asked.append(prompt)
                return "Yes."

        self.write("asking.yaml", "budget: { tokens: 720 }\n" + ASKING)  # 18 each: of 40 calls, 20 a shard
        self.write_corpus(120)
        with HandledServer(Handler) as server:
            self.use_endpoint(server)
            self.assertIn("budget", self.shard("0/2", code=5, pipeline="asking.yaml").stderr)
            self.assertGreaterEqual(len(asked), 20)
            before = len(asked)
            self.shard("0/2", code=5, pipeline="asking.yaml")
            self.assertEqual(len(asked), before)
        self.assertFalse((self.folder / "out/_rare/part-00000.json").exists())

    def test_calls_in_flight_are_divided_among_those_at_work(self):
        self.write("asking.yaml", ASKING.replace("max_in_flight: 4", "max_in_flight: 8, max_in_flight_total: 8"))
        self.write_corpus(1200)
        with ProtocolServer("--latency-ms", 100) as server:
            self.use_endpoint(server)
            processes = [self.start("run", "asking.yaml", *QUIET, "--shard", f"{shard}/2", "--out", "out",
                                    "--cache", f"{shard}.db") for shard in range(2)]
            self.addCleanup(lambda: [process.kill() for process in processes])
            # At first one may think that it is alone. Each looks every two seconds.
            wait_until(lambda: len(list((self.folder / "out/_rare").glob("running/*"))) == 2)
            wait_until(lambda: server.stats()["max_in_flight"] >= 8)
            calm = 0
            while calm < 20:
                self.assertFalse([process for process in processes if process.poll() is not None])
                calm = calm + 1 if 5 <= server.stats()["in_flight"] <= 8 else 0
                time.sleep(0.05)
            processes[1].kill()
            processes[1].communicate(timeout=HANG_S)
            next((self.folder / "out/_rare/running").glob("00001-*")).unlink()  # as if half a minute had passed
            wait_until(lambda: server.stats()["in_flight"] > 4 or processes[0].poll() is not None)
            self.assertIsNone(processes[0].poll())
            processes[0].communicate(timeout=HANG_S)
            self.assertEqual(processes[0].returncode, 0)

    def test_replies_outlive_the_machine_that_paid(self):
        """The second attempt has nothing of the first but the shared folder."""
        asked, enough, handler = listening(40)
        self.write("asking.yaml", ASKING)
        self.write_corpus(120)
        with HandledServer(handler) as server:
            self.use_endpoint(server)
            first = self.start("run", "asking.yaml", *QUIET, "--shard", "0/2", "--out", "out",
                               "--state-dir", "first", "--cache", "first.db")
            self.assertTrue(enough.wait(HANG_S))
            first.kill()
            first.communicate(timeout=HANG_S)
            shutil.rmtree(self.folder / "first")
            for file in self.folder.glob("first.db*"):
                file.unlink()
            logs = list((self.folder / "out/_rare/replies/00000").iterdir())
            self.assertEqual(len(logs), 1)
            kept = logs[0].read_bytes().count(b"\n")
            self.assertGreaterEqual(kept, 20)
            with open(logs[0], "ab") as log:
                log.write(b'{"store":"","key":"torn')
            before = len(asked)
            second = self.shard("0/2", "--state-dir", "second", "--cache", "second.db", pipeline="asking.yaml")
            self.assertIn(f"{kept} replies of earlier attempts at this shard are taken over", second.stderr)
            self.assertEqual(len(asked) - before, 60 - kept)
            self.shard("1/2", "--state-dir", "third", "--cache", "third.db", pipeline="asking.yaml")
            self.finish()
            # Asked twice: what was in flight, or received and in no log yet, when the first was killed.
            self.assertLess(len(asked) - len(set(asked)), 40)
            rows = self.finished_rows()
            before = len(asked)
            self.assertEqual([row["_rare"]["id"] for row in rows], [str(n) for n in range(120)])
            self.assert_exit(self.run_engine("asking.yaml", *QUIET, "--cache", "fourth.db"), 0)
            self.assertEqual(rows, read_jsonl(self.folder / "out/rows.jsonl"))
        self.assertEqual(len(asked) - before, 120)

    def test_what_a_program_gave_outlives_the_machine(self):
        """It gives another text each time: what was asked below it is of use only over the same one."""
        asked, enough, handler = listening(40)
        self.write("noise.py", "import os\ndef process(record): return record | {'text': os.urandom(8).hex()}\n")
        self.write("asking.yaml", ASKING.replace("corpus.jsonl } }", "corpus.jsonl } }" + DRAWING))
        self.write_corpus(120)
        with HandledServer(handler) as server:
            self.use_endpoint(server)
            machines = [("--state-dir", f"state-{name}", "--cache", f"{name}.db") for name in ("first", "second", "third")]
            first = self.start("run", "asking.yaml", *QUIET, "--shard", "0/2", "--out", "out", *machines[0])
            self.assertTrue(enough.wait(HANG_S))
            first.kill()
            first.communicate(timeout=HANG_S)
            log, = (self.folder / "out/_rare/replies/00000").iterdir()
            whole_lines = log.read_text().split("\n")[:-1]
            logged = [json.loads(line)["node"] for line in whole_lines]
            self.assertGreaterEqual(logged.count("noise"), logged.count("answers"))
            before = len(asked)
            self.shard("0/2", *machines[1], pipeline="asking.yaml")
            self.assertEqual(len(asked) - before, 60 - logged.count("answers"))
            self.shard("1/2", *machines[2], pipeline="asking.yaml")
            self.finish()
        rows = self.finished_rows()
        self.assertEqual([row["_rare"]["id"] for row in rows], [str(n) for n in range(120)])
        texts = {row["text"] for row in rows}
        self.assertEqual(len(texts), 120)
        self.assertLessEqual(texts, {prompt.removeprefix("Say something of ") for prompt in asked})


if __name__ == "__main__":
    unittest.main()
