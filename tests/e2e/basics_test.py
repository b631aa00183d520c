"""pipelines/basics.yaml, and what the plain operators say to a pipeline that cannot be right."""

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


class BasicsTest(EngineTest):
    def setUp(self):
        super().setUp()
        passages = read_jsonl(PIPELINES / "data" / "passages.jsonl")
        self.science = [p for p in passages if subject(p) not in ("econ", "tech")]
        self.filtered = len(passages) - len(self.science)

    def run_basics(self, *arguments):
        self.assert_exit(self.run_engine(PIPELINE, *arguments), 0)
        return (read_jsonl(self.folder / "out" / "basics-passages.jsonl"),
                read_jsonl(self.folder / "out" / "basics-sentences.jsonl"))

    def test_each_passage_ends_where_its_length_leads_it(self):
        self.assert_exit(self.run_engine("validate", PIPELINE), 0)
        passage_rows, sentence_rows = self.run_basics()
        long = [p for p in self.science if words(p) > 120]
        rest = [p for p in self.science if words(p) <= 120]
        self.assertTrue(long)
        self.assertEqual(passage_rows, [{"id": p["id"], "passage": p["text"], "length": words(p)}
                                        for p in rest])
        every = [{"id": p["id"], "subject": subject(p), "sentence": s}
                 for p in long for s in sentences(p["text"])]
        # About half of them, in their order.
        remaining = iter(every)
        self.assertTrue(all(row in remaining for row in sentence_rows))
        self.assertGreater(len(sentence_rows), len(every) * 0.2)
        self.assertLess(len(sentence_rows), len(every) * 0.8)

        manifest = self.manifest("basics")
        self.assertEqual(manifest["status"], "complete")
        records = manifest["records"]
        self.assertEqual(records["dead"], 0)
        self.assertEqual(records["made"], len(every) - len(long))
        self.assertEqual(records["filtered"], self.filtered + len(every) - len(sentence_rows))
        self.assertEqual(records["written"], len(passage_rows) + len(sentence_rows))

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


if __name__ == "__main__":
    unittest.main()
