"""What is wrong with a pipeline is said before the first record: exit code 2, place, expected, nearest name."""

import unittest

from harness import BUILD, EngineTest, PIPELINES

TOP = """\
name: bad
services:
  teacher: { use: llm.openai, with: { base_url: "http://127.0.0.1:9", model: m } }
  corpus: { use: bm25.index, with: { from: documents } }
"""
NODES = """\
nodes:
  - { name: documents, use: files.read, with: { path: in.jsonl } }
  - { name: questions, use: Doc2Query, with: { llm: teacher } }
  - { name: result, use: files.write, with: { path: out.jsonl } }
"""


class BadInputTest(EngineTest):
    def setUp(self):
        super().setUp()
        self.write("in.jsonl", '{"text": "Salt dissolves in water."}\n')

    def refused(self, yaml, place, *said, arguments=()):
        """Both `run` and `validate` refuse it with the same words, and leave nothing behind."""
        self.write("bad.yaml", yaml)
        for verb in ([], ["validate"]):
            process = self.run_engine(*verb, "bad.yaml", *arguments)
            self.assert_exit(process, 2)
            for text in (place, *said):
                self.assertIn(text, process.stderr)
            self.assertEqual(process.stdout, "")
            self.assertFalse((self.folder / "out.jsonl").exists())

    def test_the_pipeline_itself_is_right(self):
        self.write("good.yaml", TOP + NODES)
        self.assert_exit(self.run_engine("validate", "good.yaml"), 0)

    def test_unknown_operator(self):
        self.refused(TOP + NODES.replace("Doc2Query", "Doc2Qery"), "bad.yaml:7:29",
                     "Doc2Qery", "did you mean 'Doc2Query'?")

    def test_unknown_service(self):
        self.refused(TOP + NODES.replace("llm: teacher", "llm: teecher"), "bad.yaml:7:",
                     "teecher", "did you mean 'teacher'?")

    def test_unknown_parameter(self):
        self.refused(TOP + NODES.replace("llm: teacher", "llm: teacher, max_atempts: 2"), "bad.yaml:7:",
                     "max_atempts", "did you mean 'max_attempts'?")

    def test_unknown_key(self):
        self.refused(TOP + NODES.replace("{ name: questions,", "{ name: questions, paralelism: 2,"),
                     "bad.yaml:7:24", "paralelism", "did you mean 'parallelism'?")

    def test_wrong_type(self):
        self.refused(TOP + NODES.replace("llm: teacher", "llm: teacher, max_attempts: many"),
                     "bad.yaml:7:", "max_attempts", "integer", "many")

    def test_out_of_range(self):
        self.refused(TOP + NODES.replace("llm: teacher", "llm: teacher, max_attempts: 0"),
                     "bad.yaml:7:", "max_attempts", "from 1 to 100")

    def test_duplicate_name(self):
        self.refused(TOP + NODES.replace("name: result", "name: questions"), "bad.yaml:8:",
                     "questions", "7:")

    def test_cycle(self):
        yaml = TOP + NODES.replace("{ name: questions,", "{ name: questions, from: [documents, again],") + \
            "  - { name: again, use: Doc2Query, from: questions, with: { llm: teacher } }\n"
        self.refused(yaml, "bad.yaml:", "questions -> again -> questions")

    def test_from_that_does_not_exist(self):
        self.refused(TOP + NODES.replace("{ name: result,", "{ name: result, from: question,"),
                     "bad.yaml:8:", "question", "did you mean 'questions'?")

    def test_unset_variable(self):
        self.refused(TOP.replace("model: m", "model: ${NO_SUCH_MODEL}") + NODES, "bad.yaml:3:",
                     "NO_SUCH_MODEL")

    def test_missing_input_file(self):
        self.refused(TOP + NODES.replace("in.jsonl", "inn.jsonl"), "documents", "inn.jsonl")

    def test_missing_pipeline(self):
        process = self.run_engine("no-such.yaml")
        self.assert_exit(process, 2)
        self.assertIn("no-such.yaml", process.stderr)

    def test_a_plugin_of_another_abi_is_refused_and_its_operator_not_found(self):
        ours, theirs = b"libstdc++ C++11 strings\0", b"libstdc++ debug mode\0\0\0\0"
        plugin = (BUILD / "lib" / "rare" / "plugins" / "files.so").read_bytes()
        self.assertEqual(plugin.count(ours), 1)
        self.write("other/other.so", plugin.replace(ours, theirs))
        process = self.run_engine("plugins", "--plugin-path", "other")
        said = process.stdout + process.stderr
        self.assertIn("other/other.so", said)
        self.assertIn("refused", said)
        for side in (ours, theirs):
            self.assertIn(side.rstrip(b"\0").decode(), said)

    def test_no_local_model(self):
        corpus = self.write_corpus(3)
        self.environment.update(XDG_CACHE_HOME=str(self.folder / "empty"))
        process = self.run_engine(PIPELINES / "rare.yaml",
                                  "--set", f"nodes.documents.with.path={corpus}")
        self.assert_exit(process, 2)
        self.assertIn("./dev run", process.stderr)
        self.assertIn("pipelines/openai.yaml", process.stderr)


if __name__ == "__main__":
    unittest.main()
