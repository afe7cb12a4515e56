import { Controller } from '@nestjs/common';
import { MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { RpcError, RpcStatus, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { concat, lastValueFrom, of, throwError, type Observable } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

describe('an error of a handler', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  @Controller()
  class FailingController {
    @MessagePattern('throws')
    throws(@Payload() status: RpcStatus): never {
      throw new RpcError(status, `It is ${status}.`, { details: { id: 7n } });
    }

    @MessagePattern('rejects')
    async rejects(): Promise<never> {
      throw new RpcException('no luck');
    }

    @MessagePattern('object')
    object(): never {
      throw new RpcException({ status: 'NOT_FOUND', message: 'Not there.', id: 7 });
    }

    @MessagePattern('impostor')
    impostor(): never {
      const details = { name: 'Other', message: 'm', stack: 's', status: 'OK', toJSON: 1, origin: 'client' };
      throw new RpcError('ABORTED', 'Odd.', { details: { ...details, code: 'E_ODD' } });
    }

    @MessagePattern('bug')
    bug(): never {
      throw new TypeError('the password is 1234');
    }

    @MessagePattern('stream')
    stream(): Observable<number> {
      return concat(
        of(1, 2),
        throwError(() => new RpcError('OUT_OF_RANGE', 'No third.')),
      );
    }

    @MessagePattern('not-retryable')
    notRetryable(): never {
      throw new RpcError('UNAVAILABLE', 'Never again.', { retryable: false });
    }

    @MessagePattern('long')
    long(): never {
      throw new RpcError('INTERNAL', 'é'.repeat(100_000));
    }

    @MessagePattern('odd-details')
    oddDetails(): never {
      throw new RpcError('ABORTED', 'Odd.', { details: () => undefined });
    }

    @MessagePattern('partly-odd-details')
    partlyOddDetails(): never {
      const details = {
        field: 'b',
        callback: () => undefined,
        nested: { kept: [1, 2n], odd: [1, Symbol('x')] },
        get broken(): never {
          throw new Error('boom');
        },
      };
      throw new RpcError('ABORTED', 'Odd.', { details });
    }

    @MessagePattern('details-in-a-ring')
    detailsInARing(): never {
      const nodes: Record<string, unknown>[] = Array.from({ length: 12 }, (_, id) => ({ id }));
      for (const node of nodes) Object.assign(node, { nodes });
      throw new RpcError('ABORTED', 'Odd.', { details: nodes[0] });
    }

    @MessagePattern('details-of-odd-kinds')
    detailsOfOddKinds(): never {
      const untold = new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('hands off');
          },
        },
      );
      const named: unknown = JSON.parse('{"__proto__": 1}');
      const many = Array.from({ length: 50_000 }, () => Symbol('x'));
      throw new RpcError('ABORTED', 'Odd.', { details: { untold, named, many, field: 'b' } });
    }

    @MessagePattern('texts')
    texts(): never {
      throw new RpcException(['a is missing', 'b is 0']);
    }

    @MessagePattern('text-object')
    textObject(): never {
      throw new RpcException({ status: 'INVALID_ARGUMENT', message: ['a is missing', 'b is 0'] });
    }

    @MessagePattern('large-details')
    largeDetails(): never {
      throw new RpcError('ABORTED', 'Large.', { details: Buffer.alloc(2_000_000) });
    }
  }

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [FailingController] });
    client = cluster.client();
  });

  afterAll(() => cluster.close());

  const failure = (pattern: string, data: unknown = {}): Promise<RpcError> =>
    client.call(pattern, data).then(
      () => {
        throw new Error('It did not fail.');
      },
      (error: unknown) => error as RpcError,
    );

  it.each(Object.values(RpcStatus))('arrives as it was thrown: %s', async (status) => {
    const error = await failure('throws', status);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toBeInstanceOf(RpcException);
    expect(error).toMatchObject({ status, message: `It is ${status}.`, details: { id: 7n } });
    expect(error.retryable).toBe(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED'].includes(status));
  });

  it('arrives the same way with send()', async () => {
    await expect(lastValueFrom(client.send('throws', 'NOT_FOUND'))).rejects.toMatchObject({
      status: 'NOT_FOUND',
    });
  });

  it('that is an RpcException with a text is UNKNOWN with that text', async () => {
    const error = await failure('rejects');
    expect(error).toMatchObject({ status: 'UNKNOWN', message: 'no luck' });
    expect(error.details).toBeUndefined();
  });

  it('that is an RpcException with an object keeps its status, and is in the details', async () => {
    expect(await failure('object')).toMatchObject({
      status: 'NOT_FOUND',
      message: 'Not there.',
      details: { id: 7 },
    });
  });

  it('has the members of its details where stock transports have them, and shows them once', async () => {
    const error = await failure('object');
    expect(Reflect.get(error, 'id')).toBe(7);
    expect(Object.keys(error)).not.toContain('id');
    expect(error.toJSON()).not.toHaveProperty('id');
  });

  it('keeps its own members whatever its details have', async () => {
    const error = await failure('impostor');
    expect(error).toMatchObject({ status: 'ABORTED', message: 'Odd.', name: 'RpcError', code: 'E_ODD' });
    expect(error.toJSON).toBe(RpcError.prototype.toJSON);
    expect(error.origin).toBe('server');
  });

  it('that nobody foresaw is masked', async () => {
    const error = await failure('bug');
    expect(error).toMatchObject({ status: 'INTERNAL', message: 'Internal server error' });
    expect(JSON.stringify(error)).not.toContain('1234');
  });

  it('after the values of a stream arrives after them', async () => {
    const heard: unknown[] = [];
    const end = new Promise((resolve) => {
      client.send('stream', {}).subscribe({ next: (value) => heard.push(value), error: resolve });
    });
    expect(await end).toMatchObject({ status: 'OUT_OF_RANGE' });
    expect(heard).toEqual([1, 2]);
  });

  it('keeps what its author says of a retry', async () => {
    expect(await failure('not-retryable')).toMatchObject({ status: 'UNAVAILABLE', retryable: false });
  });

  it('with a long text arrives with the beginning of it', async () => {
    const error = await failure('long');
    expect(error).toMatchObject({ status: 'INTERNAL' });
    expect(error.message).toMatch(/^é{1000,65535}$/);
  });

  it('whose details cannot be sent arrives with a note in their place', async () => {
    const error = await failure('odd-details');
    expect(error).toMatchObject({ status: 'ABORTED', message: 'Odd.' });
    expect(error.details).toMatch(/^\(cannot be sent: .+\)$/);
  });

  it('has the members of its details that can be sent, and a note for each that cannot', async () => {
    const note = expect.stringMatching(/^\(cannot be sent: .+\)$/);
    expect((await failure('partly-odd-details')).details).toEqual({
      field: 'b',
      callback: note,
      nested: { kept: [1, 2n], odd: [1, note] },
      broken: '(cannot be sent: boom)',
    });
  });

  it('whose details refer to themselves in many ways takes no time of others', async () => {
    const { details } = await failure('details-in-a-ring');
    expect(details).toMatchObject({ id: 0, nodes: { length: 12 } });
    expect((details as { nodes: unknown[] }).nodes[0]).toBe('(cannot be sent: it refers to what it is in)');
  });

  it('has the rest of its details beside a proxy, a name, and so many members, that cannot be sent', async () => {
    const note = expect.stringMatching(/^\(cannot be sent: .+\)$/);
    expect((await failure('details-of-odd-kinds')).details).toEqual({
      untold: note,
      named: note,
      many: note,
      field: 'b',
    });
  });

  it.each([
    ['texts', 'UNKNOWN'],
    ['text-object', 'INVALID_ARGUMENT'],
  ])('with several texts has them joined: %s', async (pattern, status) => {
    expect(await failure(pattern)).toMatchObject({ status, message: 'a is missing, b is 0' });
  });

  it('whose details are too large still ends the call, with a typed error', async () => {
    const error = await failure('large-details');
    expect(error.details).toBeUndefined();
    expect(['ABORTED', 'RESOURCE_EXHAUSTED']).toContain(error.status);
  });
});
