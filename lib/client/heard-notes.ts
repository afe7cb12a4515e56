import { isSameInstance } from '../protocol/instance-id.js';
import type { HeadersMessage, ProgressMessage } from '../protocol/message.js';
import { NO_REPLY_HEADERS, type ReplyHeaders } from '../protocol/reply-notes.js';

/** What one execution of a call told beside its values. Of another execution nothing of it holds. */
export class HeardNotes {
  private all: ReplyHeaders = NO_REPLY_HEADERS;
  private progressed = 0;

  constructor(
    private readonly run: number,
    private readonly server: Buffer,
  ) {}

  get headers(): ReplyHeaders {
    return this.all;
  }

  isOf(run: number, server: Buffer): boolean {
    return this.run === run && isSameInstance(this.server, server);
  }

  /** @returns all that were told so far */
  add({ headers }: HeadersMessage): ReplyHeaders {
    // No prototype: a header named `__proto__` is a header like any other.
    this.all = Object.freeze(Object.assign(Object.create(null) as Record<string, string>, this.all, headers));
    return this.all;
  }

  /** @returns false for what was heard before: a record may stand in the log twice */
  isNew({ index }: ProgressMessage): boolean {
    if (index < this.progressed) return false;
    this.progressed = index + 1;
    return true;
  }
}
