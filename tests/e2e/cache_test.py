"""cache: what is in the reply store after a run, what becomes of a damaged reply, what pruning leaves."""

import json
import sqlite3
import time
import unittest

from harness import EngineTest, HANG_S, PIPELINES, ProtocolServer, read_jsonl

DOCUMENTS = 20


class CacheTest(EngineTest):
    def command(self, *more):
        corpus = self.folder / "corpus.jsonl"
        if not corpus.exists():
            self.write_corpus(DOCUMENTS)
        return [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none",
                "--set", f"nodes.documents.with.path={corpus}", *more]

    def stats(self):
        process = self.run_engine("cache", "stats", "--json")
        self.assert_exit(process, 0)
        return json.loads(process.stdout)

    def test_a_damaged_reply_ends_the_run_and_after_prune_only_it_is_paid_again(self):
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.command()), 0)
            stats = self.stats()
            self.assertEqual(stats["replies"], 2 * DOCUMENTS)
            self.assertEqual(sorted(asker["node"] for asker in stats["askers"]), ["questions", "reasoning"])
            manifest = self.manifest("rare-openai")["services"]["teacher"]
            self.assertEqual(stats["prompt_tokens"], manifest["prompt_tokens"])
            self.assertEqual(stats["completion_tokens"], manifest["completion_tokens"])
            self.assertEqual(stats["unanswered"], 0)

            store = sqlite3.connect(self.folder / ".rare" / "replies.db")
            (key,) = store.execute("SELECT key FROM replies WHERE node = 'questions' LIMIT 1 OFFSET 7").fetchone()
            store.execute("UPDATE replies SET packed = CAST(substr(packed, 1, 30) || x'00' || substr(packed, 32) "
                          "AS BLOB) WHERE key = ?", (key,))
            store.commit()
            store.close()
            process = self.run_engine(*self.command("--fresh"))
            self.assert_exit(process, 2)
            self.assertIn(f"the reply under the key {key} is damaged", process.stderr)
            self.assertIn("rare-engine cache prune --damaged --cache .rare/replies.db", process.stderr)
            export = self.run_engine("cache", "export")
            self.assert_exit(export, 1)
            self.assertEqual(len(export.stdout.splitlines()), 2 * DOCUMENTS - 1)

            prune = self.run_engine("cache", "prune", "--damaged")
            self.assert_exit(prune, 0)
            self.assertIn(f"removed 1 of {2 * DOCUMENTS} replies", prune.stdout)
            calls = server.stats()["calls"]
            self.assert_exit(self.run_engine(*self.command("--fresh")), 0)
            self.assertEqual(server.stats()["calls"], calls + 1)

    def test_a_service_keeps_its_replies_in_a_file_of_its_own_which_runs_share(self):
        shared = ["--set", "services.teacher.with.cache_file=shared/replies.db"]
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.command(*shared)), 0)
            calls = server.stats()["calls"]
            again = self.run_engine(*self.command(*shared, "--state-dir", "another", "--set", "name=another"))
            self.assert_exit(again, 0)
            self.assertEqual(server.stats()["calls"], calls)
        self.assertIn(f"{2 * DOCUMENTS} answered from the reply store", again.stdout)
        manifest = self.manifest("rare-openai")["services"]["teacher"]
        self.assertEqual(manifest["replies"], 2 * DOCUMENTS)
        self.assertGreater(manifest["latency_ms"]["p50"], 0)
        self.assertEqual(self.stats()["replies"], 0)
        process = self.run_engine("cache", "stats", "--json", "--cache", "shared/replies.db")
        self.assertEqual(json.loads(process.stdout)["replies"], 2 * DOCUMENTS)

    def test_a_file_of_its_own_that_is_none_is_refused_before_anything_is_asked(self):
        self.write("shared/replies.db", "no database, but some text that is long enough to be looked at\n" * 20)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            process = self.run_engine(*self.command("--set", "services.teacher.with.cache_file=shared/replies.db"))
            self.assertEqual(server.stats()["calls"], 0)
        self.assert_exit(process, 2)
        self.assertIn("teacher", process.stderr)
        self.assertIn("shared/replies.db", process.stderr)

    def test_provenance_names_replies_that_are_in_the_store(self):
        with ProtocolServer("--truncated", 20) as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(*self.command("--set", "nodes.result.with.meta=true")), 0)
        export = self.run_engine("cache", "export")
        replies = {reply["key"]: reply for reply in map(json.loads, export.stdout.splitlines())}
        rows = read_jsonl(self.folder / "out" / "rare-openai.jsonl")
        self.assertEqual(len(rows), DOCUMENTS)
        prompts = set()
        for number, row in enumerate(rows):
            self.assertEqual(list(row)[-1], "_rare")
            origin = row["_rare"]
            self.assertEqual(origin["id"], str(number))
            question, reasoning = (replies[key] for key in origin["replies"])
            self.assertEqual([question["node"], reasoning["node"]], ["questions", "reasoning"])
            self.assertIn(row["text"], question["request"]["messages"][-1]["content"])
            self.assertIn(row["reasoning"], json.dumps(reasoning, ensure_ascii=False))
            self.assertEqual(sorted(origin["models"]), ["questions", "reasoning"])
            self.assertTrue(all(origin["models"].values()))
            prompts.add(json.dumps(origin["prompts"], sort_keys=True))
        self.assertEqual(len(prompts), 1)

    def test_prune_keeps_what_a_killed_run_goes_on_from(self):
        with ProtocolServer("--latency-ms", 300) as server:
            self.use_endpoint(server)
            process = self.start(*self.command("--set", "services.teacher.with.max_in_flight=4"))
            end = time.monotonic() + HANG_S
            while server.stats()["calls"] < 10 and time.monotonic() < end:
                time.sleep(0.02)
            process.kill()
            process.communicate(timeout=HANG_S)
            (run,) = self.stats()["runs"]
            self.assertGreater(run["replies"], 0)
            prune = ["cache", "prune", "--run", run["run_id"]]
            process = self.run_engine(*prune)
            self.assert_exit(process, 2)
            self.assertIn("the run in .rare/rare-openai is not done and goes on from", process.stderr)
            self.assertEqual(self.stats()["replies"], run["replies"])
            self.assert_exit(self.run_engine(*prune, "--force"), 0)
            self.assertEqual(self.stats()["replies"], 0)
            self.assert_exit(self.run_engine(*self.command()), 0)


if __name__ == "__main__":
    unittest.main()
