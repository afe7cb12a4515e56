import type { ClientCallEnd } from '../../lib/diagnostics/call-ended.js';
import type { CallFacts } from '../../lib/client/call-facts.js';
import { PendingCall } from '../../lib/client/pending-call.js';
import { ServiceState } from '../../lib/client/service-state.js';
import type { RpcError } from '../../lib/errors/rpc-error.js';
import type { ErrorMessage } from '../../lib/protocol/message.js';
import { json } from '../../lib/wire/serializers/json.js';
import { SERVER_ID } from './incoming-calls.js';

interface From {
  readonly run?: number;
  readonly server?: Buffer;
}

/** A call that waits, what its observer hears of it, and the server that the test plays. Payloads are JSON. */
export class RecordedCall {
  /** Values, then `end` or the status of the error. */
  readonly heard: unknown[] = [];
  readonly errors: RpcError[] = [];
  answer:
    { readonly server: Buffer; readonly receivedAtMs: number; readonly repliedAtMs: number } | undefined;
  /** How it ended; more than one is a fault. */
  readonly ends: ClientCallEnd[] = [];
  readonly call: PendingCall;
  /** What keeps the request from the broker. */
  delayedBy: string | undefined;

  constructor(
    {
      caller = this,
      serviceState = new ServiceState('t', () => undefined),
      ...facts
    }: Partial<CallFacts> & { readonly caller?: object; readonly serviceState?: ServiceState } = {},
    onEnd: (call: PendingCall) => void = () => undefined,
  ) {
    const destination = {
      topic: 't',
      partition: 0,
      direction: 'request',
      envelope: Buffer.alloc(0),
    } as const;
    this.call = new PendingCall(
      { seq: 1, pattern: 'sum.add', destination, timeoutMs: 1_000, ...facts },
      {
        next: (value) => this.heard.push(value),
        complete: (server, { receivedAtMs, repliedAtMs }) => {
          this.answer = { server, receivedAtMs, repliedAtMs };
          this.heard.push('end');
        },
        error: (error) => {
          this.errors.push(error);
          this.heard.push(error.status);
        },
      },
      {
        caller,
        serializer: json(),
        serviceState,
        sendElsewhere: () => false,
        giveCredit: () => undefined,
        whyDelayed: () => this.delayedBy,
        onEnd: (call, how) => {
          this.ends.push(how);
          onEnd(call);
        },
      },
    );
  }

  next(index: number, payload: string, { run = 1, server = SERVER_ID }: From = {}): void {
    const { seq } = this.call;
    this.call.next({ kind: 'next', seq, run, index, payload: Buffer.from(payload) }, server);
  }

  complete(index: number, payload: string | null, { run = 1, server = SERVER_ID }: From = {}): void {
    const { seq } = this.call;
    const bytes = payload === null ? null : Buffer.from(payload);
    const times = { receivedAtMs: 10, repliedAtMs: 20 };
    this.call.complete({ kind: 'complete', seq, run, index, payload: bytes, ...times }, server);
  }

  error(parts: Partial<ErrorMessage>): void {
    this.call.error({
      kind: 'error',
      seq: this.call.seq,
      run: 1,
      status: 'INTERNAL',
      retryable: false,
      message: '',
      details: Buffer.alloc(0),
      receivedAtMs: 10,
      repliedAtMs: 20,
      ...parts,
    });
  }
}
