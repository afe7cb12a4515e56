import type { Counters } from '../diagnostics/counters.js';
import { RateLimitedLog } from '../diagnostics/rate-limited-log.js';
import { formatInstanceId, isSameInstance } from '../protocol/instance-id.js';

/** How many calls are remembered: a second answer seldom comes later than a thousand others. */
const REMEMBERED = 1_024;

/**
 * Who answered the last calls, so that a second answer is known for what it is: the handler ran twice.
 *
 * Cost: two writes for each call, 16 KiB for each connection.
 */
export class AnsweredCalls {
  private readonly seqs = new Float64Array(REMEMBERED);
  private readonly servers: (Buffer | undefined)[] = new Array<undefined>(REMEMBERED).fill(undefined);
  private readonly log: RateLimitedLog<'twice'>;

  constructor(
    private readonly counters: Counters,
    warn: (line: string) => void,
  ) {
    this.log = new RateLimitedLog(warn);
  }

  /** @param server one object for each server: it is kept */
  add(seq: number, server: Buffer): void {
    const at = seq % REMEMBERED;
    this.seqs[at] = seq;
    this.servers[at] = server;
  }

  /** An answer came for a call that is not open any more. */
  answeredAgain(seq: number, server: Buffer): void {
    const at = seq % REMEMBERED;
    const first = this.seqs[at] === seq ? this.servers[at] : undefined;
    if (first === undefined || isSameInstance(first, server)) return;
    this.counters.add('duplicateAnswers');
    this.log.add('twice', () => answeredTwice(first, server));
  }
}

const answeredTwice = (first: Buffer, second: Buffer): string =>
  `A call was answered by server ${formatInstanceId(first)}, and by server ${formatInstanceId(second)} as well: its handler ran ` +
  'twice. Once in a while a server that died, or a rebalance, is the cause. Again and again it means that two groups serve the ' +
  'service: give all of its servers the same groupId.';
