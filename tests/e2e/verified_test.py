"""rare-verified.yaml: negatives that a judge let through, and answers that agree with others."""

import unittest

from harness import EngineTest, PIPELINES, ProtocolServer, read_jsonl

VERIFIED = [PIPELINES / "rare-verified.yaml", "-f", PIPELINES / "endpoint.yaml", "--progress", "none"]
OUTPUT = "out/rare-verified.jsonl"


class VerifiedTest(EngineTest):
    def over(self, corpus, *settings):
        arguments = [*VERIFIED, "--set", f"nodes.documents.with.path={corpus}"]
        for setting in settings:
            arguments += ["--set", setting]
        return arguments

    def test_false_negatives_give_way_to_the_next_candidates(self):
        corpus = self.write_corpus(100)
        with ProtocolServer("--malformed", 2, "--truncated", 3) as server:
            self.use_endpoint(server)
            # The candidates themselves, beside what is made of them.
            self.assert_exit(self.run_engine(*self.over(
                corpus, "nodes.candidates.save=out/candidates.jsonl")), 0)
            calls = server.stats()["calls"]
        self.assertGreater(calls, 300)  # what was cut off was asked again
        texts = {d["text"] for d in read_jsonl(corpus)}
        candidates = {row["id"]: row["hard_negatives"]
                      for row in read_jsonl(self.folder / "out/candidates.jsonl")}
        rows = read_jsonl(self.folder / OUTPUT)
        replaced = 0
        for row in rows:
            offered = candidates[row["id"]]
            self.assertEqual(len(row["verdicts"]), len(offered))
            relevant = [verdict["relevant"] for verdict in row["verdicts"]]
            others = [text for text, answers in zip(offered, relevant) if not answers]
            self.assertEqual(row["hard_negatives"], others[:3])
            self.assertEqual(row["false_negatives"],
                             [text for text, answers in zip(offered, relevant) if answers])
            self.assertTrue(texts.issuperset(row["hard_negatives"]))
            self.assertTrue(all(verdict["reason"] for verdict in row["verdicts"]))
            self.assertGreaterEqual(len(row["reasoning"].split()), 5)
            self.assertIn(row["agreement"], (2 / 3, 1))
            replaced += row["hard_negatives"] != offered[:3]
        self.assertGreater(replaced, len(rows) / 2)  # this judge tosses a coin
        records = self.manifest("rare-verified")["records"]
        self.assertEqual(records["written"], len(rows) + 100)  # `save` writes, too
        self.assertEqual(len(rows) + records["filtered"], 100)

    def test_a_record_without_enough_negatives_is_filtered_and_counted(self):
        corpus = self.write_corpus(60)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.over(
                corpus, "nodes.candidates.with.num_neg=3", "nodes.negatives.with.min_neg=2")), 0)
        records = self.manifest("rare-verified")["records"]
        self.assertGreater(records["filtered"], 5)
        self.assertEqual(records["written"] + records["filtered"], 60)
        for row in read_jsonl(self.folder / OUTPUT):
            self.assertGreaterEqual(len(row["hard_negatives"]), 2)
        status = self.run_engine("status", PIPELINES / "rare-verified.yaml", "--json")
        self.assertIn("negatives 1 < min_neg 2", status.stdout)

    def test_answers_can_be_compared_with_a_known_one(self):
        corpus = self.write_corpus(20)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.over(
                corpus, "nodes.samples=null", "nodes.check.from=reasoning",
                "nodes.check.with.input_reference_key=reasoning", "nodes.check.with.compare=exact",
                "nodes.negatives.with.min_neg=0")), 0)
            self.assertEqual(server.stats()["calls"], 60)  # none for the check
        rows = read_jsonl(self.folder / OUTPUT)
        self.assertEqual([row["agreement"] for row in rows], [1] * 20)

    def test_too_few_can_be_an_error(self):
        corpus = self.write_corpus(60)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.over(
                corpus, "nodes.candidates.with.num_neg=3", "nodes.negatives.with.min_neg=2",
                "nodes.negatives.with.on_too_few=error", "stop_after_errors=60"))
        self.assert_exit(process, 3)
        letters = self.dead_letters("rare-verified")
        self.assertEqual({letter["node"] for letter in letters}, {"negatives"})
        for letter in letters:
            self.assertRegex(letter["reason"], r"negatives [01] < min_neg 2; give it more candidates")

    def test_the_pipeline_is_valid_as_it_ships(self):
        self.assert_exit(self.run_engine("validate", PIPELINES / "rare-verified.yaml"), 0)

    def test_only_the_list_of_candidates_may_be_replaced(self):
        process = self.run_engine("validate", PIPELINES / "rare-verified.yaml", "--set",
                                  "nodes.negatives.with.input_hardneg_key=other_negatives")
        self.assert_exit(process, 2)
        self.assertIn("writes field 'hard_negatives', which node 'candidates' above it writes, too", process.stderr)


if __name__ == "__main__":
    unittest.main()
