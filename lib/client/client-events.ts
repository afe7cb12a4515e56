import type { DriverEvent } from '../driver/driver.js';

/** What `KafkaRpcClient.on()` tells. */
export type KafkaRpcClientEvents = {
  connected: () => void;
  disconnected: (error?: Error) => void;
  crashed: (error: Error) => void;
  /** Replies were lost because their topic was truncated or recreated, or retention overtook this reader. */
  'position-lost': (loss: Extract<DriverEvent, { type: 'position-lost' }>) => void;
};

/** What `KafkaRpcClient.status` emits. */
export type KafkaRpcClientStatus = 'connected' | 'disconnected' | 'crashed';

type Listeners = { [E in keyof KafkaRpcClientEvents]: KafkaRpcClientEvents[E][] };

/** Driver events become a status and calls of listeners. */
export class ClientEvents {
  private readonly listeners: Listeners = {
    connected: [],
    disconnected: [],
    crashed: [],
    'position-lost': [],
  };

  constructor(private readonly setStatus: (status: KafkaRpcClientStatus) => void) {}

  on<E extends keyof KafkaRpcClientEvents>(event: E, listener: KafkaRpcClientEvents[E]): void {
    this.listeners[event].push(listener);
  }

  publish(event: DriverEvent): void {
    switch (event.type) {
      case 'connected':
        this.setStatus('connected');
        return this.listeners.connected.forEach((listener) => listener());
      case 'disconnected':
        this.setStatus('disconnected');
        return this.listeners.disconnected.forEach((listener) => listener(event.error));
      case 'crashed':
        this.setStatus('crashed');
        return this.listeners.crashed.forEach((listener) => listener(event.error));
      case 'position-lost':
        return this.listeners['position-lost'].forEach((listener) => listener(event));
      case 'rebalancing':
        // A client is in no group.
        return;
    }
  }
}
