"""Parquet files, written and read by others (pyarrow, DuckDB) and by the engine."""

import base64
import datetime
import decimal
import json
import math
import os
import shutil
import subprocess
import sys
import unittest
import uuid

from harness import BUILD, EngineTest, HANG_S, read_jsonl, wait_until

# ./dev test says where pyarrow and DuckDB are.
sys.path[:0] = os.environ["RARE_TEST_PEERS"].split(":")
import duckdb  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import pyarrow.parquet.encryption as encryption  # noqa: E402

UTC = datetime.timezone.utc
CODECS = ("NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4", "BROTLI")
EVERYTHING = {
    "flag": (pa.bool_(), [True, None, False], None),
    "small": (pa.int8(), [-128, None, 127], None),
    "large": (pa.uint64(), [0, None, 2**64 - 1], None),
    "int64": (pa.int64(), [-2**63, None, 2**63 - 1], None),
    "half": (pa.float16(), [0.5, None, -2.0], None),
    "float": (pa.float32(), [0.5, None, 1.25], None),
    "double": (pa.float64(), [math.nan, math.inf, -math.inf], ["NaN", "Infinity", "-Infinity"]),
    "text": (pa.string(), ["", "naïve 北京 😀\u0000", None], None),
    "long_text": (pa.large_string(), ["x" * 70000, None, ""], None),
    "word": (pa.dictionary(pa.int32(), pa.string()), ["a", None, "a"], None),
    "bytes": (pa.binary(), [b"\x00\x01\xff", None, b""], ["AAH/", None, ""]),
    "four": (pa.binary(4), [b"abcd", None, b"\x00\x00\x00\x00"], ["YWJjZA==", None, "AAAAAA=="]),
    "day": (pa.date32(), [datetime.date(2026, 11, 26), None, datetime.date(1, 1, 1)],
            ["2026-11-26", None, "0001-01-01"]),
    "clock": (pa.time64("us"), [datetime.time(23, 59, 59, 1), None, datetime.time(0)],
              ["23:59:59.000001", None, "00:00:00"]),
    "instant": (pa.timestamp("ms", "Europe/Berlin"),
                [datetime.datetime(2026, 11, 26, 1, 2, 3, 4000, UTC), None,
                 datetime.datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)],
                ["2026-11-26T01:02:03.004Z", None, "1969-12-31T23:59:59Z"]),
    "local": (pa.timestamp("ns"), [datetime.datetime(2026, 11, 26, 1, 2, 3), None, None],
              ["2026-11-26T01:02:03", None, None]),
    "price": (pa.decimal128(12, 2), [decimal.Decimal("-12.50"), None, decimal.Decimal("0.00")],
              ["-12.50", None, "0.00"]),
    "wide": (pa.decimal256(60, 3), [decimal.Decimal("9" * 57 + ".125"), None, None],
             ["9" * 57 + ".125", None, None]),
    "small_price": (pa.decimal32(5, 2), [decimal.Decimal("-1.25"), None, decimal.Decimal("0.00")], ["-1.25", None, "0.00"]),
    "price64": (pa.decimal64(15, 1), [decimal.Decimal("9.5"), None, None], ["9.5", None, None]),
    "views": (pa.list_view(pa.int32()), [[1, None], None, []], None),
    "nothing": (pa.null(), [None, None, None], None),
    "lists": (pa.list_(pa.list_(pa.int32())), [[[1, None], [], None], None, []], None),
    "pairs": (pa.list_(pa.int16(), 2), [[1, 2], None, [3, None]], None),
    "thing": (pa.struct({"b": pa.list_(pa.struct({"x": pa.string()})), "a": pa.int32()}),
              [{"b": [{"x": "y"}, None], "a": 1}, None, {"b": None, "a": None}], None),
    "by_name": (pa.map_(pa.string(), pa.float64()), [[("k", 0.5), ("j", None)], None, []],
                [{"k": 0.5, "j": None}, None, {}]),
    "by_number": (pa.map_(pa.int32(), pa.string()), [[(2, "x"), (1, None)], None, []],
                  [[{"key": 2, "value": "x"}, {"key": 1, "value": None}], None, []]),
    "id": (pa.uuid(), [uuid.UUID("00112233-4455-6677-8899-aabbccddeeff").bytes, None, None],
           ["00112233-4455-6677-8899-aabbccddeeff", None, None]),
    "json": (pa.json_(), ['{"a": [1, "x"]}', None, "3"], [{"a": [1, "x"]}, None, 3]),
}


def everything():
    """A table with a column of each type, and the records that it is."""
    table = pa.table({name: pa.array(values, type) for name, (type, values, _) in EVERYTHING.items()})
    expected = {name: values if came is None else came for name, (_, values, came) in EVERYTHING.items()}
    return table, [{name: values[row] for name, values in expected.items()} for row in range(3)]


class NoSecret(encryption.KmsClient):
    """Keys that are kept as they are."""

    def __init__(self, _):
        super().__init__()

    def wrap_key(self, key_bytes, master_key_identifier):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return base64.b64decode(wrapped_key)


class ParquetTest(EngineTest):
    def pipeline(self, read, write, between="", **top):
        lines = [f"{key}: {value}" for key, value in {"name": "p", **top}.items()]
        lines += ["nodes:", f"  - {{ name: read, use: files.read, with: {read} }}"]
        lines += [f"  - {between}"] if between else []
        lines += [f"  - {{ name: write, use: files.write, with: {write} }}"]
        return self.write("p.yaml", "\n".join(lines) + "\n")

    def convert(self, read, write, *arguments, code=0, **options):
        process = self.run_engine(self.pipeline(read, write, **options), "--fresh", *arguments)
        self.assert_exit(process, code)
        return process

    def read_all(self, *paths, code=0, columns=()):
        """The records of the files."""
        read = json.dumps({"path": list(paths), **({"columns": list(columns)} if columns else {})})
        self.convert(read, "{ path: out.jsonl }", code=code)
        return read_jsonl(self.folder / "out.jsonl")

    def write_all(self, records, code=0, path="out.parquet", **parameters):
        """A table of what the engine wrote."""
        self.write("in.jsonl", "".join(json.dumps(record) + "\n" for record in records))
        self.convert("{ path: in.jsonl }", json.dumps({"path": path, **parameters}), code=code)
        return pq.read_table(self.folder / path)

    # ---- reading --------------------------------------------------------------------------------

    def test_every_type_comes_out_as_json_whatever_packs_it(self):
        table, expected = everything()
        for codec in CODECS:
            pq.write_table(table, self.folder / f"{codec}.parquet", compression=codec,
                           row_group_size=2, data_page_version="2.0" if codec == "ZSTD" else "1.0")
        records = self.read_all("*.parquet")
        self.assertEqual(len(records), 3 * len(CODECS))
        for number, record in enumerate(records):
            self.assertEqual(record, expected[number % 3])

    def test_what_duckdb_writes(self):
        path = self.folder / "duck.parquet"
        duckdb.sql(f"""COPY (SELECT i::INTEGER AS n, 'row ' || i AS text, [i, NULL, i + 1] AS list,
            {{'a': i % 2 = 0, 'b': [{{'c': i::DOUBLE / 4}}]}} AS thing, MAP {{'k': i}} AS map,
            (i / 4)::DECIMAL(9, 2) AS price, DATE '2026-11-26' + i::INTEGER AS day,
            TIMESTAMP '2026-11-26 01:02:03.5' AS at, INTERVAL 2 DAY AS span
            FROM range(5000) t(i)) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)""")
        records = self.read_all("duck.parquet")
        self.assertEqual(len(records), 5000)
        self.assertEqual(records[4999], {
            "n": 4999, "text": "row 4999", "list": [4999, None, 5000],
            "thing": {"a": False, "b": [{"c": 1249.75}]}, "map": {"k": 4999}, "price": "1249.75",
            "day": "2040-08-03", "at": "2026-11-26T01:02:03.500", "span": "AAAAAAIAAAAAAAAA"})

    def test_only_the_columns_that_are_named_are_read(self):
        table, expected = everything()
        pq.write_table(table, self.folder / "a.parquet")
        records = self.read_all("a.parquet", columns=["thing", "flag"])
        self.assertEqual(records, [{"thing": r["thing"], "flag": r["flag"]} for r in expected])
        process = self.convert("{ path: a.parquet, columns: [flagg] }", "{ path: out.jsonl }", code=2)
        self.assertIn("a.parquet: `columns` names flagg, which is not there; there are: flag, small",
                      process.stderr)

    def test_a_row_that_cannot_be_read_costs_itself_alone(self):
        storage = pa.array([b"good", b"\xff\xfe", b"fine"], pa.binary()).view(pa.string())
        pq.write_table(pa.table({"text": storage, "n": [1, 2, 3]}), self.folder / "a.parquet")
        self.assertEqual([r["n"] for r in self.read_all("a.parquet", code=3)], [1, 3])
        letter, = self.dead_letters("p")
        self.assertIn("a.parquet: row 1 (row group 0, row 1): column text: expected UTF-8 text, came "
                      "other bytes", letter["reason"])

    def test_json_that_is_nested_too_deep_is_a_dead_letter(self):
        def nested(depth):
            return "[" * depth + "]" * depth

        # The record stands around it, and in the second column a list, too.
        texts = [nested(999), nested(200000), nested(1000), '{"a": "[[\\"["}']
        lists = pa.ListArray.from_arrays(pa.array([0, 1, 2, 2, 2]),
                                         pa.array([nested(998), nested(999)], pa.json_()))
        pq.write_table(pa.table({"json": pa.array(texts, pa.json_())}), self.folder / "a.parquet")
        pq.write_table(pa.table({"list": lists, "n": range(4)}), self.folder / "b.parquet")
        self.convert("{ path: [a.parquet, b.parquet] }", "{ path: out.jsonl }", code=3)
        self.assertEqual((self.folder / "out.jsonl").read_text().splitlines(), [
            f'{{"json":{nested(999)}}}', '{"json":{"a":"[[\\"["}}', f'{{"list":[{nested(998)}],"n":0}}',
            '{"list":[],"n":2}', '{"list":[],"n":3}'])
        reasons = [letter["reason"] for letter in self.dead_letters("p")]
        self.assertEqual(len(reasons), 3)
        self.assertIn("a.parquet: row 1 (row group 0, row 1): column json: expected JSON of at most 999 "
                      "arrays and objects within each other, came more of them", reasons[0])

    def test_old_timestamps_are_whole_and_fields_of_one_name_are_refused(self):
        moments = [datetime.datetime(1, 1, 1), datetime.datetime(2026, 11, 26, 1, 2, 3, 4),
                   datetime.datetime(9999, 12, 31, 23, 59, 59)]
        pq.write_table(pa.table({"at": pa.array(moments, pa.timestamp("us"))}), self.folder / "a.parquet",
                       use_deprecated_int96_timestamps=True)
        self.assertEqual([r["at"] for r in self.read_all("a.parquet")],
                         ["0001-01-01T00:00:00", "2026-11-26T01:02:03.000004", "9999-12-31T23:59:59"])
        twice = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["x", "x"])
        pq.write_table(pa.table({"one": [0], "two": twice}),
                       self.folder / "b.parquet")
        process = self.convert("{ path: b.parquet }", "{ path: out.jsonl }", code=2)
        self.assertIn("b.parquet: column two has two fields called x, of which an object could hold one",
                      process.stderr)

    def test_shards_of_a_file_are_divided_within_its_row_groups(self):
        for name, first, rows, per_group in (("a", 0, 1000, 137), ("b", 1000, 5, 2), ("c", 1005, 300, 300)):
            pq.write_table(pa.table({"n": range(first, first + rows)}), self.folder / f"{name}.parquet", row_group_size=per_group)
        pipeline = self.pipeline("{ path: ['*.parquet'] }", "{ path: rows.jsonl }")
        for shard in range(7):
            self.assert_exit(self.run_engine("run", pipeline, "--shard", f"{shard}/7", "--out", "out"), 0)
        parts = json.loads((self.folder / "out/_rare/plan.json").read_text())["sources"]["read"]
        self.assertEqual((parts["records"], [part["first"] for part in parts["parts"]]), (1305, [1305 * s // 7 for s in range(7)]))
        self.assert_exit(self.run_engine("finish", "out"), 0)
        rows = [row["n"] for part in sorted((self.folder / "out/write").iterdir()) for row in read_jsonl(part)]
        self.assertEqual(rows, list(range(1305)))

    def test_what_is_decoded_at_once_follows_from_what_it_takes(self):
        words = [f"{i} " * 100000 for i in range(2)]
        # Small, because a process counts the peak of the one that starts it, too.
        texts = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 1000, pa.int32()), words)
        table = pa.table({"text": texts, "n": range(2000)})
        pq.write_table(table, self.folder / "a.parquet", compression="zstd", store_schema=False)
        self.assertLess((self.folder / "a.parquet").stat().st_size, 100000)
        between = "{ name: cut, use: basic.map, with: { program: '{n, text: .text[:2]}' } }"
        self.convert("{ path: a.parquet }", "{ path: out.jsonl }", "--set", "max_records_in_flight=1",
                     between=between)
        self.assertEqual(read_jsonl(self.folder / "out.jsonl")[1999], {"n": 1999, "text": "1 "})
        # The texts are 400 MB together.
        self.assertLess(self.manifest("p")["peak_rss_bytes"], 300e6)

    def test_a_damaged_file_is_no_run(self):
        table = pa.table({"text": [f"some words {i * i}" for i in range(30000)]})
        whole = self.folder / "whole.parquet"
        pq.write_table(table, whole, row_group_size=10000, use_dictionary=False)
        data = whole.read_bytes()
        middle = pq.ParquetFile(whole).metadata.row_group(1).column(0).data_page_offset + 40
        for name, damaged, code, said in (
                ("cut", data[:-100], 2, "cut.parquet: expected a whole Parquet file"),
                ("text", b"{}\n" * 100, 2, "text.parquet: expected a whole Parquet file"),
                ("empty", b"", 2, "empty.parquet: expected a whole Parquet file"),
                ("sealed", data[:-4] + b"PARE", 2, "sealed.parquet: expected a whole Parquet file"),
                ("page", data[:middle] + bytes(64) + data[middle + 64:], 1,
                 "page.parquet: row 10000 (row group 1, row 0): cannot be read")):
            self.write(f"{name}.parquet", damaged)
            process = self.convert(f"{{ path: {name}.parquet }}", "{ path: out.jsonl }", code=code)
            self.assertIn(said, process.stderr)

    def test_what_is_encrypted_is_no_run_but_for_the_columns_that_are_not(self):
        table = pa.table({"open": [1, 2], "closed": ["x", "y"]})
        factory = encryption.CryptoFactory(NoSecret)
        for name, plain_footer, said in (
                ("columns", True, "columns.parquet: expected columns without encryption, came closed, which is encrypted"),
                ("all", False, "all.parquet: expected a whole Parquet file without encryption")):
            properties = factory.file_encryption_properties(
                encryption.KmsConnectionConfig(), encryption.EncryptionConfiguration(
                    footer_key="footer", column_keys={"key": ["closed"]}, plaintext_footer=plain_footer))
            with pq.ParquetWriter(self.folder / f"{name}.parquet", table.schema,
                                  encryption_properties=properties) as writer:
                writer.write_table(table)
            process = self.convert(f"{{ path: {name}.parquet }}", "{ path: out.jsonl }", code=2)
            self.assertIn(said, process.stderr)
        self.assertEqual(self.read_all("columns.parquet", columns=["open"]), [{"open": 1}, {"open": 2}])

    def test_columns_of_one_name_are_no_run(self):
        twice = pa.Table.from_arrays([pa.array([1]), pa.array(["x"]), pa.array([2])], ["n", "text", "n"])
        pq.write_table(twice, self.folder / "a.parquet")
        process = self.convert("{ path: a.parquet }", "{ path: out.jsonl }", code=2)
        self.assertIn("a.parquet: has two columns called n, of which a record could hold one", process.stderr)
        self.assertEqual(self.read_all("a.parquet", columns=["text"]), [{"text": "x"}])

    def test_a_name_that_is_no_text_is_no_run(self):
        pq.write_table(pa.table({"name!": [1], "n": [2]}), self.folder / "whole.parquet", store_schema=False)
        self.write("a.parquet", (self.folder / "whole.parquet").read_bytes().replace(b"name!", b"name\xff"))
        process = self.convert("{ path: a.parquet }", "{ path: out.jsonl }", code=2)
        self.assertIn("a.parquet: expected columns with names in UTF-8, came name? (", process.stderr)
        self.assertEqual(self.read_all("a.parquet", columns=["n"]), [{"n": 2}])
        process = self.convert("{ path: a.parquet, columns: [m] }", "{ path: out.jsonl }", code=2)
        self.assertIn("there are: name?, n", process.stderr)

    def test_files_of_a_folder_may_have_other_columns_and_types(self):
        (self.folder / "in").mkdir()
        thing = pa.struct({"a": pa.int32(), "b": pa.string()})
        for name, columns in (
                ("1", {"n": pa.array([1, 2], pa.int32()), "text": ["x", "y"], "thing": pa.array([{"a": 1}, None], thing)}),
                ("2", {"n": pa.array([2**40, None], pa.int64()), "late": [0.5, 1.5]}),
                ("3", {"text": pa.array(["z"], pa.large_string()), "n": pa.array([3.5], pa.float64())})):
            pq.write_table(pa.table(columns), self.folder / "in" / f"{name}.parquet")
        records = [{"n": 1, "text": "x", "thing": {"a": 1, "b": None}}, {"n": 2, "text": "y", "thing": None},
                   {"late": 0.5, "n": 2**40}, {"late": 1.5, "n": None}, {"n": 3.5, "text": "z"}]
        self.assertEqual(self.read_all("in/*.parquet"), records)
        # What all of them hold together is what one file of them has.
        self.convert("{ path: in/*.parquet }", "{ path: out.parquet }")
        table = pq.read_table(self.folder / "out.parquet")
        self.assertEqual([str(table.schema.field(name).type) for name in table.column_names],
                         ["double", "double", "string", "struct<a: int64, b: string>"])
        self.assertEqual(table.to_pylist(), [{"late": None, "text": None, "thing": None, **record} for record in records])
        # A column that is named has to be in all of them.
        process = self.convert("{ path: in/*.parquet, columns: [n, text] }", "{ path: out.jsonl }", code=2)
        self.assertIn("in/2.parquet: `columns` names text, which is not there; there are: n, late", process.stderr)

    def test_the_verbs_that_take_files_take_parquet(self):
        self.write("in.jsonl", '{"a": 1, "b": "x"}\n{"a": null}\n')
        self.assert_exit(self.run_engine("convert", "in.jsonl", "a.parquet"), 0)
        self.assertIn("2", self.run_engine("count", "a.parquet").stdout)
        process = self.run_engine("head", "a.parquet")
        self.assert_exit(process, 0)
        self.assertEqual([json.loads(line) for line in process.stdout.splitlines()],
                         [{"a": 1, "b": "x"}, {"a": None, "b": None}])

    # ---- writing --------------------------------------------------------------------------------

    def test_what_the_rows_hold_makes_the_columns(self):
        records = [
            {"id": 1, "score": 1, "tags": ["a"], "thing": {"x": 1, "y": [{"z": True}]}, "mixed": 1},
            {"id": 2, "score": 0.5, "tags": [], "thing": None, "mixed": "two", "late": "naïve 北京"},
            {"id": 3, "score": None, "tags": None, "thing": {"y": []}, "mixed": {"k": [None]}},
        ]
        table = self.write_all(records)
        self.assertEqual(str(table.schema.field("id").type), "int64")
        self.assertEqual(str(table.schema.field("score").type), "double")
        self.assertEqual(table.column_names, sorted(table.column_names))
        expected = [
            {"id": 1, "late": None, "mixed": "1", "score": 1.0, "tags": ["a"],
             "thing": {"x": 1, "y": [{"z": True}]}},
            {"id": 2, "late": "naïve 北京", "mixed": '"two"', "score": 0.5, "tags": [], "thing": None},
            {"id": 3, "late": None, "mixed": '{"k":[null]}', "score": None, "tags": None,
             "thing": {"x": None, "y": []}},
        ]
        self.assertEqual(table.to_pylist(), expected)
        rows = duckdb.sql(f"SELECT id, late, score, tags, thing FROM '{self.folder}/out.parquet'")
        self.assertEqual(rows.fetchall(), [
            (r["id"], r["late"], r["score"], r["tags"], r["thing"]) for r in expected])
        again = [{**r, "mixed": record["mixed"]} for r, record in zip(expected, records)]
        self.assertEqual(self.read_all("out.parquet"), again)

    def test_a_schema_decides_and_what_does_not_fit_is_a_dead_letter(self):
        schema = {"id": "int32", "price": "decimal(9, 2)", "day": "date", "at": "timestamp",
                  "time": "time", "raw": "binary", "by": "map(double)", "free": "json",
                  "thing": {"f": "float", "l": ["uint64"]}, "ok": "bool"}
        good = {"id": 1, "price": "-" + "0" * 40 + "12.5" + "0" * 40, "day": "2026-11-26", "at": "2026-11-26T01:00:00+01:00",
                "time": "01:02:03.5", "raw": "AAH/", "by": {"a": 1, "b": None}, "free": [1, "x"],
                "thing": {"l": [2**64 - 1], "f": 0.5}, "ok": True}
        bad = [{"id": 2**31}, {"price": "1.255"}, {"at": "0000-01-01T00:00:00+01:00"}, {"day": "2026-02-30"}, {"more": 1}]
        table = self.write_all([good, *bad, {"id": 2}], code=3, schema=schema)
        row = table.to_pylist()[0]
        self.assertEqual(row, {
            "id": 1, "price": decimal.Decimal("-12.50"), "day": datetime.date(2026, 11, 26),
            "at": datetime.datetime(2026, 11, 26, tzinfo=UTC), "time": datetime.time(1, 2, 3, 500000),
            "raw": b"\x00\x01\xff", "by": [("a", 1.0), ("b", None)], "free": '[1,"x"]',
            "thing": {"f": 0.5, "l": [2**64 - 1]}, "ok": True})
        self.assertEqual([str(table.schema.field(name).type) for name in ("id", "price", "at")],
                         ["int32", "decimal128(9, 2)", "timestamp[us, tz=UTC]"])
        self.assertEqual(table.num_rows, 2)
        reasons = [letter["reason"] for letter in self.dead_letters("p")]
        for reason, said in zip(reasons, ('field "id": expected int32', 'field "price": expected decimal',
                                          'field "at": expected a time', 'field "day": expected a date', 'came one more, "more"')):
            self.assertIn(said, reason)
        self.assertEqual(len(reasons), 5)
        back = self.read_all("out.parquet")
        self.assertEqual(back[0], {**good, "at": "2026-11-26T00:00:00Z", "time": "01:02:03.500",
                                   "price": "-12.50"})

    def test_a_schema_that_cannot_be_is_no_run(self):
        self.write("in.jsonl", "{}\n")
        for parameters, said in (({"schema": {"a": "strnig"}}, "schema: a: expected bool, int32"),
                                 ({"schema": {"a": "string"}, "fields": ["b"]},
                                  "`fields` names b, which `schema` gives no type"),):
            process = self.convert("{ path: in.jsonl }",
                                   json.dumps({"path": "out.parquet", **parameters}), code=2)
            self.assertIn(said, process.stderr)
        process = self.convert("{ path: in.jsonl }", "{ path: out.jsonl, compression: snappy }", code=2)
        self.assertIn("expected none, gzip or zstd", process.stderr)

    def test_pages_are_packed_as_it_is_said(self):
        for name, codec in (("auto", "ZSTD"), ("none", "UNCOMPRESSED"), ("snappy", "SNAPPY"),
                            ("gzip", "GZIP"), ("zstd", "ZSTD"), ("lz4", "LZ4"), ("brotli", "BROTLI")):
            self.write_all([{"a": "x" * 1000}] * 3, path=f"{name}.parquet", compression=name)
            column = pq.ParquetFile(self.folder / f"{name}.parquet").metadata.row_group(0).column(0)
            self.assertEqual(column.compression, codec)

    def test_memory_does_not_grow_with_what_is_null(self):
        self.write("in.jsonl", "".join(f'{{"list":[{{"k{n % 250}":{{"j{n % 16}":1}}}},{{}},{{}},{{}},{{}}]}}\n'
                                       for n in range(3000)))
        self.convert("{ path: in.jsonl }", "{ path: out.parquet }")
        # 30 million values, nearly all null.
        self.assertLess(self.manifest("p")["peak_rss_bytes"], 400e6)
        file = pq.ParquetFile(self.folder / "out.parquet")
        self.assertEqual((file.metadata.num_columns, file.metadata.num_rows), (2000, 3000))

    def test_fields_and_an_output_without_rows(self):
        table = self.write_all([{"b": 1, "a": 2, "c": 3}], fields=["c", "a"])
        self.assertEqual((table.column_names, table.num_rows), (["c", "a"], 1))
        table = self.write_all([], fields=["c", "a"])
        self.assertEqual((table.column_names, table.num_rows), (["c", "a"], 0))

    def test_equal_rows_are_equal_bytes_also_after_kills_limits_and_retries(self):
        rows = [{"id": i, "text": f"{i} " * (i % 200), "odd": [i] if i % 3 else "x"} for i in range(20000)]
        self.write_all(rows)
        output = self.folder / "out.parquet"
        expected = output.read_bytes()
        slow = ("{ name: wait, use: basic.delay, parallelism: 500, with: { ms: 20 } }")
        # What it goes on with stands in the middle of a row group.
        pq.write_table(pq.read_table(output), self.folder / "in.parquet", row_group_size=3000)
        pipeline = self.pipeline("{ path: in.parquet }", "{ path: out.parquet }", slow)
        output.unlink()
        self.assert_exit(self.run_engine(pipeline, "--fresh", "--limit", 7), 0)
        self.assertEqual(pq.read_table(output).column("id").to_pylist(), list(range(7)))
        output.unlink()
        for _ in range(2):
            process = self.start(pipeline)
            part = self.folder / "out.parquet.part"
            grown = (part.stat().st_size if part.exists() else 0) + 100000
            wait_until(lambda: process.poll() is not None or
                       part.exists() and part.stat().st_size > grown)
            process.kill()
            process.communicate(timeout=HANG_S)
        (self.folder / "out.parquet.copy").unlink(missing_ok=True)
        process = self.start(pipeline)
        wait_until(lambda: process.poll() is not None or (self.folder / "out.parquet.copy").exists())
        process.kill()  # as the file is written
        process.communicate(timeout=HANG_S)
        self.assert_exit(self.run_engine(pipeline), 0)
        self.assertEqual(output.read_bytes(), expected)
        self.assertEqual(sorted(p.name for p in self.folder.glob("out.*")), ["out.parquet"])

    def test_a_file_that_is_written_as_its_rows_come_is_the_one_of_the_rows_that_waited(self):
        rows = [{"id": i, "text": "words of a text " * 10, "some": [i] if i % 7 else None} for i in range(40000)]
        for last in ([], [{"id": 0.5, "new": {"a": 1}}]):
            self.write("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows + last))
            pipeline = self.pipeline("{ path: in.jsonl }", "{ path: out.parquet }")
            self.convert("{ path: in.jsonl }", "{ path: out.parquet }")
            written = (self.folder / "out.parquet").read_bytes()
            table = pq.read_table(self.folder / "out.parquet")
            self.assertEqual(table.column("id").to_pylist(), [row["id"] for row in rows + last])
            self.assertEqual(str(table.schema.field("id").type), "double" if last else "int64")
            # A start that goes on has not seen all of them come.
            (self.folder / "out.parquet").unlink()
            self.assert_exit(self.run_engine(pipeline, "--fresh", "--limit", 30000), 0)
            self.assert_exit(self.run_engine(pipeline), 0)
            self.assertEqual((self.folder / "out.parquet").read_bytes(), written)
        self.assertEqual(sorted(p.name for p in self.folder.glob("out.*")), ["out.parquet"])

    def test_several_files_of_one_output_have_one_schema_and_take_what_is_appended(self):
        def lines(first, end):
            return "".join(json.dumps({"n": n, "odd": [n] if n == 0 else n / 2}) + "\n" for n in range(first, end))
        self.write("in.jsonl", lines(0, 25))
        pipeline = self.pipeline("{ path: in.jsonl, append: true }",
                                 "{ path: out.parquet, max_records_per_file: 10 }")
        self.assert_exit(self.run_engine(pipeline), 0)
        files = [self.folder / f"out-{i:05}.parquet" for i in range(4)]
        self.assertEqual([pq.read_metadata(file).num_rows for file in files[:3]], [10, 10, 5])
        self.assertEqual(len({str(pq.read_schema(file)) for file in files[:3]}), 1)
        with open(self.folder / "in.jsonl", "a", encoding="utf-8") as more:
            more.write(lines(25, 32))
        self.assert_exit(self.run_engine(pipeline), 0)
        self.assertEqual([pq.read_metadata(file).num_rows for file in files], [10, 10, 10, 2])
        self.assertEqual([n for file in files for n in pq.read_table(file).column("n").to_pylist()], list(range(32)))
        self.assertEqual(duckdb.sql(f"SELECT count(*) FROM '{self.folder}/out-*.parquet'").fetchall(), [(32,)])

    def test_a_retry_takes_the_rows_of_the_finished_file_over(self):
        rows = [{"n": i, "free": [i] if i % 2 else {"i": i}, "text": None if i == 5 else str(i)}
                for i in range(50)]
        self.write("in.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        bad = "{ name: bad, use: basic.map, with: { program: 'if .n == 20 then error(\"no\") else . end' } }"
        pipeline = self.pipeline("{ path: in.jsonl }", "{ path: out.parquet, fields: [text, n, free] }", bad)
        self.assert_exit(self.run_engine(pipeline), 3)
        before = (self.folder / "out.parquet").read_bytes()
        self.assertEqual(pq.read_table(self.folder / "out.parquet").num_rows, 49)
        self.assert_exit(self.run_engine("retry", pipeline), 3)
        self.assertEqual((self.folder / "out.parquet").read_bytes(), before)

    def test_without_the_library_the_message_says_how_to_get_it(self):
        for part in ("bin/rare-engine", "lib/rare/plugins/files.so",
                     "lib/rare/plugins/formats/librare_parquet.so"):
            (self.folder / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(BUILD / part, self.folder / part)
        self.write("in.parquet", b"PAR1")
        self.write("in.jsonl", "{}\n")
        for read, write, named in (("in.parquet", "out.jsonl", "in"), ("in.jsonl", "out.parquet", "out")):
            pipeline = self.pipeline(f"{{ path: {read} }}", f"{{ path: {write} }}")
            process = subprocess.run([self.folder / "bin/rare-engine", pipeline, "--fresh"],
                                     cwd=self.folder,
                                     env=self.environment, capture_output=True, text=True,
                                     timeout=HANG_S, check=False)
            self.assert_exit(process, 2)
            self.assertIn(f"{named}.parquet: Parquet files need Apache Arrow, which is not there (this "
                          "build was made without it", process.stderr)
            self.assertIn("`./dev build` fetches it", process.stderr)
        listed = subprocess.run([self.folder / "bin/rare-engine", "plugins", "--json"], check=True,
                                capture_output=True, timeout=HANG_S).stdout
        self.assertIn("`./dev build` fetches it", json.loads(listed)["plugins"][0]["note"])
        whole, = [plugin for plugin in json.loads(self.run_engine("plugins", "--json").stdout)["plugins"]
                  if plugin["name"] == "files"]
        self.assertNotIn("note", whole)


if __name__ == "__main__":
    unittest.main()
