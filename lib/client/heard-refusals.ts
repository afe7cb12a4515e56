import { channels, type RefusedRecord } from '../diagnostics/channels.js';
import type { Counters } from '../diagnostics/counters.js';
import type { RateLimitedLog } from '../diagnostics/rate-limited-log.js';
import type { RefusalReason } from '../diagnostics/refusal-reasons.js';
import type { DriverEvent } from '../driver/driver.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { decodeRefusal, type RefusalMessage } from '../protocol/refusal-notice.js';
import { refusalError, refusalLine } from '../wire/refusal.js';
import type { PendingCalls } from './pending-calls.js';
import { noticeOf, statementOf } from './refusal-statement.js';
import { ServiceState, type Remark } from './service-state.js';

export interface HeardRefusalsParts {
  readonly calls: PendingCalls;
  readonly counters: Counters;
  readonly log: RateLimitedLog<RefusalReason | 'notice'>;
  /** This side's, joined by `+`. */
  readonly stages: string;
  /** The number of the last call that was sent. */
  readonly lastSeq: () => number;
  /** @default 250 */
  readonly graceMs?: number;
}

const GRACE_MS = 250;
/** Of calls that a notice ended: how many are remembered, to recognise an answer that comes after all. */
const MAX_ENDED = 1_024;

/** A notice whose time to be contradicted runs, and one that came meanwhile. */
interface Grace {
  readonly timer: NodeJS.Timeout;
  next: Remark | undefined;
}

/**
 * What a client hears of refusals, its servers' and its own (docs/decisions/0007-a-refusal-is-told-without-proof.md).
 *
 * A server's notice proves nothing: anybody who may write to the reply topic can send one. So it ends calls only while no
 * server of the service has ever answered, only those sent before it, and only after a grace in which none did. Otherwise it
 * is counted, logged, and named by calls that find no answer until their deadline. A refused reply never ends a call.
 */
export class HeardRefusals {
  private readonly services = new Map<string, ServiceState>();
  private readonly graces = new Map<ServiceState, Grace>();
  private readonly ended = new Map<number, ServiceState>();
  private refusedReply: Remark | undefined;
  private trouble: string | undefined;

  constructor(private readonly parts: HeardRefusalsParts) {}

  /** What is known of the service of a request topic. */
  stateOf(topic: string): ServiceState {
    const known = this.services.get(topic);
    if (known !== undefined) return known;
    const service = new ServiceState(
      topic,
      () => this.refusedReply,
      () => this.trouble,
    );
    this.services.set(topic, service);
    return service;
  }

  /** A record of direction `refusal`, addressed to this client. @throws RpcError `INVALID_ARGUMENT` if it cannot be read */
  onNotice(bytes: Buffer, server: Buffer): void {
    const refusal = readNotice(bytes);
    const notice = noticeOf(refusal, server);
    const service = this.services.get(notice.topic);
    this.parts.counters.add('refusalNoticesHeard');
    // Of a service that this client never called, or with the very stages of this client: nothing that a server says.
    if (service === undefined) return;
    if (refusal.code === 'stages' && refusal.serverStages === this.parts.stages) return;
    channels.refusalNotice.publish(notice);
    const text = statementOf(notice, this.parts.stages);
    this.parts.log.add('notice', () => text);
    service.notice = { text, atSeq: this.parts.lastSeq() };
    if (!service.isAnswered) this.startGrace(service, service.notice);
  }

  /** A record that this client refused. @param isOurs whether it is addressed to this client */
  onRefused(refused: RefusedRecord, isOurs: boolean): void {
    const line = (): string => refusalLine(refused);
    this.parts.log.add(refused.reason, line);
    if (!isOurs) return;
    const text = `This client refused a reply meanwhile. ${line()}`;
    this.refusedReply = { text, atSeq: this.parts.lastSeq() };
  }

  /** Answers to this client were dropped by the broker before it had read them. */
  onRepliesLost({ topic, partition, reason }: Extract<DriverEvent, { type: 'position-lost' }>): void {
    const text = `Answers on ${topic}, partition ${partition}, were lost meanwhile: ${LOSSES[reason]}.`;
    this.refusedReply = { text, atSeq: this.parts.lastSeq() };
  }

  /** How the connection is: what is wrong with it is why answers may not come. */
  onState(event: DriverEvent): void {
    this.trouble = event.type === 'crashed' ? event.error.message : undefined;
  }

  /** An answer to a call that is not open any more. */
  onLateReply(seq: number): void {
    this.ended.get(seq)?.markAnswered();
  }

  close(): void {
    for (const { timer } of this.graces.values()) clearTimeout(timer);
    this.graces.clear();
  }

  private startGrace(service: ServiceState, remark: Remark): void {
    const running = this.graces.get(service);
    // One timer per service, whatever comes.
    if (running !== undefined) {
      running.next = remark;
      return;
    }
    const timer = setTimeout(() => this.endGrace(service, remark), this.parts.graceMs ?? GRACE_MS);
    this.graces.set(service, { timer, next: undefined });
  }

  private endGrace(service: ServiceState, { text, atSeq }: Remark): void {
    const next = this.graces.get(service)?.next;
    this.graces.delete(service);
    if (service.isAnswered) return;
    for (const call of this.parts.calls.sentTo(service, atSeq)) {
      this.remember(call.seq, service);
      call.refuse(new RpcError(RpcStatus.FAILED_PRECONDITION, text, { retryable: false }));
    }
    if (next !== undefined) this.startGrace(service, next);
  }

  private remember(seq: number, service: ServiceState): void {
    this.ended.set(seq, service);
    if (this.ended.size > MAX_ENDED) this.ended.delete(this.ended.keys().next().value as number);
  }
}

const LOSSES = {
  retention: 'retention was faster than this client',
  truncated: 'the log was cut off behind them',
  recreated: 'the topic was deleted and made anew',
} as const;

const readNotice = (bytes: Buffer): RefusalMessage => {
  try {
    return decodeRefusal(bytes);
  } catch (error) {
    throw refusalError(RpcStatus.INVALID_ARGUMENT, RpcError.from(error).message, { reason: 'structure' });
  }
};
