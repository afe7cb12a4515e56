import type { DriverConnection, PartitionReader } from '../../driver/driver.js';
import type { ConsumerRecord, TopicPartition } from '../../driver/record.js';

export interface TailLimits {
  /** What was appended before is of no interest, in milliseconds since the epoch on the broker's clock. */
  readonly sinceMs: number;
  /** So many bytes of records are read, give or take a page. */
  readonly maxBytes: number;
  /** Ends the reading where it is. */
  readonly signal: AbortSignal;
}

/** Gets the records of a page in their order, a fetch at a time. @param page 0 for the newest */
export type TailTaker = (page: number, records: readonly ConsumerRecord[]) => void;

interface ReadPage {
  readonly oldestMs: number;
  readonly records: number;
  readonly bytes: number;
}

/** Of an idle service, this is all; each further page has more. */
const FIRST_PAGE = 64;
const GROWTH = 4;

/**
 * Reads what stands below an offset, from there back: pages from the newest on, each in its own order. So what is read when it must end is
 * what is youngest, but for the page that is under way.
 *
 * Cost: one question for the start of the log, and one fetch a page at least.
 * @throws RpcError what the driver throws
 */
export const readTail = async (
  driver: Pick<DriverConnection, 'readPartition'>,
  at: TopicPartition & { readonly end: bigint },
  limits: TailLimits,
  take: TailTaker,
): Promise<void> => {
  const { end, topic, partition } = at;
  const { sinceMs, maxBytes, signal } = limits;
  const start = await startOfLog(driver, { topic, partition });
  let to = end;
  let size = FIRST_PAGE;
  let bytes = 0;
  for (let page = 0; to > start && !signal.aborted; page++) {
    const from = to - BigInt(size) > start ? to - BigInt(size) : start;
    const place = { topic, partition, from, to };
    const read = await readPage(driver, place, signal, (records) => take(page, records));
    bytes += read.bytes;
    if (read.oldestMs < sinceMs || bytes >= maxBytes) return;
    to = from;
    const bytesOfRecord = Math.max(1, read.bytes / Math.max(1, read.records));
    size = Math.max(1, Math.min(size * GROWTH, Math.ceil((maxBytes - bytes) / bytesOfRecord)));
  }
};

const startOfLog = async (
  driver: Pick<DriverConnection, 'readPartition'>,
  at: TopicPartition,
): Promise<bigint> => {
  const reader = await driver.readPartition({ ...at, from: 'earliest' }, () => undefined);
  await reader.close();
  return reader.startOffset;
};

/** Ends with the last record below `to`, or when it is told to. */
const readPage = (
  driver: Pick<DriverConnection, 'readPartition'>,
  { topic, partition, from, to }: TopicPartition & { readonly from: bigint; readonly to: bigint },
  signal: AbortSignal,
  take: (records: readonly ConsumerRecord[]) => void,
): Promise<ReadPage> =>
  new Promise((resolve, reject) => {
    const read = { oldestMs: Infinity, records: 0, bytes: 0 };
    let reader: PartitionReader | undefined;
    let isOver = false;
    const end = (): void => {
      isOver = true;
      signal.removeEventListener('abort', end);
      void reader?.close();
      resolve(read);
    };
    signal.addEventListener('abort', end);
    const onRecords = (records: readonly ConsumerRecord[]): void => {
      if (isOver) return;
      const ours = records.filter(({ offset }) => offset < to);
      for (const { timestampMs, value } of ours) {
        read.oldestMs = Math.min(read.oldestMs, timestampMs);
        read.bytes += value?.length ?? 0;
      }
      read.records += ours.length;
      take(ours);
      const last = records.at(-1);
      if (last !== undefined && last.offset >= to - 1n) end();
    };
    driver.readPartition({ topic, partition, from }, onRecords).then((opened) => {
      reader = opened;
      if (isOver) void opened.close();
    }, reject);
  });
