import { hearRejection, isThenable } from '../diagnostics/thenable.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Deadlines, Due } from '../protocol/deadlines.js';
import { ENVELOPE_HEADER } from '../protocol/envelope.js';
import { refusalError, refusedByStage } from './refusal.js';
import type { WireContext, WireInterceptor } from './wire-interceptor.js';

type MaybePromise<T> = T | Promise<T>;

/** The step of one stage in a chain. */
interface StageTurn {
  readonly run: (stage: WireInterceptor, input: Buffer) => unknown;
  /** Checks what the stage must not have changed. @throws an error, to which `toError` adds the name of the stage */
  readonly check: () => void;
  readonly toError: (stage: WireInterceptor, thrown: unknown) => RpcError;
}

/** A pending step of an asynchronous stage. */
class Waiting extends Due {
  constructor(readonly giveUp: () => void) {
    super();
  }
}

/**
 * Runs the stages of one side, and contains their faults. A stage that throws, returns something else than a Buffer, or never
 * settles fails its record with an error that has the name of the stage.
 *
 * Cost: synchronous stages need no promise and no timer. All asynchronous stages share one timer.
 */
export class StageChain {
  private readonly separating: readonly WireInterceptor[];
  private readonly reversed: readonly WireInterceptor[];
  private readonly limits = new Deadlines<Waiting>((waiting) => waiting.giveUp());

  /** @param limitMs how many milliseconds a stage may take for one record, or to open */
  constructor(
    private readonly stages: readonly WireInterceptor[],
    private readonly limitMs: number,
  ) {
    this.separating = stages.filter((stage) => stage.keepsApart !== undefined);
    this.reversed = stages.toReversed();
  }

  get isEmpty(): boolean {
    return this.stages.length === 0;
  }

  /** Opens one stage after the other. @throws RpcError with the name of the stage that fails. */
  async open(): Promise<void> {
    for (const stage of this.stages) {
      try {
        const opened: unknown = stage.open?.();
        if (isThenable(opened)) await this.limited(opened, stage);
      } catch (error) {
        throw failedStage(stage, error);
      }
    }
  }

  /** Whether a stage keeps the pattern apart. If a stage fails to answer, `true`: never wrong, at the cost of an extra record. */
  keepsApart(pattern: string): boolean {
    for (const stage of this.separating) {
      try {
        const isApart: unknown = stage.keepsApart?.(pattern);
        if (!isApart) continue;
        // A promise is no answer: nobody awaits it.
        hearRejection(isApart, () => undefined);
        return true;
      } catch {
        return true;
      }
    }
    return false;
  }

  encode(bytes: Buffer, context: WireContext): MaybePromise<Buffer> {
    const envelope = context.headers[ENVELOPE_HEADER];
    return this.runAll(this.stages, bytes, {
      run: (stage, input) => stage.encode(input, context),
      check: () => checkEnvelope(context.headers, envelope),
      toError: failedStage,
    });
  }

  /** @throws RpcError whose cause is a `Refusal`. */
  decode(bytes: Buffer, context: WireContext): MaybePromise<Buffer> {
    return this.runAll(this.reversed, bytes, {
      run: (stage, input) => stage.decode(input, context),
      check: () => undefined,
      toError: refusing,
    });
  }

  private runAll(stages: readonly WireInterceptor[], bytes: Buffer, turn: StageTurn): MaybePromise<Buffer> {
    let current: MaybePromise<Buffer> = bytes;
    for (const stage of stages) {
      const runOne = (input: Buffer): MaybePromise<Buffer> => this.runOne(stage, input, turn);
      current = current instanceof Promise ? current.then(runOne) : runOne(current);
    }
    return current;
  }

  private runOne(
    stage: WireInterceptor,
    input: Buffer,
    { run, check, toError }: StageTurn,
  ): MaybePromise<Buffer> {
    const fail = (thrown: unknown): never => {
      throw toError(stage, thrown);
    };
    const take = (output: unknown): Buffer => {
      check();
      return asBuffer(output);
    };
    try {
      const output = run(stage, input);
      return isThenable(output) ? this.limited(output, stage).then(take).catch(fail) : take(output);
    } catch (error) {
      return fail(error);
    }
  }

  /** Settles as the stage does, or fails after `limitMs`. A later result is ignored. */
  private limited(work: PromiseLike<unknown>, { name }: WireInterceptor): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiting = new Waiting(() => reject(tooLong(name, this.limitMs)));
      this.limits.add(waiting, this.limitMs);
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          this.limits.remove(waiting);
          settle(value);
        };
      // Not `work.then`: a foreign thenable may settle twice, or throw.
      Promise.resolve(work).then(settled(resolve), settled(reject));
    });
  }
}

const asBuffer = (value: unknown): Buffer => {
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new NotBytes(`It gave ${value === null ? 'null' : typeof value}, not a Buffer`);
};

/** Its text is from this package, so it may be shown. */
class NotBytes extends Error {}
class TookTooLong extends Error {}
class ChangedEnvelope extends Error {}

/** A receiver finds the sender by the envelope alone. Without it, no sender could learn that its record failed. */
const checkEnvelope = (headers: WireContext['headers'], envelope: Buffer | undefined): void => {
  if (headers[ENVELOPE_HEADER] === envelope) return;
  const text = `It changed the header "${ENVELOPE_HEADER}", which is the envelope of the record: give yours another name`;
  throw new ChangedEnvelope(text);
};

const tooLong = (stage: string, limitMs: number): TookTooLong =>
  new TookTooLong(`It did not settle within ${limitMs} ms (stageTimeoutMs)`);

const isOurs = (thrown: unknown): thrown is Error =>
  thrown instanceof NotBytes || thrown instanceof TookTooLong || thrown instanceof ChangedEnvelope;

const failedStage = ({ name }: WireInterceptor, thrown: unknown): RpcError => {
  const { status, message } = isOurs(thrown)
    ? { status: RpcStatus.INTERNAL, message: thrown.message }
    : RpcError.from(thrown);
  if (thrown instanceof RpcError) return thrown;
  return new RpcError(status, `The stage "${name}" failed: ${message.replace(/\.$/, '')}.`, {
    cause: thrown,
  });
};

const refusing = ({ name }: WireInterceptor, thrown: unknown): RpcError => {
  if (!isOurs(thrown)) return refusedByStage(name, thrown);
  const refusal = { reason: 'stage', stage: name, thrown } as const;
  return refusalError(RpcStatus.INTERNAL, `The stage "${name}" failed: ${thrown.message}.`, refusal);
};
