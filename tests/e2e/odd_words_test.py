"""Components that say odd things of themselves, for progress and accounts, lose no run."""

import json
import unittest

from harness import BUILD, EngineTest, read_jsonl

PLUGIN = BUILD / "test_plugins" / "odd_words"


class OddWordsTest(EngineTest):
    def words(self, service, source):
        """What a run says whose service and source say this."""
        self.write("odd.yaml", "name: odd\nbudget: { tokens: 100000 }\nprices: { odd: { prompt: 1, completion: 1 } }\n"
                   f"services:\n  odd: {{ use: odd_words.service, with: {{ says: {service} }} }}\n"
                   f"nodes:\n  - {{ name: numbers, use: odd_words.numbers, with: {{ says: {source} }} }}\n"
                   "  - { name: slow, use: basic.delay, with: { ms: 20 } }\n"
                   "  - { name: result, use: files.write, with: { path: out.jsonl } }\n")
        process = self.run_engine("odd.yaml", "--fresh", "--plugin-path", PLUGIN, "--progress", "json")
        self.assert_exit(process, 0)
        self.assertEqual([row["n"] for row in read_jsonl(self.folder / "out.jsonl")], list(range(20)))
        return process.stderr

    def test_usage_of_any_shape(self):
        for says in ("'null'", "text", "lists"):
            with self.subTest(says):
                lines = [json.loads(line) for line in self.words(says, "much").splitlines() if line.startswith("{")]
                self.assertEqual(lines[0]["services"]["odd"]["calls"], 0)

    def test_what_is_thrown_is_told_once_with_the_name(self):
        said = self.words("throws", "throws")
        self.assertEqual(said.count("[odd] what the service says of itself is left out"), 1, said)
        self.assertEqual(said.count("[numbers] how far it is in its input is not told: progress() threw an exception: "
                                    "lost count"), 1, said)

    def test_an_activity_is_one_line(self):
        said = self.words("lists", "much")
        self.assertIn('"activity":"first second [31m"', said)

    def test_no_more_than_all_of_the_input_is_read(self):
        lines = [json.loads(line) for line in self.words("lists", "much").splitlines() if line.startswith("{")]
        self.assertLessEqual(max(line.get("input_share", 0) for line in lines), 1)


if __name__ == "__main__":
    unittest.main()
