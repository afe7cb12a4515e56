import type { KafkaRpcContext } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';
import { ThreeServices } from '../support/three-services.js';

jest.setTimeout(120_000);

describe('three services that call each other', () => {
  let cluster: LiveCluster;
  let services: ThreeServices;
  let atBack: KafkaRpcContext[];

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    const names = new Map<string, string>();
    services = new ThreeServices(cluster, { timeoutMs: 30_000 }, (name) => {
      const known = names.get(name) ?? cluster.newService(name);
      names.set(name, known);
      return known;
    });
    await services.serve();
  });
  afterAll(() => cluster.close());

  beforeEach(() => {
    atBack = [];
    services.does.back = (_data, context) => {
      atBack.push(context);
      return new Promise((resolve) => context.signal.addEventListener('abort', () => resolve(undefined)));
    };
  });

  it('pass the deadline of the first call on: the last has less time than the first', async () => {
    services.does.back = (_data, context) => context.getDeadline()! - context.getTimestamp();
    const { value } = await services.front.call<number>('front', 0, { timeoutMs: 5_000 });
    expect(value).toBeLessThanOrEqual(4_960);
    expect(value).toBeGreaterThan(0);
  });

  it('end together at that deadline', async () => {
    await expect(services.front.call('front', 0, { timeoutMs: 2_000 })).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
    });
    expect(atBack).toHaveLength(1);
    await eventually(5_000, () => expect(atBack[0]!.signal.aborted).toBe(true));
    await eventually(5_000, () =>
      expect([services.middle.openCalls, services.back.openCalls]).toEqual([0, 0]),
    );
  });

  it('end together when the caller cancels', async () => {
    const calling = services.front.send('front', 0).subscribe({ error: () => undefined });
    await eventually(20_000, () => expect(atBack).toHaveLength(1));
    expect(atBack[0]!.signal.aborted).toBe(false);
    calling.unsubscribe();
    await eventually(5_000, () => expect(atBack[0]!.signal.aborted).toBe(true));
    expect(atBack[0]!.signal.reason).toMatchObject({ status: 'CANCELLED' });
    expect([services.middle.openCalls, services.back.openCalls]).toEqual([0, 0]);
  });
});
