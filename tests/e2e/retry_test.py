"""Dead letters asked for anew: what comes of them stands where it would have stood, at no other cost."""

import signal
import unittest

from harness import BUILD, EngineTest, HANG_S, PIPELINES, ProtocolServer, read_jsonl, wait_until

RARE = [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none"]
OUTPUT = "out/rare-openai.jsonl"
ONE_ATTEMPT = ["--set", "nodes.questions.with.max_attempts=1",
               "--set", "nodes.reasoning.with.max_attempts=1",
               "--set", "stop_after_errors=100%"]
SAVING = """
nodes:
  - name: questions
    save: out/questions.jsonl.zst
"""
WHOLE_SET = """
nodes:
  - name: sorted
    use: basic.sort
    from: reasoning
    with: { by: id, descending: true }
  - name: result
    from: sorted
"""


APPENDING = """
name: appending
max_errors: 1
nodes:
  - { name: read, use: files.read, with: { path: in.jsonl } }
  - { name: log, use: good.nowhere, from: read }
  - { name: file, use: files.write, from: read, with: { path: out.jsonl } }
"""


class RetryTest(EngineTest):
    def over(self, corpus, *more):
        return [*RARE, "--set", f"nodes.documents.with.path={corpus}", *ONE_ATTEMPT, *more]

    def undisturbed(self, command, outputs=(OUTPUT,)):
        """The outputs of a run in which nothing fails."""
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("run", *command, "--state-dir", "whole",
                                             "--cache", "whole.db"), 0)
        rows = {}
        for output in outputs:
            rows[output] = (self.folder / output).read_bytes()
            (self.folder / output).unlink()
        return rows

    def run_with_dead_letters(self, command, seed=1):
        with ProtocolServer("--truncated", 20, "--seed", seed) as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("run", *command), 3)
        dead = [letter["node"] for letter in self.dead_letters("rare-openai")]
        self.assertGreater(dead.count("questions"), 3)
        self.assertGreater(dead.count("reasoning"), 3)
        return dead

    def retry(self, command, code=0, *server_options):
        """Standard output of the retry, and the calls that it made."""
        with ProtocolServer(*server_options) as server:
            self.use_endpoint(server)
            process = self.run_engine("retry", *command)
            self.assert_exit(process, code)
            return process.stdout, server.stats()["calls"]

    def check_complete(self, records):
        manifest = self.manifest("rare-openai")
        self.assertEqual(manifest["status"], "complete")
        self.assertEqual(manifest["records"]["read"], records)
        self.assertEqual(manifest["records"]["written"],
                         records * (2 if (self.folder / "out/questions.jsonl.zst").exists() else 1))
        self.assertEqual(manifest["records"]["dead"], 0)
        self.assertEqual(manifest["nodes"]["questions"]["in"], records)
        self.assertEqual(manifest["nodes"]["questions"]["dead"], 0)
        self.assertEqual(manifest["nodes"]["result"]["in"], records)
        self.assertEqual(self.dead_letters("rare-openai"), [])

    def test_rows_stand_where_they_would_have_stood(self):
        (self.folder / "saving.yaml").write_text(SAVING)
        command = self.over(self.write_corpus(100), "-f", self.folder / "saving.yaml")
        expected = self.undisturbed(command, (OUTPUT, "out/questions.jsonl.zst"))
        dead = self.run_with_dead_letters(command)
        out, calls = self.retry(command)
        self.assertIn(f"retried {len(dead)} records with dead letters; 0 dead letters are left", out)
        # A record that died at the first node is asked twice; of one that died at the second, the
        # first reply is there.
        self.assertEqual(calls, 2 * dead.count("questions") + dead.count("reasoning"))
        for output, rows in expected.items():
            self.assertEqual((self.folder / output).read_bytes(), rows, output)
        self.check_complete(100)
        self.assertEqual(list((self.folder / ".rare" / "rare-openai").glob("retry-*")), [])
        # Nothing is left to do, and a later start has nothing to do either.
        self.assertIn("no dead letters", self.retry(command)[0])
        self.assertIn("complete, 200 records", self.run_engine("run", *command).stdout)

    def test_with_any_order_every_row_is_there_once(self):
        command = self.over(self.write_corpus(100), "--set", "order=any")
        expected = self.undisturbed(command)
        self.run_with_dead_letters(command)
        self.retry(command)
        self.assertEqual(sorted((self.folder / OUTPUT).read_bytes().splitlines()),
                         sorted(expected[OUTPUT].splitlines()))
        self.check_complete(100)

    def test_below_a_whole_set_node_the_output_is_made_anew(self):
        (self.folder / "sorted.yaml").write_text(WHOLE_SET)
        command = self.over(self.write_corpus(60), "-f", self.folder / "sorted.yaml")
        expected = self.undisturbed(command)
        dead = self.run_with_dead_letters(command)
        _, calls = self.retry(command)
        self.assertEqual(calls, 2 * dead.count("questions") + dead.count("reasoning"))
        self.assertEqual((self.folder / OUTPUT).read_bytes(), expected[OUTPUT])
        self.assertEqual(self.dead_letters("rare-openai"), [])

    def test_what_a_sink_keeps_for_good_is_never_made_again(self):
        self.write("in.jsonl", '{"n": 1}\nno record\n{"n": 2}\n')
        self.write("appending.yaml", APPENDING)
        command = ["appending.yaml", "--progress", "none", "--plugin-path", BUILD / "test_plugins" / "good"]
        self.assert_exit(self.run_engine("run", *command), 0)
        before = (self.folder / ".rare/appending/manifest.json").read_bytes()
        refused = self.run_engine("retry", *command)
        self.assert_exit(refused, 2)
        self.assertIn("node 'log' (good.nowhere): nowhere keeps the rows that it has, and so those that are made again would stand there twice",
                      refused.stderr)
        self.assert_exit(self.run_engine("run", *command), 0)
        (self.folder / "out.jsonl").unlink()
        refused = self.run_engine("run", *command)
        self.assert_exit(refused, 2)
        self.assertIn("its output out.jsonl is gone, and is not made again. node 'log'", refused.stderr)
        self.assertFalse((self.folder / "out.jsonl").exists())
        self.assertEqual((self.folder / ".rare/appending/manifest.json").read_bytes(), before)
        self.assert_exit(self.run_engine("run", *command, "--fresh"), 0)
        self.assertEqual(len(read_jsonl(self.folder / "out.jsonl")), 2)

    def test_what_dies_again_can_be_retried_again(self):
        command = self.over(self.write_corpus(100))
        expected = self.undisturbed(command)
        self.run_with_dead_letters(command)
        for seed in (2, 3):
            self.retry(command, 3, "--truncated", 40, "--seed", seed)
            left = self.dead_letters("rare-openai")
            self.assertGreater(len(left), 0)
            manifest = self.manifest("rare-openai")
            self.assertEqual(manifest["records"]["written"], 100 - len(left))
            self.assertEqual(len(read_jsonl(self.folder / OUTPUT)), 100 - len(left))
        _, calls = self.retry(command)
        # Replies of earlier retries are reused: a record that got past the first node in one of
        # them is not asked there again.
        dead = [letter["node"] for letter in left]
        self.assertEqual(calls, 2 * dead.count("questions") + dead.count("reasoning"))
        self.assertEqual((self.folder / OUTPUT).read_bytes(), expected[OUTPUT])
        # The output is gone: all of it is made again, and costs nothing.
        (self.folder / OUTPUT).unlink()
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("run", *command), 0)
            self.assertEqual(server.stats()["calls"], 0)
        self.assertEqual((self.folder / OUTPUT).read_bytes(), expected[OUTPUT])
        self.check_complete(100)

    def test_a_retry_that_is_killed_leaves_the_run_as_it_was_and_goes_on(self):
        command = self.over(self.write_corpus(150))
        expected = self.undisturbed(command)
        dead = self.run_with_dead_letters(command)
        before = (self.folder / OUTPUT).read_bytes()
        with ProtocolServer("--latency-ms", 300) as server:
            self.use_endpoint(server)
            # Few at once: after a Ctrl-C what is in flight still comes to its end.
            few = [*command, "--set", "max_records_in_flight=4"]
            for calls in (6, 14):
                process = self.start("retry", *few)
                wait_until(lambda: server.stats()["calls"] > calls or process.poll() is not None)
                process.send_signal(signal.SIGKILL if calls == 6 else signal.SIGINT)
                process.communicate(timeout=HANG_S)
                self.assertEqual((self.folder / OUTPUT).read_bytes(), before)
                self.assertIn("complete,", self.run_engine("run", *command).stdout)
        _, calls = self.retry(command)
        self.assertLess(calls, 2 * dead.count("questions") + dead.count("reasoning"))
        self.assertEqual((self.folder / OUTPUT).read_bytes(), expected[OUTPUT])
        self.check_complete(150)

    def test_what_cannot_be_retried_says_so(self):
        command = self.over(self.write_corpus(20))
        self.environment.update(RARE_LLM_URL="http://127.0.0.1:9", RARE_LLM_MODEL="m")
        nothing = self.run_engine("retry", *command)
        self.assert_exit(nothing, 2)
        self.assertIn("no run is kept in .rare/rare-openai", nothing.stderr)
        self.assert_exit(self.run_engine("run", *command), 4)
        unfinished = self.run_engine("retry", *command)
        self.assert_exit(unfinished, 2)
        self.assertIn("is not finished", unfinished.stderr)
        folder = self.run_engine("retry", ".rare/rare-openai")
        self.assert_exit(folder, 2)
        self.assertIn("needs its file", folder.stderr)


if __name__ == "__main__":
    unittest.main()
