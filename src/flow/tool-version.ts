/** The version of this package. */
import { join } from 'node:path';
import { packageRoot } from '../base/assets.js';
import { files } from '../base/files.js';

export async function toolVersion(): Promise<string> {
  const text = Buffer.from(await files.read(join(packageRoot(), 'package.json'))).toString();
  return (JSON.parse(text) as { version: string }).version;
}
