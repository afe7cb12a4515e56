import { connect, type Socket } from 'node:net';
import { FaultProxy, type ProxyRoute } from './fault-proxy.js';
import type { KafkaApi } from './kafka-api.js';
import type { Exchange, Fate, Weather } from './proxied-connection.js';
import type { SeededRandom } from './seeded-random.js';

/** A rule for the frames of one API, or of all; the first rule that does not let one pass decides. */
export interface FaultRule {
  /** @default all of them */
  readonly api?: KafkaApi;
  readonly way: Exchange['way'];
  /** Asked for each such frame. */
  readonly fate: () => Fate;
}

/** A rule that is in force, and how often it has done something. */
export interface ActiveRule {
  readonly done: number;
  end(): void;
}

/**
 * The network between clients and all brokers of a cluster, a proxy before each. Clients come here because the brokers advertise
 * the proxies (`startKafka({ proxied: true })`), or through `socketFactory`.
 */
export class FaultyNetwork implements Weather {
  /** Each way, for what arrives from now on. */
  delayMs = 0;
  bytesPerSecond = Infinity;
  slices = 1;
  /** Connections that were reset, but for those that a rule has cut. */
  resets = 0;
  lifetimeMs: () => number | undefined = () => undefined;
  private readonly rules = new Set<FaultRule & { done: number }>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly ports = new Map<string, number>();
  readonly proxies: FaultProxy[] = [];

  /** One proxy for each route, in order. */
  static async open(routes: readonly ProxyRoute[]): Promise<FaultyNetwork> {
    const network = new FaultyNetwork();
    for (const route of routes) {
      const proxy = await FaultProxy.listen(route, network);
      network.proxies.push(proxy);
      network.ports.set(`${route.targetHost ?? '127.0.0.1'}:${route.targetPort}`, proxy.port);
    }
    return network;
  }

  /** Before brokers that do not know of it: clients need its `socketFactory`. */
  static before(brokers: readonly string[]): Promise<FaultyNetwork> {
    const routes = brokers.map((broker) => {
      const [targetHost, port] = broker.split(':') as [string, string];
      return { listenPort: 0, targetHost, targetPort: Number(port) };
    });
    return FaultyNetwork.open(routes);
  }

  /** For `kafkajsDriver`: connects to the proxy of the broker that is asked for. */
  readonly socketFactory = ({ host, port, onConnect }: SocketRequest): Socket => {
    const proxy = this.ports.get(`${host}:${port}`);
    if (proxy === undefined) throw new Error(`There is no proxy before ${host}:${port}.`);
    return connect({ host: '127.0.0.1', port: proxy, noDelay: true }, onConnect);
  };

  /** The ports of the proxies, each by the address of its broker. */
  get addresses(): ReadonlyMap<string, number> {
    return this.ports;
  }

  fateOf({ api, way }: Exchange): Fate {
    for (const rule of this.rules) {
      if ((rule.api !== undefined && rule.api !== api) || rule.way !== way) continue;
      const fate = rule.fate();
      if (fate === 'pass') continue;
      rule.done += 1;
      return fate;
    }
    return 'pass';
  }

  add(rule: FaultRule): ActiveRule {
    const active = { ...rule, done: 0 };
    this.rules.add(active);
    return {
      get done() {
        return active.done;
      },
      end: () => this.rules.delete(active),
    };
  }

  /** Cuts the connection in the place of the next answer to this API, or of a later one. */
  cutAnswer(api: KafkaApi, { passing = 0 } = {}): ActiveRule {
    let seen = 0;
    return this.add({ api, way: 'answer', fate: () => (seen++ === passing ? 'cut' : 'pass') });
  }

  /** Loses one in so many, by chance. */
  loseOneIn(share: number, what: Omit<FaultRule, 'fate'> & { fate: Fate; random: SeededRandom }): ActiveRule {
    const { api, way, fate, random } = what;
    return this.add({ api, way, fate: () => (random.integer(share) === 0 ? fate : 'pass') });
  }

  /** Resets all connections. */
  reset(): number {
    const reset = this.proxies.reduce((sum, proxy) => sum + proxy.reset(), 0);
    this.resets += reset;
    return reset;
  }

  /** Resets all connections again and again, until `calm()`. */
  resetEvery(intervalMs: number): void {
    this.timers.add(setInterval(() => this.reset(), intervalMs));
  }

  /** Each connection that is made from now on is reset after some time of its own, until `calm()`. */
  limitLifetimes(fromMs: number, toMs: number, random: SeededRandom): void {
    this.lifetimeMs = () => {
      this.resets += 1;
      return fromMs + random.integer(toMs - fromMs);
    };
  }

  /** No fault any more: what is in force ends. */
  calm(): void {
    this.timers.forEach((timer) => clearInterval(timer));
    this.timers.clear();
    this.rules.clear();
    this.delayMs = 0;
    this.bytesPerSecond = Infinity;
    this.slices = 1;
    this.lifetimeMs = () => undefined;
    this.proxies.forEach((proxy) => (proxy.accept(), proxy.release()));
  }

  async close(): Promise<void> {
    this.calm();
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }
}

interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}
