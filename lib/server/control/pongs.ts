import type { Counters } from '../../diagnostics/counters.js';
import type { ConsumerRecord } from '../../driver/record.js';
import type { RequestEnvelope } from '../../protocol/envelope.js';
import { isSameInstance } from '../../protocol/instance-id.js';
import type { PingMessage } from '../../protocol/message.js';
import { ASKS, encodePong, type Ask, type PongState } from '../../protocol/pong.js';
import type { Codec } from '../../wire/codec.js';
import type { Outbox } from '../../wire/outbox.js';
import { replyDestination } from '../caller.js';

export interface PongsParts {
  /** This server's. */
  readonly id: Buffer;
  readonly codec: Codec;
  readonly outbox: Pick<Outbox, 'send'>;
  readonly counters: Counters;
  /** The estimate of the broker's clock. */
  readonly clock: { now(): number };
  readonly stateOf: (service: string, ask: Ask) => PongState;
  /** A clock that does not go back. */
  readonly nowMs?: () => number;
}

const INTERVAL_MS = 1_000;
/** So many are answered in an interval: what is asked in a flood costs a look at the message and no more. */
const MAX_PER_INTERVAL = 50;
/** Who asked so long ago does not wait any more. */
const MAX_AGE_MS = 10_000;

/** Answers pings, past all queues of calls. Cost: a look at the calls in hand for each, 50 times a second at most. */
export class Pongs {
  private intervalAtMs = -Infinity;
  private answered = 0;

  constructor(private readonly parts: PongsParts) {}

  answer(
    service: string,
    ping: PingMessage,
    envelope: RequestEnvelope,
    { timestampMs }: ConsumerRecord,
  ): void {
    const { id, codec, outbox, counters, clock, stateOf } = this.parts;
    const { sender, replyTo } = envelope;
    if (ping.server !== null && !isSameInstance(ping.server, id)) return;
    const receivedAtMs = clock.now();
    if (replyTo === null || receivedAtMs - timestampMs > MAX_AGE_MS || !this.mayAnswer())
      return counters.add('pingsIgnored');
    const payload = encodePong(stateOf(service, askOf(ping)));
    const to = replyDestination(id, sender, replyTo, codec);
    try {
      outbox.send(to, { kind: 'pong', seq: ping.seq, receivedAtMs, repliedAtMs: clock.now(), payload });
      counters.add('pingsAnswered');
    } catch {
      // The outbox is full: who asked sees a member that does not answer, which is true.
      counters.add('pingsIgnored');
    }
  }

  private mayAnswer(): boolean {
    const now = (this.parts.nowMs ?? monotonicNow)();
    if (now - this.intervalAtMs >= INTERVAL_MS) {
      this.intervalAtMs = now;
      this.answered = 0;
    }
    this.answered += 1;
    return this.answered <= MAX_PER_INTERVAL;
  }
}

const monotonicNow = (): number => performance.now();

/** What a later release asks, this one answers with what it has for everybody. */
const askOf = ({ asks }: PingMessage): Ask => {
  if (asks === ASKS.info) return 'info';
  return asks === ASKS.stats ? 'stats' : 'state';
};
