/**
 * What the work costs in CPU time: the least of some tries behind a first one, since a busy machine and a compiler that is not
 * done make it more and nothing makes it less.
 */
export const leastCpuMs = (work: () => unknown, tries = 5): number => {
  work();
  return Math.min(...Array.from({ length: tries }, () => cpuMsOf(work)));
};

const cpuMsOf = (work: () => unknown): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};
