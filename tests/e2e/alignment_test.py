"""What goes wrong in one reply stays with its record: the others are kept, in their rows, and paid for once."""

import json
import re
import threading
import unittest

from harness import ChatHandler, EngineTest, HandledServer, PIPELINES, read_jsonl

RARE = [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none"]
DOCUMENTS = 40
REASONING = "Step 1: one passage tells of the number, so it matters.\nAnswer: it is number {}."


class Script:
    """What the endpoint says, by the number that the asked document carries; all that was asked is kept."""

    def __init__(self, question=None, reasoning=None, together=0):
        self.question, self.reasoning = question or (lambda number, attempt: self.whole(number)), reasoning
        self.lock = threading.Lock()
        self.asked = []  # (kind, number, attempt, prompt)
        # Retries are held back until so many are under way: one at a time would never be answered.
        self.retries = threading.Barrier(together) if together else None

    @staticmethod
    def whole(number):
        return json.dumps({"question": f"Why did machine {number} stop while all others went on?",
                           "scenario": f"In a hall of many machines, number {number} stands still at noon."})

    def reply(self, prompt):
        is_question = prompt.endswith("JSON:\n")
        last = prompt.rpartition("\nDocument: " if is_question else "\nScenario: ")[2]
        number = int(re.search(r"(?:note|number) (\d+)", last).group(1))
        kind = "question" if is_question else "reasoning"
        with self.lock:
            attempt = sum((k, n) == (kind, number) for k, n, *_ in self.asked)
            self.asked.append((kind, number, attempt, prompt))
        if attempt > 0 and self.retries is not None:
            self.retries.wait(timeout=120)
        if is_question:
            return self.question(number, attempt)
        return (self.reasoning or (lambda n, a: REASONING.format(n)))(number, attempt)

    def count(self, kind):
        return sum(k == kind for k, *_ in self.asked)


def handler_of(script):
    class Handler(ChatHandler):
        def reply(self, prompt):
            return script.reply(prompt)

    return Handler


class AlignmentTest(EngineTest):
    def run_script(self, script, code, *settings, name="rows"):
        corpus = self.write_corpus(DOCUMENTS)
        with HandledServer(handler_of(script)) as server:
            self.use_endpoint(server)
            arguments = [*RARE, "--set", f"nodes.documents.with.path={corpus}", "--state-dir", f"state-{name}",
                         "--cache", f"{name}.db", "--set", f"nodes.result.with.path={name}.jsonl",
                         "--set", "nodes.result.with.fields=null", "--set", "max_errors=50%",
                         "--set", "stop_after_errors=100%"]
            for setting in settings:
                arguments += ["--set", setting]
            process = self.run_engine(*arguments)
            self.assert_exit(process, code)
        self.letters = read_jsonl(self.folder / f"state-{name}" / "dead_letters.jsonl")
        return read_jsonl(self.folder / f"{name}.jsonl")

    def check_aligned(self, rows):
        for row in rows:
            number = re.search(r"note (\d+)", row["text"]).group(1)
            for field in ("question", "scenario", "reasoning"):
                self.assertRegex(row[field], rf"(machine|number) {number}\b")

    def test_a_reply_that_never_comes_costs_its_record_alone(self):
        script = Script(question=lambda number, attempt: "" if number == 7 else Script.whole(number))
        rows = self.run_script(script, 0)
        self.assertEqual(len(rows), DOCUMENTS - 1)
        self.check_aligned(rows)
        self.assertEqual([(letter["node"], letter["record"]["id"][-2:]) for letter in self.letters],
                         [("questions", "-7")])
        self.assertEqual(script.count("reasoning"), DOCUMENTS - 1)

    def test_a_reply_without_a_scenario_moves_no_row(self):
        lame = json.dumps({"question": "Why did this one stop while all others went on?"})
        never, once = {3, 11}, {5, 20, 21}
        script = Script(question=lambda number, attempt: lame if number in never or
                        (number in once and attempt == 0) else Script.whole(number))
        rows = self.run_script(script, 0)
        self.check_aligned(rows)
        self.assertEqual(len(rows), DOCUMENTS - len(never))
        self.assertEqual(len(self.letters), len(never))
        for letter in self.letters:
            self.assertIn("scenario", letter["reason"])
            self.assertIn(lame, letter["reply"])

    def test_the_last_attempt_counts_like_the_first(self):
        script = Script(question=lambda number, attempt: "no JSON" if attempt < 2 else Script.whole(number),
                        reasoning=lambda number, attempt: "" if attempt < 2 else REASONING.format(number))
        rows = self.run_script(script, 0, "nodes.questions.with.max_attempts=3",
                               "nodes.reasoning.with.max_attempts=3")
        self.assertEqual(len(rows), DOCUMENTS)
        self.check_aligned(rows)
        self.assertEqual(script.count("question"), 3 * DOCUMENTS)
        self.assertEqual(script.count("reasoning"), 3 * DOCUMENTS)

    def test_what_is_asked_again_is_asked_together(self):
        script = Script(question=lambda number, attempt: "no JSON" if attempt == 0 else Script.whole(number),
                        together=8)
        self.assertEqual(len(self.run_script(script, 0)), DOCUMENTS)

    def test_an_empty_question_pays_for_no_reasoning(self):
        empty = json.dumps({"question": " ", "scenario": "Somebody stands in a hall of many machines."})
        script = Script(question=lambda number, attempt: empty if number % 10 == 0 else Script.whole(number))
        rows = self.run_script(script, 0, "nodes.questions.with.max_attempts=2")
        self.assertEqual(len(rows), DOCUMENTS - 4)
        self.assertEqual(script.count("question"), DOCUMENTS + 4)
        self.assertEqual(script.count("reasoning"), DOCUMENTS - 4)
        self.assertIn("the question is empty", self.letters[0]["reason"])

    def test_the_order_of_passages_is_recorded_and_follows_from_the_seed(self):
        orders = []
        for name, seed in (("one", 1), ("again", 1), ("other", 2)):
            script = Script()
            rows = self.run_script(script, 0, f"seed={seed}", name=name)
            orders.append([row["passages_order"] for row in rows])
            prompts = {number: prompt for kind, number, _, prompt in script.asked if kind == "reasoning"}
            for number, row in enumerate(rows):
                texts = [row["text"], *row["hard_negatives"]]
                shown = prompts[number].rpartition("### Problem\n")[2].partition("\nScenario: ")[0]
                self.assertEqual(shown.split("\n"), [f"Passage {place}: {texts[index]}" for place, index
                                                     in enumerate(row["passages_order"], 1)])
        self.assertEqual(orders[0], orders[1])
        self.assertNotEqual(orders[0], orders[2])
        self.assertGreater(len({tuple(order) for order in orders[0]}), 8)


if __name__ == "__main__":
    unittest.main()
