import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

interface Queue {
  pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const QUIET = Symbol.for('nestjs-kafka-rpc.quietRequestQueue');

/**
 * Stops a timer of kafkajs 2.2.4 that fires every millisecond, for ever, on each connection that has had a response: it
 * re-arms itself although nothing waits. It costs some 3 % of a core, and a warning on Node 24 and later.
 * Throttling and in-flight limits work as before, because a request that waits still arms it. Done once per process.
 * @see https://github.com/tulios/kafkajs/issues/1751
 */
export const quietRequestQueue = (): void => {
  const queue = RequestQueue.prototype as Queue & { [QUIET]?: true };
  const schedule = queue.scheduleCheckPendingRequests;
  if (queue[QUIET] || typeof schedule !== 'function') return;
  queue[QUIET] = true;
  queue.scheduleCheckPendingRequests = function (this: Queue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
};
