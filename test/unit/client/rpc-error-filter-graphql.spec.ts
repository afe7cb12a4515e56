import { Controller, Logger, type Type } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { RpcError, RpcErrorFilter, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { Gateway } from '../../support/gateway.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class OrdersController {
  @MessagePattern('missing')
  missing(): never {
    throw new RpcError('NOT_FOUND', 'No such order.', { details: { id: 7 } });
  }

  @MessagePattern('busy')
  busy(): never {
    throw new RpcError('UNAVAILABLE', 'The database at 10.0.0.7 is busy.');
  }
}

/** What is used of GraphQL and of Nest's package for it. */
interface Graphql {
  Query(type: () => unknown): MethodDecorator;
  Resolver(): ClassDecorator;
  GraphQLModule: { forRoot(options: object): Type };
  AbstractGraphQLDriver: new () => object;
  graphql(request: { schema: unknown; source: string }): Promise<{ readonly errors?: readonly unknown[] }>;
}

const loadGraphql = async (): Promise<Graphql> => {
  const names = ['@nestjs/graphql', 'graphql'];
  const modules = (await Promise.all(names.map((name) => import(name)))) as object[];
  return Object.assign({}, ...modules) as Graphql;
};

/** Keeps the schema, to be asked without a server. */
const driverOf = ({ AbstractGraphQLDriver }: Graphql, keep: (schema: unknown) => void): Type =>
  class extends AbstractGraphQLDriver {
    start({ schema }: { schema: unknown }): void {
      keep(schema);
    }

    stop(): void {}
  };

const resolverOf = ({ Query, Resolver }: Graphql, orders: KafkaRpcClient): Type => {
  @Resolver()
  class OrderResolver {
    @Query(() => String)
    missing(): Promise<unknown> {
      return orders.call('missing', {});
    }

    @Query(() => String)
    busy(): Promise<unknown> {
      return orders.call('busy', {});
    }
  }
  return OrderResolver;
};

describe('RpcErrorFilter over GraphQL', () => {
  let cluster: RpcCluster;
  let gateway: Gateway;
  let graphql: Graphql;
  let schema: unknown;

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [OrdersController] }, { service: 'orders' });
    graphql = await loadGraphql();
    const driver = driverOf(graphql, (made) => (schema = made));
    gateway = await Gateway.start(
      {
        imports: [graphql.GraphQLModule.forRoot({ driver, autoSchemaFile: true })],
        providers: [resolverOf(graphql, cluster.client({ service: 'orders' }))],
      },
      undefined,
      (app) => app.useGlobalFilters(new RpcErrorFilter()),
    );
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });

  afterAll(async () => {
    await gateway.close();
    await cluster.close();
    jest.restoreAllMocks();
  });

  const errorsOf = async (query: string): Promise<readonly unknown[]> => {
    const { errors = [] } = await graphql.graphql({ schema, source: `{ ${query} }` });
    return JSON.parse(JSON.stringify(errors)) as readonly unknown[];
  };

  it('gives the status as the code of the error, with text and details where they are the client’s to mend', async () => {
    expect(await errorsOf('missing')).toMatchObject([
      {
        message: 'No such order.',
        path: ['missing'],
        extensions: { code: 'NOT_FOUND', http: { status: 404 }, details: { id: 7 } },
      },
    ]);
  });

  it('gives neither where they are not', async () => {
    const [error] = await errorsOf('busy');
    expect(error).toMatchObject({
      message: 'Service Unavailable',
      extensions: { code: 'UNAVAILABLE', http: { status: 503 }, retryAfter: 1 },
    });
    expect(JSON.stringify(error)).not.toContain('10.0.0.7');
  });
});
