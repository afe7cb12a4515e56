import type { ReadPacket } from '@nestjs/microservices';
import type { UserCode } from '../../diagnostics/user-code.js';
import { checkBoolean } from '../../errors/option-checks.js';
import { patternName, type Caller } from '../caller.js';
import { optionsOf, type CallOptions } from '../kafka-rpc-record.js';
import {
  checkCallRetry,
  resolveCallRetry,
  type CheckedCallRetry,
  type ResolvedPattern,
} from './call-retry-options.js';
import { CallRetryPolicy } from './call-retry-policy.js';

/** What holds for one call that may be sent again. */
export interface CallPolicy {
  readonly retry: CallRetryPolicy;
  /** Whether a second run does no harm. */
  readonly isIdempotent: boolean;
}

type Layer = CheckedCallRetry | false | undefined;

/** What a client, its patterns and its calls say of retries; later ones lie over earlier ones. */
export class CallPolicies {
  private readonly ofClient: CallRetryPolicy | undefined;
  private readonly ofPatterns = new Map<string, CallRetryPolicy | undefined>();
  /** Whether a call that says nothing may be sent again. */
  private readonly isOn: boolean;

  /** @throws RpcError `INVALID_ARGUMENT` naming the option. */
  constructor(
    private readonly caller: Pick<Caller, 'service' | 'normalize'>,
    private readonly userCode: UserCode,
  ) {
    const { retry, patterns } = caller.service;
    this.ofClient = this.policy('retry', retry);
    for (const [pattern, own] of patterns)
      this.ofPatterns.set(pattern, this.policy(`patterns['${pattern}'].retry`, retry, own.retry));
    this.isOn = [this.ofClient, ...this.ofPatterns.values()].some((policy) => policy !== undefined);
  }

  /** Whether there is anything to be asked about a call. */
  mayRetry({ retry, idempotent }: CallOptions): boolean {
    return this.isOn || retry !== undefined || idempotent !== undefined;
  }

  /** Undefined for a call that is sent once. @throws RpcError `INVALID_ARGUMENT` naming the option of the call. */
  of({ pattern, data }: ReadPacket): CallPolicy | undefined {
    const { retry, idempotent, idempotencyKey } = optionsOf(data);
    if (idempotent !== undefined) checkBoolean('idempotent', idempotent);
    const { patterns } = this.caller.service;
    const name = patterns.size === 0 ? '' : patternName(this.caller, pattern);
    const own = patterns.get(name);
    const policy = retry === undefined ? this.usual(name, own) : this.ofCall(retry, own);
    if (policy === undefined) return undefined;
    const isIdempotent = (idempotent ?? own?.idempotent ?? false) || idempotencyKey !== undefined;
    return { retry: policy, isIdempotent };
  }

  private usual(name: string, own: ResolvedPattern | undefined): CallRetryPolicy | undefined {
    return own === undefined ? this.ofClient : this.ofPatterns.get(name);
  }

  private ofCall(given: unknown, own: ResolvedPattern | undefined): CallRetryPolicy | undefined {
    return this.policy('retry', this.caller.service.retry, own?.retry, checkCallRetry(given, 'retry'));
  }

  private policy(name: string, ...layers: readonly Layer[]): CallRetryPolicy | undefined {
    const said = layers.filter((layer) => layer !== undefined);
    const options = resolveCallRetry(name, ...said);
    if (options === false) return undefined;
    const policy = new CallRetryPolicy(options, this.userCode);
    return policy.isOn ? policy : undefined;
  }
}
