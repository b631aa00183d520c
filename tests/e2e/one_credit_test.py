"""Every shipped pipeline and operator with one record in flight: nobody waits for a second one."""

import json
import unittest

import kafka_client
from harness import EngineTest, PIPELINES, ProtocolServer, read_jsonl

ONE = ["--set", "max_records_in_flight=1", "--progress", "none"]
RECORDS = 6

# One record at a time through nodes that could take several, and fan-out.
TWO_WAYS = """
name: two-ways
max_records_in_flight: 1
services:
  teacher:
    use: llm.openai
    with: { base_url: "${RARE_LLM_URL}", model: "${RARE_LLM_MODEL}" }
  corpus: { use: bm25.index, with: { from: documents } }
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: questions, use: Doc2Query, with: { llm: teacher } }
  - { name: negatives, use: BM25HardNeg, with: { index: corpus }, parallelism: 4 }
  - { name: reasoning, use: ReasonDistill, with: { llm: teacher } }
  - { name: with-negatives, use: files.write, from: negatives, with: { path: out/negatives.jsonl } }
  - { name: result, use: files.write, from: reasoning, with: { path: out/result.jsonl } }
  - { name: training, use: export.sft, from: reasoning, with: { path: out/training } }
"""


class OneCreditTest(EngineTest):
    def test_every_shipped_component_is_run_here(self):
        listing = self.run_engine("operators", "--json")
        self.assert_exit(listing, 0)
        run_here = TWO_WAYS + "".join((PIPELINES / f"{name}.yaml").read_text()
                                      for name in ("rare", "rare-verified", "basics", "exec", "judged", "chunk",
                                                   "retriever-training", "kafka"))
        for component in json.loads(listing.stdout):
            if component["kind"] != "service":
                self.assertIn(f"use: {component['name']}", run_here,
                              "a new operator: add it to a pipeline of this test")

    def test_rare_yaml(self):
        corpus = self.write_corpus(RECORDS)
        for order in ("input", "any"):
            with self.subTest(order=order), ProtocolServer() as server:
                self.use_endpoint(server)
                process = self.run_engine(
                    PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", *ONE, "--set", f"order={order}",
                    "--set", f"nodes.documents.with.path={corpus}", "--state-dir", self.folder / order,
                    "--set", f"nodes.result.with.path=out/{order}.jsonl")
                self.assert_exit(process, 0)
                self.assertEqual(len(read_jsonl(self.folder / f"out/{order}.jsonl")), RECORDS)

    def test_basics_yaml(self):
        outputs = []
        for credits in ([], ONE[:2]):
            process = self.run_engine(PIPELINES / "basics.yaml", "--progress", "none", "--fresh", *credits)
            self.assert_exit(process, 0)
            files = sorted((self.folder / "out").glob("basics-*.jsonl"))
            outputs.append({file.name: file.read_text() for file in files})
        self.assertEqual(len(outputs[0]), 3)
        self.assertEqual(outputs[0], outputs[1])

    def test_exec_yaml(self):
        self.assert_exit(self.run_engine(PIPELINES / "exec.yaml", *ONE), 0)
        self.assertEqual(len(read_jsonl(self.folder / "out/exec.jsonl")), 72)

    def test_judged_yaml(self):
        corpus = self.write_corpus(RECORDS)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(
                PIPELINES / "judged.yaml", "-f", PIPELINES / "endpoint.yaml", *ONE,
                "--set", f"nodes.documents.with.path={corpus}"), 0)
        records = self.manifest("judged")["records"]
        self.assertEqual(records["read"], RECORDS)
        self.assertEqual(records["written"] + records["filtered"], 2 * RECORDS)

    def test_rare_verified_yaml(self):
        corpus = self.write_corpus(RECORDS)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(
                PIPELINES / "rare-verified.yaml", "-f", PIPELINES / "endpoint.yaml", *ONE,
                "--set", f"nodes.documents.with.path={corpus}"), 0)
        records = self.manifest("rare-verified")["records"]
        self.assertEqual(records["read"], RECORDS)
        self.assertEqual(records["written"] + records["filtered"], RECORDS)

    def test_retriever_training_yaml(self):
        corpus = self.write_corpus(RECORDS)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(
                PIPELINES / "retriever-training.yaml", "-f", PIPELINES / "endpoint.yaml", *ONE,
                "--set", f"nodes.documents.with.path={corpus}"), 0)
        records = self.manifest("retriever-training")["records"]
        self.assertEqual(records["read"], RECORDS)
        self.assertEqual(records["written"] + records["filtered"], RECORDS)
        self.assertGreater(records["written"], 0)
        rows = [row for part in ("train", "validation")
                for row in read_jsonl(self.folder / f"out/retriever/{part}.jsonl")]
        self.assertEqual(len(rows), records["written"])
        self.assertEqual({tuple(row) for row in rows}, {("query", "pos", "neg", "document")})

    @unittest.skipIf(kafka_client.LIBRARY is None, "there is no librdkafka")
    def test_kafka_yaml(self):
        corpus = self.write_corpus(RECORDS)
        self.assert_exit(self.run_engine("index", "build", "--corpus", corpus, "--out", "index"), 0)
        with kafka_client.MockCluster() as broker, ProtocolServer() as server:
            self.use_endpoint(server)
            self.environment.update(RARE_KAFKA_BROKERS=broker.brokers, RARE_KAFKA_DOCUMENTS="documents",
                                    RARE_KAFKA_RECORDS="records", RARE_INDEX=str(self.folder / "index"))
            broker.make_topic("documents", 2)
            broker.make_topic("records", 1)
            broker.send("documents", read_jsonl(corpus), 2)
            self.assert_exit(self.run_engine(PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml",
                                             "-f", PIPELINES / "kafka.yaml", *ONE), 0)
            self.assertEqual(len(broker.read_rows("records")), RECORDS)

    def test_chunk_yaml(self):
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(
                PIPELINES / "chunk.yaml", "-f", PIPELINES / "endpoint.yaml", *ONE), 0)
        records = self.manifest("chunk")["records"]
        self.assertEqual(records["written"], records["read"] + records["made"])
        self.assertGreater(records["made"], 10)

    def test_two_ways(self):
        self.write_corpus(RECORDS)
        pipeline = self.write("two-ways.yaml", TWO_WAYS)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            process = self.run_engine(pipeline, "--progress", "none")
            self.assert_exit(process, 0)
        for name in ("negatives", "result"):
            self.assertEqual(len(read_jsonl(self.folder / f"out/{name}.jsonl")), RECORDS)
        self.assertEqual(sum(len(read_jsonl(self.folder / f"out/training/{part}.jsonl"))
                             for part in ("train", "validation")), RECORDS)
        self.assertEqual(self.manifest("two-ways")["records"]["copied"], 2 * RECORDS)


if __name__ == "__main__":
    unittest.main()
