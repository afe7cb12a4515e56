import type { Log } from '../diagnostics/log.js';
import { printable } from '../diagnostics/printable.js';
import type { GroupView } from '../driver/driver.js';
import { decodeServedHandlers, type ServedHandlers } from '../protocol/served-handlers.js';

/** So many differences are remembered as told. */
const MAX_TOLD = 256;
const MAX_PATTERNS_SHOWN = 5;
const MAX_TEXT = 100;

/** Tells an operator, once, what about a group is probably not meant: a server without work, servers that serve different things. */
export class GroupWatch {
  private readonly told = new Set<string>();
  private isIdle = false;

  constructor(
    private readonly groupId: string,
    private readonly log: Log,
  ) {}

  look(group: GroupView): void {
    this.lookForWork(group);
    const servers = (group.memberData ?? [])
      .map(decodeServedHandlers)
      .filter((served) => served !== undefined);
    for (const topic of new Set(servers.flatMap(({ topics }) => topics))) {
      this.compare(
        topic,
        servers.filter(({ topics }) => topics.includes(topic)),
      );
    }
  }

  private lookForWork({ members, partitions, owned }: GroupView): void {
    const isIdle = owned === 0 && members !== undefined && members > partitions;
    if (isIdle && !this.isIdle) {
      this.log.warn(
        `Group ${this.groupId} has ${members} servers for ${partitions} partitions: this one has none, and waits until another ` +
          'one leaves. Add partitions to the request topic, or run fewer servers.',
      );
    }
    this.isIdle = isIdle;
  }

  private compare(topic: string, servers: readonly ServedHandlers[]): void {
    const [first] = servers;
    if (first === undefined) return;
    for (const other of servers) {
      if (other.hash === first.hash) continue;
      const difference = [topic, ...[first.hash, other.hash].sort()].join(' ');
      if (this.told.has(difference) || this.told.size >= MAX_TOLD) continue;
      this.told.add(difference);
      this.log.warn(this.describe(topic, first, other));
    }
  }

  private describe(topic: string, one: ServedHandlers, other: ServedHandlers): string {
    return (
      `Servers of group ${this.groupId} serve different handlers for topic ${printable(topic, MAX_TEXT)}: ` +
      `${nameOf(one)} has ${only(one, other)}, ${nameOf(other)} has ${only(other, one)}. A call goes to any of them, and is ` +
      'UNIMPLEMENTED at one without its handler. Give services that differ names or groups of their own.'
    );
  }
}

const nameOf = ({ server }: ServedHandlers): string => printable(server, MAX_TEXT);

/** What of the listed patterns one has and the other has not. */
const only = ({ patterns }: ServedHandlers, other: ServedHandlers): string => {
  const others = new Set(other.patterns);
  const own = patterns.filter((pattern) => !others.has(pattern));
  if (own.length === 0) return 'none of its own';
  const shown = own.slice(0, MAX_PATTERNS_SHOWN).map((pattern) => `"${printable(pattern, MAX_TEXT)}"`);
  const rest = own.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''} alone`;
};
