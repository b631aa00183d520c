"""pipelines/basics.yaml, and what the plain operators say to a pipeline that cannot be right."""

import collections
import json
import re
import unittest

from harness import EngineTest, PIPELINES, read_jsonl

PIPELINE = PIPELINES / "basics.yaml"


def words(passage):
    return len(passage["text"].split())


def subject(passage):
    return passage["id"].split("-")[0]


def sentences(text):
    return re.findall(r"[^ ].*?[.?!](?= |$)", text)


def drawn(seed, record_id, purpose):
    """What sdk/include/rare/random.h gives for a record, as a number of [0, 1)."""
    mask = 2**64 - 1
    state = 0xCBF29CE484222325
    for byte in seed.to_bytes(8, "little") + record_id.encode() + b"\xff" + purpose.encode():
        state = (state ^ byte) * 0x100000001B3 & mask
    z = (state + 0x9E3779B97F4A7C15) & mask
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
    return ((z ^ (z >> 31)) >> 11) * 2.0**-53


class BasicsTest(EngineTest):
    def setUp(self):
        super().setUp()
        passages = read_jsonl(PIPELINES / "data" / "passages.jsonl")
        self.science = [p for p in passages if subject(p) not in ("econ", "tech")]
        self.ordinals = {p["id"]: ordinal for ordinal, p in enumerate(passages)}

    def run_basics(self, *arguments):
        self.assert_exit(self.run_engine(PIPELINE, *arguments), 0)
        return [read_jsonl(self.folder / "out" / f"basics-{rows}.jsonl")
                for rows in ("passages", "sentences", "subjects")]

    def sampled_sentences(self, seed):
        """All rows of the long passages that basic.sample keeps."""
        rows, seen = [], set()
        for passage in self.science:
            parts = sentences(passage["text"])
            for child, sentence in enumerate(parts):
                record_id = str(self.ordinals[passage["id"]])
                if len(parts) > 1:
                    record_id += f".{child}"
                if words(passage) <= 120 or sentence in seen:
                    continue
                seen.add(sentence)
                if drawn(seed, record_id, "basic.sample some") < 0.5:
                    rows.append({"id": passage["id"], "subject": subject(passage),
                                 "sentence": sentence})
        return rows

    def test_each_passage_ends_where_its_length_leads_it(self):
        self.assert_exit(self.run_engine("validate", PIPELINE), 0)
        passage_rows, sentence_rows, subject_rows = self.run_basics()
        self.assertEqual(passage_rows, [{"id": p["id"], "passage": p["text"], "length": words(p)}
                                        for p in self.science if words(p) <= 120])
        sampled = self.sampled_sentences(seed=1)
        self.assertGreater(len(sampled), 10)
        sampled.sort(key=lambda row: len(row["sentence"]))
        self.assertEqual(sentence_rows, sampled[:10])
        counts = collections.Counter(subject(p) for p in self.science)
        self.assertEqual(subject_rows, [{"value": value, "count": counts[value]}
                                        for value in sorted(counts)])
        manifest = self.manifest("basics")
        self.assertEqual(manifest["status"], "complete")
        self.assertEqual(manifest["records"]["dead"], 0)
        self.assertEqual(manifest["records"]["written"],
                         len(passage_rows) + len(sentence_rows) + len(subject_rows))
        self.assertEqual(manifest["nodes"]["shortest"]["filtered"], len(sampled) - 10)

    def test_order_of_work_does_not_matter(self):
        one = self.run_basics()
        many = ["--set", "nodes.measured.parallelism=8", "--set", "nodes.some.parallelism=8",
                "--set", "nodes.cut.parallelism=8", "--set", "nodes.slowly.parallelism=64"]
        self.assertEqual(self.run_basics(*many, "--fresh"), one)
        self.assertEqual(self.run_basics("--set", "max_records_in_flight=1", "--fresh"), one)
        self.assertNotEqual(self.run_basics("--set", "seed=2", "--fresh")[1], one[1])

    def test_an_expression_that_does_not_compile_is_no_run(self):
        for verb in ([], ["validate"]):
            process = self.run_engine(*verb, PIPELINE, "--set", "nodes.science.with.where=.a |")
            self.assert_exit(process, 2)
            self.assertIn("node 'science' (basic.filter): parameter `where`: jq cannot compile "
                          "`.a |`: syntax error, unexpected $end", process.stderr)

    def test_an_output_that_is_not_named_is_found_by_its_near_one(self):
        self.write("in.jsonl", "{}\n")
        self.write("p.yaml", """\
nodes:
  - { name: read, use: files.read, with: { path: in.jsonl } }
  - { name: classify, use: basic.route, with: { routes: { long: .n > 5 } } }
  - { name: a, use: files.write, from: classify.lang, with: { path: a.jsonl } }
  - { name: b, use: files.write, from: classify.otherwise, with: { path: b.jsonl } }
""")
        process = self.run_engine("validate", "p.yaml")
        self.assert_exit(process, 2)
        self.assertIn("p.yaml:4:40: error: node 'a': node 'classify' has no port 'lang'",
                      process.stderr)
        self.assertIn("did you mean 'long'?", process.stderr)

    def test_an_expression_that_fails_on_a_record_costs_that_record(self):
        self.write("in.jsonl", '{"n": 1}\n{"n": "one"}\n{"n": 9007199254740993}\n')
        self.write("p.yaml", """\
name: p
nodes:
  - { name: read, use: files.read, with: { path: in.jsonl } }
  - { name: more, use: basic.map, with: { program: ". + {half: (.n / 2)}" } }
  - { name: kept, use: basic.filter, with: { where: .n > 0 } }
  - { name: out, use: files.write, with: { path: out.jsonl, fields: [n] } }
""")
        self.assert_exit(self.run_engine("p.yaml"), 3)
        self.assertEqual((self.folder / "out.jsonl").read_text(),
                         '{"n":1}\n{"n":9007199254740993}\n')
        (letter,) = self.dead_letters("p")
        self.assertEqual(letter["node"], "more")
        self.assertEqual(letter["reason"], '`program` (. + {half: (.n / 2)}): jq: string ("one") '
                                           "and number (2) cannot be divided")

    def test_sets_larger_than_their_memory_come_out_the_same(self):
        rows = [{"n": n * 7919 % 30011, "group": f"g{n * 31 % 20000}", "text": "x" * 200}
                for n in range(30000)]
        self.write("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows + rows[:100]))
        self.write("large.yaml", """\
name: large
nodes:
  - { name: read, use: files.read, with: { path: in.jsonl } }
  - { name: distinct, use: basic.dedupe, with: { field: n, memory_limit_mb: 1 } }
  - { name: sorted, use: basic.sort, with: { by: n, descending: true, memory_limit_mb: 1 } }
  - { name: out, use: files.write, with: { path: sorted.jsonl, fields: [n] } }
  - { name: groups, use: basic.count, from: distinct, with: { field: group, memory_limit_mb: 1 } }
  - { name: counts, use: files.write, with: { path: counts.jsonl } }
""")
        left_over = self.folder / ".rare" / "large" / "scratch"
        for arguments in ([], ["--fresh", "--set", "max_records_in_flight=1"]):
            self.assert_exit(self.run_engine("large.yaml", *arguments), 0)
            self.assertEqual([row["n"] for row in read_jsonl(self.folder / "sorted.jsonl")],
                             sorted((row["n"] for row in rows), reverse=True))
            counts = collections.Counter(row["group"] for row in rows)
            self.assertEqual(read_jsonl(self.folder / "counts.jsonl"),
                             [{"value": group, "count": counts[group]} for group in sorted(counts)])
            self.assertFalse(left_over.exists())
            # As a killed run leaves it.
            left_over.mkdir()
            (left_over / "sorted-0").write_text("old")

    def test_a_node_saves_what_it_gives_out(self):
        self.write_corpus(50)
        pipeline = self.write("saving.yaml", """
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: short, use: basic.map, save: out/steps/short.jsonl, with: { select: [id] } }
  - { name: some, use: basic.filter, with: { where: '.id | endswith("7")' } }
  - { name: result, use: files.write, with: { path: out/some.jsonl } }
""")
        process = self.run_engine(pipeline)
        self.assert_exit(process, 0)
        ids = [passage["id"] for passage in read_jsonl(self.folder / "corpus.jsonl")]
        saved = read_jsonl(self.folder / "out" / "steps" / "short.jsonl")
        self.assertEqual(saved, [{"id": name} for name in ids])
        some = read_jsonl(self.folder / "out" / "some.jsonl")
        self.assertEqual(some, [{"id": name} for name in ids if name.endswith("7")])
        records = self.manifest("saving")["records"]
        self.assertEqual((records["read"], records["copied"], records["written"], records["filtered"]),
                         (50, 50, 55, 45))
        self.assertIn("out/steps/short.jsonl", process.stdout)

    def test_peak_memory_is_the_engine_s_own(self):
        self.write_corpus(5)
        pipeline = self.write("small.yaml", """
nodes:
  - { name: documents, use: files.read, with: { path: corpus.jsonl } }
  - { name: result, use: files.write, with: { path: out.jsonl } }
""")
        of_the_starter = b"x" * 600_000_000
        self.assert_exit(self.run_engine(pipeline), 0)
        peak = self.manifest("small")["peak_rss_bytes"]
        self.assertGreater(peak, 1_000_000)
        self.assertLess(peak, len(of_the_starter) // 2)


if __name__ == "__main__":
    unittest.main()
