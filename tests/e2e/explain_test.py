"""One record's way through a run, looked at afterwards: nothing is asked and nothing written."""

import json
import unittest

from harness import EngineTest, PIPELINES, ProtocolServer, read_jsonl

RARE = [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml"]
QUIET = ["--progress", "none"]
NO_ENDPOINT = {"RARE_LLM_URL": "http://127.0.0.1:9", "RARE_LLM_MODEL": "test-model"}


class ExplainTest(EngineTest):
    def over(self, corpus, *more):
        return [*RARE, "--set", f"nodes.documents.with.path={corpus}", *more]

    def explain(self, command, record, code=0):
        self.environment.update(NO_ENDPOINT)
        process = self.run_engine("explain", command[0], record, *command[1:])
        self.assert_exit(process, code)
        return process

    def test_a_record_that_was_written(self):
        command = self.over(self.write_corpus(20))
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("run", *command, *QUIET), 0)
        before = {path: path.read_bytes() for path in self.folder.rglob("*.jsonl")}
        row = read_jsonl(self.folder / "out/rare-openai.jsonl")[7]
        text = self.explain(command, "7").stdout
        for node in ("documents (files.read)", "questions (Doc2Query)", "negatives (BM25HardNeg)",
                     "reasoning (ReasonDistill)", "result (files.write)"):
            self.assertIn(node, text)
        self.assertIn("questions asked test-model, attempt 1", text)
        self.assertIn(row["text"].split("\n")[0], text)
        told = json.loads(self.explain([*command, "--json"], "7").stdout)
        self.assertEqual([reply["node"] for reply in told["replies"]], ["questions", "reasoning"])
        self.assertIn(row["text"], told["replies"][0]["messages"][-1]["content"])
        self.assertEqual(told["replies"][1]["reply"], row["reasoning"])
        written = told["records"][0]["steps"][-1]
        self.assertEqual(written["node"], "result")
        self.assertEqual(written["fields"]["question"], row["question"])
        self.assertEqual({path: path.read_bytes() for path in before}, before)

    def test_a_record_that_died_and_one_that_was_retried(self):
        command = self.over(self.write_corpus(40), "--set", "nodes.questions.with.max_attempts=1",
                            "--set", "nodes.reasoning.with.max_attempts=1",
                            "--set", "stop_after_errors=100%")
        with ProtocolServer("--truncated", 20) as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("run", *command, *QUIET), 3)
        letter = self.dead_letters("rare-openai")[0]
        told = json.loads(self.explain([*command, "--json"], letter["id"]).stdout)
        failed = told["records"][0]["steps"][-1]
        self.assertEqual((failed["node"], failed["did"]), (letter["node"], "failed"))
        self.assertEqual(failed["reason"], letter["reason"])
        self.assertIn("cut off", told["replies"][-1]["problem"])
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("retry", *command, *QUIET), 0)
        told = json.loads(self.explain([*command, "--json"], letter["id"]).stdout)
        self.assertEqual(told["records"][0]["steps"][-1]["did"], "written")
        rounds = {reply["node"]: reply["round"] for reply in told["replies"]}
        self.assertEqual(rounds[letter["node"]], 1)

    def test_what_cannot_be_explained_says_so(self):
        command = self.over(self.write_corpus(5))
        self.assertIn("no run is kept in .rare/rare-openai", self.explain(command, "1", 2).stderr)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine("run", *command, *QUIET), 0)
        self.assertIn("the input has no record 5", self.explain(command, "5", 2).stderr)
        self.assertIn("'result' is no record", self.explain(command, "result", 2).stderr)
        other = [*command, "--set", "nodes.negatives.with.num_neg=1"]
        self.assertIn("num_neg: was 3, now 1", self.explain(other, "1", 2).stderr)
        (self.folder / ".rare/replies.db").unlink()
        (self.folder / ".rare/replies.db-commits").unlink()
        gone = self.explain(command, "1")
        self.assertIn("its reply is not in the store", gone.stdout)


if __name__ == "__main__":
    unittest.main()
