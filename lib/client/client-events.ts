import { Listeners } from '../diagnostics/listeners.js';
import type { UserCode } from '../diagnostics/user-code.js';
import type { DriverEvent } from '../driver/driver.js';

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

/** The values of `KafkaRpcClient.status`. */
export type KafkaRpcClientStatus = 'connected' | 'disconnected' | 'crashed';

/** Driver events become a status and calls of listeners. */
export class ClientEvents extends Listeners<KafkaRpcClientEvents> {
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
        this.show('disconnected');
        return this.tell('disconnected', event.error);
      case 'crashed':
        this.show('crashed');
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

  private show(status: KafkaRpcClientStatus): void {
    this.guard.run('listener', () => this.setStatus(status));
  }
}
