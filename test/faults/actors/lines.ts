/** What a client intends with a call. */
export type CallKind = 'work' | 'plain' | 'values' | 'refused' | 'cancelled' | 'brief' | 'event';

/** The data of every call and event. */
export interface CallData {
  /** The name that the client gave it; everything is joined by it. */
  readonly nonce: string;
  readonly kind: CallKind;
  /** How long the handler takes. */
  readonly ms?: number;
  /** Values of a stream. */
  readonly count?: number;
  /** Calls of a key count from 1. */
  readonly key?: string;
  readonly number?: number;
}

/** What a handler answers: whose answer it is, and which execution made it. */
export interface AnswerData {
  readonly nonce: string;
  readonly run: string;
  /** Of a stream: its place. */
  readonly at?: number;
}

/** A line of a client's ledger. Times are those of `machineMs`. */
export type LedgerLine =
  | ({ readonly e: 'sent'; readonly t: number; readonly deadlineMs: number } & CallData)
  | ({ readonly e: 'settled'; readonly t: number; readonly nonce: string } & Settled)
  | { readonly e: 'left'; readonly t: number; readonly nonce: string }
  | StallLine
  | FatalLine;

export interface Settled {
  readonly how: 'answered' | 'refused' | 'failed' | 'cancelled';
  readonly status?: string;
  readonly text?: string;
  /** The error says that the call does not run. */
  readonly isDefinite?: boolean;
  readonly answers?: readonly AnswerData[];
}

/** The process did not get to its event loop. */
export interface StallLine {
  readonly e: 'stall';
  readonly from: number;
  readonly to: number;
}

/** What would have ended the process, or did. */
export interface FatalLine {
  readonly e: 'fatal';
  readonly t: number;
  readonly text: string;
}

/** A line of a server's journal. */
export type JournalLine =
  | {
      readonly e: 'start';
      readonly t: number;
      readonly run: string;
      readonly pid: number;
      readonly nonce: string;
      readonly kind: CallKind;
      readonly partition: number;
      readonly offset: number;
      readonly attempt: number;
      readonly key?: string;
      readonly number?: number;
    }
  | { readonly e: 'end'; readonly t: number; readonly run: string; readonly how: 'done' | 'stopped' }
  | StallLine
  | FatalLine;
