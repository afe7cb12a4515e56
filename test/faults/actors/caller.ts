import { KafkaRpcRecordBuilder, RpcError, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import type { Observable } from 'rxjs';
import { machineMs } from '../machine-clock.js';
import type { CallMix, PlannedCall } from './call-mix.js';
import type { LineFile } from './line-file.js';
import type { AnswerData, LedgerLine, Settled } from './lines.js';

const TICK_MS = 2;
/** A caller that was stopped does not catch up with more than this. */
const MAX_BEHIND_MS = 500;

/** Makes calls at a steady rate, whatever becomes of them, and writes down each and what it came to. */
export class Caller {
  sent = 0;
  settled = 0;
  /** Calls of the kinds that nothing but a fault keeps from their answer. */
  answered = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: KafkaRpcClient,
    private readonly mix: CallMix,
    private readonly ledger: LineFile<LedgerLine>,
  ) {}

  start(perSecond: number): void {
    let dueAt = machineMs();
    this.timer = setInterval(() => {
      dueAt = Math.max(dueAt, machineMs() - MAX_BEHIND_MS);
      for (; dueAt <= machineMs(); dueAt += 1_000 / perSecond) this.make(this.mix.next());
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** So many calls at once, each of which takes its handler so long. */
  burst(calls: number, ms: number): void {
    for (let i = 0; i < calls; i++) this.make(this.mix.slow(ms));
  }

  private make(call: PlannedCall): void {
    const { data, deadlineMs } = call;
    this.sent += 1;
    this.ledger.add({ e: 'sent', t: machineMs(), deadlineMs, ...data });
    if (data.kind === 'values')
      return this.subscribe(call, this.client.send<AnswerData>('values', recordOf(call)));
    if (data.kind === 'event')
      return this.subscribe(call, this.client.emit<AnswerData>('told', recordOf(call)));
    const gone = new AbortController();
    const { cancelAfterMs } = call;
    const { key } = data;
    this.client
      .call<AnswerData>(call.pattern, data, { timeoutMs: deadlineMs, key, signal: gone.signal })
      .then(
        ({ value }) => this.settle(call, { how: 'answered', answers: [value] }),
        (error: unknown) => this.settle(call, failureOf(error)),
      );
    if (cancelAfterMs !== undefined) setTimeout(() => this.leave(call, gone), cancelAfterMs);
  }

  private subscribe(call: PlannedCall, values: Observable<AnswerData>): void {
    const answers: AnswerData[] = [];
    values.subscribe({
      next: (value) => value !== undefined && answers.push(value),
      complete: () => this.settle(call, { how: 'answered', answers }),
      error: (error: unknown) => this.settle(call, { ...failureOf(error), answers }),
    });
  }

  private leave({ data }: PlannedCall, gone: AbortController): void {
    this.ledger.add({ e: 'left', t: machineMs(), nonce: data.nonce });
    gone.abort();
  }

  private settle({ data: { nonce } }: PlannedCall, settled: Settled): void {
    this.settled += 1;
    if (settled.how === 'answered') this.answered += 1;
    this.ledger.add({ e: 'settled', t: machineMs(), nonce, ...settled });
  }
}

const recordOf = ({ data, deadlineMs }: PlannedCall): unknown =>
  new KafkaRpcRecordBuilder(data).setTimeout(deadlineMs).build();

const failureOf = (error: unknown): Settled => {
  const failure = RpcError.from(error);
  const { status, message: text, origin } = failure;
  if (origin === 'server') return { how: 'refused', status, text };
  const how = status === 'CANCELLED' ? 'cancelled' : 'failed';
  return { how, status, text, isDefinite: /was not sent/.test(text) };
};
