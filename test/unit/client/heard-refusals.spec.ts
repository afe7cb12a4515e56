import { HeardRefusals } from '../../../lib/client/heard-refusals.js';
import { PendingCalls } from '../../../lib/client/pending-calls.js';
import type { ServiceState } from '../../../lib/client/service-state.js';
import { channels } from '../../../lib/diagnostics/channels.js';
import { Counters } from '../../../lib/diagnostics/counters.js';
import { RateLimitedLog } from '../../../lib/diagnostics/rate-limited-log.js';
import { encodeRefusal, type RefusalMessage } from '../../../lib/protocol/refusal-notice.js';
import { SERVER_ID } from '../../support/incoming-calls.js';
import { RecordedCall } from '../../support/recorded-calls.js';

const TOPIC = 'rpc.sum.requests';

const notice = (parts: Partial<RefusalMessage> = {}): Buffer =>
  encodeRefusal({
    code: 'not-authentic',
    topic: TOPIC,
    serverStages: 'a',
    stage: 'a',
    keyId: 'k1',
    ...parts,
  });

describe('HeardRefusals', () => {
  let calls: PendingCalls;
  let counters: Counters;
  let lines: string[];
  let lastSeq: number;
  let heard: HeardRefusals;
  let service: ServiceState;

  beforeEach(() => {
    jest.useFakeTimers();
    counters = new Counters();
    calls = new PendingCalls(100, () => undefined);
    lines = [];
    lastSeq = 0;
    const log = new RateLimitedLog<never>((line) => lines.push(line)) as never;
    heard = new HeardRefusals({ calls, counters, log, stages: 'b', lastSeq: () => lastSeq, graceMs: 250 });
    service = heard.stateOf(TOPIC);
  });

  afterEach(() => {
    heard.close();
    jest.useRealTimers();
  });

  const send = (to = service): RecordedCall => {
    lastSeq += 1;
    const sent = new RecordedCall({ seq: lastSeq, serviceState: to }, (call) => calls.remove(call));
    calls.add(sent.call, 10_000);
    return sent;
  };

  it('end the calls sent before a notice when the grace is over, and no others', () => {
    const [before, other] = [send(), send(heard.stateOf('rpc.other.requests'))];
    heard.onNotice(notice(), SERVER_ID);
    const after = send();
    jest.advanceTimersByTime(249);
    expect(before.heard).toEqual([]);
    jest.advanceTimersByTime(1);
    expect([before.heard, after.heard, other.heard]).toEqual([['FAILED_PRECONDITION'], [], []]);
  });

  it('begin a grace for calls sent meanwhile with the next notice', () => {
    const first = send();
    heard.onNotice(notice(), SERVER_ID);
    const second = send();
    for (let i = 0; i < 1_000; i++) heard.onNotice(notice(), SERVER_ID);
    // Both calls share a timer for their deadlines.
    expect(jest.getTimerCount()).toBe(2);
    jest.advanceTimersByTime(250);
    expect([first.heard, second.heard]).toEqual([['FAILED_PRECONDITION'], []]);
    jest.advanceTimersByTime(250);
    expect(second.heard).toEqual(['FAILED_PRECONDITION']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('end nothing once a server answered, before the notice or within the grace', () => {
    const call = send();
    heard.onNotice(notice(), SERVER_ID);
    service.markAnswered();
    jest.advanceTimersByTime(1_000);
    heard.onNotice(notice(), SERVER_ID);
    jest.advanceTimersByTime(1_000);
    expect(call.heard).toEqual([]);
  });

  it('take an answer that comes too late for one', () => {
    send();
    heard.onNotice(notice(), SERVER_ID);
    jest.advanceTimersByTime(250);
    heard.onLateReply(99);
    expect(service.isAnswered).toBe(false);
    heard.onLateReply(1);
    expect(service.isAnswered).toBe(true);
  });

  it('are published and logged fit to be shown, whatever they say', () => {
    const published: unknown[] = [];
    const hear = (message: unknown): void => void published.push(message);
    channels.refusalNotice.subscribe(hear);
    heard.onNotice(
      notice({ stage: `x\n${'y'.repeat(3_000)}`, serverStages: 'z'.repeat(3_000), keyId: 'k 1' }),
      SERVER_ID,
    );
    channels.refusalNotice.unsubscribe(hear);
    expect(published).toMatchObject([{ topic: TOPIC, reason: 'not-authentic', serverId: '02'.repeat(16) }]);
    expect(published[0]).not.toHaveProperty('keyId');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/its stage "x\?y+…" finds them not authentic, with no key id that it can read/);
    expect(lines[0]!.length).toBeLessThan(600);
  });

  it('leave no timer behind when the connection closes', () => {
    heard.onNotice(notice(), SERVER_ID);
    heard.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
