import { encryption, KafkaRpcDeadLetters, keyring, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { FailingEvents } from '../support/failing-events.js';
import { GroupView } from '../support/group-view.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

const EVENTS = 120;
const FOR_EVER = 1_000_000;
const ROUNDS = 3;

describe('events that fail, on a broker', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('run as often as they should while servers come and go, and what fails for good is kept and sent again', async () => {
    const events = new FailingEvents();
    const ring = keyring({ current: 'k1', keys: { k1: Buffer.alloc(32, 1) } });
    const stages = { interceptors: [encryption({ keyring: ring })] };
    const options = {
      ...stages,
      partitions: 4,
      retry: { attempts: 4, backoffMs: 200 },
      deadLetter: { failed: true },
    };
    const serve = async (): Promise<KafkaRpcServer> => {
      const { server } = await cluster.serve({ controllers: [events.controller()] }, options);
      return server;
    };
    const client = cluster.client(stages);
    let server = await serve();
    const names = Array.from({ length: EVENTS }, (_, i) => `e${i}`);
    names.forEach((name, i) => {
      client.emit('thrown', { name, fails: 2 }, i % 3 === 0 ? { key: `k${i % 5}` } : {});
    });
    client.emit('thrown', { name: 'hopeless', fails: FOR_EVER });
    client.emit('thrown', { name: 'later' }, { delayMs: 4_000 });
    const fromMs = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      const { length } = events.runs;
      await eventually(20_000, () => expect(events.runs.length).toBeGreaterThan(length));
      const next = serve();
      await server.close();
      server = await next;
    }
    await eventually(60_000, () => expect(names.filter((name) => events.of(name).length < 3)).toEqual([]));
    expect(names.filter((name) => events.of(name).length > 3)).toEqual([]);
    await eventually(20_000, () => expect(events.of('later')).toEqual(['later#1']));
    expect(performance.now() - fromMs).toBeGreaterThanOrEqual(3_900);

    const letters = new KafkaRpcDeadLetters({ service: cluster.service, driver: cluster.driver, ...stages });
    cluster.onClose(() => letters.close());
    await eventually(20_000, async () => {
      const found = [];
      for await (const letter of letters.list()) found.push(letter);
      expect(found).toMatchObject([{ reason: 'failed', event: { attempts: 4, data: { name: 'hopeless' } } }]);
    });
    expect(await letters.redrive()).toMatchObject({ matched: 1, redriven: 1 });
    await eventually(20_000, () => expect(events.of('hopeless').slice(4)).toContain('hopeless#4'));
    await eventually(20_000, async () =>
      expect(await letters.purge()).toMatchObject({ matched: 1, purged: 1 }),
    );
    const group = await GroupView.open(cluster.kafka.brokers, cluster.service);
    cluster.onClose(() => group.close());
    await eventually(20_000, async () => expect(await group.lag()).toBe(0));
  });
});
