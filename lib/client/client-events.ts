import { Listeners } from '../diagnostics/listeners.js';
import type { UserCode } from '../diagnostics/user-code.js';
import type { DriverEvent } from '../driver/driver.js';
import type { RpcError } from '../errors/rpc-error.js';
import { clientStateHistory } from './client-health.js';
import type { KafkaRpcClientStatus } from './client-state.js';

/** The events of `KafkaRpcClient.on()`. */
export type KafkaRpcClientEvents = {
  connected: () => void;
  disconnected: (error?: Error) => void;
  crashed: (error: Error) => void;
  /** Replies were lost because their topic was truncated or recreated, or retention overtook this reader. */
  'position-lost': (loss: Extract<DriverEvent, { type: 'position-lost' }>) => void;
  /** A topic that is in use has another number of partitions than before. */
  'partitions-changed': (change: Extract<DriverEvent, { type: 'partitions-changed' }>) => void;
};

/** Driver events become a status and calls of listeners. */
export class ClientEvents extends Listeners<KafkaRpcClientEvents> {
  readonly history = clientStateHistory();

  constructor(
    private readonly setStatus: (status: KafkaRpcClientStatus) => void,
    private readonly guard: UserCode,
  ) {
    super(guard);
  }

  publish(event: DriverEvent): void {
    switch (event.type) {
      case 'connected':
        this.show('connected');
        return this.tell('connected');
      case 'disconnected':
        this.show('disconnected', event.error);
        return this.tell('disconnected', event.error);
      case 'crashed':
        this.show('crashed', event.error);
        return this.tell('crashed', event.error);
      case 'position-lost':
        return this.tell('position-lost', event);
      case 'partitions-changed':
        return this.tell('partitions-changed', event);
      case 'rebalancing':
      case 'throttled':
        // A client is in no group; what is throttled is counted.
        return;
    }
  }

  /** Calls can be sent: of what happens to the connection from now on the driver tells. */
  opened(): void {
    if (this.history.current.state !== 'crashed') this.history.enter('connected');
  }

  unopened(error: RpcError): void {
    this.history.enter('disconnected', error.message);
  }

  closed(): void {
    this.publish({ type: 'disconnected' });
    this.history.enter('closed', 'close() was called; a call connects again');
  }

  private show(status: KafkaRpcClientStatus, error?: Error): void {
    this.history.enter(status, error?.message);
    this.guard.run('listener', () => this.setStatus(status));
  }
}
