"""A real Kafka with one broker on loopback, of the jars that ./dev test kafka fetches."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import struct
import tempfile
import threading
import time

from kafka_client import CONSUMER, LIBRARY, Client, Cluster

JAVA, JARS = os.environ.get("RARE_KAFKA_JAVA"), os.environ.get("RARE_KAFKA_JARS")
START_S = 120

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},LOGIN://127.0.0.1:{login},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{advertised},LOGIN://127.0.0.1:{login}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_me="open-sesame";
log.dirs={folder}/data
auto.create.topics.enable=false
log.retention.check.interval.ms=500
log.segment.delete.delay.ms=100
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
"""


def end_with_parent():
    """So that no broker outlives a test that was killed itself."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


END_TRANSACTION = 26  # the key of this request in Kafka's protocol


class Wire:
    """Between clients and the broker: passes on whole requests and answers, and knows where a transaction ends.

    `before_commit` is called when a client asks to end one, before the broker hears of it; `after_commit` when the
    broker has done it, before the client hears of it. Each is called once, and the connection is cut then."""

    def __init__(self, broker_port):
        self.broker_port = broker_port
        self.before_commit = self.after_commit = None
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client):
        try:
            broker = socket.create_connection(("127.0.0.1", self.broker_port))
        except OSError:
            client.close()
            return
        ends = set()  # numbers of the requests that end transactions
        back = threading.Thread(target=self.pass_on, args=(broker, client, lambda frame: self.answered(frame, ends)),
                                daemon=True)
        back.start()
        self.pass_on(client, broker, lambda frame: self.asked(frame, ends))

    @staticmethod
    def pass_on(source, target, look):
        def exactly(count):
            data = b""
            while len(data) < count:
                more = source.recv(count - len(data))
                if not more:
                    raise ConnectionError
                data += more
            return data

        try:
            while True:
                size = exactly(4)
                frame = exactly(struct.unpack(">i", size)[0])
                look(frame)
                target.sendall(size + frame)
        except OSError:
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()

    def asked(self, frame, ends):
        key, _, number = struct.unpack_from(">hhi", frame)
        if key != END_TRANSACTION:
            return
        ends.add(number)
        self.call("before_commit")

    def answered(self, frame, ends):
        if struct.unpack_from(">i", frame)[0] in ends:
            self.call("after_commit")

    def call(self, name):
        action = getattr(self, name)
        if action is not None:
            setattr(self, name, None)
            action()
            raise ConnectionError

    def close(self):
        self.server.close()


class Broker(Cluster):
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rare-kafka-")
        self.process = None
        port, controller, login = free_ports(3)
        # All that clients send goes through it, because it is the address that the broker tells them.
        self.wire = Wire(port)
        super().__init__(f"127.0.0.1:{self.wire.port}")
        self.login = f"127.0.0.1:{login}"  # of the user `me`, whose password is open-sesame
        self.properties = f"{self.folder}/server.properties"
        with open(self.properties, "w", encoding="utf-8") as file:
            file.write(PROPERTIES.format(broker=port, controller=controller, login=login, advertised=self.wire.port,
                                         folder=self.folder))
        subprocess.run(self.java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c",
                                 self.properties), check=True, capture_output=True, timeout=START_S)
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def java(self, program, *arguments):
        return [JAVA, "-Xmx400m", "-XX:+UseSerialGC", "-cp", f"{JARS}/*", program, *arguments]

    def start(self):
        with open(f"{self.folder}/server.log", "ab") as log:
            self.process = subprocess.Popen(self.java("kafka.Kafka", self.properties), stdout=log, stderr=log,
                                            preexec_fn=end_with_parent)
        end = time.monotonic() + START_S
        with Client(CONSUMER, bootstrap_servers=self.brokers) as client:
            while LIBRARY.rd_kafka_clusterid(client.handle, 500) is None:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("Kafka did not start")

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def close(self):
        self.stop()
        self.wire.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
