import { Linter } from 'eslint';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readFences, ROOT } from './support/doc-blocks.js';
import { runAsModule } from './support/run-as-module.js';

const PAGE = 'docs/guides/migration.md';

/** Code for the stock transport that has each thing once that the rules look for. */
const OLD_CODE = `
import { ClientKafka, KafkaContext, KafkaRetriableException, KafkaOptions, Transport } from '@nestjs/microservices';
import { EmptyError, firstValueFrom, timeout } from 'rxjs';

const options: KafkaOptions = { transport: Transport.KAFKA, options: {} };

class Caller {
  constructor(private readonly sum: ClientKafka) {}
  async onModuleInit() {
    this.sum.subscribeToResponseOf('sum.add');
    await this.sum.connect();
  }
  async add() {
    this.sum.emit('sum.done', { key: 'a', value: 3, headers: {} });
    await firstValueFrom(this.sum.send('sum.add', {}).pipe(timeout(5_000)), { defaultValue: undefined });
    try {
      await firstValueFrom(this.sum.send('sum.none', {}));
    } catch (error) {
      if (error instanceof EmptyError) return;
      if (error.message.startsWith('There is no matching message handler')) return;
    }
  }
}

class Handlers {
  @MessagePattern('sum.*')
  async add(data: unknown, context: KafkaContext) {
    const { tenant } = context.getMessage().headers;
    await context.getHeartbeat()();
    await context.getConsumer().commitOffsets([]);
    throw new KafkaRetriableException('later');
  }
}
`;

const NEW_CODE = `
import { KafkaRpcClient, KafkaRpcContext, KafkaRpcRecordBuilder, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { Transport } from '@nestjs/microservices';
import { firstValueFrom, map } from 'rxjs';

const options = { strategy: new KafkaRpcServer({ service: 'sum', driver }) };
const other = { transport: Transport.TCP };

class Caller {
  constructor(private readonly sum: KafkaRpcClient) {}
  async onModuleInit() {
    await this.database.connect();
  }
  async add() {
    this.sum.emit('sum.done', new KafkaRpcRecordBuilder(3).setKey('a').setHeaders({}).build());
    this.sum.emit('sum.done', { value: 3 });
    await firstValueFrom(this.sum.send('sum.add', {}).pipe(map(String)), { defaultValue: '' });
    await this.sum.call('sum.add', {}, { timeoutMs: 5_000 });
  }
}

class Handlers {
  @MessagePattern('sum.add')
  async add(data: unknown, context: KafkaRpcContext) {
    const { tenant } = context.getHeaders();
  }
}
`;

/** Messages that the rules give, as users read them behind ESLint's own words. */
const messagesOf = (config: unknown): readonly string[] => {
  const messages: string[] = [];
  JSON.stringify(config, (name, value: unknown) => {
    if (name === 'languageOptions') return undefined;
    if (name === 'message') messages.push(String(value));
    return value;
  });
  return messages;
};

describe('the ESLint rules of the migration guide', () => {
  let config: Linter.Config[];
  const report = (code: string): readonly string[] =>
    new Linter().verify(code, config, { filename: 'code.ts' }).map(({ message }) => message);

  beforeAll(async () => {
    const blocks = readFences(PAGE, readFileSync(path.join(ROOT, PAGE), 'utf8'));
    const code = blocks.find(({ language }) => language === 'js')?.code ?? '';
    const loaded = await runAsModule(code, { load: (specifier) => import(specifier), globals: {} });
    config = loaded.default as Linter.Config[];
  });

  it('find each thing to change in code for the stock transport, once', () => {
    const messages = messagesOf(config);
    expect(messages.length).toBeGreaterThan(12);
    const reported = report(OLD_CODE).map((text) => messages.filter((message) => text.endsWith(message)));
    expect(reported.flat().sort()).toEqual([...messages].sort());
    expect(reported).toHaveLength(messages.length);
  });

  it('find nothing in code for this transport', () => {
    expect(report(NEW_CODE)).toEqual([]);
  });
});
