import type { ChildProcess } from 'node:child_process';
import type { Answer, Question } from './ipc.js';

/** A program that was started, and the road that questions take to it. */
export interface RunningProgram {
  readonly process: ChildProcess;
  /** False once no question can reach it. */
  isReachable(): boolean;
  send(question: Question, failed: (error: Error) => void): void;
  onAnswer(take: (answer: Answer) => void): void;
}
