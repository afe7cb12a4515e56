import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverEvent } from '../driver/driver.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { RequestEnvelope } from '../protocol/envelope.js';
import type { OpenConnection } from './open-connection.js';
import type { PendingCalls } from './pending-calls.js';

export type PartitionsChanged = Extract<DriverEvent, { type: 'partitions-changed' }>;

export interface FollowedTopicsParts {
  readonly calls: PendingCalls;
  readonly onEvent: (event: DriverEvent) => void;
  /** What requests say of their sender now. */
  readonly envelope: (open: OpenConnection) => RequestEnvelope;
  /** Whether the connection is still in use. */
  readonly isCurrent: (open: OpenConnection) => boolean;
}

const RETRY_MS = 1_000;

/** A connection goes with its topics: more partitions or fewer, of a service's requests or of the replies. */
export class FollowedTopics {
  private isMoving = false;

  constructor(private readonly parts: FollowedTopicsParts) {}

  follow(open: OpenConnection | undefined, { topic, to }: PartitionsChanged): void {
    if (open === undefined || to < 1) return;
    open.openRoutes.get(topic)?.resize(to);
    const { address } = open.replies;
    if (topic !== address.topic || to > address.partition || this.isMoving) return;
    this.isMoving = true;
    void this.moveReplies(open, to).finally(() => (this.isMoving = false));
  }

  /** Nobody can answer any more where this client reads. */
  private async moveReplies(open: OpenConnection, partitions: number): Promise<void> {
    let hasFailed = false;
    while (this.parts.isCurrent(open)) {
      try {
        await this.moveOnce(open, partitions);
        if (hasFailed) this.parts.onEvent({ type: 'connected' });
        return;
      } catch (error) {
        hasFailed = true;
        this.parts.onEvent({ type: 'crashed', error: RpcError.from(error) });
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  private async moveOnce(open: OpenConnection, partitions: number): Promise<void> {
    const { topic, partition } = open.replies.address;
    await open.replies.move(partitions);
    const envelope = this.parts.envelope(open);
    for (const route of open.openRoutes.values()) route.readdress(envelope);
    this.parts.calls.failAll(repliesGone(topic, partition, partitions));
  }
}

const repliesGone = (topic: string, partition: number, partitions: number): RpcError =>
  new RpcError(
    RpcStatus.UNAVAILABLE,
    `The reply topic ${topic} was made anew with ${partitions} partitions, and partition ${partition} is gone, where the answer ` +
      'was awaited: the call may have run.',
  );
