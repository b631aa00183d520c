"""The shipped variants of rare.yaml over an endpoint: what each is for shows in its rows."""

import json
import re
import unittest

from harness import EngineTest, PIPELINES, ProtocolServer, read_jsonl


class PipelinesTest(EngineTest):
    def run_pipeline(self, name, *arguments):
        """Its rows, of a new run over the shipped data unless the arguments say otherwise."""
        pipeline = PIPELINES / f"{name}.yaml"
        endpoint = ["-f", PIPELINES / "endpoint.yaml"]
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("validate", pipeline, *endpoint, *arguments), 0)
            process = self.run_engine(pipeline, *endpoint, "--progress", "none", "--fresh", *arguments)
            self.assert_exit(process, 0)
        return read_jsonl(self.folder / "out" / f"{name}.jsonl")

    def test_they_are_valid_as_they_ship(self):
        for name in ("chunk", "rare-zh", "reasonir", "retriever-training"):
            with self.subTest(name):
                self.assert_exit(self.run_engine("validate", PIPELINES / f"{name}.yaml"), 0)
        self.environment["RARE_SEARCH_URL"] = "http://127.0.0.1:9200"
        process = self.run_engine("validate", PIPELINES / "chunk.yaml", "-f", PIPELINES / "opensearch.yaml",
                                  "--set", "services.corpus.with.from=passages")
        self.assert_exit(process, 0)

    def test_overlays_keep_the_fields_of_the_pipeline_that_they_overlay(self):
        def fields(name):
            lists = re.findall(r"fields: \[(.*?)\]", (PIPELINES / f"{name}.yaml").read_text(), re.S)
            return set(re.split(r"[,\s]+", ",".join(lists))) if lists else None

        checked = []
        for file in sorted(PIPELINES.glob("*.yaml")):
            for base, overlay in re.findall(r"^#.* pipelines/(\S+)\.yaml -f pipelines/(\S+)\.yaml", file.read_text(), re.M):
                if fields(overlay) is None or overlay in checked:
                    continue
                checked.append(overlay)
                self.assertEqual(fields(base) - fields(overlay), set(), f"{overlay} drops fields of {base}")
        self.assertIn("scores", checked)

    def test_chunk_yaml_makes_passages_of_documents_and_takes_negatives_from_them(self):
        documents = {row["id"]: row["text"] for row in read_jsonl(PIPELINES / "data" / "documents.jsonl")}
        rows = self.run_pipeline("chunk")
        self.assertGreater(len(rows), 3 * len(documents))
        self.assertEqual({row["chunk"]["document"] for row in rows}, set(documents))
        texts = {row["text"] for row in rows}
        for row in rows:
            chunk = row["chunk"]
            self.assertEqual(row["id"], f"{chunk['document']}#{chunk['index']}")
            self.assertEqual(row["text"], documents[chunk["document"]][chunk["start"]:chunk["end"]])
            self.assertLessEqual(chunk["tokens"], 160)
            self.assertTrue(texts.issuperset(row["hard_negatives"]))
            self.assertNotIn(row["text"], row["hard_negatives"])
            self.assertEqual(sorted(row["passages_order"]), list(range(len(row["hard_negatives"]) + 1)))
        self.assertIn(["Sourdough", "The starter"], [row["chunk"]["headings"] for row in rows])
        self.assertNotIn("Notes of a bakery", " ".join(texts))  # front matter
        for document, text in documents.items():  # no sentence is lost between two passages
            passages = [row["chunk"] for row in rows if row["chunk"]["document"] == document]
            for one, next_one in zip(passages, passages[1:]):
                self.assertEqual(text[one["end"]:next_one["start"]].strip(), "")

    def test_reasonir_yaml_takes_one_negative_from_rank_20(self):
        rows = self.run_pipeline("reasonir", "--set", f"nodes.documents.with.path={self.write_corpus(60)}")
        self.assertEqual(len(rows), 60)
        self.assertEqual({len(row["hard_negatives"]) for row in rows}, {1})
        # The first twenty hits and the one after them, asked for by themselves.
        ranked = self.run_pipeline(
            "reasonir", "--set", f"nodes.documents.with.path={self.folder / 'corpus.jsonl'}",
            "--set", "nodes.negatives.with.num_neg=30", "--set", "nodes.negatives.with.hard_neg_start_index=0")
        for row, all_of_them in zip(rows, ranked):
            ranks = all_of_them["hard_negatives"]
            # Its own text, left out of the list, is one of the ranks or none of the first twenty.
            self.assertIn(row["hard_negatives"][0], ranks[17:23])

    def test_rare_zh_yaml_finds_chinese_negatives_and_asks_in_chinese(self):
        passages = read_jsonl(PIPELINES / "data" / "passages_zh.jsonl")
        self.assertGreaterEqual(len(passages), 24)
        texts = {passage["text"] for passage in passages}
        # The endpoint answers in English words: what is searched for is the passage's own beginning.
        rows = self.run_pipeline("rare-zh", "--set", "nodes.negatives.with.query=\"{{text}}\"")
        self.assertEqual([row["id"] for row in rows], [passage["id"] for passage in passages])
        near = 0
        for row in rows:
            self.assertEqual(len(row["hard_negatives"]), 3)
            self.assertTrue(texts.issuperset(row["hard_negatives"]))
            topic = row["id"].split("-")[0]
            ids = {passage["text"]: passage["id"] for passage in passages}
            near += any(ids[negative].startswith(topic + "-") for negative in row["hard_negatives"])
        self.assertGreater(near, 0.8 * len(rows))  # by chance: 0.4
        prompts = self.run_engine("cache", "export")
        self.assert_exit(prompts, 0)
        requests = [json.loads(line)["request"] for line in prompts.stdout.splitlines()]
        self.assertTrue(requests)
        for request in requests:
            asked = request if isinstance(request, str) else json.dumps(request, ensure_ascii=False)
            self.assertIn("资料" if "JSON" in asked else "段落", asked)

    def test_several_questions_a_document_are_records_of_their_own(self):
        corpus = self.write_corpus(20)
        rows = self.run_pipeline("reasonir", "--set", f"nodes.documents.with.path={corpus}",
                                 "--set", "nodes.questions.with.questions_per_document=3",
                                 "--set", "nodes.negatives.with.hard_neg_start_index=5")
        self.assertEqual(len(rows), 60)
        self.assertEqual(len({row["question"] for row in rows}), 60)
        self.assertEqual(len({row["id"] for row in rows}), 20)
        self.assertEqual(self.manifest("reasonir")["records"]["made"], 40)

    def test_the_best_of_several_samples_is_asked_for_at_once(self):
        corpus = self.write_corpus(10)
        with ProtocolServer("--truncated", 20) as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(
                PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none",
                "--set", f"nodes.documents.with.path={corpus}", "--set", "nodes.reasoning.with.n_samples=4",
                "--set", "nodes.reasoning.with.output_samples_key=samples",
                "--set", "nodes.result.with.fields=null"), 0)
        samples = [len(row["samples"]) for row in read_jsonl(self.folder / "out" / "rare-openai.jsonl")]
        self.assertEqual(len(samples), 10)
        self.assertTrue(set(samples) <= {1, 2, 3, 4} and min(samples) < 4)

    def test_prompts_are_shown_by_the_name_of_their_operator(self):
        shown = self.run_engine("operators", "Doc2Query", "--prompt")
        self.assert_exit(shown, 0)
        for part in ("Doc2Query, version ", ", system\n", ", prompt\n", ", instructions\n",
                     "Document: {{text}}\nJSON:\n"):
            self.assertIn(part, shown.stdout)
        texts = json.loads(self.run_engine("operators", "ReasonDistill", "--prompt", "--json").stdout)
        self.assertEqual(set(texts["texts"]), {"system", "prompt"})
        none = self.run_engine("operators", "files.read", "--prompt")
        self.assert_exit(none, 2)
        self.assertIn("files.read has no built-in prompt", none.stderr)
        several = self.run_engine("operators", "rare", "--prompt")
        self.assert_exit(several, 2)
        self.assertIn("--prompt needs the name of one component, and 'rare' is a plugin", several.stderr)
        wrong = self.run_engine("operators", "Doc2Qery", "--prompt")
        self.assert_exit(wrong, 2)
        self.assertIn("did you mean 'Doc2Query'?", wrong.stderr)
        # The page does not drown in them.
        self.assertNotIn("Document: {{text}}", self.run_engine("operators", "Doc2Query").stdout)


if __name__ == "__main__":
    unittest.main()
