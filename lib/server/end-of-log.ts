import type { DriverConnection } from '../driver/driver.js';
import type { TopicPartition } from '../driver/record.js';

/** Where a log ends now: the offset of its next record. */
export const endOfLog = async (driver: DriverConnection, at: TopicPartition): Promise<bigint> => {
  const reader = await driver.readPartition({ ...at, from: 'latest' }, () => undefined);
  await reader.close();
  return reader.startOffset;
};
