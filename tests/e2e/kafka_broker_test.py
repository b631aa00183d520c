"""Exactly once over a real Kafka: the engine is killed inside of transactions, and between the two commits."""

import collections
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import kafka_broker
from harness import ENGINE, EngineTest, HANG_S, wait_until

PARTITIONS = 3
VALUES = 2000  # each sent twice: rows that are alike are told apart by their number

PIPELINE = """
name: TARGET
order: ORDER
nodes:
  - { name: documents, use: kafka.read, with: { brokers: "BROKERS", topic: SOURCE LOGIN } }
  - { name: slow, use: basic.delay, with: { ms: 5 }, parallelism: 4 }
  - { name: rows, use: kafka.write, with: { brokers: "BROKERS", topic: TARGET, transactional_id: TARGET LOGIN } }
"""
QUIET = ("--progress", "none")


@unittest.skipUnless(kafka_broker.JAVA and kafka_broker.JARS and kafka_broker.LIBRARY,
                     "there is no Java of 17 or newer, no Maven that has Kafka, or no librdkafka")
class BrokerTest(EngineTest):
    @classmethod
    def setUpClass(cls):
        cls.broker = kafka_broker.Broker()
        cls.addClassCleanup(cls.broker.close)
        cls.broker.make_topic("documents", PARTITIONS)
        cls.broker.send("documents", ({"n": number // 2} for number in range(2 * VALUES)), PARTITIONS)

    def lay_out(self, target, order="any", source="documents", is_there=False, login=""):
        if not is_there:
            self.broker.make_topic(target, PARTITIONS)
        text = PIPELINE.replace("SOURCE", source).replace("TARGET", target).replace("ORDER", order)
        brokers = self.broker.login if "security" in login else self.broker.brokers
        self.write("copy.yaml", text.replace("BROKERS", brokers).replace("LOGIN", login))

    def begin(self, *more):
        return subprocess.Popen([ENGINE, "copy.yaml", *QUIET, *more], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, code=0):
        process = self.run_engine("copy.yaml", *QUIET)
        self.assert_exit(process, code)
        return process.stderr

    def check_each_once(self, target, values=VALUES):
        rows = self.broker.read_rows(target, PARTITIONS)
        counts = collections.Counter(row["n"] for row in rows)
        self.assertEqual(len(rows), 2 * values)
        self.assertEqual(set(counts.values()), {2})
        self.assertEqual(len(counts), values)

    def kill_at(self, moment):
        """A start that is killed at the end of its first transaction. Says whether it came so far."""
        process = self.begin()
        killed = []

        def kill():
            process.kill()
            killed.append(True)

        setattr(self.broker.wire, moment, kill)
        process.communicate(timeout=HANG_S)
        setattr(self.broker.wire, moment, None)
        return bool(killed)

    def test_killed_when_the_topic_has_what_the_state_does_not_know_of(self):
        for order in ("input", "any"):
            with self.subTest(order=order):
                target = f"after-{order}"
                self.lay_out(target, order)
                self.assertTrue(self.kill_at("after_commit"))  # the first commit of all
                once = len(self.broker.read(target, PARTITIONS))
                self.assertGreater(once, 0)
                kills = 1
                for _ in range(4):
                    kills += self.kill_at("after_commit")
                self.assertGreater(kills, 2)
                self.finish()
                self.check_each_once(target)
                self.assertIn("complete", self.run_engine("copy.yaml", *QUIET).stdout)

    def test_killed_inside_a_transaction(self):
        self.lay_out("before")
        for _ in range(4):
            self.assertTrue(self.kill_at("before_commit"))
        self.assertEqual(self.broker.read("before", PARTITIONS), [])
        self.assertGreater(len(self.broker.read("before", PARTITIONS, "read_uncommitted")), 0)
        self.finish()
        self.check_each_once("before")

    def test_a_group_and_the_topic_know_enough_when_the_state_is_lost(self):
        """Each start is on a machine of its own, which is killed between the two commits."""
        self.lay_out("grouped", "input")
        text = (self.folder / "copy.yaml").read_text()
        text = text.replace("topic: documents", "topic: documents, from: group, group: copiers")
        self.write("copy.yaml", text.replace("topic: grouped", "topic: grouped, group: copiers"))
        kills = 0
        for _ in range(4):
            kills += self.kill_at("after_commit")
            shutil.rmtree(self.folder / ".rare", ignore_errors=True)
        self.assertGreater(kills, 2)
        self.finish()
        self.check_each_once("grouped")
        shutil.rmtree(self.folder / ".rare")
        self.finish()  # nothing is left
        self.check_each_once("grouped")

    def test_killed_at_any_time(self):
        chance = random.Random(7)
        self.lay_out("any-time")
        kills = 0
        for start in range(14):
            process = self.begin()
            try:
                process.wait(timeout=chance.uniform(0.3, 2.5))
                self.assertEqual(process.returncode, 0, process.stdout.read())
                process.stdout.close()
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
                if start == 6:  # then with a broker that dies, too
                    self.broker.stop()
                    self.broker.start()
        self.finish()
        print(f"{kills} kills", flush=True)
        self.assertGreaterEqual(kills, 10)
        self.check_each_once("any-time")

    def test_a_broker_that_is_away_is_waited_for(self):
        self.lay_out("away")
        process = self.begin()
        time.sleep(1.5)
        self.broker.stop()
        time.sleep(3)
        self.broker.start()
        output, _ = process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 0, output)
        self.assertIn("warning", output)
        self.check_each_once("away")

    def test_a_broker_that_is_away_for_too_long_ends_the_run_and_the_next_start_goes_on(self):
        self.lay_out("long-away", login=", settings: { message.timeout.ms: 2000, transaction.timeout.ms: 4000 }")
        process = self.begin()
        wait_until(lambda: len(self.broker.read("long-away", PARTITIONS)) > 0)
        self.broker.stop()
        output, _ = process.communicate(timeout=HANG_S)
        self.broker.start()
        self.assertEqual(process.returncode, 4, output)
        self.assertIn("look after the cluster and start again", output)
        self.finish()
        self.check_each_once("long-away")

    def test_another_writer_of_the_same_name_ends_the_first(self):
        self.lay_out("shared")
        first = self.begin()
        wait_until(lambda: len(self.broker.read("shared", PARTITIONS)) > 0)
        os.kill(first.pid, signal.SIGSTOP)
        second = self.begin("--state-dir", "other")
        second.communicate(timeout=HANG_S)
        self.assertEqual(second.returncode, 0)
        os.kill(first.pid, signal.SIGCONT)
        output, _ = first.communicate(timeout=HANG_S)
        self.assertEqual(first.returncode, 4, output)
        self.assertIn("another writer with `transactional_id: shared` has begun since", output)

    def test_what_came_since_is_read_behind(self):
        self.broker.make_topic("growing", PARTITIONS)
        self.lay_out("grown", "input", source="growing")
        sent = 0
        for _ in range(3):
            self.broker.send("growing", ({"n": (sent + i) // 2} for i in range(100)), PARTITIONS)
            sent += 100
            self.finish()
            self.check_each_once("grown", sent // 2)

    def test_messages_that_retention_removed_are_missed(self):
        self.broker.make_topic("kept", PARTITIONS)
        self.broker.send("kept", ({"n": number // 2} for number in range(2 * VALUES)), PARTITIONS)
        self.lay_out("expired", source="kept")
        self.assertTrue(self.kill_at("after_commit"))
        self.broker.remove_before("expired", PARTITIONS, 5)
        self.assertIn("removed by retention", self.finish(code=2))
        self.lay_out("source-expired", source="kept")
        self.assertTrue(self.kill_at("after_commit"))
        self.broker.remove_before("kept", PARTITIONS, VALUES // 2)
        self.assertIn("the cluster has it no more", self.finish(code=2))

    def test_a_topic_that_gets_more_partitions_goes_on(self):
        self.broker.make_topic("widened", 1)
        self.broker.make_topic("wide", 1)
        self.broker.send("widened", ({"n": number // 2} for number in range(100)), 1)
        self.lay_out("wide", source="widened", is_there=True)
        self.finish()
        for topic in ("widened", "wide"):
            self.broker.add_partitions(topic, PARTITIONS)
        self.broker.send("widened", ({"n": number // 2} for number in range(100, 400)), PARTITIONS)
        self.finish()
        self.check_each_once("wide", 200)

    def test_a_topic_that_was_made_anew_is_refused(self):
        self.broker.make_topic("first", PARTITIONS)
        self.broker.send("first", ({"n": number // 2} for number in range(100)), PARTITIONS)
        self.lay_out("second", source="first")
        self.finish()
        self.broker.remove_topic("first")
        self.assertIn("topic 'first': the cluster has none", self.finish(code=2))
        self.broker.make_topic("first", PARTITIONS)
        self.broker.send("first", [{"n": 1}], PARTITIONS)
        self.assertIn("the topic was made anew", self.finish(code=2))

    def test_somebodys_transaction_is_read_when_it_has_ended_and_only_if_it_was_committed(self):
        self.broker.make_topic("shared-source", PARTITIONS)
        self.lay_out("from-shared", source="shared-source")
        self.broker.send("shared-source", ({"n": number // 2} for number in range(90)), PARTITIONS)
        with self.broker.transaction("shared-source", ({"n": number} for number in range(90)), PARTITIONS):
            self.broker.send("shared-source", ({"n": number // 2} for number in range(90, 180)), PARTITIONS)
            self.finish()
            self.check_each_once("from-shared", 45)
        self.finish()
        self.check_each_once("from-shared", 90)

    def test_a_finished_run_goes_on_when_retention_has_removed_its_rows(self):
        self.broker.make_topic("passing-source", PARTITIONS)
        self.lay_out("passing", source="passing-source")
        for first in (0, 100):
            self.broker.send("passing-source", ({"n": (first + i) // 2} for i in range(100)), PARTITIONS)
            self.finish()
            self.check_each_once("passing", 50)
            self.broker.remove_before("passing", PARTITIONS, -1)

    def test_rows_behind_somebodys_transaction_are_found(self):
        self.lay_out("shared-target")
        with self.broker.transaction("shared-target", ({"n": -1} for number in range(9)), PARTITIONS):
            self.assertTrue(self.kill_at("after_commit"))
            process = self.begin()
            said = ""
            while "somebody's transaction there has not ended" not in said:
                self.assertIsNone(process.poll(), said)
                said += process.stdout.readline()
        process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 0)
        self.check_each_once("shared-target")

    def test_a_topic_to_write_has_to_be_there(self):
        self.lay_out("no-such-topic", is_there=True)
        self.assertIn("topic 'no-such-topic': the cluster has none", self.finish(code=2))

    def test_rows_are_not_written_again_for_a_retry_or_for_the_sake_of_another_sink(self):
        self.broker.make_topic("appended", PARTITIONS)
        self.write("in.jsonl", '{"k": "a"}\n{"no": "key"}\n{"k": "b"}\n')
        self.write("copy.yaml", f"""
name: appended
max_errors: 1
nodes:
  - {{ name: read, use: files.read, with: {{ path: in.jsonl }} }}
  - {{ name: topic, use: kafka.write, from: read, with: {{ brokers: "{self.broker.brokers}", topic: appended, transactional_id: appended, key: k }} }}
  - {{ name: file, use: files.write, from: read, with: {{ path: out.jsonl }} }}
""")
        self.finish()
        retried = self.run_engine("retry", "copy.yaml", *QUIET)
        self.assert_exit(retried, 2)
        self.assertIn("node 'topic' (kafka.write): topic appended of", retried.stderr)
        self.assertIn("would stand there twice", retried.stderr)
        self.finish()
        (self.folder / "out.jsonl").unlink()
        self.assertIn("out.jsonl is gone", self.finish(code=2))
        self.assertEqual(sorted(row["k"] for row in self.broker.read_rows("appended", PARTITIONS)), ["a", "b"])

    def test_a_login_is_needed_and_its_password_is_shown_nowhere(self):
        self.environment["KAFKA_PASSWORD"] = "open-sesame"
        self.lay_out("logged-in", login=', security: sasl_plaintext, user: me, password: "${KAFKA_PASSWORD}"')
        self.finish()
        self.check_each_once("logged-in")
        self.environment["KAFKA_PASSWORD"] = "open-barley"
        said = self.run_engine("copy.yaml", *QUIET, "--fresh")
        self.assert_exit(said, 1)
        self.assertIn("the cluster refuses this client", said.stderr)
        for path in (self.folder / ".rare").rglob("*"):
            if path.is_file():
                for secret in (b"open-sesame", b"open-barley"):
                    self.assertNotIn(secret, path.read_bytes() + said.stderr.encode(), path)

    def test_a_source_that_never_ends_goes_on_where_it_was(self):
        self.broker.make_topic("stream", 1)
        self.lay_out("streamed", source="stream, until: never")
        sent = 0
        for _ in range(3):
            process = self.begin()
            self.broker.send("stream", ({"n": (sent + i) // 2} for i in range(300)), 1)
            sent += 300
            wait_until(lambda: len(self.broker.read("streamed", PARTITIONS)) > sent - 300)
            process.kill()
            process.communicate()
        process = self.begin()
        wait_until(lambda: len(self.broker.read("streamed", PARTITIONS)) == sent)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=HANG_S)
        self.assertEqual(process.returncode, 130)
        self.check_each_once("streamed", sent // 2)


if __name__ == "__main__":
    unittest.main()
