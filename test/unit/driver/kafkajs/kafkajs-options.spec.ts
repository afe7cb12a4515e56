import { kafkajsDriver } from '../../../../lib/driver/kafkajs/kafkajs-driver.js';
import {
  resolveKafkajsOptions,
  type KafkajsDriverOptions,
} from '../../../../lib/driver/kafkajs/kafkajs-options.js';
import { RpcStatus } from '../../../../lib/errors/status.js';

const brokers = ['localhost:9092'];

const refused = (wrong: object, name: string): void => {
  const resolve = (): unknown => resolveKafkajsOptions({ brokers, ...wrong } as KafkajsDriverOptions);
  expect(resolve).toThrow(
    expect.objectContaining({
      status: RpcStatus.INVALID_ARGUMENT,
      message: expect.stringContaining(name),
    }),
  );
};

describe('the options of kafkajsDriver', () => {
  it('are complete and frozen once resolved', () => {
    const options = resolveKafkajsOptions({ brokers });

    expect(Object.isFrozen(options)).toBe(true);
    expect(Object.isFrozen(options.brokers)).toBe(true);
    expect(options.requestTimeoutMs).toBeGreaterThan(options.maxWaitMs);
  });

  it('do not follow later changes of the array that was given', () => {
    const given = [...brokers];
    const options = resolveKafkajsOptions({ brokers: given });

    given.push('other:9092');

    expect(options.brokers).toEqual(brokers);
  });

  it.each([
    [undefined],
    ['localhost:9092'],
    [[]],
    [[42]],
    [['']],
    [['localhost']],
    [[':9092']],
    [['localhost:']],
    [['localhost:0']],
    [['localhost:65536']],
    [['localhost:9092x']],
  ])('refuse %p as brokers', (wrong) => {
    refused({ brokers: wrong }, 'brokers');
  });

  it.each([
    ['connectionTimeoutMs', 0],
    ['requestTimeoutMs', 1.5],
    ['maxWaitMs', '250'],
    ['maxFetchBytes', -1],
    ['retries', Number.NaN],
    ['connectionTimeoutMs', 2 ** 31],
    ['requestTimeoutMs', 2 ** 31],
    ['requestTimeoutMs', Infinity],
    ['maxWaitMs', 2 ** 31],
    ['metadataMaxAgeMs', 2 ** 31],
    ['maxFetchBytes', 4 * 1024 ** 3],
    ['maxFetchBytes', 2 ** 31],
  ])('refuse a wrong %s', (name, wrong) => {
    refused({ [name]: wrong }, name);
  });

  it('take the largest that Kafka and timers take', () => {
    const largest = {
      maxFetchBytes: 2 ** 31 - 1,
      connectionTimeoutMs: 2 ** 31 - 1,
      requestTimeoutMs: 2 ** 31 - 1,
    };
    expect(resolveKafkajsOptions({ brokers: ['[::1]:9092', 'a:65535'], ...largest })).toMatchObject(largest);
  });

  it('refuse a request timeout within which a parked fetch is not answered', () => {
    refused({ maxWaitMs: 1_000, requestTimeoutMs: 1_000 }, 'requestTimeoutMs');
  });

  it('refuse a name that is misspelt, at construction', () => {
    const misspelt = { brokers, requestTimeout: 1 } as unknown as KafkajsDriverOptions;

    expect(() => kafkajsDriver(misspelt)).toThrow(/requestTimeout/);
  });

  it('never show a secret in an error', () => {
    const wrong = { brokers, maxWaitMs: { password: 'hunter2' } } as unknown as KafkajsDriverOptions;
    let message = '';

    try {
      kafkajsDriver(wrong);
    } catch (error) {
      message = String(error);
    }

    expect(message).toContain('maxWaitMs');
    expect(message).not.toContain('hunter2');
  });
});
