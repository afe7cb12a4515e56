/** What is asked of a call that had no answer in time. */
interface LateCall {
  readonly seq: number;
  readonly pattern: string;
  readonly timeoutMs: number;
  readonly isDelivered: boolean;
  readonly hasLeft: boolean;
}

/** What is known of the way that it took. */
interface LateOrigin<Call> {
  readonly serviceState: { explainSilence(seq: number): string };
  whyDelayed(call: Call): string | undefined;
}

/** @param whose what else is to be said of the time that the call had */
export const timeoutText = <Call extends LateCall>(
  call: Call,
  origin: LateOrigin<Call>,
  whose: string,
): string => {
  const { seq, pattern, timeoutMs } = call;
  const hint = origin.serviceState.explainSilence(seq);
  return `Timeout: no answer to "${pattern}" within ${timeoutMs} ms${whose}. ${fateOf(call, origin)}${hint}`;
};

/** What became of the request, as far as that is known. */
const fateOf = <Call extends LateCall>(call: Call, origin: LateOrigin<Call>): string => {
  if (call.isDelivered)
    return 'The broker has the request: the handler may have run, or may still be running.';
  const { hasLeft } = call;
  const reason = origin.whyDelayed(call);
  const text = hasLeft
    ? 'The broker has not acknowledged the request: it may or may not run'
    : 'The request was not sent, and does not run';
  if (reason === undefined) return `${text}.`;
  return `${text}${hasLeft ? '; it is tried again' : ''}: ${reason}`;
};
