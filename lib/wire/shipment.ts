/** Records that leave together for one broker. */
export class Shipment {
  private unsettled = 0;

  constructor(
    private readonly onAdded: (bytes: number) => void,
    private readonly onSettled: (bytes: number, isLast: boolean) => void,
  ) {}

  add(bytes: number): void {
    this.unsettled += 1;
    this.onAdded(bytes);
  }

  /** One of its records was acknowledged, has failed, or is retried by itself. */
  settle(bytes: number): void {
    this.unsettled -= 1;
    this.onSettled(bytes, this.unsettled === 0);
  }
}
