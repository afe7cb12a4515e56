import type { RefusedRecord } from '../diagnostics/channels.js';
import { Listeners } from '../diagnostics/listeners.js';
import type { UserCode } from '../diagnostics/user-code.js';
import type { DriverEvent } from '../driver/driver.js';

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

/** The values of `KafkaRpcServer.status`. */
export type KafkaRpcServerStatus = 'connected' | 'disconnected' | 'rebalancing' | 'crashed' | 'stopped';

/** Driver events become a status and calls of listeners. */
export class ServerEvents extends Listeners<KafkaRpcServerEvents> {
  constructor(
    private readonly setStatus: (status: KafkaRpcServerStatus) => void,
    private readonly guard: UserCode,
  ) {
    super(guard);
  }

  stopped(): void {
    this.show('stopped');
  }

  publish(event: DriverEvent): void {
    switch (event.type) {
      case 'connected':
        this.show('connected');
        return this.tell('connected');
      case 'disconnected':
        this.show('disconnected');
        return this.tell('disconnected', event.error);
      case 'rebalancing':
        this.show('rebalancing');
        return this.tell('rebalancing', event.groupId);
      case 'crashed':
        this.show('crashed');
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

  private show(status: KafkaRpcServerStatus): void {
    this.guard.run('listener', () => this.setStatus(status));
  }
}
