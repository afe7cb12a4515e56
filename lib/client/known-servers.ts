/** Beyond so many all are forgotten, and met anew: nobody can make this grow by naming more. */
const MAX_KNOWN = 1_024;

/**
 * One object for the id of each server, whatever record names it: ids of replies are then mostly told apart by identity, and a
 * call that holds one does not hold the bytes of a whole fetch.
 */
export class KnownServers {
  private readonly ids = new Map<string, Buffer>();

  idOf(id: Buffer): Buffer {
    const name = id.toString('latin1');
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    if (this.ids.size >= MAX_KNOWN) this.ids.clear();
    const own = Buffer.from(id);
    this.ids.set(name, own);
    return own;
  }
}
