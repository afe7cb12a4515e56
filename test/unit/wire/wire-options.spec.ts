import { KafkaRpcClient, KafkaRpcServer, type RpcError } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';

const SIDES = {
  client: (options: object) => new KafkaRpcClient({ service: 'sum', driver: memoryDriver(), ...options }),
  server: (options: object) => new KafkaRpcServer({ service: 'sum', driver: memoryDriver(), ...options }),
} as const;

const errorOf = (work: () => unknown): RpcError => {
  try {
    work();
  } catch (error) {
    return error as RpcError;
  }
  throw new Error('It was taken.');
};

describe.each(Object.entries(SIDES))('a %s', (_side, construct) => {
  it.each([
    ['createTopics', 'no', '"no"'],
    ['createTopics', 0, '0'],
    ['clientId', 7, '7'],
    ['clientId', '', '""'],
    ['replicationFactor', 0, '0'],
    ['topics', 'rpc', '"rpc"'],
    ['topics.prefix', 7, '7'],
    ['topics.requests', 'rpc.requests', '"rpc.requests"'],
    ['topics.replies', '', '""'],
    ['topics.replies', 'a b', '"a b"'],
  ])('refuses %s = %p at construction, naming it, what it got and what it wants', (name, value, got) => {
    const [option, part] = name.split('.') as [string, string?];
    const error = errorOf(() => construct({ [option]: part === undefined ? value : { [part]: value } }));
    expect(error).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(error.message).toContain(name);
    expect(error.message).toContain(got);
  });

  it.each([
    ['a space', 'my service'],
    ['letters of another alphabet', 'ключ'],
    ['250 letters', 'a'.repeat(250)],
  ])('refuses a service whose topic Kafka does not allow at construction: %s', (_what, service) => {
    expect(errorOf(() => construct({ service }))).toMatchObject({ status: 'INVALID_ARGUMENT' });
  });
});

describe('a server', () => {
  it('refuses a transportId that is no symbol at construction', () => {
    expect(errorOf(() => SIDES.server({ transportId: 'kafka' })).message).toContain('transportId');
  });

  it('refuses several services with the same request topic at construction', () => {
    const topics = { requests: () => 'rpc.all' };
    expect(errorOf(() => SIDES.server({ service: ['a', 'b'], topics }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
    });
  });

  it('refuses a group id that is no name of the group at construction', () => {
    expect(errorOf(() => SIDES.server({ groupId: () => '' })).message).toContain('groupId');
  });
});
