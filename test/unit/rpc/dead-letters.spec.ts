import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type {
  ConsumerRecord,
  DriverConnection,
  KafkaRpcServer,
  KafkaRpcServerOptions,
} from 'nestjs-kafka-rpc';
import { event, requestEnvelope } from '../../support/incoming-calls.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() data: number): number {
    return data;
  }

  @EventPattern<string>('sum.done')
  done(): void {
    return;
  }
}

const LETTERS = 'rpc.sum.dead-letters';

describe('a refused record', () => {
  let cluster: RpcCluster;
  let raw: DriverConnection;
  let letters: ConsumerRecord[];

  beforeEach(async () => {
    cluster = new RpcCluster();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    letters = [];
  });

  afterEach(() => cluster.close());

  const serve = async (options: Partial<KafkaRpcServerOptions> = {}): Promise<KafkaRpcServer> => {
    const deadLetter = { refused: true };
    const { server } = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 2, deadLetter, ...options },
    );
    return server;
  };

  const readLetters = async (): Promise<void> => {
    for (const partition of [0, 1]) {
      await raw.readPartition({ topic: LETTERS, partition, from: 0n }, (records) => letters.push(...records));
    }
  };

  const litter = (value: string): Promise<unknown> => {
    const headers = { who: Buffer.from('knows') };
    const record = {
      topic: 'rpc.sum.requests',
      partition: 1,
      key: Buffer.from('k'),
      value: Buffer.from(value),
      headers,
    };
    return raw.produce([record], { acks: -1 });
  };

  it('goes to the dead-letter topic as it came, with the reason', async () => {
    const server = await serve();
    await litter('garbage');
    await readLetters();
    await until(() => letters.length === 1);
    expect(letters[0]).toMatchObject({
      topic: LETTERS,
      partition: 1,
      key: Buffer.from('k'),
      value: Buffer.from('garbage'),
    });
    expect(Object.entries(letters[0]!.headers).map(([name, value]) => [name, String(value)])).toEqual([
      ['who', 'knows'],
      ['dead-letter-reason', 'not-ours'],
      ['dead-letter-topic', 'rpc.sum.requests'],
      ['dead-letter-partition', '1'],
      ['dead-letter-offset', '0'],
      ['dead-letter-timestamp-ms', expect.stringMatching(/^\d{13}$/) as string],
    ]);
    await until(() => server.counters.deadLetters === 1);
  });

  it('goes there once for all of its messages that cannot be read, while the others run', async () => {
    const server = await serve();
    const bad = Buffer.from('00000001ff', 'hex');
    const spoken = speak(
      requestEnvelope({ contentType: 'msgpack' }),
      event({ pattern: 'sum.done', payload: Buffer.from([7]) }),
    );
    const value = Buffer.concat([bad, spoken.value, bad, bad]);
    await raw.produce([{ ...spoken, topic: 'rpc.sum.requests', partition: 1, value }], { acks: -1 });
    await readLetters();
    await until(() => server.counters.eventsStarted === 1 && letters.length > 0);
    await turns();
    expect(letters).toMatchObject([{ partition: 1, value, headers: { rpc: spoken.headers.rpc } }]);
    expect(String(letters[0]!.headers['dead-letter-reason'])).toBe('message');
    expect(server.counters).toMatchObject({ messagesMalformed: 3, deadLetters: 1, recordsRefused: 0 });
  });

  it('of which a message was refused is not finished before its dead letter is, though the others ran', async () => {
    const first = await serve({ gracePeriodMs: 50 });
    const connection = first.unwrap<DriverConnection>();
    jest.spyOn(connection, 'produce').mockReturnValue(new Promise(() => undefined));
    const spoken = speak(
      requestEnvelope({ contentType: 'msgpack' }),
      event({ pattern: 'sum.done', payload: Buffer.from([7]) }),
    );
    const value = Buffer.concat([spoken.value, Buffer.from('00000001ff', 'hex')]);
    await raw.produce([{ ...spoken, topic: 'rpc.sum.requests', partition: 1, value }], { acks: -1 });
    await until(() => first.counters.eventsStarted === 1 && first.callsInHand === 0);
    await first.close();
    const second = await serve();
    await readLetters();
    await until(() => second.counters.deadLetters === 1 && letters.length === 1);
    await second.close();
    const third = await serve();
    await cluster.client().call('sum.add', 1);
    expect(third.counters.messagesMalformed).toBe(0);
  });

  it('is not finished before its dead letter is: another server writes it', async () => {
    const first = await serve({ gracePeriodMs: 50 });
    const connection = first.unwrap<DriverConnection>();
    jest.spyOn(connection, 'produce').mockReturnValue(new Promise(() => undefined));
    await litter('garbage');
    await until(() => first.counters.recordsRefused === 1);
    await first.close();
    await readLetters();
    expect(letters).toEqual([]);
    const second = await serve();
    await until(() => letters.length === 1);
    await until(() => second.counters.deadLetters === 1);
    await second.close();
    const third = await serve();
    await cluster.client().call('sum.add', 1);
    expect(third.counters.recordsRefused).toBe(0);
  });

  it('holds up no call behind it while its dead letter cannot be written', async () => {
    const server = await serve({ partitions: 1 });
    const connection = server.unwrap<DriverConnection>();
    const { produce } = connection;
    jest
      .spyOn(connection, 'produce')
      .mockImplementation((records, options) =>
        records.some(({ topic }) => topic === LETTERS)
          ? new Promise(() => undefined)
          : produce.call(connection, records, options),
      );
    await raw.produce([{ topic: 'rpc.sum.requests', partition: 0, value: Buffer.from('garbage') }], {
      acks: -1,
    });
    await until(() => server.counters.recordsRefused > 0);
    expect((await cluster.client().call('sum.add', 7)).value).toBe(7);
  });

  it('is only counted when nothing is said of dead letters', async () => {
    const server = await serve({ deadLetter: {} });
    await litter('garbage');
    await until(() => server.counters.recordsRefused === 1);
    await turns(3);
    expect(server.counters).toMatchObject({ deadLetters: 0, deadLettersLost: 0 });
    await expect(raw.partitionCount(LETTERS)).rejects.toThrow(LETTERS);
  });
});
