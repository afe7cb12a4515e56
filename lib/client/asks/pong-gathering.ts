import type { DescribedMember, GroupDescription } from '../../driver/driver.js';
import type { RpcError } from '../../errors/rpc-error.js';
import { formatInstanceId } from '../../protocol/instance-id.js';
import type { PongMessage } from '../../protocol/message.js';
import { decodePong } from '../../protocol/pong.js';
import { decodeServedHandlers } from '../../protocol/served-handlers.js';
import type { Answer, KnownMember } from './asked-server.js';
import type { PongListener } from './open-asks.js';

/** Whoever is not known to be missing is waited for so long behind the last answer. */
const QUIET_MS = 300;

/** Nobody has more servers of one service: what is beyond is somebody's who makes them up. */
const MAX_SERVERS = 10_000;

export interface GatheringOptions {
  readonly service: string;
  /** The request topic of the service. */
  readonly topic: string;
  /** The only one who is asked. */
  readonly id?: string | undefined;
  readonly timeoutMs: number;
}

/** The answers to one question, from when it is asked until all have answered, or nobody is to be waited for any more. */
export class PongGathering implements PongListener {
  readonly found = new Map<string, Answer>();
  private readonly askedAt = performance.now();
  /** Members that were asked, and can answer; undefined while the group is not known. */
  private members: readonly KnownMember[] | undefined;
  private count: number | undefined;
  /** Why the question could not be asked, or is not answered any more. */
  failure: RpcError | undefined;
  private end: (() => void) | undefined;
  private quiet: NodeJS.Timeout | undefined;
  private isDescribed = false;

  constructor(private readonly options: GatheringOptions) {}

  pong(server: Buffer, { payload }: PongMessage): boolean {
    const id = formatInstanceId(server);
    const state = decodePong(payload);
    if (state === undefined || state.service !== this.options.service || this.found.has(id)) return false;
    if (this.found.size >= MAX_SERVERS) return false;
    this.found.set(id, { state, roundTripMs: performance.now() - this.askedAt });
    this.look();
    return true;
  }

  /** Who is in the group; undefined if nobody can say. */
  expect(group: GroupDescription | undefined): void {
    this.isDescribed = true;
    this.count = group?.members.length;
    this.members = group?.members.flatMap((member) => knownMember(member, this.options.topic));
    this.look();
  }

  failed(error: RpcError): void {
    this.failure ??= error;
    this.end?.();
  }

  /** Resolves when it is over. @throws RpcError when the question could not be asked */
  async whenOver(): Promise<void> {
    const late = setTimeout(() => this.end?.(), this.options.timeoutMs);
    await new Promise<void>((resolve) => {
      this.end = resolve;
      this.look();
    });
    clearTimeout(late);
    clearTimeout(this.quiet);
    this.end = undefined;
    if (this.failure !== undefined) throw this.failure;
  }

  /** Whether every member that may be silent is known by its id, or nobody can say. */
  get knowsAll(): boolean {
    const { members, count = 0 } = this;
    return members === undefined || members.length >= count || this.found.size >= count;
  }

  /** Members of the group that gave no answer. */
  silent(): readonly KnownMember[] {
    const { id } = this.options;
    return (this.members ?? []).filter(
      (member) => !this.found.has(member.id) && (id === undefined || member.id === id),
    );
  }

  private look(): void {
    const { end } = this;
    if (end === undefined) return;
    if (this.failure !== undefined || this.isComplete()) return end();
    clearTimeout(this.quiet);
    this.quiet = this.isDescribed && !this.isAnyMissing() ? setTimeout(end, QUIET_MS) : undefined;
  }

  private isComplete(): boolean {
    const { id } = this.options;
    if (id !== undefined) return this.found.has(id);
    const { members, count } = this;
    if (members === undefined || count === undefined || count === 0) return false;
    return this.found.size >= count && members.every((member) => this.found.has(member.id));
  }

  /** Those of a release that cannot be asked are not waited for. */
  private isAnyMissing(): boolean {
    const { members = [], count = 0, found } = this;
    if (members.length < count && found.size < count) return true;
    return this.silent().some(({ capabilities }) => capabilities.includes('ask'));
  }
}

/** None for a member that serves other topics alone, and for one that says nothing of itself. */
const knownMember = ({ memberData, partitions }: DescribedMember, topic: string): KnownMember[] => {
  const served = decodeServedHandlers(memberData);
  if (served === undefined || !served.topics.includes(topic)) return [];
  const own = partitions.filter((place) => place.topic === topic).map(({ partition }) => partition);
  const { server: id, patterns, capabilities } = served;
  return [{ id, patterns, capabilities, partitions: own.sort((a, b) => a - b) }];
};
