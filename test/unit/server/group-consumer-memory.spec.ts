import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Counters } from '../../../lib/diagnostics/counters.js';
import type { ConsumerRecord } from '../../../lib/driver/record.js';
import { GroupConsumer } from '../../../lib/server/group-consumer.js';
import { PartitionMoves } from '../../../lib/server/partition-moves.js';
import { PlayedGroup } from '../../support/group-members.js';
import { consumed } from '../../support/raw-records.js';
import { turns } from '../../support/until.js';

const PARTITION = { topic: 'rpc.sum.requests', partition: 0 };

describe('GroupConsumer', () => {
  it('lets go of the unfinished records of a partition that went to another', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const group = new PlayedGroup();
    const consumer = new GroupConsumer({
      groupId: 'rpc.sum',
      topics: [PARTITION.topic],
      sessionTimeoutMs: 6_000,
      commitIntervalMs: 200,
      commitMetadataBytes: 4_096,
      maxDeaths: 3,
      endOf: () => Promise.resolve(0n),
      log: { warn: () => undefined },
      counters: new Counters(),
      gate: { take: () => undefined, forget: (share) => share.close() },
      onRevoked: () => undefined,
      watch: { look: () => undefined },
      moves: new PartitionMoves({ hold: () => undefined, release: () => undefined }, () => []),
      onCommitError: () => undefined,
    });
    await consumer.join(group.connection());
    group.handler.onAssigned([{ ...PARTITION, position: 0n, metadata: '' }]);
    const read = (): WeakRef<ConsumerRecord> => {
      const record = consumed({ ...PARTITION, value: Buffer.alloc(100_000) });
      group.handler.onRecords([record]);
      return new WeakRef(record);
    };
    const record = read();
    group.handler.onRevoked([PARTITION]);
    await turns(2);
    collectGarbage();
    expect(record.deref()).toBeUndefined();
    await consumer.close();
  });
});
