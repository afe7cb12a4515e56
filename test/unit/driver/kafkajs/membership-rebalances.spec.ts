import { decodeSubscription, EAGER, COOPERATIVE } from '../../../../lib/driver/kafkajs/group-protocol.js';
import { deferred } from '../../../support/deferred.js';
import { MemberBench, numbersOf } from '../../../support/member-bench.js';
import { protocolError, type PlayedCoordinator } from '../../../support/played-coordinator.js';

jest.setTimeout(60_000);

describe('a member of a group', () => {
  let bench: MemberBench;
  let coordinator: PlayedCoordinator;

  beforeEach(() => {
    bench = new MemberBench();
    ({ coordinator } = bench);
  });

  afterEach(() => bench.member.close());

  describe('in an incremental rebalance', () => {
    it('reads on all it has while the others join', async () => {
      await bench.member.join();
      const joined = deferred();
      coordinator.gates.set('JoinGroup', joined.promise);
      bench.rebalance();
      await bench.until(() => expect(coordinator.count('JoinGroup')).toBe(2));
      const heartbeats = coordinator.count('Heartbeat');
      await bench.until(() => expect(coordinator.count('Heartbeat')).toBeGreaterThan(heartbeats + 12));
      expect(bench.reading).toEqual([0, 1, 2, 3]);
      await bench.commit(0);
      coordinator.gates.delete('JoinGroup');
      joined.resolve();
      await bench.until(() => expect(bench.lastEvent).toBe('connected'));
      expect(bench.told).toEqual(['assigned 0 1 2 3']);
    });

    it('finishes what moves, reads the rest meanwhile, and says when it joins again that it has no more', async () => {
      coordinator.share = bench.partitions(0, 1, 2, 3);
      await bench.member.join();
      const finished = deferred();
      bench.onRevoking = () => finished.promise;
      coordinator.share = bench.partitions(0, 1);
      bench.rebalance();
      await bench.until(() => expect(bench.told).toContain('revoking 2 3'));
      expect(bench.reading).toEqual([0, 1]);
      expect(numbersOf(bench.member.assignment)).toEqual([0, 1, 2, 3]);
      await bench.commit(3);
      expect(coordinator.count('JoinGroup')).toBe(2);

      finished.resolve();
      await bench.until(() => expect(coordinator.count('JoinGroup')).toBe(3));
      expect(bench.told).toEqual(['assigned 0 1 2 3', 'revoking 2 3', 'revoked 2 3']);
      const [{ metadata }] = coordinator.lastJoin()['groupProtocols'] as [{ metadata: Buffer }];
      expect(decodeSubscription(COOPERATIVE, metadata)).toMatchObject({
        owned: bench.partitions(0, 1),
        isReading: true,
        generationId: 2,
      });
      await expect(bench.commit(3)).rejects.toMatchObject({
        status: 'ABORTED',
      });
    });

    it('looks for another answer when the coordinator has forgotten of its join', async () => {
      await bench.member.join();
      coordinator.gates.set('JoinGroup', new Promise(() => undefined));
      bench.rebalance();
      await bench.until(() => expect(coordinator.count('JoinGroup')).toBe(2));
      coordinator.heartbeat = () => protocolError('ILLEGAL_GENERATION');
      await bench.until(() => expect(coordinator.endedJoins).toBeGreaterThan(0));
    });
  });

  it('stands still in a group with members of the version before, and keeps what stays its own', async () => {
    coordinator.protocol = EAGER;
    coordinator.share = bench.partitions(0, 1);
    await bench.member.join();
    const finished = deferred();
    bench.onRevoking = () => finished.promise;
    coordinator.share = bench.partitions(1, 2);
    bench.rebalance();
    await bench.until(() => expect(bench.told).toContain('revoking 0 1'));
    expect(bench.reading).toEqual([]);
    expect(coordinator.count('JoinGroup')).toBe(1);
    finished.resolve();
    await bench.until(() => expect(bench.reading).toEqual([1, 2]));
    expect(bench.told).toEqual(['assigned 0 1', 'revoking 0 1', 'revoked 0', 'retained 1', 'assigned 2']);
  });

  it('is incremental from the rebalance on in which the last member of the version before is gone', async () => {
    coordinator.protocol = EAGER;
    coordinator.share = bench.partitions(0);
    await bench.member.join();
    coordinator.protocol = COOPERATIVE;
    bench.rebalance();
    await bench.until(() => expect(bench.told).toContain('retained 0'));
    bench.told.splice(0);
    coordinator.share = bench.partitions(0, 1);
    bench.rebalance();
    await bench.until(() => expect(bench.reading).toEqual([0, 1]));
    expect(bench.told).toEqual(['assigned 1']);
  });

  it('signs a commit with the generation in which it owned the partition, however late it leaves', async () => {
    coordinator.share = bench.partitions(0);
    await bench.member.join();
    const found = deferred();
    coordinator.fail('Heartbeat', 1);
    await bench.until(() => expect(coordinator.failures.get('Heartbeat')).toEqual([]));
    coordinator.gates.set('FindCoordinator', found.promise);
    const commit = bench.commit(0);
    const before = coordinator.generation;
    coordinator.generation += 5;
    coordinator.gates.delete('FindCoordinator');
    found.resolve();
    await commit;
    const { body } = coordinator.asked.findLast(({ request }) => request === 'OffsetCommit')!;
    expect(body['groupGenerationId']).toBe(before);
  });

  it('commits where it starts to read a partition of which there is no commit', async () => {
    coordinator.share = bench.partitions(0, 1);
    await bench.member.join();
    await bench.until(() => expect(coordinator.count('OffsetCommit')).toBe(1));
    const { body } = coordinator.asked.find(({ request }) => request === 'OffsetCommit')!;
    expect(body['topics']).toEqual([
      {
        topic: coordinator.topic,
        partitions: [0, 1].map((partition) => ({ partition, offset: '0', metadata: '' })),
      },
    ]);
  });

  it('has the group share out again when its topic has more partitions than the leader knew', async () => {
    await bench.member.join();
    coordinator.partitions = 6;
    await bench.until(() => expect(bench.reading).toEqual([0, 1, 2, 3, 4, 5]));
    expect(coordinator.count('JoinGroup')).toBe(2);
  });

  it('shares out also when a topic of other members cannot be looked up', async () => {
    coordinator.lookUpFails = true;
    await bench.member.join();
    expect(bench.reading).toEqual([0, 1, 2, 3]);
  });
});
