import { boundLogin, type LoggingIn } from '../../../../lib/driver/kafkajs/bounded-login.js';

/** A connection of kafkajs in the middle of a login: who waits is answered by the test. */
const loggingIn = (connectionTimeout = 60_000) => {
  const waiting: { resolve: (answer: unknown) => void }[] = [];
  const rejected: Error[] = [];
  let disconnects = 0;
  const connection = {
    broker: 'kafka-1:9092',
    connectionTimeout,
    authHandlers: null as { onError(): void } | null,
    sendAuthRequest: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve });
        connection.authHandlers = { onError: () => reject(new Error('closed')) };
      }),
    rejectRequests: (error: Error) => void rejected.push(error),
    disconnect: async () => void (disconnects += 1),
  };
  const bound: LoggingIn = connection;
  boundLogin(bound);
  return { connection: bound, waiting, rejected, disconnects: () => disconnects };
};

describe('a login', () => {
  it('ends when its socket fails, and its connection is not used again', async () => {
    const { connection, disconnects, rejected } = loggingIn();
    const answer = connection.sendAuthRequest({});
    connection.rejectRequests(new Error('reset'));
    await expect(answer).rejects.toThrow('closed');
    expect([disconnects(), rejected.length]).toEqual([1, 1]);
  });

  it('ends when the broker is silent', async () => {
    const { connection } = loggingIn(10);
    await expect(connection.sendAuthRequest({})).rejects.toThrow();
  });

  it('harms no later request when an earlier one was answered', async () => {
    const { connection, waiting } = loggingIn(20);
    const first = connection.sendAuthRequest({});
    waiting[0]!.resolve('first');
    await expect(first).resolves.toBe('first');
    const second = connection.sendAuthRequest({});
    await Promise.resolve();
    waiting[1]!.resolve('second');
    await expect(second).resolves.toBe('second');
  });
});
