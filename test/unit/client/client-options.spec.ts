import { KafkaRpcClient, type KafkaRpcClientOptions, type RpcError } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { resolveConnectionOptions, resolveServiceOptions } from '../../../lib/client/client-options.js';
import { WRONG_WIRE_OPTIONS } from '../../support/wrong-options.js';

const errorOf = (options: object): RpcError => {
  try {
    new KafkaRpcClient({ service: 'sum', driver: memoryDriver(), ...options } as KafkaRpcClientOptions);
  } catch (error) {
    return error as RpcError;
  }
  throw new Error('It was taken.');
};

describe('the options of a client', () => {
  it.each([
    ...WRONG_WIRE_OPTIONS,
    { name: 'service', value: undefined, got: 'undefined' },
    { name: 'service', value: '', got: '""' },
    { name: 'service', value: ['sum'], got: 'an array of 1' },
    { name: 'timeoutMs', value: 0, got: '0' },
    { name: 'timeoutMs', value: 2 ** 31, got: '2147483648' },
    { name: 'timeoutMs', value: '5s', got: '"5s"' },
    { name: 'headers', value: { a: 1 }, got: 'an object (a)' },
    { name: 'headers', value: 'a', got: '"a"' },
    { name: 'maxOpenCalls', value: 0, got: '0' },
    { name: 'maxOpenCalls', value: Infinity, got: 'Infinity' },
    { name: 'maxOpenCallsPerPattern', value: 0, got: '0' },
    { name: 'retry', value: 3, got: '3' },
    { name: 'retry', value: { attempts: 0 }, got: '0' },
    { name: 'retry', value: { attempts: '3' }, got: '"3"' },
    { name: 'retry', value: { backoffMs: -1 }, got: '-1' },
    { name: 'retry', value: { backoffMs: 100, maxBackoffMs: 10 }, got: '10' },
    { name: 'retry', value: { jitter: 1.5 }, got: '1.5' },
    { name: 'retry', value: { on: 'ABORTED' }, got: '"ABORTED"' },
    { name: 'retry', value: { statuses: ['GONE'] }, got: 'an array of 1' },
    { name: 'retryBudget', value: 10, got: '10' },
    { name: 'retryBudget', value: { maxTokens: 0 }, got: '0' },
    { name: 'retryBudget', value: { tokenRatio: -1 }, got: '-1' },
    { name: 'patterns', value: [], got: 'an array of 0' },
    { name: 'patterns', value: { get: true }, got: 'true' },
    { name: 'patterns', value: { get: { maxOpenCalls: 0 } }, got: '0' },
    { name: 'patterns', value: { get: { idempotent: 'yes' } }, got: '"yes"' },
    { name: 'patterns', value: { get: { retry: { attempts: -1 } } }, got: '-1' },
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
    const { message } = errorOf({ timeout: 5 });
    expect(message).toContain('KafkaRpcClient has no option "timeout"');
    expect(message).toContain('timeoutMs');
  });

  it('show no content of an object that is wrong: it may hold a secret', () => {
    expect(errorOf({ driver: { password: 'secret' } }).message).not.toContain('secret');
  });

  it('are resolved once: every default is there, and nothing can change them', () => {
    const connection = resolveConnectionOptions({ driver: memoryDriver() });
    const service = resolveServiceOptions({ service: 'sum', headers: { a: 'b' } });
    expect(connection).toMatchObject({ maxOpenCalls: 10_000, acks: -1, clientId: 'nestjs-kafka-rpc' });
    expect(connection.topics.requests('sum')).toBe('rpc.sum.requests');
    expect(service).toEqual({
      service: 'sum',
      timeoutMs: 10_000,
      whenNoServer: 'wait',
      headers: { a: 'b' },
      detached: false,
      retryBudget: { maxTokens: 100, tokenRatio: 0.1 },
      patterns: new Map(),
    });
    expect([connection, service, service.headers].every(Object.isFrozen)).toBe(true);
  });

  it('do no I/O', () => {
    const connect = jest.fn();
    new KafkaRpcClient({ service: 'sum', driver: { name: 'never', connect } });
    expect(connect).not.toHaveBeenCalled();
  });
});
