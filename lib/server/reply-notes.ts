import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { MAX_REPLY_HEADER_BYTES } from '../protocol/reply-notes.js';
import type { Codec } from '../wire/codec.js';
import type { Destination } from '../wire/destination-queue.js';
import type { Outbox } from '../wire/outbox.js';

export interface ReplyNotesParts {
  readonly outbox: Outbox;
  readonly codec: Codec;
  readonly to: Destination;
  readonly seq: number;
  readonly run: number;
  readonly pattern: string;
  readonly isApart: boolean;
}

/** Of progress that the broker does not have yet: beyond, the last one replaces the one before it. */
const MAX_UNACKNOWLEDGED = 64;

/** What one execution tells beside its values and its end. Made when a handler tells anything: most do not. */
export class ReplyNotes {
  private readonly headers: Record<string, string> = Object.create(null) as Record<string, string>;
  private headerBytes = 0;
  private isUnsent = false;
  private index = 0;
  private unacknowledged = 0;
  private waiting: Buffer | undefined;
  private readonly onTold = { delivered: (): void => this.told() };

  constructor(private readonly parts: ReplyNotesParts) {}

  /** @throws RpcError `INVALID_ARGUMENT` when there is too much of them. */
  setHeader(name: string, value: string): void {
    const before = this.headers[name];
    const replaced = before === undefined ? 0 : bytesOf(name, before);
    const bytes = this.headerBytes - replaced + bytesOf(name, value);
    if (bytes > MAX_REPLY_HEADER_BYTES) throw tooMuch(this.parts.pattern, bytes);
    this.headerBytes = bytes;
    this.headers[name] = value;
    this.isUnsent = true;
  }

  /** Before a value: what was not sent yet. @throws RpcError when the outbox is full. */
  sendNewHeaders(): void {
    if (this.isUnsent) this.sendHeaders();
  }

  /** Before the end, and again when that is sent again. @throws RpcError when the outbox is full. */
  sendHeaders(): void {
    if (this.headerBytes === 0) return;
    const { outbox, to, seq, run, isApart } = this.parts;
    outbox.send(to, { kind: 'headers', seq, run, headers: { ...this.headers } }, undefined, isApart);
    this.isUnsent = false;
  }

  /** @throws RpcError `INTERNAL` for a value that cannot be serialized, `RESOURCE_EXHAUSTED` for one that is too large. */
  progress(value: unknown): void {
    const payload = this.serialize(value);
    if (this.unacknowledged < MAX_UNACKNOWLEDGED) this.send(payload);
    else this.waiting = payload;
  }

  /** The end is on its way: nothing follows it. */
  close(): void {
    this.waiting = undefined;
  }

  private send(payload: Buffer): void {
    const { outbox, to, seq, run, isApart } = this.parts;
    const message = { kind: 'progress', seq, run, index: this.index, payload } as const;
    try {
      outbox.send(to, message, this.onTold, isApart);
    } catch (error) {
      // A full outbox has no room for what may be left out.
      if (error instanceof RpcError && error.retryable) return;
      throw error;
    }
    this.index += 1;
    this.unacknowledged += 1;
  }

  private told(): void {
    this.unacknowledged -= 1;
    const { waiting } = this;
    if (waiting === undefined) return;
    this.waiting = undefined;
    try {
      this.send(waiting);
    } catch {
      // Too large: its handler is past hearing of it.
    }
  }

  private serialize(value: unknown): Buffer {
    try {
      return this.parts.codec.serializer.serialize(value);
    } catch (cause) {
      const reason = RpcError.from(cause).message;
      throw new RpcError(
        RpcStatus.INTERNAL,
        `The progress of "${this.parts.pattern}" cannot be serialized: ${reason}`,
        { cause },
      );
    }
  }
}

const bytesOf = (name: string, value: string): number => Buffer.byteLength(name) + Buffer.byteLength(value);

const tooMuch = (pattern: string, bytes: number): RpcError =>
  new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    `The headers of the reply to "${pattern}" have ${bytes} bytes, and may have ${MAX_REPLY_HEADER_BYTES}: ` +
      'send more as a value.',
  );
