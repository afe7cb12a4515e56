import { setTimeout as delay } from 'node:timers/promises';
import {
  connectionError,
  protocolError,
  type GroupRequest,
  type PlayedCoordinator,
} from '../../../support/played-coordinator.js';
import { MemberBench, SESSION_MS } from '../../../support/member-bench.js';

jest.setTimeout(60_000);

/** Looks at something often. @returns whether it was ever so, when it is asked, which ends it. */
const observe = (check: () => boolean): (() => boolean) => {
  let wasSo = false;
  const timer = setInterval(() => (wasSo ||= check()), 5);
  return () => {
    clearInterval(timer);
    return wasSo;
  };
};

describe('the membership of a group', () => {
  let bench: MemberBench;
  let coordinator: PlayedCoordinator;

  beforeEach(() => {
    bench = new MemberBench();
    ({ coordinator } = bench);
  });

  afterEach(() => bench.member.close());

  const JOINING: readonly GroupRequest[] = [
    'FindCoordinator',
    'JoinGroup',
    'SyncGroup',
    'OffsetFetch',
    'ListOffsets',
  ];

  describe.each(JOINING)('when the connection breaks at the answer to %s', (request) => {
    it.each([1, 4])('%i times in its first join, reads all that it is given', async (times) => {
      coordinator.fail(request, times);
      await bench.member.join();
      expect(bench.reading).toEqual([0, 1, 2, 3]);
    });

    it.each([1, 5])('%i times in a later join, reads all that it is given', async (times) => {
      coordinator.share = bench.partitions(0);
      await bench.member.join();
      coordinator.fail(request, times);
      if (request === 'FindCoordinator') coordinator.fail('JoinGroup', 1);
      coordinator.share = bench.partitions(0, 1);
      bench.rebalance();
      await bench.until(() => expect(bench.reading).toEqual([0, 1]));
      await bench.until(() => expect(bench.lastEvent).toBe('connected'));
      expect(bench.told).toEqual(['assigned 0', 'assigned 1']);
    });
  });

  it.each([1, 6])('goes on when heartbeats are not answered %i times', async (times) => {
    await bench.member.join();
    coordinator.fail('Heartbeat', times);
    await bench.until(() => expect(coordinator.failures.get('Heartbeat')).toEqual([]));
    await bench.until(() => expect(bench.reading).toEqual([0, 1, 2, 3]));
    expect(bench.told).toEqual(['assigned 0 1 2 3']);
  });

  it('leaves in bounded time when the leave is not answered', async () => {
    await bench.member.join();
    coordinator.gates.set('LeaveGroup', new Promise(() => undefined));
    await bench.member.close();
    expect(coordinator.count('LeaveGroup')).toBe(1);
    expect(bench.reading).toEqual([]);
  });

  it('takes metadata that is too long for no trouble of its own: who commits is told, and commits less', async () => {
    await bench.member.join();
    coordinator.fail('OffsetCommit', 1, () => protocolError('OFFSET_METADATA_TOO_LARGE'));
    await expect(bench.commit(0)).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining('offset.metadata.max.bytes'),
    });
    await bench.commit(0);
    expect(bench.events.filter(({ type }) => type === 'crashed')).toEqual([]);
  });

  describe('without the right to its group', () => {
    const denied = (): Error => protocolError('GROUP_AUTHORIZATION_FAILED');

    it.each<GroupRequest>(['FindCoordinator', 'JoinGroup', 'SyncGroup', 'OffsetFetch'])(
      'fails at once when %s is refused in its first join',
      async (request) => {
        coordinator.fail(request, 100, denied);
        await expect(bench.member.join()).rejects.toMatchObject({ type: 'GROUP_AUTHORIZATION_FAILED' });
        expect(coordinator.count(request)).toBe(1);
      },
    );

    it('says so by an event that names the group and the time, and reads on once it has it again', async () => {
      await bench.member.join();
      coordinator.heartbeat = denied;
      await bench.until(() => expect(bench.lastEvent).toBe('crashed'));
      const [crashed] = bench.events.filter(({ type }) => type === 'crashed') as { error: Error }[];
      expect(crashed!.error).toMatchObject({
        status: 'PERMISSION_DENIED',
        message: expect.stringMatching(/group app.*[Ss]ince 2/),
      });
      await bench.until(() => expect(bench.reading).toEqual([]));

      coordinator.heartbeat = () => undefined;
      await bench.until(() => expect(bench.lastEvent).toBe('connected'));
      expect(bench.reading).toEqual([0, 1, 2, 3]);
    });

    it.each<GroupRequest>(['JoinGroup', 'OffsetFetch', 'SyncGroup'])(
      'says so when %s is refused in a later join, and goes on once it is not',
      async (request) => {
        coordinator.share = bench.partitions(0);
        await bench.member.join();
        coordinator.share = bench.partitions(0, 1);
        coordinator.fail(request, 1_000, denied);
        bench.rebalance();
        await bench.until(() => expect(bench.lastEvent).toBe('crashed'));
        coordinator.failures.delete(request);
        await bench.until(() => expect(bench.lastEvent).toBe('connected'));
        expect(bench.reading).toEqual([0, 1]);
      },
    );

    it('says so when commits are refused, and takes it back with the next one that is not', async () => {
      await bench.member.join();
      coordinator.fail('OffsetCommit', 1, () => protocolError('TOPIC_AUTHORIZATION_FAILED'));
      const commit = () => bench.commit(0);
      await expect(commit()).rejects.toMatchObject({
        status: 'PERMISSION_DENIED',
        message: expect.stringContaining(`commit ${coordinator.topic} for group app`) as string,
      });
      expect(bench.lastEvent).toBe('crashed');
      await commit();
      expect(bench.lastEvent).toBe('connected');
    });
  });

  it('tells of a coordinator that stays away only once that has lasted for a session', async () => {
    await bench.member.join();
    const startedAt = performance.now();
    coordinator.fail('Heartbeat', 1_000);
    await bench.until(() => expect(bench.lastEvent).toBe('crashed'));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(SESSION_MS);
    coordinator.failures.delete('Heartbeat');
    await bench.until(() => expect(bench.lastEvent).toBe('connected'));
  });

  describe('while heartbeats fail for longer than a session', () => {
    const REFUSED = (): Error => Object.assign(connectionError(), { code: 'ECONNREFUSED' });
    const LOADING = (): Error => protocolError('GROUP_LOAD_IN_PROGRESS');

    it.each([
      ['nobody listens at its coordinator', REFUSED],
      ['its coordinator is not ready', LOADING],
    ])('reads on when %s: its partitions cannot be given away', async (_, error) => {
      await bench.member.join();
      coordinator.heartbeat = error;
      const stoodStill = observe(() => bench.reading.length < 4);
      await delay(1.5 * SESSION_MS);
      expect(stoodStill()).toBe(false);
    });

    it('stands still after three sessions, and reads on once it is answered', async () => {
      await bench.member.join();
      const startedAt = performance.now();
      coordinator.heartbeat = REFUSED;
      await bench.until(() => expect(bench.reading).toEqual([]));
      expect(performance.now() - startedAt).toBeGreaterThan(2 * SESSION_MS);
      coordinator.heartbeat = () => undefined;
      await bench.until(() => expect(bench.reading).toEqual([0, 1, 2, 3]));
    });

    it('stands still when they are not answered: others may have been given its partitions', async () => {
      await bench.member.join();
      coordinator.fail('Heartbeat', 1_000, connectionError);
      await bench.until(() => expect(bench.reading).toEqual([]));
    });
  });

  it.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])(
    'loses all without a last chance when a heartbeat is answered with %s, and joins again',
    async (type) => {
      await bench.member.join();
      coordinator.fail('Heartbeat', 1, () => protocolError(type));
      await bench.until(() => expect(bench.told).toHaveLength(3));
      expect(bench.told).toEqual(['assigned 0 1 2 3', 'lost 0 1 2 3', 'assigned 0 1 2 3']);
      await bench.until(() => expect(bench.lastEvent).toBe('connected'));
    },
  );

  it('refuses commits once it is closed', async () => {
    await bench.member.join();
    await bench.member.close();
    await expect(bench.commit(0)).rejects.toMatchObject({
      status: 'UNAVAILABLE',
    });
  });

  it('closes while its join is not answered', async () => {
    coordinator.gates.set('JoinGroup', new Promise(() => undefined));
    const joining = bench.member.join();
    const failed = expect(joining).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    await bench.until(() => expect(coordinator.count('JoinGroup')).toBe(1));
    await bench.member.close();
    await failed;
  });

  it('fails its first join after bounded attempts when nobody can be reached', async () => {
    coordinator.fail('FindCoordinator', 1_000, connectionError);
    await expect(bench.member.join()).rejects.toThrow('Closed connection');
    expect(coordinator.count('FindCoordinator')).toBe(9);
  });
});
