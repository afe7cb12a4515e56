import type { ClusterLink } from '../../../../lib/driver/kafkajs/cluster-link.js';
import { FetchLoop } from '../../../../lib/driver/kafkajs/fetch-loop.js';
import type { FetchedPartition } from '../../../../lib/driver/kafkajs/requests/fetch.js';
import { PartitionCursor } from '../../../../lib/driver/kafkajs/partition-cursor.js';
import { turns } from '../../../support/until.js';

const topicPartition = (partition: number) => ({ topic: 'orders', partition });

const failed: FetchedPartition = {
  ...topicPartition(0),
  error: new Error('no'),
  from: 0n,
  records: [],
  leaderEpoch: -1,
  start: 0n,
  next: 0n,
};

const brought: FetchedPartition = {
  ...topicPartition(1),
  error: undefined,
  from: 0n,
  leaderEpoch: 0,
  start: 0n,
  records: [{ ...topicPartition(1), offset: 0n, timestampMs: 0, key: null, value: null, headers: {} }],
  next: 1n,
};

const holding = (bytes: number): FetchedPartition => ({
  ...brought,
  records: brought.records.map((record) => ({ ...record, value: Buffer.alloc(bytes) })),
});

/** A broker that answers its first fetches, and parks the next. */
const answering = (...answers: (readonly FetchedPartition[])[]): ClusterLink => thenParking(answers);

const thenParking = (
  answers: (readonly FetchedPartition[])[],
  onNextFetch: () => void = () => undefined,
): ClusterLink => {
  const send = (): Promise<unknown> => {
    const next = answers.shift();
    if (next === undefined) onNextFetch();
    return next === undefined ? new Promise(() => undefined) : Promise.resolve(next);
  };
  return { send } as unknown as ClusterLink;
};

const options = {
  nodeId: 1,
  maxWaitMs: 500,
  maxBytes: 1_000,
  closing: new AbortController().signal,
  onFailure: () => Promise.resolve(),
  onSuccess: () => undefined,
  onOtherLeader: () => Promise.resolve(),
};

describe('FetchLoop', () => {
  it('hands on what other partitions brought before it deals with one that failed', async () => {
    const onRecords = jest.fn();
    const reader = { onRecords, isReading: () => true, isOwner: () => true };
    const cursors = [0, 1].map((at) => new PartitionCursor(topicPartition(at), 0n, reader));
    const onFailure = jest.fn(() => new Promise<void>(() => undefined));
    new FetchLoop(answering([failed, brought]), { ...options, wanted: () => cursors, onFailure });
    await turns();
    expect(onFailure).toHaveBeenCalledWith(failed.error, [cursors[0]], 1);
    expect(onRecords).toHaveBeenCalledWith(brought.records);
  });

  it('hands on nothing that another leader wrote behind what was read before that is looked at: it may lack some of it', async () => {
    const onRecords = jest.fn();
    const reader = { onRecords, isReading: () => true, isOwner: () => true };
    const [cursor, fresh] = [0, 0].map(() => new PartitionCursor(topicPartition(1), 0n, reader));
    cursor!.leaderEpoch = 4;
    const fetched = { ...brought, leaderEpoch: 5 };
    const onOtherLeader = jest.fn(() => new Promise<void>(() => undefined));
    new FetchLoop(answering([fetched], [fetched]), { ...options, wanted: () => [cursor!], onOtherLeader });
    await turns();
    expect(onOtherLeader).toHaveBeenCalledWith(cursor, fetched);
    expect([onRecords.mock.calls.length, cursor!.next]).toEqual([0, 0n]);

    new FetchLoop(answering([fetched]), { ...options, wanted: () => [fresh!], onOtherLeader });
    await turns();
    expect(onRecords).toHaveBeenCalledWith(brought.records);
  });

  it.each([
    ['behind the answer to a single call', 1_000, ['records', 'answer', 'fetch']],
    ['before anybody works on what 256 small calls make, or more', 15_000, ['records', 'fetch', 'answer']],
  ])('fetches again %s', async (_when, bytes, order) => {
    const marks: string[] = [];
    // What is sent while records are worked on leaves at the end of the turn.
    const onRecords = (): void => void (marks.push('records'), setImmediate(() => marks.push('answer')));
    const reader = { onRecords, isReading: () => true, isOwner: () => true };
    const cursor = new PartitionCursor(topicPartition(1), 0n, reader);
    const link = thenParking([[holding(bytes)]], () => marks.push('fetch'));
    new FetchLoop(link, { ...options, wanted: () => [cursor] });
    await turns();
    expect(marks).toEqual(order);
  });
});
