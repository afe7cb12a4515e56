import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector';

/** Profiles this process between two points in time, so that warm-up and start are not in the picture. */
export class Profiler {
  private session: Session | undefined;

  async start(): Promise<void> {
    this.session = new Session();
    this.session.connect();
    await this.post('Profiler.enable');
    await this.post('Profiler.start');
  }

  /** Writes what Chrome's and VS Code's profile viewers open. */
  async stop(file: string): Promise<void> {
    const { profile } = (await this.post('Profiler.stop')) as { readonly profile: unknown };
    this.session?.disconnect();
    this.session = undefined;
    await writeFile(file, JSON.stringify(profile));
  }

  private post(method: 'Profiler.enable' | 'Profiler.start' | 'Profiler.stop'): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.session === undefined) return reject(new Error('The profiler was not started'));
      this.session.post(method, (error: Error | null, result?: unknown) => {
        if (error === null) resolve(result);
        else reject(error);
      });
    });
  }
}
