import { imageEnvironment } from '../../broker/docker.js';
import { externalKafka } from '../../broker/external.js';
import { jarsFolder } from '../../broker/jars.js';
import { javaProgram, javaVersion } from '../../broker/java.js';
import { chooseKind } from '../../broker/kafka.js';
import type { Offers } from '../../broker/kafka.js';
import { freePorts } from '../../broker/ports.js';
import { serverProperties } from '../../broker/properties.js';
import { shareKafka } from '../../broker/shared-kafka.js';

const everything: Offers = {
  brokers: 'somewhere:9092',
  docker: async () => undefined,
  jars: async () => undefined,
};

const nothing: Offers = {
  brokers: undefined,
  docker: async () => 'no engine answers',
  jars: async () => 'Maven not found',
};

describe('choosing where the broker comes from', () => {
  it('takes the broker that was given before anything else', async () => {
    await expect(chooseKind({}, everything)).resolves.toBe('external');
  });

  it('takes Docker when no broker was given', async () => {
    await expect(chooseKind({}, { ...everything, brokers: ' ' })).resolves.toBe('docker');
  });

  it('takes the jars when Docker does not answer', async () => {
    await expect(chooseKind({}, { ...nothing, jars: everything.jars })).resolves.toBe('jars');
  });

  it('takes the jars for three nodes without asking Docker, which gives one', async () => {
    const docker = jest.fn(everything.docker);
    await expect(chooseKind({ nodes: 3 }, { ...everything, brokers: undefined, docker })).resolves.toBe(
      'jars',
    );
    expect(docker).not.toHaveBeenCalled();
  });

  it('takes the jars when nodes are to be killed, even beside a broker that was given', async () => {
    await expect(chooseKind({ killable: true }, everything)).resolves.toBe('jars');
  });

  it.each([{ proxied: true }, { asTheyCome: true }])('takes the jars for %j', async (options) => {
    await expect(chooseKind(options, everything)).resolves.toBe('jars');
  });

  it('names the three ways, and what each lacks, when there is none', async () => {
    const refused = await chooseKind({}, nothing).catch((error: Error) => error.message);
    expect(refused).toMatch(/Docker engine, Java 17 \+ Maven, or KAFKA_BROKERS=/);
    expect(refused).toContain('KAFKA_BROKERS: not set');
    expect(refused).toContain('Docker: no engine answers');
    expect(refused).toContain('Java 17 + Maven: Maven not found');
  });

  it('says why a given broker was passed over when nodes are to be killed and there are no jars', async () => {
    await expect(chooseKind({ killable: true }, { ...everything, jars: nothing.jars })).rejects.toThrow(
      /cannot kill or pause a node[^]*Maven not found/,
    );
  });
});

describe('a broker that was given', () => {
  it('keeps its addresses, refuses faults, and is left running', async () => {
    const kafka = externalKafka('a:1, b:2,');
    expect(kafka.brokers).toEqual(['a:1', 'b:2']);
    await expect(kafka.kill(1)).rejects.toThrow('killable: true');
    await expect(kafka.startNode(1)).rejects.toThrow('Cannot start a node of the external broker');
    expect(() => kafka.pause(1)).toThrow('killable: true');
    await expect(kafka.stop()).resolves.toBeUndefined();
  });

  it('stays in the environment after a shared run, and one of ours does not', async () => {
    const env: NodeJS.ProcessEnv = {};
    await shareKafka(externalKafka('a:1'), env)();
    expect(env).toEqual({ KAFKA_BROKERS: 'a:1' });
    const takeBack = shareKafka({ ...externalKafka('b:2'), kind: 'jars' }, env);
    expect(env).toEqual({ KAFKA_BROKERS: 'b:2', KAFKA_KIND: 'jars' });
    await takeBack();
    expect(env).toEqual({});
  });
});

describe('server.properties', () => {
  const ports = [
    { client: 1, controller: 2 },
    { client: 3, controller: 4 },
    { client: 5, controller: 6 },
  ];
  const lines = (nodes: number, id: number, config = {}): string[] =>
    serverProperties({ id, ports: ports.slice(0, nodes), dataFolder: '/data', config }).split('\n');

  it('makes one node a whole cluster', () => {
    expect(lines(1, 1)).toEqual(
      expect.arrayContaining([
        'process.roles=broker,controller',
        'controller.quorum.voters=1@127.0.0.1:2',
        'advertised.listeners=CLIENT://127.0.0.1:1',
        'log.dirs=/data',
        'auto.create.topics.enable=false',
        'group.initial.rebalance.delay.ms=0',
        'offsets.topic.replication.factor=1',
        'transaction.state.log.min.isr=1',
      ]),
    );
  });

  it('keeps a write of three nodes when one is lost', () => {
    expect(lines(3, 2)).toEqual(
      expect.arrayContaining([
        'node.id=2',
        'controller.quorum.voters=1@127.0.0.1:2,2@127.0.0.1:4,3@127.0.0.1:6',
        'advertised.listeners=CLIENT://127.0.0.1:3',
        'default.replication.factor=3',
        'offsets.topic.replication.factor=3',
        'min.insync.replicas=2',
        'unclean.leader.election.enable=false',
        'broker.session.timeout.ms=6000',
      ]),
    );
  });

  it('tells clients of the proxies, and lets brokers talk past them', () => {
    const proxied = { proxy: 7, internal: 8 };
    const behind = serverProperties({
      id: 1,
      ports: [{ ...ports[0]!, proxied }],
      dataFolder: '/d',
      config: {},
    });
    expect(behind.split('\n')).toEqual(
      expect.arrayContaining([
        'listeners=CLIENT://127.0.0.1:1,INTERNAL://127.0.0.1:8,CONTROLLER://127.0.0.1:2',
        'advertised.listeners=CLIENT://127.0.0.1:7,INTERNAL://127.0.0.1:8',
        'inter.broker.listener.name=INTERNAL',
      ]),
    );
  });

  it('leaves all but addresses to Kafka when settings are to be as they come', () => {
    const config = { 'min.insync.replicas': '2' };
    const own = serverProperties({ id: 1, ports, dataFolder: '/d', config, asTheyCome: true }).split('\n');
    expect(own).toContain('min.insync.replicas=2');
    expect(own.filter((line) => /session|replication|offsets\.topic|rebalance/.test(line))).toEqual([]);
  });

  it('lets the config of a test win, each setting once', () => {
    const own = lines(1, 1, { 'group.initial.rebalance.delay.ms': '3000', 'message.max.bytes': '9' });
    expect(own.filter((line) => line.startsWith('group.initial'))).toEqual([
      'group.initial.rebalance.delay.ms=3000',
    ]);
    expect(own).toContain('message.max.bytes=9');
  });

  it('refuses a node that has no ports', () => {
    expect(() => lines(1, 2)).toThrow('Node 2 has no ports');
  });
});

describe('what the machine gives', () => {
  it('reads the version of Java, old style too', () => {
    expect(javaVersion('openjdk version "17.0.15" 2025-04-15')).toBe(17);
    expect(javaVersion('java version "1.8.0_402"')).toBe(8);
    expect(javaVersion('sh: not found')).toBeUndefined();
  });

  it('prefers the Java of JAVA_HOME', () => {
    expect(javaProgram({ JAVA_HOME: '/jdk' })).toBe('/jdk/bin/java');
    expect(javaProgram({})).toBe('java');
  });

  it('keeps the jars in the cache of the user, outside the tree', () => {
    expect(jarsFolder({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/nestjs-kafka-rpc/kafka-4.1.0');
  });

  it('finds distinct ports below those of outgoing connections', async () => {
    const ports = await freePorts(6);
    expect(new Set(ports).size).toBe(6);
    for (const port of ports) expect(port).toBeLessThan(32_768);
  });

  it('writes broker settings as the environment of a container', () => {
    expect(imageEnvironment({ 'log.retention.ms': '1' })).toMatchObject({
      KAFKA_LOG_RETENTION_MS: '1',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    });
  });
});
