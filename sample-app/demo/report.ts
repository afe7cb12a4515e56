import type { CallTimings, RpcReply } from 'nestjs-kafka-rpc';

/** Milliseconds as a person reads them. */
export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

/** A server as a person tells it from others. */
export const shortId = (serverId: string): string => serverId.slice(0, 6);

export const legs = ({ totalMs, requestFlightMs, serverMs, replyFlightMs }: CallTimings): string =>
  `${ms(totalMs)} = there ${ms(requestFlightMs)} + server ${ms(serverMs)} + back ${ms(replyFlightMs)}`;

export const answer = ({ value, serverId, timings }: RpcReply<unknown>): string =>
  `${String(value)}   by server ${shortId(serverId)}, ${legs(timings)}`;

export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

/** `a1b2c3 512, d4e5f6 488` */
export const spread = (serverIds: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const id of serverIds) counts.set(shortId(id), (counts.get(shortId(id)) ?? 0) + 1);
  return [...counts].map(([id, count]) => `${id} ${count}`).join(', ');
};
