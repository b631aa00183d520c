"""preview: a few records over a real endpoint; nothing is written but stored replies, which a run then uses."""

import json
import unittest

from harness import EngineTest, PIPELINES, ProtocolServer

RARE = [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml"]


class PreviewTest(EngineTest):
    def preview(self, corpus, *arguments):
        process = self.run_engine("preview", *RARE, "--set", f"nodes.documents.with.path={corpus}", *arguments)
        self.assert_exit(process, 0)
        return process.stdout

    def test_replies_are_kept_and_the_whole_input_is_estimated(self):
        corpus = self.write_corpus(200)
        with ProtocolServer("--latency-ms", 5) as server:
            self.use_endpoint(server)
            seen = json.loads(self.preview(corpus, "-n", "20", "--json"))
            self.assertEqual(server.stats()["calls"], 40)
            self.assertFalse((self.folder / "out").exists())
            self.assertFalse((self.folder / ".rare" / "rare-openai").exists())

            self.assertEqual(len(seen["records"]), 20)
            steps = {step["node"]: step for step in seen["records"][7]["steps"]}
            self.assertEqual(set(steps["questions"]["out"][0]["added"]), {"question", "scenario"})
            self.assertEqual(set(steps["reasoning"]["out"][0]["added"]), {"passages_order", "reasoning"})
            self.assertEqual(steps["result"]["did"], "written")
            estimate = seen["estimate"]
            for name in ("records", "calls", "prompt_tokens", "completion_tokens", "disk_bytes", "hours"):
                low, middle, high = estimate[name]
                self.assertLessEqual(low, middle, name)
                self.assertLessEqual(middle, high, name)
                self.assertGreater(middle, 0, name)
            self.assertTrue(160 < estimate["records"][1] < 250, estimate["records"])
            self.assertAlmostEqual(estimate["calls"][1], 2 * estimate["records"][1], delta=1)

            again = json.loads(self.preview(corpus, "-n", "20", "--json"))
            self.assertEqual(server.stats()["calls"], 40)
            self.assertEqual(again["estimate"]["prompt_tokens"], estimate["prompt_tokens"])
            self.assertIn("store", again["estimate"]["hours_left_out"])
            self.assertIn("nothing has a price", again["estimate"]["cost_left_out"])
            priced = json.loads(self.preview(corpus, "-n", "20", "--json", "--set",
                                             "prices={teacher: {prompt: 2, completion: 10}}"))["estimate"]
            self.assertNotIn("cost_left_out", priced)
            self.assertAlmostEqual(
                priced["cost"][1],
                (priced["prompt_tokens"][1] * 2 + priced["completion_tokens"][1] * 10) / 1e6)

            process = self.run_engine(*RARE, "--set", f"nodes.documents.with.path={corpus}",
                                      "--limit", "20", "--progress", "none")
            self.assert_exit(process, 0)
            self.assertEqual(server.stats()["calls"], 40)

    def test_the_text_names_nodes_and_fields(self):
        corpus = self.write_corpus(30)
        with ProtocolServer("--latency-ms", 1) as server:
            self.use_endpoint(server)
            text = self.preview(corpus, "-n", "2")
        self.assertIn("record 0\n  documents (files.read)\n", text)
        self.assertIn("record 1\n", text)
        self.assertIn("      + hard_negatives: [", text)
        self.assertIn("  result (files.write): would be written: ", text)
        self.assertIn("not said: it takes at least 10 records", text)


if __name__ == "__main__":
    unittest.main()
