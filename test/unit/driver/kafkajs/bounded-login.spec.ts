import { boundLogin, type LoggingIn } from '../../../../lib/driver/kafkajs/bounded-login.js';
import { isHopeless, isRetriable } from '../../../../lib/driver/kafkajs/kafkajs-errors.js';

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
    send: async (): Promise<unknown> => undefined,
    authenticate: async (): Promise<void> => undefined,
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

/** An error of kafkajs. */
const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

describe('a login that fails', () => {
  /** As kafkajs logs in: whatever goes wrong becomes a refusal. */
  const logIn = (answer: () => Promise<unknown>) => {
    const connection: LoggingIn = {
      broker: 'kafka-1:9092',
      connectionTimeout: 60_000,
      authHandlers: null,
      sendAuthRequest: answer,
      send: answer,
      authenticate: async () => {
        try {
          await connection.send({});
        } catch (error) {
          const { message } = error as Error;
          throw named('KafkaJSSASLAuthenticationError', `SASL PLAIN authentication failed: ${message}`);
        }
      },
      rejectRequests: () => undefined,
      disconnect: async () => undefined,
    };
    boundLogin(connection);
    return connection;
  };
  const failure = (connection: LoggingIn): Promise<unknown> =>
    connection.authenticate().then(
      () => undefined,
      (error: unknown) => error,
    );
  const closed = () => named('KafkaJSConnectionClosedError', 'Closed connection');

  it('is tried again when its connection was lost', async () => {
    const error = await failure(logIn(() => Promise.reject(closed())));
    expect([isRetriable(error), isHopeless(error)]).toEqual([true, false]);
    expect((error as Error).message).toMatch(/lost during the login: Closed connection.*option sasl/);
  });

  it('is tried again when it had no answer in time', async () => {
    const late = named('KafkaJSRequestTimeoutError', 'Request SaslAuthenticate timed out');
    const error = await failure(logIn(() => Promise.reject(late)));
    expect([isRetriable(error), isHopeless(error)]).toEqual([true, false]);
  });

  it('is not tried again when it was refused', async () => {
    const refused = Object.assign(new Error('Authentication failed'), { type: 'SASL_AUTHENTICATION_FAILED' });
    const error = await failure(logIn(() => Promise.reject(refused)));
    expect([isRetriable(error), isHopeless(error)]).toEqual([false, true]);
  });

  it('is not tried again when it was refused, though the one before was lost', async () => {
    const answers = [
      () => Promise.reject(closed()),
      () => Promise.reject(new Error('Invalid server signature in server final message')),
    ];
    const connection = logIn(() => answers.shift()!());
    await failure(connection);
    expect(isHopeless(await failure(connection))).toBe(true);
  });

  it('says nothing of requests that fail outside of it', async () => {
    const connection = logIn(() => Promise.reject(closed()));
    await expect(connection.send({})).rejects.toThrow('Closed connection');
  });
});
