import type { IncomingCall } from './incoming-call.js';

/** Resolves when each of the calls that were started is finished: its answer is with the broker, or nobody wants one. */
export const startedAreFinished = async (calls: Iterable<IncomingCall>): Promise<void> => {
  const unfinished: Promise<void>[] = [];
  for (const call of calls) {
    if (isStarted(call)) unfinished.push(new Promise((resolve) => call.whenFinished(resolve)));
  }
  await Promise.all(unfinished);
};

const isStarted = ({ state }: IncomingCall): boolean => state === 'running' || state === 'answered';
