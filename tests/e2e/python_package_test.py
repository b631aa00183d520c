"""rare_engine.run: a pipeline from Python, its end, its failures, and an interruption from a callback."""

import sys
import unittest

from harness import ENGINE, PIPELINES, SOURCE, EngineTest, ProtocolServer, read_jsonl

sys.path.insert(0, str(SOURCE / "sdk/python"))
import rare_engine  # noqa: E402  (found by the line above)


class PythonPackageTest(EngineTest):
    def run_rare(self, server, corpus, **more):
        self.use_endpoint(server)
        return rare_engine.run(PIPELINES / "rare.yaml", overlays=[PIPELINES / "openai.yaml"], cwd=self.folder, engine=ENGINE,
                               environment=self.environment, settings={"nodes.documents.with.path": str(corpus), "grace_s": 5}, **more)

    def test_a_run_and_the_same_again(self):
        server = ProtocolServer()
        self.addCleanup(server.close)
        corpus, said = self.write_corpus(20), []
        result = self.run_rare(server, corpus, on_log=said.append)
        self.assertEqual((result.exit_code, result.status, result.records["written"]), (0, "complete", 20))
        self.assertEqual(len(read_jsonl(self.folder / result.results[0])), 20)
        self.assertGreater(result.services["teacher"]["calls"], 0)
        self.assertTrue(all(line["message"] for line in said))
        asked = server.stats()["calls"]
        self.assertEqual(self.run_rare(server, corpus, on_log=said.append), result)
        self.assertEqual(server.stats()["calls"], asked)

    def test_what_fails_says_why(self):
        with self.assertRaises(rare_engine.RunFailed) as raised:
            rare_engine.run("nowhere.yaml", cwd=self.folder, engine=ENGINE, on_log=lambda _: None)
        self.assertEqual(raised.exception.exit_code, 2)
        self.assertFalse(raised.exception.may_be_repeated)
        self.assertIn("nowhere.yaml", str(raised.exception))
        with self.assertRaisesRegex(FileNotFoundError, "no program '/no/engine'"):
            rare_engine.find_engine("/no/engine")

    def test_a_callback_that_raises_interrupts_the_run_which_goes_on_later(self):
        server = ProtocolServer("--latency-ms", 50)
        self.addCleanup(server.close)
        corpus, looks = self.write_corpus(400), []

        class Enough(Exception):
            pass

        def stop(_):
            looks.append(1)
            raise Enough

        with self.assertRaises(Enough):
            self.run_rare(server, corpus, on_progress=stop, on_log=lambda _: None)
        self.assertEqual(len(looks), 1)
        result = self.run_rare(server, corpus, on_log=lambda _: None)
        self.assertEqual(result.records["written"], 400)
        self.assertEqual(len({row["id"] for row in read_jsonl(self.folder / result.results[0])}), 400)


if __name__ == "__main__":
    unittest.main()
