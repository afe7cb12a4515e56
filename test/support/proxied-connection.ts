import type { Socket } from 'node:net';
import { DelayedPipe } from './delayed-pipe.js';
import { kafkaApiOf, type KafkaApi } from './kafka-api.js';
import { apiKeyOf, correlationOfAnswer, correlationOfRequest, KafkaFrames } from './kafka-frames.js';

/**
 * What becomes of a request or an answer: it passes; its connection is reset in its place; or it is swallowed, and the
 * connection goes on without it; or some of its last bytes are others.
 */
export type Fate = 'pass' | 'cut' | 'swallow' | 'corrupt';

export interface Exchange {
  /** `undefined` for an API that the list of `KAFKA_API` does not have. */
  readonly api: KafkaApi | undefined;
  /** `request`: the broker has not seen it. `answer`: the broker has done what was asked, and the client will not know. */
  readonly way: 'request' | 'answer';
}

/** What a proxy asks about each frame, and what it adds to the way. */
export interface Weather {
  /** For bytes that arrive now, each way. */
  readonly delayMs: number;
  /** How wide each connection is, each way. @default as wide as it gets */
  readonly bytesPerSecond?: number;
  /** Into how many pieces each frame is cut, a millisecond between them. @default 1 */
  readonly slices?: number;
  fateOf(exchange: Exchange): Fate;
  /** After how long a connection that is made now is reset; `undefined` for never. */
  lifetimeMs(): number | undefined;
}

/** A client's connection to a broker, which goes through this process. */
export class ProxiedConnection {
  private readonly toBroker: DelayedPipe;
  private readonly toClient: DelayedPipe;
  private readonly asked = new Map<number, KafkaApi | undefined>();
  private readonly end: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: Socket,
    private readonly broker: Socket,
    private readonly weather: Weather,
  ) {
    this.toBroker = new DelayedPipe(broker);
    this.toClient = new DelayedPipe(client);
    this.forward(client, this.toBroker, (frame) => this.requestOf(frame));
    this.forward(broker, this.toClient, (frame) => this.answerOf(frame));
    const lifetimeMs = weather.lifetimeMs();
    if (lifetimeMs !== undefined) this.end = setTimeout(() => this.reset(), lifetimeMs);
    client.once('close', () => clearTimeout(this.end));
  }

  onClose(listener: () => void): void {
    this.client.once('close', listener);
  }

  /** RST to both ends: what is on its way is lost. */
  reset(): void {
    this.toBroker.stop();
    this.toClient.stop();
    resetSocket(this.client);
    resetSocket(this.broker);
  }

  /** FIN to the client at once, and to the broker after a while: bytes of the client still pass. */
  finish(brokerAfterMs: number): void {
    this.toClient.put(undefined, 0);
    this.toBroker.put(undefined, brokerAfterMs);
  }

  /** Half open: the connection stays, and nothing passes either way. */
  hold(): void {
    this.toBroker.hold();
    this.toClient.hold();
  }

  /** What was held passes, late. */
  release(): void {
    this.toBroker.release();
    this.toClient.release();
  }

  private forward(from: Socket, pipe: DelayedPipe, exchangeOf: (frame: Buffer) => Exchange): void {
    const frames = new KafkaFrames();
    from.on('data', (bytes: Buffer) => {
      for (const frame of frames.add(bytes)) {
        const fate = this.weather.fateOf(exchangeOf(frame));
        if (fate === 'cut') return this.reset();
        if (fate === 'corrupt') this.pass(pipe, corrupted(frame));
        if (fate === 'pass') this.pass(pipe, frame);
      }
    });
    from.on('end', () => pipe.put(undefined, this.weather.delayMs));
    from.on('error', () => this.reset());
  }

  private pass(pipe: DelayedPipe, frame: Buffer): void {
    const { delayMs, bytesPerSecond, slices = 1 } = this.weather;
    const size = Math.ceil(frame.length / slices);
    for (let at = 0; at * size < frame.length; at++)
      pipe.put(frame.subarray(at * size, (at + 1) * size), delayMs + at, bytesPerSecond);
  }

  private requestOf(frame: Buffer): Exchange {
    const api = kafkaApiOf(apiKeyOf(frame));
    this.asked.set(correlationOfRequest(frame), api);
    return { api, way: 'request' };
  }

  private answerOf(frame: Buffer): Exchange {
    const correlation = correlationOfAnswer(frame);
    const api = this.asked.get(correlation);
    this.asked.delete(correlation);
    return { api, way: 'answer' };
  }
}

/** With a few other bytes near its end, where a record's own are: far from all that frames and requests are made of. */
const corrupted = (frame: Buffer): Buffer => {
  const wrong = Buffer.from(frame);
  for (let back = 12; back < 15; back++)
    if (wrong.length > 2 * back) wrong[wrong.length - back] = (wrong[wrong.length - back] ?? 0) ^ 0x55;
  return wrong;
};

/**
 * RST, where that can be. A socket that was ended and has not said so yet is not reset by libuv (EINVAL), and Node 20 then waits for
 * it for ever when the process ends: that one is closed.
 */
export const resetSocket = (socket: Socket): void => {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
};
