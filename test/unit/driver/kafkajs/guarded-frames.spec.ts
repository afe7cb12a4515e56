import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { captureCluster } from '../../../../lib/driver/kafkajs/captured-cluster.js';
import { guardFrames } from '../../../../lib/driver/kafkajs/guarded-frames.js';
import type { ProtocolRequest } from '../../../../lib/driver/kafkajs/requests/protocol-request.js';
import { sendTo, type Connection } from '../../../../lib/driver/kafkajs/requests/send.js';
import { KafkaFrames } from '../../../support/kafka-frames.js';
import { until } from '../../../support/until.js';

const MAX_BYTES = 1_000;
const OVERHEAD_BYTES = 8;

/** Sends a number, and is answered with one. */
const numberRequest = (number: number): ProtocolRequest<number> => ({
  api: { apiKey: 0, apiVersion: 3, apiName: 'Produce' },
  maxBytes: 4,
  write: (writer) => writer.int32(number),
  read: (reader) => ({ throttleMs: 0, value: reader.int32() }),
});

const answerTo = (request: Buffer): Buffer => {
  const answer = Buffer.alloc(12);
  answer.writeInt32BE(OVERHEAD_BYTES, 0);
  request.copy(answer, 4, 8, 12); // the correlation id
  request.copy(answer, 8, request.length - 4); // the number
  return answer;
};

/** A connection of kafkajs, guarded, to a broker that answers each request with the bytes that the test makes of its answer. */
const connected = async (
  change: (answer: Buffer, count: number, socket: Socket) => Buffer = (answer) => answer,
) => {
  let count = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    const frames = new KafkaFrames();
    socket.on('data', (bytes: Buffer) => {
      for (const request of frames.add(bytes)) socket.write(change(answerTo(request), count++, socket));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING });
  const { pool } = await captureCluster(kafka).connectionPoolBuilder.build();
  const connection = pool[0]! as (typeof pool)[0] & Connection;
  const check = guardFrames(connection, MAX_BYTES);
  const broker = {
    connectionPool: {
      pool: [connection, connection],
      getConnection: async () => {
        await connection.connect();
        return connection;
      },
    },
    disconnect: async () => undefined,
  };
  return {
    connection,
    check,
    sockets,
    ask: (number: number) => sendTo(broker, numberRequest(number)),
    close: async () => {
      await connection.disconnect();
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
};

const sized = (answer: Buffer, size: number): Buffer => {
  answer.writeInt32BE(size);
  return answer;
};

describe('a connection whose bytes are damaged', () => {
  it.each<[string, (answer: Buffer) => Buffer]>([
    ['a size below zero', (answer) => sized(answer, -2_147_483_640)],
    ['a size of zero', (answer) => sized(answer, 0)],
    ['a size of gigabytes', (answer) => sized(answer, 0x4000_0008)],
    ['a size that is too small, and what is left is none', (answer) => sized(answer, 6)],
    ['the number of a request that was never made', (answer) => (answer.writeInt32BE(77, 4), answer)],
    ['a number below zero', (answer) => (answer.writeInt32BE(-1, 4), answer)],
  ])('by %s ends at once, and the next request is answered over another', async (_what, damage) => {
    const { ask, sockets, close } = await connected((answer, count) =>
      count === 1 ? damage(answer) : answer,
    );
    expect(await ask(1)).toBe(1);
    const startedAt = performance.now();
    await expect(ask(2)).rejects.toThrow();
    await ask(3).catch(() => ask(3));
    expect(await ask(4)).toBe(4);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(sockets.length).toBe(2);
    await close();
  });

  it('by an answer in the place of an earlier one ends, and neither is given to the wrong request', async () => {
    let first: Buffer;
    const { ask, connection, close } = await connected((answer, count) => {
      if (count === 1) first = answer;
      return count === 1 ? Buffer.alloc(0) : count === 2 ? Buffer.concat([answer, first]) : answer;
    });
    expect(await ask(1)).toBe(1);
    const both = [ask(2), (await sleep(20), ask(3))].map((asked) =>
      asked.catch((error: Error) => error.message),
    );
    expect(await Promise.all(both)).toEqual([
      expect.stringMatching('damaged'),
      expect.stringMatching('damaged'),
    ]);
    await until(() => !connection.isConnected());
    expect(await ask(4)).toBe(4);
    await close();
  });

  it('by an answer that stops in its middle ends after seconds, not with the time-out of the request', async () => {
    const { ask, check, close } = await connected((answer, count) =>
      count === 1 ? answer.subarray(0, 9) : answer,
    );
    expect(await ask(1)).toBe(1);
    const asked = ask(2).catch((error: Error) => error.message);
    const checks = setInterval(check, 100);
    expect(await asked).toMatch(/damaged: an answer came to 9 of 12 bytes and no further/);
    clearInterval(checks);
    expect(await ask(3)).toBe(3);
    await close();
  });

  it('begins anew without the bytes that came before, and hears the old socket no more', async () => {
    const { ask, connection, sockets, close } = await connected((answer, count, socket) => {
      if (count !== 1) return answer;
      // Half of it now, the rest when the client has connected anew.
      setTimeout(() => socket.write(answer.subarray(6)), 100);
      return answer.subarray(0, 6);
    });
    expect(await ask(1)).toBe(1);
    const lost = ask(2).catch(() => 'lost');
    await until(() => connection.bytesBuffered === 6);
    connection.rejectRequests(new Error('timed out'));
    await connection.disconnect();
    expect(await lost).toBe('lost');
    expect(await ask(3)).toBe(3);
    await sleep(150);
    expect(await ask(4)).toBe(4);
    expect(sockets.length).toBe(2);
    await close();
  });

  it('connects once for all who ask at the same time', async () => {
    const { ask, sockets, close } = await connected();
    expect(await Promise.all([ask(1), ask(2), ask(3)])).toEqual([1, 2, 3]);
    expect(sockets.length).toBe(1);
    await close();
  });
});
