"""Kafka for tests, over librdkafka by ctypes: a cluster of its own in this process, or a real one.

What is read here is read by plain consumers, which know nothing of the engine."""

import contextlib
import ctypes
import ctypes.util
import json
import time

PRODUCER, CONSUMER = 0, 1
BEGINNING = -2
COPY = 2
PARTITION_EOF = -191
HANG_S = 120


class Message(ctypes.Structure):
    _fields_ = [("err", ctypes.c_int), ("rkt", ctypes.c_void_p), ("partition", ctypes.c_int32),
                ("payload", ctypes.c_void_p), ("len", ctypes.c_size_t), ("key", ctypes.c_void_p),
                ("key_len", ctypes.c_size_t), ("offset", ctypes.c_int64), ("private", ctypes.c_void_p)]


def load():
    name = ctypes.util.find_library("rdkafka")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    for function in ("conf_new", "new", "topic_new", "error_string", "mock_cluster_new", "mock_cluster_bootstraps",
                     "queue_new", "NewTopic_new", "clusterid",
                     "topic_partition_list_new", "DeleteRecords_new",
                     "DeleteTopic_new", "NewPartitions_new"):
        getattr(library, f"rd_kafka_{function}").restype = ctypes.c_void_p
    library.rd_kafka_error_string.restype = ctypes.c_char_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    library.rd_kafka_err2str.restype = ctypes.c_char_p
    library.rd_kafka_consume.restype = ctypes.POINTER(Message)
    library.rd_kafka_queue_poll.restype = ctypes.c_void_p
    return library


LIBRARY = load()


def pointer(value):
    return ctypes.c_void_p(value)


class Client:
    def __init__(self, kind, **settings):
        why = ctypes.create_string_buffer(512)
        configuration = LIBRARY.rd_kafka_conf_new()
        LIBRARY.rd_kafka_conf_set(pointer(configuration), b"log_level", b"0", why, 512)
        for name, value in settings.items():
            if LIBRARY.rd_kafka_conf_set(pointer(configuration), name.replace("_", ".").encode(), str(value).encode(),
                                         why, 512) != 0:
                raise ValueError(why.value.decode())
        self.handle = pointer(LIBRARY.rd_kafka_new(kind, pointer(configuration), why, 512))
        if not self.handle:
            raise ValueError(why.value.decode())

    def topic(self, name):
        return pointer(LIBRARY.rd_kafka_topic_new(self.handle, name.encode(), None))

    def close(self):
        LIBRARY.rd_kafka_destroy(self.handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Cluster:
    """A cluster that is there: `brokers` is its address."""

    def __init__(self, brokers):
        self.brokers = brokers

    def administer(self, call, object_name, asked, failure):
        """Has the cluster do what `asked`, a librdkafka object of this kind, says."""
        with Client(PRODUCER, bootstrap_servers=self.brokers) as client:
            queue = pointer(LIBRARY.rd_kafka_queue_new(client.handle))
            call(client.handle, (ctypes.c_void_p * 1)(asked), ctypes.c_size_t(1), None, queue)
            event = pointer(LIBRARY.rd_kafka_queue_poll(queue, 1000 * HANG_S))
            if not event or LIBRARY.rd_kafka_event_error(event) != 0:
                raise RuntimeError(failure)
            LIBRARY.rd_kafka_event_destroy(event)
            getattr(LIBRARY, f"rd_kafka_{object_name}_destroy")(asked)
            LIBRARY.rd_kafka_queue_destroy(queue)

    def make_topic(self, name, partitions):
        why = ctypes.create_string_buffer(512)
        asked = pointer(LIBRARY.rd_kafka_NewTopic_new(name.encode(), partitions, 1, why, ctypes.c_size_t(512)))
        self.administer(LIBRARY.rd_kafka_CreateTopics, "NewTopic", asked, f"topic {name} cannot be made")

    def remove_topic(self, name):
        asked = pointer(LIBRARY.rd_kafka_DeleteTopic_new(name.encode()))
        self.administer(LIBRARY.rd_kafka_DeleteTopics, "DeleteTopic", asked, f"topic {name} cannot be removed")

    def add_partitions(self, name, total):
        why = ctypes.create_string_buffer(512)
        asked = pointer(LIBRARY.rd_kafka_NewPartitions_new(name.encode(), ctypes.c_size_t(total), why, ctypes.c_size_t(512)))
        self.administer(LIBRARY.rd_kafka_CreatePartitions, "NewPartitions", asked, f"topic {name} gets no more partitions")

    def remove_before(self, topic, partitions, offset):
        """As retention does."""
        offsets = pointer(LIBRARY.rd_kafka_topic_partition_list_new(partitions))
        for partition in range(partitions):
            LIBRARY.rd_kafka_topic_partition_list_add(offsets, topic.encode(), partition)
            LIBRARY.rd_kafka_topic_partition_list_set_offset(offsets, topic.encode(), partition, ctypes.c_int64(offset))
        asked = pointer(LIBRARY.rd_kafka_DeleteRecords_new(offsets))
        self.administer(LIBRARY.rd_kafka_DeleteRecords, "DeleteRecords", asked, f"messages of topic {topic} cannot be removed")
        LIBRARY.rd_kafka_topic_partition_list_destroy(offsets)

    def send(self, topic, values, partitions=1, key=None):
        """Value number n goes to partition n % partitions."""
        with Client(PRODUCER, bootstrap_servers=self.brokers, linger_ms=20) as client:
            self.send_with(client, topic, values, partitions, key)

    @contextlib.contextmanager
    def transaction(self, topic, values, partitions=1):
        """Somebody's transaction, open inside of the block, and aborted then."""
        with Client(PRODUCER, bootstrap_servers=self.brokers, transactional_id=f"somebody-{topic}") as client:
            LIBRARY.rd_kafka_init_transactions(client.handle, 1000 * HANG_S)
            LIBRARY.rd_kafka_begin_transaction(client.handle)
            self.send_with(client, topic, values, partitions)
            yield
            LIBRARY.rd_kafka_abort_transaction(client.handle, 1000 * HANG_S)

    @staticmethod
    def send_with(client, topic, values, partitions, key=None):
        to = client.topic(topic)
        for number, value in enumerate(values):
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            while LIBRARY.rd_kafka_produce(to, number % partitions, COPY, data, ctypes.c_size_t(len(data)), key,
                                           ctypes.c_size_t(len(key or b"")), None) != 0:
                LIBRARY.rd_kafka_poll(client.handle, 100)
        if LIBRARY.rd_kafka_flush(client.handle, 1000 * HANG_S) != 0:
            raise TimeoutError("the messages could not be sent")
        LIBRARY.rd_kafka_topic_destroy(to)

    def read(self, topic, partitions=1, isolation="read_committed"):
        """All values, in the order of each partition."""
        values = []
        with Client(CONSUMER, bootstrap_servers=self.brokers, isolation_level=isolation, enable_partition_eof="true",
                    enable_auto_commit="false", fetch_wait_max_ms=50) as client:
            of = client.topic(topic)
            for partition in range(partitions):
                LIBRARY.rd_kafka_consume_start(of, partition, ctypes.c_int64(BEGINNING))
                end = time.monotonic() + HANG_S
                while True:
                    message = LIBRARY.rd_kafka_consume(of, partition, 1000)
                    if time.monotonic() > end:
                        raise TimeoutError("the topic does not end")
                    if not message:
                        continue
                    content = message.contents
                    error = content.err
                    if error == 0:
                        values.append(ctypes.string_at(content.payload, content.len))
                    LIBRARY.rd_kafka_message_destroy(message)
                    if error == PARTITION_EOF:
                        break
                    if error != 0:
                        raise RuntimeError(LIBRARY.rd_kafka_err2str(error).decode())
                LIBRARY.rd_kafka_consume_stop(of, partition)
            LIBRARY.rd_kafka_topic_destroy(of)
        return values

    def read_rows(self, topic, partitions=1):
        return [json.loads(value) for value in self.read(topic, partitions)]


class MockCluster(Cluster):
    """One broker in this process: it has transactions, but shows what was aborted, too."""

    def __init__(self):
        self.client = Client(PRODUCER)
        self.cluster = pointer(LIBRARY.rd_kafka_mock_cluster_new(self.client.handle, 1))
        super().__init__(LIBRARY.rd_kafka_mock_cluster_bootstraps(self.cluster).decode())

    def make_topic(self, name, partitions):
        LIBRARY.rd_kafka_mock_topic_create(self.cluster, name.encode(), partitions, 1)

    def set_up(self, is_up):
        (LIBRARY.rd_kafka_mock_broker_set_up if is_up else LIBRARY.rd_kafka_mock_broker_set_down)(self.cluster, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            LIBRARY.rd_kafka_mock_cluster_destroy(self.cluster)
        self.client.close()
