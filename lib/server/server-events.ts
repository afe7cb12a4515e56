import type { RefusedRecord } from '../diagnostics/channels.js';
import { Listeners } from '../diagnostics/listeners.js';
import type { DriverEvent } from '../driver/driver.js';

/** What `KafkaRpcServer.on()` tells. */
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

/** What `KafkaRpcServer.status` emits. */
export type KafkaRpcServerStatus = 'connected' | 'disconnected' | 'rebalancing' | 'crashed' | 'stopped';

/** Driver events become a status and calls of listeners. */
export class ServerEvents extends Listeners<KafkaRpcServerEvents> {
  constructor(
    private readonly setStatus: (status: KafkaRpcServerStatus) => void,
    onListenerError: (event: keyof KafkaRpcServerEvents, error: unknown) => void,
  ) {
    super(onListenerError);
  }

  stopped(): void {
    this.setStatus('stopped');
  }

  publish(event: DriverEvent): void {
    switch (event.type) {
      case 'connected':
        this.setStatus('connected');
        return this.tell('connected');
      case 'disconnected':
        this.setStatus('disconnected');
        return this.tell('disconnected', event.error);
      case 'rebalancing':
        this.setStatus('rebalancing');
        return this.tell('rebalancing', event.groupId);
      case 'crashed':
        this.setStatus('crashed');
        return this.tell('crashed', event.error);
      case 'position-lost':
        return this.tell('position-lost', event);
      case 'partitions-changed':
        return this.tell('partitions-changed', event);
    }
  }
}
