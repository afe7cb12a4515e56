"""One load, as the benchmark's own load loop makes it: closed, every answer checked, every latency kept."""

import itertools
import random
import threading
import time

CALLERS_STACK_BYTES = 256 * 1024


class LoadLoop:
    def __init__(self, call, load):
        self.call = call
        self.concurrency = load["concurrency"]
        self.seconds = load["seconds"]
        self.max_calls = load.get("calls") or float("inf")
        self.first_nonce = random.randrange(2**40)
        self.issued = itertools.count()
        self.latencies = []
        self.failures = []
        self.end_at = 0.0

    def run(self):
        threading.stack_size(CALLERS_STACK_BYTES)
        callers = [threading.Thread(target=self._keep_calling) for _ in range(self.concurrency)]
        cpu_before = time.process_time()
        started_at = time.perf_counter()
        self.end_at = started_at + self.seconds
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        seconds = time.perf_counter() - started_at
        if self.failures:
            raise self.failures[0]
        return {
            "latencies": self.latencies,
            "seconds": seconds,
            "clientCpuSeconds": time.process_time() - cpu_before,
        }

    def _keep_calling(self):
        try:
            while not self.failures and time.perf_counter() < self.end_at:
                at = next(self.issued)
                if at >= self.max_calls:
                    return
                self._call_and_check(at, at % 997, self.first_nonce + at)
        except Exception as failure:
            self.failures.append(failure)

    def _call_and_check(self, a, b, nonce):
        sent_at = time.perf_counter()
        answer = self.call(a, b, nonce)
        self.latencies.append((time.perf_counter() - sent_at) * 1_000)
        if answer != {"sum": a + b, "nonce": nonce}:
            raise ValueError(f"Wrong answer: asked {a} + {b} with nonce {nonce}, got {answer}")
