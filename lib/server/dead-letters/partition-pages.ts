import type { DriverConnection, DriverEvent, PartitionReader } from '../../driver/driver.js';
import type { ConsumerRecord, TopicPartition } from '../../driver/record.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';

/** So much is read at a time: whoever goes through a partition slowly has no more of it in memory, give or take one fetch. */
const PAGE_RECORDS = 500;
const PAGE_BYTES = 8 * 1024 * 1024;
/** A broker that brings nothing for so long is not waited for. */
const STALL_MS = 15_000;

/** Told of events of the connection: what was dropped of a log is skipped. */
export type LossListeners = Set<(event: DriverEvent) => void>;

/** The records below `end`, page by page, from the oldest. @throws RpcError `UNAVAILABLE` when the broker brings nothing more. */
export async function* pagesOf(
  connection: DriverConnection,
  losses: LossListeners,
  at: TopicPartition,
  end: bigint,
): AsyncGenerator<readonly ConsumerRecord[]> {
  let from = 0n;
  while (from < end) {
    const page = new Page(at, end);
    losses.add(page.onEvent);
    try {
      const records = await page.read(connection, from);
      if (records.length > 0) yield records;
    } finally {
      losses.delete(page.onEvent);
    }
    from = page.next;
  }
}

/** One page of a partition. */
class Page {
  next = 0n;
  private readonly records: ConsumerRecord[] = [];
  private bytes = 0;
  private finish: () => void = () => undefined;

  constructor(
    private readonly at: TopicPartition,
    private readonly end: bigint,
  ) {}

  readonly onEvent = (event: DriverEvent): void => {
    if (event.type !== 'position-lost') return;
    if (event.topic !== this.at.topic || event.partition !== this.at.partition) return;
    if (event.to >= this.end) this.complete(this.end);
  };

  async read(connection: DriverConnection, from: bigint): Promise<readonly ConsumerRecord[]> {
    let timer: NodeJS.Timeout | undefined;
    let reader: PartitionReader | undefined;
    const full = new Promise<void>((resolve, reject) => {
      this.finish = resolve;
      timer = setTimeout(() => reject(stalled(this.at)), STALL_MS);
    });
    try {
      reader = await connection.readPartition({ ...this.at, from }, (records) => this.add(records));
      await full;
      return this.records;
    } finally {
      clearTimeout(timer);
      full.catch(() => undefined);
      await reader?.close();
    }
  }

  private add(records: readonly ConsumerRecord[]): void {
    if (this.next > 0n) return;
    for (const record of records) {
      if (record.offset >= this.end) return this.complete(this.end);
      this.records.push(record);
      this.bytes += record.value?.length ?? 0;
    }
    const last = records.at(-1);
    if (last === undefined) return;
    const isFull = this.records.length >= PAGE_RECORDS || this.bytes >= PAGE_BYTES;
    if (isFull || last.offset + 1n >= this.end) this.complete(last.offset + 1n);
  }

  private complete(next: bigint): void {
    this.next = next;
    this.finish();
  }
}

const stalled = ({ topic, partition }: TopicPartition): RpcError =>
  new RpcError(
    RpcStatus.UNAVAILABLE,
    `The broker brought nothing more of ${topic}, partition ${partition}, within ${STALL_MS} ms: try again.`,
  );
