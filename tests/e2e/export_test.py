"""Training data in the forms that trainers read: export.sft as users run it."""

import json
import re
import unittest

from export_fixture import finished
from harness import EngineTest, HANG_S, PIPELINES, ProtocolServer, read_jsonl, wait_until

FILES = ["README.md", "dataset_info.json", "train.jsonl", "validation.jsonl"]


class ExportTest(EngineTest):
    def pipeline(self, parameters, between="", name="p", component="export.sft"):
        return self.write(f"{name}.yaml", f"""
name: {name}
nodes:
  - {{ name: records, use: files.read, with: {{ path: in.jsonl }} }}
{between}
  - {{ name: training, use: {component}, with: {json.dumps({"path": f"out/{name}", **parameters})} }}
""")

    def write_records(self, count):
        self.write("in.jsonl", "".join(json.dumps(finished(number)) + "\n" for number in range(count)))

    def files(self, name="p"):
        return {file.name: file.read_bytes() for file in sorted((self.folder / "out" / name).iterdir())}

    def test_rare_yaml_becomes_a_folder_of_two_parts_that_share_no_document(self):
        corpus = self.write_corpus(40)
        with ProtocolServer() as server:
            self.use_endpoint(server)
            self.assert_exit(self.run_engine(
                PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "-f", PIPELINES / "sft.yaml",
                "--progress", "none", "--set", f"nodes.documents.with.path={corpus}",
                "--set", "nodes.training.with.validation=0.25", "--set", "nodes.training.with.license=cc0-1.0",
                "--set", "nodes.training.with.split_key=id"), 0)
        files = {file.name for file in (self.folder / "out/sft").iterdir()}
        self.assertEqual(files, set(FILES))
        train, validation = (read_jsonl(self.folder / f"out/sft/{part}.jsonl") for part in ("train", "validation"))
        self.assertEqual(len(train) + len(validation), 40)
        self.assertGreater(len(validation), 2)
        self.assertFalse({row["document"] for row in train} & {row["document"] for row in validation})
        rows = {row["id"]: row for row in read_jsonl(self.folder / "out/rare-openai.jsonl")}
        for row in train + validation:
            record = rows[row["document"]]
            user, assistant = row["messages"]
            self.assertEqual(assistant, {"role": "assistant", "content": record["reasoning"]})
            self.assertIn(f"\nQuestion: {record['question']}", user["content"])
            for passage in (record["text"], *record["hard_negatives"]):
                self.assertIn(f": {passage}\n", user["content"])
        # What was stored comes to the same.
        self.assert_exit(self.run_engine(
            PIPELINES / "sft-records.yaml", "--progress", "none", "--set", "nodes.records.with.path=out/rare-openai.jsonl",
            "--set", "nodes.training.with.path=out/again", "--set", "nodes.training.with.validation=0.25",
            "--set", "nodes.training.with.split_key=id"), 0)
        for part in ("train", "validation"):
            self.assertEqual(self.files("again")[f"{part}.jsonl"], self.files("sft")[f"{part}.jsonl"])
        # The same prompt as the teacher's, but for its instructions and examples.
        asked = []
        for line in self.run_engine("cache", "export").stdout.splitlines():
            request = json.loads(line)["request"]
            request = json.loads(request) if isinstance(request, str) else request
            asked += [message["content"] for message in request["messages"]]
        shown = train[0]["messages"][0]["content"]
        self.assertTrue(any(shown in prompt for prompt in asked))
        card = (self.folder / "out/sft/README.md").read_text()
        self.assertIn('license: "cc0-1.0"', card)
        self.assertIn(f"| train | {len(train)} | {len(train)} |", card)
        self.assertIn("| reasoning | test-model | 40 |", card)

    def test_sft_records_yaml_runs_untouched_as_its_header_says(self):
        (self.folder / "out").mkdir()
        self.write("out/rare.jsonl", "".join(json.dumps(finished(number)) + "\n" for number in range(30)))
        pipeline = PIPELINES / "sft-records.yaml"
        commands = re.findall(r"^#   rare-engine pipelines/sft-records\.yaml ?(.*?)(?:  .*)?$", pipeline.read_text(), re.M)
        self.assertTrue(commands)
        for options in commands:
            self.assert_exit(self.run_engine(pipeline, *options.split(), "--progress", "none"), 0)
            rows = [row for part in ("train", "validation") for row in read_jsonl(self.folder / f"out/sft/{part}.jsonl")]
            self.assertEqual(len(rows), 30)

    def test_the_folder_is_the_same_also_after_kills_and_limits(self):
        self.write_records(6000)
        pipeline = self.pipeline({"validation": 0.2})
        self.assert_exit(self.run_engine(pipeline, "--progress", "none"), 0)
        expected = self.files()
        self.assertEqual(sorted(expected), FILES)
        slow = self.pipeline({"validation": 0.2}, "  - { name: wait, use: basic.delay, parallelism: 200, with: { ms: 50 } }",
                             name="slow")
        self.assert_exit(self.run_engine(slow, "--progress", "none", "--limit", 50), 0)
        published = self.files("slow")
        self.assertIn(b"split: validation", published["README.md"])
        self.assertEqual(sum(published[f"{part}.jsonl"].count(b"\n") for part in ("train", "validation")), 50)
        part = self.folder / "out/slow/train.jsonl.part"
        kills = 0
        for _ in range(3):
            size = part.stat().st_size if part.exists() else 0
            process = self.start(slow, "--progress", "none")
            wait_until(lambda: process.poll() is not None or part.exists() and part.stat().st_size > size + 100000)
            kills += process.poll() is None
            process.kill()
            process.communicate(timeout=HANG_S)
        self.assertGreater(kills, 0)
        self.assert_exit(self.run_engine(slow, "--progress", "none"), 0)
        renamed = {name: text.replace(b"# slow\n", b"# p\n").replace(b'"slow', b'"p')
                   for name, text in self.files("slow").items()}
        self.assertEqual(renamed, expected)
        # What was taken away is made again; a run that is whole stays as it is.
        (self.folder / "out/slow/README.md").unlink()
        self.assert_exit(self.run_engine(slow, "--progress", "none"), 0)
        again = self.run_engine(slow, "--progress", "none")
        self.assertIn("complete, ", again.stdout)
        self.assertEqual(self.files("slow").keys(), expected.keys())

    def test_a_retry_puts_the_record_where_an_undisturbed_run_has_it(self):
        self.write_records(200)
        bad = ("  - { name: bad, use: basic.map, with: { program: "
               "'if .id == \"d20\" and $ENV.D20_WORKS == null then error(\"no\") else . end' } }")
        undisturbed = self.pipeline({"validation": 0.3}, name="undisturbed")
        self.assert_exit(self.run_engine(undisturbed, "--progress", "none"), 0)
        expected = {name: text.replace(b"# undisturbed\n", b"# p\n").replace(b'"undisturbed', b'"p')
                    for name, text in self.files("undisturbed").items()}
        pipeline = self.pipeline({"validation": 0.3}, bad)
        self.assert_exit(self.run_engine(pipeline, "--progress", "none"), 3)
        before = self.files()
        self.assertEqual(sum(before[f"{part}.jsonl"].count(b"\n") for part in ("train", "validation")), 199)
        self.assert_exit(self.run_engine("retry", pipeline), 3)
        self.assertEqual(self.files(), before)
        self.environment["D20_WORKS"] = "1"
        self.assert_exit(self.run_engine("retry", pipeline), 0)
        self.assertEqual(self.files(), expected)

    def test_what_is_no_record_of_this_kind_is_a_dead_letter_that_names_the_field(self):
        whole = finished(0)
        records = [{"title": "of another pipeline"}, {**whole, "reasoning": 5}, {**whole, "hard_negatives": "one"},
                   {**whole, "passages_order": [0, 9]}, {**whole, "question": ""}, whole]
        self.write("in.jsonl", "".join(json.dumps(record) + "\n" for record in records))
        pipeline = self.pipeline({"validation": 0})
        self.assert_exit(self.run_engine(pipeline, "--progress", "none"), 3)
        self.assertEqual(len(read_jsonl(self.folder / "out/p/train.jsonl")), 1)
        for letter, field in zip(self.dead_letters("p"), ("reasoning", "reasoning", "hard_negatives",
                                                          "passages_order", "question")):
            self.assertEqual(letter["node"], "training")
            self.assertIn(f'field "{field}": expected', letter["reason"])

    def test_nor_does_such_a_record_train_a_retriever(self):
        whole = finished(0)
        records = [{"title": "of another pipeline"}, {**whole, "text": ["a"]}, {**whole, "hard_negatives": []},
                   {**whole, "question": {"text": "Who?"}}, whole]
        self.write("in.jsonl", "".join(json.dumps(record) + "\n" for record in records))
        pipeline = self.pipeline({"validation": 0}, component="export.retriever")
        self.assert_exit(self.run_engine(pipeline, "--progress", "none"), 3)
        self.assertEqual(len(read_jsonl(self.folder / "out/p/train.jsonl")), 1)
        for letter, field in zip(self.dead_letters("p"), ("text", "text", "hard_negatives", "question")):
            self.assertIn(f'field "{field}": expected', letter["reason"])

    def test_no_record_one_record_and_one_of_ten_megabytes(self):
        long = {**finished(0), "reasoning": "very long " * 1000000}
        for records in ([], [finished(0)], [long]):
            self.write("in.jsonl", "".join(json.dumps(record) + "\n" for record in records))
            pipeline = self.pipeline({"validation": 0})
            self.assert_exit(self.run_engine(pipeline, "--progress", "none", "--fresh"), 0)
            rows = read_jsonl(self.folder / "out/p/train.jsonl")
            self.assertEqual([row["messages"][1]["content"] for row in rows],
                             [record["reasoning"] for record in records])
            self.assertEqual(sorted(self.files()), FILES)

    def test_the_same_for_a_retriever(self):
        long = {**finished(0), "text": "very long " * 1000000}
        for records in ([], [finished(0)], [long]):
            self.write("in.jsonl", "".join(json.dumps(record) + "\n" for record in records))
            pipeline = self.pipeline({"validation": 0}, component="export.retriever")
            self.assert_exit(self.run_engine(pipeline, "--progress", "none", "--fresh"), 0)
            rows = read_jsonl(self.folder / "out/p/train.jsonl")
            self.assertEqual([row["pos"] for row in rows], [[record["text"]] for record in records])

    def test_two_nodes_that_write_one_folder_are_no_run(self):
        self.write_records(1)
        pipeline = self.pipeline({}, "  - { name: first, use: export.sft, with: { path: out/p } }\n"
                                     "  - { name: again, use: basic.limit, from: records, with: { count: 1 } }")
        process = self.run_engine(pipeline)
        self.assert_exit(process, 2)
        self.assertIn("is written by node 'first', too", process.stderr)


if __name__ == "__main__":
    unittest.main()
