import { AsyncLocalStorage } from 'node:async_hooks';
import type { RpcError } from '../errors/rpc-error.js';

/** A call that was made inside a handler. */
export interface InnerCall {
  /** The call that the handler serves was ended from outside. Must not throw. */
  endWith(reason: RpcError): void;
}

/** The call that a handler serves, as calls made inside the handler see it. */
export interface EnclosingCall {
  readonly pattern: string;
  /** Whether a call that is made now is inside it. */
  readonly isOpen: boolean;
  /** Why it was ended from outside; undefined while somebody waits for it. */
  readonly stopped: RpcError | undefined;
  /** Milliseconds until its caller gives up, at least; Infinity when it never does. */
  timeLeftMs(): number;
  add(call: InnerCall): void;
  delete(call: InnerCall): void;
}

interface Registry {
  calls: AsyncLocalStorage<EnclosingCall> | undefined;
}

/** One for all copies of the package in a process, ESM and CommonJS, of any version that knows these interfaces. */
const REGISTRY = Symbol.for('nestjs-kafka-rpc.EnclosingCall.1');

const registry = ((globalThis as { [REGISTRY]?: Registry })[REGISTRY] ??= { calls: undefined });

/**
 * Has handlers say from now on which call they serve. Every client asks for it: in a process without clients nobody would ask, and
 * before Node 24 an `AsyncLocalStorage` in use makes each promise of the process dearer.
 */
export const followEnclosingCalls = (): void => {
  registry.calls ??= new AsyncLocalStorage();
};

/** The call in whose handler this runs, also after its end; undefined outside of handlers. Costs one check there. */
export const enclosingCall = (): EnclosingCall | undefined => registry.calls?.getStore();

/** Whether anybody would ask for the enclosing call. */
export const areEnclosingCallsFollowed = (): boolean => registry.calls !== undefined;

/** Runs code, and all that it starts, inside a call. */
export const runInside = (call: EnclosingCall, code: () => void): void => {
  if (registry.calls === undefined) code();
  else registry.calls.run(call, code);
};
