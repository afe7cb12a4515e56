import type { RefusedRecord } from '../diagnostics/channels.js';
import type { DriverEvent } from '../driver/driver.js';

/** What `KafkaRpcServer.on()` tells. */
export type KafkaRpcServerEvents = {
  connected: () => void;
  disconnected: (error?: Error) => void;
  rebalancing: (groupId: string) => void;
  crashed: (error: Error) => void;
  /** A record was counted and skipped. */
  refused: (refused: RefusedRecord) => void;
  /** Calls were lost because their topic was truncated or recreated, or retention overtook this server. */
  'position-lost': (loss: Extract<DriverEvent, { type: 'position-lost' }>) => void;
};

/** What `KafkaRpcServer.status` emits. */
export type KafkaRpcServerStatus = 'connected' | 'disconnected' | 'rebalancing' | 'crashed' | 'stopped';

type Listeners = { [E in keyof KafkaRpcServerEvents]: KafkaRpcServerEvents[E][] };

/** Driver events become a status and calls of listeners. */
export class ServerEvents {
  private readonly listeners: Listeners = {
    connected: [],
    disconnected: [],
    rebalancing: [],
    crashed: [],
    refused: [],
    'position-lost': [],
  };

  constructor(private readonly setStatus: (status: KafkaRpcServerStatus) => void) {}

  on<E extends keyof KafkaRpcServerEvents>(event: E, listener: KafkaRpcServerEvents[E]): void {
    this.listeners[event].push(listener);
  }

  refused(record: RefusedRecord): void {
    this.listeners.refused.forEach((listener) => listener(record));
  }

  stopped(): void {
    this.setStatus('stopped');
  }

  publish(event: DriverEvent): void {
    switch (event.type) {
      case 'connected':
        this.setStatus('connected');
        return this.listeners.connected.forEach((listener) => listener());
      case 'disconnected':
        this.setStatus('disconnected');
        return this.listeners.disconnected.forEach((listener) => listener(event.error));
      case 'rebalancing':
        this.setStatus('rebalancing');
        return this.listeners.rebalancing.forEach((listener) => listener(event.groupId));
      case 'crashed':
        this.setStatus('crashed');
        return this.listeners.crashed.forEach((listener) => listener(event.error));
      case 'position-lost':
        return this.listeners['position-lost'].forEach((listener) => listener(event));
    }
  }
}
