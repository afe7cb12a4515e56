import type { DriverEvent, GroupHandler } from '../../lib/driver/driver.js';
import type { Fetcher } from '../../lib/driver/kafkajs/fetcher.js';
import { KafkajsGroupMember } from '../../lib/driver/kafkajs/group-member.js';
import type { PartitionCursor } from '../../lib/driver/kafkajs/partition-cursor.js';
import type { TopicPartition } from '../../lib/driver/record.js';
import { eventually } from '../conformance/eventually.js';
import { PlayedCoordinator, protocolError } from './played-coordinator.js';

/** Heartbeats leave ten times in it. */
export const SESSION_MS = 300;
const PATIENCE_MS = 20_000;
const silent = (): void => undefined;

export const numbersOf = (partitions: readonly TopicPartition[]): number[] =>
  partitions.map(({ partition }) => partition).sort();

/** A group member of the driver, with a played coordinator; it leaves a trace of all that it tells. */
export class MemberBench {
  readonly coordinator = new PlayedCoordinator();
  readonly events: DriverEvent[] = [];
  /** What the handler was told. */
  readonly told: string[] = [];
  /** What the handler does with what moves. */
  onRevoking: () => Promise<void> = () => Promise.resolve();
  readonly member: KafkajsGroupMember;
  private readonly cursors = new Set<PartitionCursor>();

  constructor() {
    const link = this.coordinator.link();
    this.member = new KafkajsGroupMember(
      { groupId: 'app', topics: [this.coordinator.topic], sessionTimeoutMs: SESSION_MS, retries: 8 },
      this.handler(),
      { fetcher: this.fetcher(), link, groupLink: link, joinLink: link },
      {
        log: { debug: silent, info: silent, warn: silent, error: silent },
        onEvent: (event) => this.events.push(event),
      },
    );
  }

  /** The partitions that are read now. */
  get reading(): number[] {
    if (!this.member.isReading()) return [];
    return numbersOf([...this.cursors].map(({ topicPartition }) => topicPartition));
  }

  get lastEvent(): string | undefined {
    return this.events.at(-1)?.type;
  }

  partitions(...numbers: number[]): TopicPartition[] {
    return numbers.map((partition) => ({ topic: this.coordinator.topic, partition }));
  }

  commit(partition: number): Promise<void> {
    return this.member.commit([{ topic: this.coordinator.topic, partition, offset: 1n }]);
  }

  until(check: () => void): Promise<void> {
    return eventually(PATIENCE_MS, check);
  }

  /** Others come or go: heartbeats tell of it, until the member has joined again. */
  rebalance(): void {
    const { coordinator } = this;
    const joins = coordinator.count('JoinGroup');
    coordinator.heartbeat = () =>
      coordinator.count('JoinGroup') === joins ? protocolError('REBALANCE_IN_PROGRESS') : undefined;
  }

  private handler(): GroupHandler {
    const tell =
      (what: string) =>
      (partitions: readonly TopicPartition[]): void =>
        void this.told.push(`${what} ${numbersOf(partitions).join(' ')}`);
    return {
      onAssigned: tell('assigned'),
      onRevoking: (partitions) => {
        tell('revoking')(partitions);
        return this.onRevoking();
      },
      onRetained: tell('retained'),
      onRevoked: tell('revoked'),
      onLost: tell('lost'),
      onRecords: silent,
    };
  }

  private fetcher(): Fetcher {
    const { cursors } = this;
    const fetcher = {
      add: (cursor: PartitionCursor) => cursors.add(cursor),
      remove: (cursor: PartitionCursor) => cursors.delete(cursor),
      nudge: silent,
    };
    return fetcher as unknown as Fetcher;
  }
}
