import { findNeeded, readInstalled } from '../../hub/cuda/install-cuda.ts';
import { type LibraryPlaces, systemPlaces } from '../../hub/cuda/native-libraries.ts';
import { askNvidiaSmi, type Card } from '../../hub/cuda/nvidia-smi.ts';
import { type CudaManifest, readCudaManifest } from '../../hub/cuda/runtime-package.ts';
import type { ProviderName } from '../../settings/execution.ts';
import { cudaFolder } from '../../util/cuda-folder.ts';
import { type Finding, finding } from './finding.ts';

/** What the check asks of the machine; tests put their own in its place. */
export interface CudaMachine {
  manifest: () => CudaManifest;
  places: LibraryPlaces;
  /** Kinora's folder of CUDA's libraries. */
  folder: string;
  /** The cards that there are; none where the driver is missing. */
  cards: () => Promise<readonly Card[]>;
}

/**
 * Compute capabilities that the CUDA provider of ONNX Runtime 1.30 has code for (sm_75 and so on; seen in the library).
 * Code for one runs on later ones of the same major version.
 */
const capabilities = [7.5, 8.0, 8.6, 8.9, 9.0, 12.0] as const;

/** The machine's own answers; undefined where ONNX Runtime has no CUDA provider. */
export function realCudaMachine(environment: Readonly<Record<string, string | undefined>>): CudaMachine | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return {
    manifest: () => readCudaManifest(process.platform, process.arch),
    places: systemPlaces(environment.LD_LIBRARY_PATH),
    folder: cudaFolder(environment),
    cards: askNvidiaSmi,
  };
}

/** The cards of this machine, and whether the CUDA provider has all libraries that it needs. */
export async function checkCuda(
  wanted: ProviderName,
  { manifest, places, folder, cards: askForCards }: CudaMachine,
): Promise<Finding[]> {
  if (wanted !== 'auto' && wanted !== 'cuda') return [];
  const cards = await askForCards();
  const isNeeded = wanted === 'cuda';
  const bad = isNeeded ? 'fails' : 'note';
  const findings = cards.map((card, index) => describeCard(card, index, bad));
  if (cards.length === 0) {
    const text = 'no CUDA device: nvidia-smi is not there, or finds no driver or no card';
    findings.push({ check: 'cards', verdict: bad, text, facts: { cards: 0 } });
  }
  const libraries = await finding('cuda libraries', async () => {
    const installed = await readInstalled(manifest(), folder);
    if (installed === undefined) {
      const use = cards.length > 0 ? ' The card is not used until then.' : '';
      return { verdict: bad, text: `not set up for this version: npm run setup:cuda brings them.${use}` };
    }
    const needed = await findNeeded(folder, places);
    const missing = needed.flatMap(({ soname, path }) => (path === undefined ? [soname] : []));
    if (missing.length === 0) {
      return { verdict: 'ok', text: `${needed.length} found, most of them in ${folder}`, facts: { missing: [] } };
    }
    const driver = missing.includes(places.driver) ? ` ${places.driver} comes with NVIDIA's driver.` : '';
    const rest = missing.some((soname) => soname !== places.driver) ? ' npm run setup:cuda brings the libraries.' : '';
    return { verdict: bad, text: `missing: ${missing.join(', ')}.${driver}${rest}`, facts: { missing } };
  });
  return [...findings, libraries];
}

function describeCard({ name, memoryMib, capability, driver }: Card, index: number, bad: 'fails' | 'note'): Finding {
  const isSupported = capabilities.some((known) => Math.floor(known) === Math.floor(capability) && known <= capability);
  const facts = { name, memoryMib, capability, driver };
  const memory = `${(memoryMib / 1024).toFixed(1)} GiB`;
  const text = `${name}, ${memory}, compute capability ${capability.toFixed(1)}, driver ${driver}`;
  if (isSupported) return { check: `card ${index}`, verdict: 'ok', text, facts };
  const known = capabilities.map((each) => each.toFixed(1)).join(', ');
  const reason = `the CUDA provider has no code for it, only for ${known} and later ones of the same major version`;
  return { check: `card ${index}`, verdict: bad, text: `${text}: ${reason}`, facts };
}
