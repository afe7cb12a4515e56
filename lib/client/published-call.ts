import { AsyncResource } from 'node:async_hooks';
import type { WritePacket } from '@nestjs/microservices';
import type { UserCode } from '../diagnostics/user-code.js';
import { fromCall, RpcError } from '../errors/rpc-error.js';
import type { ServerTimes } from '../protocol/message.js';
import type { ReplyHeaders } from '../protocol/reply-notes.js';
import type { CallObserver, OpenCall } from './pending-call.js';

/** What `publish()` calls back with. The end of a call says who answered, and when that server had it. */
export interface AnsweredPacket extends WritePacket {
  readonly server?: Buffer;
  readonly times?: ServerTimes;
  readonly attempt?: number | undefined;
  readonly headers?: ReplyHeaders;
}

/** Passes the answer of a call on as Nest's packets, in the async context in which it was published. */
export class PublishedCall extends AsyncResource implements CallObserver {
  private told: { readonly headers?: ReplyHeaders } = {};

  constructor(
    private readonly callback: (packet: AnsweredPacket) => void,
    private readonly userCode: UserCode,
  ) {
    super('KafkaRpcCall');
  }

  next(response: unknown): void {
    this.tell({ response });
  }

  complete(server: Buffer, times: ServerTimes, attempt?: number): void {
    this.tell({ isDisposed: true, server, times, attempt, ...this.told });
  }

  headers(headers: ReplyHeaders): void {
    this.told = { headers };
  }

  error(err: RpcError): void {
    this.tell({ err: fromCall(err, 'client') });
  }

  private tell(packet: AnsweredPacket): void {
    this.userCode.run('observer', () => this.runInAsyncScope(this.callback, undefined, packet));
  }
}

const NO_SERVER = Buffer.alloc(0);
const NO_TIMES: ServerTimes = Object.freeze({ receivedAtMs: 0, repliedAtMs: 0 });

/** What a subclass made of a packet, told to an observer. Who answered is lost when it hands on a packet of its own. */
const readPacket = (packet: AnsweredPacket, observer: CallObserver): void => {
  const { err, response, isDisposed, server = NO_SERVER, times = NO_TIMES, attempt, headers } = packet;
  if (err) return observer.error(RpcError.from(err));
  if (response !== undefined || !isDisposed) observer.next(response);
  if (headers !== undefined) observer.headers?.(headers);
  if (isDisposed) observer.complete(server, times, attempt);
};

/**
 * A call that a subclass sends when it likes, and takes back as it likes.
 * @param publish sends it; its promise is of what takes it back
 */
export const publishedLater = (
  publish: (callback: (packet: AnsweredPacket) => void) => Promise<() => void>,
  observer: CallObserver,
  userCode: UserCode,
): OpenCall => {
  const sending = publish((packet) => readPacket(packet, observer));
  sending.catch((error: unknown) => observer.error(RpcError.from(error)));
  return {
    unsubscribe: () => {
      sending.then(
        (takeBack) => userCode.run('hook', () => takeBack()),
        () => undefined,
      );
    },
  };
};
