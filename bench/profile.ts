/**
 * Where a network's time goes, operator by operator, against the machine's own matrix products:
 * `npx tsx bench/profile.ts MODEL_DIR NETWORK [--frames 14] [--size 256] [--threads 2] [--runs 1] [--mapped] [--top 25]`
 */
import { parseArgs } from 'node:util';
import { profileNetwork } from './profile/profile-network.ts';
import { profileTables } from './profile/profile-tables.ts';
import { networkNames } from './side/network-requests.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    frames: { type: 'string', default: '14' },
    size: { type: 'string', default: '256' },
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '1' },
    top: { type: 'string', default: '25' },
    mapped: { type: 'boolean', default: false },
  },
});
const [modelDir, name] = positionals;
const network = networkNames.find((known) => known === name);
if (modelDir === undefined || network === undefined) {
  process.stderr.write(
    `Usage: tsx bench/profile.ts MODEL_DIR ${networkNames.join('|')} [--frames N] [--size PIXELS]\n`,
  );
  process.exit(2);
}
const profile = await profileNetwork({
  modelDir,
  network,
  frames: Number(values.frames),
  size: Number(values.size),
  threads: Number(values.threads),
  runs: Number(values.runs),
  mapped: values.mapped,
});
process.stdout.write(profileTables(profile, Number(values.top)));
