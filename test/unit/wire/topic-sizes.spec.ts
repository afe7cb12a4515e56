import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { replyTopicSpec, requestTopicSpec, resolveWireOptions } from '../../../lib/wire/wire-options.js';
import { connectRaw } from '../../support/raw-records.js';

describe('the size of records', () => {
  const optionsWith = (maxRecordBytes: number) =>
    resolveWireOptions({ driver: memoryDriver(), maxRecordBytes });

  it('fits the topics that are made for it, which are never smaller than as Kafka makes them', () => {
    const sizeOf = (maxRecordBytes: number): number =>
      Number(requestTopicSpec('t', optionsWith(maxRecordBytes)).config['max.message.bytes']);
    expect(sizeOf(5_000_000)).toBeGreaterThan(5_000_000);
    expect(sizeOf(2_000)).toBe(1_048_588);
  });

  it('that does not fit a topic which exists is refused, with both numbers', async () => {
    const options = optionsWith(50_000);
    const connection = await connectRaw(options.driver);
    const spec = replyTopicSpec(options);
    const small = { ...spec, config: { ...spec.config, 'max.message.bytes': '20000' } };
    await connection.ensureTopics([{ ...small, atLeast: {} }], { create: true });

    const refusal = await connection.ensureTopics([spec], { create: true }).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ status: 'FAILED_PRECONDITION' });
    for (const part of ['20000', '50000', 'max.message.bytes', 'maxRecordBytes'])
      expect(String(refusal)).toContain(part);
    await connection.close();
  });
});
