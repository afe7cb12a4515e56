"""The server process: kafka-rpc's own server, with the pool of 128 threads that its documentation shows."""

import threading
import time

from kafka_rpc import KRPCServer

from lines import answer_questions
from settings import ACK, topic_name

THREADS = 128
READY_WITHIN_SECONDS = 30


class Sums:
    def add(self, a, b, nonce):
        return {"sum": a + b, "nonce": nonce}


class Serving:
    """The server in a thread: its pool may be used only by the thread that made it."""

    def __init__(self):
        self.server = None
        self.ready = threading.Event()

    def start(self, broker):
        threading.Thread(target=self._serve, args=(broker,), daemon=True).start()
        if not self.ready.wait(READY_WITHIN_SECONDS):
            raise TimeoutError("kafka-rpc's server does not start")
        return {}

    def leave(self):
        if self.server is not None:
            self.server.is_closed = True

    def _serve(self, broker):
        self.server = KRPCServer(
            *broker["brokers"],
            handle=Sums(),
            topic_name=topic_name(broker),
            num_partitions=broker["partitions"],
            concurrent=THREADS,
            ack=ACK,
        )
        self.ready.set()
        self.server.server_forever()


serving = Serving()
answer_questions(
    {"start": serving.start, "cpuSeconds": lambda _nothing: time.process_time()},
    serving.leave,
)
