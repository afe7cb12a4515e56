import type { DriverConnection } from '../driver/driver.js';
import type { BrokerClock } from './broker-clock.js';
import type { Codec } from './codec.js';
import type { Destination } from './destination-queue.js';

const NO_FRAMES = Buffer.alloc(0);

/**
 * Sends one record without messages, to learn a broker's clock from its acknowledgement before anything is decided by it.
 * A server whose own clock is minutes off would otherwise take its first calls for expired; the first calls of such a
 * client would be taken for replayed.
 */
export const probeClock = async (
  connection: Pick<DriverConnection, 'produce' | 'leaderOf'>,
  codec: Codec,
  clock: BrokerClock,
  to: Destination,
): Promise<void> => {
  const { value, headers } = await codec.encode(NO_FRAMES, to);
  const { topic, partition } = to;
  const sentAtMs = clock.local();
  const { appendTimeMs } = await connection.produce([{ topic, partition, value, headers }], { acks: 1 });
  clock.observe(sentAtMs, clock.local(), appendTimeMs, connection.leaderOf(to));
};
