import { Agent, request, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { stopwatch } from './stopwatch.js';

/** What came over HTTP, and how long it took. */
export interface HttpAnswer<T> {
  readonly status: number;
  readonly body: T;
  readonly totalMs: number;
}

/** As many requests at once as a busy caller would open sockets for; the rest wait for one of these. */
const SOCKETS = 50;

/** The gateway as its callers see it. */
export class GatewayClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });

  constructor(private readonly url: string) {}

  get<T>(path: string): Promise<HttpAnswer<T>> {
    return this.whole('GET', path);
  }

  post<T>(path: string, body: object): Promise<HttpAnswer<T>> {
    return this.whole('POST', path, body);
  }

  /** The lines of an answer, each when it comes. */
  async *lines<T>(path: string): AsyncGenerator<T> {
    const response = await this.send('GET', path);
    for await (const line of createInterface({ input: response })) yield JSON.parse(line) as T;
  }

  close(): void {
    this.agent.destroy();
  }

  private async whole<T>(method: string, path: string, body?: object): Promise<HttpAnswer<T>> {
    const elapsedMs = stopwatch();
    const response = await this.send(method, path, body);
    const answer = JSON.parse(await text(response)) as T;
    return { status: response.statusCode ?? 0, body: answer, totalMs: elapsedMs() };
  }

  private send(method: string, path: string, body?: object): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      request(`${this.url}${path}`, { method, headers, agent: this.agent }, resolve)
        .on('error', reject)
        .end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
