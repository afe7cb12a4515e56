import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { ServerTimes } from '../protocol/message.js';
import { PassedOn } from './passed-on.js';
import type { CallObserver, SentCall } from './pending-call.js';

/** How many calls of each pattern are open: one slow pattern does not take the room of the others. */
export class PatternPlaces {
  private readonly taken = new Map<string, number>();

  /** @param limitOf undefined for a pattern without a limit */
  constructor(private readonly limitOf: (pattern: string) => number | undefined) {}

  /**
   * @param begin sends the call, and may end it before it returns
   * @throws RpcError `RESOURCE_EXHAUSTED` when too many calls of the pattern are open.
   */
  hold(pattern: string, observer: CallObserver, begin: (observer: CallObserver) => SentCall): SentCall {
    const limit = this.limitOf(pattern);
    if (limit === undefined) return begin(observer);
    const open = this.taken.get(pattern) ?? 0;
    if (open >= limit) throw noPlace(pattern, open, limit);
    this.taken.set(pattern, open + 1);
    return new HeldPlace(observer, () => this.free(pattern)).start(begin);
  }

  private free(pattern: string): void {
    const open = this.taken.get(pattern) ?? 1;
    if (open === 1) this.taken.delete(pattern);
    else this.taken.set(pattern, open - 1);
  }
}

/** A call that holds a place until it ends. */
class HeldPlace extends PassedOn implements SentCall {
  private open: SentCall | undefined = undefined;
  private isHeld = true;
  private isUnwanted = false;

  constructor(
    observer: CallObserver,
    private readonly free: () => void,
  ) {
    super(observer);
  }

  get hasLeft(): boolean {
    return this.open?.hasLeft ?? false;
  }

  start(begin: (observer: CallObserver) => SentCall): this {
    this.open = begin(this);
    // Its caller may have left while the data was serialized.
    if (this.isUnwanted) this.open.unsubscribe();
    return this;
  }

  override complete(server: Buffer, times: ServerTimes, attempt?: number): void {
    this.release();
    super.complete(server, times, attempt);
  }

  override error(error: RpcError): void {
    this.release();
    super.error(error);
  }

  unsubscribe(): void {
    this.isUnwanted = true;
    this.release();
    this.open?.unsubscribe();
  }

  private release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.free();
  }
}

const noPlace = (pattern: string, open: number, limit: number): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `${open} calls to ${JSON.stringify(pattern)} are open, and ${limit} may be: wait for answers before calling it more, ` +
      'or raise its maxOpenCalls.',
  );
