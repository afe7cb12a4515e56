import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka as KafkaClient, Partitioners, logLevel } from 'kafkajs';
import ts from 'typescript';
import { startKafka } from '../broker/kafka.js';
import type { Kafka } from '../broker/kafka.js';
import { freePorts } from '../broker/ports.js';

jest.setTimeout(180_000);

const TOPIC = 'harness';
const client = (kafka: Kafka): KafkaClient =>
  new KafkaClient({ brokers: kafka.brokers, logLevel: logLevel.NOTHING, retry: { retries: 20 } });

async function createTopic(kafka: Kafka): Promise<void> {
  const admin = client(kafka).admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: TOPIC, numPartitions: 1 }] });
  await admin.disconnect();
}

async function produce(kafka: Kafka, value: string): Promise<void> {
  const producer = client(kafka).producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: TOPIC, acks: -1, messages: [{ value }] });
  await producer.disconnect();
}

/** The first records of the topic, read by a group of its own. */
async function consume(kafka: Kafka, count: number): Promise<string[]> {
  const consumer = client(kafka).consumer({ groupId: `harness-${Math.random()}` });
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await new Promise<void>((done, fail) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
      if (values.push(`${message.value}`) === count) done();
    };
    consumer.run({ eachMessage }).catch(fail);
  });
  await consumer.disconnect();
  return values;
}

async function leaderOf(kafka: Kafka): Promise<number> {
  const admin = client(kafka).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] });
  await admin.disconnect();
  return topics[0]!.partitions[0]!.leader;
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const stateOf = (pid: number): string =>
  execFileSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' })
    .trim()
    .charAt(0);

describe('a Kafka of one node', () => {
  let kafka: Kafka;

  beforeAll(async () => {
    kafka = await startKafka({ killable: true });
    await createTopic(kafka);
  });
  afterAll(() => kafka?.stop());

  it('keeps its records and its address through SIGKILL and through an orderly stop', async () => {
    await produce(kafka, 'first');
    const killed = kafka.pid(1)!;
    await kafka.kill(1);
    expect(alive(killed)).toBe(false);
    expect(kafka.pid(1)).toBeUndefined();
    await expect(kafka.kill(1)).rejects.toThrow('Kafka node 1 is down');

    await kafka.startNode(1);
    await expect(kafka.startNode(1)).rejects.toThrow('runs already');
    await produce(kafka, 'second');
    await kafka.stopNode(1);
    await kafka.startNode(1);

    await expect(consume(kafka, 2)).resolves.toEqual(['first', 'second']);
  });

  it('stops the JVM itself when it is paused, and goes on when it is resumed', async () => {
    kafka.pause(1);
    expect(stateOf(kafka.pid(1)!)).toBe('T');
    const late = produce(kafka, 'third');
    await expect(Promise.race([late, sleep(1_000, 'nothing answers')])).resolves.toBe('nothing answers');
    kafka.resume(1);
    await late;
    await expect(consume(kafka, 3)).resolves.toContain('third');
  });

  it('names the nodes there are when another one is asked for', async () => {
    await expect(kafka.kill(2)).rejects.toThrow('No Kafka node 2: they count from 1 to 1');
  });
});

describe('a Kafka of three nodes', () => {
  it('goes on without the leader of a partition, and takes it back', async () => {
    const kafka = await startKafka({ nodes: 3, killable: true });
    try {
      await createTopic(kafka);
      await produce(kafka, 'with three');
      const leader = await leaderOf(kafka);
      await kafka.kill(leader);
      await produce(kafka, 'with two');
      expect(await leaderOf(kafka)).not.toBe(leader);
      await kafka.startNode(leader);
      await expect(consume(kafka, 2)).resolves.toEqual(['with three', 'with two']);
    } finally {
      await kafka.stop();
    }
  });
});

describe('a start that fails', () => {
  it('quotes the log of the JVM and leaves no folder', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const [controller] = await freePorts(1);
    const config = {
      listeners: `CLIENT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    };
    const failure = await startKafka({ killable: true, config }).catch((error: Error) => error);
    occupant.close();
    expect(failure).toBeInstanceOf(Error);
    expect(String(failure)).toMatch(/Kafka node 1 ended[^]*its log:[^]*Address already in use/);
    expect(settingsOnDisk().filter((settings) => settings.includes(config.listeners))).toEqual([]);
  });
});

/** Every harness's `server.properties` on this machine: others may run at the same time. */
function settingsOnDisk(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith('nestjs-kafka-rpc-'))
    .map((name) => join(tmpdir(), name, 'node-1', 'server.properties'))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
}

describe('a process that ends without a word', () => {
  let folder: string;
  let owner: ChildProcess;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'harness-owner-'));
    owner = startOwner(folder);
  });
  afterEach(() => {
    owner.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** The processes and folders of the owner's Kafka, all of which have its temporary folder in their names. */
  const traces = (): string[] => [
    ...execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(join(folder, 'tmp'))),
    ...readdirSync(join(folder, 'tmp')),
  ];

  const until = async (holds: () => boolean): Promise<void> => {
    const end = Date.now() + 60_000;
    while (!holds() && Date.now() < end) await sleep(10);
  };

  it('leaves no JVM and no folder when it is SIGKILLed beside a broker that is paused', async () => {
    const [printed] = (await once(owner.stdout!, 'data')) as [Buffer];
    const jvm = Number(printed);
    expect(alive(jvm)).toBe(true);
    expect(traces().length).toBeGreaterThanOrEqual(3);
    process.kill(jvm, 'SIGSTOP');
    owner.kill('SIGKILL');
    await until(() => traces().length === 0);
    expect(traces()).toEqual([]);
  });

  it.each([0, 300, 1_500])('leaves nothing when it is SIGKILLed %i ms into the start', async (ms) => {
    await until(() => traces().length > 0);
    await sleep(ms);
    owner.kill('SIGKILL');
    await until(() => traces().length === 0);
    await sleep(500);
    expect(traces()).toEqual([]);
  });
});

/** A program of its own that starts a broker, prints the JVM's pid and waits; compiled, as Jest's transform is not there. */
function startOwner(folder: string): ChildProcess {
  const sources = resolve('test/broker');
  for (const file of readdirSync(sources)) {
    const { outputText } = ts.transpileModule(readFileSync(join(sources, file), 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    writeFileSync(join(folder, file.replace(/\.ts$/, '.js')), outputText);
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(folder, 'owner.js'),
    `import { startKafka } from './kafka.js';
     const kafka = await startKafka({ killable: true });
     console.log(kafka.pid(1));
     setInterval(() => undefined, 1e6);`,
  );
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'tmp'));
  return spawn(process.execPath, ['owner.js'], {
    cwd: folder,
    env: { ...process.env, TMPDIR: join(folder, 'tmp') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
