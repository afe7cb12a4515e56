import type { RefusedRecord } from '../../diagnostics/channels.js';
import type { Counters } from '../../diagnostics/counters.js';
import type { RefusalReason } from '../../diagnostics/refusal-reasons.js';
import type { DriverConnection } from '../../driver/driver.js';
import type { ProducerRecord } from '../../driver/record.js';
import { encodeEnvelope, ENVELOPE_HEADER } from '../../protocol/envelope.js';
import { encodeRefusal, MAX_REFUSAL_BYTES, type RefusalCode } from '../../protocol/refusal-notice.js';
import type { RefusedRequest } from '../request-intake.js';

export interface RefusalNoticesParts {
  readonly id: Buffer;
  readonly driver: Pick<DriverConnection, 'produce'>;
  /** This server's own, joined by `+`. */
  readonly stages: string;
  readonly counters: Counters;
  /** A clock that does not go back. */
  readonly nowMs?: () => number;
}

/** Of one sender. */
const INTERVAL_MS = 1_000;
/** Of all senders in such an interval. */
const MAX_PER_INTERVAL = 50;
/** Timers of Node may ring a little early. */
const NEXT_LOOK_MS = INTERVAL_MS + 5;
/** Senders that are remembered, and senders that wait. */
const MAX_SENDERS = 1_024;

/** What may be told: which of these it was, is not. */
const NOT_AUTHENTIC: ReadonlySet<RefusalReason> = new Set([
  'structure',
  'unknown-key',
  'other-key',
  'mismatch',
] as const);

/**
 * Tells clients whose settings do not fit that their records are refused: what stages this server has, or which stage
 * refused and what key id the record named (docs/decisions/0007-a-refusal-is-told-without-proof.md).
 *
 * At most one notice per sender and second, and 50 per second in all; what is refused meanwhile is told when its time has
 * come. So no flood of refused records grows on its way through here. Nothing waits for a notice.
 */
export class RefusalNotices {
  private readonly sentAtMs = new Map<string, number>();
  private readonly waiting = new Map<string, ProducerRecord>();
  private intervalAtMs = -Infinity;
  private sentInInterval = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: RefusalNoticesParts) {}

  /** Tells the sender, if that is of use to it and nothing but its settings is told. */
  add(request: RefusedRequest): void {
    const notice = this.noticeOf(request);
    const sender = request.envelope?.sender.toString('latin1');
    if (notice === undefined) return;
    const name = `${notice.partition}:${sender}`;
    if (this.mayTell(name)) return this.send(name, notice);
    if (this.waiting.size < MAX_SENDERS || this.waiting.has(name)) this.waiting.set(name, notice);
    this.timer ??= setTimeout(() => this.sendWaiting(), NEXT_LOOK_MS);
  }

  close(): void {
    clearTimeout(this.timer);
    this.waiting.clear();
  }

  private noticeOf({ record, refused, envelope }: RefusedRequest): ProducerRecord | undefined {
    const code = codeOf(refused);
    if (code === undefined || envelope?.replyTo == null) return undefined;
    const { stage = '', keyId = '' } = refused;
    const refusal = { code, topic: record.topic, serverStages: this.parts.stages, stage, keyId };
    const value = encodeRefusal(refusal);
    if (value.length > MAX_REFUSAL_BYTES) return undefined;
    const header = encodeEnvelope({
      direction: 'refusal',
      sender: this.parts.id,
      recipient: envelope.sender,
    });
    const { topic, partition } = envelope.replyTo;
    return { topic, partition, key: null, value, headers: { [ENVELOPE_HEADER]: header } };
  }

  private sendWaiting(): void {
    this.timer = undefined;
    for (const [name, notice] of this.waiting) {
      if (!this.mayTell(name)) continue;
      this.waiting.delete(name);
      this.send(name, notice);
    }
    if (this.waiting.size > 0) this.timer = setTimeout(() => this.sendWaiting(), NEXT_LOOK_MS);
  }

  private mayTell(name: string): boolean {
    const now = this.now();
    if (now - this.intervalAtMs >= INTERVAL_MS) {
      this.intervalAtMs = now;
      this.sentInInterval = 0;
    }
    return (
      this.sentInInterval < MAX_PER_INTERVAL && now - (this.sentAtMs.get(name) ?? -Infinity) >= INTERVAL_MS
    );
  }

  private send(name: string, notice: ProducerRecord): void {
    this.sentInInterval += 1;
    this.sentAtMs.delete(name);
    this.sentAtMs.set(name, this.now());
    if (this.sentAtMs.size > MAX_SENDERS) this.sentAtMs.delete(this.sentAtMs.keys().next().value as string);
    const { counters, driver } = this.parts;
    driver.produce([notice], { acks: 1 }).then(
      () => counters.add('refusalNoticesSent'),
      () => counters.add('refusalNoticesLost'),
    );
  }

  private now(): number {
    return (this.parts.nowMs ?? monotonicNow)();
  }
}

const monotonicNow = (): number => performance.now();

const codeOf = ({ reason, stage }: RefusedRecord): RefusalCode | undefined => {
  if (reason === 'stages') return 'stages';
  return stage !== undefined && NOT_AUTHENTIC.has(reason) ? 'not-authentic' : undefined;
};
