/** Something that was heard, and the last call that was sent before. */
export interface Remark {
  readonly text: string;
  readonly atSeq: number;
}

/** What this client knows of the servers of one service. */
export class ServiceState {
  private hasAnswered = false;
  /** The last notice of a refusal. */
  notice: Remark | undefined;

  /**
   * @param refusedReply the last reply to this client that it refused itself, of whatever service
   * @param trouble what keeps this client from working, now
   */
  constructor(
    readonly topic: string,
    private readonly refusedReply: () => Remark | undefined,
    private readonly trouble: () => string | undefined = () => undefined,
  ) {}

  /** Whether a reply came that passed this client's stages. From then on no notice ends a call. */
  get isAnswered(): boolean {
    return this.hasAnswered;
  }

  markAnswered(): void {
    this.hasAnswered = true;
  }

  /** What was heard since a call was sent: the end of a sentence that says that no answer came. */
  explainSilence(seq: number): string {
    const heard = [this.notice, this.refusedReply()].filter((remark) => remark !== undefined);
    const texts = heard.filter(({ atSeq }) => atSeq >= seq).map(({ text }) => text);
    const trouble = this.trouble();
    if (trouble !== undefined) texts.push(trouble);
    return texts.map((text) => ` ${text}`).join('');
  }
}
