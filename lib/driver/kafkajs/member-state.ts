/** What a member of a group is doing; `docs/architecture.md` draws it. */
export type MemberState =
  /** Owns nothing and asks to be let in: at first, and after the group went on without it. */
  | 'joining'
  /** Has been given partitions, and looks for the positions where reading starts. */
  | 'starting'
  | 'stable'
  /** Joins the next generation, and reads on what it owns. */
  | 'rebalancing'
  /** Finishes what it has to give up, reads on the rest, and joins again then. */
  | 'revoking'
  /** As in groups that know no better, stands still and finishes all it owns before it joins again. */
  | 'halting'
  /** Joins the next generation, standing still. */
  | 'halted'
  | 'closed';

export type MemberEvent =
  /** The coordinator told what is ours in this generation. */
  | { readonly type: 'assigned'; readonly gains: boolean; readonly mustRevoke: boolean }
  /** What was new is read. */
  | { readonly type: 'started' }
  /** The group shares out again. @see https://cwiki.apache.org/confluence/display/KAFKA/KIP-429 for the two ways */
  | { readonly type: 'rebalance'; readonly way: 'cooperative' | 'eager' }
  /** What was to be given up is finished, or has had its time. */
  | { readonly type: 'finished' }
  /** The group went on without this member. */
  | { readonly type: 'lost' }
  | { readonly type: 'closed' };

/** What a member may do in a state. */
export interface Permissions {
  /** Fetch, and hand on what was fetched, of partitions that are not about to move. */
  readonly reads: boolean;
  /** Commit what it owns. */
  readonly commits: boolean;
  /** Is known to the coordinator, and tells it that it lives. */
  readonly heartbeats: boolean;
  /** The next thing to do is to join. */
  readonly joins: boolean;
}

const may = (reads: boolean, commits: boolean, heartbeats: boolean, joins: boolean): Permissions =>
  Object.freeze({ reads, commits, heartbeats, joins });

const PERMISSIONS: Readonly<Record<MemberState, Permissions>> = {
  joining: may(false, false, false, true),
  starting: may(true, true, true, false),
  stable: may(true, true, true, false),
  rebalancing: may(true, true, true, true),
  revoking: may(true, true, true, false),
  halting: may(false, true, true, false),
  halted: may(false, true, true, true),
  closed: may(false, false, false, false),
};

export const permissionsOf = (state: MemberState): Permissions => PERMISSIONS[state];

/** The state that follows; the same one for an event that means nothing in it. */
export const nextState = (state: MemberState, event: MemberEvent): MemberState => {
  if (state === 'closed') return state;
  switch (event.type) {
    case 'closed':
      return 'closed';
    case 'lost':
      return 'joining';
    case 'assigned':
      return PERMISSIONS[state].joins ? afterAssignment(event) : state;
    case 'started':
      return state === 'starting' ? 'stable' : state;
    case 'rebalance':
      return afterAnnouncement(state, event.way);
    case 'finished':
      return afterFinishing(state);
  }
};

const afterAssignment = ({ gains, mustRevoke }: Extract<MemberEvent, { type: 'assigned' }>): MemberState => {
  // What is gained is assigned again, and more of it, in the generation that follows a revocation.
  if (mustRevoke) return 'revoking';
  return gains ? 'starting' : 'stable';
};

/** Who joins, or will, needs not be told to. */
const afterAnnouncement = (state: MemberState, way: 'cooperative' | 'eager'): MemberState => {
  if (state !== 'stable' && state !== 'starting') return state;
  return way === 'cooperative' ? 'rebalancing' : 'halting';
};

const afterFinishing = (state: MemberState): MemberState => {
  if (state === 'revoking') return 'rebalancing';
  return state === 'halting' ? 'halted' : state;
};
