import { COOPERATIVE, decodeShare, encodeShare } from '../../lib/driver/kafkajs/group-protocol.js';
import type { JoinedMember } from '../../lib/driver/kafkajs/group-assignment.js';
import type { Broker } from '../../lib/driver/kafkajs/captured-cluster.js';
import type { ClusterLink } from '../../lib/driver/kafkajs/cluster-link.js';
import type { TopicPartition } from '../../lib/driver/record.js';

export type GroupRequest =
  | 'FindCoordinator'
  | 'JoinGroup'
  | 'SyncGroup'
  | 'OffsetFetch'
  | 'Heartbeat'
  | 'OffsetCommit'
  | 'LeaveGroup'
  | 'ListOffsets';

/** A protocol error as kafkajs throws it. */
export const protocolError = (type: string): Error =>
  Object.assign(new Error(`The broker says ${type}`), { name: 'KafkaJSProtocolError', type });

/** What kafkajs throws when a connection breaks under a request. */
export const connectionError = (): Error =>
  Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' });

/**
 * The coordinator of a group with one real member: the test plays the broker and the other members. Every request can be made to
 * fail, to be held, or to answer something else.
 */
export class PlayedCoordinator {
  readonly topic = 'orders';
  partitions = 4;
  /** What was asked, in order. */
  readonly asked: { readonly request: GroupRequest; readonly body: Record<string, unknown> }[] = [];
  /** What the next requests of a kind fail with, one each. */
  readonly failures = new Map<GroupRequest, (Error | undefined)[]>();
  /** Awaited by every request of a kind. */
  readonly gates = new Map<GroupRequest, Promise<unknown>>();
  /** The way of sharing that is chosen. */
  protocol = COOPERATIVE;
  /** Others in the group, who say what they say. */
  others: JoinedMember[] = [];
  /** What the member is given; undefined when it shares out itself. */
  share: readonly TopicPartition[] | undefined;
  /** What heartbeats are answered with. */
  heartbeat: () => Error | undefined = () => undefined;
  generation = 0;
  lookUpFails = false;
  /** Joins that were ended because their answer would not come. */
  endedJoins = 0;
  private shares = new Map<string, Buffer>();
  private readonly open = new Set<(error: Error) => void>();

  fail(request: GroupRequest, times: number, error: () => Error = connectionError): void {
    this.failures.set(
      request,
      Array.from({ length: times }, () => error()),
    );
  }

  count(request: GroupRequest): number {
    return this.asked.filter((asked) => asked.request === request).length;
  }

  /** What the member said when it joined last. */
  lastJoin(): Record<string, unknown> {
    return this.asked.findLast(({ request }) => request === 'JoinGroup')!.body;
  }

  /** As much of a link as a member needs. */
  link(): ClusterLink {
    const cluster = {
      findGroupCoordinator: () => this.answer('FindCoordinator', {}, () => this.broker()),
      brokerPool: { brokers: { 1: { connectionPool: { pool: [this.connection()] } } } },
    };
    return {
      cluster,
      connect: async () => undefined,
      addTopics: async () => undefined,
      lookUp: async () => {
        if (this.lookUpFails) throw connectionError();
        return new Map();
      },
      refresh: async () => undefined,
      recover: async () => undefined,
      close: async () => this.end(connectionError()),
      leaderOf: () => 1,
      partitionsOf: (topic: string) => (topic === this.topic ? this.partitions : 0),
      onTopicChange: () => () => undefined,
      send: () => this.answer('ListOffsets', {}, () => 0n),
    } as unknown as ClusterLink;
  }

  /** What ends requests that are under way. */
  private connection() {
    return {
      rejectRequests: (error: Error) => {
        this.endedJoins += 1;
        this.end(error);
      },
    };
  }

  private end(error: Error): void {
    for (const reject of this.open) reject(error);
    this.open.clear();
  }

  private broker(): Broker {
    const broker = {
      nodeId: 1,
      joinGroup: (body: Joining) => this.answer('JoinGroup', body, () => this.joined(body)),
      syncGroup: (body: Syncing) => this.answer('SyncGroup', body, () => this.synced(body)),
      heartbeat: (body: object) =>
        this.answer('Heartbeat', body, () => {
          const failure = this.heartbeat();
          if (failure !== undefined) throw failure;
        }),
      offsetCommit: (body: object) => this.answer('OffsetCommit', body, () => undefined),
      offsetFetch: (body: object) => this.answer('OffsetFetch', body, () => ({ responses: [] })),
      leaveGroup: (body: object) => this.answer('LeaveGroup', body, () => undefined),
    };
    return broker as unknown as Broker;
  }

  private async answer<T>(request: GroupRequest, body: object, answer: () => T): Promise<T> {
    this.asked.push({ request, body: body as Record<string, unknown> });
    const gate = this.gates.get(request);
    if (gate !== undefined) await this.endable(gate);
    const failure = this.failures.get(request)?.shift();
    if (failure !== undefined) throw failure;
    return answer();
  }

  private async endable(gate: Promise<unknown>): Promise<void> {
    let reject: (error: Error) => void = () => undefined;
    const ended = new Promise<never>((_, fail) => (reject = fail));
    this.open.add(reject);
    await Promise.race([gate, ended]).finally(() => this.open.delete(reject));
  }

  private joined({ groupProtocols }: Joining) {
    this.generation += 1;
    const metadata = groupProtocols.find(({ name }) => name === this.protocol)!.metadata;
    const members = [{ memberId: 'me', memberMetadata: metadata }, ...this.others];
    const leaderId = this.share === undefined ? 'me' : 'another';
    if (this.share !== undefined) this.shares.clear();
    return {
      memberId: 'me',
      generationId: this.generation,
      leaderId,
      groupProtocol: this.protocol,
      members: leaderId === 'me' ? members : [],
    };
  }

  private synced({ groupAssignment }: Syncing) {
    for (const { memberId, memberAssignment } of groupAssignment) this.shares.set(memberId, memberAssignment);
    const own = this.shares.get('me');
    const partitions = this.share ?? (own === undefined ? [] : decodeShare(own).partitions);
    const group = { members: 1 + this.others.length, partitions: this.partitions };
    return { memberAssignment: encodeShare({ partitions, group, isPartial: false }) };
  }
}

interface Joining {
  readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
}

interface Syncing {
  readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
}
