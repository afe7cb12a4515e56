import type { DriverConnection } from '../driver/driver.js';
import type { BrokerClock } from './broker-clock.js';
import type { Codec } from './codec.js';
import type { Destination } from './destination-queue.js';

const NO_FRAMES = Buffer.alloc(0);

/**
 * Sends one record without messages, and learns the broker's clock from its acknowledgement before anything depends on it.
 * Without the probe, a server whose clock is minutes off would drop its first calls as expired, and servers would refuse the
 * first calls of such a client as replayed.
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
