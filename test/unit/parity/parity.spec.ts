import type { ClientProxy } from '@nestjs/microservices';
import { lastValueFrom, type Observable } from 'rxjs';
import { OURS, STOCK, type Served } from '../../support/transports.js';
import { until } from '../../support/until.js';
import { handlers } from './handlers.js';

/** What a caller sees: values, then the end, of an error what all transports have. */
interface Seen {
  readonly values: readonly unknown[];
  readonly end:
    | 'complete'
    | 'never'
    | { readonly message?: unknown; readonly code?: unknown; readonly orderId?: unknown };
}

const values = (...seen: unknown[]): Seen => ({ values: seen, end: 'complete' });
const failure = (message: unknown, more: object = {}): Seen => ({ values: [], end: { message, ...more } });

const MASKED = failure('Internal server error');
const large = 'x'.repeat(2_000_000);

/** The same on every transport. */
const SAME: readonly (readonly [what: string, pattern: unknown, data: unknown, seen: Seen])[] = [
  ['a text', 'echo', 'a', values('a')],
  ['a number', 'echo', 7, values(7)],
  ['zero', 'echo', 0, values(0)],
  ['false', 'echo', false, values(false)],
  ['an empty text', 'echo', '', values('')],
  ['a list', 'echo', [1, [2]], values([1, [2]])],
  ['an object', 'echo', { a: { b: null } }, values({ a: { b: null } })],
  ['the value of a promise', 'promise', {}, values(7)],
  ['the values of a stream', 'stream', {}, values(1, 2, 3)],
  [
    'the values of a stream before its error',
    'broken-stream',
    {},
    { values: [1, 2], end: { message: 'No third.' } },
  ],
  ['a handler by its object, in whatever order', { version: 2, cmd: 'object' }, {}, values('by its object')],
  ['what an interceptor made of a value', 'doubled', 4, values(8)],
  ['what a pipe made of the data', 'parsed', { a: '41' }, values(41)],
  ['the text of an RpcException', 'text', {}, failure('No luck.')],
  ['the fields of an RpcException', 'fields', {}, failure('No such order.', { code: 404, orderId: 7 })],
  ['what nobody foresaw, masked', 'bug', {}, MASKED],
  ['a guard that says no', 'guarded', {}, failure('Forbidden resource')],
  ['the error of an inner call, masked', 'inner', {}, MASKED],
  ['the fields of an inner call’s error, for the handler', 'inner-caught', {}, values(404)],
];

/** What is different: on the stock transports, and on this one. The migration guide has a row for each. */
const DIFFERENT: readonly (readonly [
  what: string,
  pattern: unknown,
  data: unknown,
  stock: Seen,
  ours: Seen,
])[] = [
  ['a handler without a result', 'nothing', {}, values(), values(undefined)],
  ['an HttpException', 'http', {}, MASKED, failure('No such order.')],
  [
    'what a pipe refuses',
    'parsed',
    { a: 'x' },
    MASKED,
    failure('Validation failed (numeric string is expected)'),
  ],
  [
    'a pattern without a handler',
    'nobody',
    {},
    failure('There is no matching message handler defined in the remote service.'),
    failure(expect.stringContaining('No handler for "nobody"')),
  ],
  [
    'send() to an @EventPattern',
    'event',
    1,
    values(),
    failure(expect.stringContaining('use emit(), not send()')),
  ],
  ['a Date', 'echo', new Date(0), values('1970-01-01T00:00:00.000Z'), values(new Date(0))],
  ['a Buffer', 'echo', Buffer.from('a'), values({ type: 'Buffer', data: [97] }), values(Buffer.from('a'))],
  ['NaN', 'echo', NaN, values(null), values(NaN)],
  ['a Map', 'echo', new Map([['a', 1]]), values({}), values(new Map([['a', 1]]))],
  [
    'more than maxRecordBytes',
    'echo',
    large,
    values(large),
    failure(expect.stringContaining('raise maxRecordBytes')),
  ],
];

/** Where one stock transport differs from the others. */
const ONLY_OF: Readonly<Record<string, Readonly<Record<string, Seen>>>> = {
  // Its callers publish to a channel: with no handler nobody listens there, and nobody answers.
  Redis: { 'a pattern without a handler': { values: [], end: 'never' } },
};

/** Stock transports have no deadline. */
const NEVER_MS = 5_000;

const see = (call: Observable<unknown>): Promise<Seen> =>
  new Promise((resolve) => {
    const heard: unknown[] = [];
    const end = (how: Seen['end']): void => {
      clearTimeout(never);
      resolve({ values: heard, end: how });
    };
    const never = setTimeout(end, NEVER_MS, 'never');
    call.subscribe({
      next: (value) => heard.push(value),
      complete: () => end('complete'),
      error: (error: unknown) => end(errorOf(error)),
    });
  });

/** Some transports fail with a text. */
const errorOf = (error: unknown): object => {
  if (typeof error === 'string') return { message: error };
  const { message, code, orderId } = error as { message?: unknown; code?: unknown; orderId?: unknown };
  return { message, code, orderId };
};

const TRANSPORTS = [...STOCK.map(([name, serve]) => [name, serve, 3] as const), [...OURS, 4] as const];

describe.each(TRANSPORTS)('a caller over %s', (name, serve, column) => {
  let served: Served;
  let client: ClientProxy;
  const heard: (readonly [string, unknown])[] = [];

  beforeAll(async () => {
    served = await serve(handlers((name, data) => void heard.push([name, data])));
    client = served.client;
    await client.connect();
  });

  beforeEach(() => void heard.splice(0));

  afterAll(() => served.close());

  it.each(SAME)('sees %s', async (_what, pattern, data, seen) => {
    expect(await see(client.send(pattern, data))).toEqual(seen);
  });

  it.each(DIFFERENT)('sees %s in its own way', async (...row) => {
    const [what, pattern, data] = row;
    expect(await see(client.send(pattern, data))).toEqual(ONLY_OF[name]?.[what] ?? row[column]);
  });

  it('is heard by an event’s handler, and by one of calls', async () => {
    await lastValueFrom(client.emit('event', 1), { defaultValue: undefined });
    await lastValueFrom(client.emit('both', 2), { defaultValue: undefined });
    await until(() => heard.length === 2);
    expect([...heard].sort()).toEqual([
      ['both', 2],
      ['event', 1],
    ]);
  });

  it('finds a handler by the pattern as it is written only', async () => {
    expect(await see(client.send('orders.*', {}))).toEqual(values('by a wildcard'));
    expect((await see(client.send('orders.new', {}))).end).not.toBe('complete');
  });
});
