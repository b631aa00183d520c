"""An index over what a whole-set node gives out: the pass of its own keeps what the run keeps."""

import json
import unittest

from harness import EngineTest, read_jsonl

# Of equal names the first is kept, in the order of the run: a0, b0, a1, b1, ...
PIPELINE = """
name: corpus
services:
  corpus: { use: bm25.index, with: { from: NODE } }
nodes:
  - { name: a, use: files.read, with: { path: a.jsonl } }
  - { name: b, use: files.read, with: { path: b.jsonl } }
  - { name: distinct, use: basic.dedupe, from: [b, a], with: { field: name } }
  - { name: first, use: basic.limit, with: { count: 6 } }
  - { name: negatives, use: BM25HardNeg, from: NODE, with: { index: corpus, num_neg: 50 } }
  - { name: result, use: files.write, with: { path: out/result.jsonl } }
REST
"""
REST = "  - { name: rest, use: files.write, from: first, with: { path: out/rest.jsonl } }"


def document(name, text):
    return {"name": name, "question": "Which note is about salt?", "text": f"This note is about salt and {text}."}


class CorpusTest(EngineTest):
    def setUp(self):
        super().setUp()
        self.a = [document(f"n{n}", f"water, {n} times") for n in range(8)]
        self.b = [document(f"n{n}", f"pepper, {n} times") for n in (2, 1, 20, 21, 3, 3)]
        for name, documents in (("a", self.a), ("b", self.b)):
            self.write(f"{name}.jsonl", "".join(json.dumps(line) + "\n" for line in documents))

    def kept(self):
        kept = {}
        for ordinal in range(8):
            for documents in (self.a, self.b):
                if ordinal < len(documents):
                    kept.setdefault(documents[ordinal]["name"], documents[ordinal]["text"])
        return list(kept.values())

    def check(self, node, kept, rest=""):
        self.write("p.yaml", PIPELINE.replace("NODE", node).replace("REST", rest))
        self.assert_exit(self.run_engine("validate", "p.yaml"), 0)
        for arguments in ([], ["--fresh", "--set", "max_records_in_flight=1"]):
            process = self.run_engine("p.yaml", "--progress", "none", *arguments)
            self.assert_exit(process, 0)
            self.assertIn(f"index ready: {len(kept)} of {len(kept)} records", process.stderr)
            rows = read_jsonl(self.folder / "out" / "result.jsonl")
            self.assertEqual([row["text"] for row in rows], kept)
            for row in rows:
                others = [text for text in kept if text != row["text"]]
                self.assertEqual(sorted(row["hard_negatives"]), sorted(others))
            self.assertFalse((self.folder / ".rare" / "corpus" / "scratch").exists())

    def test_of_doubles_the_index_has_the_one_that_the_run_has(self):
        kept = self.kept()
        self.assertIn("This note is about salt and pepper, 2 times.", kept)
        self.assertIn("This note is about salt and water, 1 times.", kept)
        self.check("distinct", kept, REST)

    def test_the_first_of_the_run_are_the_first_of_the_index(self):
        self.check("first", self.kept()[:6])


if __name__ == "__main__":
    unittest.main()
