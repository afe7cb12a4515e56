import type { RefusedRecord } from '../diagnostics/channels.js';
import { Listeners } from '../diagnostics/listeners.js';
import type { UserCode } from '../diagnostics/user-code.js';
import type { DriverEvent } from '../driver/driver.js';
import { StateHistory } from '../diagnostics/health.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { KafkaRpcServerState, KafkaRpcServerStatus } from './server-state.js';

/** The events of `KafkaRpcServer.on()`. */
export type KafkaRpcServerEvents = {
  connected: () => void;
  disconnected: (error?: Error) => void;
  rebalancing: (groupId: string) => void;
  crashed: (error: Error) => void;
  /** A record, or messages of one, was counted and skipped: once per record and reason. */
  refused: (refused: RefusedRecord) => void;
  /** Calls were lost because their topic was truncated or recreated, or retention overtook this server. */
  'position-lost': (loss: Extract<DriverEvent, { type: 'position-lost' }>) => void;
  /** A topic that is in use has another number of partitions than before. */
  'partitions-changed': (change: Extract<DriverEvent, { type: 'partitions-changed' }>) => void;
};

/** Driver events become a status and calls of listeners. */
export class ServerEvents extends Listeners<KafkaRpcServerEvents> {
  readonly history = new StateHistory<KafkaRpcServerState>('stopped', 'listen() was not called');

  constructor(
    private readonly setStatus: (status: KafkaRpcServerStatus) => void,
    private readonly guard: UserCode,
  ) {
    super(guard);
  }

  starting(): void {
    this.history.enter('starting', 'listen() has not ended yet');
  }

  /** It runs, and driver events say how it is from now on. */
  started(): void {
    if (this.history.current.state === 'starting') this.history.enter('connected');
  }

  failedToStart(error: RpcError): void {
    this.history.enter('stopped', `listen() failed: ${error.message}`);
  }

  closing(): void {
    this.history.enter('closing', 'close() was called');
  }

  stopped(): void {
    this.show('stopped', undefined);
    this.history.enter('stopped', 'close() was called');
  }

  publish(event: DriverEvent): void {
    switch (event.type) {
      case 'connected':
        this.show('connected');
        return this.tell('connected');
      case 'disconnected':
        this.show('disconnected', event.error);
        return this.tell('disconnected', event.error);
      case 'rebalancing':
        this.show('rebalancing');
        return this.tell('rebalancing', event.groupId);
      case 'crashed':
        this.show('crashed', event.error);
        return this.tell('crashed', event.error);
      case 'position-lost':
        return this.tell('position-lost', event);
      case 'partitions-changed':
        return this.tell('partitions-changed', event);
      case 'throttled':
        // It is counted.
        return;
    }
  }

  private show(status: KafkaRpcServerStatus, error?: Error): void {
    this.history.enter(status, error?.message);
    this.guard.run('listener', () => this.setStatus(status));
  }
}
