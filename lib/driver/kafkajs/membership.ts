import type { ConnectOptions, GroupOptions, GroupView } from '../driver.js';
import { backoffMs, endOfWaits, sleep, untilAborted, within } from './backoff.js';
import { connectionClosed, type ClusterLink } from './cluster-link.js';
import { GroupJoiner, NO_GENERATION, type Generation, type JoinerLinks } from './group-joiner.js';
import { GroupSession, isMembershipLost, type MemberIdentity } from './group-session.js';
import { Heartbeats } from './heartbeats.js';
import { errorType } from './kafkajs-errors.js';
import {
  nextState,
  permissionsOf,
  type MemberEvent,
  type MemberState,
  type Permissions,
} from './member-state.js';
import { isPassing, MemberTrouble, type MemberActivity } from './member-trouble.js';
import type { OwnedPartitions } from './owned-partitions.js';
import { startingPositions } from './starting-positions.js';

const LEAVE_MS = 1_000;
/** A join that the coordinator does not know of any more, by so many heartbeats, is not going to be answered. */
const UNKNOWN_WHILE_JOINING = 3;

export interface MembershipLinks extends JoinerLinks {
  /** Beside `groupLink`, which is for group requests alone, too: heartbeats must not wait behind produce requests, nor behind joins. */
  readonly joinLink: ClusterLink;
}

type MemberOptions = GroupOptions & { readonly retries: number };

/**
 * The life of a member of a group. It is in the states of `member-state.ts`, does what each asks for, and whatever fails is tried
 * again until it is closed, with what is wrong told meanwhile.
 *
 *     run():        join → start reading → wait for a rebalance → join …
 *     heartbeats:   beside it, also while a join is under way
 */
export class Membership {
  readonly session: GroupSession;
  private readonly joiner: GroupJoiner;
  private readonly heartbeats: Heartbeats;
  private readonly trouble: MemberTrouble;
  private readonly closing = endOfWaits();
  /** Aborts when the state changes. */
  private stateChange = endOfWaits();
  private state: MemberState = 'joining';
  private generation = NO_GENERATION;
  private unknownWhileJoining = 0;
  private firstJoin: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  private life: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: MemberOptions,
    private readonly owned: OwnedPartitions,
    private readonly links: MembershipLinks,
    private readonly connectOptions: Pick<ConnectOptions, 'log' | 'onEvent'>,
  ) {
    this.session = new GroupSession(options, { join: links.joinLink, talk: links.groupLink });
    this.joiner = new GroupJoiner(options, this.session, links);
    this.trouble = new MemberTrouble(options.groupId, options.sessionTimeoutMs);
    this.heartbeats = new Heartbeats({
      sessionTimeoutMs: options.sessionTimeoutMs,
      closing: this.closing.signal,
      isWanted: () => this.permissions.heartbeats,
      send: () => this.session.heartbeat(),
      onAnswered: () => this.onHeartbeatAnswered(),
      onFailed: (error) => this.onHeartbeatFailed(error),
    });
  }

  get permissions(): Permissions {
    return permissionsOf(this.state);
  }

  /** The generation in which what is owned was told to be ours: commits are signed with it. */
  get signature(): MemberIdentity {
    return this.generation.identity;
  }

  get isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  /** Joins for the first time. @throws what kafkajs throws: at once what will not pass, else after bounded retries. */
  async join(): Promise<void> {
    const { groupLink, joinLink } = this.links;
    await Promise.all([groupLink.connect(), joinLink.connect()]);
    await groupLink.addTopics(this.options.topics);
    const joined = new Promise<void>((resolve, reject) => (this.firstJoin = { resolve, reject }));
    this.life = Promise.all([this.run(), this.heartbeats.run()]);
    await joined;
  }

  /** Leaves the group and ends. Idempotent. */
  async close(): Promise<void> {
    if (!this.isClosed) {
      this.apply({ type: 'closed' });
      this.closing.abort();
      this.owned.close();
      const { groupLink, joinLink } = this.links;
      await Promise.all([joinLink.close(), within(this.session.leave(), LEAVE_MS)]);
      await groupLink.close();
      this.firstJoin?.reject(connectionClosed());
    }
    await this.life;
  }

  /** Something that is tried again until it works did not. */
  failed(activity: MemberActivity, error: unknown): void {
    this.trouble.failed(activity, error);
    this.publish();
  }

  recovered(activity: MemberActivity): void {
    if (this.trouble.over(activity)) this.publish();
  }

  /** From the first join to the end: does what the state asks for, again and again. */
  private async run(): Promise<void> {
    for (let attempt = 0; !this.isClosed;) {
      const activity = this.permissions.joins ? 'join' : 'start';
      try {
        await this.step();
        this.recovered(activity);
        attempt = 0;
      } catch (error) {
        if (this.isClosed) return;
        await this.afterFailure(activity, error, attempt++);
      }
    }
  }

  private step(): Promise<void> {
    switch (this.state) {
      case 'joining':
      case 'rebalancing':
      case 'halted':
        return this.joinOnce();
      case 'starting':
        return this.startReading();
      case 'revoking':
        return this.revoke();
      case 'halting':
        return this.halt();
      case 'stable':
      case 'closed':
        return untilAborted(this.stateChange.signal);
    }
  }

  private async joinOnce(): Promise<void> {
    this.unknownWhileJoining = 0;
    const { list: owned } = this.owned;
    const { generationId } = this.generation.identity;
    const generation = await this.joiner.join({ owned, generationId, isReading: this.permissions.reads });
    if (!this.isClosed) this.take(generation);
  }

  /** What is ours in this generation is told; the state says what comes next. */
  private take(generation: Generation): void {
    this.generation = generation;
    const { partitions, isPartial } = generation.share;
    let moving = this.owned.notIn(partitions);
    if (this.state === 'halted') {
      this.owned.revoke(moving);
      this.owned.retain(this.owned.list);
      moving = [];
    }
    if (isPartial) this.heartbeats.hurry();
    const gains = this.owned.newIn(partitions).length > 0;
    this.apply({ type: 'assigned', gains, mustRevoke: moving.length > 0 });
  }

  /** What is new is read from its commit on; given up when the state changes meanwhile. */
  private async startReading(): Promise<void> {
    const { signal } = this.stateChange;
    const gained = this.owned.newIn(this.generation.share.partitions);
    const positions = startingPositions(gained, this.session, this.links.link);
    await Promise.race([positions, untilAborted(signal)]);
    if (signal.aborted) return void positions.catch(() => undefined);
    const { assigned, firstCommits } = await positions;
    if (signal.aborted) return;
    this.owned.assign(assigned);
    this.apply({ type: 'started' });
    // Without one, tools that show how far a group is behind show nothing.
    if (firstCommits.length > 0)
      await this.session.commit(firstCommits, this.signature).catch(() => undefined);
  }

  /** What is not ours any more is finished and given up, and the rest is read meanwhile. */
  private async revoke(): Promise<void> {
    const { signal } = this.stateChange;
    const moving = this.owned.notIn(this.generation.share.partitions);
    this.owned.stopReading(moving);
    await Promise.race([this.owned.finish(moving), untilAborted(signal)]);
    if (signal.aborted) return;
    this.owned.revoke(moving);
    this.apply({ type: 'finished' });
  }

  private async halt(): Promise<void> {
    const { signal } = this.stateChange;
    await Promise.race([this.owned.finish(this.owned.list), untilAborted(signal)]);
    if (!signal.aborted) this.apply({ type: 'finished' });
  }

  private async afterFailure(activity: MemberActivity, error: unknown, attempt: number): Promise<void> {
    this.connectOptions.log.debug(`Group ${this.options.groupId}: ${(error as Error).message}, trying again`);
    if (isMembershipLost(error)) this.lose(error);
    if (this.firstJoin !== undefined && (attempt >= this.options.retries || !isPassing(error))) {
      this.firstJoin.reject(error);
      this.firstJoin = undefined;
      return untilAborted(this.closing.signal);
    }
    if (errorType(error) === 'REBALANCE_IN_PROGRESS') return;
    this.failed(activity, error);
    await sleep(backoffMs(attempt), this.closing.signal);
    if (!this.isClosed && activity === 'start') await this.links.link.recover(error);
  }

  private onHeartbeatAnswered(): void {
    this.owned.readOn();
    this.recovered('heartbeat');
    if (this.joiner.isOutdated(this.generation)) this.rebalance();
  }

  /** @returns whether it failed, and did not just bring news. */
  private onHeartbeatFailed(error: unknown): boolean {
    if (errorType(error) === 'REBALANCE_IN_PROGRESS') {
      this.recovered('heartbeat');
      this.rebalance();
      return false;
    }
    if (isMembershipLost(error)) {
      if (this.permissions.joins) this.onUnknownWhileJoining(error);
      else this.lose(error);
      return false;
    }
    this.failed('heartbeat', error);
    return true;
  }

  /** The answer to a join says as much, and is on its way; unless it was lost. */
  private onUnknownWhileJoining(error: unknown): void {
    this.unknownWhileJoining += 1;
    if (this.unknownWhileJoining >= UNKNOWN_WHILE_JOINING) this.session.endJoin(error as Error);
  }

  private rebalance(): void {
    this.apply({ type: 'rebalance', way: this.generation.isCooperative ? 'cooperative' : 'eager' });
  }

  private lose(error: unknown): void {
    this.session.forget(error);
    this.owned.lose();
    // What could not be committed is not ours to commit any more.
    this.trouble.over('commit');
    this.apply({ type: 'lost' });
  }

  private apply(event: MemberEvent): void {
    const next = nextState(this.state, event);
    if (next === this.state) return;
    this.state = next;
    const before = this.stateChange;
    this.stateChange = endOfWaits();
    before.abort();
    if (next === 'stable') this.onStable();
    this.publish();
  }

  private onStable(): void {
    this.owned.readOn();
    this.tellGroup();
    // A share that waits for old owners is no first share: calls would go to them, and then come to us.
    if (this.generation.share.isPartial) return;
    this.firstJoin?.resolve();
    this.firstJoin = undefined;
  }

  private tellGroup(): void {
    const { share, memberData } = this.generation;
    const group: GroupView = {
      members: share.group.members,
      partitions: this.joiner.knownPartitions(),
      owned: this.owned.list.length,
      memberData,
    };
    this.owned.tell('onGroup', (handler) => handler.onGroup?.(group));
  }

  /** How this member is; nothing before the first join, which fails or succeeds by itself. */
  private publish(): void {
    if (this.firstJoin !== undefined || this.isClosed) return;
    const { onEvent } = this.connectOptions;
    const { worst } = this.trouble;
    if (worst !== undefined) onEvent({ type: 'crashed', error: worst });
    else if (this.state === 'stable') onEvent({ type: 'connected' });
    else onEvent({ type: 'rebalancing', groupId: this.options.groupId });
  }
}
