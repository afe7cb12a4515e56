import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultyNetwork } from '../../support/faulty-network.js';
import { KAFKA_API, type KafkaApi } from '../../support/kafka-api.js';
import { seededRandom } from '../../support/seeded-random.js';
import { turns, until } from '../../support/until.js';

/** A request or an answer of Kafka's protocol without a body. */
const frame = (...numbers: readonly { readonly bytes: 2 | 4; readonly value: number }[]): Buffer => {
  const body = Buffer.concat(
    numbers.map(({ bytes, value }) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeIntBE(value, 0, bytes);
      return buffer;
    }),
  );
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
};

const request = (api: KafkaApi, correlationId: number): Buffer =>
  frame({ bytes: 2, value: KAFKA_API[api] }, { bytes: 2, value: 0 }, { bytes: 4, value: correlationId });

/** A broker that answers each request with its correlation id. */
class EchoBroker {
  readonly asked: number[] = [];
  private readonly server: Server = createServer((socket) => this.serve(socket));

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
  }

  private serve(socket: Socket): void {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += 12) {
        const correlationId = bytes.readInt32BE(at + 8);
        this.asked.push(correlationId);
        socket.write(frame({ bytes: 4, value: correlationId }));
      }
    });
  }
}

/** A client that notes what it is answered. */
class Caller {
  readonly answers: number[] = [];
  end: 'open' | 'ended' | 'reset' = 'open';
  private readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at += 8) this.answers.push(bytes.readInt32BE(at + 4));
    });
    this.socket.on('error', ({ message }) => (this.end = message.includes('ECONNRESET') ? 'reset' : 'ended'));
    this.socket.on('end', () => (this.end = 'ended'));
  }

  ask(api: KafkaApi, correlationId: number): void {
    this.socket.write(request(api, correlationId));
  }

  close(): void {
    this.socket.destroy();
  }
}

describe('a faulty network', () => {
  let broker: EchoBroker;
  let network: FaultyNetwork;
  let callers: Caller[];
  let address: string;

  beforeEach(async () => {
    broker = new EchoBroker();
    callers = [];
    address = await broker.start();
    network = await FaultyNetwork.before([address]);
  });
  afterEach(async () => {
    callers.forEach((caller) => caller.close());
    await network.close();
    broker.close();
  });

  const caller = (): Caller => {
    const made = new Caller(network.proxies[0]!.port);
    callers.push(made);
    return made;
  };

  it('passes all requests and answers in their order while it is calm', async () => {
    const { answers, ask } = bound(caller());
    for (let i = 1; i <= 100; i++) ask('Produce', i);
    await until(() => answers.length === 100);
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  it('delays both ways, and keeps the order when the delay ends', async () => {
    const { answers, ask } = bound(caller());
    network.delayMs = 50;
    const startedAt = performance.now();
    ask('Produce', 1);
    await until(() => broker.asked.length === 1);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(49);
    network.delayMs = 0;
    ask('Produce', 2);
    await until(() => answers.length === 2);
    expect(answers).toEqual([1, 2]);
  });

  it('cuts the connection in the place of one answer, which the broker has given', async () => {
    const rule = network.cutAnswer('SyncGroup');
    const first = caller();
    first.ask('JoinGroup', 1);
    await until(() => first.answers.length === 1);
    first.ask('SyncGroup', 2);
    await until(() => first.end === 'reset');
    expect([broker.asked, first.answers, rule.done]).toEqual([[1, 2], [1], 1]);

    const second = caller();
    second.ask('SyncGroup', 3);
    await until(() => second.answers.length === 1);
    expect(rule.done).toBe(1);
  });

  it('lets so many answers pass before it cuts one', async () => {
    const rule = network.cutAnswer('Fetch', { passing: 2 });
    const cut = caller();
    for (const id of [1, 2]) {
      cut.ask('Fetch', id);
      await until(() => cut.answers.length === id);
    }
    cut.ask('Fetch', 3);
    await until(() => cut.end === 'reset');
    expect([cut.answers, rule.done]).toEqual([[1, 2], 1]);
  });

  it('swallows an answer, and the connection goes on', async () => {
    const rule = network.add({ api: 'Produce', way: 'answer', fate: () => 'swallow' });
    const { answers, ask } = bound(caller());
    ask('Produce', 1);
    ask('Fetch', 2);
    await until(() => answers.length === 1);
    expect(answers).toEqual([2]);
    expect(rule.done).toBe(1);
    rule.end();
    ask('Produce', 3);
    await until(() => answers.length === 2);
  });

  it('cuts a request before the broker sees it', async () => {
    network.add({ api: 'Produce', way: 'request', fate: () => 'cut' });
    const cut = caller();
    cut.ask('Produce', 1);
    await until(() => cut.end === 'reset');
    expect(broker.asked).toEqual([]);
  });

  it('loses about one in so many, the same ones for the same seed', async () => {
    const lost = async (seed: number): Promise<number[]> => {
      network.loseOneIn(5, { api: 'Produce', way: 'answer', fate: 'swallow', random: seededRandom(seed) });
      const { answers, ask } = bound(caller());
      for (let i = 1; i <= 200; i++) ask('Produce', i);
      ask('Metadata', 201);
      await until(() => answers.at(-1) === 201);
      network.calm();
      return answers;
    };
    const answered = await lost(7);
    expect(answered.length).toBeGreaterThan(120);
    expect(answered.length).toBeLessThan(190);
    expect(await lost(7)).toEqual(answered);
  });

  it('resets all connections, counts them, and takes new ones', async () => {
    const [one, two] = [caller(), caller()];
    one.ask('Produce', 1);
    two.ask('Produce', 2);
    await until(() => one.answers.length + two.answers.length === 2);
    expect(network.reset()).toBe(2);
    await until(() => one.end === 'reset' && two.end === 'reset');
    const { answers, ask } = bound(caller());
    ask('Produce', 3);
    await until(() => answers.length === 1);
    expect(network.resets).toBe(2);
  });

  it('holds what is sent in silence, and delivers it when it is released', async () => {
    const { answers, ask } = bound(caller());
    ask('Produce', 1);
    await until(() => answers.length === 1);
    network.proxies[0]!.hold();
    ask('Produce', 2);
    const late = bound(caller());
    late.ask('Produce', 3);
    await turns();
    expect(broker.asked).toEqual([1]);
    network.proxies[0]!.release();
    await until(() => answers.length === 2 && late.answers.length === 1);
  });

  it('refuses connections until it accepts them again', async () => {
    network.proxies[0]!.refuse();
    const refused = caller();
    await until(() => refused.end === 'reset');
    network.proxies[0]!.accept();
    const { answers, ask } = bound(caller());
    ask('Produce', 1);
    await until(() => answers.length === 1);
  });

  it('leads to its proxy whoever asks its socketFactory for the broker, and to none for a stranger', async () => {
    const [host, port] = address.split(':') as [string, string];
    const socket = network.socketFactory({ host, port: Number(port), onConnect: () => undefined });
    await until(() => network.proxies[0]!.openConnections === 1);
    socket.destroy();
    expect(() => network.socketFactory({ host, port: 1, onConnect: () => undefined })).toThrow(
      'There is no proxy before 127.0.0.1:1.',
    );
  });
});

const bound = (caller: Caller) => ({ answers: caller.answers, ask: caller.ask.bind(caller) });
