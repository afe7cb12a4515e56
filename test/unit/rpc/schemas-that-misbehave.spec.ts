import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { contract } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';

describe('a schema', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it.each<[string, unknown, RegExp]>([
    ['a promise of another library', { then: () => undefined }, /checks asynchronously/],
    ['issues that are no list', { issues: 5 }, /its issues are no list/],
    ['an issue that is none', { issues: [null] }, /does not fit its schema: no reason is given/],
    ['a path that is none', { issues: [{ message: 'm', path: [null, 'a'] }] }, /schema at null.a: m/],
    [
      'issues that cannot be read',
      Object.defineProperty({}, 'issues', {
        get: () => {
          throw new Error('hands off');
        },
      }),
      /its schema threw: hands off/,
    ],
  ])('that gives %s fails the call alone, on both sides', async (_what, result, message) => {
    const odd = { '~standard': { version: 1, vendor: 'own', validate: () => result as never } } as const;
    let runs = 0;
    @Controller()
    class OddController {
      @MessagePattern('in', { schema: { input: odd } })
      in(): number {
        return (runs += 1);
      }

      @MessagePattern('out', { schema: { output: odd } })
      out(): number {
        return 1;
      }
    }
    await cluster.serve({ controllers: [OddController] });
    const own = cluster.client();
    const typed = own.service(
      contract({ in: { pattern: 'plain', input: odd }, out: { pattern: 'in', output: odd } }),
    );
    for (const call of [() => own.call('in', {}), () => own.call('out', {}), () => typed.in({}).reply()])
      expect(await call().catch((error: unknown) => error)).toMatchObject({
        message: expect.stringMatching(message) as string,
      });
    expect(runs).toBe(0);
  });
});
