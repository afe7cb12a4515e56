import { lastValueFrom, toArray } from 'rxjs';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';
import { math, MathController } from '../support/math-contract.js';

jest.setTimeout(60_000);

describe('a typed client of a contract, over Kafka', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    await cluster.serve({ controllers: [MathController] });
  });
  afterAll(() => cluster.close());

  it('calls, streams and emits, with data that is checked on both sides', async () => {
    const service = cluster.client().service(math);
    expect(await service.add({ a: 1, b: 2 })).toEqual({ sum: 3 });
    expect(await service.year('2026-11-28T00:00:00Z')).toBe(2026);
    expect(await lastValueFrom(service.upTo(500).pipe(toArray()))).toHaveLength(500);
    await service.added({ sum: 3 });
    await eventually(10_000, () => expect(MathController.heard).toEqual([{ sum: 3 }]));

    const unchecked = cluster.client();
    const refused = { status: 'INVALID_ARGUMENT', details: { issues: [{ path: 'a' }] } };
    await expect(service.add({ a: 'x' as never, b: 2 })).rejects.toMatchObject(refused);
    await expect(unchecked.call('math.add', { a: 'x', b: 2 })).rejects.toMatchObject({
      ...refused,
      origin: 'server',
    });
    await expect(service.wrong(undefined)).rejects.toMatchObject({ status: 'INTERNAL', origin: 'server' });
  });
});
