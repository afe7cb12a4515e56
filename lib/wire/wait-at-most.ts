/**
 * Resolves when the work has ended, or after `limitMs`. Work that takes longer goes on, and its result is ignored.
 * @throws the error of work that fails in time
 */
export const waitAtMost = async (work: Promise<unknown>, limitMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
};
