"""Documents that no pipeline likes: what becomes of each is defined (docs/rare.md, "Input that is odd")."""

import json
import unittest

from harness import ChatHandler, EngineTest, HandledServer, PIPELINES, ProtocolServer, passages, read_jsonl

RARE = [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none"]

REASON_ALONE = """
name: reason-alone
services:
  teacher: { use: llm.openai, with: { base_url: "${RARE_LLM_URL}", model: "${RARE_LLM_MODEL}" } }
nodes:
  - { name: questions, use: files.read, with: { path: in.jsonl } }
  - { name: reasoning, use: ReasonDistill, with: { llm: teacher } }
  - { name: result, use: files.write, with: { path: out.jsonl } }
max_errors: 10
stop_after_errors: 10
"""


class OddDocumentsTest(EngineTest):
    def rare(self, records, code, *settings):
        corpus = self.write("in.jsonl", "".join(json.dumps(record) + "\n" for record in records))
        arguments = [*RARE, "--fresh", "--set", f"nodes.documents.with.path={corpus}", "--set", "stop_after_errors=100%"]
        for setting in settings:
            arguments += ["--set", setting]
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.process = self.run_engine(*arguments)
            self.calls = server.stats()["calls"]
        self.assert_exit(self.process, code)
        output = self.folder / "out" / "rare-openai.jsonl"
        return read_jsonl(output) if output.exists() else []

    def test_an_empty_text_is_a_dead_letter_and_asks_nothing(self):
        rows = self.rare([*passages(4), {"id": "void", "text": ""}, {"id": "blank", "text": " \n\t"}], 3)
        self.assertEqual(len(rows), 4)
        self.assertEqual(self.calls, 8)
        letters = self.dead_letters("rare-openai")
        self.assertEqual({letter["reason"] for letter in letters}, {'questions: field "text" is empty'})
        self.assertEqual({letter["record"]["id"] for letter in letters}, {"void", "blank"})

    def test_a_text_of_a_megabyte_is_cut_for_the_prompts_and_kept_whole(self):
        long = "".join(f"Sentence {number} of a long report names gauge {number * 7}. " for number in range(20000))
        self.assertGreater(len(long), 2**20 - 2**17)
        rows = self.rare([*passages(6), {"id": "long", "text": long}], 0,
                         "nodes.questions.with.output_cut_key=shown", "nodes.result.with.fields=null")
        row = rows[-1]
        self.assertEqual(row["text"], long)
        self.assertLessEqual(row["shown"], 32000)
        self.assertIn("record 6: field \"text\" has", self.process.stderr)
        self.assertIn("the prompt holds the first", self.process.stderr)

    def test_a_negative_of_a_megabyte_is_cut_for_the_prompt(self):
        self.write("reason.yaml", REASON_ALONE)
        long = "".join(f"Sentence {number} of a long report names a gauge. " for number in range(25000))
        self.write("in.jsonl", json.dumps({"text": "Ice floats.", "question": "Why is the pond full of fish?",
                                           "scenario": "It is cold.", "hard_negatives": [long]}) + "\n")
        with ProtocolServer() as server:
            self.use_endpoint(server)
            process = self.run_engine("reason.yaml", "--progress", "none")
        self.assert_exit(process, 0)
        self.assertIn("the prompt holds the first", process.stderr)
        self.assertEqual(read_jsonl(self.folder / "out.jsonl")[0]["hard_negatives"], [long])

    def test_an_empty_text_has_no_passages(self):
        self.write("in.jsonl", '{"text": ""}\n{"text": " \\n"}\n{"text": "Ice floats."}\n')
        self.write("cut.yaml", """
nodes:
  - { name: documents, use: files.read, with: { path: in.jsonl } }
  - { name: passages, use: text.chunk }
  - { name: result, use: files.write, with: { path: out.jsonl } }
""")
        self.assert_exit(self.run_engine("cut.yaml", "--progress", "none"), 0)
        self.assertEqual([row["text"] for row in read_jsonl(self.folder / "out.jsonl")], ["Ice floats."])
        self.assertIn("'text' holds no text", json.dumps(self.manifest("cut")))

    def test_a_question_that_stays_empty_is_a_dead_letter_without_reasoning(self):
        asked = []

        class Wordless(ChatHandler):
            def reply(self, prompt):
                asked.append(prompt)
                return '{"question": " ", "scenario": "Two boats meet in a canal."}'

        corpus = self.write("in.jsonl", "".join(json.dumps(passage) + "\n" for passage in passages(2)))
        with HandledServer(Wordless) as server:
            self.use_endpoint(server)
            process = self.run_engine(*RARE, "--set", f"nodes.documents.with.path={corpus}", "--set",
                                      "nodes.questions.with.max_attempts=2", "--set", "stop_after_errors=100%")
        self.assert_exit(process, 3)
        self.assertEqual(len(asked), 4)
        self.assertTrue(all(prompt.endswith("JSON:\n") for prompt in asked))
        for letter in self.dead_letters("rare-openai"):
            self.assertIn("the question is empty", letter["reason"])

    def test_writing_without_spaces_goes_through(self):
        texts = ["水结冰以前在四摄氏度最重，再冷下去反而膨胀。" * 3, "冰比水轻，所以湖泊从上面开始封冻。" * 3,
                 "氷は水より軽いので、湖は上から凍ります。" * 3, "น้ำแข็งลอยน้ำเพราะเบากว่าน้ำ" * 3,
                 "水结冰时体积增大，水管因此破裂。" * 3]
        for analyzer in ("english", "cjk"):
            with self.subTest(analyzer):
                rows = self.rare([{"id": str(i), "text": text} for i, text in enumerate(texts)], 0,
                                 f"services.corpus.with.analyzer={analyzer}",
                                 'nodes.negatives.with.query="{{text}}"')
                self.assertEqual([row["text"] for row in rows], texts)
                self.assertIn(texts[4], rows[0]["hard_negatives"])
                self.assertNotIn(texts[0], rows[0]["hard_negatives"])

    def test_a_first_record_that_has_the_output_field_stops_the_run(self):
        records = [dict(passage, question="old") for passage in passages(5)]
        self.assertEqual(self.rare(records, 2), [])
        self.assertEqual(self.calls, 0)
        self.assertIn('already has the field "question"; name another one in output_question_key, or set '
                      "overwrite: true to replace it", self.process.stderr)
        rows = self.rare(records, 0, "nodes.questions.with.overwrite=true")
        self.assertNotIn("old", [row["question"] for row in rows])

    def test_two_documents_give_one_negative_each_at_most(self):
        rows = self.rare(passages(2), 0, 'nodes.negatives.with.query="{{text}}"')
        self.assertEqual([len(row["hard_negatives"]) for row in rows], [1, 1])
        self.assertEqual(rows[0]["hard_negatives"], [rows[1]["text"]])
        self.assertIn("a record gets 1 of 3 negatives", self.process.stderr)

    def test_documents_that_are_all_equal_have_no_negatives_and_are_reasoned_from_alone(self):
        text = next(passages(1))["text"]
        rows = self.rare([{"id": str(i), "text": text} for i in range(5)], 0,
                         "nodes.result.with.fields=null", 'nodes.negatives.with.query="{{text}}"')
        self.assertEqual([row["hard_negatives"] for row in rows], [[]] * 5)
        self.assertEqual([row["passages_order"] for row in rows], [[0]] * 5)
        self.assertIn("a record gets 0 of 3 negatives", self.process.stderr)

    def test_negatives_that_are_none_and_negatives_of_another_kind(self):
        self.write("reason.yaml", REASON_ALONE)
        good = {"text": "Ice floats.", "question": "Why is the pond full of fish?", "scenario": "It is cold."}
        cases = [([], None), (["Salt sinks."], None), ("Salt sinks.", "must be a list of texts, not string"),
                 ([1], "must be a list of texts; item 0 is number"), ([" "], "must be a list of texts; item 0 is empty"),
                 ({"a": 1}, "must be a list of texts, not object"), (None, "must be a list of texts, not null"),
                 ("absent", "the record has no field \"hard_negatives\"")]
        rows = [dict(good, hard_negatives=value) for value, _ in cases]
        del rows[-1]["hard_negatives"]
        self.write("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("reason.yaml", "--progress", "none"), 0)
            self.assertEqual(server.stats()["calls"], 2)
        made = read_jsonl(self.folder / "out.jsonl")
        self.assertEqual([sorted(row["passages_order"]) for row in made], [[0], [0, 1]])
        reasons = [letter["reason"] for letter in self.dead_letters("reason-alone")]
        self.assertEqual(len(reasons), 6)
        for (_, expected), reason in zip(cases[2:], reasons):
            self.assertIn(expected, reason)


if __name__ == "__main__":
    unittest.main()
