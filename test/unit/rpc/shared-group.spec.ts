import { Controller, Logger } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { eventually } from '../../conformance/eventually.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

@Controller()
class OtherController {
  @MessagePattern('other')
  other(@Payload() data: unknown): unknown {
    return data;
  }
}

const CALLS = 16;

describe('a group that is shared', () => {
  let cluster: RpcCluster;
  let lines: string[];

  beforeEach(() => {
    cluster = new RpcCluster();
    lines = [];
  });
  afterEach(async () => {
    await cluster.close();
    Logger.overrideLogger(false);
  });

  const groupId = (): string => 'app';
  const silent = (): void => undefined;
  const prepare = (): void =>
    Logger.overrideLogger({ log: silent, error: silent, warn: (line: string) => lines.push(line) });
  const serve = (service: string | string[], controllers: (new () => object)[] = [EchoController]) =>
    cluster.serve({ controllers }, { service, groupId, prepare });
  const answersOf = async (service: string): Promise<unknown[]> => {
    const client = cluster.client({ service, timeoutMs: 2_000 });
    const calls = Array.from({ length: CALLS }, (_, i) => client.call('echo', i, { key: `key-${i}` }));
    return (await Promise.all(calls)).map(({ value }) => value);
  };
  const everyAnswer = Array.from({ length: CALLS }, (_, i) => i);

  it('by two services of one server serves both', async () => {
    await serve(['one', 'two']);
    expect(await answersOf('one')).toEqual(everyAnswer);
    expect(await answersOf('two')).toEqual(everyAnswer);
  });

  it('by servers of different services serves all of them, whoever comes and goes', async () => {
    await serve(['one', 'two']);
    await serve('one');
    const three = await serve('three');
    for (const service of ['one', 'two', 'three']) expect(await answersOf(service)).toEqual(everyAnswer);
    await three.app.close();
    for (const service of ['one', 'two']) expect(await answersOf(service)).toEqual(everyAnswer);
  });

  it('by servers with different handlers for one service has one of them warn, once', async () => {
    await serve('one');
    await serve('one', [OtherController]);
    await eventually(2_000, () => expect(lines).toHaveLength(1));
    expect(lines[0]).toMatch(/different handlers.*"echo".*"other"/s);
  });

  it('by more servers than there are partitions has the idle one say so', async () => {
    for (let servers = 0; servers < 2; servers++)
      await cluster.serve(
        { controllers: [EchoController] },
        { service: 'one', groupId, partitions: 1, prepare },
      );
    await eventually(2_000, () => expect(lines).toHaveLength(1));
    expect(lines[0]).toMatch(/2 servers for 1 partitions/);
  });
});
