"""What `datasets` of Hugging Face makes of the files that the engine writes.

It takes seconds to load and hundreds of megabytes to have: this runs when it is named (./dev test datasets).
"""

import json
import os
import sys
import unittest

from harness import EngineTest

PEERS = os.environ.get("RARE_DATASETS_PEERS", "")

# More than a frame of a compressed file.
ROWS = 3000


def record(number):
    return {
        "id": f"doc-{number}",
        "question": f"naïve 北京 \"{number}\",\n" + "words " * 100,
        "score": number / 4,
        "rank": number,
        "good": number % 3 == 0,
        # Within what datasets takes a column's type of JSON Lines from: their first block, or frame.
        "late": None if number < 100 else f"row {number}",
        "negatives": [{"id": f"doc-{i}", "score": i / 2} for i in range(number % 3)],
    }


@unittest.skipUnless(PEERS, "datasets cannot be had here")
class DatasetsTest(EngineTest):
    @classmethod
    def setUpClass(cls):
        os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")
        sys.path[:0] = PEERS.split(":")
        global datasets
        import datasets

    def setUp(self):
        super().setUp()
        self.records = [record(number) for number in range(ROWS)]
        self.write("in.jsonl", "".join(json.dumps(one) + "\n" for one in self.records))

    def written(self, path, **parameters):
        pipeline = self.write("p.yaml", f"""
name: p
nodes:
  - {{ name: read, use: files.read, with: {{ path: in.jsonl }} }}
  - {{ name: write, use: files.write, with: {json.dumps({"path": path, **parameters})} }}
""")
        self.assert_exit(self.run_engine(pipeline, "--fresh"), 0)
        return str(self.folder / path)

    def load(self, kind, path):
        return datasets.load_dataset(kind, data_files=path, split="train", cache_dir=str(self.folder / "cache"))

    def check(self, rows, kind_of_number="int64"):
        self.assertEqual(sorted(rows.column_names), sorted(self.records[0]))
        self.assertEqual(rows.features["rank"].dtype, kind_of_number)
        self.assertEqual(rows.features["score"].dtype, "float64")
        self.assertEqual(rows.features["good"].dtype, "bool")
        self.assertEqual(rows.to_list(), self.records)

    def test_json_lines_plain_and_packed(self):
        for path in ("out.jsonl", "out.jsonl.gz", "out.jsonl.zst"):
            with self.subTest(path):
                self.check(self.load("json", self.written(path)))

    def test_a_json_array(self):
        self.check(self.load("json", self.written("out.json")))

    def test_parquet_however_it_is_packed(self):
        for compression in ("zstd", "snappy", "gzip", "none"):
            with self.subTest(compression):
                self.check(self.load("parquet", self.written(f"{compression}.parquet", compression=compression)))

    def test_parquet_with_a_schema(self):
        path = self.written("out.parquet", schema={
            "id": "string", "question": "string", "score": "double", "rank": "int32", "good": "bool", "late": "string",
            "negatives": [{"id": "string", "score": "double"}]})
        self.check(self.load("parquet", path), "int32")

    def test_csv_plain_and_packed(self):
        fields = ["id", "question", "score", "rank", "good", "late"]
        for path in ("out.csv", "out.csv.gz", "out.csv.zst"):
            with self.subTest(path):
                rows = self.load("csv", self.written(path, fields=fields))
                self.assertEqual(rows.column_names, fields)
                self.assertEqual(rows.to_list(), [{name: one[name] for name in fields} for one in self.records])


if __name__ == "__main__":
    unittest.main()
