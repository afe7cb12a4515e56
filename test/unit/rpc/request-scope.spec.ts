import { Controller, Inject, Injectable, Scope } from '@nestjs/common';
import { CONTEXT, EventPattern, MessagePattern, type RequestContext, Payload } from '@nestjs/microservices';
import { KafkaRpcContext, KafkaRpcRecordBuilder, RpcError } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

let instances = 0;
const events: unknown[] = [];

@Injectable({ scope: Scope.REQUEST })
class Tenant {
  constructor(@Inject(CONTEXT) private readonly request: RequestContext<unknown, KafkaRpcContext>) {
    instances += 1;
  }

  describe(): object {
    const { tenant } = this.request.getContext().getHeaders();
    return { tenant, data: this.request.getData(), pattern: this.request.getPattern() };
  }
}

@Controller()
class TenantController {
  constructor(private readonly tenant: Tenant) {}

  @MessagePattern('tenant.name')
  name(): object {
    return this.tenant.describe();
  }

  @MessagePattern('tenant.fails')
  fails(): never {
    throw new RpcError('NOT_FOUND', 'No such tenant.');
  }

  @EventPattern('tenant.changed')
  changed(@Payload() _data: unknown): void {
    events.push(this.tenant.describe());
  }
}

describe('a request-scoped controller', () => {
  let cluster: RpcCluster;
  const record = (tenant: string): object =>
    new KafkaRpcRecordBuilder({ id: 1 }).setHeaders({ tenant }).build();

  beforeEach(async () => {
    instances = 0;
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [TenantController], providers: [Tenant] });
  });

  afterEach(() => cluster.close());

  it('is made for each call, and has its data, pattern and context by CONTEXT', async () => {
    const client = cluster.client();
    const described = async (tenant: string): Promise<unknown> =>
      (await client.call('tenant.name', { id: 1 }, { headers: { tenant } })).value;

    expect(await Promise.all(['one', 'two'].map(described))).toEqual([
      { tenant: 'one', data: { id: 1 }, pattern: 'tenant.name' },
      { tenant: 'two', data: { id: 1 }, pattern: 'tenant.name' },
    ]);
    expect(instances).toBe(2);
  });

  it('is made for each event', async () => {
    cluster.client().emit('tenant.changed', record('three'));
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ tenant: 'three', pattern: 'tenant.changed' });
  });

  it('fails typed', async () => {
    await expect(cluster.client().call('tenant.fails', {})).rejects.toMatchObject({ status: 'NOT_FOUND' });
  });
});
