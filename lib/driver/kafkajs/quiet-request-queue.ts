/** What is used of kafkajs' queue of the requests of one connection. */
export interface RequestQueue {
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

/** A request is found to be over its time at most this part of it late. */
const LATENESS = 0.1;
const SHORTEST_CHECK_MS = 100;
/** A broker that has not answered for so long may be gone: a parked fetch is answered sooner. */
const SLOW_MS = 1_500;

/**
 * Quiets two timers of kafkajs 2.2.4 in one queue, and of no other: an app's own clients keep kafkajs as it is. Each is left
 * alone if it is not what it was then.
 *
 * The first fires every millisecond, for ever, on each connection that has had a response: it re-arms itself although nothing
 * waits. It costs some 3 % of a core, and a warning on Node 24 and later. Throttling and in-flight limits work as before,
 * because a request that waits still arms it. The second looks ten times a second on each connection whether a request is
 * over its time, which was most of what an idle process did; with 10 s for a request, once a second will do.
 * @param onSlow told, once per check, while requests wait for their answers for longer than a broker that is well would take
 * @param onCheck called with each check
 * @see https://github.com/tulios/kafkajs/issues/1751
 */
export const quietRequestQueue = (
  queue: RequestQueue,
  onSlow: () => void = () => undefined,
  onCheck: () => void = () => undefined,
): void => {
  quietPendingCheck(queue);
  quietTimeoutCheck(queue, onSlow, onCheck);
};

const quietPendingCheck = (queue: RequestQueue): void => {
  const schedule = queue.scheduleCheckPendingRequests;
  if (typeof schedule !== 'function') return;
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule.call(queue);
  };
};

const quietTimeoutCheck = (queue: RequestQueue, onSlow: () => void, onCheck: () => void): void => {
  if (typeof queue.scheduleRequestTimeoutCheck !== 'function') return;
  queue.scheduleRequestTimeoutCheck = () => {
    if (!queue.enforceRequestTimeout) return;
    queue.destroy();
    const everyMs = Math.max(SHORTEST_CHECK_MS, queue.requestTimeout * LATENESS);
    queue.requestTimeoutIntervalId = setInterval(() => {
      onCheck();
      if (isSlow(queue)) onSlow();
      endLateRequests(queue);
    }, everyMs);
  };
};

const isSlow = ({ inflight }: RequestQueue): boolean => {
  const nowMs = Date.now();
  for (const { sentAt } of inflight.values()) if (nowMs - sentAt > SLOW_MS) return true;
  return false;
};

const endLateRequests = (queue: RequestQueue): void => {
  const nowMs = Date.now();
  queue.inflight.forEach((request) => {
    if (nowMs - request.sentAt > request.requestTimeout) request.timeoutRequest();
  });
  if (!queue.isConnected()) queue.destroy();
};
