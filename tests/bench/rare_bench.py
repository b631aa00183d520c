#!/usr/bin/env python3
"""rare_bench [FOLDER] [--rows NAME,...]: how fast the RARE pipeline is, and how good its negatives are.

  rate     rare.yaml over 5,000 documents against an endpoint that answers at once: documents a second, with the
           start of the process, the index and three negatives each; and over 1,000, as the reference was measured;
           with replies that come in pieces, as openai.yaml has it for real endpoints, and with whole ones
  slots    20,000 passages at 50 ms, 64 calls in flight: share of what an ideal client would need; likewise
  quality  a collection whose relevance is known because it was made so: of the negatives, the share that answers
           the question after all; plain BM25, with the guards of the operator, and with a faithful judge

docs/quality.md says how the collection is made. Rates are of the whole process, by the wall clock.
"""

import argparse
import json
import os
import pathlib
import random
import re
import sys
import time

here = pathlib.Path(__file__).resolve()
build = here.parent.parent
os.environ.setdefault("RARE_TEST_BUILD", str(build))
os.environ.setdefault("RARE_TEST_SOURCE", "@CMAKE_SOURCE_DIR@")
sys.path.insert(0, os.path.join(os.environ["RARE_TEST_SOURCE"], "tests", "e2e"))

from harness import ChatHandler, EngineTest, HandledServer, PIPELINES, ProtocolServer, read_jsonl  # noqa: E402

REFERENCE_DOCUMENTS_S = 116  # end to end, whatever its workers
SLOTS, SLOT_LATENCY_MS = 64, 50
FACTS, TOPICS, ASKED = 600, 30, 3


class Collection:
    """Passages about made-up facts. Each fact has a passage, copies and near-copies of it, an excerpt, a passage
    that says the same in other words, and neighbours of its topic that share words and state other facts.
    `answers[text]` is the set of facts that the text states."""

    SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bra cle dro fli gre".split()
    FORMS = (
        "The {a} of a {b} decides how fast the {c} of the {d} can change, and a {e} makes it slower.",
        "Where the {b} meets the {c}, its {a} rises until the {d} gives way, first on the side of the {e}.",
        "Whoever wants to keep a {d} must watch the {c}, because the {a} of any {b} depends on it for days.",
        "Without a {e} the {b} loses half of its {a} in one season, while the {c} and the {d} stay as they were.",
        "A {c} that has once been part of a {b} brings back the {a}, and the {d} follows after the {e}.",
    )
    OTHER_FORMS = (
        "It is the {b} whose {a} sets the pace at which {d} and {c} are transformed; {e} hinders this.",
        "Contact between {c} and {b} increases {a} up to the point of failure of {d}, near {e} at the beginning.",
        "Preserving {d} takes attention to {c}: for a long while {a} is bound to it in all kinds of {b}.",
        "Half of the {a} is gone within months if {e} is missing from {b}; nothing happens to {c} or {d}.",
        "Once {c} has belonged to {b}, {a} returns, later {d}, and finally {e} does.",
    )

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.used = set()
        self.answers, self.records, self.kinds = {}, [], {}
        topics = [[self.word() for _ in range(12)] for _ in range(TOPICS)]
        for fact in range(FACTS):
            self.add_fact(fact, topics[fact % TOPICS])
        self.texts = list(self.answers)
        self.random.shuffle(self.texts)

    def word(self):
        while True:
            word = "".join(self.random.choice(self.SYLLABLES) for _ in range(self.random.randint(2, 4)))
            if word not in self.used:
                self.used.add(word)
                return word

    def passage(self, forms, terms):
        return " ".join(self.sentence(form, terms) for form in self.random.sample(forms, len(forms)))

    def sentence(self, form, terms):
        return form.format(**dict(zip("abcde", self.random.sample(terms, 5))))

    def add(self, text, fact, kind):
        self.answers[text] = fact
        self.kinds[text] = kind

    def add_fact(self, fact, topic):
        own = [self.word() for _ in range(4)]
        terms = own + self.random.sample(topic, 4)
        text = self.passage(self.FORMS, terms)
        self.add(text, fact, "document")
        if self.random.random() < 0.5:
            self.add(text.upper() if self.random.random() < 0.5 else text.replace(". ", ".\n"), fact, "copy")
        for _ in range(self.random.randint(0, 2)):
            changed = text.split(" ")
            changed[self.random.randrange(len(changed))] = self.word()
            self.add(" ".join(changed), fact, "near-copy")
        if self.random.random() < 0.5:
            self.add(" ".join(text.split(" ")[: len(text.split(" ")) // 2]), fact, "excerpt")
        if self.random.random() < 0.5:
            self.add(self.passage(self.OTHER_FORMS, terms), fact, "other words")
        for _ in range(4):
            near = self.random.sample(own, 2) + [self.word()] + self.random.sample(topic, 5)
            self.add(self.passage(self.FORMS, near), None, "neighbour")
        asked = self.random.sample(own, 3) + self.random.sample(topic, 2)
        self.records.append({
            "id": f"fact-{fact}", "text": text, "fact": fact, "nothing": f"nothing {self.word()} {fact}",
            "question": f"Why did the {asked[0]} change when the {asked[1]} met the {asked[3]}?",
            "scenario": f"A crew looks after the {asked[2]} near the {asked[4]}, and it fails one night."})


class FaithfulJudge(ChatHandler):
    """Knows the collection. Answers VerifyNegatives' last question: is a candidate about the same fact?"""

    model = "judge"
    answers = {}

    def reply(self, prompt):
        prompt = prompt.rpartition("\nQuestion: ")[2]
        document = prompt.partition("\nDocument: ")[2].partition("\nCandidate ")[0]
        verdicts = {}
        for number, text in re.findall(r"^Candidate (\d+): (.*?)(?=\nCandidate \d+: |\nVerdicts:)", prompt,
                                       re.DOTALL | re.MULTILINE):
            verdicts[number] = {"reason": "Looked up in the collection.",
                                "relevant": self.answers.get(text) == self.answers[document]}
        return json.dumps(verdicts)


MINING = """
name: mining
services:
  corpus: {{ use: bm25.index, with: {{ from: passages }} }}
  {judge}
nodes:
  - {{ name: passages, use: files.read, with: {{ path: collection.jsonl }} }}
  - {{ name: questions, use: basic.filter, with: {{ where: ".question != null", reason: no question }} }}
  - name: negatives
    use: BM25HardNeg
    with: {{ index: corpus, query: "{{{{question}}}} {{{{scenario}}}}", {mining} }}
  {verified}
  - {{ name: result, use: files.write, with: {{ path: out.jsonl }} }}
"""
JUDGE = """judge: {{ use: llm.openai, with: {{ base_url: "{url}", model: judge, max_in_flight: 8, cache: "off" }} }}"""
VERIFIED = f"- {{ name: verified, use: VerifyNegatives, with: {{ llm: judge, num_neg: {ASKED} }} }}"


class Bench(EngineTest):
    def runTest(self):
        raise NotImplementedError

    def rare_yaml(self, documents, *settings, server_options=()):
        """(seconds by the wall clock, the server's figures, the manifest)"""
        corpus = self.write_corpus(documents)
        with ProtocolServer(*server_options) as server:
            self.use_endpoint(server)
            arguments = [PIPELINES / "rare.yaml", "-f", PIPELINES / "openai.yaml", "--progress", "none", "--fresh",
                         "--cache", f"{time.monotonic_ns()}.db",
                         "--set", f"nodes.documents.with.path={corpus}", *settings]
            began = time.monotonic()
            process = self.run_engine(*arguments)
            seconds = time.monotonic() - began
            self.assert_exit(process, 0)
            stats = server.stats(slots=SLOTS)
        manifest = self.manifest("rare-openai")
        self.assertEqual(manifest["records"]["written"], documents)
        return seconds, stats, manifest

    def rate(self):
        result = {"reference_documents_s": REFERENCE_DOCUMENTS_S}
        for documents in (1000, 5000):
            for name, stream in (("", "auto"), ("whole_", "off")):
                seconds, _, manifest = self.rare_yaml(documents, "--set", f"services.teacher.with.stream={stream}")
                result[f"documents_s_{name}of_{documents}"] = documents / seconds
                result[f"peak_rss_mb_{name}of_{documents}"] = manifest["peak_rss_bytes"] / 1e6
        return result

    def slots(self):
        documents = 20000
        result = {"documents": documents, "slots": SLOTS, "latency_ms": SLOT_LATENCY_MS}
        for name, stream in (("", "auto"), ("_whole", "off")):
            seconds, stats, manifest = self.rare_yaml(
                documents, "--set", f"services.teacher.with.max_in_flight={SLOTS}",
                "--set", f"services.teacher.with.stream={stream}", server_options=("--latency-ms", SLOT_LATENCY_MS))
            ideal_s = stats["calls"] * SLOT_LATENCY_MS / 1000 / SLOTS
            result |= {f"ideal_s{name}": ideal_s, f"run_s{name}": seconds, f"share_of_ideal{name}": ideal_s / seconds,
                       f"busy_share{name}": stats["busy_share"],
                       f"peak_rss_mb{name}": manifest["peak_rss_bytes"] / 1e6}
        return result

    def quality(self):
        collection = Collection(seed=8)
        questions = {record["text"]: record for record in collection.records}
        self.write("collection.jsonl", "".join(
            json.dumps(questions.get(text, {"text": text, "question": None})) + "\n" for text in collection.texts))
        # Told of another text than the record's own, the operator cannot guard against copies of it.
        plain = self.mined(f"num_neg: {ASKED + 1}, near_duplicate: 1, input_text_key: nothing")
        for row in plain:
            others = [text for text in row["hard_negatives"] if text != row["text"]]
            row["hard_negatives"] = others[:ASKED]
        guarded = self.mined(f"num_neg: {ASKED}")
        FaithfulJudge.answers = collection.answers
        with HandledServer(FaithfulJudge) as server:
            verified = self.mined("num_neg: 12", JUDGE.format(url=server.url), VERIFIED)
        result = {"facts": FACTS, "passages": len(collection.texts),
                  **{f"passages_{kind.replace(' ', '_')}": list(collection.kinds.values()).count(kind)
                     for kind in dict.fromkeys(collection.kinds.values())}}
        for name, rows in (("plain", plain), ("guarded", guarded), ("verified", verified)):
            kept = [(row["fact"], text) for row in rows for text in row["hard_negatives"]]
            relevant = [text for fact, text in kept if collection.answers[text] == fact]
            result[f"{name}_found"] = len(kept) / (ASKED * FACTS)
            result[f"{name}_relevant"] = len(relevant) / len(kept)
            result[f"{name}_relevant_kinds"] = {
                kind: sum(collection.kinds[text] == kind for text in relevant)
                for kind in dict.fromkeys(collection.kinds[text] for text in relevant)}
        return result

    def mined(self, mining, judge="", verified=""):
        pipeline = self.write("mining.yaml", MINING.format(mining=mining, judge=judge, verified=verified))
        self.assert_exit(self.run_engine(pipeline, "--progress", "none", "--fresh"), 0)
        return read_jsonl(self.folder / "out.jsonl")


ROWS = ("rate", "slots", "quality")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--rows", default=",".join(ROWS))
    options = parser.parse_args()
    results = {}
    for row in options.rows.split(","):
        bench = Bench()
        bench.setUp()
        try:
            results[row] = getattr(bench, row)()
        finally:
            bench.doCleanups()
        for name, value in results[row].items():
            print(f"{row:8} {name:28} {value:.4g}" if isinstance(value, float) else f"{row:8} {name:28} {value}",
                  flush=True)
    if options.folder:
        pathlib.Path(options.folder, "rare_bench.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
