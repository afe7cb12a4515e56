import { KafkaRpcServer, RpcError, type KafkaRpcServerOptions } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { resolveServerOptions } from '../../../lib/server/server-options.js';
import { WRONG_WIRE_OPTIONS, type WrongOption } from '../../support/wrong-options.js';

const construct = (options: object): KafkaRpcServer =>
  new KafkaRpcServer({ service: 'sum', driver: memoryDriver(), ...options } as KafkaRpcServerOptions);

const errorOf = (options: object): RpcError => {
  try {
    construct(options);
  } catch (error) {
    return error as RpcError;
  }
  throw new Error('It was taken.');
};

const wrong = (name: string, value: unknown, got: string): WrongOption => ({ name, value, got });

describe('the options of a server', () => {
  it.each([
    ...WRONG_WIRE_OPTIONS,
    wrong('service', undefined, 'undefined'),
    wrong('service', '', '""'),
    wrong('service', 7, '7'),
    wrong('service', [], 'an array of 0'),
    wrong('service', ['a', 'a'], 'an array of 2'),
    wrong('service', ['a', 7], '7'),
    wrong('groupId', '', '""'),
    wrong('groupId', 7, '7'),
    wrong('concurrency', 0, '0'),
    wrong('concurrency', 1.5, '1.5'),
    wrong('concurrency', '8', '"8"'),
    wrong('concurrency', NaN, 'NaN'),
    wrong('maxQueued', 0, '0'),
    wrong('commitIntervalMs', 0, '0'),
    wrong('commitIntervalMs', 60_001, '60001'),
    wrong('gracePeriodMs', -1, '-1'),
    wrong('sessionTimeoutMs', 99, '99'),
    wrong('gracePeriodMs', 2 ** 31, '2147483648'),
    wrong('gracePeriodMs', Infinity, 'Infinity'),
    wrong('gracePeriodMs', '1000', '"1000"'),
    wrong('sessionTimeoutMs', 2 ** 31, '2147483648'),
    wrong('sessionTimeoutMs', NaN, 'NaN'),
    wrong('groupId', 'g'.repeat(0x8000), `"${'g'.repeat(0x8000)}"`),
    wrong('groupId', () => '', '""'),
    wrong('groupId', () => 7, '7'),
    wrong('topics', { deadLetters: () => 'rpc.sum.requests' }, '"rpc.sum.requests"'),
    wrong('topics', { deadLetters: () => 'rpc.replies' }, '"rpc.replies"'),
  ])(
    'refuse $name = $got at construction, naming it, what it got and what it wants',
    ({ name, value, got }) => {
      const error = errorOf({ [name]: value });
      expect(error).toMatchObject({ status: 'INVALID_ARGUMENT' });
      expect(error.message).toContain(`Option "${name}`);
      expect(error.message).toContain(`is ${got}`);
      expect(error.message).toContain('it must be ');
    },
  );

  it('refuse a name that is none, and tell those there are', () => {
    const error = errorOf({ conccurrency: 8 });
    expect(error.message).toContain('KafkaRpcServer has no option "conccurrency"');
    expect(error.message).toContain('concurrency');
  });

  it('refuse one groupId for several services', () => {
    expect(errorOf({ service: ['a', 'b'], groupId: 'one' }).message).toContain('Option "groupId"');
  });

  it('are resolved once: every default is there, and nothing can change them', () => {
    const options = resolveServerOptions({ service: 'sum', driver: memoryDriver() });
    expect(options).toMatchObject({
      services: ['sum'],
      concurrency: 128,
      maxQueued: 16_384,
      commitIntervalMs: 200,
      gracePeriodMs: 10_000,
      sessionTimeoutMs: 6_000,
      partitions: 8,
      replyPartitions: 32,
      replicationFactor: -1,
      createTopics: true,
      acks: -1,
      maxRecordBytes: 1_000_000,
      clientId: 'nestjs-kafka-rpc',
    });
    expect(options.groupId('sum')).toBe('rpc.sum');
    expect(Object.isFrozen(options)).toBe(true);
  });

  it('refuse dead letters that go to the requests of any of the services', () => {
    const deadLetters = (service: string): string => (service === 'a' ? 'rpc.b.requests' : 'letters-of-b');
    const options = { service: ['a', 'b'], topics: { deadLetters } };
    expect(errorOf(options).message).toContain('Option "topics.deadLetters" is "rpc.b.requests"');
    expect(errorOf({ ...options, deadLetter: { refused: true } }).message).toContain('topics.deadLetters');
    const same = { requests: (service: string) => service, deadLetters: (service: string) => service };
    expect(errorOf({ topics: same, deadLetter: { refused: true } }).message).toContain('topics.deadLetters');
  });

  it('take the longest that a timer can wait', () => {
    const longest = {
      gracePeriodMs: 2 ** 31 - 1,
      sessionTimeoutMs: 2 ** 31 - 1,
      stageTimeoutMs: 2 ** 31 - 1,
    };
    expect(resolveServerOptions({ service: 'sum', driver: memoryDriver(), ...longest })).toMatchObject(
      longest,
    );
  });

  it('ask a function for a group once', () => {
    let group = 0;
    const driver = memoryDriver();
    const { groupId } = resolveServerOptions({ service: 'a', driver, groupId: () => `g${++group}` });
    expect([groupId('a'), groupId('a')]).toEqual(['g1', 'g1']);
  });

  it('name the groups', () => {
    const driver = memoryDriver();
    expect(resolveServerOptions({ service: 'a', driver, groupId: 'mine' }).groupId('a')).toBe('mine');
    const groupId = (service: string): string => `of-${service}`;
    expect(resolveServerOptions({ service: ['a', 'b'], driver, groupId }).groupId('b')).toBe('of-b');
  });
});
