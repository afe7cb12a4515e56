import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { kafkajsDriver } from '../../../../lib/driver/kafkajs/kafkajs-driver.js';

const silent = (): void => undefined;
const LOG = { debug: silent, info: silent, warn: silent, error: silent };

/** The classes of kafkajs of which objects are adapted here; an app's own clients have objects of the same classes. */
const CLASSES = [
  'kafkajs/src/network/requestQueue/index.js',
  'kafkajs/src/network/connection.js',
  'kafkajs/src/network/connectionPool.js',
  'kafkajs/src/cluster/index.js',
  'kafkajs/src/cluster/brokerPool.js',
  'kafkajs/src/broker/index.js',
] as const;

const membersOf = (file: string): Record<string, unknown> => {
  const { prototype } = jest.requireActual<{ readonly prototype: object }>(file);
  const all = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  return Object.fromEntries(all.map(([name, { value, get }]) => [name, (value ?? get) as unknown]));
};

describe('kafkajs beside this driver', () => {
  let server: Server;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    server = createServer((socket) => void sockets.push(socket.on('error', silent).resume()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it("is as it was for an app's own clients while this one is connected", async () => {
    const before = CLASSES.map(membersOf);
    const end = new AbortController();
    const { port } = server.address() as AddressInfo;
    const connecting = kafkajsDriver({ brokers: [`127.0.0.1:${port}`] }).connect({
      clientId: 'ours',
      log: LOG,
      onEvent: silent,
      signal: end.signal,
    });
    connecting.catch(silent);
    await once(server, 'connection');

    CLASSES.forEach((file, i) => {
      const members = membersOf(file);
      expect(Object.keys(members)).toEqual(Object.keys(before[i]!));
      for (const [name, member] of Object.entries(members)) expect(member).toBe(before[i]![name]);
    });
    end.abort();
    await expect(connecting).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });
});
