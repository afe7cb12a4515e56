import kafkajs from 'kafkajs';
import { sleep } from './backoff.js';
import { isConnectionFailure } from './kafkajs-errors.js';

/** What is used of kafkajs' connection while it logs in. */
export interface LoggingIn {
  readonly broker: string;
  readonly connectionTimeout: number;
  /** Who waits for the answer to a request of the login; null when nobody does. */
  readonly authHandlers: { onError(): void } | null;
  sendAuthRequest: (request: object) => Promise<unknown>;
  /** A request of any kind, of logins too where the broker has one for that. */
  send: (request: object) => Promise<unknown>;
  authenticate: () => Promise<void>;
  rejectRequests: (error: Error) => void;
  disconnect(): Promise<unknown>;
}

/**
 * Has a login over SASL end, well or not. kafkajs waits for ever for an answer that a socket which failed, or a broker that is
 * silent, does not give, and with it everybody who needs the connection; it goes on with a connection whose login was refused; and it
 * takes a connection that is lost in the middle for a refusal.
 */
export const boundLogin = (connection: LoggingIn): void => {
  endLogins(connection);
  tellLosses(connection);
};

const endLogins = (connection: LoggingIn): void => {
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

/** kafkajs' ways to log in know one failure. What they made it of is kept here, and given back where the connection was the reason. */
const tellLosses = (connection: LoggingIn): void => {
  const { broker } = connection;
  const authenticate = connection.authenticate.bind(connection);
  const send = connection.send.bind(connection);
  const sendAuthRequest = connection.sendAuthRequest.bind(connection);
  let logins = 0;
  let lost: Error | undefined;
  const noting = async (answer: Promise<unknown>): Promise<unknown> => {
    try {
      return await answer;
    } catch (error) {
      if (isConnectionFailure(error)) lost = error as Error;
      throw error;
    }
  };
  connection.send = (request) => (logins === 0 ? send(request) : noting(send(request)));
  connection.sendAuthRequest = (request) => noting(sendAuthRequest(request));
  connection.authenticate = async () => {
    if (logins === 0) lost = undefined;
    logins += 1;
    try {
      await authenticate();
    } catch (error) {
      throw lost === undefined ? error : loginLost(lost, broker);
    } finally {
      logins -= 1;
    }
  };
};

/** Some brokers close the connection for a wrong password, and say no more. */
const loginLost = ({ message }: Error, broker: string): Error =>
  new kafkajs.KafkaJSConnectionError(
    `The connection was lost during the login: ${message}. If it always is, check the option sasl`,
    { broker },
  );

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
