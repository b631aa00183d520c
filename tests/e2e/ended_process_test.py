"""Plugins that end the process: the last words name plugin and node, and the next start goes on."""

import json
import signal
import unittest

from harness import BUILD, EngineTest, read_jsonl

PLUGIN = BUILD / "test_plugins" / "ends_process"
NUMBERS = "nodes:\n  - { name: numbers, use: files.read, with: { path: in.jsonl } }\n"
RESULT = "  - { name: result, use: files.write, with: { path: out.jsonl } }\n"
FULL_STACK = "signal 11 (segmentation fault: the stack of its thread is full)"


class EndedProcessTest(EngineTest):
    def check(self, component, code, what, place=None, nodes=None, count=20):
        """`place`: as the report names it, where that is not the node 'guilty'; what was said."""
        self.write("in.jsonl", "".join(json.dumps({"n": n}) + "\n" for n in range(count)))
        nodes = nodes or NUMBERS + f"  - {{ name: guilty, use: ends_process.{component} }}\n" + RESULT
        self.write("ends.yaml", "name: ends\n" + nodes)
        arguments = ("ends.yaml", "--plugin-path", PLUGIN, "--progress", "none")
        process = self.run_engine(*arguments)
        self.assert_exit(process, code)
        place = place or (f" at node 'guilty' (ends_process.{component} of plugin ends_process, "
                          f"{PLUGIN}/ends_process.so)")
        self.assertIn(f"rare-engine: {what}{place}", process.stderr)
        self.assertIn("the same command goes on", process.stderr)
        self.write("mended", "")
        self.assert_exit(self.run_engine(*arguments), 0)
        self.assertEqual([row["n"] for row in read_jsonl(self.folder / "out.jsonl")], list(range(count)))
        return process.stderr

    def test_a_crash(self):
        said = self.check("crash", -signal.SIGSEGV, "signal 11 (segmentation fault)")
        self.assertIn(f", in the code of {PLUGIN.resolve()}/ends_process.so. ", said)

    def test_an_abort_in_a_coroutine(self):
        self.check("abort", -signal.SIGABRT, "signal 6 (abort)")

    def test_an_abort_on_a_thread_of_its_own(self):
        self.check("abort_on_own_thread", -signal.SIGABRT, "signal 6 (abort)",
                   place=" on a thread of a plugin or a library ('stray')")

    def test_a_recursion_without_end_in_the_pool(self):
        # More records than one train takes: the pool's thread has one while the main thread waits.
        self.check("deep", -signal.SIGSEGV, FULL_STACK, count=300, nodes=NUMBERS +
                   "  - { name: guilty, use: ends_process.deep, parallelism: 2 }\n" + RESULT)

    def test_a_recursion_without_end_in_a_coroutine(self):
        self.check("deep_coroutine", -signal.SIGSEGV, FULL_STACK)

    def test_a_static_initialiser_that_throws(self):
        plugin = BUILD / "test_plugins" / "throwing_initialiser"
        process = self.run_engine("plugins", "--plugin-path", plugin)
        self.assert_exit(process, -signal.SIGABRT)
        self.assertIn("code of a refused plugin was run", process.stderr)  # what it threw
        self.assertIn(f"rare-engine: signal 6 (abort) while the plugin {plugin}/throwing_initialiser.so was loaded",
                      process.stderr)

    def test_a_static_initialiser_that_exits(self):
        plugin = BUILD / "test_plugins" / "exiting_initialiser"
        process = self.run_engine("plugins", "--plugin-path", plugin)
        self.assert_exit(process, 1)
        self.assertIn(f"rare-engine: exit() was called while the plugin {plugin}/exiting_initialiser.so was loaded",
                      process.stderr)

    def test_a_destructor_that_throws(self):
        self.check("throws_at_end", -signal.SIGABRT, "signal 6 (abort)")

    def test_exit(self):
        self.check("exit", 1, "exit() was called")

    def test_exit_in_a_coroutine_that_has_waited(self):
        self.check("exit_after_wait", 1, "exit() was called")

    def test_exit_in_a_whole_set_operator(self):
        self.check("exit_of_whole_set", 1, "exit() was called")

    def test_exit_in_a_source(self):
        self.check("exit_of_source", 1, "exit() was called",
                   nodes="nodes:\n  - { name: guilty, use: ends_process.exit_of_source }\n" + RESULT)

    def test_exit_in_a_sink(self):
        self.check("exit_of_sink", 1, "exit() was called", nodes=NUMBERS + RESULT +
                   "  - { name: guilty, use: ends_process.exit_of_sink, from: numbers }\n")

    def test_exit_in_a_service(self):
        self.check("exit_of_service", 1, "exit() was called",
                   place=" at service 'guilty' (ends_process.exit_of_service of plugin ends_process",
                   nodes="services:\n  guilty: { use: ends_process.exit_of_service }\n" + NUMBERS +
                   "  - { name: user, use: ends_process.uses_service, with: { service: guilty } }\n" + RESULT)


if __name__ == "__main__":
    unittest.main()
