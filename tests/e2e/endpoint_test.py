"""rare.yaml over an HTTP endpoint: complete, in order, within its memory, whatever the endpoint does."""

import json
import unittest

from harness import EngineTest, PIPELINES, ProtocolServer, read_jsonl

RARE = [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none"]
OUTPUT = "out/rare-openai.jsonl"


class EndpointTest(EngineTest):
    def over(self, corpus):
        return [*RARE, "--set", f"nodes.documents.with.path={corpus}"]

    def check_rows(self, corpus, rows):
        documents = read_jsonl(corpus)
        self.assertEqual([row["id"] for row in rows], [d["id"] for d in documents])
        texts = {d["text"] for d in documents}
        for row in rows:
            self.assertEqual(list(row), ["id", "text", "question", "scenario", "hard_negatives", "passages_order",
                                         "reasoning"])
            self.assertEqual(len(row["hard_negatives"]), 3)
            self.assertNotIn(row["text"], row["hard_negatives"])
            self.assertTrue(texts.issuperset(row["hard_negatives"]))
            for field in ("question", "scenario", "reasoning"):
                self.assertGreaterEqual(len(row[field].split()), 5)
        self.assertGreater(len({row["question"] for row in rows}), 0.95 * len(rows))

    def test_two_thousand_documents(self):
        corpus = self.write_corpus(2000)
        with ProtocolServer("--latency-ms", 100) as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.over(corpus))
            self.assert_exit(process, 0)
            stats = server.stats(slots=64)
        self.check_rows(corpus, read_jsonl(self.folder / OUTPUT))
        self.assertEqual(stats["calls"], 4000)
        self.assertEqual(stats["max_in_flight"], 64)
        manifest = self.manifest("rare-openai")
        self.assertEqual(manifest["status"], "complete")
        self.assertEqual(manifest["records"]["read"], 2000)
        self.assertEqual(manifest["records"]["written"], 2000)
        self.assertEqual(manifest["services"]["teacher"]["calls"], 4000)
        self.assertLess(manifest["peak_rss_bytes"], 150e6)
        self.assertIn("ledger: 2000 read = 2000 written", process.stdout)
        print(f"slots busy {stats['busy_share']:.3f}, "
              f"peak memory {manifest['peak_rss_bytes'] / 1e6:.0f} MB")

    def test_faults_cost_no_record(self):
        corpus = self.write_corpus(1000)
        with ProtocolServer("--latency-ms", 20, "--fault-429", 5, "--fault-500", 2,
                            "--fault-cut", 1, "--malformed", 1) as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.over(corpus))
            self.assert_exit(process, 0)
            stats = server.stats()
        self.check_rows(corpus, read_jsonl(self.folder / OUTPUT))
        manifest = self.manifest("rare-openai")
        self.assertGreater(manifest["services"]["teacher"]["retries"], 0)
        self.assertGreater(manifest["services"]["teacher"]["throttled"], 0)
        # Nothing is asked without need: about 9% of the calls had to be repeated.
        self.assertLess(stats["calls"], 2000 * 1.18)

    def test_replies_that_come_piece_by_piece(self):
        corpus = self.write_corpus(200)
        with ProtocolServer("--latency-ms", 20, "--token-ms", 1, "--reasoning-content",
                            "--fault-429", 3, "--fault-cut", 1, "--malformed", 1,
                            "--refuse-stream-options") as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.over(corpus), "--set", "services.teacher.with.stream=on")
            self.assert_exit(process, 0)
            stats = server.stats()
        self.assertIn("stream_options", process.stderr)
        rows = read_jsonl(self.folder / OUTPUT)
        self.check_rows(corpus, rows)
        for row in rows:
            self.assertRegex(row["reasoning"], r"(?s)^<think>.+</think>\n<answer>.+</answer>$")
        self.assertGreater(stats["statuses"]["200"], 399)

    def test_a_budget_ends_the_run_which_goes_on_when_it_is_raised(self):
        corpus = self.write_corpus(100)
        prices = ["--set", "prices={teacher: {prompt: 2, completion: 10}}",
                  "--set", "services.teacher.with.max_in_flight=4"]
        with ProtocolServer("--latency-ms", 20) as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.over(corpus), *prices, "--set", "budget={tokens: 40000}")
            self.assert_exit(process, 5)
            self.assertIn("the budget is reached: ", process.stderr)
            self.assertIn("`budget: { tokens: 40000 }`", process.stderr)
            self.assertRegex(process.stdout, r"throttled, cost 0\.\d+")
            teacher = self.manifest("rare-openai")["services"]["teacher"]
            self.assertEqual(self.manifest("rare-openai")["status"], "budget_reached")
            used = teacher["prompt_tokens"] + teacher["completion_tokens"]
            stats = server.stats()
            self.assertEqual(used, stats["prompt_tokens"] + stats["completion_tokens"])
            self.assertGreaterEqual(used, 40000)
            self.assertLess(used, 80000)
            self.assertEqual(teacher["unanswered"], 0)
            self.assertAlmostEqual(
                teacher["cost"], (teacher["prompt_tokens"] * 2 + teacher["completion_tokens"] * 10) / 1e6)
            calls = stats["calls"]

            process = self.run_engine(*self.over(corpus), *prices, "--set", "budget={cost: 0.0001}")
            self.assert_exit(process, 5)
            self.assertIn("of `budget: { cost: 0.0001 }`", process.stderr)
            self.assertEqual(server.stats()["calls"], calls)  # nothing was asked

            self.assert_exit(self.run_engine(*self.over(corpus), *prices), 0)
            self.assertEqual(server.stats()["calls"], 200)
            stats = server.stats()
            self.assertAlmostEqual(self.manifest("rare-openai")["services"]["teacher"]["cost"],
                                   (stats["prompt_tokens"] * 2 + stats["completion_tokens"] * 10) / 1e6)

    def test_second_start_asks_nothing(self):
        corpus = self.write_corpus(100)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.over(corpus)), 0)
            first = (self.folder / OUTPUT).read_bytes()
            calls = server.stats()["calls"]

            again = self.run_engine(*self.over(corpus))
            self.assert_exit(again, 0)
            self.assertEqual(again.stdout, f"complete, 100 records at {OUTPUT}\n")

            (self.folder / OUTPUT).unlink()
            self.assert_exit(self.run_engine(*self.over(corpus)), 0)
            self.assertEqual((self.folder / OUTPUT).read_bytes(), first)

            self.assert_exit(self.run_engine(*self.over(corpus), "--fresh"), 0)
            self.assertEqual((self.folder / OUTPUT).read_bytes(), first)
            self.assertEqual(server.stats()["calls"], calls)

    def test_limit_and_then_the_rest(self):
        corpus = self.write_corpus(60)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.over(corpus), "--limit", 10), 0)
            few = read_jsonl(self.folder / OUTPUT)
            self.assertEqual(len(few), 10)
            self.assert_exit(self.run_engine(*self.over(corpus)), 0)
            rows = read_jsonl(self.folder / OUTPUT)
            self.assertEqual(rows[:10], few)
            self.check_rows(corpus, rows)
            self.assertEqual(server.stats()["calls"], 120)

    def test_bad_lines_are_dead_letters_and_the_rest_goes_on(self):
        good = json.dumps({"id": "a", "text": "Iron rusts when water and oxygen meet its surface."})
        other = json.dumps({"id": "b", "text": "Copper grows a green layer of its own in damp air."})
        long = json.dumps({"id": "long", "text": "Zinc protects steel from rust. " * 35000})
        lines = [good, "{not json", '["no", "object"]', '{"id": "no text"}', '{"text": "   "}',
                 '{"text": 7}', other, long]
        corpus = self.write("bad.jsonl", "\n".join(lines).encode() + b'\n{"text": "\xff\xfe"}\n')
        with ProtocolServer() as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.over(corpus))
        self.assert_exit(process, 3)
        rows = read_jsonl(self.folder / OUTPUT)
        self.assertEqual([row["id"] for row in rows], ["a", "b", "long"])
        letters = {letter["id"]: letter for letter in self.dead_letters("rare-openai")}
        self.assertEqual(sorted(letters), ["1", "2", "3", "4", "5", "8"])
        self.assertEqual(letters["1"]["node"], "documents")
        self.assertIn("bad.jsonl:2:", letters["1"]["reason"])
        self.assertIn("object", letters["2"]["reason"])
        self.assertEqual(letters["3"]["node"], "questions")
        for letter in "345":
            self.assertIn("text", letters[letter]["reason"])
        self.assertIn("UTF-8", letters["8"]["reason"])
        self.assertIn("raw_base64", letters["8"])
        self.assertIn("9 read = 3 written + 6 dead", process.stdout)
        # What was cut from the long text is said.
        self.assertRegex(process.stderr, r"\[questions\] record 7: .* the prompt holds the first")

    def test_a_rejected_key_ends_the_run_at_once(self):
        corpus = self.write_corpus(500)
        with ProtocolServer("--api-key", "right") as server:
            self.use_endpoint(server)
            self.environment["OPENAI_API_KEY"] = "sk-wrong-secret"
            process = self.run_engine(*self.over(corpus))
            # What was in flight when the first refusal came, and what it freed: not 500 records.
            self.assertLess(server.stats()["calls"], 128)
        self.assert_exit(process, 1)
        self.assertIn("401", process.stderr)
        for path in self.folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"sk-wrong-secret", path.read_bytes(), path)
        self.assertNotIn("sk-wrong-secret", process.stderr + process.stdout)

    def test_no_endpoint_at_all_can_be_tried_again_later(self):
        corpus = self.write_corpus(5)
        self.environment.update(RARE_LLM_URL="http://127.0.0.1:9", RARE_LLM_MODEL="m")
        process = self.run_engine(*self.over(corpus))
        self.assert_exit(process, 4)
        self.assertIn("127.0.0.1:9", process.stderr)


if __name__ == "__main__":
    unittest.main()
