import type { GroupDescription } from '../../driver/driver.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { encodeEnvelope } from '../../protocol/envelope.js';
import type { PingMessage } from '../../protocol/message.js';
import { ASKS, type Ask } from '../../protocol/pong.js';
import { decodeServedHandlers } from '../../protocol/served-handlers.js';
import type { Destination } from '../../wire/destination-queue.js';
import { waitAtMost } from '../../wire/wait-at-most.js';
import { ASKS_PARTITION } from '../../wire/wire-options.js';
import { failureOfCall } from '../awaited-call-options.js';
import { clientClosed, type ClientConnection } from '../client-connection.js';
import type { OpenConnection } from '../open-connection.js';
import {
  liveServer,
  serviceOf,
  silentServer,
  type Answer,
  type AskedServer,
  type AskedServerInfo,
  type AskedServerStats,
  type AskedService,
  type AskOptions,
  type ServicesOptions,
} from './asked-server.js';
import { resolveAsk, resolveServices, type ResolvedAsk } from './ask-options.js';
import { PongGathering } from './pong-gathering.js';
import type { Presence } from './server-watch.js';

/** The client that asks. */
export interface Asker {
  /** The service that it calls. */
  readonly own: string;
  /** Connects if it is not. */
  readonly open: () => Promise<OpenConnection>;
  /** The group of the servers of a service. */
  readonly groupOf: (service: string) => string;
}

/** Asks the servers of services how they are: one record to all of them, an answer of each, and who is in their group. */
export class ServiceAsks {
  private isBlind = false;

  constructor(
    private readonly connection: ClientConnection,
    private readonly client: Asker,
  ) {}

  async ping(of: string | AskOptions | undefined, id?: string): Promise<AskedServer[]> {
    const { servers } = await this.gather(of, id, 'state');
    return servers;
  }

  async info(of: string | AskOptions | undefined, id?: string): Promise<AskedServerInfo[]> {
    const { servers, found } = await this.gather(of, id, 'info');
    return servers.map((server) => infoOf(server, found.get(server.id)));
  }

  async stats(of: string | AskOptions | undefined, id?: string): Promise<AskedServerStats[]> {
    const { servers, found } = await this.gather(of, id, 'stats');
    return servers.map((server) => statsOf(server, found.get(server.id)));
  }

  async services(
    of: string | readonly string[] | undefined,
    options?: ServicesOptions,
  ): Promise<AskedService[]> {
    const { names, timeoutMs } = resolveServices(of, options);
    // Those of this connection are known when it is open.
    if (names === undefined) await this.client.open().catch(throwAsOfCall);
    const services = names ?? this.connection.services;
    return Promise.all(
      services.map(async (service) => serviceOf(service, await this.ping({ service, timeoutMs }))),
    );
  }

  /** Whether the client's own service has a server. Never rejects. */
  async find(): Promise<Presence> {
    try {
      const { own, open } = this.client;
      const group = await this.describeNow(await open(), own);
      if (group === undefined) return 'unknown';
      if (mayServe(group, this.connection.options.topics.requests(own))) return 'some';
      // Servers may be in a group that this client was not told of: those answer.
      let answers: readonly AskedServer[] = [];
      const asked = this.ping({ timeoutMs: ASK_MS }).then((servers) => void (answers = servers));
      await waitAtMost(
        asked.catch(() => undefined),
        ASK_MS,
      );
      return answers.length > 0 ? 'some' : 'none';
    } catch {
      return 'unheard';
    }
  }

  private async gather(
    of: string | AskOptions | undefined,
    id: string | undefined,
    ask: Ask,
  ): Promise<Gathered> {
    try {
      return await this.gatherOf(resolveAsk(of, id, this.client.own), ask);
    } catch (error) {
      throw failureOfCall(error);
    }
  }

  private async gatherOf({ service, id, timeoutMs }: ResolvedAsk, ask: Ask): Promise<Gathered> {
    const { asks, options } = this.connection;
    const open = await this.client.open();
    if (!this.connection.isCurrent(open)) throw clientClosed();
    const topic = options.topics.requests(service);
    const gathering = new PongGathering({ service, topic, id, timeoutMs });
    const seq = this.connection.nextSeq();
    const server = id === undefined ? null : Buffer.from(id, 'hex');
    asks.add(seq, gathering);
    try {
      await Promise.all([
        this.send(open, service, { kind: 'ping', seq, asks: ASKS[ask], server }, gathering),
        this.describe(open, service).then((group) => gathering.expect(group)),
        gathering.whenOver(),
      ]);
      await this.lookAgain(open, service, gathering);
    } catch (error) {
      // A closed connection fails all that is under way, and in its own words.
      throw gathering.failure ?? error;
    } finally {
      asks.remove(seq);
    }
    const live = [...gathering.found].map(([server, answer]) => liveServer(server, answer));
    const silent = gathering.silent().map((member) => silentServer(service, member));
    return { servers: [...live, ...silent], found: gathering.found };
  }

  private async send(
    open: OpenConnection,
    service: string,
    ping: PingMessage,
    gathering: PongGathering,
  ): Promise<void> {
    try {
      const to = await this.destination(open, service);
      if (to === undefined) return;
      const delivered = (error?: RpcError): void => {
        if (error !== undefined) gathering.failed(error);
      };
      open.outbox.send(to, ping, { delivered });
    } catch (error) {
      gathering.failed(RpcError.from(error));
    }
  }

  /** Undefined where no server has made the topic: then none can be asked. */
  private async destination(open: OpenConnection, service: string): Promise<Destination | undefined> {
    const { connection } = this;
    const topic = connection.options.topics.control(service);
    try {
      await open.driver.partitionCount(topic);
    } catch (error) {
      const failure = RpcError.from(error);
      if (failure.status === RpcStatus.FAILED_PRECONDITION) return undefined;
      throw failure;
    }
    const envelope = encodeEnvelope(connection.envelope(open));
    return Object.freeze({ topic, partition: ASKS_PARTITION, direction: 'request', envelope });
  }

  /** Who is in the group, where this client may know that, and anybody can say. */
  private async describe(open: OpenConnection, service: string): Promise<GroupDescription | undefined> {
    return this.describeNow(open, service).catch(() => undefined);
  }

  /** @throws RpcError when nobody can say now */
  private async describeNow(
    { driver }: OpenConnection,
    service: string,
  ): Promise<GroupDescription | undefined> {
    const group = this.client.groupOf(service);
    try {
      return await driver.describeGroup?.(group);
    } catch (error) {
      const { status, message } = RpcError.from(error);
      if (status !== RpcStatus.PERMISSION_DENIED) throw error;
      if (!this.isBlind)
        this.connection.warn(
          `Servers that do not answer are not seen, and calls wait for servers even with whenNoServer: 'fail'. Grant Describe on group ${group}. ${message}`,
        );
      this.isBlind = true;
      return undefined;
    }
  }

  /** In a rebalance members say nothing of themselves: they may have done so since. */
  private async lookAgain(open: OpenConnection, service: string, gathering: PongGathering): Promise<void> {
    if (gathering.knowsAll) return;
    gathering.expect(await this.describe(open, service));
  }
}

/** Who is there answers within it, unless it is blocked; and then it would be in the group that this client knows. */
const ASK_MS = 350;

/** Whether a member reads the topic, or may do so. */
const mayServe = ({ members }: GroupDescription, topic: string): boolean =>
  members.some(({ memberData }) => decodeServedHandlers(memberData)?.topics.includes(topic) ?? true);

const throwAsOfCall = (error: unknown): never => {
  throw failureOfCall(error);
};

const infoOf = (server: AskedServer, answer: Answer | undefined): AskedServerInfo => {
  const { endpoints = [], groupId, clientId } = answer?.state ?? {};
  return { ...server, endpoints, groupId, clientId };
};

const statsOf = (server: AskedServer, answer: Answer | undefined): AskedServerStats => {
  const { uptimeMs } = server;
  const started = uptimeMs === undefined ? undefined : new Date(Date.now() - uptimeMs);
  return { ...server, counters: answer?.state.counters, started };
};

interface Gathered {
  readonly servers: AskedServer[];
  readonly found: PongGathering['found'];
}
