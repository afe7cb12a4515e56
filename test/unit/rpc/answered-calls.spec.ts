import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns } from '../../support/until.js';
import { Outbox } from '../../../lib/wire/outbox.js';

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

describe('a call that was answered', () => {
  it('is not cancelled by a caller that unsubscribes on its only value', async () => {
    const cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] });
    const send = jest.spyOn(Outbox.prototype, 'send');
    const client = cluster.client();
    for (let i = 0; i < 10; i++) await firstValueFrom(client.send('sum.add', {}));
    await turns();
    const kinds = send.mock.calls.map(([, { kind }]) => kind);
    send.mockRestore();
    expect(kinds.filter((kind) => kind === 'request')).toHaveLength(10);
    expect(kinds).not.toContain('cancel');
    await cluster.close();
  });
});
