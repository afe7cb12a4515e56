/** Resolves when the work has ended or so many milliseconds are over, whichever is first; what has not ended then goes on unwatched. @throws what the work throws in time. */
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
