"""Files of every format: the verbs over them, pipelines from one to another, and kills on the way."""

import csv
import gzip
import json
import random
import subprocess
import unittest

from harness import ENGINE, EngineTest, HANG_S, peak_bytes, read_jsonl

PIPELINE = """
name: formats
max_errors: 10
nodes:
  - { name: rows, use: files.read, with: { path: in.csv.gz, infer: true } }
  - { name: slow, use: basic.delay, with: { ms: 1 } }
  - { name: table, use: files.write, with: { path: out/table.csv, fields: [n, text] } }
  - { name: packed, use: files.write, from: slow, with: { path: out/table.tsv.gz, fields: [text, n] } }
  - { name: array, use: files.write, from: slow, with: { path: out/array.json } }
  - { name: packed_array, use: files.write, from: slow, with: { path: out/array.json.zst } }
"""
OUTPUTS = ("table.csv", "table.tsv.gz", "array.json", "array.json.zst")


def text_of(number):
    return f'a "quoted" text,\nof {number} lines; and more\t'


class FormatsTest(EngineTest):
    def write_table(self, count):
        with gzip.open(self.folder / "in.csv.gz", "wt", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["n", "text"])
            for number in range(count):
                writer.writerow([number, text_of(number)])

    def outputs(self):
        return [(self.folder / "out" / name).read_bytes() for name in OUTPUTS]

    def test_convert_head_and_count(self):
        records = [{"n": number, "t": text_of(number), "x": None} for number in range(40)]
        self.write("a.jsonl", "".join(json.dumps(record) + "\n" for record in records))
        before = "a.jsonl"
        for name in ("b.csv", "c.json.gz", "d.tsv.zst", "e.jsonl.gz"):
            self.assert_exit(self.run_engine("convert", before, name, "--infer"), 0)
            before = name
        with open(self.folder / "b.csv", newline="") as file:
            self.assertEqual([row["t"] for row in csv.DictReader(file)], [r["t"] for r in records])
        counted = self.run_engine("count", "b.csv", "c.json.gz", "d.tsv.zst", "e.jsonl.gz")
        self.assertEqual(counted.stdout, "160\n")
        shown = self.run_engine("head", before, "-n", "3")
        self.assertEqual([json.loads(line) for line in shown.stdout.splitlines()], records[:3])
        exists = self.run_engine("convert", "a.jsonl", "b.csv")
        self.assert_exit(exists, 2)
        self.assertIn("b.csv exists", exists.stderr)
        self.assert_exit(self.run_engine("convert", "a.jsonl", "b.csv", "--overwrite"), 0)

    def test_convert_leaves_what_a_stopped_run_has_written_and_replaces_what_a_convert_left(self):
        self.write("a.jsonl", '{"n":1}\n')
        kept = self.write("kept.jsonl.part", '{"n":"paid for"}\n')
        self.write("kept.jsonl.convert", "half of a row")
        self.assert_exit(self.run_engine("convert", "a.jsonl", "kept.jsonl"), 0)
        self.assertEqual(kept.read_text(), '{"n":"paid for"}\n')
        self.assertEqual(read_jsonl(self.folder / "kept.jsonl"), [{"n": 1}])
        self.write("cut.json", '[{"n":1},{"n"')
        self.assert_exit(self.run_engine("convert", "cut.json", "b.jsonl"), 1)
        self.assertEqual([path.name for path in self.folder.iterdir()
                          if path.name.startswith("b.") or path.name.endswith(".convert")], [])

    def test_a_table_of_standard_input(self):
        lines = '{"b":1}\n{"a":"x"}\n'
        converted = subprocess.run([ENGINE, "convert", "-", "out.csv", "--format", "jsonl"], input=lines,
                                   text=True, cwd=self.folder, env=self.environment, capture_output=True,
                                   check=False)
        self.assertEqual(converted.returncode, 0, converted.stderr)
        self.assertEqual((self.folder / "out.csv").read_text(), "a,b\n,1\nx,\n")

    def test_an_index_over_a_table(self):
        self.write("a.csv", "id,text\nd1,salt and pepper\nd2,\"sugar,\nbrown\"\n")
        self.write("queries.csv", "id,query\nq,brown sugar\n")
        self.assert_exit(self.run_engine("index", "build", "--corpus", "a.csv", "--out", "index"), 0)
        found = self.run_engine("index", "search", "index", "--queries", "queries.csv", "-k", "1")
        self.assertEqual(json.loads(found.stdout)["hits"][0][:2], ["d2", 1])

    def test_what_cannot_be_read_is_named_and_left_out(self):
        self.write("a.csv", "a,b\n1,2\n1,2,3\n3,4\n")
        converted = self.run_engine("convert", "a.csv", "a.jsonl")
        self.assert_exit(converted, 3)
        self.assertIn("/a.csv:3:5: expected 2 cells as the header has, came 3", converted.stderr)
        self.assertEqual(read_jsonl(self.folder / "a.jsonl"), [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}])

    def test_standard_input(self):
        lines = "".join(f'{{"n":{number}}}\n' for number in range(9))
        counted = subprocess.run([ENGINE, "count", "-", "--format", "jsonl"], input=lines, text=True,
                                 cwd=self.folder, env=self.environment, capture_output=True, check=False)
        self.assertEqual((counted.returncode, counted.stdout), (0, "9\n"), counted.stderr)
        self.write("piped.yaml", "name: piped\nnodes:\n"
                   "  - { name: rows, use: files.read, with: { path: '-', format: jsonl } }\n"
                   "  - { name: result, use: files.write, with: { path: out.jsonl } }\n")
        command = [ENGINE, "piped.yaml", "--progress", "none"]
        piped = subprocess.run(command, input=gzip.compress(lines.encode()), cwd=self.folder,
                               env=self.environment, capture_output=True, check=False)
        self.assertEqual(piped.returncode, 0, piped.stderr)
        self.assertIn(b"standard input is read once", piped.stderr)
        self.assertEqual((self.folder / "out.jsonl").read_text(), lines)

    def test_memory_does_not_grow_with_the_input(self):
        lines = "".join(json.dumps({"n": number, "text": text_of(number) * 20}) + "\n" for number in range(1000))
        table = "".join(f'{number},"{"text; " * 100}"\n' for number in range(1000))
        self.write("a.jsonl", lines)
        self.assert_exit(self.run_engine("convert", "a.jsonl", "a.zst", "--to", "jsonl", "--compression", "zstd"), 0)
        frame = (self.folder / "a.zst").read_bytes()
        for name, once, block in (("jsonl", b"", lines.encode()), ("csv", b"n,text\n", table.encode()),
                                  ("json", b"[{}", b"," + lines.encode()[:-1].replace(b"\n", b",")),
                                  ("jsonl", b"", frame), ("jsonl", b"", gzip.compress(lines.encode()))):
            for verb in (["count", "-"], ["convert", "-", f"out.{name}", "--overwrite"]):
                with self.subTest(name=name, verb=verb[0], packed=block[:1] not in b"{,0"):
                    few, many = self.peaks([*verb, "--format", name], once, block)
                    self.assertLess(many - few, 16 << 20)

    def peaks(self, command, once, block):
        """The engine's peak after some of its input, and after nine times as much."""
        process = subprocess.Popen([ENGINE, *command], cwd=self.folder, env=self.environment,
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = []
        process.stdin.write(once)
        for blocks in (8, 64):
            for _ in range(blocks):
                process.stdin.write(block)
            process.stdin.flush()
            found.append(peak_bytes(process.pid))
        process.stdin.close()
        process.wait(timeout=HANG_S)
        return found

    def test_killed_and_started_again(self):
        self.write_table(1500)
        self.write("formats.yaml", PIPELINE)
        command = ("formats.yaml", "--progress", "none")
        self.assert_exit(self.run_engine(*command), 0)
        whole = self.outputs()
        self.assertEqual(json.loads(whole[2])[1499], {"n": 1499, "text": text_of(1499)})
        self.assertEqual(whole[0].decode().count("lines; and more"), 1500)
        chance = random.Random(7)
        self.assert_exit(self.run_engine(*command, "--fresh", "--limit", "5"), 0)
        for _ in range(4):
            process = self.start(*command)
            try:
                process.communicate(timeout=chance.uniform(0.1, 1.5))
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate(timeout=HANG_S)
        self.assert_exit(self.run_engine(*command), 0)
        self.assertEqual(self.outputs(), whole)


if __name__ == "__main__":
    unittest.main()
