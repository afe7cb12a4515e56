import { Controller, ParseIntPipe, ValidationPipe } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { IsInt, Max } from 'class-validator';
import { RpcError, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';

class Terms {
  @IsInt()
  a!: number;

  @IsInt()
  @Max(100)
  b!: number;
}

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() terms: Terms): string {
    return `${terms.constructor.name} ${terms.a + terms.b}`;
  }

  @MessagePattern('sum.parse')
  parse(@Payload('a', ParseIntPipe) a: number): number {
    return a;
  }
}

const invalid = (errors: readonly { readonly property: string }[]): RpcError =>
  new RpcError('INVALID_ARGUMENT', 'The terms are wrong.', {
    details: errors.map(({ property }) => property),
  });

describe('a pipe', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve(
      { controllers: [SumController] },
      {
        prepare: (app) =>
          app.useGlobalPipes(new ValidationPipe({ transform: true, exceptionFactory: invalid })),
      },
    );
    client = cluster.client();
  });

  afterAll(() => cluster.close());

  it('gives the handler what it made of the data', async () => {
    expect((await client.call('sum.add', { a: 1, b: 2 })).value).toBe('Terms 3');
    expect((await client.call('sum.parse', { a: '41' })).value).toBe(41);
  });

  it('that refuses the data fails the call with its error', async () => {
    await expect(client.call('sum.add', { a: 'one', b: 200 })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: 'The terms are wrong.',
      details: ['a', 'b'],
    });
  });

  it('that throws an HTTP exception fails the call under the fitting status', async () => {
    await expect(client.call('sum.parse', { a: 'no number' })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: 'Validation failed (numeric string is expected)',
    });
  });
});
