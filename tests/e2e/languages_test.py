"""Texts in other languages than English: analyzers of the index, negatives in Chinese, the verb analyze."""

import json
import unittest

from harness import EngineTest, read_jsonl

PIPELINE = """
name: languages
services:
  corpus: { use: bm25.index, with: { from: documents, analyzer: ANALYZER } }
nodes:
  - { name: documents, use: files.read, with: { path: documents.jsonl } }
  - { name: negatives, use: BM25HardNeg, with: { index: corpus, num_neg: 2 } }
  - { name: result, use: files.write, with: { path: out/result.jsonl } }
"""

CHINESE = [
    {"question": "苹果怎么保存?", "text": "苹果放在阴凉干燥的地方可以保存两个月,放进冰箱可以更久。"},
    # A copy but for its end, and one but for punctuation: no negatives of the first.
    {"question": "苹果怎么保存?", "text": "苹果放在阴凉干燥的地方可以保存两个月,放进冰箱可以更久吗。"},
    {"question": "苹果怎么保存?", "text": "苹果放在阴凉干燥的地方,可以保存两个月。放进冰箱,可以更久!"},
    {"question": "香蕉怎么保存?", "text": "香蕉怕冷,保存香蕉要挂起来,不要放进冰箱。"},
    {"question": "谁发明了电话?", "text": "电话由贝尔在一八七六年发明,后来传到世界各地。"},
    # The characters of the first question, and none of its pairs.
    {"question": "果树在哪里?", "text": "存果保么,怎苹。"},
]


class LanguagesTest(EngineTest):
    def run_pipeline(self, documents, analyzer):
        self.write("documents.jsonl", "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in documents))
        self.write("p.yaml", PIPELINE.replace("ANALYZER", analyzer))
        return self.run_engine("p.yaml", "--progress", "none", "--fresh")

    def test_chinese_negatives_share_pairs_of_characters_and_are_no_copies(self):
        process = self.run_pipeline(CHINESE, "cjk")
        self.assert_exit(process, 0)
        self.assertNotIn("Han characters", process.stderr)
        rows = read_jsonl(self.folder / "out" / "result.jsonl")
        self.assertEqual(rows[0]["hard_negatives"], [CHINESE[3]["text"]])
        # The other way round, one of those that are copies of each other but for punctuation.
        self.assertEqual(len(rows[3]["hard_negatives"]), 2)
        self.assertIn(CHINESE[1]["text"], rows[3]["hard_negatives"])
        self.assertEqual(rows[4]["hard_negatives"], [])

    def test_a_chinese_corpus_under_english_is_warned_about_once(self):
        for _ in range(2):  # built, and found
            process = self.run_pipeline(CHINESE, "english")
            self.assert_exit(process, 0)
            self.assertEqual(process.stderr.count("of the corpus is Han characters"), 1)
            self.assertIn("`analyzer: cjk`", process.stderr)

    def test_stems_of_a_language_meet(self):
        texts = ["Die Häuser stehen am Fluss.", "Ein Haus am See.", "Der Zug fährt ab."]
        documents = [{"question": "Wo ist das HAUS?", "text": text} for text in texts]
        self.assert_exit(self.run_pipeline(documents, "icu_german"), 0)
        rows = read_jsonl(self.folder / "out" / "result.jsonl")
        self.assertCountEqual(rows[2]["hard_negatives"], texts[:2])

    def test_a_prebuilt_index_keeps_its_analyzer_and_the_version_of_its_library(self):
        texts = ["Die Häuser stehen am Fluss.", "Ein Haus am See.", "Der Zug fährt ab."]
        self.write("documents.jsonl", "".join(json.dumps({"question": "Wo ist das HAUS?", "text": text}) + "\n" for text in texts))
        process = self.run_engine("index", "build", "--corpus", "documents.jsonl", "--analyzer", "icu_german", "--out", "index")
        self.assert_exit(process, 0)
        self.assertRegex(process.stdout, r"/icu_german\.[0-9.]+\.[0-9a-f]{8}-")
        self.write("queries.jsonl", '{"query": "HÄUSERN"}\n')
        process = self.run_engine("index", "search", "index", "--queries", "queries.jsonl", "-k", "5")
        self.assert_exit(process, 0)
        self.assertEqual([hit[1] for hit in json.loads(process.stdout)["hits"]], [1, 0])
        self.write("p.yaml", PIPELINE.replace("from: documents, analyzer: ANALYZER", "prebuilt: index"))
        self.assert_exit(self.run_engine("p.yaml", "--progress", "none", "--fresh"), 0)
        rows = read_jsonl(self.folder / "out" / "result.jsonl")
        self.assertCountEqual(rows[2]["hard_negatives"], texts[:2])

    def test_an_unknown_analyzer_is_told_with_the_nearest_and_all(self):
        for analyzer, nearest in (("icu_germen", "icu_german"), ("cjkk", "cjk")):
            self.write("documents.jsonl", "")
            self.write("p.yaml", PIPELINE.replace("ANALYZER", analyzer))
            process = self.run_engine("validate", "p.yaml")
            self.assert_exit(process, 2)
            self.assertIn(f"did you mean '{nearest}'?", process.stderr)
            self.assertIn("'icu_yiddish'", process.stderr)

    def test_analyze_shows_the_terms_of_a_text(self):
        process = self.run_engine("analyze", "--analyzer", "english", "The foxes' tails")
        self.assert_exit(process, 0)
        self.assertEqual(process.stdout, "bytes  characters  term\n4-9    4-9         fox\n11-16  11-16       tail\n")
        process = self.run_engine("analyze", "--analyzer", "cjk", "--json", "我喜欢")
        self.assertEqual([token["term"] for token in json.loads(process.stdout)["tokens"]], ["我喜", "喜欢"])
        process = self.run_engine("analyze", "--analyzer", "englsh", "x")
        self.assert_exit(process, 2)
        self.assertIn("did you mean 'english'?", process.stderr)
        process = self.run_engine("analyze", "--help")
        self.assert_exit(process, 0)
        self.assertIn("rare-engine analyze --analyzer english", process.stdout)


if __name__ == "__main__":
    unittest.main()
