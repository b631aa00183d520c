"""Input that grows: a run goes on behind what it has read, and its output with it."""

import csv
import gzip
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest

from harness import ENGINE, EngineTest, HANG_S, read_jsonl

PIPELINE = """
name: grown
order: ORDER
max_errors: 100
nodes:
  - { name: documents, use: files.read, with: { path: in, append: true, id_field: name } }
  - { name: slow, use: basic.delay, with: { ms: 1 }, parallelism: 4 }
  - { name: kept, use: basic.filter, with: { where: ".n % 7 != 3" } }
  - { name: rows, use: files.write, with: { path: out/rows.jsonl } }
  - { name: packed, use: files.write, from: kept, with: { path: out/rows.jsonl.gz } }
  - { name: array, use: files.write, from: kept, with: { path: out/rows.json } }
  - { name: files, use: files.write, from: kept, with: { path: out/parts/rows.csv, max_records_per_file: 100 } }
"""
QUIET = ("--progress", "none")


class AppendTest(EngineTest):
    def setUp(self):
        super().setUp()
        (self.folder / "in").mkdir()
        self.count = 0

    def lay_out(self, order="input", more=""):
        self.order = order
        self.write("grown.yaml", PIPELINE.replace("ORDER", order) + more)

    def add(self, name, count, packed=False):
        """Lines behind those of the file; each record is counted on."""
        lines = ""
        for _ in range(count):
            lines += json.dumps({"n": self.count, "name": f"record {self.count // 2}"}) + "\n"
            self.count += 1
        with open(self.folder / "in" / name, "ab") as file:
            file.write(gzip.compress(lines.encode()) if packed else lines.encode())

    def run_on(self, *more, code=0):
        process = self.run_engine("grown.yaml", *QUIET, *more)
        self.assert_exit(process, code)
        return process

    def check_outputs(self, in_order=True):
        """Each record once in each output; in the order in which they came, if that is the order of the input."""
        wanted = [n for n in range(self.count) if n % 7 != 3]
        rows = [row["n"] for row in read_jsonl(self.folder / "out/rows.jsonl")]
        packed = [json.loads(line)["n"] for line in
                  gzip.decompress((self.folder / "out/rows.jsonl.gz").read_bytes()).splitlines()]
        array = [row["n"] for row in json.loads((self.folder / "out/rows.json").read_text())]
        parts = sorted((self.folder / "out/parts").iterdir())
        self.assertEqual([part.name for part in parts],
                         [f"rows-{i:05}.csv" for i in range((len(wanted) - 1) // 100 + 1)])
        divided = [int(row["n"]) for part in parts for row in csv.DictReader(part.read_text().splitlines())]
        for found in (rows, packed, array, divided):
            self.assertEqual(found if in_order else sorted(found), wanted)
        if not in_order and self.order == "input":
            self.assertEqual([packed, array, divided], [rows, rows, rows])
            for file in (self.folder / "in").iterdir():
                numbers = {row["n"] for row in read_jsonl(file)}
                of_file = [n for n in rows if n in numbers]
                self.assertEqual(of_file, sorted(of_file))
        ledger = self.manifest("grown")["records"]
        self.assertEqual(ledger["read"], self.count)

    def test_files_grow_and_come_and_the_output_is_added_to(self):
        self.lay_out()
        self.add("b.jsonl", 50)
        self.add("d.jsonl.gz", 30, packed=True)
        self.run_on()
        self.check_outputs()
        self.assertIn("complete, ", self.run_on().stdout)
        before = (self.folder / "out/rows.jsonl").read_bytes()
        for name, packed in (("a.jsonl", False), ("b.jsonl", False), ("d.jsonl.gz", True), ("c.jsonl", False)):
            self.add(name, 40, packed)
            self.assertIn("its input has grown", self.run_on().stderr)
            self.check_outputs()
        self.assertTrue((self.folder / "out/rows.jsonl").read_bytes().startswith(before))
        self.add("c.jsonl", 5)
        self.run_on("--limit", self.count - 3)
        self.assertEqual(len(read_jsonl(self.folder / "out/rows.jsonl")),
                         len([n for n in range(self.count - 3) if n % 7 != 3]))
        self.run_on()
        self.check_outputs()
        self.run_on("--fresh")
        # By name now: nobody has read them before.
        first = read_jsonl(self.folder / "out/rows.jsonl")[0]
        self.assertIn(first, read_jsonl(self.folder / "in/a.jsonl"))

    def killed_again_and_again(self, order):
        chance = random.Random(order)
        self.lay_out(order)
        self.add("b.jsonl", 200)
        for growth in range(3):
            for _ in range(3):
                process = self.start("grown.yaml", *QUIET)
                try:
                    out, error = process.communicate(timeout=chance.uniform(0.02, 0.6))
                    self.assertEqual(process.returncode, 0, out + error)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate(timeout=HANG_S)
                self.add(chance.choice(["a.jsonl", "b.jsonl", "c.jsonl"]), 40)
            if growth % 2:
                self.run_on()
                self.check_outputs(in_order=False)
        self.run_on()
        self.check_outputs(in_order=False)
        self.assertIn("complete, ", self.run_on().stdout)

    def test_killed_in_the_order_of_the_input(self):
        self.killed_again_and_again("input")

    def test_killed_in_any_order(self):
        self.killed_again_and_again("any")

    @staticmethod
    def copy(old, new):
        subprocess.run(["cp", "-a", old, new], check=True)

    def go_to_new_folder(self, put):
        """The folder of the run is copied or moved, and the run is started there from here on."""
        new = pathlib.Path(tempfile.mkdtemp(prefix="rare-e2e-"))
        self.addCleanup(shutil.rmtree, new, ignore_errors=True)
        old, self.folder = self.folder, new / "run"
        put(old, self.folder)
        return old

    def test_the_folder_of_a_run_is_copied_or_moved(self):
        self.lay_out()
        self.add("b.jsonl", 30)
        self.run_on()
        self.add("b.jsonl", 20)
        self.add("a.jsonl", 20)
        self.run_on()
        for put in (self.copy, shutil.move):
            old = self.go_to_new_folder(put)
            moved = self.run_on()
            self.assertIn("complete, ", moved.stdout)
            self.assertIn(f"{old}/in/", moved.stderr)
            self.assertIn(f"{self.folder}/in/", moved.stderr)
            self.check_outputs()
            quiet = self.run_on()
            self.assertIn("complete, ", quiet.stdout)
            self.assertNotIn("its input", quiet.stderr)
            self.add("b.jsonl", 5)
            self.add(f"{put.__name__}.jsonl", 5)
            self.run_on()
            self.check_outputs()

    def test_the_folder_of_a_killed_run_is_moved_and_added_to(self):
        for put in (self.copy, shutil.move):
            self.lay_out()
            self.add("b.jsonl", 1000)
            process = self.start("grown.yaml", *QUIET)
            with self.assertRaises(subprocess.TimeoutExpired):
                process.communicate(timeout=0.2)
            process.kill()
            process.communicate(timeout=HANG_S)
            self.go_to_new_folder(put)
            self.add("a.jsonl", 20)
            self.add("b.jsonl", 20)
            self.run_on()
            self.check_outputs(in_order=False)

    def test_a_retry_in_a_new_folder(self):
        self.lay_out(more="  - { name: checked, use: basic.map, from: documents, with: "
                          "{ program: 'if .n % 10 == 5 then error(\"five\") else . end' } }\n"
                          "  - { name: all, use: files.write, with: { path: out/all.jsonl } }\n")
        self.add("b.jsonl", 30)
        self.run_on()
        for put in (self.copy, shutil.move):
            self.go_to_new_folder(put)
            self.assert_exit(self.run_engine("retry", "grown.yaml", *QUIET), 0)
            self.assertEqual(len(self.dead_letters("grown")), 3)
            self.check_outputs()
        self.add("b.jsonl", 6)
        self.run_on()
        self.check_outputs()
        self.assertEqual(len(self.dead_letters("grown")), 4)

    def test_a_copied_folder_whose_files_are_others(self):
        self.lay_out()
        self.add("a.jsonl", 10)
        self.add("b.jsonl", 10)
        self.run_on()
        old = self.go_to_new_folder(self.copy)
        file = self.folder / "in/b.jsonl"
        whole = file.read_bytes()
        file.write_bytes(whole.replace(b'"n": 14,', b'"n": 15,'))
        for _ in range(2):
            refused = self.run_on(code=2)
            self.assertIn(f"{old}/in/b.jsonl", refused.stderr)
            self.assertIn(f"{self.folder}/in/b.jsonl", refused.stderr)
            self.assertIn("copied or moved", refused.stderr)
            self.assertIn("--fresh", refused.stderr)
        file.write_bytes(whole)
        self.assertIn("complete, ", self.run_on().stdout)
        self.check_outputs()

    def test_what_was_read_has_changed(self):
        self.lay_out()
        self.add("a.jsonl", 10)
        self.run_on()
        file = self.folder / "in/a.jsonl"
        whole = file.read_text()
        file.write_text(whole.replace('"n": 4', '"n": 5') + '{"n":10}\n')
        refused = self.run_on(code=2)
        self.assertIn("in/a.jsonl: changed since an earlier start read it", refused.stderr)
        self.assertIn("--fresh", refused.stderr)
        file.write_text(whole[:-4])
        self.assertIn("in/a.jsonl: became shorter", self.run_on(code=2).stderr)
        file.write_text(whole)
        self.assertIn("complete, ", self.run_on().stdout)
        self.check_outputs()

    def test_lost_output_is_made_again_in_the_same_order(self):
        self.lay_out()
        self.add("b.jsonl", 20)
        self.run_on()
        self.add("a.jsonl", 20)
        self.run_on()
        (self.folder / "out/rows.json").unlink()
        self.assertIn("making it again", self.run_on().stderr)
        self.check_outputs()
        (self.folder / "out/parts/rows-00000.csv").unlink()
        self.assertIn("making it again", self.run_on().stderr)
        self.check_outputs()

    def test_labels_name_records(self):
        self.lay_out(more="  - { name: checked, use: basic.map, from: documents, with: "
                          "{ program: 'if .n == 5 then error(\"five\") else . end' } }\n"
                          "  - { name: all, use: files.write, with: { path: out/all.jsonl } }\n")
        self.add("b.jsonl", 10)
        self.run_on()
        letter = self.dead_letters("grown")[0]
        self.assertEqual((letter["id"], letter["label"]), ("5", "record 2"))
        self.add("a.jsonl", 3)
        several = self.run_engine("explain", "grown.yaml", "record 2")
        self.assert_exit(several, 2)
        self.assertIn("2 records are called 'record 2': name one of them by its id: 4, 5", several.stderr)
        self.run_on()
        one = self.run_engine("explain", "grown.yaml", "record 6")
        self.assert_exit(one, 0)
        self.assertIn("record 12 (record 6)", one.stdout)
        told = json.loads(self.run_engine("explain", "grown.yaml", "5", "--json").stdout)
        self.assertEqual((told["records"][0]["id"], told["records"][0]["label"]), ("5", "record 2"))
        nobody = self.run_engine("explain", "grown.yaml", "5", "--label")
        self.assert_exit(nobody, 2)
        self.assertIn("'5' is no record of a source", nobody.stderr)
        self.run_engine("retry", "grown.yaml", *QUIET)
        self.assertEqual([letter["label"] for letter in self.dead_letters("grown")], ["record 2"])

    def test_retry_after_the_input_has_grown_twice(self):
        self.lay_out(more="  - { name: checked, use: basic.map, from: documents, with: "
                          "{ program: 'if .n % 10 == 5 then error(\"five\") else . end' } }\n"
                          "  - { name: all, use: files.write, with: { path: out/all.jsonl } }\n")
        for name in ("b.jsonl", "a.jsonl"):
            self.add(name, 30)
            self.run_on()
        self.add("b.jsonl", 7)
        retried = self.run_engine("retry", "grown.yaml", *QUIET)
        self.assert_exit(retried, 0)
        self.assertEqual(len(self.dead_letters("grown")), 6)
        self.assertEqual(len(read_jsonl(self.folder / "out/all.jsonl")), 54)
        self.run_on()
        self.assertEqual([row["n"] for row in read_jsonl(self.folder / "out/all.jsonl")],
                         [n for n in range(67) if n % 10 != 5])
        self.check_outputs()

    def test_a_start_that_is_refused_leaves_a_finished_run_finished(self):
        self.write("mined.yaml", "name: mined\nmax_errors: 100\nservices:\n"
                   "  index: { use: bm25.index, with: { path: in, field: name } }\nnodes:\n"
                   "  - { name: documents, use: files.read, with: { path: in, append: true } }\n"
                   "  - { name: checked, use: basic.map, with: "
                   "{ program: 'if .n == 1 then error(\"one\") else . end' } }\n"
                   "  - { name: rows, use: files.write, with: { path: out/rows.jsonl } }\n")
        self.add("a.jsonl", 5)
        self.assert_exit(self.run_engine("mined.yaml", *QUIET), 0)
        file = self.folder / "in/a.jsonl"
        before, time_ns = file.read_bytes(), file.stat().st_mtime_ns
        self.add("a.jsonl", 1)
        for _ in range(2):
            refused = self.run_engine("mined.yaml", *QUIET)
            self.assert_exit(refused, 2)
            self.assertIn("the input of 'services.index' changed", refused.stderr)
        file.write_bytes(before)
        os.utime(file, ns=(time_ns, time_ns))
        again = self.run_engine("mined.yaml", *QUIET)
        self.assert_exit(again, 0)
        self.assertIn("complete, 4 records", again.stdout)
        self.assertEqual(len(read_jsonl(self.folder / "out/rows.jsonl")), 4)
        retried = self.run_engine("retry", "mined.yaml", *QUIET)
        self.assert_exit(retried, 0)
        self.assertIn("retried 1 records", retried.stdout)

    def test_what_looks_at_the_whole_set_is_refused(self):
        growing = ("nodes:\n"
                   "  - { name: documents, use: files.read, with: { path: in, append: true } }\n")
        in_order = "  - { name: in_order, use: basic.sort, with: { by: n } }\n"
        rows = "  - { name: rows, use: files.write, with: { path: out.jsonl } }\n"
        whole_set = "append: expected false, because 'in_order' (basic.sort) works over the whole set"
        self.write("in/a.jsonl", '{"n":1,"text":"salt"}\n')
        for text, said in (
                (growing + in_order + rows, [whole_set]),
                (growing + rows + "  - { name: others, use: files.read, with: { path: in/a.jsonl } }\n" + in_order
                 + "  - { name: other_rows, use: files.write, with: { path: others.jsonl } }\n", [whole_set]),
                ("services:\n  index: { use: bm25.index, with: { from: documents } }\n" + growing + rows,
                 ["may have more at each start (append: true)", "name the corpus by its path"])):
            self.write("whole.yaml", "name: whole\n" + text)
            refused = self.run_engine("validate", "whole.yaml")
            self.assert_exit(refused, 2)
            for words in said:
                self.assertIn(words, refused.stderr)
        self.write("piped.yaml", "name: piped\nnodes:\n"
                   "  - { name: rows, use: files.read, with: { path: '-', format: jsonl, append: true } }\n"
                   "  - { name: result, use: files.write, with: { path: out.jsonl } }\n")
        piped = subprocess.run([ENGINE, "piped.yaml", *QUIET], input=b'{"n":1}\n', cwd=self.folder,
                               env=self.environment, capture_output=True, check=False)
        self.assertEqual(piped.returncode, 2, piped.stderr)
        self.assertIn(b"standard input cannot be read again", piped.stderr)

    def validate_paths(self, read, written, more=""):
        self.write("paths.yaml", "name: paths\nnodes:\n"
                   f"  - {{ name: documents, use: files.read, with: {{ path: {read} }} }}\n"
                   f"  - {{ name: rows, use: files.write, with: {{ path: {written} }} }}\n" + more)
        return self.run_engine("validate", "paths.yaml")

    def test_output_that_would_be_new_input_is_refused(self):
        self.write("in/a.jsonl", '{"n":1}\n')
        for read, written in (("in", "in/rows.jsonl"), ("in/", "in/deep/rows.csv"), ("in/*.jsonl", "in/rows.jsonl"),
                              ("[out.jsonl, in/a.jsonl, 'in/*']", "in/../in/rows.txt"),
                              ("'in/*.part'", "in/rows.jsonl"),
                              ("in/*.jsonl", "in/rows.jsonl, max_records_per_file: 10")):
            refused = self.validate_paths(f"{read}, append: true", written)
            self.assert_exit(refused, 2)
            self.assertIn("lies where node 'documents' looks for more input", refused.stderr)
        for read, written in (("in, append: true", "in-out/rows.jsonl"), ("in/*.jsonl, append: true", "in/rows.csv"),
                              ("in", "in/rows.jsonl")):
            self.assert_exit(self.validate_paths(read, written), 0)
        self.write("saved.yaml", "name: saved\nnodes:\n"
                   "  - { name: documents, use: files.read, save: in/kept.jsonl, with: { path: in, append: true } }\n"
                   "  - { name: rows, use: files.write, with: { path: out.jsonl } }\n")
        self.assert_exit(self.run_engine("validate", "saved.yaml"), 2)

    def test_numbered_files_that_would_replace_input_are_refused(self):
        for i in range(4):
            self.write(f"in/rows-{i:05}.jsonl", f'{{"n":{i}}}\n')
        divided = "in/rows.jsonl, max_records_per_file: 2"
        for read in ("in", "in/rows-*.jsonl", "in/rows-00002.jsonl", "'in/rows-0000[0-3].jsonl'", "in/*", "'*/*.jsonl'",
                     "'in/rows-0*1.jsonl'"):
            refused = self.validate_paths(read, divided)
            self.assert_exit(refused, 2)
            self.assertIn("the files 'in/rows-*.jsonl' that it writes may be what node 'documents' reads", refused.stderr)
            self.assert_exit(self.run_engine("paths.yaml", *QUIET), 2)
        other = "  - { name: third, use: files.write, from: documents, with: { path: in/rows-00003.jsonl } }\n"
        self.write("more.jsonl", '{"n":1}\n')
        refused = self.validate_paths("more.jsonl", divided, other)
        self.assert_exit(refused, 2)
        self.assertIn("may be what node 'third' writes", refused.stderr)
        self.assertEqual(len(list((self.folder / "in").iterdir())), 4)
        for read in ("'in/rows-*'", "in/rows-*.jsonl"):
            self.assert_exit(self.validate_paths(read, "in/rows.jsonl"), 0)
            self.assert_exit(self.validate_paths(read, "in/all.jsonl, max_records_per_file: 2"), 0)
            self.assert_exit(self.validate_paths(read, "out/rows.jsonl, max_records_per_file: 2"), 0)

    def test_retry_that_makes_all_anew_reads_what_the_run_read(self):
        self.write("grown.yaml", "name: grown\nmax_errors: 100\nnodes:\n"
                   "  - { name: documents, use: files.read, with: { path: in, append: true } }\n"
                   "  - { name: checked, use: basic.map, with: "
                   "{ program: 'if .n % 10 == 5 then error(\"five\") else . end' } }\n"
                   "  - { name: rows, use: files.write, with: { path: out/rows.jsonl, max_records_per_file: 20 } }\n")

        def numbers():
            return [row["n"] for part in sorted((self.folder / "out").iterdir()) for row in read_jsonl(part)]
        self.add("b.jsonl", 30)
        self.run_on()
        file = self.folder / "in/b.jsonl"
        whole = file.read_bytes()
        file.write_bytes(whole.replace(b'"n": 4,', b'"n": 9,'))
        refused = self.run_engine("retry", "grown.yaml", *QUIET)
        self.assert_exit(refused, 2)
        self.assertIn("in/b.jsonl: changed since an earlier start read it", refused.stderr)
        file.write_bytes(whole)
        self.assertEqual(len(self.dead_letters("grown")), 3)
        self.add("b.jsonl", 4)
        self.add("c.jsonl", 3)
        retried = self.run_engine("retry", "grown.yaml", *QUIET)
        self.assert_exit(retried, 0)
        self.assertIn("all of it is made again", retried.stderr)
        self.assertEqual(numbers(), [n for n in range(30) if n % 10 != 5])
        self.assertEqual(len(self.dead_letters("grown")), 3)
        self.run_on()
        self.assertEqual(numbers(), [n for n in range(37) if n % 10 != 5])

    def test_a_divided_output_is_read_as_a_folder(self):
        self.lay_out()
        self.add("b.jsonl", 300)
        self.run_on()
        manifest = self.manifest("grown")
        self.assertIn("out/parts/rows-00002.csv", manifest["results"])
        told = json.loads(self.run_engine("status", "grown.yaml", "--json").stdout)
        self.assertEqual(told["results"], manifest["results"])
        self.assertIn("result: out/parts/rows-00001.csv\n", self.run_engine("status", "grown.yaml").stdout)
        counted = self.run_engine("count", "out/parts")
        self.assertEqual(counted.stdout, f"{len([n for n in range(300) if n % 7 != 3])}\n")


if __name__ == "__main__":
    unittest.main()
