/** @returns the milliseconds since it was made */
export const stopwatch = (): (() => number) => {
  const startedAt = performance.now();
  return () => performance.now() - startedAt;
};
