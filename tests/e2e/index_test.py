"""The verbs `index build|info|search|verify`, and pipelines over what they made."""

import collections
import json
import math
import random
import shutil
import struct
import subprocess
import time
import unittest

from harness import ENGINE, EngineTest, read_jsonl

PIPELINE = """
name: prebuilt
services:
  corpus: { use: bm25.index, with: { CORPUS } }
nodes:
  - { name: documents, use: files.read, with: { path: documents.jsonl } }
  - { name: negatives, use: BM25HardNeg, with: { index: corpus, num_neg: 2, output_ids_key: ids, output_ranks_key: ranks } }
  - { name: result, use: files.write, with: { path: out/result.jsonl } }
"""


def documents(count, topic="salt"):
    for number in range(count):
        yield {"id": f"d{number}", "question": f"which note has number{number}?",
               "text": f"This note is about {topic} and has number{number} of {count}."}


def reference_hits(texts, query, k1, b, k):
    """The formula of `scoring: reference`, text by text; words stand between spaces."""
    counts = [collections.Counter(text.split()) for text in texts]
    frequencies = collections.Counter(word for count in counts for word in count)
    documents = sum(1 for count in counts if count)
    average = sum(count.total() for count in counts) / documents

    def saturation(count, length):
        return count / (count + k1 * (1 - b + b * length / average))

    wanted = collections.Counter(word for word in query.split() if word in frequencies)
    found = []
    for ordinal, count in enumerate(counts):
        score = 0.0
        for word, times in wanted.items():
            if word not in count:
                continue
            idf = math.log(1 + (documents - frequencies[word] + 0.5) / (frequencies[word] + 0.5))
            score += idf * saturation(times, wanted.total()) * (idf * saturation(count[word], count.total()))
        if score > 0:
            found.append([ordinal, struct.pack(">f", score).hex()])
    found.sort(key=lambda hit: (-struct.unpack(">f", bytes.fromhex(hit[1]))[0], hit[0]))
    return found[:k]


class IndexTest(EngineTest):
    def write_documents(self, count, name="documents.jsonl", topic="salt"):
        self.write(name, "".join(json.dumps(d) + "\n" for d in documents(count, topic)))

    def build(self, corpus="documents.jsonl", out="index"):
        return self.run_engine("index", "build", "--corpus", corpus, "--out", out)

    def test_build_search_info_and_verify(self):
        self.write_documents(50)
        built = self.build()
        self.assert_exit(built, 0)
        file = self.folder / built.stdout.strip()
        self.assertTrue(file.is_file())
        self.write("queries.jsonl", json.dumps({"id": "q", "query": "number7"}) + "\n")
        found = self.run_engine("index", "search", "index", "--queries", "queries.jsonl", "-k", "3")
        self.assert_exit(found, 0)
        answer = json.loads(found.stdout)
        self.assertEqual(answer["id"], "q")
        self.assertEqual(answer["hits"][0][:2], ["d7", 7])
        bits = self.run_engine("index", "search", "index", "--queries", "queries.jsonl", "--float-bits")
        self.assertRegex(json.loads(bits.stdout)["hits"][0][2], "^[0-9a-f]{8}$")
        info = json.loads(self.run_engine("index", "info", "index", "--json").stdout)
        self.assertEqual((info["records"], info["analyzer"]), (50, "english"))
        self.assert_exit(self.run_engine("index", "verify", "index"), 0)

        damaged = bytearray(file.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        file.write_bytes(damaged)
        verified = self.run_engine("index", "verify", "index")
        self.assert_exit(verified, 1)
        self.assertIn("section ", verified.stdout)
        self.assertIn("is damaged; remove it, and build it again", verified.stderr)

    def test_a_build_that_is_killed_leaves_nothing_that_opens(self):
        words = random.Random(7)
        with open(self.folder / "documents.jsonl", "w", encoding="utf-8") as lines:
            for number in range(40_000):
                text = " ".join(f"w{words.randrange(30_000)}" for _ in range(60))
                lines.write(json.dumps({"id": number, "text": text}) + "\n")
        command = [ENGINE, "index", "build", "--corpus", "documents.jsonl", "--out", "index"]
        killed = 0
        for wait_s in (0.05, 0.1, 0.2, 0.4, 0.8):
            process = subprocess.Popen(command, cwd=self.folder, env=self.environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(wait_s)
            process.kill()
            if process.wait() != 0:
                killed += 1
                self.assertEqual(list(self.folder.glob("index/*.index")), [])
                self.assert_exit(self.run_engine("index", "info", "index"), 2)
        self.assertGreater(killed, 0)
        self.assert_exit(self.build(), 0)
        self.assert_exit(self.run_engine("index", "verify", "index"), 0)
        self.assertEqual(len(list((self.folder / "index").iterdir())), 1)

    def test_a_text_of_100_mb_is_indexed_and_found(self):
        with open(self.folder / "documents.jsonl", "w", encoding="utf-8") as lines:
            lines.write('{"id": "long", "text": "' + "salt and pepper " * 6_250_000 + 'last"}\n')
            lines.write('{"id": "short", "text": "salt"}\n')
        self.assert_exit(self.build(), 0)
        self.write("queries.jsonl", '{"query": "last"}\n{"query": "salt"}\n')
        found = self.run_engine("index", "search", "index", "--queries", "queries.jsonl")
        self.assert_exit(found, 0)
        last, salt = (json.loads(line)["hits"] for line in found.stdout.splitlines())
        self.assertEqual([hit[0] for hit in last], ["long"])
        self.assertEqual([hit[0] for hit in salt], ["long", "short"])

    def test_scoring_by_the_reference_equals_a_plain_program(self):
        words = random.Random(11)

        def text(length):
            return " ".join(f"w{int(3000 ** words.random())}" for _ in range(length))

        texts = [text(words.randrange(120)) for _ in range(400)]
        texts += texts[:40]  # ties
        queries = [text(length) for length in (1, 2, 5, 30, 120) for _ in range(6)] + ["unknown", "w1 w1 w1 w9"]
        self.write("documents.jsonl", "".join(json.dumps({"text": t}) + "\n" for t in texts))
        self.write("queries.jsonl", "".join(json.dumps({"query": q}) + "\n" for q in queries))
        for k1, b in ((0.9, 0.4), (1.2, 0.75)):
            out = f"index-{k1}"
            self.assert_exit(self.run_engine(
                "index", "build", "--corpus", "documents.jsonl", "--out", out, "--analyzer", "whitespace",
                "--scoring", "reference", "--k1", str(k1), "-b", str(b)), 0)
            found = self.run_engine("index", "search", out, "--queries", "queries.jsonl", "--float-bits", "-k", "50")
            self.assert_exit(found, 0)
            for query, line in zip(queries, found.stdout.splitlines(), strict=True):
                hits = [hit[1:] for hit in json.loads(line)["hits"]]
                self.assertEqual(hits, reference_hits(texts, query, k1, b, 50), query)
        self.assertEqual(json.loads(self.run_engine("index", "info", out, "--json").stdout)["scoring"], "reference")

    def check_negatives(self):
        rows = read_jsonl(self.folder / "out" / "result.jsonl")
        self.assertEqual(len(rows), 30)
        for row in rows:
            self.assertEqual(len(row["ids"]), 2)
            self.assertNotIn(row["id"], row["ids"])
            self.assertEqual(len(row["ranks"]), 2)

    def test_a_prebuilt_index_serves_pipelines_that_build_none(self):
        self.write_documents(30)
        self.assert_exit(self.build(), 0)
        self.write("p.yaml", PIPELINE.replace("CORPUS", "prebuilt: index"))
        self.assert_exit(self.run_engine("validate", "p.yaml"), 0)
        self.assert_exit(self.run_engine("p.yaml", "--progress", "none"), 0)
        self.check_negatives()
        self.assertFalse((self.folder / ".rare" / "index").exists())

    def test_fewer_negatives_than_asked_are_counted(self):
        self.write_documents(2)
        self.write("p.yaml", PIPELINE.replace("CORPUS", "path: documents.jsonl"))
        process = self.run_engine("p.yaml", "--progress", "none")
        self.assert_exit(process, 0)
        self.assertEqual(self.manifest("prebuilt")["nodes"]["negatives"]["counters"],
                         {"fewer_negatives": 2, "no_negatives": 0})
        self.assertIn("negatives: 2 records with fewer negatives than `num_neg` (fewer_negatives)\n", process.stdout)
        self.assertRegex(self.run_engine("status", "p.yaml").stdout, r"negatives +fewer_negatives +2\n")

    def test_a_corpus_by_path(self):
        self.write_documents(30)
        self.write("p.yaml", PIPELINE.replace("CORPUS", "path: documents.jsonl"))
        self.assert_exit(self.run_engine("p.yaml", "--progress", "none"), 0)
        self.check_negatives()

    def test_a_run_does_not_go_on_over_another_corpus(self):
        self.write_documents(30)
        for name, corpus in (("path", "path: corpus.jsonl"), ("prebuilt", "prebuilt: index")):
            with self.subTest(name):
                self.write_documents(30, "corpus.jsonl")
                shutil.rmtree(self.folder / "index", ignore_errors=True)
                self.assert_exit(self.build("corpus.jsonl"), 0)
                self.write("p.yaml", PIPELINE.replace("CORPUS", corpus))
                self.assert_exit(self.run_engine("p.yaml", "--progress", "none", "--fresh", "--limit", "5"), 0)
                self.assert_exit(self.run_engine("p.yaml", "--progress", "none", "--limit", "9"), 0)
                with open(self.folder / "corpus.jsonl", "a", encoding="utf-8") as more:
                    more.write('{"id": "new", "text": "One note more."}\n')
                shutil.rmtree(self.folder / "index")
                self.assert_exit(self.build("corpus.jsonl"), 0)
                process = self.run_engine("p.yaml", "--progress", "none")
                self.assert_exit(process, 2)
                self.assertIn("the input of 'services.corpus' changed since the run", process.stderr)
                self.assert_exit(self.run_engine("p.yaml", "--progress", "none", "--fresh"), 0)
                self.check_negatives()

    def test_a_corpus_by_path_that_lacks_the_records_stops_the_run(self):
        self.write_documents(30)
        self.write_documents(30, "other.jsonl", "pepper")
        self.write("p.yaml", PIPELINE.replace("CORPUS", "path: other.jsonl"))
        process = self.run_engine("p.yaml", "--progress", "none")
        self.assert_exit(process, 2)
        self.assertIn("that is not in the index's corpus", process.stderr)


if __name__ == "__main__":
    unittest.main()
