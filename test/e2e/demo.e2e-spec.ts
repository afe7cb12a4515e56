import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

jest.setTimeout(180_000);

const DEMO = resolve('build/sample-app/demo/main.js');

/** What makes a machine look as if it had no broker to give. */
const NO_BROKER = { KAFKA_BROKERS: '', DOCKER_HOST: 'unix:///nowhere/docker.sock', JAVA_HOME: '/nowhere' };

/** The demo as a person starts it, leader of a process group as a shell makes it. */
class Demo {
  output = '';
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  constructor(env: NodeJS.ProcessEnv) {
    if (!existsSync(DEMO)) throw new Error(`${DEMO} is missing: npm run build:programs makes it.`);
    this.child = spawn(process.execPath, [DEMO], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (text: Buffer) => (this.output += text));
    }
    this.ended = once(this.child, 'close');
  }

  /** @returns its exit code, or the signal that ended it */
  async end(): Promise<number | NodeJS.Signals | null> {
    await this.ended;
    return this.child.exitCode ?? this.child.signalCode;
  }

  async says(text: string): Promise<void> {
    const last = Date.now() + 120_000;
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null || Date.now() > last) throw new Error(`Never said: ${this.output}`);
      await sleep(20);
    }
  }

  /** As Ctrl-C does: to the demo and all it started in its group. */
  interrupt(): void {
    process.kill(-(this.child.pid as number), 'SIGINT');
  }

  killAlone(): void {
    this.child.kill('SIGKILL');
  }

  /** Processes of its group, and those that it said it started. */
  get processes(): number[] {
    const told = [...this.output.matchAll(/, process (\d+)/g)].map(([, pid]) => Number(pid));
    return execFileSync('ps', ['-eo', 'pid=,pgid=,stat='], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , state]) => !state?.startsWith('Z'))
      .map(([pid, group]) => [Number(pid), Number(group)])
      .filter(([pid, group]) => group === this.child.pid || told.includes(pid as number))
      .map(([pid]) => pid as number);
  }

  /** Whether the broker that it started still listens. */
  async brokerAnswers(): Promise<boolean> {
    const [, host = '', port = ''] = /Apache Kafka \S+ at ([^:]+):(\d+)/.exec(this.output) ?? [];
    if (port === '') return false;
    const socket = connect(Number(port), host);
    const answers = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    return answers;
  }

  /** Whether all is gone, at once or before long. */
  async isGone(withinMs: number): Promise<boolean> {
    const last = Date.now() + withinMs;
    while (this.processes.length > 0 || (await this.brokerAnswers())) {
      if (Date.now() > last) return false;
      await sleep(50);
    }
    return true;
  }
}

/** A broker that was given stays in use; the one that the Jest run shares does not: the demo is to start its own. */
const environment = (): NodeJS.ProcessEnv => {
  const { KAFKA_BROKERS, ...env } = process.env;
  return process.env.KAFKA_KIND === 'external' ? { ...env, KAFKA_BROKERS } : env;
};

/** The two ways to ask, for each kind of call. */
const ANSWERS: readonly (readonly [string, RegExp, RegExp])[] = [
  [
    'a value',
    /^ +HTTP +3, .* by \w{8}: [\d.]+ ms = HTTP /m,
    /^ +ClientProxy +3, .* by \w{8}: [\d.]+ ms = there /m,
  ],
  ['a stream', /^ +HTTP +2 … 47, 15 values +by \w{8}:/m, /^ +ClientProxy +2 … 47, 15 values +by \w{8}:/m],
  ['an error', /^ +HTTP +404 NOT_FOUND .*by \w{8}:/m, /^ +ClientProxy +NOT_FOUND .*by \w{8}:/m],
  ['an event', /^ +HTTP +counted: .*by \w{8}:/m, /^ +ClientProxy +counted: .*by \w{8}:/m],
  ['1,000 calls at once', /^ +HTTP +1,000 right.*calls\/s/m, /^ +ClientProxy +1,000 right.*calls\/s/m],
];

describe('the demo on a real broker', () => {
  let demo: Demo;
  let code: unknown;

  beforeAll(async () => {
    demo = new Demo(environment());
    code = await demo.end();
  });

  it('ends by itself, with all answers right', () => {
    expect(demo.output).toMatch(/\nAll 4,011 answers are right\. .*\n$/);
    expect(code).toBe(0);
  });

  it.each(ANSWERS)('shows %s through HTTP and through a ClientProxy', (_kind, http, client) => {
    expect(demo.output).toMatch(http);
    expect(demo.output).toMatch(client);
  });

  it('had processes of its own for two services and a gateway, and both services answered', () => {
    expect(new Set(demo.output.match(/, process \d+/g)).size).toBe(3);
    const [, first, second] = /1,000 right.* by \w+ (\d+), \w+ (\d+):/.exec(demo.output) ?? [];
    expect(Number(first) + Number(second)).toBe(1_000);
  });

  it('leaves no process and no broker', async () => {
    expect(demo.processes).toEqual([]);
    expect(await demo.brokerAnswers()).toBe(false);
  });
});

describe('the demo on a machine without a broker', () => {
  it('says why, plays everything in memory, and ends by itself', async () => {
    const demo = new Demo({ ...environment(), ...NO_BROKER });
    expect(await demo.end()).toBe(0);
    expect(demo.output).toMatch(/NO REAL BROKER.*\n.*KAFKA_BROKERS: not set\n.*Docker: .*\n.*Java 17/);
    expect(demo.output).toContain('in ONE process');
    for (const [, http, client] of ANSWERS) {
      expect(demo.output).toMatch(http);
      expect(demo.output).toMatch(client);
    }
    expect(demo.processes).toEqual([]);
  });
});

describe('the demo when it is broken off', () => {
  it('stops everything on Ctrl-C, and says so', async () => {
    const demo = new Demo(environment());
    await demo.says('A value');
    demo.interrupt();
    expect(await demo.end()).toBe(130);
    expect(demo.output).toContain('Interrupted');
    expect(await demo.isGone(0)).toBe(true);
  });

  it('leaves nothing after Ctrl-C while the broker starts', async () => {
    const demo = new Demo(environment());
    await demo.says('calls over Kafka');
    await sleep(1_500);
    demo.interrupt();
    expect(await demo.end()).toBe(130);
    expect(await demo.isGone(5_000)).toBe(true);
  });

  it('takes everything along when it is killed itself', async () => {
    const demo = new Demo(environment());
    await demo.says('A value');
    demo.killAlone();
    expect(await demo.end()).toBe('SIGKILL');
    expect(await demo.isGone(20_000)).toBe(true);
  });
});
