import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerHandle } from '../peers/peer.js';

/** Enough for a heartbeat of every paused consumer, and for answers that came meanwhile. */
export const BREATH_MS = 500;

/**
 * One peer at work while all others are held still: kafkajs as it comes wakes every millisecond, and Kafka's own clients poll,
 * also when nobody calls. A turn of some seconds is shorter than any session or request time-out, so nothing reconnects behind it.
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
