import { Controller, Logger } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const boom = (): never => {
  throw new Error('boom');
};

const boomUntouchable = (): never => {
  const untouchable = (): never => boom();
  throw new Proxy(new Error(), { get: untouchable, getPrototypeOf: untouchable });
};

type StartHook = Parameters<KafkaRpcServer['setOnProcessingStartHook']>[0];
type EndHook = Parameters<KafkaRpcServer['setOnProcessingEndHook']>[0];

describe('a processing hook', () => {
  let runs = 0;
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  @Controller()
  class SumController {
    @MessagePattern('sum')
    sum(): number {
      return (runs += 1);
    }

    @EventPattern('done')
    done(@Payload() _data: unknown): void {
      runs += 1;
    }
  }

  const serve = async (start: StartHook, end: EndHook = () => undefined): Promise<void> => {
    cluster = new RpcCluster();
    ({ server } = await cluster.serve(
      { controllers: [SumController] },
      {
        concurrency: 1,
        prepare: (_app, strategy) => {
          strategy.setOnProcessingStartHook(start);
          strategy.setOnProcessingEndHook(end);
        },
      },
    ));
    client = cluster.client({ timeoutMs: 2_000 });
  };

  beforeEach(() => (runs = 0));

  afterEach(() => cluster.close());

  it.each<[string, StartHook]>([
    ['throws', boom],
    ['rejects', async () => boom()],
    ['throws what cannot be looked at', boomUntouchable],
    ['rejects with what cannot be looked at', async () => boomUntouchable()],
  ])('that %s before its handler starts fails the call, masked, and no other', async (_what, start) => {
    let isFirst = true;
    await serve((transport, context, done) => {
      if (!isFirst) return done();
      isFirst = false;
      return start(transport, context, done);
    });
    await expect(client.call('sum', {})).rejects.toMatchObject({
      status: 'INTERNAL',
      message: 'Internal server error',
    });
    expect((await client.call('sum', {})).value).toBe(1);
  });

  it.each<[string, StartHook, EndHook]>([
    [
      'the start hook throws behind it',
      async (_transport, _context, done) => {
        await done();
        boom();
      },
      () => undefined,
    ],
    ['the end hook throws', (_transport, _context, done) => done(), boom],
    ['the end hook rejects', (_transport, _context, done) => done(), async () => boom()],
    [
      'the end hook never settles',
      (_transport, _context, done) => done(),
      () => new Promise(() => undefined),
    ],
    [
      'the start hook never settles',
      (_transport, _context, done) => {
        void done();
        return new Promise(() => undefined);
      },
      () => undefined,
    ],
  ])('does not keep a handler from being answered: %s', async (_what, start, end) => {
    await serve(start, end);
    expect((await client.call('sum', {})).value).toBe(1);
    expect((await client.call('sum', {})).value).toBe(2);
    await turns();
    await until(() => server.callsInHand === 0);
  });

  it('that calls its handler twice has it run once', async () => {
    await serve(async (_transport, _context, done) => {
      await Promise.all([done(), done()]);
    });
    expect((await client.call('sum', {})).value).toBe(1);
    await turns();
    expect(runs).toBe(1);
  });

  it('that never lets its handler start holds no place beyond the deadline, and starts none later', async () => {
    const starts: (() => unknown)[] = [];
    await serve((_transport, _context, done) => {
      if (starts.length > 0) return done();
      starts.push(done);
      return new Promise(() => undefined);
    });
    await expect(client.call('sum', {}, { timeoutMs: 50 })).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
    });
    expect((await client.call('sum', {})).value).toBe(1);
    starts[0]!();
    await turns();
    expect(runs).toBe(1);
  });

  it('that fails has its error in the log, for events too', async () => {
    const lines: unknown[] = [];
    await serve(boom);
    Logger.overrideLogger({
      log: () => undefined,
      warn: () => undefined,
      error: (line: unknown) => lines.push(line),
    });
    try {
      await lastValueFrom(client.emit('done', {}));
      await until(() => server.counters.eventsFailed === 1);
      await expect(client.call('sum', {})).rejects.toThrow('Internal server error');
      expect(lines).toEqual([expect.stringContaining('boom'), expect.stringContaining('boom')]);
    } finally {
      Logger.overrideLogger(false);
    }
  });

  it('hears a transport id though none was given, and the server has all handlers', async () => {
    const ids: unknown[] = [];
    await serve(
      (transport, _context, done) => {
        ids.push(transport);
        return done();
      },
      (transport) => void ids.push(transport),
    );
    await client.call('sum', {});
    expect(ids.map((id) => typeof id)).toEqual(['symbol', 'symbol']);
    expect(ids[0]).toBe(ids[1]);
  });
});
