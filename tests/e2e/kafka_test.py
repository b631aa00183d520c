"""kafka.read and kafka.write over a cluster of librdkafka's own in this process, which shows no aborted messages apart:
what a kill leaves is tested over a real broker (kafka_broker_test)."""

import json
import signal
import sqlite3
import unittest

from harness import EngineTest, HANG_S, wait_until
from kafka_client import MockCluster

QUIET = ("--progress", "none")
COPY = """
name: copy
nodes:
  - { name: documents, use: kafka.read, with: { brokers: "BROKERS", topic: in READ } }
  - { name: rows, use: kafka.write, with: { brokers: "BROKERS", topic: out, transactional_id: copy WRITE } }
"""


class KafkaTest(EngineTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = MockCluster()
        cls.addClassCleanup(cls.broker.__exit__)
        cls.topics = 0

    def lay_out(self, read="", write="", partitions=3, text=COPY):
        """Topics of this test's own."""
        KafkaTest.topics += 1
        self.source, self.target = f"in-{self.topics}", f"out-{self.topics}"
        self.broker.make_topic(self.source, partitions)
        self.broker.make_topic(self.target, 2)
        text = text.replace("READ", read).replace("WRITE", write).replace("BROKERS", self.broker.brokers)
        text = text.replace("topic: in", f"topic: {self.source}").replace("topic: out", f"topic: {self.target}")
        self.write("copy.yaml", text)

    def run_copy(self, *more, code=0):
        process = self.run_engine("copy.yaml", *QUIET, *more)
        self.assert_exit(process, code)
        return process

    def rows(self):
        return self.broker.read_rows(self.target, 2)

    def refused(self, message, read="", write="", *more, code=2, **options):
        self.lay_out(read, write, **options)
        self.assertIn(message, self.run_copy("--fresh", *more, code=code).stderr)

    def test_each_message_is_a_record_and_each_record_a_message(self):
        self.lay_out(", place_field: at, key_field: name", ", key: name, fields: [n, at]")
        self.broker.send(self.source, ({"n": number} for number in range(500)), 3, key=b"k")
        self.run_copy()
        rows = self.rows()
        self.assertEqual(sorted(row["n"] for row in rows), list(range(500)))
        for row in rows:
            self.assertEqual((row["at"]["topic"], row["at"]["partition"], row["at"]["offset"]),
                             (self.source, row["n"] % 3, row["n"] // 3))
            self.assertGreater(row["at"]["timestamp_ms"], 0)
            self.assertNotIn("name", row)
        # All have one key, and so are in one partition.
        self.assertIn(0, [len(self.broker.read(self.target, 1)), len(self.broker.read(self.target, 2)) - 500])
        self.assertIn("complete, 500 records at topic", self.run_copy().stdout)

    def test_what_came_since_stands_behind_in_the_same_order_again(self):
        self.lay_out(", place_field: at", partitions=2)
        sent = 0
        for count in (200, 0, 7, 150):
            self.broker.send(self.source, ({"n": sent + number} for number in range(count)), 2)
            sent += count
            self.run_copy()
            self.assertEqual(sorted(row["n"] for row in self.rows()), list(range(sent)))
        with sqlite3.connect(self.folder / ".rare/copy/state.db") as state:
            ends = json.loads(state.execute("SELECT identity FROM inputs").fetchone()[0])["ends"]
        self.assertEqual([sum(end) for end in ends], [200, 207, 357])

    def test_the_order_of_what_is_read_is_a_function_of_the_topic(self):
        orders = []
        self.lay_out(partitions=3, text=COPY.replace("kafka.write", "files.write").replace(
            'brokers: "BROKERS", topic: out, transactional_id: copy WRITE', "path: out.jsonl"))
        self.broker.send(self.source, ({"n": number} for number in range(1000)), 3)
        for _ in range(3):
            self.run_copy("--fresh")
            orders.append((self.folder / "out.jsonl").read_text())
        self.assertEqual(orders[0].count("\n"), 1000)
        self.assertEqual(orders[0], orders[1])
        self.assertEqual(orders[0], orders[2])

    def test_what_is_no_object_is_a_dead_letter_with_its_bytes(self):
        self.lay_out()
        self.broker.send(self.source, [{"n": 1}, b'{"n": ', b"[1]", b"\xff", {"n": 2}])
        self.run_copy(code=3)
        self.assertEqual(sorted(row["n"] for row in self.rows()), [1, 2])
        dead = self.dead_letters("copy")
        self.assertEqual([letter["label"] for letter in dead if "label" in letter], [])
        self.assertEqual([letter["reply"] for letter in dead][:2], ['{"n": ', "[1]"])
        self.assertIn(f"{self.source}[0]@1: byte 7: expected", dead[0]["reason"])

    def test_text(self):
        self.lay_out(", format: text, text_field: line", ", format: text, text_field: line")
        self.broker.send(self.source, ["a b".encode(), "ä".encode(), b"\xff"])
        self.run_copy(code=3)
        self.assertEqual(sorted(self.broker.read(self.target, 2)), ["a b".encode(), "ä".encode()])

    def test_a_row_that_no_message_can_hold_is_a_dead_letter(self):
        self.lay_out(write=", settings: { message.max.bytes: 2000 }")
        self.broker.send(self.source, [{"text": "x" * 5000}, {"text": "x"}])
        self.run_copy(code=3)
        self.assertEqual(self.rows(), [{"text": "x"}])
        self.assertIn("raise `message.max.bytes`", self.dead_letters("copy")[0]["reason"])

    def test_a_source_that_waits_ends_at_once_when_it_is_asked_to(self):
        self.lay_out(", until: never", partitions=1)
        for start in range(2):
            process = self.start("copy.yaml", *QUIET)
            self.broker.send(self.source, [{"n": start}])
            wait_until(lambda: len(self.rows()) == start + 1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=HANG_S)
            self.assertEqual(process.returncode, 130, errors)
            self.assertNotIn("the grace period is over", errors)

    def test_where_rows_begin_is_known_before_the_first_one(self):
        self.lay_out(", until: never", partitions=1)
        self.broker.send(self.target, [{"n": 0}] * 5)
        process = self.start("copy.yaml", *QUIET)

        def offsets():
            try:
                with sqlite3.connect(f"file:{self.folder}/.rare/copy/state.db?mode=ro", uri=True) as state:
                    return state.execute("SELECT offset FROM sinks").fetchall()
            except sqlite3.OperationalError:
                return []

        wait_until(offsets)
        process.kill()
        process.communicate()
        self.assertEqual(json.loads(offsets()[0][0])["next"], [5, 0])

    def test_a_broker_that_is_away_is_waited_for(self):
        self.lay_out()
        self.broker.send(self.source, ({"n": number} for number in range(50)), 3)
        self.broker.set_up(False)
        process = self.start("copy.yaml", *QUIET)
        try:
            lines = []
            while not any("no broker answers" in line for line in lines):
                lines.append(process.stderr.readline())
        finally:
            self.broker.set_up(True)
        _, errors = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 0, errors)
        self.assertEqual(len(self.rows()), 50)

    def test_what_cannot_be_is_refused(self):
        self.refused("until: never reads one partition, and here are 3", ", until: never")
        self.refused("has 3, counted from 0, and no 9", ", partitions: [0, 9]")
        self.refused("`acks` is decided by this component", write=", settings: { acks: 1 }")
        self.refused("use the parameter `password`", write=", settings: { sasl.password: x }")
        self.refused("No such configuration property", ", settings: { no.such: 1 }")
        self.refused("expected `security: sasl_ssl`", ", user: me")
        self.refused("take `append: false` out", ", append: false, until: never", partitions=1)
        shard = ("--shard", "0/2", "--out", self.folder / "shards")
        self.refused("`append` says that the input grows", "", "", *shard)
        self.refused("writes to no file", ", append: false", "", *shard)

    def test_input_that_may_not_grow_is_compared(self):
        self.lay_out(", append: false")
        self.broker.send(self.source, [{"n": 1}, {"n": 2}])
        self.run_copy("--limit", "1")
        self.broker.send(self.source, [{"n": 3}])
        self.assertIn("the input of 'documents' changed", self.run_copy(code=2).stderr)


if __name__ == "__main__":
    unittest.main()
