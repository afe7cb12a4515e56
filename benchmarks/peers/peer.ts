import type { Load, LoadResult } from '../measure/load.js';

/** The broker of a run, and what every peer keeps to, so that runs and peers do not meet on it. */
export interface PeerBroker {
  readonly brokers: readonly string[];
  /** Begins the name of every topic and group of this run. */
  readonly prefix: string;
  /** Of every topic, for every peer. */
  readonly partitions: number;
}

/** One way to ask a server for a sum: started once, then measured again and again. */
export interface Peer {
  readonly name: string;
  /** What it is, for the report. */
  readonly title: string;
  /**
   * Why this machine cannot run it, and what to install; undefined when it can. Fetches on first use what it needs beyond
   * this package's own dependencies, so that a machine without a network learns it here. Asked before anything starts.
   */
  unavailable?(tell: (line: string) => void): Promise<string | undefined>;
  /** Resolves when a call was answered. When it fails, nothing of it runs on. */
  start(broker: PeerBroker): Promise<PeerHandle>;
}

/** A peer that runs: a server process, and a client process that makes the calls. */
export interface PeerHandle {
  /** More calls at once it does not reach: it has no part in loads above. @default no limit */
  readonly mostCallsAtOnce?: number | undefined;
  /** The process of a broker of its own, whose CPU time counts in place of Kafka's. @default Kafka's */
  readonly brokerPid?: number | undefined;
  run(load: Load): Promise<PeerResult>;
  /** Profiles client and server while a load runs, where the peer can; gives the files written, by role. */
  profile?(load: Load, filePrefix: string): Promise<readonly ProfileFile[]>;
  /** Holds both processes still until `resume()`, which must be sooner than their groups' session time-outs. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface PeerResult extends LoadResult {
  /** User and system time of the server process. */
  readonly serverCpuSeconds: number;
}

export interface ProfileFile {
  readonly role: 'client' | 'server';
  readonly file: string;
}
