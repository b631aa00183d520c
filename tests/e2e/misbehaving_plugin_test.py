"""What plugins do that they should not: one line says who it was, and no other record pays for it."""

import json
import os
import unittest

from harness import BUILD, EngineTest, HANG_S, read_jsonl

PLUGIN = BUILD / "test_plugins" / "misbehaves"
NUMBERS = "nodes:\n  - { name: numbers, use: files.read, with: { path: in.jsonl } }\n"


class MisbehavingPluginTest(EngineTest):
    def arguments(self, component, settings="", result="out.jsonl"):
        self.write("in.jsonl", "".join(json.dumps({"n": n}) + "\n" for n in range(20)))
        self.write("odd.yaml", "name: odd\nstop_after_errors: 100\n" + NUMBERS +
                   f"  - {{ name: guilty, use: misbehaves.{component}, {settings} }}\n"
                   f"  - {{ name: result, use: files.write, with: {{ path: {result} }} }}\n")
        return "odd.yaml", "--fresh", "--plugin-path", PLUGIN, "--progress", "none"

    def assert_all_written(self):
        self.assertEqual([row["n"] for row in read_jsonl(self.folder / "out.jsonl")], list(range(20)))

    def test_a_coroutine_that_blocks_once_it_has_waited_is_named(self):
        self.check_blocked("", "node 'guilty' (misbehaves.blocks of plugin misbehaves", "at record 5")

    def test_where_nobody_knows_its_record_by_its_code(self):
        self.check_blocked("with: { keeps: true }", f"node 'guilty' (in the code of {PLUGIN}/misbehaves.so) has blocked its thread for ",
                           "since it last awaited something")

    def check_blocked(self, settings, *words):
        with self.start(*self.arguments("blocks", settings)) as process:
            said = ""
            while "has blocked its thread" not in said:
                line = process.stderr.readline()
                self.assertNotEqual(line, "", said)
                said += line
            self.write("told", "")
            process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 0)
        for word in (*words, "must not sleep"):
            self.assertIn(word, said)
        self.assert_all_written()

    def test_what_throws_while_it_is_made_or_opened_ends_the_run_before_the_first_record(self):
        for component, settings, why in [
                ("made", "", "threw an exception: not to be made"),
                ("throws", "with: { in: open }", "threw an exception: no open today"),
                ("throws", "with: { in: open, odd: true }", "threw something that is no std::exception (of type 'i')")]:
            with self.subTest(why):
                process = self.run_engine(*self.arguments(component, settings))
                self.assert_exit(process, 1)
                self.assertIn(f"odd.yaml:5:5: node 'guilty' (misbehaves.{component}): {why}", process.stderr)

    def test_what_throws_at_a_record_costs_that_record(self):
        for settings, why in [("with: { in: process }", "threw an exception: no process today"),
                              ("with: { odd: true }", "threw something that is no std::exception (of type 'i')")]:
            with self.subTest(why):
                self.assert_exit(self.run_engine(*self.arguments("throws", settings)), 3)
                letters = self.dead_letters("odd")
                self.assertEqual([letter["reason"].startswith(why) for letter in letters], [True], letters)

    def test_a_completion_that_is_set_twice_is_told_and_the_first_value_counts(self):
        process = self.run_engine(*self.arguments("sets_twice"))
        self.assert_exit(process, 0)
        self.assertIn("a Completion was set twice; the second value is ignored", process.stderr)
        self.assert_all_written()

    def test_what_a_plugin_prints_stands_in_no_result(self):
        process = self.run_engine(*self.arguments("prints"))
        self.assert_exit(process, 0)
        self.assertRegex(process.stdout, r"\Aledger: 20 read = 20 written\ntime: .*\nresult: out.jsonl\n\Z")
        self.assertIn("printed by a plugin\n", process.stderr)
        self.assertIn("a plugin, or a library that it uses, printed to standard output", process.stderr)
        process = self.run_engine("preview", "odd.yaml", "-n", "10", "--json", "--plugin-path", PLUGIN)
        self.assert_exit(process, 0)
        json.loads(process.stdout)
        self.assertIn("printed by a plugin\n", process.stderr)

    def test_what_is_no_file_is_not_replaced_by_one(self):
        os.mkfifo(self.folder / "pipe")
        process = self.run_engine(*self.arguments("throws", result="pipe, format: jsonl"))
        self.assert_exit(process, 2)
        self.assertIn("node 'result' (files.write): pipe: expected the name of a file", process.stderr)
        self.assertTrue((self.folder / "pipe").is_fifo())

    def test_a_child_dies_with_the_thread_that_started_it(self):
        for settings, how in [("", "signal 9"), ("with: { stays: true }", "exit code 3")]:
            with self.subTest(how):
                self.assert_exit(self.run_engine(*self.arguments("spawns", settings)), 0)
                self.assertEqual(read_jsonl(self.folder / "out.jsonl")[5], {"n": 5, "ended": how})


if __name__ == "__main__":
    unittest.main()
