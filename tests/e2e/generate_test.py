"""llm.generate and llm.judge in pipelines of their own, over an HTTP endpoint."""

import collections
import json
import unittest

from harness import EngineTest, PIPELINES, ProtocolServer, read_jsonl

ENDPOINT = ["-f", PIPELINES / "endpoint.yaml", "--progress", "none"]

# Answers that differ by their seeds, and where each came from.
SEVERAL = """
name: several
services:
  teacher:
    use: llm.openai
    with: { base_url: "${RARE_LLM_URL}", model: "${RARE_LLM_MODEL}" }
nodes:
  - name: documents
    use: files.read
    with: { path: corpus.jsonl }
  - name: chat
    use: llm.generate
    with:
      llm: teacher
      messages:
        - { role: system, content: "You explain {{id}}." }
        - { role: user, content: "Where is it said?" }
        - { role: assistant, content: "Here: {{text}}" }
        - { role: user, content: Say it in other words. }
      n: 3
      generation: { seed: 7 }
      output_thinking_key: thinking
  - name: best
    use: llm.generate
    with:
      llm: teacher
      prompt: |
        {{#answer}}
        - {{.}}
        {{/answer}}
        Which of these is best?
      output_key: best
  - name: result
    use: files.write
    with: { path: out/several.jsonl, meta: true }
"""


class GenerateTest(EngineTest):
    def over(self, name, corpus):
        return [PIPELINES / name, *ENDPOINT, "--set", f"nodes.documents.with.path={corpus}"]

    def fields_written(self, node, *arguments):
        process = self.run_engine("plan", *arguments, "--format", "json")
        self.assert_exit(process, 0)
        return next(n["writes"] for n in json.loads(process.stdout)["nodes"] if n["name"] == node)

    def test_the_plan_names_the_fields_of_an_answer(self):
        pipeline = PIPELINES / "instructions.yaml"
        self.assertEqual(self.fields_written("pairs", pipeline), ["instruction", "response"])
        self.assertEqual(self.fields_written("pairs", pipeline, "--set", "nodes.pairs.with.output_key=whole",
                                             "--set", "nodes.pairs.with.n=2"), ["whole"])
        self.assertEqual(self.fields_written("pairs", pipeline, "--set", "nodes.pairs.with.schema=null"), ["answer"])

    def test_instructions_become_fields(self):
        corpus = self.write_corpus(50)
        with ProtocolServer("--truncated", 5) as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.over("instructions.yaml", corpus)), 0)
            calls = server.stats()["calls"]
        rows = read_jsonl(self.folder / "out/instructions.jsonl")
        self.assertEqual([row["id"] for row in rows], [d["id"] for d in read_jsonl(corpus)])
        for row in rows:
            self.assertEqual(list(row), ["id", "instruction", "response"])
            self.assertGreaterEqual(len(row["instruction"].split()), 8)
        self.assertGreater(calls, 50)  # what was cut off was asked again

    def test_answers_are_judged_and_filtered(self):
        corpus = self.write_corpus(60)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            # Two answers to one prompt differ by their seeds.
            process = self.run_engine(*self.over("judged.yaml", corpus), "--set",
                                      "nodes.answers.with.generation.seed=1")
            self.assert_exit(process, 0)
            self.assertEqual(server.stats()["calls"], 60 + 120 + 120)
        manifest = self.manifest("judged")
        rows = read_jsonl(self.folder / "out/judged.jsonl")
        self.assertEqual(manifest["records"]["made"], 60)
        self.assertEqual(manifest["records"]["written"], len(rows))
        self.assertEqual(manifest["records"]["filtered"], 120 - len(rows))
        self.assertGreater(len(rows), 10)
        self.assertLess(len(rows), 110)
        self.assertEqual(len({row["answer"] for row in rows}), len(rows))
        for row in rows:
            scores = {name: given["score"] for name, given in row["judgement"].items()}
            self.assertEqual(list(scores), ["clear", "complete", "grounded"])
            self.assertGreaterEqual(scores["grounded"], 3)
            self.assertLessEqual(scores["clear"], 3)
            self.assertGreaterEqual(sum(scores.values()) / 3, 2.5)
            for given in row["judgement"].values():
                self.assertTrue(given["reason"])
        reasons = json.dumps(manifest)
        self.assertIn("judge: grounded 2 < 3", reasons)

    def test_several_answers_in_one_record(self):
        corpus = self.write_corpus(10)
        self.write("several.yaml", SEVERAL)
        with ProtocolServer("--latency-ms", 20, "--reasoning-content") as server:
            self.use_endpoint(server)
            process = self.run_engine("several.yaml", "--progress", "none")
            self.assert_exit(process, 0)
            self.assertEqual(server.stats()["calls"], 40)
            first = (self.folder / "out/several.jsonl").read_bytes()
            self.assert_exit(self.run_engine("several.yaml", "--progress", "none", "--fresh"), 0)
            self.assertEqual(server.stats()["calls"], 40)
        self.assertEqual((self.folder / "out/several.jsonl").read_bytes(), first)
        rows = read_jsonl(self.folder / "out/several.jsonl")
        self.assertEqual(len(rows), len(read_jsonl(corpus)))
        for row in rows:
            self.assertEqual(len(set(row["answer"])), 3)
            self.assertEqual(len(row["thinking"]), 3)
            self.assertTrue(row["best"])
            self.assertEqual(len(set(row["_rare"]["replies"])), 4)
            self.assertEqual(sorted(row["_rare"]["prompts"]), ["best", "chat"])

    def test_what_stays_unusable_is_a_dead_letter(self):
        corpus = self.write_corpus(20)
        with ProtocolServer("--truncated", 100) as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.over("instructions.yaml", corpus))
            self.assertEqual(server.stats()["calls"], 120)
        self.assert_exit(process, 3)
        letters = self.dead_letters("instructions")
        self.assertEqual(collections.Counter(letter["node"] for letter in letters), {"pairs": 20})
        for letter in letters:
            self.assertIn("pairs: no usable reply in 6 attempts; the last one: ", letter["reason"])
            self.assertEqual(letter["attempts"], 6)
            self.assertTrue(letter["reply"])

    def test_a_mistake_in_the_pipeline_is_found_before_anything_is_asked(self):
        self.write_corpus(1)
        for change, words in (
                ("nodes.judge.with.keep_if={beauty: 3}",
                 'judge: keep_if has the name "beauty", which the rubric has not'),
                ("nodes.judge.with.rubric=[{name: a}]", "judge: rubric, item 1 (a) has no description"),
                ("nodes.answers.with.messages=[{role: user, content: hi}]",
                 "answers: prompt and messages are both given"),
                ("nodes.questions.with.schema={type: object}",
                 "questions: schema must name properties")):
            with ProtocolServer() as server:
                self.use_endpoint(server)
                process = self.run_engine(PIPELINES / "judged.yaml", *ENDPOINT, "--fresh", "--set",
                                          change)
                self.assertEqual(server.stats()["calls"], 0)
            self.assert_exit(process, 2)
            self.assertIn(words, process.stderr)


if __name__ == "__main__":
    unittest.main()
