"""The client process: one kafka-rpc client, and a thread for every call at once."""

import threading
import time

from kafka_rpc import KRPCClient
from kafka_rpc.client import QueueDict

from lines import answer_questions
from load_loop import LoadLoop
from settings import ACK, topic_name

FIRST_ANSWER_WITHIN_SECONDS = 60
TRY_WITHIN_SECONDS = 2


class OneSubscription(KRPCClient):
    """Its constructor names every topic twice, which librdkafka refuses today."""

    def subscribe(self, *topic_names):
        self.topic_names.clear()
        self.client_topics.clear()
        super().subscribe(*topic_names)


class LockedQueue(QueueDict):
    """Finds a key's place and takes what stands there in two steps: without a lock, threads get each other's answers."""

    def __init__(self, maxlen, expire):
        super().__init__(maxlen, expire)
        self.lock = threading.Lock()

    def __getitem__(self, key):
        with self.lock:
            return super().__getitem__(key)

    def __setitem__(self, key, value):
        with self.lock:
            super().__setitem__(key, value)


class Calling:
    def __init__(self):
        self.client = None

    def start(self, broker):
        self.client = OneSubscription(*broker["brokers"], topic_name=topic_name(broker), ack=ACK)
        before = self.client.cache
        self.client.cache = LockedQueue(before.maxlen, before.expire)
        self._first_answer()

    def run(self, load):
        return LoadLoop(self._call, load).run()

    def leave(self):
        if self.client is not None:
            self.client.is_closed = True

    def _call(self, a, b, nonce, timeout=10):
        return self.client.call("add", a, b, nonce, timeout=timeout)["ret"]

    def _first_answer(self):
        give_up_at = time.monotonic() + FIRST_ANSWER_WITHIN_SECONDS
        while True:
            try:
                return self._call(1, 2, 3, timeout=TRY_WITHIN_SECONDS)
            except TimeoutError:
                if time.monotonic() > give_up_at:
                    raise


calling = Calling()
answer_questions({"start": calling.start, "run": calling.run}, calling.leave)
