import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerHandle } from '../peers/peer.js';

/** Enough for a heartbeat of every paused consumer, and for answers that came meanwhile. */
export const BREATH_MS = 500;

/**
 * No peer is held still for longer: a member of a group that has been silent for six seconds, as ours has it, is put out of it, and its
 * last heartbeat was up to half a second before.
 */
export const MOST_HELD_SECONDS = 5.4;

/**
 * One peer at work while all others are held still: kafkajs as it comes wakes every millisecond, and Kafka's own clients poll,
 * also when nobody calls. Work that takes up to `MOST_HELD_SECONDS` is shorter than any session or request time-out, so nothing reconnects
 * behind it.
 */
export async function alone<T>(
  peer: PeerHandle,
  all: readonly PeerHandle[],
  work: () => Promise<T>,
  breathMs: number,
): Promise<T> {
  const others = all.filter((other) => other !== peer);
  if (others.length === 0) return work();
  try {
    for (const other of others) other.pause();
    return await work();
  } finally {
    for (const other of others) other.resume();
    await sleep(breathMs);
  }
}
