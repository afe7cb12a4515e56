import { StateHistory } from '../../../lib/diagnostics/health.js';
import { ServerHealth, type ServerFigures } from '../../../lib/server/server-health.js';
import type { KafkaRpcServerState } from '../../../lib/server/server-state.js';

const STUCK_AFTER_MS = 1_000;

describe('ServerHealth', () => {
  let nowMs: number;
  let progress: number;
  let history: StateHistory<KafkaRpcServerState>;
  let watch: ServerHealth;

  beforeEach(() => {
    nowMs = 5_000;
    progress = 0;
    history = new StateHistory<KafkaRpcServerState>('stopped', 'not yet', () => nowMs);
    watch = new ServerHealth(
      history,
      () => progress,
      () => nowMs,
    );
  });

  const figures = (some: Partial<ServerFigures> = {}): ServerFigures => ({
    callsInHand: 0,
    runningHandlers: 0,
    abandonedHandlers: 0,
    assignedPartitions: 4,
    ...some,
  });
  const health = (some?: Partial<ServerFigures>) => watch.health(figures(some), STUCK_AFTER_MS);

  it.each([
    ['stopped', false],
    ['starting', false],
    ['connected', true],
    ['rebalancing', true],
    ['disconnected', false],
    ['crashed', false],
    ['closing', false],
  ] as const)('that is %s is live, and ready: %s', (state, isReady) => {
    history.enter(state, 'for a reason');
    expect(health()).toMatchObject({ state, reason: 'for a reason', isReady, isLive: true });
  });

  it('keeps since when a state is, while its reason changes', () => {
    history.enter('crashed', 'one');
    nowMs += 300;
    history.enter('crashed', 'another');
    expect(health()).toMatchObject({ since: new Date(5_000), reason: 'another' });
  });

  it('takes a rebalance that does not end for what it is', () => {
    history.enter('rebalancing');
    nowMs += 59_000;
    expect(health().isReady).toBe(true);
    nowMs += 2_000;
    expect(health()).toMatchObject({ isReady: false, isLive: true });
  });

  describe('of calls that wait while nothing gets on', () => {
    const full = { callsInHand: 5, runningHandlers: 2 };

    beforeEach(() => {
      history.enter('connected');
      health(full);
    });

    it('is not live after so long', () => {
      nowMs += 999;
      expect(health(full)).toMatchObject({ isLive: true, stuck: undefined });
      nowMs += 1;
      expect(health(full)).toMatchObject({ isLive: false, stuck: { queued: 3, sinceMs: 1_000 } });
    });

    it('is live when a handler has ended or started meanwhile', () => {
      nowMs += 900;
      progress += 1;
      health(full);
      nowMs += 900;
      expect(health(full).isLive).toBe(true);
    });

    it('is live when nothing waits: a handler may take its time', () => {
      nowMs += 60_000;
      expect(health({ callsInHand: 2, runningHandlers: 2 }).isLive).toBe(true);
    });
  });
});
