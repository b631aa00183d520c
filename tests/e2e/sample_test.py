"""The sample pipeline on the local demo model: what `./dev run` gives to a newcomer.

The default suite runs its first passages; the suite `scale` runs it whole (RARE_TEST_WHOLE_SAMPLE)."""

import os
import statistics
import unittest

from harness import EngineTest, PIPELINES, read_jsonl

FIRST = 8
FIELDS = ("question", "scenario", "reasoning")


def longest_common_words(text, other):
    """Length in words of the longest run that stands in both."""
    a, b = text.lower().split(), other.lower().split()
    best, row = 0, [0] * (len(b) + 1)
    for word in a:
        previous = 0
        for i, candidate in enumerate(b, start=1):
            previous, row[i] = row[i], previous + 1 if word == candidate else 0
            best = max(best, row[i])
    return best


class SampleTest(EngineTest):
    def test_every_passage_becomes_a_training_record(self):
        documents = read_jsonl(PIPELINES / "data" / "passages.jsonl")
        self.assertGreaterEqual(len(documents), 64)
        texts = {d["text"] for d in documents}
        limit = []
        if not os.environ.get("RARE_TEST_WHOLE_SAMPLE"):
            documents = documents[:FIRST]
            limit = ["--limit", str(FIRST)]
        # A language model on the machine's own cores: six minutes on two idle ones for all of it.
        process = self.run_engine(PIPELINES / "rare.yaml", "--progress", "plain", *limit, hang_s=3500)
        self.assert_exit(process, 0)
        print(process.stdout)
        rows = read_jsonl(self.folder / "out" / "rare.jsonl")
        self.assertEqual([row["text"] for row in rows], [d["text"] for d in documents])
        for row in rows:
            self.assertEqual(len(row["hard_negatives"]), 3)
            self.assertEqual(len(set(row["hard_negatives"])), 3)
            self.assertNotIn(row["text"], row["hard_negatives"])
            self.assertTrue(texts.issuperset(row["hard_negatives"]))
            for field in FIELDS:
                words = row[field].split()
                self.assertGreaterEqual(len(words), 5, f"{row['id']}: {field}: {row[field]}")
                self.assertLess(longest_common_words(row[field], row["text"]), 0.8 * len(words),
                                f"{row['id']}: {field} is copied: {row[field]}")
        self.assertGreaterEqual(len({row["question"] for row in rows}), 0.95 * len(rows))
        self.assertGreaterEqual(statistics.median(len(row["reasoning"].split()) for row in rows), 45)
        self.assertIn(f"ledger: {len(rows)} read = {len(rows)} written", process.stdout)
        self.assertIn("do not train on", process.stdout)

        if limit:
            return  # a later start goes on with the rest
        again = self.run_engine(PIPELINES / "rare.yaml")
        self.assert_exit(again, 0)
        self.assertEqual(again.stdout, f"complete, {len(rows)} records at out/rare.jsonl\n")


if __name__ == "__main__":
    unittest.main()
