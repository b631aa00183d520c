"""Exported folders, loaded by Hugging Face's datasets as a trainer does it."""

import json
import os
import sys
import tempfile
import unittest

from export_fixture import ExportedTest, FORMS, LLAMA_FACTORY_FORMS, RETRIEVER_FORMS, finished
from harness import read_jsonl

PEERS = os.environ.get("RARE_DATASETS_PEERS", "")
if PEERS:
    sys.path[:0] = PEERS.split(":")
    # Nothing is asked for on the network, and nothing is kept in the user's folder.
    CACHE = tempfile.TemporaryDirectory(prefix="rare-datasets-")
    os.environ.update(HF_HOME=CACHE.name, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1",
                      HF_DATASETS_DISABLE_PROGRESS_BARS="1")
    import datasets


@unittest.skipUnless(PEERS, "datasets cannot be had here")
class ExportsLoadTest(ExportedTest):
    def load(self, *arguments, **options):
        """Without what an earlier call has kept."""
        return datasets.load_dataset(*arguments, **options, cache_dir=tempfile.mkdtemp(dir=self.folder))

    def check_loaded(self, folder, parts):
        """Every split has the rows of its file, with exactly the columns that the card names."""
        loaded = self.load(str(folder))
        self.assertEqual(set(loaded), set(parts))
        for part, data in loaded.items():
            rows = read_jsonl(folder / f"{part}.jsonl")
            self.assertEqual(data.num_rows, len(rows))
            if rows:
                self.assertEqual(data.column_names, list(rows[0]))
            for row, expected in zip(data, rows):
                self.assertEqual(self.without_nulls(row), expected)
        return loaded

    def without_nulls(self, value):
        """What one message has and another has not is null there."""
        if isinstance(value, dict):
            return {key: self.without_nulls(item) for key, item in value.items() if item is not None}
        return [self.without_nulls(item) for item in value] if isinstance(value, list) else value

    def check_forms(self, use, forms):
        records = [finished(number) for number in range(60)]
        for name, folder in self.export(records, use, forms, validation=0.3).items():
            with self.subTest(name):
                loaded = self.check_loaded(folder, ["train", "validation"])
                if "document" not in loaded["train"].column_names:
                    continue
                train, validation = (set(loaded[part]["document"]) for part in ("train", "validation"))
                self.assertEqual(len(train) + len(validation), 60)
                self.assertFalse(train & validation)

    def test_each_form_for_language_models(self):
        self.check_forms("export.sft", FORMS)

    def test_each_form_for_retrievers(self):
        self.check_forms("export.retriever", RETRIEVER_FORMS)

    def test_one_record(self):
        for use, forms in (("export.sft", FORMS), ("export.retriever", RETRIEVER_FORMS)):
            for share, part in ((0, "train"), (1, "validation")):
                for name, folder in self.export([finished(0)], use, forms, validation=share).items():
                    with self.subTest(name):
                        self.check_loaded(folder, [part])

    def test_records_of_many_megabytes(self):
        """Longer than the blocks that datasets reads."""
        records = [finished(0), {**finished(1), "text": "very long " * 1200000, "reasoning": "so long " * 1500000},
                   finished(2)]
        for use, forms in (("export.sft", {"messages": {}}), ("export.retriever", RETRIEVER_FORMS)):
            for name, folder in self.export(records, use, forms, validation=0).items():
                with self.subTest(name):
                    self.check_loaded(folder, ["train"])

    def test_no_record_is_no_data(self):
        folder = self.export([], "export.sft", {"messages": {}})["messages"]
        with self.assertRaisesRegex(ValueError, "no data"):
            self.load(str(folder))

    def test_llama_factory_finds_each_column_that_its_description_names(self):
        records = [finished(number) for number in range(10)]
        folders = self.export(records, "export.sft", FORMS, validation=0)
        for name, folder in folders.items():
            if name not in LLAMA_FACTORY_FORMS:
                self.assertFalse((folder / "dataset_info.json").exists())
                continue
            with self.subTest(name):
                entry = json.loads((folder / "dataset_info.json").read_text())[name]
                data = self.load("json", data_files=str(folder / entry["file_name"]), split="train")
                self.assertLessEqual(set(entry["columns"].values()), set(data.column_names))
                self.assertEqual(entry.get("ranking", False), "dpo" in name)


if __name__ == "__main__":
    unittest.main()
