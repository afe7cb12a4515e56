import { StateHistory, type Health } from '../diagnostics/health.js';
import type { KafkaRpcClientState } from './client-state.js';

/** How a client is. */
export interface KafkaRpcClientHealth extends Health<KafkaRpcClientState> {
  /** Calls of its connection that wait for an answer. */
  readonly openCalls: number;
}

export type ClientStateHistory = StateHistory<KafkaRpcClientState>;

export const clientStateHistory = (): ClientStateHistory =>
  new StateHistory<KafkaRpcClientState>('idle', 'the first call connects');

/**
 * An idle client is ready: its first call connects, and an app that waited for calls before it may be called would wait for ever. A
 * restart helps no client.
 */
export const clientHealth = ({ current }: ClientStateHistory, openCalls: number): KafkaRpcClientHealth => {
  const { state, sinceMs, reason } = current;
  const isReady = state === 'connected' || state === 'idle';
  return { state, since: new Date(sinceMs), reason, isReady, isLive: true, openCalls };
};
