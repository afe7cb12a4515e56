import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/** What is used of kafkajs' queue of the requests of one connection. */
interface Queue {
  readonly pending: readonly unknown[];
  readonly inflight: ReadonlyMap<number, SentRequest>;
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  requestTimeoutIntervalId: NodeJS.Timeout | null;
  isConnected(): boolean;
  /** Stops the check for requests that are over their time. */
  destroy(): void;
  scheduleCheckPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
}

interface SentRequest {
  readonly sentAt: number;
  readonly requestTimeout: number;
  timeoutRequest(): void;
}

const QUIET = Symbol.for('nestjs-kafka-rpc.quietRequestQueue');

/** A request is found to be over its time at most this part of it late. */
const LATENESS = 0.1;
const SHORTEST_CHECK_MS = 100;

/**
 * Quiets two timers of kafkajs 2.2.4. Done once per process; each is left alone if it is not what it was then.
 *
 * The first fires every millisecond, for ever, on each connection that has had a response: it re-arms itself although nothing
 * waits. It costs some 3 % of a core, and a warning on Node 24 and later. Throttling and in-flight limits work as before,
 * because a request that waits still arms it. The second looks ten times a second on each connection whether a request is
 * over its time, which was most of what an idle process did; with 10 s for a request, once a second will do.
 * @see https://github.com/tulios/kafkajs/issues/1751
 */
export const quietRequestQueue = (): void => {
  const queue = RequestQueue.prototype as Queue & { [QUIET]?: true };
  if (queue[QUIET]) return;
  queue[QUIET] = true;
  quietPendingCheck(queue);
  quietTimeoutCheck(queue);
};

const quietPendingCheck = (queue: Queue): void => {
  const schedule = queue.scheduleCheckPendingRequests;
  if (typeof schedule !== 'function') return;
  queue.scheduleCheckPendingRequests = function (this: Queue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
};

const quietTimeoutCheck = (queue: Queue): void => {
  if (typeof queue.scheduleRequestTimeoutCheck !== 'function') return;
  queue.scheduleRequestTimeoutCheck = function (this: Queue): void {
    if (!this.enforceRequestTimeout) return;
    this.destroy();
    const everyMs = Math.max(SHORTEST_CHECK_MS, this.requestTimeout * LATENESS);
    this.requestTimeoutIntervalId = setInterval(() => endLateRequests(this), everyMs);
  };
};

const endLateRequests = (queue: Queue): void => {
  const nowMs = Date.now();
  queue.inflight.forEach((request) => {
    if (nowMs - request.sentAt > request.requestTimeout) request.timeoutRequest();
  });
  if (!queue.isConnected()) queue.destroy();
};
