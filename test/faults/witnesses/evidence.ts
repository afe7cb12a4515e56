import type { ToldHealth } from '../actors/health-watch.js';
import type { AnswerData, CallData, Settled } from '../actors/lines.js';

/** What the witnesses of one window say. All times are milliseconds of `machineMs`. */
export interface Evidence {
  readonly facts: WindowFacts;
  /** What clients asked for, and what they were told. */
  readonly calls: readonly LedgerCall[];
  /** What servers ran, in the order of their beginnings. */
  readonly runs: readonly Run[];
  /** What stands in the request topic. */
  readonly requests: readonly LoggedRequest[];
  /** Ends of calls that stand in the reply topic. */
  readonly ends: readonly LoggedEnd[];
  /** Cancels that stand in the request topic. */
  readonly cancels: readonly LoggedEnd[];
  /** What the group had committed, each time that it was looked at. */
  readonly commits: readonly SeenCommit[];
  readonly processes: readonly ProcessStory[];
}

/** What the conductor knows of a window. */
export interface WindowFacts {
  readonly name: string;
  readonly callsPerSecond: number;
  readonly commitIntervalMs: number;
  /** The most calls that a server runs at once. */
  readonly concurrency: number;
  readonly promise: WindowPromise;
  /** Servers that went without an end in order, and members that the group took for dead. */
  readonly crashes: number;
  /** When the fault began, and when it was over. */
  readonly faultFromMs: number;
  readonly healedAtMs: number;
  /** When new calls were answered and nothing was left to read; undefined for never. */
  readonly recoveredAtMs: number | undefined;
  /** When the load ended. */
  readonly endedAtMs: number;
  /** When nothing was left to do. */
  readonly restedAtMs: number;
}

/** What a window's fault leaves of the promises. Where nothing is said, all of them hold. */
export interface WindowPromise {
  /** Which calls may fail, that would not without the fault. @default 'none' */
  readonly failures?: 'none' | 'typed';
  /** The log was deleted or cut: what stood in it is gone. @default false */
  readonly losesLog?: boolean;
  /** Keys may move to other partitions. @default false */
  readonly movesKeys?: boolean;
  /** Replies may be gone before they are read. @default false */
  readonly losesReplies?: boolean;
  /** How soon all is well after the fault, in milliseconds. @default 60000 */
  readonly recoversInMs?: number;
  /** Partitions move between servers while calls run. @default what `crashes` says */
  readonly movesPartitions?: boolean;
}

export interface LedgerCall extends CallData {
  readonly client: string;
  readonly sentAtMs: number;
  readonly deadlineMs: number;
  /** When the caller gave up by itself. */
  readonly leftAtMs: number | undefined;
  /** More than one is a fault. */
  readonly settlements: readonly (Settled & { readonly atMs: number })[];
}

export interface Run {
  readonly nonce: string;
  readonly kind: CallData['kind'];
  readonly run: string;
  readonly pid: number;
  readonly partition: number;
  readonly offset: number;
  readonly attempt: number;
  readonly key?: string;
  readonly number?: number;
  readonly startedAtMs: number;
  /** Undefined when the process ended first. */
  readonly endedAtMs: number | undefined;
  readonly how: 'done' | 'stopped' | undefined;
}

export interface LoggedRequest {
  readonly nonce: string;
  /** Its name in the cluster. */
  readonly callId: string;
  readonly isEvent: boolean;
  readonly partition: number;
  readonly offset: number;
  readonly appendedAtMs: number;
  /** 0 for never. */
  readonly ttlMs: number;
}

export interface LoggedEnd {
  readonly callId: string;
  readonly appendedAtMs: number;
}

export interface SeenCommit {
  readonly partition: number;
  readonly offset: number;
  /** When the answer was there: it was committed before. */
  readonly seenAtMs: number;
}

export interface ProcessStory {
  readonly name: string;
  readonly role: 'client' | 'server';
  readonly pid: number;
  /** How the suite ended it; undefined when it did not. */
  readonly endedBy: 'SIGKILL' | 'SIGTERM' | undefined;
  readonly end: { readonly code: number | null; readonly signal: string | null } | undefined;
  /** From its SIGTERM. */
  readonly tookToEndMs?: number;
  readonly fatal: readonly string[];
  readonly stalls: readonly { readonly from: number; readonly to: number }[];
  /** When all was over, and before it was ended; undefined for one that was gone. */
  readonly atRest?: { readonly inHand: number; readonly residentBytes: number; readonly health: ToldHealth };
}

/** Answers of a call that came to a good end; undefined for others. */
export const answersOf = ({ settlements }: LedgerCall): readonly AnswerData[] | undefined =>
  settlements[0]?.how === 'answered' ? (settlements[0].answers ?? []) : undefined;
