import { loadPackageSync } from '@nestjs/common/internal';
import { loadFrom } from '../npm-packages.js';

/**
 * Lets Nest find a transport's client package in a folder of its own: Nest keeps such packages by name once they are
 * loaded, and asks there first. So a benchmark needs no dependency that the tree does not have.
 */
export function giveToNest(folder: string, name: string): void {
  loadPackageSync(name, 'this benchmark', () => loadFrom(folder, name));
}
