"""Two runs and one output: no start takes for its own what another run, or somebody, has written there since."""

import json
import resource
import subprocess
import unittest

from harness import ENGINE, EngineTest, HANG_S, read_jsonl

PIPELINE = """
name: same
max_errors: 1
nodes:
  - { name: read, use: files.read, with: { path: in.jsonl, append: true } }
  - { name: edit, use: basic.map, with: { program: ".made = \\"first\\"" } }
  - { name: rows, use: files.write, with: { path: out.jsonl } }
"""
OTHER = ("--state-dir", "other", "--set", 'nodes.edit.with.program=.made = "second, and longer"')


class SameOutputTest(EngineTest):
    def setUp(self):
        super().setUp()
        self.write("same.yaml", PIPELINE)
        self.write_input(range(20))

    def write_input(self, numbers, bad=""):
        self.write("in.jsonl", bad + "".join(json.dumps({"n": number}) + "\n" for number in numbers))

    def run_same(self, *more, verb="run", code=0):
        process = self.run_engine(verb, "same.yaml", "--progress", "none", *more)
        self.assert_exit(process, code)
        return process

    def rows(self):
        return [(row["n"], row["made"]) for row in read_jsonl(self.folder / "out.jsonl")]

    def test_a_run_does_not_go_on_behind_rows_of_another(self):
        self.run_same("--limit", 5)
        self.run_same("--limit", 15, *OTHER)
        refused = self.run_same(code=2)
        self.assertIn("out.jsonl.part: expected the ", refused.stderr)
        self.assertIn("came others, which were written there since (by another run?)", refused.stderr)
        self.run_same(*OTHER)  # whose they are
        self.assertEqual(self.rows(), [(number, "second, and longer") for number in range(20)])
        self.run_same("--fresh")
        self.assertEqual(self.rows(), [(number, "first") for number in range(20)])

    def test_a_finished_run_goes_on_from_its_output_beside_what_another_has_begun(self):
        self.run_same()
        finished = (self.folder / "out.jsonl").read_bytes()
        self.run_same("--limit", 10, *OTHER)
        (self.folder / "out.jsonl").write_bytes(finished)  # which the other run's first rows had taken the place of
        self.write_input(range(25))
        self.run_same()
        self.assertEqual(self.rows(), [(number, "first") for number in range(25)])

    def test_a_retry_puts_no_rows_into_a_file_that_was_changed_since(self):
        self.write_input(range(20), bad='{"n": "bad", "bad": ')
        self.run_same("--fresh", "--set", "max_errors=2")
        for changed in (b'{"mine": 1}\n', (self.folder / "out.jsonl").read_bytes() + b'{"mine": 1}\n'):
            (self.folder / "out.jsonl").write_bytes(changed)
            refused = self.run_same("--set", "max_errors=2", verb="retry", code=2)
            self.assertIn("the file was changed since", refused.stderr)
            self.assertEqual((self.folder / "out.jsonl").read_bytes(), changed)

    def test_a_limit_on_the_sizes_of_files_is_an_error_that_says_so(self):
        self.write_input(range(200_000))
        size = 1_000_000
        process = subprocess.run([ENGINE, "run", "same.yaml", "--progress", "none"], cwd=self.folder, env=self.environment,
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_S, check=False,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        self.assert_exit(process, 4)
        self.assertIn("File too large", process.stderr)
        self.run_same()
        self.assertEqual(len(self.rows()), 200_000)


if __name__ == "__main__":
    unittest.main()
