"""Exported folders, read by the libraries that train: LLaMA-Factory, FlagEmbedding, sentence-transformers, Tevatron.

It takes a gigabyte to have: this runs when it is named (./dev test trainers).
"""

import os
import sys
import tempfile
import types
import unittest

from export_fixture import ExportedTest, FORMS, LLAMA_FACTORY_FORMS, RETRIEVER_FORMS, finished
from harness import read_jsonl

PEERS = os.environ.get("RARE_TRAINERS_PEERS", "")
if PEERS:
    packages, torch_folder = PEERS.split(":")
    sys.path.insert(0, packages)
    sys.path.append(torch_folder)  # behind: beside torch it has older packages, too
    CACHE = tempfile.TemporaryDirectory(prefix="rare-trainers-")
    os.environ.update(HF_HOME=CACHE.name, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1",
                      HF_DATASETS_DISABLE_PROGRESS_BARS="1", TRANSFORMERS_VERBOSITY="error",
                      TOKENIZERS_PARALLELISM="false", WANDB_DISABLED="true", CUDA_VISIBLE_DEVICES="")
    import datasets
    import sentence_transformers
    import tokenizers
    from FlagEmbedding.abc.finetune.embedder.AbsArguments import AbsEmbedderDataArguments
    from FlagEmbedding.abc.finetune.embedder.AbsDataset import AbsEmbedderCollator, AbsEmbedderTrainDataset
    from llamafactory.data.loader import _get_merged_dataset
    from sentence_transformers.losses import MultipleNegativesRankingLoss, TripletLoss
    from tevatron.arguments import DataArguments
    from tevatron.data import QPCollator, TrainDataset
    from tevatron.datasets.dataset import HFTrainDataset
    from transformers import BertTokenizer, PreTrainedTokenizerFast

COUNT = 12


@unittest.skipUnless(PEERS, "torch and what trains with it cannot be had here")
class TrainersLoadTest(ExportedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.records = [finished(number) for number in range(COUNT)]
        words = {word: place for place, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"))}
        for record in cls.records:
            for text in (record["question"], record["text"], *record["hard_negatives"]):
                for word in text.split():
                    words.setdefault(word, len(words))
        # A word is a token: a tokenizer's own affairs are no part of this.
        cls.words = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
        cls.words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
        cls.tokenizer = PreTrainedTokenizerFast(tokenizer_object=cls.words, pad_token="[PAD]", unk_token="[UNK]")

    def scratch(self):
        return tempfile.mkdtemp(dir=self.folder)

    # What LLaMA-Factory makes of the folder that its `dataset_dir` names, for one of its stages.
    def llama_factory(self, folder, name, stage):
        read_arguments = types.SimpleNamespace(
            dataset_dir=str(folder), streaming=False, max_samples=None, preprocessing_num_workers=None,
            overwrite_cache=True, mix_strategy="concat")
        return _get_merged_dataset([name], types.SimpleNamespace(cache_dir=self.scratch(), hf_hub_token=None),
                                   read_arguments, types.SimpleNamespace(local_process_index=0, seed=1), stage)

    def test_llama_factory_takes_prompt_system_and_completions_of_each_form(self):
        forms = {name: FORMS[name] for name in LLAMA_FACTORY_FORMS}
        for name, folder in self.export(self.records, "export.sft", forms, validation=0).items():
            with self.subTest(name):
                objective = forms[name].get("objective", "sft")
                rows = self.llama_factory(folder, name, {"sft": "sft", "dpo": "rm", "kto": "kto"}[objective])
                self.check_aligned(list(rows), objective, forms[name])

    def check_aligned(self, rows, objective, form):
        self.assertEqual(len(rows), COUNT * (2 if objective == "kto" else 1))
        for place, row in enumerate(rows):
            record = self.records[place // 2 if objective == "kto" else place]
            self.assertEqual(row["_system"], form.get("system", ""))
            (prompt,) = row["_prompt"]
            self.assertEqual(prompt["role"], "user")
            self.assertTrue(prompt["content"].endswith(f"Question: {record['question']}"))
            good, bad = record["samples"]
            expected = {"sft": [[good]], "dpo": [[good, bad]], "kto": [[good, ""], ["", bad]]}[objective]
            self.assertEqual([said["content"] for said in row["_response"]], expected[place % len(expected)])
            self.assertEqual({said["role"] for said in row["_response"]}, {"assistant"})

    def test_llama_factory_finds_the_validation_by_its_name(self):
        folder = self.export(self.records, "export.sft", {"talk": FORMS["sharegpt"]}, validation=0.4)["talk"]
        parts = [{row["_prompt"][0]["content"] for row in self.llama_factory(folder, name, "sft")}
                 for name in ("talk", "talk_validation")]
        self.assertEqual([len(part) for part in parts],
                         [len(read_jsonl(folder / f"{name}.jsonl")) for name in ("train", "validation")])
        self.assertFalse(parts[0] & parts[1])
        self.assertEqual(len(parts[0] | parts[1]), COUNT)

    def exported_for_retrievers(self, name, **more):
        forms = {name: RETRIEVER_FORMS[name]}
        return self.export(self.records, "export.retriever", forms, **{"validation": 0, **more})[name]

    def test_flag_embedding(self):
        path = self.exported_for_retrievers("flagembedding") / "train.jsonl"
        arguments = AbsEmbedderDataArguments(train_data=[str(path)], cache_path=self.scratch(), train_group_size=4)
        data = AbsEmbedderTrainDataset(arguments, self.tokenizer)
        self.assertEqual(len(data), COUNT)
        for (query, passages, scores), record in zip((data[place] for place in range(COUNT)), self.records):
            self.assertEqual(query, record["question"])
            self.assertEqual(passages[0], record["text"])
            self.assertEqual(set(passages[1:]), set(record["hard_negatives"]))
            self.assertIsNone(scores)
        batch = AbsEmbedderCollator(self.tokenizer)([data[0], data[1]])
        self.assertEqual(batch["queries"]["input_ids"].shape[0], 2)
        self.assertEqual(batch["passages"]["input_ids"].shape[0], 8)

    def test_sentence_transformers_trains_on_each_column(self):
        losses = {"triplets": (TripletLoss, MultipleNegativesRankingLoss), "tuples": (MultipleNegativesRankingLoss,)}
        for name, kinds in losses.items():
            folder = self.exported_for_retrievers(name)
            data = datasets.load_dataset(str(folder), split="train", cache_dir=self.scratch())
            for kind in kinds:
                with self.subTest(name, loss=kind.__name__):
                    self.train(data, kind)

    def train(self, data, kind):
        """Until it has seen every row once; a word that it learns from is one of a column's texts."""
        model = sentence_transformers.SentenceTransformer(modules=[
            sentence_transformers.models.StaticEmbedding(self.words, embedding_dim=8)], device="cpu")
        before = model[0].embedding.weight.detach().clone()
        trainer = sentence_transformers.SentenceTransformerTrainer(
            model=model, train_dataset=data, loss=kind(model),
            args=sentence_transformers.SentenceTransformerTrainingArguments(
                output_dir=self.scratch(), num_train_epochs=1, per_device_train_batch_size=4, report_to=[],
                save_strategy="no", logging_strategy="no", disable_tqdm=True, use_cpu=True))
        trainer.train()
        changed = (model[0].embedding.weight.detach() != before).any(dim=1)
        for column in data.column_names:
            for text in data[column][:2]:
                self.assertTrue(any(changed[self.words.token_to_id(word)] for word in text.split()), (column, text))

    def test_tevatron(self):
        folder = self.exported_for_retrievers("tevatron")
        arguments = DataArguments(dataset_name=str(folder), train_n_passages=4, p_max_len=64, dataset_proc_num=1)
        # Its rows are tokens when they are made into examples: a tokenizer of Rust takes none.
        words = self.words.get_vocab()
        tokenizer = BertTokenizer(self.write("words.txt", "".join(f"{word}\n" for word in sorted(words, key=words.get))),
                                  do_basic_tokenize=False)
        loaded = HFTrainDataset(tokenizer, arguments, self.scratch())
        trainer = types.SimpleNamespace(state=types.SimpleNamespace(epoch=0), args=types.SimpleNamespace(seed=1))
        data = TrainDataset(arguments, loaded.process(), tokenizer, trainer)
        self.assertEqual(len(data), COUNT)
        for (query, passages), record in zip((data[place] for place in range(COUNT)), self.records):
            texts = [tokenizer.decode(one["input_ids"], skip_special_tokens=True) for one in (query, *passages)]
            self.assertEqual(texts[:2], [record["question"], record["text"].strip()])
            self.assertCountEqual(texts[2:], record["hard_negatives"])
        queries, passages = QPCollator(tokenizer, max_q_len=32, max_p_len=64)([data[0], data[1]])
        self.assertEqual((queries["input_ids"].shape[0], passages["input_ids"].shape[0]), (2, 8))

    def test_older_datasets_load_each_folder(self):
        """That of 2024, which the libraries here read with."""
        for use, forms in (("export.sft", FORMS), ("export.retriever", RETRIEVER_FORMS)):
            for name, folder in self.export(self.records, use, forms, validation=0.4).items():
                with self.subTest(name):
                    loaded = datasets.load_dataset(str(folder), cache_dir=self.scratch())
                    for part in ("train", "validation"):
                        self.assertEqual(loaded[part].num_rows, len(read_jsonl(folder / f"{part}.jsonl")))


if __name__ == "__main__":
    unittest.main()
