import { PATCHES } from './patches.js';

/** Loaded before a client or a server: `--import plant.js?bug=name` plants the bug into the built package of this process. */
const name = new URL(import.meta.url).searchParams.get('bug') ?? '';
const patch = PATCHES[name];
if (patch === undefined) throw new Error(`There is no bug ${name}.`);
await patch();
