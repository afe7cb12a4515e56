/** Where a broker comes from: one that was given, a container, or Apache Kafka's own jars. */
export type KafkaKind = 'external' | 'docker' | 'jars';

/** What a test asks of its broker; `nodes`, `config` and `killable` matter most. */
export interface KafkaOptions {
  /** Brokers in the cluster; three cost about 1 GiB. @default 1 */
  readonly nodes?: 1 | 3;
  /** Broker settings that win over the harness's own; a broker that was given ignores them. */
  readonly config?: Readonly<Record<string, string>>;
  /** Needs `kill`, `stopNode`, `pause` and their kin, which only the jars can do. @default false */
  readonly killable?: boolean;
  /**
   * Clients are told of a proxy before each node, which the caller has to start: `routes` says where. Only the jars can do it.
   * @default false
   */
  readonly proxied?: boolean;
  /** Kafka's own defaults in place of the harness's quick and safe ones; `config` still wins. @default false */
  readonly asTheyCome?: boolean;
  /**
   * Who may log in, with their passwords (SASL/PLAIN); ACLs then say what each may do. Whoever comes by `direct` needs no password and
   * may do all. Only the jars can do it: ask for `killable` too. @default everybody, everything
   */
  readonly users?: Readonly<Record<string, string>>;
  /** Where nodes keep their data, by their ids; the folder is removed by whoever gives it. @default a temporary folder */
  readonly dataFolders?: Readonly<Record<number, string>>;
  /** JVM options in place of the small, quick-to-start ones; a benchmark wants C2 and more heap. */
  readonly javaOptions?: readonly string[];
  /** Takes a line of progress. @default standard error */
  readonly log?: (line: string) => void;
}

/** One proxy's place, on this machine. */
export interface ProxyRoute {
  readonly listenPort: number;
  readonly targetPort: number;
}

/** Faults of one node. Nodes are named by their Kafka node id, from 1; `brokers[id - 1]` is its address. */
export interface NodeFaults {
  /** SIGKILL; resolves when the process is gone. */
  kill(node: number): Promise<void>;
  /** SIGTERM, an orderly leave; after 30 s without an end, SIGKILL. */
  stopNode(node: number): Promise<void>;
  /** Starts it again on the same ports and data; resolves when it answers. */
  startNode(node: number): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(node: number): void;
  /** SIGCONT. */
  resume(node: number): void;
  /** The JVM's own process id, or undefined while the node is down. */
  pid(node: number): number | undefined;
}

/** A broker, or three, that answers. `stop` it, although nothing outlives this process if you do not. */
export interface Kafka extends NodeFaults {
  readonly kind: KafkaKind;
  /** Kafka's version, or "unknown" for a broker that was given. */
  readonly version: string;
  readonly brokers: string[];
  /** The addresses past the proxies; without proxies, `brokers`. */
  readonly direct: string[];
  /** Where a proxy has to listen, and where it leads, for each node; none without `proxied`. */
  readonly routes: readonly ProxyRoute[];
  readonly nodes: number;
  /** Ends every node and removes its data; a broker that was given is left alone. */
  stop(): Promise<void>;
}
