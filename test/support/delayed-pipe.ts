import type { Socket } from 'node:net';

interface Piece {
  readonly dueAtMs: number;
  /** `undefined` is the end of the stream. */
  readonly bytes: Buffer | undefined;
}

/** One direction of a connection: what is put in comes out in order, after a delay, and not while it is held. */
export class DelayedPipe {
  private readonly pieces: Piece[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isHeld = false;
  /** When the link has passed on all that was put in. */
  private freeAtMs = 0;

  constructor(private readonly to: Socket) {}

  /** @param bytesPerSecond how wide the link is */
  put(bytes: Buffer | undefined, delayMs: number, bytesPerSecond = Infinity): void {
    const isWide = bytesPerSecond === Infinity;
    if (isWide && delayMs === 0 && !this.isHeld && this.pieces.length === 0) return this.pass(bytes);
    const now = performance.now();
    this.freeAtMs = Math.max(now, this.freeAtMs) + ((bytes?.length ?? 0) / bytesPerSecond) * 1_000;
    this.pieces.push({ dueAtMs: this.freeAtMs + delayMs, bytes });
    this.schedule();
  }

  hold(): void {
    this.isHeld = true;
    this.stop();
  }

  release(): void {
    this.isHeld = false;
    this.schedule();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(): void {
    const first = this.pieces[0];
    if (first === undefined || this.isHeld || this.timer !== undefined) return;
    this.timer = setTimeout(() => this.passDue(), Math.max(0, first.dueAtMs - performance.now()));
  }

  private passDue(): void {
    this.timer = undefined;
    const now = performance.now();
    while (this.pieces[0] !== undefined && this.pieces[0].dueAtMs <= now)
      this.pass(this.pieces.shift()?.bytes);
    this.schedule();
  }

  private pass(bytes: Buffer | undefined): void {
    if (bytes === undefined) this.to.end();
    else this.to.write(bytes);
  }
}
