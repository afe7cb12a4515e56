/** The client of the sum service: `@Inject(SUM)`. */
export const SUM = Symbol('sum service');
