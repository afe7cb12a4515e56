import type { ConsumerRecord } from '../driver/record.js';
import type { ReplyEnvelope } from '../protocol/envelope.js';
import type { Message } from '../protocol/message.js';
import { TurnBudget } from '../wire/turn-budget.js';

/** Beyond so many that wait they are handed on without a rest: who reads faster than callers take is to be held up. */
const MAX_WAITING = 4_096;

/** Where replies come from: the same for all of a record. */
export interface ReplyOrigin {
  readonly record: ConsumerRecord;
  readonly envelope: ReplyEnvelope;
}

/** The replies of one record. */
export interface ReplyBatch extends ReplyOrigin {
  readonly messages: readonly Message[];
}

/** Replies on their way to their calls: in their order, at a pace that lets calls leave which callers make of answers. */
export class ReplyQueue {
  private readonly batches: ReplyBatch[] = [];
  private waiting = 0;
  private at = 0;
  private isHandingOn = false;
  private readonly budget = new TurnBudget(() => this.handOn());

  /** @param take must not throw */
  constructor(private readonly take: (message: Message, origin: ReplyOrigin) => void) {}

  add(batch: ReplyBatch): void {
    if (batch.messages.length === 0) return;
    this.batches.push(batch);
    this.waiting += batch.messages.length;
    this.handOn();
  }

  private handOn(): void {
    // A caller may do what brings more replies.
    if (this.isHandingOn) return;
    this.isHandingOn = true;
    for (let batch = this.batches[0]; batch !== undefined; batch = this.batches[0]) {
      if (this.waiting <= MAX_WAITING && !this.budget.admits()) break;
      this.takeOne(batch);
    }
    this.isHandingOn = false;
  }

  private takeOne(batch: ReplyBatch): void {
    const { messages } = batch;
    const message = messages[this.at++] as Message;
    this.waiting -= 1;
    if (this.at === messages.length) {
      this.batches.shift();
      this.at = 0;
    }
    this.take(message, batch);
  }
}
