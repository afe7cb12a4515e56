import type { ClusterLink } from '../../../../lib/driver/kafkajs/cluster-link.js';
import { KeptTopics } from '../../../../lib/driver/kafkajs/kept-topics.js';
import type { TopicChange } from '../../../../lib/driver/kafkajs/topic-metadata.js';

const TOPIC = 'rpc.replies';
const spec = { topic: TOPIC, partitions: 2, replicationFactor: 1, config: {}, required: [] };

/** A cluster whose topic may be gone, and what was done about it. */
const played = () => {
  const missing = Object.assign(new Error('unknown'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
  const state = { isThere: true, failures: 0, attempts: 0, warnings: [] as string[] };
  let tell: (change: TopicChange) => void = () => undefined;
  const link = {
    onTopicChange: (listener: typeof tell) => (tell = listener),
    lookUp: async () => new Map(state.isThere ? [] : [[TOPIC, missing]]),
  } as unknown as ClusterLink;
  const closing = new AbortController();
  const kept = new KeptTopics(link, {
    make: async () => {
      state.attempts += 1;
      if (state.attempts <= state.failures) throw new Error('no right to');
      state.isThere = true;
    },
    closing: closing.signal,
    log: { warn: (line: string) => state.warnings.push(line) } as never,
  });
  const disappear = (): void => {
    state.isThere = false;
    tell({ type: 'deleted', topic: TOPIC });
  };
  return { state, kept, closing, disappear };
};

describe('topics that a connection may create', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('are created again when they are still gone after 5 s', async () => {
    const { state, kept, disappear } = played();
    kept.keep(spec);
    disappear();
    await jest.advanceTimersByTimeAsync(4_999);
    expect(state.attempts).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(state).toMatchObject({ attempts: 1, isThere: true });
    expect(state.warnings).toEqual([
      expect.stringContaining(`Topic ${TOPIC} had been deleted: created it again`),
    ]);
  });

  it('are left to whoever makes them anew before', async () => {
    const { state, kept, disappear } = played();
    kept.keep(spec);
    disappear();
    await jest.advanceTimersByTimeAsync(1_000);
    state.isThere = true;
    await jest.advanceTimersByTimeAsync(600_000);
    expect(state.attempts).toBe(0);
  });

  it('are tried seldom while it fails, and once however often it is told', async () => {
    const { state, kept, disappear } = played();
    state.failures = 4;
    kept.keep(spec);
    disappear();
    disappear();
    await jest.advanceTimersByTimeAsync(35_000);
    expect(state.attempts).toBe(3);
    await jest.advanceTimersByTimeAsync(600_000);
    expect(state).toMatchObject({ attempts: 5, isThere: true });
    expect(state.warnings[0]).toContain('no right to. Tried again until it works.');
  });

  it('are left alone once the connection is closed, and those that it may not create always', async () => {
    const { state, kept, closing, disappear } = played();
    disappear();
    await jest.advanceTimersByTimeAsync(600_000);
    kept.keep(spec);
    disappear();
    closing.abort();
    await jest.advanceTimersByTimeAsync(600_000);
    expect(state.attempts).toBe(0);
  });
});
