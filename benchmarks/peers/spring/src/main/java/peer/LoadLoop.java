package peer;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** One load, as the benchmark's own load loop makes it: closed, every answer checked, every latency kept. */
final class LoadLoop {
    private static final long MISSING_AFTER_SECONDS = 30;

    private final Function<Terms, CompletableFuture<Sum>> call;
    private final int concurrency;
    private final double maxSeconds;
    private final long maxCalls;
    private final long firstNonce = ThreadLocalRandom.current().nextLong(1L << 40);
    private final Semaphore free;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private double[] latencies = new double[1 << 16];
    private int answered = 0;

    LoadLoop(Function<Terms, CompletableFuture<Sum>> call, Map<?, ?> load) {
        this.call = call;
        concurrency = ((Number) load.get("concurrency")).intValue();
        maxSeconds = ((Number) load.get("seconds")).doubleValue();
        maxCalls = load.get("calls") instanceof Number calls ? calls.longValue() : Long.MAX_VALUE;
        free = new Semaphore(concurrency);
    }

    Map<String, Object> run() throws Exception {
        var cpuBefore = Lines.cpuSeconds();
        var startedAt = System.nanoTime();
        var endAt = startedAt + (long) (maxSeconds * 1e9);
        for (long at = 0; at < maxCalls; at += 1) {
            awaitFree(1);
            if (System.nanoTime() >= endAt) {
                free.release();
                break;
            }
            issue(new Terms(at, at % 997, firstNonce + at));
        }
        awaitFree(concurrency);
        var seconds = (System.nanoTime() - startedAt) / 1e9;
        return Map.of("latencies", all(), "seconds", seconds, "clientCpuSeconds", Lines.cpuSeconds() - cpuBefore);
    }

    /** One thread sends for all callers; a caller is a permit, which comes back with its answer. */
    private void issue(Terms terms) {
        var sentAt = System.nanoTime();
        call.apply(terms).whenComplete((answer, error) -> {
            keep((System.nanoTime() - sentAt) / 1e6);
            if (error != null) failure.compareAndSet(null, error);
            else if (!terms.isAnsweredBy(answer)) {
                failure.compareAndSet(null, new IllegalStateException("Wrong answer to " + terms + ": " + answer));
            }
            free.release();
        });
    }

    private void awaitFree(int permits) throws Exception {
        if (!free.tryAcquire(permits, MISSING_AFTER_SECONDS, TimeUnit.SECONDS)) {
            throw new TimeoutException("Answers are missing after " + MISSING_AFTER_SECONDS + " s");
        }
        if (failure.get() != null) throw new IllegalStateException(failure.get());
    }

    private synchronized void keep(double latencyMs) {
        if (answered == latencies.length) latencies = Arrays.copyOf(latencies, answered * 2);
        latencies[answered++] = latencyMs;
    }

    private synchronized double[] all() {
        return Arrays.copyOf(latencies, answered);
    }
}
