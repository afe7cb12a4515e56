/** A set of things that one process can ask of another: each takes one argument and is answered. */
export type Commands<C> = { [K in keyof C]: (argument: never) => Promise<unknown> };

export type ArgumentOf<F> = F extends (argument: infer A) => Promise<unknown> ? A : never;
export type AnswerOf<F> = F extends (argument: never) => Promise<infer R> ? R : never;

/** Main process → child. */
export interface Question {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

/** Child → main process. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}
