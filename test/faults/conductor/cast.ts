import { setTimeout as sleep } from 'node:timers/promises';
import { right, type Right } from '../../support/access-control.js';
import { eventually } from '../../conformance/eventually.js';
import type { BrokerAccess } from '../actors/driver.js';
import type { ClientProgress } from '../actors/client.js';
import type { ToldHealth } from '../actors/health-watch.js';
import { Actor } from './actor.js';
import type { Stand } from './stand.js';

/** What the servers and clients of a window are told. */
export interface CastPlan {
  readonly service: string;
  readonly replies: string;
  readonly folder: string;
  readonly seed: number;
  readonly nodeOptions?: readonly string[];
  /** Who they are to the brokers. @default one who may do everything */
  readonly user?: 'limited';
}

export const SERVER_SETTINGS = {
  concurrency: 64,
  commitIntervalMs: 1_000,
  gracePeriodMs: 8_000,
  sessionTimeoutMs: 6_000,
} as const;

export const DEADLINE_MS = 30_000;
const SERVERS = 3;
const CLIENTS = 2;
const PARTITIONS = 6;
/** One: clients share it, and have to tell their replies from those of others. */
const REPLY_PARTITIONS = 1;
const LOOK_EVERY_MS = 100;

/** The servers and clients of one window. */
export class Cast {
  /** All that there were, also those that are gone. */
  readonly everybody: Actor[] = [];
  private serversStarted = 0;
  private clientsStarted = 0;

  private constructor(
    private readonly stand: Stand,
    private readonly plan: CastPlan,
  ) {}

  /** Makes the topics; all serve and are connected when this resolves. */
  static async assemble(stand: Stand, plan: CastPlan): Promise<Cast> {
    const cast = new Cast(stand, plan);
    await cast.create(cast.requests, PARTITIONS);
    await cast.create(plan.replies, REPLY_PARTITIONS);
    if (plan.user !== undefined) await stand.rights.grant(plan.user, ...cast.rights);
    const servers = Array.from({ length: SERVERS }, () => cast.startServer());
    const clients = Array.from({ length: CLIENTS }, () => cast.startClient());
    await Promise.all([...servers, ...clients]);
    return cast;
  }

  get requests(): string {
    return `rpc.${this.plan.service}.requests`;
  }

  /** What servers and clients need, all of them. */
  get rights(): Right[] {
    const topics = [this.requests, this.replies].flatMap((topic) =>
      (['Read', 'Write', 'Describe', 'DescribeConfigs'] as const).map((operation) =>
        right(operation, 'topic', topic),
      ),
    );
    return [...topics, right('Read', 'group', this.groupId)];
  }

  get replies(): string {
    return this.plan.replies;
  }

  get groupId(): string {
    return `rpc.${this.plan.service}`;
  }

  /** Those that run. */
  get servers(): Actor[] {
    return this.everybody.filter(({ name, isRunning }) => isRunning && name.startsWith('s'));
  }

  get clients(): Actor[] {
    return this.everybody.filter(({ name, isRunning }) => isRunning && name.startsWith('c'));
  }

  startServer(): Promise<Actor> {
    const name = `s${++this.serversStarted}`;
    const { service, replies, folder } = this.plan;
    const settings = { ...SERVER_SETTINGS, service, topics: { replies }, access: this.access };
    return this.start({
      name,
      role: 'server',
      settings: { ...settings, journal: Actor.fileOf({ folder, name }) },
    });
  }

  startClient(): Promise<Actor> {
    const name = `c${++this.clientsStarted}`;
    const { service, replies, folder, seed } = this.plan;
    const settings = { service, topics: { replies }, access: this.access, name, deadlineMs: DEADLINE_MS };
    const own = { ledger: Actor.fileOf({ folder, name }), seed: seed + this.clientsStarted };
    return this.start({ name, role: 'client', settings: { ...settings, ...own } });
  }

  /** Of all that run. */
  async progress(): Promise<ClientProgress[]> {
    return Promise.all(this.clients.map((client) => client.ask<ClientProgress>('progress')));
  }

  /** Resolves when each client that runs has so many more answers. @returns whether that was in time */
  async answersGrow(by: number, withinMs: number): Promise<boolean> {
    const before = await this.progress();
    return this.within(withinMs, async () => {
      const now = await this.progress();
      return now.every(({ answered }, at) => answered >= (before[at]?.answered ?? 0) + by);
    });
  }

  /** Resolves when every call that was made has ended. @returns whether that was in time */
  settled(withinMs: number): Promise<boolean> {
    return this.within(withinMs, async () =>
      (await this.progress()).every(({ sent, settled }) => sent === settled),
    );
  }

  /** The same of one client. */
  settledOf(client: Actor, withinMs: number): Promise<boolean> {
    return this.within(withinMs, async () => {
      const { sent, settled } = await client.ask<ClientProgress>('progress');
      return sent === settled;
    });
  }

  /** Resolves when no server has anything in hand, and notes what each has then. */
  async atRest(withinMs: number): Promise<void> {
    const gauges = () => Promise.all(this.servers.map((server) => server.ask<ServerGauges>('gauges')));
    await this.within(withinMs, async () => (await gauges()).every(({ inHand }) => inHand === 0));
    const { servers } = this;
    (await gauges()).forEach(({ inHand, residentBytes, health }, at) =>
      servers[at]?.rest({ inHand, residentBytes, health }),
    );
    const { clients } = this;
    (await this.progress()).forEach(({ openCalls, residentBytes, health }, at) =>
      clients[at]?.rest({ inHand: openCalls, residentBytes, health }),
    );
  }

  /** Ends all in order: clients first. */
  async dismiss(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.stop()));
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  /** Ends all at once, when a window has failed on its way. */
  async abandon(): Promise<void> {
    await Promise.all([...this.servers, ...this.clients].map((actor) => actor.kill()));
  }

  /** A broker may not know yet of the topic that another one has made. */
  private create(topic: string, partitions: number): Promise<void> {
    return eventually(20_000, () => this.stand.topics.create(topic, partitions));
  }

  private get access(): BrokerAccess {
    return this.stand.access(this.plan.user);
  }

  private async start(plan: Omit<Parameters<typeof Actor.start>[0], 'folder'>): Promise<Actor> {
    const { folder, nodeOptions } = this.plan;
    const actor = await Actor.start({ ...plan, folder, nodeOptions });
    this.everybody.push(actor);
    return actor;
  }

  private async within(limitMs: number, holds: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (!(await holds())) {
      if (performance.now() > deadline) return false;
      await sleep(LOOK_EVERY_MS);
    }
    return true;
  }
}

interface ServerGauges {
  readonly inHand: number;
  readonly residentBytes: number;
  readonly health: ToldHealth;
}
