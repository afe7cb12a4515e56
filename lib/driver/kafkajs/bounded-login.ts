import kafkajs from 'kafkajs';
import { sleep } from './backoff.js';

/** What is used of kafkajs' connection while it logs in. */
export interface LoggingIn {
  readonly broker: string;
  readonly connectionTimeout: number;
  /** Who waits for the answer to a request of the login; null when nobody does. */
  readonly authHandlers: { onError(): void } | null;
  sendAuthRequest: (request: object) => Promise<unknown>;
  rejectRequests: (error: Error) => void;
  disconnect(): Promise<unknown>;
}

/**
 * Has a login over SASL end, well or not. kafkajs waits for ever for an answer that a socket which failed, or a broker that is
 * silent, does not give, and with it everybody who needs the connection; and it goes on with a connection whose login was refused.
 */
export const boundLogin = (connection: LoggingIn): void => {
  const rejectRequests = connection.rejectRequests.bind(connection);
  connection.rejectRequests = (error) => {
    connection.authHandlers?.onError();
    rejectRequests(error);
  };
  const send = connection.sendAuthRequest.bind(connection);
  connection.sendAuthRequest = async (request) => {
    try {
      return await answerInTime(send(request), connection);
    } catch (error) {
      void connection.disconnect();
      throw error;
    }
  };
};

const answerInTime = async (answer: Promise<unknown>, connection: LoggingIn): Promise<unknown> => {
  const { connectionTimeout: limitMs, broker } = connection;
  const answered = new AbortController();
  answer.catch(() => undefined);
  const tooLate = sleep(limitMs, answered.signal).then(() => {
    // The next request of the login has others who wait.
    if (answered.signal.aborted) return;
    connection.authHandlers?.onError();
    throw new kafkajs.KafkaJSConnectionError(`No answer to the login within ${limitMs} ms`, { broker });
  });
  tooLate.catch(() => undefined);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    answered.abort();
  }
};
