import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { Observable } from 'rxjs';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

const SILENCE_MS = 3_000;

let open = 0;

@Controller()
class FeedController {
  @MessagePattern('echo')
  feed(): Observable<never> {
    return new Observable(() => {
      open += 1;
      return () => void (open -= 1);
    });
  }
}

describe('a client that is SIGKILLed with streams open', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());

  it('has them ended at the server when it was silent for long enough, and a living one has not', async () => {
    const settings = { signOfLifeMs: 500, timeoutMs: 100_000 };
    const { server } = await cluster.serve(
      { controllers: [FeedController] },
      { clientSilenceMs: SILENCE_MS },
    );
    const bystander = cluster.client(settings);
    const errors: unknown[] = [];
    bystander.send('echo', 0).subscribe({ error: (error: unknown) => errors.push(error) });
    const victim = await cluster.startClients([cluster.service], settings);
    await victim.ask('start', { perSecond: 100 });
    await eventually(20_000, () => expect(open).toBeGreaterThan(100));
    await victim.kill();
    const diedAt = performance.now();
    await eventually(20_000, () => expect(open).toBe(1));
    const tookMs = performance.now() - diedAt;
    expect(tookMs).toBeGreaterThan(SILENCE_MS / 2);
    expect(tookMs).toBeLessThan(SILENCE_MS * 4);
    expect(server.counters.callsOfSilentClients).toBeGreaterThanOrEqual(100);
    expect(errors).toEqual([]);
    expect(bystander.openCalls).toBe(1);
  });
});
