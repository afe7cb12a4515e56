import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIZE = '384m';
const BLOCK = Buffer.alloc(64 * 1024, 1);

/** A disk of its own, in memory, that the suite can fill. */
export class SmallDisk {
  private constructor(private readonly mountedAt: string) {}

  /** @returns undefined where this process may not mount one */
  static open(): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-kafka-rpc-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'none', folder], { stdio: 'ignore' });
      return new SmallDisk(folder);
    } catch {
      rmSync(folder, { recursive: true, force: true });
      return undefined;
    }
  }

  /** For the data of a broker. */
  get folder(): string {
    return join(this.mountedAt, 'data');
  }

  /** Leaves no byte free. @returns how many were */
  fill(): number {
    const file = openSync(this.filler, 'a');
    let written = 0;
    try {
      for (;;) written += writeSync(file, BLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      return written;
    } finally {
      closeSync(file);
    }
  }

  /** Takes back what `fill` has taken. */
  empty(): void {
    rmSync(this.filler, { force: true });
  }

  close(): void {
    execFileSync('umount', ['--lazy', this.mountedAt]);
    rmSync(this.mountedAt, { recursive: true, force: true });
  }

  private get filler(): string {
    return join(this.mountedAt, 'filler');
  }
}
