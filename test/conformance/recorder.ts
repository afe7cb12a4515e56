import { setTimeout as delay } from 'node:timers/promises';
import type { AssignedPartition, GroupHandler, GroupView } from '../../lib/driver/driver.js';
import type { ConsumerRecord, TopicPartition } from '../../lib/driver/record.js';
import { eventually } from './eventually.js';
import type { HarnessTiming } from './driver-harness.js';

/** `topic/partition`: partitions as something that compares. */
export const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

export const namesOf = (partitions: readonly TopicPartition[]): string[] => partitions.map(nameOf).sort();

export const textOf = (record: ConsumerRecord): string => String(record.value);

/** Keeps the records that a driver delivers, in the order in which they came. */
export class RecordLog {
  readonly records: ConsumerRecord[] = [];
  readonly onRecords = (records: readonly ConsumerRecord[]): void => {
    this.records.push(...records);
  };
  protected readonly timing: HarnessTiming;

  constructor(timing: HarnessTiming) {
    this.timing = timing;
  }

  get texts(): string[] {
    return this.records.map(textOf);
  }

  /** The records of one partition. */
  of(at: TopicPartition): ConsumerRecord[] {
    return this.records.filter((record) => nameOf(record) === nameOf(at));
  }

  /** Waits for so many records, all told; `withinMs` is the usual deadline unless given. */
  async received(count: number, withinMs = this.timing.deadlineMs): Promise<readonly ConsumerRecord[]> {
    await eventually(withinMs, () => expect(this.records.length).toBeGreaterThanOrEqual(count));
    return this.records;
  }

  /** Waits for so many, and then that no further one comes. */
  async receivedOnly(count: number): Promise<readonly ConsumerRecord[]> {
    await this.received(count);
    await this.staysAsItIs();
    expect(this.records).toHaveLength(count);
    return this.records;
  }

  /** Waits for a while, in which no record may come. */
  async staysAsItIs(): Promise<void> {
    const before = this.texts;
    await delay(this.timing.quietMs);
    expect(this.texts).toEqual(before);
  }
}

/** A group handler that keeps all it is told, and holds the driver to the rules of the port while it does. */
export class GroupLog extends RecordLog implements GroupHandler {
  /** Each partition with the position and metadata with which it was last assigned, in order of assignment. */
  readonly assignments: AssignedPartition[] = [];
  readonly revocations: TopicPartition[] = [];
  readonly losses: TopicPartition[] = [];
  /** What the driver told in breach of the port; empty for a good driver. */
  readonly breaches: string[] = [];
  /** What was told of each partition, with its place in the order of all that the members of a test were told. */
  readonly told: { readonly what: string; readonly name: string; readonly tick: number }[] = [];
  /** What was told of the group, the latest last. */
  readonly views: GroupView[] = [];
  rebalances = 0;
  /** Each position that reading was moved to, and after how many records. */
  readonly resets: { topic: string; partition: number; position: bigint; after: number }[] = [];
  /** What to do in `onRevoking`. */
  beforeRebalance: () => Promise<void> = async () => undefined;
  private readonly held = new Map<string, TopicPartition>();
  /** What is about to move. */
  readonly moving = new Set<string>();

  /** @param tick counts up for all members of a test */
  constructor(
    timing: HarnessTiming,
    private readonly tick: () => number,
  ) {
    super(timing);
  }

  /** When this was last told of the partition. */
  tickOf(what: 'assigned' | 'revoked', at: TopicPartition): number | undefined {
    return this.told.findLast((told) => told.what === what && told.name === nameOf(at))?.tick;
  }

  onGroup(view: GroupView): void {
    this.views.push(view);
  }

  get holding(): string[] {
    return [...this.held.keys()].sort();
  }

  assignmentOf(at: TopicPartition): AssignedPartition | undefined {
    return this.assignments.findLast((assigned) => nameOf(assigned) === nameOf(at));
  }

  /** Waits until the member holds exactly these. */
  async holds(partitions: readonly TopicPartition[]): Promise<void> {
    await eventually(this.timing.deadlineMs, () => expect(this.holding).toEqual(namesOf(partitions)));
  }

  /** Waits until the member holds so many. */
  async holdsCount(count: number): Promise<void> {
    await eventually(this.timing.deadlineMs, () => expect(this.holding).toHaveLength(count));
  }

  onAssigned(partitions: readonly AssignedPartition[]): void {
    for (const assigned of partitions) {
      if (this.held.has(nameOf(assigned))) this.breaches.push(`${nameOf(assigned)} assigned though held`);
      this.held.set(nameOf(assigned), assigned);
      this.told.push({ what: 'assigned', name: nameOf(assigned), tick: this.tick() });
      this.assignments.push(assigned);
    }
  }

  async onRevoking(partitions: readonly TopicPartition[]): Promise<void> {
    this.rebalances += 1;
    for (const moving of partitions) {
      if (!this.held.has(nameOf(moving))) this.breaches.push(`${nameOf(moving)} moves though not held`);
      this.moving.add(nameOf(moving));
    }
    await this.beforeRebalance();
  }

  onRetained(partitions: readonly TopicPartition[]): void {
    for (const kept of partitions) {
      if (!this.moving.delete(nameOf(kept)))
        this.breaches.push(`${nameOf(kept)} retained though it was not to move`);
    }
  }

  onLost(partitions: readonly TopicPartition[]): void {
    for (const lost of partitions) {
      if (!this.held.delete(nameOf(lost))) this.breaches.push(`${nameOf(lost)} lost though not held`);
      this.moving.delete(nameOf(lost));
      this.losses.push(lost);
    }
  }

  onRevoked(partitions: readonly TopicPartition[]): void {
    for (const revoked of partitions) {
      if (!this.moving.delete(nameOf(revoked)))
        this.breaches.push(`${nameOf(revoked)} revoked without a last chance`);
      if (!this.held.delete(nameOf(revoked)))
        this.breaches.push(`${nameOf(revoked)} revoked though not held`);
      this.revocations.push(revoked);
      this.told.push({ what: 'revoked', name: nameOf(revoked), tick: this.tick() });
    }
  }

  onPositionReset(at: TopicPartition, position: bigint): void {
    if (!this.held.has(nameOf(at))) this.breaches.push(`${nameOf(at)} moved though not held`);
    this.resets.push({ ...at, position, after: this.records.length });
  }

  override readonly onRecords = (records: readonly ConsumerRecord[]): void => {
    for (const record of records) {
      if (!this.held.has(nameOf(record))) this.breaches.push(`${nameOf(record)} read though not held`);
      if (this.moving.has(nameOf(record))) this.breaches.push(`${nameOf(record)} read though about to move`);
    }
    this.records.push(...records);
  };
}
