import kafkajs from 'kafkajs';
import type { Socket } from 'node:net';

/** What is used of how kafkajs' connection takes bytes apart. */
export interface FramedConnection {
  readonly broker: string;
  readonly socket?: Socket;
  /** Of the frame that is not whole yet. */
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  /** The number of the next request. */
  readonly correlationId: number;
  /** Set while a login waits for an answer, which may have no frame. */
  readonly authHandlers: object | null;
  readonly authExpectResponse: boolean;
  readonly requestQueue: {
    readonly inflight: ReadonlyMap<number, unknown>;
    fulfillRequest(answer: { readonly correlationId: number }): void;
  };
  isConnected(): boolean;
  rejectRequests(error: Error): void;
  connect: () => Promise<unknown>;
  processData: (bytes: Buffer) => void;
}

/** Its correlation id alone. */
const SMALLEST_FRAME = 4;
const SIZE_BYTES = 4;
/** So long may pass within an answer without a byte of it: a broker writes it in one go. */
const STALLED_MS = 3_000;

/**
 * Ends a connection whose bytes are not frames as a broker makes them: kafkajs would loop for ever over a size below zero, wait for a
 * size of gigabytes, and give an answer to whoever's number it has. Its requests fail, and are made again over a new connection, which
 * begins with no bytes of the one before.
 *
 * Cost: a comparison or two per chunk and frame.
 * @param maxFrameBytes no answer is larger
 * @returns looks whether an answer stands still in its middle; to be called now and then
 */
export const guardFrames = (connection: FramedConnection, maxFrameBytes: number): (() => void) => {
  let sizes = new FrameSizes(maxFrameBytes);
  let lastBytesAt = 0;
  let connecting: { readonly socket: Socket | undefined; readonly done: Promise<unknown> } | undefined;
  const connect = connection.connect.bind(connection);
  const process = connection.processData.bind(connection);

  connection.connect = () => {
    if (connection.isConnected()) return connect();
    if (connecting !== undefined && isUsable(connecting.socket)) return connecting.done;
    leaveSocket(connection);
    sizes = new FrameSizes(maxFrameBytes);
    const done = connect();
    connecting = { socket: connection.socket, done };
    return done;
  };
  connection.processData = (bytes) => {
    lastBytesAt = performance.now();
    const isFramed = connection.authHandlers === null || connection.authExpectResponse;
    const wrong = isFramed ? sizes.firstWrong(bytes) : undefined;
    if (wrong === undefined) return process(bytes);
    end(connection, `a frame of ${wrong} bytes was announced`);
  };
  guardOrder(connection);
  return () => {
    const isInFrame = connection.isConnected() && connection.bytesBuffered > 0;
    if (isInFrame && performance.now() - lastBytesAt > STALLED_MS)
      end(
        connection,
        `an answer came to ${connection.bytesBuffered} of ${connection.bytesNeeded} bytes and no further`,
      );
  };
};

const guardOrder = (connection: FramedConnection): void => {
  const { requestQueue } = connection;
  const fulfill = requestQueue.fulfillRequest.bind(requestQueue);
  requestQueue.fulfillRequest = (answer) => {
    const { correlationId } = answer;
    const [next] = requestQueue.inflight.keys();
    // Answers come in the order of their requests; one that nobody waits for any more is older than all that are waited for.
    const isLate = correlationId >= 0 && correlationId < (next ?? connection.correlationId);
    if (correlationId === next || isLate) return fulfill(answer);
    end(connection, `an answer to request ${correlationId} came in the place of that to ${next ?? 'none'}`);
  };
};

/** Follows the sizes of frames through chunks that end anywhere. */
class FrameSizes {
  /** Of the frame that is under way. */
  private left = 0;
  private size = 0;
  private sizeBytes = 0;

  constructor(private readonly max: number) {}

  /** @returns a size that no answer has, if one begins in these bytes. */
  firstWrong(bytes: Buffer): number | undefined {
    for (let at = 0; at < bytes.length;) {
      if (this.left > 0) {
        const taken = Math.min(this.left, bytes.length - at);
        this.left -= taken;
        at += taken;
        continue;
      }
      this.size = (this.size << 8) | (bytes[at++] as number);
      if (++this.sizeBytes < SIZE_BYTES) continue;
      if (this.size < SMALLEST_FRAME || this.size > this.max) return this.size;
      this.left = this.size;
      this.size = 0;
      this.sizeBytes = 0;
    }
    return undefined;
  }
}

/** Not one that was ended while it connected: kafkajs never says so. */
const isUsable = (socket: Socket | undefined): boolean =>
  socket !== undefined && !socket.destroyed && !socket.readableEnded && !socket.writableEnded;

/** What the old socket still brings would stand in the middle of what the new one does. */
const leaveSocket = (connection: FramedConnection): void => {
  connection.socket?.destroy();
  forgetBytes(connection);
  if (connection.requestQueue.inflight.size === 0) return;
  const { broker } = connection;
  connection.rejectRequests(new kafkajs.KafkaJSConnectionError('Connected anew', { broker }));
};

const forgetBytes = (connection: FramedConnection): void => {
  connection.chunks = [];
  connection.bytesBuffered = 0;
  connection.bytesNeeded = SIZE_BYTES;
};

/** The socket's error has kafkajs fail what waits. */
const end = (connection: FramedConnection, what: string): void => {
  forgetBytes(connection);
  connection.socket?.destroy(
    new kafkajs.KafkaJSConnectionError(`The bytes of the connection are damaged: ${what}`, {
      broker: connection.broker,
    }),
  );
};
