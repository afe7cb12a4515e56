import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { eventually } from '../../conformance/eventually.js';
import type { KafkaApi } from '../../support/kafka-api.js';
import { LiveCluster } from '../../support/live-cluster.js';

jest.setTimeout(120_000);

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

/** What a server asks on its way to its partitions, and once it has them. */
const JOINING: readonly KafkaApi[] = [
  'Metadata',
  'FindCoordinator',
  'JoinGroup',
  'SyncGroup',
  'OffsetFetch',
  'ListOffsets',
];
const RUNNING: readonly KafkaApi[] = ['Heartbeat', 'OffsetCommit', 'Fetch', 'Produce'];

/** A group has commits from its first assignment on: whoever comes later asks for no start of a log. */
const JOINING_A_GROUP = JOINING.filter((api) => api !== 'ListOffsets');

/** A member that has a coordinator, and partitions, asks for neither again. */
const REBALANCING = JOINING.filter((api) => !['Metadata', 'FindCoordinator', 'ListOffsets'].includes(api));

const CALLS = 16;
/** Long enough for a session to end and a group to be built anew; without an answer a call of the old code took for ever. */
const TIMEOUT_MS = 20_000;

describe('a connection that is cut in the place of one answer', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start({ proxied: true });
  });
  afterEach(() => cluster.network.calm());
  afterAll(() => cluster.close());

  const controllers = [EchoController];
  const serve = (service: string) => cluster.serve({ controllers }, { service });

  const answersOf = async (client: KafkaRpcClient): Promise<unknown[]> => {
    const calls = Array.from({ length: CALLS }, (_, i) => client.call('echo', i, { key: `key-${i}` }));
    return (await Promise.all(calls)).map(({ value }) => value);
  };
  const everyAnswer = Array.from({ length: CALLS }, (_, i) => i);

  it.each(JOINING)('to %s while the first server joins costs no call its answer', async (api) => {
    const service = cluster.newService('joining');
    const cut = cluster.network.cutAnswer(api);
    await serve(service);
    const client = cluster.client({ service, timeoutMs: TIMEOUT_MS });
    expect(await answersOf(client)).toEqual(everyAnswer);
    expect(cut.done).toBe(1);
  });

  it.each(JOINING_A_GROUP)('to %s while a second server joins costs no call its answer', async (api) => {
    const service = cluster.newService('two');
    await serve(service);
    const client = cluster.client({ service, timeoutMs: TIMEOUT_MS });
    await answersOf(client);
    const cut = cluster.network.cutAnswer(api);
    await serve(service);
    expect(await answersOf(client)).toEqual(everyAnswer);
    expect(cut.done).toBe(1);
  });

  it.each(REBALANCING)('to %s while the other server leaves costs no call its answer', async (api) => {
    const service = cluster.newService('left-alone');
    await serve(service);
    const other = await serve(service);
    const client = cluster.client({ service, timeoutMs: TIMEOUT_MS });
    await answersOf(client);
    const cut = cluster.network.cutAnswer(api);
    await other.app.close();
    expect(await answersOf(client)).toEqual(everyAnswer);
    expect(cut.done).toBe(1);
  });

  it.each(RUNNING)('to %s while a server runs costs no call its answer', async (api) => {
    const service = cluster.newService('running');
    const { server } = await serve(service);
    const statuses: string[] = [];
    server.status.subscribe((status) => statuses.push(status));
    const client = cluster.client({ service, timeoutMs: TIMEOUT_MS });
    await answersOf(client);
    const cut = cluster.network.cutAnswer(api);
    const calls = answersOf(client);
    await eventually(70_000, () => expect(cut.done).toBe(1));
    expect(await calls).toEqual(everyAnswer);
    expect(await answersOf(client)).toEqual(everyAnswer);
    await eventually(TIMEOUT_MS, () => expect(statuses.at(-1)).toBe('connected'));
  });
});
