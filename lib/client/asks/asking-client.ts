import { TypedClient } from '../typed-client.js';
import type {
  AskedServer,
  AskedServerInfo,
  AskedServerStats,
  AskedService,
  AskOptions,
  ServicesOptions,
} from './asked-server.js';
import type { ServiceAsks } from './service-asks.js';

/** What a `KafkaRpcClient` asks of all servers of a service, beside its calls. */
export abstract class AskingClient extends TypedClient {
  /** @internal */
  protected abstract readonly asks: ServiceAsks;

  /**
   * Asks the servers of a service how they are. Answered before the queue of calls: a server that is stuck in it answers, and
   * shows it; one that owns no partition answers too. One whose event loop is blocked does not, and is listed as `silent`, where this
   * client may describe the group. Resolves when all have answered, or after `timeoutMs`. Costs a record, and one of each server.
   * @param of a service, or options. @default the client's own service
   * @param id only the server with this id
   * @throws RpcError `PERMISSION_DENIED` without the right to write to `topics.control`
   */
  ping(of?: string | AskOptions, id?: string): Promise<AskedServer[]> {
    return this.asks.ping(of, id);
  }

  /** As `ping()`, with the handlers of each server. */
  info(of?: string | AskOptions, id?: string): Promise<AskedServerInfo[]> {
    return this.asks.info(of, id);
  }

  /** As `ping()`, with the counters of each server. */
  stats(of?: string | AskOptions, id?: string): Promise<AskedServerStats[]> {
    return this.asks.stats(of, id);
  }

  /**
   * The services that the clients of this connection call, each with its servers as `ping()` has them.
   * @param names of others. @default those
   */
  services(names?: string | readonly string[], options?: ServicesOptions): Promise<AskedService[]> {
    return this.asks.services(names, options);
  }
}
