import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { PongMessage } from '../../protocol/message.js';

/** Who waits for pongs. */
export interface PongListener {
  /** @returns false for one that it does not take */
  pong(server: Buffer, message: PongMessage): boolean;
  /** No pong comes any more. */
  failed(error: RpcError): void;
}

/** So many are asked at once by one connection. */
const MAX_OPEN = 1_000;

/** What of a connection was asked, and waits for pongs, by the number of its ping. */
export class OpenAsks {
  private readonly asks = new Map<number, PongListener>();

  /** @throws RpcError `RESOURCE_EXHAUSTED` when too many are open. */
  add(seq: number, listener: PongListener): void {
    if (this.asks.size >= MAX_OPEN) throw tooMany();
    this.asks.set(seq, listener);
  }

  remove(seq: number): void {
    this.asks.delete(seq);
  }

  /** Their connection is closed. */
  failAll(error: RpcError): void {
    for (const listener of [...this.asks.values()]) listener.failed(error);
  }

  /** @returns false for one that nobody waits for, or takes */
  take(message: PongMessage, server: Buffer): boolean {
    return this.asks.get(message.seq)?.pong(server, message) ?? false;
  }
}

const tooMany = (): RpcError =>
  new RpcError(
    RpcStatus.RESOURCE_EXHAUSTED,
    `${MAX_OPEN} questions to servers are open already: ask less often, or wait for the answers.`,
  );
