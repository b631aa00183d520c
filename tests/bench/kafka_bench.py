#!/usr/bin/env python3
"""kafka_bench [FOLDER] [--records N]: records a second from and to topics of a Kafka on this machine, beside kcat.

kcat is the plain client of librdkafka: it reads to /dev/null, and writes one transaction. The engine reads records as JSON,
numbers them, accounts for each, and commits its transactions and its state every second. All take turns; median of three,
the start of each program included; the same two cores run the broker.
"""

import argparse
import collections
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, "@CMAKE_SOURCE_DIR@/tests/e2e")
import kafka_broker  # noqa: E402 -- found by the line above

ENGINE = pathlib.Path(__file__).resolve().parent / "rare-engine"
PARTITIONS = 3
TURNS = 3


def seconds_of(command, folder):
    began = time.monotonic()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.monotonic() - began


class Bench:
    def __init__(self, folder, broker, records):
        self.folder, self.broker, self.records = folder, broker, records
        self.topics = 0
        self.login = {"brokers": broker.login, "security": "sasl_plaintext", "user": "me", "password": "open-sesame"}
        self.kcat = ["-b", broker.login]
        for setting in ("security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN", "sasl.username=me",
                        "sasl.password=open-sesame"):
            self.kcat += ["-X", setting]
        with open(folder / "in.jsonl", "w", encoding="utf-8") as lines:
            for number in range(records):
                lines.write(json.dumps({"id": number, "text": "some words of a passage " * 8}) + "\n")
        self.input = self.new_topic()
        seconds_of(["kcat", "-P", *self.kcat, "-t", self.input, "-l", "in.jsonl"], folder)

    def new_topic(self):
        self.topics += 1
        self.broker.make_topic(f"topic-{self.topics}", PARTITIONS)
        return f"topic-{self.topics}"

    def run(self, source, sink):
        shutil.rmtree(self.folder / ".rare", ignore_errors=True)
        (self.folder / "p.yaml").write_text(json.dumps({"name": "p", "order": "any", "nodes": [
            {"name": "in", "use": source[0], "with": source[1]}, {"name": "out", "use": sink[0], "with": sink[1]}]}))
        return seconds_of([ENGINE, "p.yaml", "--progress", "none"], self.folder)

    def rows(self):
        """What is measured, by name: each call is one turn."""
        files = ("files.read", {"path": "in.jsonl"}), ("files.write", {"path": "out.jsonl"})
        source = "kafka.read", {**self.login, "topic": self.input}

        def sink():
            topic = self.new_topic()
            return "kafka.write", {**self.login, "topic": topic, "transactional_id": topic}

        return {
            "kcat: topic to /dev/null": lambda: seconds_of(
                ["kcat", "-C", "-q", "-e", "-o", "beginning", *self.kcat, "-t", self.input], self.folder),
            "rare-engine: topic to file": lambda: self.run(source, files[1]),
            "kcat: file to topic, one transaction": lambda: seconds_of(
                ["kcat", "-P", *self.kcat, "-X", "transactional.id=kcat", "-t", self.new_topic(), "-l", "in.jsonl"],
                self.folder),
            "rare-engine: file to topic": lambda: self.run(files[0], sink()),
            "rare-engine: topic to topic": lambda: self.run(source, sink()),
            "rare-engine: file to file": lambda: self.run(*files),
        }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=".", type=pathlib.Path)
    parser.add_argument("--records", type=int, default=500_000)
    arguments = parser.parse_args()
    if not (kafka_broker.JAVA and kafka_broker.JARS and kafka_broker.LIBRARY and shutil.which("kcat")):
        print("there is no Java of 17 or newer, no Maven that has Kafka, no librdkafka or no kcat: nothing is measured")
        return
    seconds = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as name, kafka_broker.Broker() as broker:
        bench = Bench(pathlib.Path(name), broker, arguments.records)
        for _ in range(TURNS):
            for what, turn in bench.rows().items():
                seconds[what].append(turn())
    rates = {what: arguments.records / statistics.median(turns) for what, turns in seconds.items()}
    for what, rate in rates.items():
        print(f"{what:40} {rate:10,.0f} records/s")
    (arguments.folder / "kafka.json").write_text(json.dumps({"records": arguments.records, "per_second": rates}, indent=1))


if __name__ == "__main__":
    main()
