import { runScript } from '../support/package-script.js';

const CANARIES = {
  key: '6b65792d63616e6172792d303132333435363738396162636465663031323334',
  passphrase: 'passphrase-canary-4711',
  payload: 'payload-canary-4712',
  header: 'header-canary-4713',
  message: 'message-canary-4714',
  cause: 'cause-canary-4715',
  property: 'property-canary-4716',
} as const;

/** Calls, failures, refusals and rotations with all that a logger prints on, and whatever is thrown printed too. */
const TALKATIVE = `
import 'reflect-metadata';
import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { subscribe } from 'node:diagnostics_channel';
import { compression, encryption, json, keyring, KafkaRpcClient, KafkaRpcServer, msgpack, RpcError, verification } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { throwError } from 'rxjs';
const c = JSON.parse(process.argv[1]);
const show = (...values) => { for (const v of values) console.log(inspect(v, { depth: Infinity, showHidden: true }), JSON.stringify(v, (_, x) => typeof x === 'bigint' ? String(x) : x), String(v)); };
for (const name of ['refused', 'committed']) subscribe('nestjs-kafka-rpc:' + name, (message) => show(message));
const ring = keyring({ current: 'k', keys: { k: Buffer.from(c.key, 'hex'), p: { passphrase: c.passphrase, salt: Buffer.alloc(16, 7) } } });
const other = keyring({ current: 'k', keys: { k: Buffer.alloc(32, 1) } });
const stages = (r) => [compression({ algorithm: 'gzip' }), encryption({ keyring: r }), verification({ keyring: r })];
const driver = memoryDriver();
const server = new KafkaRpcServer({ service: 'sum', driver, interceptors: stages(ring) });
server.on('refused', (record) => show(record));
class Handlers {
  async echo(data) { return data; }
  async fail() { throw Object.assign(new Error(c.message, { cause: new Error(c.cause) }), { secret: c.property, path: c.property }); }
  failLate() { return throwError(() => Object.assign(new Error(c.message, { cause: new Error(c.cause) }), { secret: c.property })); }
  async event() { throw new RpcError('INTERNAL', 'The event failed.'); }
}
Controller()(Handlers);
for (const [name, decorator] of [['echo', MessagePattern], ['fail', MessagePattern], ['failLate', MessagePattern], ['event', EventPattern]])
  decorator(name)(Handlers.prototype, name, Object.getOwnPropertyDescriptor(Handlers.prototype, name));
class App {}
Module({ controllers: [Handlers] })(App);
const app = await NestFactory.createMicroservice(App, { strategy: server, logger: ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'] });
await app.listen();
const made = (interceptors, extra) => new KafkaRpcClient({ service: 'sum', driver, interceptors, timeoutMs: 300, ...extra });
const good = made(stages(ring));
const clients = [good, made(stages(other)), made([]), made([encryption({ keyring: ring })]), made(stages(ring), { serializer: json() })];
const errors = [];
for (const client of clients) {
  for (const pattern of ['echo', 'fail', 'failLate', 'nobody']) {
    await client.call(pattern, { secret: c.payload }, { headers: { h: c.header } }).catch((error) => { errors.push(inspect(error, { depth: Infinity, showHidden: true })); show(error); });
  }
  client.emit('event', c.payload);
}
try { msgpack().serialize({ [c.payload]: () => 1 }); } catch { /* names the place, which is the caller's own */ }
await ring.rotate({ current: 'k', keys: { k: Buffer.from(c.key, 'hex') } });
try { keyring({ current: 'k', keys: { k: c.passphrase } }); } catch (error) { show(error); }
show(ring, ring.current(), ...stages(ring), server.counters, server.id, good.id, good.counters);
await sleep(100);
for (const client of clients) await client.close();
await app.close();
console.log('\\ntold to callers: ' + JSON.stringify(errors));
`;

interface Seen {
  readonly output: string;
  readonly toldToCallers: string;
}

describe('what must not be seen', () => {
  let seen: Seen;

  beforeAll(async () => {
    const { stdout, stderr } = await runScript(TALKATIVE, { args: [JSON.stringify(CANARIES)] });
    const toldToCallers = /\ntold to callers: (.*)/.exec(stdout)?.[1] ?? '';
    seen = { output: stdout + stderr, toldToCallers };
    expect((JSON.parse(toldToCallers) as string[]).length).toBeGreaterThanOrEqual(12);
    expect(seen.output).toContain('Event "event" failed');
  }, 60_000);

  const key = Buffer.from(CANARIES.key, 'hex');

  it.each([
    ['the key in hexadecimal', CANARIES.key],
    ['the key in capitals', CANARIES.key.toUpperCase()],
    ['the key as text', key.toString('latin1')],
    ['the key in base64', key.toString('base64')],
    ['the key as a Buffer is shown', key.toString('hex').match(/../g)!.slice(0, 8).join(' ')],
    ['the key as numbers', [...key.subarray(0, 8)].join(',')],
    ['a passphrase', CANARIES.passphrase],
    ['a payload', CANARIES.payload],
    ['a header', CANARIES.header],
  ])('S17: %s stands in no output, at no level, in no error and no event', (_what, secret) => {
    expect(seen.output.includes(secret)).toBe(false);
  });

  it.each([
    ['message', CANARIES.message],
    ['cause', CANARIES.cause],
    ['property', CANARIES.property],
  ])('S14: the %s of an unknown error is not told to the caller', (_what, secret) => {
    expect(seen.toldToCallers.includes(secret)).toBe(false);
  });
});
