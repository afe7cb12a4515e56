import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { msgpack, type KafkaDriver } from 'nestjs-kafka-rpc';
import { ENVELOPE_HEADER } from '../../../lib/protocol/envelope.js';
import { deferred } from '../../support/deferred.js';
import { PlayedGroup } from '../../support/group-members.js';
import { event, requestEnvelope } from '../../support/incoming-calls.js';
import { speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const MIB = 1024 * 1024;
const TOPIC = 'rpc.sum.requests';
const FETCHES = 60;

describe('what a server keeps of fetches of a megabyte each', () => {
  const gate = deferred();
  let cluster: RpcCluster;
  let group: PlayedGroup;
  let started: number;

  @Controller()
  class SumController {
    @EventPattern('quick')
    quick(@Payload() _data: unknown): void {
      started += 1;
    }

    @EventPattern('slow')
    async slow(@Payload() _data: unknown): Promise<void> {
      started += 1;
      await gate.promise;
    }
  }

  const collectGarbage = (): void => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  };

  const keptBytes = async (): Promise<number> => {
    for (let i = 0; i < 3; i++) {
      await turns(5);
      collectGarbage();
    }
    return process.memoryUsage().arrayBuffers;
  };

  beforeEach(async () => {
    started = 0;
    cluster = new RpcCluster();
    group = new PlayedGroup();
    const driver: KafkaDriver = {
      name: 'played',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        connection.joinGroup = group.connection().joinGroup;
        return connection;
      },
    };
    await cluster.serve({ controllers: [SumController] }, { driver, gracePeriodMs: 0 });
    group.handler.onAssigned([{ topic: TOPIC, partition: 0, position: 0n, metadata: '' }]);
  });

  afterEach(() => cluster.close());

  /** All of a record is a piece of one buffer, as a driver reads it. */
  const fetch = (number: number, pattern: string): void => {
    const sender = Buffer.alloc(16);
    sender.writeUInt32BE(number + 1);
    const spoken = speak(
      requestEnvelope({ contentType: 'msgpack', sender }),
      event({
        seq: number + 1,
        pattern,
        payload: msgpack().serialize({ number }),
        key: Buffer.from(`${number}`),
      }),
    );
    const fetched = Buffer.alloc(MIB);
    let end = 0;
    const piece = (bytes: Buffer): Buffer => {
      bytes.copy(fetched, end);
      end += bytes.length;
      return fetched.subarray(end - bytes.length, end);
    };
    const value = piece(spoken.value);
    const headers = { [ENVELOPE_HEADER]: piece(spoken.headers[ENVELOPE_HEADER]!) };
    const place = { topic: TOPIC, partition: 0, offset: BigInt(number), timestampMs: Date.now() };
    group.handler.onRecords([{ ...place, key: null, value, headers }]);
  };

  it.each([
    ['callers that are gone', 'quick'],
    ['calls that run for long', 'slow'],
  ])('is little for %s', async (_what, pattern) => {
    const before = await keptBytes();
    for (let number = 0; number < FETCHES; number++) fetch(number, pattern);
    await until(() => started === FETCHES);
    expect((await keptBytes()) - before).toBeLessThan(8 * MIB);
  });
});
