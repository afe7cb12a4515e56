/** Any thrown value as text for a log. Never throws, even for a BigInt, a circular object, or a getter that throws. */
export const describeError = (error: unknown): string => {
  try {
    if (error instanceof Error) return String(error.stack ?? error.message);
    if (typeof error === 'object' && error !== null) return JSON.stringify(error) ?? String(error);
    return String(error);
  } catch {
    return describeType(error);
  }
};

const describeType = (error: unknown): string => {
  try {
    return Object.prototype.toString.call(error);
  } catch {
    return 'a value that cannot be shown';
  }
};
