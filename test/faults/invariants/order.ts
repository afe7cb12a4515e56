import type { Joined } from './joined.js';
import type { Violation } from './violation.js';

/** I18 */
export const keysAreInOrder = ({ runs, facts }: Joined): Violation[] => {
  const { movesKeys, losesLog } = facts.promise;
  if (movesKeys || losesLog) return [];
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  return runs.flatMap(({ nonce, key, number = 0 }) => {
    if (key === undefined || seen.has(nonce)) return [];
    seen.add(nonce);
    const before = highest.get(key) ?? 0;
    highest.set(key, Math.max(before, number));
    return number > before ? [] : [{ invariant: 'I18', text: `${key}: ${number} began behind ${before}` }];
  });
};
