import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import {
  KafkaRpcClient,
  KafkaRpcModule,
  KafkaRpcRecordBuilder,
  KafkaRpcServer,
  msgpack,
  RpcError,
  verification,
  type KafkaRpcContext,
} from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class HeadersController {
  @MessagePattern('headers')
  headers(@Ctx() context: KafkaRpcContext): unknown {
    return context.getHeaders();
  }
}

const throwing = {
  get name(): string {
    throw new Error('no name today');
  },
};
const closedProxy = new Proxy(
  {},
  {
    ownKeys: () => {
      throw new Error('no keys today');
    },
  },
);
const many = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`h${i}`, 'x']));

/** What is thrown, or rejected with. */
const thrownBy = async (act: () => unknown): Promise<unknown> => {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error('It was accepted.');
};

const expectRefusal = async (act: () => unknown, text: string): Promise<void> => {
  const error = await thrownBy(act);
  expect(error).toBeInstanceOf(RpcError);
  expect(error).toMatchObject({
    status: 'INVALID_ARGUMENT',
    message: expect.stringContaining(text) as string,
  });
};

describe('what a caller gives that cannot be sent', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [HeadersController] });
    client = cluster.client();
  });
  afterAll(() => cluster.close());

  const WRONG_HEADERS: readonly [string, unknown, string][] = [
    ['a Map', new Map([['a', 'b']]), 'Object.fromEntries()'],
    ['Headers', new Headers({ a: 'b' }), 'Object.fromEntries()'],
    ['a Set', new Set(['a']), 'Object.fromEntries()'],
    ['entries', new Map([['a', 'b']]).entries(), 'Object.fromEntries()'],
    ['a Date', new Date(), '"headers"'],
    ['a getter that throws', throwing, '"headers" cannot be read: no name today'],
    ['a proxy that throws', closedProxy, '"headers" cannot be read: no keys today'],
    ['a value that is no text', { a: Symbol('b') }, '"headers"'],
  ];

  it.each(WRONG_HEADERS)('is refused as headers of a call: %s', async (_what, headers, text) => {
    await expectRefusal(() => client.call('headers', 1, { headers: headers as never }), text);
  });

  it.each(WRONG_HEADERS)('is refused as headers of a record: %s', async (_what, headers, text) => {
    await expectRefusal(() => new KafkaRpcRecordBuilder(1).setHeaders(headers as never).build(), text);
  });

  it.each(WRONG_HEADERS)('is refused as headers of a client: %s', async (_what, headers, text) => {
    await expectRefusal(() => cluster.client({ headers: headers as never }), text);
  });

  it('is refused when it is more headers than a message holds, however they come together', async () => {
    const text = 'A message has at most 65535 headers, not 70000';
    await expectRefusal(() => client.call('headers', 1, { headers: many }), text);
    await expectRefusal(() => cluster.client({ headers: many }).call('headers', 1), text);
  });

  it('is no fault of headers that are an object: of a class, without a prototype, or none at all', async () => {
    class Tags {
      a = '1';
    }
    const bare = Object.assign(Object.create(null) as object, { a: '1' });
    for (const headers of [new Tags(), bare, { a: '1' }])
      expect((await client.call('headers', 1, { headers: headers as never })).value).toEqual({ a: '1' });
    expect((await client.call('headers', 1, { headers: {} })).value).toEqual({});
  });

  it.each([null, 7, 7n, Symbol('s'), () => 1, 'text', [], new Map()])(
    'is refused as the options of a call: %p',
    async (options) => {
      await expectRefusal(
        () => client.call('headers', 1, options as never),
        'A call wants an object of options. It has: timeoutMs, key, headers, idempotencyKey, ',
      );
    },
  );

  it('is refused when an option of a call throws as it is read', async () => {
    const options = {
      get key(): string {
        throw new Error('no key today');
      },
    };
    await expectRefusal(() => client.call('headers', 1, options), 'no key today');
  });
});

const NOTHING_LIKE_IT = [null, undefined, 7, 7n, 'text', Symbol('s'), () => 1];

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

/** What has all that is asked for, but for one thing that cannot be read. */
const unreadable = (name: string): object => {
  const same = (value: unknown): unknown => value;
  const parts = {
    name: 'own',
    contentType: 'own',
    encode: same,
    decode: same,
    serialize: same,
    deserialize: same,
  };
  return Object.defineProperty(parts, name, {
    get: () => {
      throw new Error('hands off');
    },
  });
};

describe('what is given in place of options', () => {
  const driver = memoryDriver();
  const factory = (): { driver: typeof driver } => ({ driver });

  it.each(NOTHING_LIKE_IT)('is refused by register() and registerAsync(): %p', async (given) => {
    await expectRefusal(() => KafkaRpcModule.register(given as never), 'wants an object of options');
    await expectRefusal(() => KafkaRpcModule.registerAsync(given as never), 'wants an object of options');
  });

  it.each(NOTHING_LIKE_IT)('is refused as one of the clients: %p', async (given) => {
    const clients = [{ name: 'A', service: 'a' }, given as never];
    await expectRefusal(() => KafkaRpcModule.register({ driver, clients }), 'clients[1]');
    await expectRefusal(() => KafkaRpcModule.registerAsync({ clients, useFactory: factory }), 'clients[1]');
  });

  it.each([null, undefined, 7, 7n, {}, [], ''])('is refused as the name of a client: %p', async (name) => {
    const clients = [{ name: name as never, service: 'a' }];
    await expectRefusal(() => KafkaRpcModule.register({ driver, clients }), '"clients[0].name"');
  });

  class Token {
    readonly is = 'a token';
  }
  it.each([
    ['a text', 'SUM', '"SUM"'],
    ['a symbol', Symbol.for('SUM'), 'Symbol(SUM)'],
    ['a class', Token, '"Token"'],
  ])('is refused when two clients have one name: %s', async (_what, name, shown) => {
    const clients = [
      { name, service: 'a' },
      { name: 'OTHER', service: 'b' },
      { name, service: 'c' },
    ];
    const text = `Option "clients[2].name" is ${shown}, it must be a name that no other client has.`;
    await expectRefusal(() => KafkaRpcModule.register({ driver, clients }), text);
    await expectRefusal(() => KafkaRpcModule.registerAsync({ clients, useFactory: factory }), text);
  });

  it.each([
    ['useFactory', undefined],
    ['useFactory', { driver }],
    ['inject', 'CONFIG'],
    ['imports', {}],
    ['isGlobal', 'yes'],
    ['useClass', () => undefined],
  ])('is refused by registerAsync() with the name of the option: %s', async (name, given) => {
    const options = { clients: [], useFactory: factory, [name]: given };
    await expectRefusal(() => KafkaRpcModule.registerAsync(options as never), name);
  });

  it('is refused by register() with the name of the option: isGlobal', async () => {
    const options = { driver, clients: [], isGlobal: 'yes' as never };
    await expectRefusal(() => KafkaRpcModule.register(options), 'Option "isGlobal" is "yes"');
  });

  it.each(NOTHING_LIKE_IT)('is refused by verification(): %p', async (given) => {
    await expectRefusal(() => verification(given as never), 'verification() wants an object of options');
  });

  it.each([[], new Map()])(
    'is refused where options could be meant, and none would be seen: %p',
    async (given) => {
      await expectRefusal(() => msgpack(given as never), 'msgpack() wants an object of options');
      await expectRefusal(() => new KafkaRpcServer(given as never), 'wants an object of options');
      await expectRefusal(() => new KafkaRpcClient(given as never), 'wants an object of options');
      await expectRefusal(() => memoryDriver(given as never), 'wants an object of options');
    },
  );

  it.each([Symbol('s'), '7', 7n, null])('is refused as a limit of msgpack(): %p', async (given) => {
    await expectRefusal(() => msgpack({ maxDepth: given as never }), 'maxDepth');
    await expectRefusal(() => msgpack({ maxElements: given as never }), 'maxElements');
  });

  it.each([7, Symbol('s'), {}, [null], [undefined], [7], [{ type: 1 }], [{ type: Symbol('s') }]])(
    'is refused as the extensions of msgpack(): %p',
    async (given) => {
      await expectRefusal(() => msgpack({ extensions: given as never }), 'extensions');
    },
  );

  it('is refused with the name of an option that throws as it is read', async () => {
    const options = {
      service: 'a',
      driver,
      get clientId(): string {
        throw new Error('no id today');
      },
    };
    const text = 'Option "clientId" cannot be read: no id today';
    await expectRefusal(() => new KafkaRpcClient(options), text);
    await expectRefusal(() => new KafkaRpcServer(options), text);
  });

  it.each<[string, object, string]>([
    ['a driver', { driver: revoked() }, 'driver'],
    ['the content type of a serializer', { serializer: unreadable('contentType') }, 'serializer.contentType'],
    ['the name of a stage', { interceptors: [unreadable('name')] }, 'interceptors[0].name'],
  ])(
    'is refused with the name of the option when it throws as it is read: %s',
    async (_what, given, name) => {
      const options = { service: 'a', driver, ...given } as never;
      await expectRefusal(() => new KafkaRpcClient(options), `Option "${name}" cannot be read`);
      await expectRefusal(() => new KafkaRpcServer(options), `Option "${name}" cannot be read`);
    },
  );

  it('is refused when it is a proxy that cannot be asked', async () => {
    await expectRefusal(() => new KafkaRpcClient(revoked() as never), 'wants an object of options');
    await expectRefusal(() => new KafkaRpcServer(revoked() as never), 'wants an object of options');
    const client = new KafkaRpcClient({ service: 'a', driver });
    await expectRefusal(() => client.call('a', 1, revoked() as never), 'wants an object of options');
    await expectRefusal(() => client.call('a', 1, { headers: revoked() as never }), 'Option "headers"');
    await expectRefusal(() => client.call('a', revoked()), 'cannot be serialized');
    await client.close();
  });

  it('is shown without being read when that would throw', async () => {
    await expectRefusal(
      () => new KafkaRpcClient({ service: closedProxy as never, driver }),
      'Option "service"',
    );
  });
});
