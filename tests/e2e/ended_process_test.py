"""Plugins that end the process: the last words name plugin and node, and the next start goes on."""

import json
import signal
import unittest

from harness import BUILD, EngineTest, read_jsonl

PLUGIN = BUILD / "test_plugins" / "ends_process"


class EndedProcessTest(EngineTest):
    def check(self, operator, code, what):
        self.write("in.jsonl", "".join(json.dumps({"n": n}) + "\n" for n in range(20)))
        self.write("ends.yaml", "name: ends\nnodes:\n"
                   "  - { name: numbers, use: files.read, with: { path: in.jsonl } }\n"
                   f"  - {{ name: guilty, use: ends_process.{operator} }}\n"
                   "  - { name: result, use: files.write, with: { path: out.jsonl } }\n")
        arguments = ("ends.yaml", "--plugin-path", PLUGIN, "--progress", "none")
        process = self.run_engine(*arguments)
        self.assert_exit(process, code)
        self.assertIn(f"rare-engine: {what} at node 'guilty' (ends_process.{operator} of plugin ends_process, "
                      f"{PLUGIN}/ends_process.so)", process.stderr)
        self.assertIn("the same command goes on", process.stderr)
        self.write("mended", "")
        self.assert_exit(self.run_engine(*arguments), 0)
        self.assertEqual([row["n"] for row in read_jsonl(self.folder / "out.jsonl")], list(range(20)))
        return process.stderr

    def test_a_crash(self):
        said = self.check("crash", -signal.SIGSEGV, "signal 11 (segmentation fault)")
        self.assertIn(f", in the code of {PLUGIN.resolve()}/ends_process.so. ", said)

    def test_an_abort_in_a_coroutine(self):
        self.check("abort", -signal.SIGABRT, "signal 6 (abort)")

    def test_exit(self):
        self.check("exit", 1, "exit() was called")


if __name__ == "__main__":
    unittest.main()
